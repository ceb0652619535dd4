/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JWS_H
#define AUDIENT_JWS_H

#include "alg.h"
#include "token.h"
#include "trace.h"

/* The JOSE header (RFC 7515 section 4) of a token that we may look at. */
struct jws_header {
	enum alg alg;
	struct span kid;    /* len 0: none; lives as long as the header */
	bool is_at_jwt;	    /* "typ" is at+jwt (RFC 9068 section 2.1) */
	struct json *owned; /* what kid points into */
};

/*
 * Reads the header and refuses what no key may save: an algorithm outside
 * allowed, "crit", "b64", "zip", keys and URLs inside the token, another
 * type.  *header is written in every case; jws_header_clear() releases it.
 */
MUST_CHECK enum reason jws_read_header(const struct token *token,
    alg_set allowed, struct jws_header *header, struct trace *trace);
void jws_header_clear(struct jws_header *header);

#endif
