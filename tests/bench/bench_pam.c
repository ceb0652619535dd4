/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One login in a fresh process, between pam_start and pam_end.
 *
 *     bench_pam cpu|host|wall PAM-DIRECTORY TOKEN ROUNDS CACHE SERVICE ...
 *     bench_pam login cpu|host|wall PAM-DIRECTORY SERVICE TOKEN
 *
 * The directory has the services, which take turns; each login is a process of
 * its own, as in sshd.  "cpu" counts the time of that process, "wall" all that
 * the user waits for; "host" is "cpu" in a process that has started libcrypto
 * before, by a login through the service "crypto".  CACHE: a directory to be
 * emptied before each login, or "-".  "login" is one of these processes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define TOKEN_SIZE 65536

extern char **environ;

#define SERVICES_MAX 8

static char token[TOKEN_SIZE];

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_pam: %s\n", what);
	exit(1);
}

static double
clock_ns(clockid_t clock)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
read_token(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f == NULL || fgets(token, sizeof(token), f) == NULL)
		die(path);
	(void)fclose(f);
	token[strcspn(token, "\n")] = '\0';
}

static int
converse(int n, const struct pam_message **message,
    struct pam_response **response, void *arg)
{
	(void)message;
	(void)arg;
	if ((*response = calloc((size_t)n, sizeof(**response))) == NULL)
		return PAM_BUF_ERR;
	(*response)->resp = strdup(token);
	return PAM_SUCCESS;
}

static bool
log_in(const char *dir, const char *service)
{
	const struct pam_conv conv = { .conv = converse };
	pam_handle_t *pamh;
	int rc;

	rc = pam_start_confdir(service, "nobody", &conv, dir, &pamh);
	if (rc == PAM_SUCCESS)
		rc = pam_authenticate(pamh, 0);
	(void)pam_end(pamh, rc);
	return rc == PAM_SUCCESS;
}

/* The child: logs in once and prints what that cost. */
static int
login(const char *mode, const char *dir, const char *service)
{
	const clockid_t clock = strcmp(mode, "wall") == 0
	    ? CLOCK_MONOTONIC
	    : CLOCK_PROCESS_CPUTIME_ID;
	double start;
	bool ok;

	if (strcmp(mode, "host") == 0 && !log_in(dir, "crypto"))
		return 1;
	start = clock_ns(clock);
	ok = log_in(dir, service);
	(void)printf("%.0f\n", clock_ns(clock) - start);
	return ok ? 0 : 1;
}

/* A login in a process of its own; its time, or a negative number. */
static double
run(char *self, char *mode, char *dir, char *service, char *token_path)
{
	char login_word[] = "login", answer[64] = "";
	char *argv[] = { self, login_word, mode, dir, service, token_path,
		NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 ||
	    posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	(void)posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	if (posix_spawn(&pid, self, &actions, NULL, argv, environ) != 0)
		return -1;
	(void)close(fds[1]);
	n = read(fds[0], answer, sizeof(answer) - 1);
	(void)close(fds[0]);
	(void)waitpid(pid, &status, 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	return n > 0 && status == 0 ? atof(answer) : -1;
}

/* Only what is a plain file and no lock of somebody who may be there still. */
static void
empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
}

int
main(int argc, char **argv)
{
	struct candidate c[SERVICES_MAX];
	const size_t n = argc > 6 ? (size_t)argc - 6 : 0;
	size_t rounds;

	if (argc == 6 && strcmp(argv[1], "login") == 0) {
		read_token(argv[5]);
		return login(argv[2], argv[3], argv[4]);
	}
	if (n == 0 || n > SERVICES_MAX)
		die("usage: bench_pam cpu|host|wall PAM-DIRECTORY TOKEN ROUNDS "
		    "CACHE SERVICE ...");
	rounds = strtoul(argv[4], NULL, 10);
	for (size_t i = 0; i < n; i++) {
		c[i] = (struct candidate){ .name = argv[6 + i] };
		if ((c[i].ns = calloc(rounds, sizeof(double))) == NULL)
			die("out of memory");
	}
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++) {
			empty(argv[5]);
			if ((c[i].ns[r] = run(argv[0], argv[1], argv[2],
				 argv[6 + i], argv[3])) < 0)
				die(argv[6 + i]);
		}
	(void)printf("one PAM login in a fresh process, %s time%s, %zu rounds "
		     "in turns\n",
	    strcmp(argv[1], "wall") == 0 ? "wall" : "cpu",
	    strcmp(argv[1], "host") == 0 ? ", libcrypto started before" : "",
	    rounds);
	bench_print(c, n, rounds);
	return 0;
}
