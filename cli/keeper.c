/* SPDX-License-Identifier: BSD-2-Clause */
#include "keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LIFE_MS	   120000 /* sshd gives a login no more by itself */
#define PATIENCE_S 5	  /* for an askpass that has connected */

/*
 * An abstract name, in no directory: one for each ssh.  Anybody may take it
 * first, so both sides look at whom they talk to.
 */
static socklen_t
name_of(pid_t client, struct sockaddr_un *name)
{
	int n;

	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
	    "audient-askpass.%lu.%ld", (unsigned long)getuid(), (long)client);
	return (
	    socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static bool
is_ours(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	    peer.uid == getuid();
}

static void
give(int fd, const struct buf *token)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	size_t done = 0;
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
	while (done < token->len) {
		n = send(fd, token->data + done, token->len - done,
		    MSG_NOSIGNAL);
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static int64_t
now_ms(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Serves until the client is gone or the time is up. */
static void
serve(int listener, int client, const struct buf *token)
{
	struct pollfd fds[] = { { .fd = listener, .events = POLLIN },
		{ .fd = client, .events = POLLIN } };
	const int64_t end = now_ms() + LIFE_MS;
	int64_t left;
	int fd;

	while ((left = end - now_ms()) > 0 && poll(fds, 2, (int)left) > 0 &&
	    fds[1].revents == 0) {
		if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
			continue;
		if (is_ours(fd))
			give(fd, token);
		(void)close(fd);
	}
}

/* ssh reads what we print until nobody has the other end of the pipe. */
static bool
let_go(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return false;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return false;
	return chdir("/") == 0;
}

bool
keeper_start(struct buf *token)
{
	const pid_t client = getppid();
	struct sockaddr_un name;
	const socklen_t size = name_of(client, &name);
	int pidfd, listener;
	pid_t pid = -1;

	/* a kernel without pidfds: poll() takes -1 for nothing to wait for */
	pidfd = (int)syscall(SYS_pidfd_open, client, 0);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener >= 0 &&
	    bind(listener, (struct sockaddr *)&name, size) == 0 &&
	    listen(listener, 4) == 0 && getppid() == client &&
	    (pid = fork()) == 0) {
		if (let_go())
			serve(listener, pidfd, token);
		buf_free(token);
		_exit(0);
	}
	if (listener >= 0)
		(void)close(listener);
	if (pidfd >= 0)
		(void)close(pidfd);
	return pid > 0;
}

bool
keeper_ask(struct buf *token)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un name;
	const socklen_t size = name_of(getppid(), &name);
	char chunk[1024];
	ssize_t n = -1;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	if (connect(fd, (struct sockaddr *)&name, size) == 0 && is_ours(fd))
		while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
			if (buf_add(token, chunk, (size_t)n) != REASON_OK)
				break;
	explicit_bzero(chunk, sizeof(chunk));
	(void)close(fd);
	return n == 0 && token->len > 0;
}
