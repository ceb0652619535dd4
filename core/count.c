/* SPDX-License-Identifier: BSD-2-Clause */
#include "count.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cachedir.h"
#include "file.h"

#define FILE_SIZE_MAX 4096
#define DIGITS	      20 /* of 64 bits; all lines of a name are as long */
#define NAME_SIZE     65 /* of a service, as audient.conf(5) has it */
#define LOCK_TRIES    64
#define NAME_LETTERS                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789-._"

/* Names come from the host; one that could be a path is as good as none. */
static bool
is_name(const char *s)
{
	const size_t n = strlen(s);

	return n > 0 && n < NAME_SIZE && s[0] != '.' &&
	    strspn(s, NAME_LETTERS) == n;
}

/*
 * Nobody waits for somebody who hangs: the lock is held for microseconds, and
 * a count is not worth a login.
 */
static bool
lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		(void)sched_yield();
	}
	return false;
}

static bool
take_digits(struct span s, uint64_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		*n = 10 * *n + (uint64_t)(s.ptr[i] - '0');
	}
	return s.len == DIGITS;
}

/* The next line of a file; false at its end and where it is damaged. */
static bool
next_line(struct span *text, struct span *reason, uint64_t *n)
{
	struct span line;

	return span_cut(text, '\n', &line) && span_cut(&line, ' ', reason) &&
	    reason->len > 0 && take_digits(line, n);
}

/* Where the line of a reason begins, or where it is to begin. */
static size_t
find_line(struct span whole, const char *reason, uint64_t *n)
{
	struct span text = whole, word;

	for (;;) {
		const size_t at = whole.len - text.len;

		if (!next_line(&text, &word, n)) {
			*n = 0;
			return at;
		}
		if (span_is(word, reason))
			return at;
	}
}

static void
add(int fd, const char *reason, uint64_t more)
{
	char text[FILE_SIZE_MAX], line[128];
	const ssize_t len = pread(fd, text, sizeof(text), 0);
	uint64_t n = 0;
	size_t at;
	int size;

	if (len < 0)
		return;
	at = find_line((struct span){ .ptr = text, .len = (size_t)len }, reason,
	    &n);
	size = snprintf(line, sizeof(line), "%s %0*llu\n", reason, DIGITS,
	    (unsigned long long)n + more);
	if (size > 0 && at + (size_t)size <= FILE_SIZE_MAX &&
	    cache_may_write(at + (size_t)size))
		(void)!pwrite(fd, line, (size_t)size, (off_t)at);
}

void
count_decisions(struct cache *cache, const char *service, enum reason reason,
    uint64_t n)
{
	const int dir = cache_own_dir(cache, CACHE_COUNTS, true);
	int fd;

	if (dir < 0)
		return;
	fd = openat(dir, is_name(service) ? service : "other",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
	    0600);
	close(dir);
	if (fd < 0)
		return;
	if (lock(fd))
		add(fd, reason_name(reason), n);
	close(fd); /* and with it goes the lock */
}

struct reader {
	void (*each)(void *arg, const char *service, const char *reason,
	    uint64_t n);
	void *arg;
	bool found;
};

static void
read_file(struct reader *r, int dir, const char *service, uid_t uid)
{
	struct buf text = BUF_INIT(FILE_SIZE_MAX);
	struct span rest, word;
	char reason[NAME_SIZE];
	uint64_t n;

	if (file_read_at(dir, service, uid, &text)) {
		rest = buf_span(&text);
		while (next_line(&rest, &word, &n)) {
			(void)snprintf(reason, sizeof(reason), "%.*s",
			    (int)word.len, word.ptr);
			r->found = true;
			r->each(r->arg, service, reason, n);
		}
	}
	buf_free(&text);
}

/* A directory that only its owner can write, to be listed; or NULL. */
static DIR *
open_list(int at, const char *name, uid_t uid)
{
	const int fd =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = NULL;

	if (fd >= 0 &&
	    (!file_is_private_dir(fd, uid) || (dir = fdopendir(fd)) == NULL))
		close(fd);
	return dir;
}

static void
read_user(struct reader *r, int base, const char *name)
{
	const struct dirent *d;
	char path[32];
	uint64_t uid = 0;
	DIR *dir;

	for (const char *p = name; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return;
		uid = 10 * uid + (uint64_t)(*p - '0');
		if (uid > UINT32_MAX) /* no uid, and not another one's */
			return;
	}
	(void)snprintf(path, sizeof(path), "%u/counts", (unsigned int)uid);
	if ((dir = open_list(base, path, (uid_t)uid)) == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		if (is_name(d->d_name))
			read_file(r, dirfd(dir), d->d_name, (uid_t)uid);
	(void)closedir(dir);
}

bool
count_read(const char *cache_dir,
    void (
	*each)(void *arg, const char *service, const char *reason, uint64_t n),
    void *arg)
{
	struct reader r = { .each = each, .arg = arg };
	const struct dirent *d;
	DIR *dir;

	if ((dir = open_list(AT_FDCWD, cache_dir, geteuid())) == NULL)
		return false;
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			read_user(&r, dirfd(dir), d->d_name);
	(void)closedir(dir);
	return r.found;
}
