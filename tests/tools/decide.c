/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide CONFIG SERVICE [USER]
 *
 * A long-lived host in small: opens the configuration once, reads tokens from
 * standard input, a line each, and answers each with a line "reason user".
 * The lines "threads N" and "fork" change how the ones behind them are
 * decided: by N threads at once, or in a child made after the handle.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audient.h"

#define LINE_MAX_   70000
#define THREADS_MAX 256

static struct audient *audient;
static const char *service, *user;

struct job {
	const char *token;
	char answer[AUDIENT_NAME_MAX + 64];
};

static void *
decide(void *arg)
{
	struct job *job = arg;
	const struct audient_request rq = {
		.token = span_of(job->token),
		.service = service,
		.user = user,
		.uid = AUDIENT_NOT_ACCOUNTS,
	};
	struct audient_verdict v;
	const enum reason reason = audient_check(audient, &rq, &v);
	char line[AUDIENT_LINE_MAX];

	audient_audit(audient, &rq, &v, line);
	(void)snprintf(job->answer, sizeof(job->answer), "%s %s",
	    reason_name(reason), v.user);
	return NULL;
}

static void
decide_in_threads(const char *token, size_t n)
{
	static pthread_t thread[THREADS_MAX];
	static struct job job[THREADS_MAX];
	bool started[THREADS_MAX];

	for (size_t i = 0; i < n; i++) {
		job[i].token = token;
		job[i].answer[0] = '\0';
		started[i] =
		    pthread_create(&thread[i], NULL, decide, &job[i]) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (started[i])
			(void)pthread_join(thread[i], NULL);
		(void)printf("%s\n", job[i].answer);
	}
}

static void
decide_in_child(const char *token)
{
	struct job job = { .token = token };
	const pid_t pid = fork();

	if (pid == 0) {
		(void)decide(&job);
		(void)printf("%s\n", job.answer);
		(void)fflush(stdout);
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg;
	(void)is_warning;
	(void)fprintf(stderr, "%s\n", text);
}

int
main(int argc, char **argv)
{
	static char line[LINE_MAX_];
	const struct audient_options options = {
		.config = argc > 1 ? argv[1] : NULL,
		.is_long_lived = true,
		.log = { .line = on_log },
	};
	char problem[AUDIENT_LINE_MAX];
	size_t threads = 1;
	bool forks = false;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: decide CONFIG SERVICE [USER]\n");
		return 2;
	}
	service = argv[2];
	user = argc > 3 ? argv[3] : NULL;
	if (audient_open(&audient, &options, problem) != REASON_OK) {
		(void)fprintf(stderr, "decide: %s\n", problem);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "threads ", 8) == 0)
			threads = strtoul(line + 8, NULL, 10) % THREADS_MAX;
		else if (strcmp(line, "fork") == 0)
			forks = !forks;
		else if (forks)
			decide_in_child(line);
		else
			decide_in_threads(line, threads);
		(void)fflush(stdout);
	}
	audient_close(audient);
	return 0;
}
