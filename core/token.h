/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TOKEN_H
#define AUDIENT_TOKEN_H

#include "buf.h"

#define TOKEN_MAX 16384 /* longest token we look at, in bytes */

enum token_kind {
	TOKEN_NONE,   /* refused: there is nothing to check */
	TOKEN_JWS,    /* three segments, checked here (RFC 7515 section 7.1) */
	TOKEN_OPAQUE, /* only the issuer can read it */
};

/* Views into the caller's bytes: as long-lived as those, no longer. */
struct token {
	enum token_kind kind;
	struct span raw;
	struct span header; /* also of a five-segment opaque token */
	struct span payload;
	struct span signature;
	struct span signed_part; /* header "." payload */
};

/*
 * Says what raw is, from its bytes alone, and fills in *token.  The answer is
 * final: a JWS that later fails is refused and never becomes an opaque token.
 * Anything but REASON_OK leaves token->kind at TOKEN_NONE.
 *
 * Opaque are a single word, and a JWE whose key only the issuer has (five
 * segments, the second one empty: "alg":"dir").
 */
MUST_CHECK enum reason token_classify(struct span raw, struct token *token);

#endif
