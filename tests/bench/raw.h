/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BENCH_RAW_H
#define AUDIENT_BENCH_RAW_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#define RAW_FILE_MAX 65536

/*
 * What the signature of a token alone costs: a digest and EVP_PKEY_verify,
 * with contexts that are used again.  Everything else is measured by it.
 */
struct raw {
	json_t *jwk; /* of the token's key; borrowed from the set */
	const char *kid;
	EVP_PKEY *key;
	EVP_PKEY_CTX *check;
	EVP_MD_CTX *hash;
	EVP_MD *md;
	const char *text; /* borrowed from the token */
	size_t text_len;
	unsigned char sig[1024];
	size_t sig_len;
};

/* These end the program if they fail. */
void raw_slurp(const char *path, char out[RAW_FILE_MAX]); /* a line of text */
void raw_open(struct raw *raw, const char *token, const json_t *jwks);
_Noreturn void raw_die(const char *what);

bool raw_verify(const struct raw *raw);

#endif
