/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BENCH_H
#define AUDIENT_BENCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Candidates that do the same job are timed in turns, sample by sample, so
 * that the machine's moods hit all of them alike; what counts is the ratio
 * of medians.
 */

struct candidate {
	const char *name;
	/* One piece of work; false means that it went wrong. */
	bool (*run)(void *arg);
	void *arg;
	size_t batch; /* pieces of work in a sample; 0: one */
	double *ns;   /* of each round, per piece; filled in by bench_run() */
	/* For what works in another process: a sample of its own clock. */
	bool (*timed)(void *arg, size_t batch, double *ns);
};

/* A file without the line ends behind it, as a string; false if it is longer.
 */
bool bench_slurp(const char *path, char *out, size_t size);

/* Tokens of a file, a line each, for what must be given a new one each time. */
struct bench_tokens {
	char *rest;
};

bool bench_read_tokens(struct bench_tokens *tokens, const char *path);

/* NULL: all of them were given out. */
const char *bench_next_token(struct bench_tokens *tokens);

/* Runs all candidates in turns; false if a piece of work went wrong. */
bool bench_run(struct candidate *candidates, size_t n, size_t rounds);

double bench_median(const double *values, size_t n);
double bench_best(const double *values, size_t n);

/* "name  best  median  per second  ratio to the first" */
void bench_print(const struct candidate *candidates, size_t n, size_t rounds);

#endif
