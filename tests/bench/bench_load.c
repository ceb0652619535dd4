/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process pays that starts libsasl2 and never uses a mechanism: with
 * no plug-ins, with the system's, and with ours among them.
 *
 *     bench_load EMPTY SYSTEM WITH-OURS CONFIG [ROUNDS]
 *
 * The first three are directories of plug-ins.  Each start is a process of its
 * own, as in a host; they take turns.
 */
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char *config;

struct start {
	const char *name;
	const char *plugins;
	bool is_configured;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_load: %s\n", what);
	exit(1);
}

static int
on_path(void *context, const char **path)
{
	const struct start *start = context;

	*path = start->plugins;
	return SASL_OK;
}

static int
on_option(void *context, const char *plugin, const char *name,
    const char **value, unsigned int *len)
{
	const struct start *start = context;

	(void)plugin;
	(void)len;
	if (!start->is_configured || strcmp(name, "audient_config") != 0)
		return SASL_FAIL;
	*value = config;
	return SASL_OK;
}

static int
on_log(void *context, int level, const char *text)
{
	(void)context;
	if (level == SASL_LOG_ERR)
		die(text);
	return SASL_OK;
}

typedef int (*callback)(void);
#define CALLBACK(f) ((callback)(void (*)(void))(f))

/* The CPU time of a child that does it; this process never loads a plug-in. */
static double
run(const struct start *start)
{
	union {
		const struct start *in;
		void *out;
	} context = { .in = start };
	const sasl_callback_t callbacks[] = {
		{ SASL_CB_GETPATH, CALLBACK(on_path), context.out },
		{ SASL_CB_GETOPT, CALLBACK(on_option), context.out },
		{ SASL_CB_LOG, CALLBACK(on_log), NULL },
		{ SASL_CB_LIST_END, NULL, NULL },
	};
	struct rusage used;
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (sasl_server_init(callbacks, "bench") != SASL_OK)
			_exit(1);
		sasl_server_done();
		_exit(0);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0)
		die(start->name);
	return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) *
	    1e9 +
	    ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) *
	    1e3;
}

int
main(int argc, char **argv)
{
	struct start starts[] = {
		{ "no plug-ins", NULL, false },
		{ "the system's", NULL, false },
		{ "and ours, not configured", NULL, false },
		{ "and ours, configured", NULL, true },
	};
	enum { N = sizeof(starts) / sizeof(starts[0]) };
	size_t rounds = 101;
	double *ns[N], median[N];

	if (argc < 5)
		die("usage: bench_load EMPTY SYSTEM WITH-OURS CONFIG [ROUNDS]");
	if (argc > 5)
		rounds = strtoul(argv[5], NULL, 10);
	config = argv[4];
	for (size_t i = 0; i < N; i++) {
		starts[i].plugins = argv[i < 2 ? 1 + i : 3];
		if ((ns[i] = calloc(rounds, sizeof(double))) == NULL)
			die("out of memory");
	}
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < N; i++)
			ns[i][r] = run(&starts[i]);
	(void)printf("a process that starts libsasl2, %zu rounds in turns\n"
		     "%-34s %10s %10s %10s\n",
	    rounds, "", "best us", "median us", "more us");
	for (size_t i = 0; i < N; i++) {
		median[i] = bench_median(ns[i], rounds);
		(void)printf("%-34s %10.0f %10.0f %10.0f\n", starts[i].name,
		    bench_best(ns[i], rounds) / 1e3, median[i] / 1e3,
		    i == 0 ? 0 : (median[i] - median[1]) / 1e3);
	}
	return 0;
}
