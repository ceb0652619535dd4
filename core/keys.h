/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_KEYS_H
#define AUDIENT_KEYS_H

#include <pthread.h>

#include "jwk.h"
#include "jws.h"
#include "verify.h"

#define KEYS_MAX      32
#define KEYS_SIZE_MAX (256 * 1024) /* bytes of a JWKS document */

/* One member of a set, usable or not, with verifiers ready for use. */
struct key;

/*
 * A key set (RFC 7517 section 5): immutable, shared between threads and
 * counted.  Verifiers are made on demand and kept in the key.
 */
struct keys;

/*
 * Takes what the issuer published.  REASON_KEY_UNUSABLE: not a set, more than
 * KEYS_MAX members, no usable key at all, or a private or symmetric key among
 * them; why says so, and the set that was there before stays in use.  crypto
 * has to outlive the set.
 */
MUST_CHECK enum reason keys_parse(const struct crypto *crypto,
    const struct json *jwks, struct keys **keysp, struct text *why);
struct keys *keys_hold(struct keys *keys); /* one more reference */
void keys_release(struct keys *keys);	   /* NULL is fine */

size_t keys_count(const struct keys *keys);

/*
 * The key that the header names, borrowed from the set.  Without a kid the
 * set has to have just one key that fits.  REASON_KEY_UNKNOWN if there is
 * none, REASON_KEY_UNUSABLE if it may not be used for header->alg; *why is
 * then the reason, static text.
 */
MUST_CHECK enum reason keys_find(struct keys *keys,
    const struct jws_header *header, struct key **keyp, const char **why);

/* REASON_OK, REASON_TOKEN_TRUNCATED, REASON_SIGNATURE_INVALID, … */
MUST_CHECK enum reason key_verify(struct key *key, enum alg alg,
    const struct token *token);
/* How many letters of base64url its signatures have. */
size_t key_signature_letters(const struct key *key);

/* For lists: what the key is, in a few words. */
void keys_show(const struct keys *keys, size_t i, struct text *text);

#endif
