/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_KEYSET_H
#define AUDIENT_KEYSET_H

#include "keys.h"
#include "tenant.h"
#include "world.h"

/*
 * The keys of one tenant: in memory, on disk for all processes, and from the
 * network when those two are too old or do not have a key.
 *
 * A set is fresh for keys_max_age seconds.  Then one process asks the issuer
 * while the others wait for it.  While the issuer gives no answer an old set
 * serves for keys_max_stale seconds; once it answers anything over verified
 * TLS, or somebody with a wrong certificate does, it does not.  For a key that
 * a fresh set lacks the issuer is asked at most once per refetch_cooldown, by
 * all processes together.
 */
struct keyset;

/* tenant and world are borrowed and have to outlive the keyset. */
MUST_CHECK enum reason keyset_open(struct keyset **keysetp,
    const struct tenant *tenant, const struct world *world);
void keyset_close(struct keyset *keyset); /* NULL is fine */

/* A key, and the set that it was found in. */
struct keyset_key {
	struct keys *keys; /* held for the caller; owns key */
	struct key *key;
	uint64_t generation; /* of that set, as keyset_generation() said */
};

/*
 * Finds the key that signed a token with this header.  On success the caller
 * holds found->keys, and releases it with keys_release().  May use the
 * network until deadline_ms; never, if that has passed.
 * REASON_KEY_UNKNOWN, REASON_KEY_UNUSABLE, REASON_ISSUER_UNAVAILABLE,
 * REASON_RATE_LIMITED, REASON_CONFIG_INVALID, REASON_OUT_OF_MEMORY.
 */
MUST_CHECK enum reason keyset_find(struct keyset *keyset,
    const struct jws_header *header, int64_t deadline_ms,
    struct keyset_key *found, struct trace *trace);

/*
 * Has the set at hand, however old, this key?  No network.  *letters is then
 * the length of its signatures in a token; letters may be NULL.
 */
bool keyset_knows(struct keyset *keyset, const struct jws_header *header,
    size_t *letters);

/*
 * Asks the issuer now, whatever the age of the set, but not more often than
 * the cooldown allows unless forced.
 */
MUST_CHECK enum reason keyset_refresh(struct keyset *keyset, bool is_forced,
    int64_t deadline_ms, struct text *why);

/* Looks on disk for a newer set than the one in memory. */
void keyset_load(struct keyset *keyset);

/* The set in memory, held for the caller, or NULL. */
struct keys *keyset_peek(struct keyset *keyset, int64_t *fetched);

/* Changes with the set in memory; 0 while that is not fresh. */
uint64_t keyset_generation(struct keyset *keyset);

/*
 * By how many seconds the issuer's clock was ahead of ours when it was last
 * asked; false if that is not known.
 */
bool keyset_skew(struct keyset *keyset, int64_t *seconds);

/* The calling process is a new one: begins with nothing in memory. */
void keyset_after_fork(struct keyset *keyset);

/* Forgets the set in memory and our own one on disk. */
void keyset_flush(struct keyset *keyset);

#endif
