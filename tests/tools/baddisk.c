/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk that fails, for the one program that is started with this library in
 * LD_PRELOAD.  BADDISK in the environment says which calls fail with which
 * number of errno, "read=5 fsync=28"; BADDISK_BELOW, below which directory;
 * and BADDISK_HITS is a file that gets a byte for each call that failed.
 */
#undef _FORTIFY_SOURCE /* which makes macros of what is defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"

/* Is the file or directory of this descriptor where the disk is bad? */
static bool
is_below(int fd)
{
	const char *below = getenv("BADDISK_BELOW");
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return below != NULL && n > 0 && (size_t)n >= strlen(below) &&
	    memcmp(path, below, strlen(below)) == 0;
}

static void
count_hit(void)
{
	const char *path = getenv("BADDISK_HITS");
	int fd;

	if (path == NULL ||
	    (fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) <
		0)
		return;
	/* not by the write() below */
	(void)syscall(SYS_write, fd, ".", 1);
	(void)close(fd);
}

/* True, and errno is set: this call on this descriptor fails. */
static bool
fails(const char *call, int fd)
{
	const char *all = getenv("BADDISK"), *p;
	const size_t n = strlen(call);

	for (p = all; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, call, n) != 0 || p[n] != '=' || !is_below(fd))
			continue;
		count_hit();
		errno = atoi(p + n + 1);
		return true;
	}
	return false;
}

/* The one of libc; off_t has 64 bits in all that we build. */
#define REAL(call, name) \
	(__extension__(__typeof__(&call)) dlsym(RTLD_NEXT, name))

EXPORT int
openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (fails("open", dir) ||
	    ((flags & O_CREAT) != 0 && fails("create", dir)))
		return -1;
	va_start(ap, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return REAL(openat, "openat64")(dir, name, flags, mode);
}

EXPORT ssize_t
read(int fd, void *buf, size_t n)
{
	return fails("read", fd) ? -1 : REAL(read, "read")(fd, buf, n);
}

EXPORT ssize_t
write(int fd, const void *buf, size_t n)
{
	return fails("write", fd) ? -1 : REAL(write, "write")(fd, buf, n);
}

EXPORT int
fsync(int fd)
{
	return fails("fsync", fd) ? -1 : REAL(fsync, "fsync")(fd);
}

EXPORT int
fstat(int fd, struct stat *st)
{
	return fails("stat", fd) ? -1 : REAL(fstat, "fstat64")(fd, st);
}

EXPORT int
fstatat(int dir, const char *restrict name, struct stat *restrict st, int flags)
{
	return fails("stat", dir)
	    ? -1
	    : REAL(fstatat, "fstatat64")(dir, name, st, flags);
}

EXPORT int
ftruncate(int fd, off_t size)
{
	return fails("size", fd) ? -1
				 : REAL(ftruncate, "ftruncate64")(fd, size);
}

EXPORT int
futimens(int fd, const struct timespec when[2])
{
	return fails("time", fd) ? -1 : REAL(futimens, "futimens")(fd, when);
}

EXPORT int
renameat(int from, const char *old, int to, const char *name)
{
	return fails("rename", from)
	    ? -1
	    : REAL(renameat, "renameat")(from, old, to, name);
}

EXPORT int
unlinkat(int dir, const char *name, int flags)
{
	return fails("unlink", dir)
	    ? -1
	    : REAL(unlinkat, "unlinkat")(dir, name, flags);
}
