/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CRYPTO_H
#define AUDIENT_CRYPTO_H

#include <openssl/types.h>

#include "buf.h"

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

/*
 * OpenSSL for ourselves alone: a library context that neither the host's
 * providers nor openssl.cnf reach.  Immutable once opened, so threads share
 * it.  Every function leaves the error queue as it found it.
 */
struct crypto {
	OSSL_LIB_CTX *ctx;
	EVP_MD *sha256;
};

MUST_CHECK enum reason crypto_open(struct crypto *crypto);
void crypto_close(struct crypto *crypto); /* fine after a failed open */

MUST_CHECK enum reason crypto_sha256(const struct crypto *crypto, struct span s,
    unsigned char md[SHA256_SIZE]);

/* The digest of s in lower-case hexadecimal digits, NUL-terminated. */
MUST_CHECK enum reason crypto_sha256_hex(const struct crypto *crypto,
    struct span s, char hex[SHA256_HEX_SIZE]);

#endif
