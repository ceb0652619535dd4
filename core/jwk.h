/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JWK_H
#define AUDIENT_JWK_H

#include "alg.h"
#include "json.h"

#define KID_MAX 256

/* A public key that passed every check below, and what it may verify. */
struct jwk {
	char *kid; /* owned; NULL if the key has none */
	EVP_PKEY *pkey;
	alg_set algs;
	size_t signature_size; /* bytes that each of its signatures has */
};

/*
 * What may become of a member of a key set (RFC 7517):
 * REASON_OK             a usable key
 * REASON_KEY_UNUSABLE   skip it: unknown type, not for signatures, or weak
 * REASON_CLAIM_INVALID  the whole set is not to be trusted: it publishes a
 *                       private or a symmetric key
 */

/*
 * RSA: 2048 to 8192 bits, e odd and 65537 or more but below 2^32.  EC: P-256,
 * P-384 or P-521, a point on the curve, coordinates of full length.  "use",
 * "key_ops" and "alg" must agree.  OpenSSL would take far more than that.
 * Unless REASON_OK, why says what is wrong and *jwk is empty.
 */
MUST_CHECK enum reason jwk_import(const struct crypto *crypto,
    const struct json *v, struct jwk *jwk, struct text *why);
void jwk_clear(struct jwk *jwk);

#endif
