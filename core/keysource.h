/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_KEYSOURCE_H
#define AUDIENT_KEYSOURCE_H

#include "issuer.h"
#include "keys.h"

/*
 * Where a tenant's keys come from: records on disk, the administrator's file,
 * the issuer.  Decides nothing about when to look where; keyset does.
 */
struct keysource {
	const struct tenant *tenant;
	const struct world *world;
};

/* A set and what is known about it. */
struct keyring {
	struct keys *keys; /* one reference, owned */
	int64_t fetched;   /* when the issuer said so */
	int64_t skew;	   /* seconds that its clock was ahead of ours then */
	bool has_skew;
};

/*
 * What the record is called in the cache; false if memory is short.  It takes
 * a digest, so it is made when somebody needs it and not before.
 */
#define KEYSOURCE_NAME_SIZE (ISSUER_ID_SIZE + 8)
bool keysource_name(const struct keysource *source,
    char name[KEYSOURCE_NAME_SIZE]);

/* The record of an owner, if it is whole, ours and newer than a time. */
bool keysource_load(const struct keysource *source, enum cache_owner owner,
    int64_t newer_than, struct keyring *ring);

/*
 * The tenant's jwks_file.  REASON_CONFIG_INVALID, and why with the path, or
 * REASON_OUT_OF_MEMORY.
 */
MUST_CHECK enum reason keysource_read_file(const struct keysource *source,
    struct keyring *ring, struct text *why);

/*
 * Asks the issuer, stores what it says under the lock, unless that is -1, and
 * returns it.  *status is the last HTTP status, 0 if there was none.
 */
MUST_CHECK enum issuer_result keysource_ask(const struct keysource *source,
    int lock, int64_t deadline_ms, struct keyring *ring, int *status,
    struct text *why);

#endif
