/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool
bench_slurp(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		return false;
	n = fread(out, 1, size, f);
	(void)fclose(f);
	if (n == size)
		return false;
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
		n--;
	out[n] = '\0';
	return true;
}

bool
bench_read_tokens(struct bench_tokens *tokens, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t size = 0;
	ssize_t n;

	tokens->rest = NULL;
	if (f == NULL)
		return false;
	n = getdelim(&tokens->rest, &size, '\0', f); /* a text: all of it */
	(void)fclose(f);
	return n > 0;
}

const char *
bench_next_token(struct bench_tokens *tokens)
{
	const char *token;

	do
		token = strsep(&tokens->rest, "\n");
	while (token != NULL && *token == '\0');
	return token;
}

static double
cpu_ns(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static bool
sample(struct candidate *c, double *ns)
{
	const size_t batch = c->batch != 0 ? c->batch : 1;
	const double start = cpu_ns();
	bool ok = true;

	if (c->timed != NULL)
		return c->timed(c->arg, batch, ns);
	for (size_t i = 0; i < batch; i++)
		ok = c->run(c->arg) && ok;
	*ns = (cpu_ns() - start) / (double)batch;
	return ok;
}

bool
bench_run(struct candidate *candidates, size_t n, size_t rounds)
{
	double warm_up;

	for (size_t i = 0; i < n; i++) {
		candidates[i].ns = calloc(rounds, sizeof(double));
		if (candidates[i].ns == NULL)
			return false;
		if (!sample(&candidates[i], &warm_up)) {
			(void)fprintf(stderr, "bench: %s failed\n",
			    candidates[i].name);
			return false;
		}
	}
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++)
			if (!sample(&candidates[i], &candidates[i].ns[r]))
				return false;
	return true;
}

static int
by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(const double *values, size_t n)
{
	double *sorted = malloc(n * sizeof(*sorted)), median;

	if (sorted == NULL)
		return 0;
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	median = sorted[n / 2];
	free(sorted);
	return median;
}

double
bench_best(const double *values, size_t n)
{
	double best = values[0];

	for (size_t i = 1; i < n; i++)
		if (values[i] < best)
			best = values[i];
	return best;
}

/* The ratio of each round, so that a slow phase counts on both sides. */
static double
paired_ratio(const struct candidate *first, const struct candidate *c,
    size_t rounds)
{
	double *ratio = calloc(rounds, sizeof(*ratio)), median;

	if (ratio == NULL)
		return 0;
	for (size_t i = 0; i < rounds; i++)
		ratio[i] = first->ns[i] / c->ns[i];
	median = bench_median(ratio, rounds);
	free(ratio);
	return median;
}

void
bench_print(const struct candidate *candidates, size_t n, size_t rounds)
{
	(void)printf("%-34s %10s %10s %10s %8s\n", "", "best ns", "median ns",
	    "per second", "ratio");
	for (size_t i = 0; i < n; i++) {
		const double median = bench_median(candidates[i].ns, rounds);

		(void)printf("%-34s %10.0f %10.0f %10.0f %8.3f\n",
		    candidates[i].name, bench_best(candidates[i].ns, rounds),
		    median, 1e9 / median,
		    paired_ratio(&candidates[0], &candidates[i], rounds));
	}
}
