/* SPDX-License-Identifier: BSD-2-Clause */
#include "shot.h"

#include <dirent.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define SIGNALS	 65
#define RESTORER 0x04000000U /* libc's own flag, in whatever it sets */

extern char **environ;

static void add(char *shot, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(char *shot, const char *fmt, ...)
{
	const size_t n = strlen(shot);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(shot + n, SHOT_SIZE - n, fmt, ap);
	va_end(ap);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return alphasort(a, b);
}

/* Descriptors and where they lead. */
static void
add_descriptors(char *shot)
{
	struct dirent **entry;
	const int n = scandir("/proc/self/fd", &entry, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char path[300], target[256] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%s",
		    entry[i]->d_name);
		if (entry[i]->d_name[0] != '.' &&
		    readlink(path, target, sizeof(target) - 1) > 0 &&
		    strncmp(target, "/proc", 5) != 0)
			add(shot, "fd %s %s\n", entry[i]->d_name, target);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

/* Also those that have ended and that nobody has waited for. */
static void
add_children(char *shot)
{
	struct dirent **entry;
	const int n = scandir("/proc", &entry, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char path[300], name[64] = "";
		int parent = 0;
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%s/stat",
		    entry[i]->d_name);
		if (atoi(entry[i]->d_name) > 0 &&
		    (f = fopen(path, "re")) != NULL) {
			if (fscanf(f, "%*d (%63[^)]) %*c %d", name, &parent) ==
				2 &&
			    parent == getpid())
				add(shot, "child %s %s\n", entry[i]->d_name,
				    name);
			(void)fclose(f);
		}
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

static void
add_signals(char *shot)
{
	struct sigaction sa;
	sigset_t mask;

	for (int i = 1; i < SIGNALS; i++)
		if (sigaction(i, NULL, &sa) == 0)
			add(shot, "signal %d %p %x\n", i,
			    (void *)(uintptr_t)sa.sa_handler,
			    (unsigned int)sa.sa_flags & ~RESTORER);
	(void)sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < SIGNALS; i++)
		if (sigismember(&mask, i) == 1)
			add(shot, "blocked %d\n", i);
	(void)sigpending(&mask);
	for (int i = 1; i < SIGNALS; i++)
		if (sigismember(&mask, i) == 1)
			add(shot, "pending %d\n", i);
}

static void
add_rest(char *shot)
{
	const mode_t mask = umask(0);
	struct itimerval timer;
	struct rlimit limit;
	char cwd[4096] = "";

	(void)umask(mask);
	add(shot, "umask %o\n", mask);
	add(shot, "cwd %s\n", getcwd(cwd, sizeof(cwd)) != NULL ? cwd : "gone");
	add(shot, "locale %s\n", setlocale(LC_ALL, NULL));
	add(shot, "ids %d %d %d %d\n", getuid(), geteuid(), getgid(),
	    getegid());
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			add(shot, "limit %d %lu %lu\n", i,
			    (unsigned long)limit.rlim_cur,
			    (unsigned long)limit.rlim_max);
	(void)getitimer(ITIMER_REAL, &timer);
	add(shot, "timer %ld\n", (long)timer.it_value.tv_sec);
	for (char **e = environ; *e != NULL; e++)
		add(shot, "env %s\n", *e);
}

void
take_shot(char shot[SHOT_SIZE])
{
	shot[0] = '\0';
	add_descriptors(shot);
	add_children(shot);
	add_signals(shot);
	add_rest(shot);
}

const char *
shot_difference(const char *a, const char *b)
{
	static char line[600];
	size_t start = 0, i = 0;

	for (; a[i] == b[i] && a[i] != '\0'; i++)
		if (a[i] == '\n')
			start = i + 1;
	(void)snprintf(line, sizeof(line), "before: %.*s, after: %.*s",
	    (int)strcspn(a + start, "\n"), a + start,
	    (int)strcspn(b + start, "\n"), b + start);
	return line;
}
