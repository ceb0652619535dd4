/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cachedir.h"

#define SWEEP_ID    "sweep"
#define SWEEP_EVERY 60	  /* seconds */
#define SEEN_MAX    65536 /* files of a directory that are looked at */

/* Files of a directory, the oldest first. */
struct found {
	char *name;
	int64_t time;
};

static int
by_time(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

static bool
is_swept(const char *name)
{
	return name[0] != '.' && strcmp(name, SWEEP_ID ".mark") != 0;
}

static bool
is_lock(const char *name)
{
	const size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".lock") == 0;
}

/* A lock goes while we hold it, so that nobody else does. */
static void
discard(int dir, const char *name)
{
	int fd = -1;

	if (is_lock(name)) {
		fd = openat(dir, name,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			close(fd);
			return;
		}
	}
	(void)unlinkat(dir, name, 0);
	if (fd >= 0)
		close(fd);
}

static size_t
list(DIR *dir, struct found *found)
{
	const struct dirent *d;
	struct stat st;
	size_t n = 0;

	while (n < SEEN_MAX && (d = readdir(dir)) != NULL) {
		if (!is_swept(d->d_name) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    (found[n].name = strdup(d->d_name)) == NULL)
			continue;
		found[n++].time = st.st_mtim.tv_sec;
	}
	qsort(found, n, sizeof(*found), by_time);
	return n;
}

static void
sweep(DIR *dir, int64_t now, const struct cache_limits *limits)
{
	struct found *found;
	size_t n;

	if ((found = reallocarray(NULL, SEEN_MAX, sizeof(*found))) == NULL)
		return;
	n = list(dir, found);
	for (size_t i = 0; i < n; i++) {
		if (now - found[i].time > limits->max_age ||
		    found[i].time - now > limits->max_ahead ||
		    n - i > limits->max)
			discard(dirfd(dir), found[i].name);
		free(found[i].name);
	}
	free(found);
}

void
cache_sweep(struct cache *cache, enum cache_kind kind, int64_t now,
    const struct cache_limits *limits)
{
	const struct cache_mark last =
	    cache_get_mark(cache, kind, SWEEP_ID, now);
	int path, fd;
	DIR *dir;

	if (now - last.time < SWEEP_EVERY)
		return;
	cache_set_mark(cache, kind, SWEEP_ID,
	    (struct cache_mark){ .time = now });
	if ((path = cache_own_dir(cache, kind, false)) < 0)
		return;
	/* the descriptor of a path cannot be listed */
	fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(path);
	if (fd < 0)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	sweep(dir, now, limits);
	(void)closedir(dir);
}
