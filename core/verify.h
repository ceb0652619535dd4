/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_VERIFY_H
#define AUDIENT_VERIFY_H

#include "alg.h"

/*
 * A key made ready to check signatures of one algorithm.  Making it ready
 * costs a fifth of a verification, so it is kept; one thread at a time may
 * use it.
 */
struct verifier;

/* The verifier holds its own reference to pkey. */
MUST_CHECK enum reason verifier_new(struct verifier **verifierp,
    const struct crypto *crypto, EVP_PKEY *pkey, enum alg alg);
void verifier_free(struct verifier *v); /* NULL is fine */

/*
 * Is sig, in the form of RFC 7518 section 3, a signature of text?
 * REASON_OK, REASON_SIGNATURE_INVALID or, for trouble of our own,
 * REASON_OUT_OF_MEMORY.  The caller has compared the length of sig with what
 * the key demands.
 */
MUST_CHECK enum reason verifier_check(struct verifier *v, struct span text,
    struct span sig);

#endif
