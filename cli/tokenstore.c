/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "token.h"

#define FILE_MAX  (64 * 1024)
#define NAME_SIZE (AUDIENT_GRANT_ID_SIZE + 8)

static const char magic[] = "audient token 1";
static const char folder[] = "audient";
static const char suffix[] = ".token";

static void
blame(const char *name, const char *what)
{
	(void)fprintf(stderr, "audient token: $XDG_RUNTIME_DIR/%s%s%s: %s\n",
	    folder, name[0] != '\0' ? "/" : "", name, what);
}

/* Ours, and nobody else's. */
static bool
is_private(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & 077) == 0;
}

/* The directory of XDG's specification; -1, after a message, if it is none. */
static int
open_runtime(void)
{
	const char *path = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int fd;

	if (path == NULL || path[0] != '/') {
		(void)fprintf(stderr,
		    "audient token: XDG_RUNTIME_DIR is not set: the token is "
		    "not kept\n");
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && is_private(&st))
		return fd;
	(void)fprintf(stderr,
	    "audient token: XDG_RUNTIME_DIR: %s: %s: the token is not kept\n",
	    path, fd < 0 ? strerror(errno) : "it is not yours alone");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* False: there is a directory, and it is not safe.  *dir -1: there is none. */
static bool
open_dir(int *dir)
{
	const int runtime = open_runtime();
	struct stat st;
	int fd;

	*dir = -1;
	if (runtime < 0)
		return true;
	if (mkdirat(runtime, folder, 0700) != 0 && errno != EEXIST) {
		blame("", strerror(errno));
		(void)close(runtime);
		return true;
	}
	fd = openat(runtime, folder,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	(void)close(runtime);
	if (fd >= 0 && fstat(fd, &st) == 0 && is_private(&st)) {
		*dir = fd;
		return true;
	}
	blame("",
	    fd < 0 ? strerror(errno)
		   : "others can look into it; remove it, or chmod 700");
	if (fd >= 0)
		(void)close(fd);
	return false;
}

static void
name_file(const struct store *s, const char *end, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s%s", s->name, end);
}

/* Two calls at once would use a refresh token twice, and lose it. */
static bool
take_lock(struct store *s)
{
	char name[NAME_SIZE];
	int rc;

	name_file(s, ".lock", name);
	s->lock = openat(s->dir, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0) {
		blame(name, strerror(errno));
		return false;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	(void)fprintf(stderr,
	    "audient token: waiting for another one that asks for the same "
	    "token\n");
	do
		rc = flock(s->lock, LOCK_EX);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

bool
store_open(struct store *s, const char *id)
{
	*s = (struct store){ .dir = -1, .lock = -1 };
	(void)snprintf(s->name, sizeof(s->name), "%s", id);
	if (!open_dir(&s->dir))
		return false;
	return s->dir < 0 || take_lock(s);
}

void
store_close(struct store *s)
{
	if (s->lock >= 0)
		(void)close(s->lock);
	if (s->dir >= 0)
		(void)close(s->dir);
	s->lock = s->dir = -1;
}

bool
store_read(int fd, struct buf *text)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (buf_add(text, chunk, (size_t)n) != REASON_OK)
			break;
	explicit_bzero(chunk, sizeof(chunk));
	return n == 0;
}

static bool
take_value(struct span *text, const char *key, struct span *value)
{
	const size_t skip = strlen(key);

	if (!span_cut(text, '\n', value) || !span_starts(*value, key))
		return false;
	value->ptr += skip;
	value->len -= skip;
	return true;
}

/* What store_save() has written, or nothing. */
static bool
parse(struct span text, struct audient_tokens *tokens)
{
	struct span line, expires, access, refresh;
	char number[24] = "", *end;

	if (!span_cut(&text, '\n', &line) || !span_is(line, magic) ||
	    !take_value(&text, "expires ", &expires) ||
	    !take_value(&text, "access ", &access) ||
	    !take_value(&text, "refresh ", &refresh) || text.len != 0 ||
	    !span_is_b64token(access) || expires.len >= sizeof(number))
		return false;
	memcpy(number, expires.ptr, expires.len);
	tokens->expires = strtoll(number, &end, 10);
	return *end == '\0' &&
	    buf_add(&tokens->access, access.ptr, access.len) == REASON_OK &&
	    buf_add(&tokens->refresh, refresh.ptr, refresh.len) == REASON_OK;
}

/* -1 and *ok: there is none. */
static int
open_file(const struct store *s, const char *name, bool *ok)
{
	struct stat st;
	int fd;

	fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	*ok = fd >= 0 || errno == ENOENT;
	if (!*ok)
		blame(name,
		    errno == ELOOP ? "a symbolic link; remove it"
				   : strerror(errno));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_private(&st) &&
	    st.st_nlink == 1)
		return fd;
	blame(name,
	    "others may have read or changed it; do audient token --forget");
	*ok = false;
	(void)close(fd);
	return -1;
}

bool
store_load(struct store *s, struct audient_tokens *tokens)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char name[NAME_SIZE];
	bool ok;
	int fd;

	*tokens = (struct audient_tokens){ .access = BUF_INIT(FILE_MAX),
		.refresh = BUF_INIT(FILE_MAX) };
	if (s->dir < 0)
		return true;
	name_file(s, suffix, name);
	if ((fd = open_file(s, name, &ok)) < 0)
		return ok;
	if (!store_read(fd, &text) || !parse(buf_span(&text), tokens)) {
		blame(name,
		    "no kept token can be read there; it is "
		    "replaced");
		audient_tokens_clear(tokens);
	}
	(void)close(fd);
	buf_free(&text);
	return true;
}

static bool
write_all(int fd, struct span text)
{
	while (text.len > 0) {
		const ssize_t n = write(fd, text.ptr, text.len);

		if (n <= 0 && errno != EINTR)
			return false;
		if (n <= 0)
			continue;
		text.ptr += n;
		text.len -= (size_t)n;
	}
	return true;
}

/* Whole or not at all. */
static bool
replace(const struct store *s, struct span text)
{
	char name[NAME_SIZE], fresh[NAME_SIZE];
	bool ok;
	int fd;

	name_file(s, suffix, name);
	name_file(s, ".new", fresh);
	(void)unlinkat(s->dir, fresh, 0); /* of a call that was killed */
	fd = openat(s->dir, fresh,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ok = fd >= 0 && fchmod(fd, 0600) == 0 && write_all(fd, text);
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && renameat(s->dir, fresh, s->dir, name) == 0)
		return true;
	blame(name, strerror(errno));
	(void)unlinkat(s->dir, fresh, 0);
	return false;
}

bool
store_save(struct store *s, const struct audient_tokens *tokens)
{
	struct buf text = BUF_INIT(FILE_MAX);
	bool ok;

	if (s->dir < 0 || tokens->expires == 0)
		return true; /* who knows how long it is good? */
	ok = buf_printf(&text, "%s\nexpires %" PRId64 "\naccess ", magic,
		 tokens->expires) == REASON_OK &&
	    buf_add(&text, tokens->access.data, tokens->access.len) ==
		REASON_OK &&
	    buf_add_str(&text, "\nrefresh ") == REASON_OK &&
	    buf_add(&text, tokens->refresh.data, tokens->refresh.len) ==
		REASON_OK &&
	    buf_add_str(&text, "\n") == REASON_OK &&
	    replace(s, buf_span(&text));
	buf_free(&text);
	return ok;
}

bool
store_forget(void)
{
	const struct dirent *entry;
	unsigned int n = 0;
	bool ok = true;
	DIR *list;
	int dir;

	if (!open_dir(&dir) || dir < 0)
		return false;
	if ((list = fdopendir(dir)) == NULL) {
		blame("", strerror(errno));
		(void)close(dir);
		return false;
	}
	while ((entry = readdir(list)) != NULL) {
		if (!span_ends(span_of(entry->d_name), suffix) &&
		    !span_ends(span_of(entry->d_name), ".new"))
			continue;
		if (unlinkat(dir, entry->d_name, 0) == 0)
			n++;
		else {
			blame(entry->d_name, strerror(errno));
			ok = false;
		}
	}
	(void)closedir(list);
	(void)fprintf(stderr, "%u kept token%s removed\n", n,
	    n == 1 ? "" : "s");
	return ok;
}
