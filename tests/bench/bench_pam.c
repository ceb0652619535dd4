/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU of one login in a fresh process, between pam_start and pam_end: an
 * empty module, one that only starts libcrypto, and ours with keys on disk.
 *
 *     bench_pam PAM-DIRECTORY TOKEN [ROUNDS]
 *
 * The directory has the services "empty", "crypto" and "audient".  Each login
 * is a process of its own, as in sshd; the three take turns.
 */
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

static const char *const services[] = { "empty", "crypto", "audient" };
#define N (sizeof(services) / sizeof(services[0]))

static char token[TOKEN_SIZE];

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_pam: %s\n", what);
	exit(1);
}

static double
cpu_ns(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
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

/* The child: logs in once and prints what that cost. */
static int
login(const char *dir, const char *service, const char *user)
{
	const struct pam_conv conv = { .conv = converse };
	pam_handle_t *pamh;
	double start;
	int rc;

	start = cpu_ns();
	rc = pam_start_confdir(service, user, &conv, dir, &pamh);
	if (rc == PAM_SUCCESS)
		rc = pam_authenticate(pamh, 0);
	(void)pam_end(pamh, rc);
	(void)printf("%.0f\n", cpu_ns() - start);
	return rc == PAM_SUCCESS ? 0 : 1;
}

/* A login in a process of its own; its CPU time, or a negative number. */
static double
run(char *self, char *dir, const char *service, char *token_path)
{
	char login_word[] = "login", name[16], answer[64] = "";
	char *argv[] = { self, login_word, dir, name, token_path, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	(void)snprintf(name, sizeof(name), "%s", service);
	if (pipe(fds) != 0 || posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	(void)posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
	(void)posix_spawn_file_actions_addclose(&actions, fds[0]);
	if (posix_spawn(&pid, self, &actions, NULL, argv, environ) != 0)
		return -1;
	(void)close(fds[1]);
	n = read(fds[0], answer, sizeof(answer) - 1);
	(void)close(fds[0]);
	(void)waitpid(pid, &status, 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	return n > 0 && status == 0 ? atof(answer) : -1;
}

static void
print(double *const ns[N], size_t rounds)
{
	double median[N];

	(void)printf("one PAM login in a fresh process, %zu rounds in turns\n"
		     "%-34s %10s %10s\n",
	    rounds, "", "best us", "median us");
	for (size_t i = 0; i < N; i++) {
		median[i] = bench_median(ns[i], rounds);
		(void)printf("%-34s %10.0f %10.0f\n", services[i],
		    bench_best(ns[i], rounds) / 1e3, median[i] / 1e3);
	}
	(void)printf("audient / crypto: %.3f; without what libpam costs "
		     "(minus empty): %.3f\n",
	    median[2] / median[1],
	    (median[2] - median[0]) / (median[1] - median[0]));
}

int
main(int argc, char **argv)
{
	double *ns[N];
	size_t rounds = 101;

	if (argc == 5 && strcmp(argv[1], "login") == 0) {
		read_token(argv[4]);
		return login(argv[2], argv[3], "nobody");
	}
	if (argc < 3)
		die("usage: bench_pam PAM-DIRECTORY TOKEN [ROUNDS]");
	if (argc > 3)
		rounds = strtoul(argv[3], NULL, 10);
	for (size_t i = 0; i < N; i++)
		if ((ns[i] = calloc(rounds, sizeof(double))) == NULL)
			die("out of memory");
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < N; i++)
			if ((ns[i][r] = run(argv[0], argv[1], services[i],
				 argv[2])) < 0)
				die(services[i]);
	print(ns, rounds);
	return 0;
}
