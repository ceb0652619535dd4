/* SPDX-License-Identifier: BSD-2-Clause */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 4096
/* O_NONBLOCK: a fifo in the place of the file must not make us wait. */
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static bool
is_trusted(const struct stat *st, uid_t uid)
{
	return (st->st_uid == 0 || st->st_uid == uid) &&
	    (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

bool
file_is_private_dir(int fd, uid_t uid)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) &&
	    is_trusted(&st, uid);
}

static ssize_t
read_some(int fd, char *chunk)
{
	ssize_t n;

	do
		n = read(fd, chunk, CHUNK);
	while (n < 0 && errno == EINTR);
	return n;
}

/* errno says what went wrong; EFBIG: the buffer's cap, ENOMEM: memory. */
static bool
slurp(int fd, struct buf *out)
{
	enum reason reason = REASON_OK;
	char chunk[CHUNK] UNINITIALIZED;
	ssize_t n;

	while ((n = read_some(fd, chunk)) > 0 && reason == REASON_OK) {
		reason = buf_add(out, chunk, (size_t)n);
		explicit_bzero(chunk, (size_t)n);
	}
	if (reason != REASON_OK)
		errno = reason == REASON_OUT_OF_MEMORY ? ENOMEM : EFBIG;
	return reason == REASON_OK && n == 0;
}

static const char *
explain_errno(int err)
{
	switch (err) {
	case ELOOP:
		return "it is a symbolic link; give the path of the file "
		       "itself";
	case ENOENT:
		return "it does not exist";
	case EFBIG:
		return "it is too large";
	default:
		return strerrordesc_np(err);
	}
}

static bool
check_file(int fd, struct text *why)
{
	const uid_t uid = geteuid();
	struct stat st;

	if (fstat(fd, &st) != 0) {
		text_printf(why, "%s", explain_errno(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		text_printf(why, "it is not a regular file");
		return false;
	}
	if (st.st_uid != 0 && st.st_uid != uid) {
		text_printf(why, "its owner is uid %u; it must belong to root",
		    (unsigned int)st.st_uid);
		return false;
	}
	if (!is_trusted(&st, uid)) {
		text_printf(why,
		    "others can write it (mode %04o); do chmod go-w",
		    (unsigned int)(st.st_mode & 07777));
		return false;
	}
	return true;
}

enum reason
file_read_in(int dir, const char *name, struct buf *out, struct text *why)
{
	enum reason reason = REASON_CONFIG_INVALID;
	int fd;

	if (!file_is_private_dir(dir, geteuid())) {
		text_printf(why,
		    "others can write its directory, which must "
		    "belong to root, mode 0755 or less");
		return REASON_CONFIG_INVALID;
	}
	if ((fd = openat(dir, name, OPEN_FLAGS)) < 0) {
		text_printf(why, "%s", explain_errno(errno));
		return REASON_CONFIG_INVALID;
	}
	if (!check_file(fd, why))
		goto out;
	if (!slurp(fd, out)) {
		if (errno == ENOMEM)
			reason = REASON_OUT_OF_MEMORY;
		text_printf(why, "%s", explain_errno(errno));
		goto out;
	}
	reason = REASON_OK;
out:
	close(fd);
	return reason;
}

int
file_open_parent(const char *path, const char **name, struct text *why)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t len;
	int fd;

	if (path[0] != '/') {
		text_printf(why, "the path must be absolute");
		return -1;
	}
	*name = slash + 1;
	len = slash == path ? 1 : (size_t)(slash - path);
	if (len >= sizeof(dir)) {
		text_printf(why, "the path is too long");
		return -1;
	}
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		text_printf(why, "its directory: %s", explain_errno(errno));
	return fd;
}

enum reason
file_read(const char *path, struct buf *out, struct text *why)
{
	enum reason reason;
	const char *name;
	int dir;

	if ((dir = file_open_parent(path, &name, why)) < 0)
		return REASON_CONFIG_INVALID;
	reason = file_read_in(dir, name, out, why);
	close(dir);
	return reason;
}

bool
file_read_at(int dir, const char *name, uid_t uid, struct buf *out)
{
	const size_t len = out->len;
	struct stat st;
	bool ok;
	int fd;

	if ((fd = openat(dir, name, OPEN_FLAGS)) < 0)
		return false;
	ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    is_trusted(&st, uid) && slurp(fd, out);
	close(fd);
	if (!ok && out->data != NULL) {
		out->len = len;
		out->data[len] = '\0';
	}
	return ok;
}
