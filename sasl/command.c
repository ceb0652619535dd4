/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * More than the longest `timeout` of audient.conf: whoever ends the command
 * while it refreshes may lose a refresh token that is good for one use.
 */
#ifndef COMMAND_LIMIT_MS
#define COMMAND_LIMIT_MS 70000
#endif
#define VARIABLE_MAX (128 * 1024) /* as Linux has it */
#define CHUNK	     4096
#define NAP_MS	     5
#define LAST_MS	     1000 /* for a killed process to be gone */

/* Exit statuses, as audient(1) has them, and posix_spawn(3) the last one. */
#define EXIT_NO_TOKEN	 1
#define EXIT_RETRY	 3
#define EXIT_NOT_STARTED 127

static const char *const names[COMMAND_VARIABLES] = {
	"HOME",
	"XDG_CONFIG_HOME",
	"XDG_RUNTIME_DIR",
};

enum reason
command_init(struct command *command)
{
	enum reason reason;

	*command = (struct command){ 0 };
	for (size_t i = 0; i < COMMAND_VARIABLES; i++) {
		const char *value = secure_getenv(names[i]);

		command->variable[i].max = VARIABLE_MAX;
		if (value != NULL &&
		    (reason = buf_printf(&command->variable[i], "%s=%s",
			 names[i], value)) != REASON_OK)
			return reason;
	}
	return REASON_OK;
}

void
command_free(struct command *command)
{
	for (size_t i = 0; i < COMMAND_VARIABLES; i++)
		buf_free(&command->variable[i]);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
left_ms(int64_t deadline_ms)
{
	const int64_t left = deadline_ms - now_ms();

	return left > 0 ? (int)left : 0;
}

/* Not 0, 1 or 2, should the host have closed those. */
static int
lift(int fd)
{
	int high;

	if (fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd);
	return high;
}

static bool
make_pipe(int *ours, int *theirs)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	*ours = lift(fds[0]);
	*theirs = lift(fds[1]);
	if (*ours >= 0 && *theirs >= 0)
		return true;
	if (*ours >= 0)
		(void)close(*ours);
	if (*theirs >= 0)
		(void)close(*theirs);
	return false;
}

/*
 * Nothing of the host's but the pipe, and no terminal: a program that draws
 * on one is to keep its screen.
 */
static bool
set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int out)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	return posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
		   "/dev/null", O_RDONLY, 0) == 0 &&
	    posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO) ==
	    0 &&
	    posix_spawn_file_actions_addopen(actions, STDERR_FILENO,
		"/dev/null", O_WRONLY, 0) == 0 &&
	    posix_spawn_file_actions_addclosefrom_np(actions,
		STDERR_FILENO + 1) == 0 &&
	    posix_spawnattr_setsigmask(attr, &none) == 0 &&
	    posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	    posix_spawnattr_setflags(attr,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		    POSIX_SPAWN_SETSID) == 0;
}

static bool
spawn(const struct command *command, const char *service, int out, pid_t *pid)
{
	char name[] = "audient", token[] = "token", batch[] = "--batch";
	char option[] = "--service", path[] = "PATH=/usr/bin:/bin";
	char lang[] = "LANG=C";
	char *const argv[] = { name, token, batch, option,
		(char *)(uintptr_t)service, NULL };
	char *envp[COMMAND_VARIABLES + 3] = { path, lang };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	bool ok = false;
	size_t n = 2;

	for (size_t i = 0; i < COMMAND_VARIABLES; i++)
		if (command->variable[i].len > 0)
			envp[n++] = command->variable[i].data;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawnattr_init(&attr) == 0) {
		ok = set_up(&actions, &attr, out) &&
		    posix_spawn(pid, AUDIENT_COMMAND, &actions, &attr, argv,
			envp) == 0;
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return ok;
}

/* All that it prints, up to the end. */
static enum command_end
collect(int fd, int64_t deadline_ms, struct buf *out)
{
	char chunk[CHUNK];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const int ready = poll(&p, 1, left_ms(deadline_ms));
		const ssize_t n = ready > 0 ? read(fd, chunk, CHUNK) : -1;
		enum reason reason;

		if (ready == 0)
			return COMMAND_SLOW;
		if (n == 0)
			return COMMAND_OK;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return COMMAND_FAILED;
		reason = buf_add(out, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof(chunk));
		if (reason != REASON_OK)
			return reason == REASON_OUT_OF_MEMORY
			    ? COMMAND_NO_MEMORY
			    : COMMAND_TOO_LONG;
	}
}

enum fate {
	FATE_ENDED,   /* and we have its status */
	FATE_UNKNOWN, /* somebody else has it, or nobody */
	FATE_RUNNING,
};

static enum fate
wait_for(pid_t pid, int64_t deadline_ms, int *status)
{
	for (;;) {
		const pid_t done = waitpid(pid, status, WNOHANG);

		if (done == pid)
			return FATE_ENDED;
		if (done < 0 && errno != EINTR)
			return FATE_UNKNOWN;
		if (left_ms(deadline_ms) == 0)
			return FATE_RUNNING;
		(void)poll(NULL, 0, NAP_MS);
	}
}

/* A process that we cannot wait for is none to kill: its number may be
 * another one's. */
static void
stop(pid_t pid)
{
	int status;

	if (wait_for(pid, 0, &status) != FATE_RUNNING)
		return;
	(void)kill(pid, SIGKILL);
	(void)wait_for(pid, now_ms() + LAST_MS, &status);
}

static enum command_end
judge(int status)
{
	if (!WIFEXITED(status))
		return COMMAND_FAILED;
	switch (WEXITSTATUS(status)) {
	case EXIT_SUCCESS:
		return COMMAND_OK;
	case EXIT_NO_TOKEN:
		return COMMAND_NO_TOKEN;
	case EXIT_RETRY:
		return COMMAND_RETRY;
	case EXIT_NOT_STARTED:
		return COMMAND_NOT_STARTED;
	default:
		return COMMAND_FAILED;
	}
}

/* Its output is at an end, so it should be, too. */
static enum command_end
finish(pid_t pid, int64_t deadline_ms)
{
	int status;

	switch (wait_for(pid, deadline_ms, &status)) {
	case FATE_ENDED:
		return judge(status);
	case FATE_UNKNOWN:
		return COMMAND_OK;
	case FATE_RUNNING:
		break;
	}
	stop(pid);
	return COMMAND_SLOW;
}

enum command_end
command_run(const struct command *command, const char *service, struct buf *out)
{
	const int64_t deadline_ms = now_ms() + COMMAND_LIMIT_MS;
	enum command_end end;
	int ours, theirs;
	bool is_started;
	pid_t pid;

	if (!make_pipe(&ours, &theirs))
		return COMMAND_NOT_STARTED;
	is_started = spawn(command, service, theirs, &pid);
	(void)close(theirs);
	end =
	    is_started ? collect(ours, deadline_ms, out) : COMMAND_NOT_STARTED;
	(void)close(ours);
	if (!is_started)
		return end;
	if (end == COMMAND_OK)
		return finish(pid, deadline_ms);
	stop(pid);
	return end;
}
