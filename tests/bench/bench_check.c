/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the cost of a decision depends on what is decided.
 *
 *     bench_check check|login|both ROUNDS {NAME CONFIG TOKEN REASON} ...
 *
 * CONFIG and TOKEN are files; REASON is what has to come out.  "check" keeps
 * the handle, as a server does; "login" opens and closes it each time, as sshd
 * does.  The first case is what the others are compared with.
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
decide(struct audient *audient, const struct one *c)
{
	const struct audient_request rq = {
		.token = { .ptr = c->token, .len = c->len },
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

	return decide(c->audient, c);
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
	ok = decide(audient, c);
	audient_close(audient);
	return ok;
}

int
main(int argc, char **argv)
{
	char problem[AUDIENT_LINE_MAX];
	bool keeps;
	size_t rounds, n;

	if (argc < 7 || (argc - 3) % 4 != 0 || (argc - 3) / 4 > CASES_MAX)
		die("usage: bench_check check|login ROUNDS "
		    "{NAME CONFIG TOKEN REASON} ...");
	keeps = strcmp(argv[1], "check") == 0;
	rounds = strtoul(argv[2], NULL, 10);
	n = (size_t)(argc - 3) / 4;
	for (size_t i = 0; i < n; i++) {
		struct one *c = &cases[i];
		char **words = argv + 3 + 4 * i;

		c->options.config = words[1];
		c->reason = words[3];
		if (!bench_slurp(words[2], c->token, TOKEN_MAX))
			die(words[2]);
		c->len = strlen(c->token);
		if (keeps &&
		    audient_open(&c->audient, &c->options, problem) !=
			REASON_OK)
			die(problem);
		candidates[i] =
		    (struct candidate){ words[0], keeps ? check_run : login_run,
			    c, keeps ? BATCH : 1, NULL };
	}
	if (!bench_run(candidates, n, rounds))
		return 1;
	(void)printf("%zu rounds in turns\n", rounds);
	bench_print(candidates, n, rounds);
	return 0;
}
