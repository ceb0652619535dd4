/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JWS_H
#define AUDIENT_JWS_H

#include "alg.h"
#include "token.h"
#include "trace.h"

#define JWS_HEADER_MAX	 2048 /* bytes, decoded */
#define JWS_HEADER_NODES 64

/*
 * The JOSE header (RFC 7515 section 4) of a token that we may look at.  kid
 * points into text, so a header is never copied.
 */
struct jws_header {
	enum alg alg;
	struct span kid; /* len 0: none */
	bool is_at_jwt;	 /* "typ" is at+jwt (RFC 9068 section 2.1) */
	bool is_jwe;	 /* it has an "enc": three of five segments */
	struct json nodes[JWS_HEADER_NODES];
	char text[JWS_HEADER_MAX];
};

/*
 * Reads the header and refuses what no key may save: an algorithm outside
 * allowed, "crit", "b64", "zip", keys and URLs inside the token, another
 * type.  Whatever the answer, *header may be read afterwards.
 */
MUST_CHECK enum reason jws_read_header(const struct token *token,
    alg_set allowed, struct jws_header *header, struct trace *trace);

#endif
