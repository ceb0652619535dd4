/* SPDX-License-Identifier: BSD-2-Clause */
/* Libraries for Python run in a process of their own and time themselves. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"

extern char **environ;

struct python {
	char library[16];
	FILE *to, *from;
};

static struct python pyjwt = { .library = "PyJWT" };
static struct python authlib = { .library = "Authlib" };

/* The child ends when we do, as nobody is left who could ask it. */
static bool
start(struct python *p, char *const argv[])
{
	posix_spawn_file_actions_t actions;
	int to[2], from[2];
	pid_t pid;
	bool ok;

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ||
	    posix_spawn_file_actions_init(&actions) != 0)
		return false;
	ok = posix_spawn_file_actions_adddup2(&actions, to[0], 0) == 0 &&
	    posix_spawn_file_actions_adddup2(&actions, from[1], 1) == 0 &&
	    posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) == 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(to[0]);
	(void)close(from[1]);
	p->to = fdopen(to[1], "w");
	p->from = fdopen(from[0], "r");
	return ok && p->to != NULL && p->from != NULL;
}

static bool
open_python(struct python *p, const struct peer_job *job)
{
	char *argv[] = { job->python, p->library, job->jwks_path, job->audience,
		job->issuer, NULL };
	char line[16];

	return start(p, argv) && fgets(line, sizeof(line), p->from) != NULL &&
	    strcmp(line, "ready\n") == 0;
}

/* False: the token is refused. */
static bool
ask(const struct python *p, const char *token, size_t count, double *ns)
{
	char line[32], *end;

	if (fprintf(p->to, "%zu %s\n", count, token) < 0 ||
	    fflush(p->to) != 0 || fgets(line, sizeof(line), p->from) == NULL)
		return false;
	*ns = strtod(line, &end);
	return end != line && *end == '\n';
}

bool
pyjwt_open(const struct peer_job *job)
{
	return open_python(&pyjwt, job);
}

bool
pyjwt_run(void *token)
{
	double ns;

	return ask(&pyjwt, token, 1, &ns);
}

bool
pyjwt_timed(void *token, size_t count, double *ns)
{
	return ask(&pyjwt, token, count, ns);
}

bool
authlib_open(const struct peer_job *job)
{
	return open_python(&authlib, job);
}

bool
authlib_run(void *token)
{
	double ns;

	return ask(&authlib, token, 1, &ns);
}

bool
authlib_timed(void *token, size_t count, double *ns)
{
	return ask(&authlib, token, count, ns);
}
