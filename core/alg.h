/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_ALG_H
#define AUDIENT_ALG_H

#include "crypto.h"

/*
 * The signature algorithms of RFC 7518 section 3.1 that can be allowed.
 * "none" and the symmetric ones are not among them and so cannot be.
 */
enum alg {
	ALG_RS256,
	ALG_RS384,
	ALG_RS512,
	ALG_PS256,
	ALG_PS384,
	ALG_PS512,
	ALG_ES256,
	ALG_ES384,
	ALG_ES512,
};
#define ALG_COUNT (ALG_ES512 + 1)

typedef unsigned int alg_set; /* of ALG_BIT()s */
#define ALG_BIT(alg) (1U << (unsigned int)(alg))

enum alg_family { FAMILY_RSA_PKCS1, FAMILY_RSA_PSS, FAMILY_ECDSA };

/* False if name is none of the above, byte for byte. */
bool alg_find(struct span name, enum alg *alg);
const char *alg_name(enum alg alg);
enum alg_family alg_family(enum alg alg);
/* Bytes of every signature; 0 if that depends on the key. */
size_t alg_signature_size(enum alg alg);
const char *alg_digest(enum alg alg); /* OpenSSL's name of it */

#endif
