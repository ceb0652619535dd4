/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a login with an opaque token takes, by the clock on the wall: asking
 * /userinfo, against what is remembered of it.
 *
 *     bench_opaque CONFIG TOKENS
 *
 * TOKENS has a token per line; each is asked about once, and is then good
 * from the record on disk, as for a login in another process, and from
 * memory, as in a host that lives long.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audient.h"
#include "bench.h"

#define TOKEN_SIZE 16384
#define TOKENS_MAX 256
#define WAYS	   5

static const char *const ways[WAYS] = {
	"asked, helper started for it",
	"remembered on disk",
	"asked, helper kept",
	"remembered in memory",
	"remembered in memory, again",
};
static double ns[WAYS][TOKENS_MAX];

static double
wall_ns(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double
check(struct audient *audient, const char *token)
{
	const struct audient_request rq = {
		.token = { .ptr = token, .len = strlen(token) },
		.service = "bench",
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict v;
	const double start = wall_ns();

	if (audient_check(audient, &rq, &v) != REASON_OK) {
		(void)fprintf(stderr, "bench_opaque: %s: %s\n",
		    reason_name(v.reason), v.found);
		exit(1);
	}
	return wall_ns() - start;
}

static struct audient *
open_handle(const char *config, bool is_long_lived)
{
	const struct audient_options options = { .config = config,
		.is_long_lived = is_long_lived };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	if (audient_open(&audient, &options, problem) != REASON_OK) {
		(void)fprintf(stderr, "bench_opaque: %s\n", problem);
		exit(1);
	}
	return audient;
}

int
main(int argc, char **argv)
{
	static char token[TOKEN_SIZE];
	struct audient *short_lived, *long_lived;
	size_t n = 0;
	FILE *f;

	if (argc != 3 || (f = fopen(argv[2], "r")) == NULL) {
		(void)fprintf(stderr, "usage: bench_opaque CONFIG TOKENS\n");
		return 2;
	}
	short_lived = open_handle(argv[1], false);
	long_lived = open_handle(argv[1], true);
	/* two tokens per round: one asked about by each handle */
	while (n < TOKENS_MAX && fgets(token, sizeof(token), f) != NULL) {
		token[strcspn(token, "\n")] = '\0';
		ns[0][n] = check(short_lived, token);
		ns[1][n] = check(short_lived, token);
		if (fgets(token, sizeof(token), f) == NULL)
			break;
		token[strcspn(token, "\n")] = '\0';
		ns[2][n] = check(long_lived, token);
		ns[3][n] = check(long_lived, token);
		ns[4][n] = check(long_lived, token);
		n++;
	}
	(void)fclose(f);
	(void)printf("one opaque login, wall time, %zu rounds in turns\n"
		     "%-34s %12s %12s\n",
	    n, "", "median us", "times faster");
	for (size_t i = 0; i < WAYS; i++)
		(void)printf("%-34s %12.1f %12.1f\n", ways[i],
		    bench_median(ns[i], n) / 1e3,
		    bench_median(ns[0], n) / bench_median(ns[i], n));
	audient_close(short_lived);
	audient_close(long_lived);
	return n > 0 ? 0 : 1;
}
