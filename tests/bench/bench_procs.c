/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions per second of several processes at once.
 *
 *     bench_procs CONFIG TOKEN ROUNDS N ...
 *
 * Each process opens its own handle, as sshd's children do, and decides for a
 * fifth of a second.  The numbers of processes take turns.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audient.h"
#include "bench.h"

#define TOKEN_MAX  65536
#define PROCS_MAX  64
#define COUNTS_MAX 16
#define SPAN_NS	   2e8
#define BATCH	   20

static char token[TOKEN_MAX];
static double *per_second; /* shared, one for each process */

static double
now_ns(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static bool
work(const char *config, double *out)
{
	const struct audient_options options = { .config = config };
	const struct audient_request rq = {
		.token = { .ptr = token, .len = strlen(token) },
		.service = "bench",
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict verdict;
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;
	double start, passed = 0;
	size_t n = 0;

	if (audient_open(&audient, &options, problem) != REASON_OK)
		return false;
	for (start = now_ns(); passed < SPAN_NS; passed = now_ns() - start)
		for (size_t i = 0; i < BATCH; i++, n++)
			if (audient_check(audient, &rq, &verdict) != REASON_OK)
				return false;
	*out = (double)n / passed * 1e9;
	audient_close(audient);
	return true;
}

/* The sum over n processes; 0: something went wrong. */
static double
together(const char *config, size_t n)
{
	double sum = 0;
	size_t i;
	int status;

	for (i = 0; i < n; i++) {
		const pid_t pid = fork();

		if (pid == 0)
			_exit(work(config, &per_second[i]) ? 0 : 1);
		if (pid < 0)
			break;
	}
	for (size_t k = 0; k < i; k++)
		if (wait(&status) < 0 || status != 0)
			return 0;
	for (size_t k = 0; k < n; k++)
		sum += per_second[k];
	return i == n ? sum : 0;
}

int
main(int argc, char **argv)
{
	double *sums[COUNTS_MAX];
	const size_t rounds = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	const size_t n = argc > 4 ? (size_t)(argc - 4) : 0;

	per_second = mmap(NULL, PROCS_MAX * sizeof(*per_second),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rounds == 0 || n > COUNTS_MAX || per_second == MAP_FAILED ||
	    !bench_slurp(argv[2], token, TOKEN_MAX)) {
		(void)fprintf(stderr,
		    "usage: bench_procs CONFIG TOKEN ROUNDS N ...\n");
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		if ((sums[i] = calloc(rounds, sizeof(double))) == NULL)
			return 1;
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++) {
			const size_t procs = strtoul(argv[4 + i], NULL, 10);

			if (procs == 0 || procs > PROCS_MAX ||
			    (sums[i][r] = together(argv[1], procs)) == 0)
				return 1;
		}
	(void)printf("%zu rounds in turns\n%-34s %10s %8s\n", rounds, "",
	    "per second", "ratio");
	for (size_t i = 0; i < n; i++)
		(void)printf("%-34s %10.0f %8.3f\n", argv[4 + i],
		    bench_median(sums[i], rounds),
		    bench_median(sums[i], rounds) /
			bench_median(sums[0], rounds));
	return 0;
}
