/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CRYPTO_H
#define AUDIENT_CRYPTO_H

#include <openssl/types.h>

#include "buf.h"

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

/*
 * OpenSSL for ourselves alone: a library context that neither the host's
 * providers nor openssl.cnf reach.  It is made when somebody needs it: many a
 * process that loads a plug-in never sees a token, and this would be most of
 * what the plug-in costs it.  Threads share it.  Every function leaves the
 * error queue as it found it.
 */
struct crypto {
	struct crypto_lazy *lazy;
};

MUST_CHECK enum reason crypto_open(struct crypto *crypto);
void crypto_close(struct crypto *crypto); /* fine after a failed open */

/*
 * The context, borrowed; NULL if there is no memory for it.  OpenSSL takes
 * NULL for the host's own, so nobody may pass that on.
 */
OSSL_LIB_CTX *crypto_context(const struct crypto *crypto);

MUST_CHECK enum reason crypto_sha256(const struct crypto *crypto, struct span s,
    unsigned char md[SHA256_SIZE]);

/* Lower-case hexadecimal digits of bytes: size - 1 of them, and a NUL. */
void crypto_hex(const unsigned char *bytes, char *hex, size_t size);

/* The digest of s in lower-case hexadecimal digits, NUL-terminated. */
MUST_CHECK enum reason crypto_sha256_hex(const struct crypto *crypto,
    struct span s, char hex[SHA256_HEX_SIZE]);

#endif
