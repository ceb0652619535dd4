/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CACHE_H
#define AUDIENT_CACHE_H

#include <stdint.h>

#include "crypto.h"

/*
 * Records on disk, shared by the processes of a user.  A process writes only
 * below <cache>/<euid>/ and reads <cache>/0/keys/ as well, which root's timer
 * keeps supplied.  The base directory stays open, so that a process that
 * enters a chroot later still reaches it.
 *
 * A record is written whole or not at all.  One that is torn, foreign,
 * writable by others or linked from elsewhere is the same as none.  Where
 * there is no directory to write to, nothing is kept and nothing fails.
 */
struct cache;

enum cache_kind {
	CACHE_KEYS,	/* public: issuer metadata and key sets */
	CACHE_USERINFO, /* private: what /userinfo said, by hash of the token */
	CACHE_COUNTS,	/* private: how many decisions there were */
	CACHE_USED,	/* private: tokens that are good for one use */
	CACHE_LOGIN,	/* private: from a login to its session; not fsync'd */
};

enum cache_owner {
	CACHE_OWN,  /* of the effective user */
	CACHE_ROOT, /* of root; only for CACHE_KEYS */
};

/*
 * crypto is borrowed and has to outlive the cache.  Root makes a directory
 * that is missing, if it may.
 */
MUST_CHECK enum reason cache_open(struct cache **cachep, const char *dir,
    const struct crypto *crypto, bool may_create);
void cache_close(struct cache *cache); /* NULL is fine */

/* id is a file name: lower-case letters, digits, '-'. */

/* Appends the record to body; false, and body as it was, if there is none. */
bool cache_load(struct cache *cache, enum cache_kind kind,
    enum cache_owner owner, const char *id, struct buf *body);

/*
 * An exclusive lock that one process of the user can hold per id; the holder
 * alone may store.  Waits up to wait_ms.  *lock is -1 if there is no
 * directory, or if somebody sat on the lock for all that time.
 */
int cache_lock(struct cache *cache, enum cache_kind kind, const char *id,
    int wait_ms);
void cache_unlock(int lock); /* -1 is fine */

/* False: nothing was stored, and the old record is still there. */
bool cache_store(struct cache *cache, enum cache_kind kind, const char *id,
    int lock, struct span body);

/*
 * A moment and a small number that outlive the process: when an issuer was
 * last asked, and what came of it.  One that lies more than a minute ahead of
 * now is none.  time is 0 if there is none; of our own and root's the later
 * one counts.
 */
struct cache_mark {
	int64_t time;
	int value; /* 0 to 255 */
};

struct cache_mark cache_get_mark(struct cache *cache, enum cache_kind kind,
    const char *id, int64_t now);
void cache_set_mark(struct cache *cache, enum cache_kind kind, const char *id,
    struct cache_mark mark);

/* Removes our own record and mark; true if there was a record. */
bool cache_remove(struct cache *cache, enum cache_kind kind, const char *id);

/*
 * A name that can be taken once, by one of all processes of the user, and
 * stays taken until a sweep after the time until.  It is on disk when the
 * call returns.
 */
enum cache_taking { CACHE_TAKEN_NOW, CACHE_TAKEN_BEFORE, CACHE_CANNOT_TAKE };
enum cache_taking cache_take(struct cache *cache, enum cache_kind kind,
    const char *id, int64_t until);
bool cache_is_taken(struct cache *cache, enum cache_kind kind, const char *id);

struct cache_limits {
	int64_t max_age;   /* seconds since a file's time */
	int64_t max_ahead; /* seconds until then */
	size_t max;	   /* files */
};

/*
 * Removes our own files of a kind that are beyond the limits, the oldest ones
 * first; not more often than once a minute.
 */
void cache_sweep(struct cache *cache, enum cache_kind kind, int64_t now,
    const struct cache_limits *limits);

/* Can the effective user store anything? */
bool cache_is_writable(struct cache *cache);

#endif
