/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide [-s] CONFIG SERVICE [USER]
 *
 * A long-lived host in small: opens the configuration once, reads tokens from
 * standard input, a line each, and answers each with a line "reason user".
 * With -s it is a host that remembers nothing, as for a login.  These lines
 * change how the tokens behind them are decided:
 *
 *     threads N   by N threads at once
 *     fork        in a child made after the handle; again: not any more
 *     clock T     with a clock that stands at T seconds since 1970
 *     storm US    while a signal arrives every US microseconds; 0: none
 *     jail DIR    from inside DIR, as nobody; there is no way back
 *
 * "locale" is answered with the locale and what it puts before decimals.
 * The program is linked so that the core asks us what time it is.
 */
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audient.h"

#define LINE_MAX_   70000
#define THREADS_MAX 256
#define NOBODY	    65534

int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);

static struct audient *audient;
static const char *service, *user;
static _Atomic long stands_at; /* 0: the clock goes */
static long storm_us;

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	const int rc = __real_clock_gettime(clock, ts);

	if (clock == CLOCK_REALTIME && stands_at != 0)
		*ts = (struct timespec){ .tv_sec = stands_at };
	return rc;
}

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
	struct audient_line line;

	audient_audit(audient, &rq, &v, &line);
	(void)snprintf(job->answer, sizeof(job->answer), "%s %s",
	    reason_name(reason), v.user);
	return NULL;
}

static void
decide_here(const char *token)
{
	struct job job = { .token = token };

	(void)decide(&job);
	(void)printf("%s\n", job.answer);
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
	const pid_t pid = fork();

	if (pid == 0) {
		decide_here(token);
		(void)fflush(stdout);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void
on_signal(int number)
{
	(void)number;
}

/* A host with a timer of its own, whose system calls are interrupted. */
static void
set_storm(long us)
{
	const struct sigaction action = { .sa_handler = on_signal };
	const struct itimerval timer = { .it_interval.tv_usec = us,
		.it_value.tv_usec = us };

	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* As Postfix does after it has loaded its plug-ins; only root can. */
static void
enter_jail(const char *dir)
{
	if (chroot(dir) == 0 && chdir("/") == 0 &&
	    setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(NOBODY, NOBODY, NOBODY) == 0)
		return;
	(void)fprintf(stderr, "decide: %s: %s\n", dir, strerror(errno));
	exit(1);
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg;
	(void)is_warning;
	(void)fprintf(stderr, "%s\n", text);
}

/* True: the line was one of those that change how the others are decided. */
static bool
take_command(const char *line, size_t *threads, bool *forks)
{
	if (strncmp(line, "threads ", 8) == 0)
		*threads = strtoul(line + 8, NULL, 10) % THREADS_MAX;
	else if (strncmp(line, "clock ", 6) == 0)
		stands_at = strtol(line + 6, NULL, 10);
	else if (strncmp(line, "storm ", 6) == 0)
		storm_us = strtol(line + 6, NULL, 10);
	else if (strncmp(line, "jail ", 5) == 0)
		enter_jail(line + 5);
	else if (strcmp(line, "fork") == 0)
		*forks = !*forks;
	else if (strcmp(line, "locale") == 0)
		(void)printf("%s %s\n", setlocale(LC_ALL, NULL),
		    localeconv()->decimal_point);
	else
		return false;
	return true;
}

static void
answer_all(void)
{
	static char line[LINE_MAX_];
	size_t threads = 1;
	bool forks = false;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (take_command(line, &threads, &forks)) {
			(void)fflush(stdout);
			continue;
		}
		set_storm(storm_us);
		if (forks)
			decide_in_child(line);
		else if (threads > 1)
			decide_in_threads(line, threads);
		else
			decide_here(line);
		set_storm(0);
		(void)fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	const bool is_short = argc > 1 && strcmp(argv[1], "-s") == 0;
	struct audient_options options = {
		.is_long_lived = !is_short,
		.log = { .line = on_log },
	};
	char problem[AUDIENT_LINE_MAX];

	if (is_short) {
		argc--;
		argv++;
	}
	if (argc < 3) {
		(void)fprintf(stderr,
		    "usage: decide [-s] CONFIG SERVICE [USER]\n");
		return 2;
	}
	options.config = argv[1];
	service = argv[2];
	user = argc > 3 ? argv[3] : NULL;
	(void)setlocale(LC_ALL, "");
	if (audient_open(&audient, &options, problem) != REASON_OK) {
		(void)fprintf(stderr, "decide: %s\n", problem);
		return 1;
	}
	answer_all();
	audient_close(audient);
	return 0;
}
