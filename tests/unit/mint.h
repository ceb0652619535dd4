/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_MINT_H
#define AUDIENT_MINT_H

#include "alg.h"

/*
 * The other side: keys, key sets and tokens, good ones and every kind of bad
 * one.  What is returned as char * is for the caller to free().
 */
enum mint_key {
	MINT_RSA, /* 2048 bits */
	MINT_RSA_OTHER,
	MINT_P256,
	MINT_P256_OTHER,
	MINT_P384,
	MINT_P521,
	MINT_KEYS,
};

/* How to sign; zero is what the algorithm says. */
struct mint_how {
	const char *md;	 /* another digest, such as "SHA384" */
	const char *mgf; /* another one for MGF1 */
	int salt;	 /* another salt, in bytes plus one */
	bool is_der;	 /* ECDSA-Sig-Value instead of r || s */
};

/* base64url of n bytes */
char *mint_b64url(const void *bytes, size_t n);

/* What it encodes, behind what out has. */
void mint_decode(const char *s, struct buf *out);

/* The public key as an issuer publishes it; more, say "\"use\":\"sig\"". */
char *mint_jwk(enum mint_key key, const char *kid, const char *more);
/* {"keys":[…]} of the n texts, which are freed. */
char *mint_jwks(char *jwk[], size_t n);
/* A number of a key in base64url: "n", "x", "y". */
char *mint_number(enum mint_key key, char which);

/* The bytes of a signature of text. */
struct buf mint_signature(enum mint_key key, enum alg alg, struct span text,
    const struct mint_how *how);

/* header.payload.signature; how may be NULL. */
char *mint_token(enum mint_key key, enum alg alg, const char *header,
    const char *payload, const struct mint_how *how);
/* The same with a payload that is no text. */
char *mint_token_bytes(enum mint_key key, enum alg alg, const char *header,
    struct span payload, const struct mint_how *how);
/* The same with a signature that is given. */
char *mint_assemble(const char *header, const char *payload,
    struct span signature);

void mint_end(void); /* forgets the keys */

#endif
