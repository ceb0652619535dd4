/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK 8192

static int
open_in(int dir, const char *path, int flags)
{
	const struct open_how how = { .flags = (unsigned int)flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int
tree_open(const char *root, const char *path, int flags)
{
	int dir, fd;

	flags |= O_CLOEXEC;
	if (root[0] == '\0')
		return open(path, flags);
	if ((dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	fd = open_in(dir, path, flags);
	(void)close(dir);
	return fd;
}

/* A fifo must not make us wait. */
static int
open_regular(const char *root, const char *path, struct stat *st)
{
	const int fd = tree_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
slurp(int fd, struct buf *out)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || buf_add(out, chunk, (size_t)n) != REASON_OK)
			return false;
	}
	return true;
}

bool
tree_read(const char *root, const char *path, struct buf *out)
{
	struct stat st;
	const int fd = open_regular(root, path, &st);
	bool ok;

	if (fd < 0)
		return false;
	ok = slurp(fd, out);
	(void)close(fd);
	return ok;
}

bool
tree_read_end(const char *root, const char *path, struct buf *out)
{
	struct stat st;
	const int fd = open_regular(root, path, &st);
	off_t skip = 0;
	char *line;
	bool ok;

	if (fd < 0)
		return false;
	/* it may grow while we read */
	if (st.st_size > (off_t)(out->max / 2))
		skip = st.st_size - (off_t)(out->max / 2);
	ok = lseek(fd, skip, SEEK_SET) == skip && slurp(fd, out);
	(void)close(fd);
	if (ok && skip > 0 && (line = strchr(out->data, '\n')) != NULL) {
		out->len -= (size_t)(line + 1 - out->data);
		memmove(out->data, line + 1, out->len + 1);
	}
	return ok;
}

bool
tree_stat(const char *root, const char *path, struct stat *st)
{
	const int fd = tree_open(root, path, O_PATH);
	bool ok;

	if (fd < 0)
		return false;
	ok = fstat(fd, st) == 0;
	(void)close(fd);
	return ok;
}

bool
tree_has(const char *root, const char *path)
{
	struct stat st;

	return tree_stat(root, path, &st);
}

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The names, owned by the caller. */
static char **
read_names(DIR *dir, size_t *n)
{
	char **name = NULL, **grown;
	const struct dirent *d;

	*n = 0;
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		grown = reallocarray(name, *n + 1, sizeof(*grown));
		if (grown == NULL)
			break;
		name = grown;
		if ((name[*n] = strdup(d->d_name)) == NULL)
			break;
		++*n;
	}
	if (*n > 0)
		qsort(name, *n, sizeof(*name), by_name);
	return name;
}

void
tree_list(const char *root, const char *path,
    void (*each)(void *arg, const char *name), void *arg)
{
	const int fd = tree_open(root, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char **name;
	size_t n;

	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	name = read_names(dir, &n);
	(void)closedir(dir);
	for (size_t i = 0; i < n; i++) {
		each(arg, name[i]);
		free(name[i]);
	}
	free(name);
}

void
tree_name(const char *root, const char *path, char *out, size_t size)
{
	(void)snprintf(out, size, "%s%s", root, path);
}
