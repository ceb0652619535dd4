/* SPDX-License-Identifier: BSD-2-Clause */
#include "cachedir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"

#define RECORD_MAX   (1024 * 1024)
#define NAME_SIZE    96
#define BASE_FLAGS   (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LOCK_STEP_MS 20

/* First line of a record: magic, version, SHA-256 of what follows. */
static const char magic[] = "audient 1 ";
#define MAGIC_LEN  (sizeof(magic) - 1)
#define HEADER_LEN (MAGIC_LEN + SHA256_HEX_SIZE) /* the NUL is the newline */

struct cache {
	int base; /* O_PATH, or -1 */
	const struct crypto *crypto;
};

static const char *
kind_name(enum cache_kind kind)
{
	switch (kind) {
	case CACHE_KEYS:
		return "keys";
	case CACHE_USERINFO:
		return "userinfo";
	case CACHE_COUNTS:
		return "counts";
	case CACHE_USED:
		return "used";
	case CACHE_LOGIN:
		return "login";
	}
	return "other";
}

/* Root's directory can be entered by all, for its keys; the others cannot. */
static mode_t
dir_mode(uid_t uid)
{
	return uid == 0 ? 0755 : 0700;
}

static mode_t
file_mode(uid_t uid, enum cache_kind kind)
{
	return uid == 0 && kind == CACHE_KEYS ? 0644 : 0600;
}

/* An O_PATH descriptor of a directory that only uid can write, or -1. */
static int
enter(int at, const char *name, uid_t uid, bool create)
{
	int fd;

	if (create && mkdirat(at, name, 0700) == 0)
		(void)!fchmodat(at, name, dir_mode(uid), 0);
	fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !file_is_private_dir(fd, uid)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The directory of one kind of one owner, or -1.  Only our own is created. */
static int
kind_dir(struct cache *cache, enum cache_kind kind, enum cache_owner owner,
    bool create)
{
	const uid_t uid = owner == CACHE_ROOT ? 0 : geteuid();
	char name[24];
	int user, dir;

	/* root's own directory is not looked at twice */
	if (cache->base < 0 ||
	    (owner == CACHE_ROOT && (kind != CACHE_KEYS || geteuid() == 0)))
		return -1;
	(void)snprintf(name, sizeof(name), "%u", (unsigned int)uid);
	if ((user = enter(cache->base, name, uid, create)) < 0)
		return -1;
	dir = enter(user, kind_name(kind), uid, create);
	close(user);
	return dir;
}

int
cache_own_dir(struct cache *cache, enum cache_kind kind, bool create)
{
	return kind_dir(cache, kind, CACHE_OWN, create);
}

enum reason
cache_open(struct cache **cachep, const char *dir, const struct crypto *crypto,
    bool may_create)
{
	struct cache *cache;

	*cachep = NULL;
	if ((cache = calloc(1, sizeof(*cache))) == NULL)
		return REASON_OUT_OF_MEMORY;
	cache->crypto = crypto;
	cache->base = open(dir, BASE_FLAGS);
	if (cache->base < 0 && errno == ENOENT && may_create &&
	    geteuid() == 0 && mkdir(dir, 0700) == 0) {
		(void)!chmod(dir, 0755);
		cache->base = open(dir, BASE_FLAGS);
	}
	if (cache->base >= 0 && !file_is_private_dir(cache->base, geteuid())) {
		close(cache->base);
		cache->base = -1;
	}
	*cachep = cache;
	return REASON_OK;
}

void
cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->base >= 0)
		close(cache->base);
	free(cache);
}

/* Takes the first line off a record that is whole. */
static bool
check_record(struct cache *cache, struct span record, struct span *body)
{
	char hex[SHA256_HEX_SIZE];

	if (record.len < HEADER_LEN || !span_starts(record, magic) ||
	    record.ptr[HEADER_LEN - 1] != '\n')
		return false;
	body->ptr = record.ptr + HEADER_LEN;
	body->len = record.len - HEADER_LEN;
	return crypto_sha256_hex(cache->crypto, *body, hex) == REASON_OK &&
	    memcmp(record.ptr + MAGIC_LEN, hex, SHA256_HEX_SIZE - 1) == 0;
}

bool
cache_load(struct cache *cache, enum cache_kind kind, enum cache_owner owner,
    const char *id, struct buf *body)
{
	struct buf record = BUF_INIT(RECORD_MAX);
	const int dir = kind_dir(cache, kind, owner, false);
	const uid_t uid = owner == CACHE_ROOT ? 0 : geteuid();
	struct span rest = { .len = 0 };
	bool ok;

	if (dir < 0)
		return false;
	ok = file_read_at(dir, id, uid, &record) &&
	    check_record(cache, buf_span(&record), &rest) &&
	    buf_add(body, rest.ptr, rest.len) == REASON_OK;
	close(dir);
	buf_free(&record);
	return ok;
}

/* A file beside the record: "<id>.lock", "<id>.mark". */
static int
open_beside(struct cache *cache, enum cache_kind kind, const char *id,
    const char *what)
{
	const int dir = kind_dir(cache, kind, CACHE_OWN, true);
	char name[NAME_SIZE];
	int fd;

	if (dir < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "%s.%s", id, what);
	fd = openat(dir, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
	    0600);
	close(dir);
	return fd;
}

/* Does the name still stand for the file?  A sweep removes old locks. */
static bool
is_there(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int
cache_lock(struct cache *cache, enum cache_kind kind, const char *id,
    int wait_ms)
{
	bool is_ours, is_taken;
	int fd;

	for (;;) {
		if ((fd = open_beside(cache, kind, id, "lock")) < 0)
			return -1;
		is_ours = flock(fd, LOCK_EX | LOCK_NB) == 0;
		is_taken = !is_ours && (errno == EWOULDBLOCK || errno == EINTR);
		if (is_ours && is_there(fd))
			return fd;
		close(fd);
		if (is_ours)
			continue;
		/* there are file systems without locks: no use to wait */
		if (!is_taken || wait_ms <= 0)
			return -1;
		(void)poll(NULL, 0, LOCK_STEP_MS);
		wait_ms -= LOCK_STEP_MS;
	}
}

void
cache_unlock(int lock)
{
	if (lock >= 0)
		close(lock); /* and with it goes the lock */
}

bool
cache_may_write(size_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur);
}

static bool
write_all(int fd, struct span s)
{
	while (s.len > 0) {
		const ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s.ptr += n;
		s.len -= (size_t)n;
	}
	return true;
}

/* Under the lock, so the name is ours; what a crash left there is removed. */
static bool
replace(int dir, const char *id, mode_t mode, bool is_lasting,
    struct span record)
{
	char name[NAME_SIZE];
	bool ok;
	int fd;

	if (!cache_may_write(record.len))
		return false;
	(void)snprintf(name, sizeof(name), "%s.new", id);
	(void)unlinkat(dir, name, 0);
	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = write_all(fd, record) && fchmod(fd, mode) == 0 &&
	    (!is_lasting || fsync(fd) == 0);
	if (close(fd) != 0)
		ok = false;
	if (ok && renameat(dir, name, dir, id) == 0)
		return true;
	(void)unlinkat(dir, name, 0);
	return false;
}

bool
cache_store(struct cache *cache, enum cache_kind kind, const char *id, int lock,
    struct span body)
{
	struct buf record = BUF_INIT(RECORD_MAX);
	char hex[SHA256_HEX_SIZE];
	int dir = -1;
	bool ok = false;

	if (lock >= 0 &&
	    crypto_sha256_hex(cache->crypto, body, hex) == REASON_OK &&
	    buf_printf(&record, "%s%s\n", magic, hex) == REASON_OK &&
	    buf_add(&record, body.ptr, body.len) == REASON_OK &&
	    (dir = kind_dir(cache, kind, CACHE_OWN, true)) >= 0)
		ok = replace(dir, id, file_mode(geteuid(), kind),
		    kind != CACHE_LOGIN, buf_span(&record));
	if (dir >= 0)
		close(dir);
	buf_free(&record);
	return ok;
}

/*
 * A mark is a file whose time stamp and size are all there is to it: others
 * see it without being able to open it, and it needs no parser.
 */
static struct cache_mark
read_mark(struct cache *cache, enum cache_kind kind, enum cache_owner owner,
    const char *id, int64_t now)
{
	const int dir = kind_dir(cache, kind, owner, false);
	struct cache_mark mark = { .time = 0 };
	char name[NAME_SIZE];
	struct stat st;

	if (dir < 0)
		return mark;
	(void)snprintf(name, sizeof(name), "%s.mark", id);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtim.tv_sec <= now + CLOCK_SLACK &&
	    st.st_size <= 255) {
		mark.time = st.st_mtim.tv_sec;
		mark.value = (int)st.st_size;
	}
	close(dir);
	return mark;
}

struct cache_mark
cache_get_mark(struct cache *cache, enum cache_kind kind, const char *id,
    int64_t now)
{
	const struct cache_mark own =
	    read_mark(cache, kind, CACHE_OWN, id, now);
	const struct cache_mark root =
	    read_mark(cache, kind, CACHE_ROOT, id, now);

	return root.time > own.time ? root : own;
}

void
cache_set_mark(struct cache *cache, enum cache_kind kind, const char *id,
    struct cache_mark mark)
{
	const struct timespec when[2] = { { .tv_sec = mark.time },
		{ .tv_sec = mark.time } };
	const int fd = open_beside(cache, kind, id, "mark");

	if (fd < 0)
		return;
	/* the size first: setting it touches the time */
	if (cache_may_write((size_t)mark.value) &&
	    ftruncate(fd, mark.value) == 0)
		(void)futimens(fd, when);
	close(fd);
}

bool
cache_remove(struct cache *cache, enum cache_kind kind, const char *id)
{
	const int dir = kind_dir(cache, kind, CACHE_OWN, false);
	char name[NAME_SIZE];
	bool ok;

	if (dir < 0)
		return false;
	(void)snprintf(name, sizeof(name), "%s.mark", id);
	(void)unlinkat(dir, name, 0);
	ok = unlinkat(dir, id, 0) == 0;
	close(dir);
	return ok;
}

enum cache_taking
cache_take(struct cache *cache, enum cache_kind kind, const char *id,
    int64_t until)
{
	const struct timespec when[2] = { { .tv_sec = until },
		{ .tv_sec = until } };
	const int dir = kind_dir(cache, kind, CACHE_OWN, true);
	enum cache_taking taking = CACHE_CANNOT_TAKE;
	int fd, list;

	if (dir < 0)
		return CACHE_CANNOT_TAKE;
	fd = openat(dir, id,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		taking = CACHE_TAKEN_BEFORE;
	/* the descriptor of a path cannot be synced */
	list = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && list >= 0 && futimens(fd, when) == 0 && fsync(fd) == 0 &&
	    fsync(list) == 0)
		taking = CACHE_TAKEN_NOW;
	if (list >= 0)
		close(list);
	if (fd >= 0)
		close(fd);
	close(dir);
	return taking;
}

bool
cache_is_taken(struct cache *cache, enum cache_kind kind, const char *id)
{
	const int dir = kind_dir(cache, kind, CACHE_OWN, false);
	bool taken;

	if (dir < 0)
		return false;
	taken = faccessat(dir, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	close(dir);
	return taken;
}

bool
cache_is_writable(struct cache *cache)
{
	const int dir = kind_dir(cache, CACHE_KEYS, CACHE_OWN, true);
	bool ok;

	if (dir < 0)
		return false;
	ok = faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0;
	close(dir);
	return ok;
}
