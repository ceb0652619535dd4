/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* What the file contained at one time; shared and counted. */
struct watch_reading {
	unsigned int refs; /* under the lock of the watched file */
	void *object;
};

struct watched {
	const char *path;
	const char *name; /* in dir */
	int dir;
	const struct watch_kind *kind;
	pthread_mutex_t lock; /* of all below */
	struct stat seen;     /* when it was read; st_ino 0: not there */
	uint64_t generation;
	struct watch_reading *now; /* NULL: the file is bad */
	struct text problem;
};

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size && a->st_uid == b->st_uid &&
	    a->st_mode == b->st_mode &&
	    memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) == 0 &&
	    memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) == 0;
}

static void
drop(struct watched *w, struct watch_reading *reading)
{
	if (reading == NULL || --reading->refs > 0)
		return;
	w->kind->destroy(reading->object);
	free(reading);
}

/* Reads the file; whatever comes of it, the reading before is over. */
static enum reason
read_again(struct watched *w)
{
	struct buf text = BUF_INIT(w->kind->size_max);
	struct watch_reading *reading = NULL;
	unsigned int line = 0;
	enum reason reason;
	struct text why;

	text_clear(&why);
	text_clear(&w->problem);
	w->generation++;
	drop(w, w->now);
	w->now = NULL;
	if ((reading = calloc(1, sizeof(*reading))) == NULL)
		reason = REASON_OUT_OF_MEMORY;
	else if ((reason = file_read_in(w->dir, w->name, &text, &why)) ==
	    REASON_OK)
		reason = w->kind->parse(buf_span(&text), &reading->object,
		    &line, &why);
	buf_free(&text);
	if (reason == REASON_OK) {
		reading->refs = 1;
		w->now = reading;
		return REASON_OK;
	}
	free(reading);
	if (line != 0)
		text_printf(&w->problem, "%s:%u: %s", w->path, line, why.s);
	else
		text_printf(&w->problem, "%s: %s", w->path,
		    why.len > 0 ? why.s : reason_text(reason));
	return reason;
}

/* Is the file still the one that was read?  If not, it is read again. */
static enum reason
look(struct watched *w)
{
	struct stat st = { .st_ino = 0 };
	enum reason reason;

	if (fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		memset(&st, 0, sizeof(st));
	if (w->generation != 0 && is_same(&st, &w->seen))
		return w->now != NULL ? REASON_OK : REASON_CONFIG_INVALID;
	/* before it is read: what is written meanwhile is seen next time */
	w->seen = st;
	if ((reason = read_again(w)) == REASON_OUT_OF_MEMORY)
		w->seen.st_ino = 0;
	return reason;
}

enum reason
watch_open(struct watched **watchedp, const char *path,
    const struct watch_kind *kind, struct text *problem)
{
	enum reason reason;
	struct watched *w;
	struct text why;

	*watchedp = NULL;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		return REASON_OUT_OF_MEMORY;
	w->path = path;
	w->kind = kind;
	text_clear(&why);
	if ((w->dir = file_open_parent(path, &w->name, &why)) < 0) {
		text_printf(problem, "%s: %s", path, why.s);
		free(w);
		return REASON_CONFIG_INVALID;
	}
	if (pthread_mutex_init(&w->lock, NULL) != 0) {
		(void)close(w->dir);
		free(w);
		return REASON_OUT_OF_MEMORY;
	}
	if ((reason = look(w)) != REASON_OK) {
		text_add(problem, span_of(w->problem.s), TEXT_MAX);
		watch_close(w);
		return reason;
	}
	*watchedp = w;
	return REASON_OK;
}

void
watch_close(struct watched *w)
{
	if (w == NULL)
		return;
	drop(w, w->now);
	(void)close(w->dir);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

enum reason
watch_hold(struct watched *w, struct watch_view *view, struct text *problem)
{
	enum reason reason;

	*view = (struct watch_view){ .object = NULL };
	(void)pthread_mutex_lock(&w->lock);
	if ((reason = look(w)) == REASON_OK) {
		w->now->refs++;
		view->reading = w->now;
		view->object = w->now->object;
	} else
		text_add(problem, span_of(w->problem.s), TEXT_MAX);
	(void)pthread_mutex_unlock(&w->lock);
	return reason;
}

void
watch_release(struct watched *w, struct watch_view *view)
{
	if (view->reading == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	drop(w, view->reading);
	(void)pthread_mutex_unlock(&w->lock);
	*view = (struct watch_view){ .object = NULL };
}

uint64_t
watch_generation(struct watched *w)
{
	uint64_t generation;

	if (w == NULL)
		return 0;
	(void)pthread_mutex_lock(&w->lock);
	(void)look(w);
	generation = w->generation;
	(void)pthread_mutex_unlock(&w->lock);
	return generation;
}

void
watch_after_fork(struct watched *w)
{
	if (w != NULL)
		(void)pthread_mutex_init(&w->lock, NULL);
}
