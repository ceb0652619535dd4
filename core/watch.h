/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_WATCH_H
#define AUDIENT_WATCH_H

#include <stdint.h>

#include "text.h"

/*
 * A file of the administrator's that is read again when it changes, so that
 * what he writes there counts from the next login on, also in a host that
 * runs for months or has entered a chroot.
 */
struct watched;

/* How the text of such a file becomes an object, and how that ends. */
struct watch_kind {
	size_t size_max;
	enum reason (*parse)(struct span text, void **objectp,
	    unsigned int *line, struct text *why);
	void (*destroy)(void *object);
};

/*
 * Reads path for the first time.  kind and path are borrowed.  On failure
 * *watchedp is NULL and problem says "path:line: what".
 */
MUST_CHECK enum reason watch_open(struct watched **watchedp, const char *path,
    const struct watch_kind *kind, struct text *problem);
void watch_close(struct watched *watched); /* NULL is fine */

/* One reading of the file; the object lives until watch_release(). */
struct watch_view {
	const void *object;
	struct watch_reading *reading;
};

/*
 * The object as the file is now.  A file that has become bad or has gone
 * brings REASON_CONFIG_INVALID and the problem, until it is good again.
 */
MUST_CHECK enum reason watch_hold(struct watched *watched,
    struct watch_view *view, struct text *problem);
void watch_release(struct watched *watched, struct watch_view *view);

/* Changes whenever the file does; 0 only for watched NULL. */
uint64_t watch_generation(struct watched *watched);

/* The calling process is a new one; its only thread is the calling one. */
void watch_after_fork(struct watched *watched);

#endif
