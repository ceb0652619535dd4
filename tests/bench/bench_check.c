/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the cost of a decision depends on what is decided.
 *
 *     bench_check check|login|new ROUNDS {NAME CONFIG TOKEN REASON} ...
 *
 * CONFIG and TOKEN are files; REASON is what has to come out.  "check" keeps
 * the handle; "login" opens and closes it each time, as sshd does; "new" keeps
 * it as a host does that lives long and remembers tokens, so that TOKEN has one
 * on each line, and each is used once.  The first case is what the others are
 * compared with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audient.h"
#include "bench.h"

#define TOKEN_MAX 65536
#define CASES_MAX 32
#define BATCH	  20

struct one {
	struct audient_options options;
	struct audient *audient; /* NULL: opened for each decision */
	const char *reason;
	size_t len;
	char token[TOKEN_MAX];
	struct bench_tokens tokens; /* in place of the one */
};

static struct one cases[CASES_MAX];
static struct candidate candidates[CASES_MAX];

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_check: %s\n", what);
	exit(1);
}

static bool
decide(struct audient *audient, const struct one *c, const char *token,
    size_t len)
{
	const struct audient_request rq = {
		.token = { .ptr = token, .len = len },
		.service = "bench",
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict verdict;
	const enum reason reason = audient_check(audient, &rq, &verdict);

	if (strcmp(reason_name(reason), c->reason) == 0)
		return true;
	(void)fprintf(stderr, "%s, not %s\n", reason_name(reason), c->reason);
	return false;
}

static bool
check_run(void *arg)
{
	const struct one *c = arg;

	return decide(c->audient, c, c->token, c->len);
}

static bool
new_run(void *arg)
{
	struct one *c = arg;
	const char *token = bench_next_token(&c->tokens);

	if (token == NULL)
		die("there are no new tokens left");
	return decide(c->audient, c, token, strlen(token));
}

static bool
login_run(void *arg)
{
	const struct one *c = arg;
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;
	bool ok;

	if (audient_open(&audient, &c->options, problem) != REASON_OK)
		die(problem);
	ok = decide(audient, c, c->token, c->len);
	audient_close(audient);
	return ok;
}

static void
open_case(struct one *c, char **words, bool keeps, bool is_new)
{
	char problem[AUDIENT_LINE_MAX];

	c->options.config = words[1];
	c->options.is_long_lived = is_new;
	c->reason = words[3];
	if (is_new ? !bench_read_tokens(&c->tokens, words[2])
		   : !bench_slurp(words[2], c->token, TOKEN_MAX))
		die(words[2]);
	c->len = strlen(c->token);
	if (keeps &&
	    audient_open(&c->audient, &c->options, problem) != REASON_OK)
		die(problem);
}

int
main(int argc, char **argv)
{
	bool keeps, is_new;
	size_t rounds, n;

	if (argc < 7 || (argc - 3) % 4 != 0 || (argc - 3) / 4 > CASES_MAX)
		die("usage: bench_check check|login|new ROUNDS "
		    "{NAME CONFIG TOKEN REASON} ...");
	is_new = strcmp(argv[1], "new") == 0;
	keeps = is_new || strcmp(argv[1], "check") == 0;
	rounds = strtoul(argv[2], NULL, 10);
	n = (size_t)(argc - 3) / 4;
	for (size_t i = 0; i < n; i++) {
		char **words = argv + 3 + 4 * i;

		open_case(&cases[i], words, keeps, is_new);
		candidates[i] = (struct candidate){
			.name = words[0],
			.run = is_new ? new_run
			    : keeps   ? check_run
				      : login_run,
			.arg = &cases[i],
			.batch = keeps ? BATCH : 1,
		};
	}
	if (!bench_run(candidates, n, rounds))
		return 1;
	(void)printf("%zu rounds in turns\n", rounds);
	bench_print(candidates, n, rounds);
	return 0;
}
