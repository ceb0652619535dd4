/* SPDX-License-Identifier: BSD-2-Clause */
#include "token.h"

#include <string.h>

#include "b64url.h"

#define SEGMENTS_JWS 3
#define SEGMENTS_JWE 5
#define OPAQUE_MIN   16	   /* the shortest that Auth0 ever issued */
#define JOSE_START   "eyJ" /* how a JOSE header begins: {" */

/* Cuts s at its dots; counts on, but stores no more than five segments. */
static size_t
split(struct span s, struct span seg[static SEGMENTS_JWE])
{
	struct span head;
	size_t n = 0;
	bool more;

	do {
		more = span_cut(&s, '.', &head);
		if (n < SEGMENTS_JWE)
			seg[n] = head;
		n++;
	} while (more && n <= SEGMENTS_JWE);
	return n;
}

static enum reason
classify_jws(const struct span seg[static SEGMENTS_JWS], struct token *token)
{
	/* An empty signature is what an unsecured JWS (alg "none") has. */
	if (seg[0].len == 0 || seg[1].len == 0 || seg[2].len == 0)
		return REASON_TOKEN_MALFORMED;
	token->kind = TOKEN_JWS;
	token->header = seg[0];
	token->payload = seg[1];
	token->signature = seg[2];
	token->signed_part.ptr = token->raw.ptr;
	token->signed_part.len = seg[0].len + 1 + seg[1].len;
	return REASON_OK;
}

static enum reason
classify_jwe(const struct span seg[static SEGMENTS_JWE], struct token *token)
{
	if (seg[1].len != 0)
		return REASON_TOKEN_ENCRYPTED; /* a key wrapped for an API */
	for (size_t i = 0; i < SEGMENTS_JWE; i++)
		if (i != 1 && seg[i].len == 0)
			return REASON_TOKEN_MALFORMED;
	token->kind = TOKEN_OPAQUE;
	token->header = seg[0];
	return REASON_OK;
}

enum reason
token_classify(struct span raw, struct token *token)
{
	struct span seg[SEGMENTS_JWE];
	size_t n;

	memset(token, 0, sizeof(*token));
	if (raw.len > TOKEN_MAX)
		return REASON_TOKEN_TOO_LARGE;
	token->raw = raw;
	n = split(raw, seg);
	/* What a JWS has behind its header is looked at when it is decoded. */
	if (n == SEGMENTS_JWS && b64url_is_text(seg[0]))
		return classify_jws(seg, token);
	if (!span_is_b64token(raw))
		return REASON_NOT_A_TOKEN;
	switch (n) {
	case 1:
		if (raw.len < OPAQUE_MIN)
			return REASON_NOT_A_TOKEN;
		token->kind = TOKEN_OPAQUE;
		return REASON_OK;
	case SEGMENTS_JWE:
		return classify_jwe(seg, token);
	case 2:
	case 4:
		return span_starts(raw, JOSE_START) ? REASON_TOKEN_TRUNCATED
						    : REASON_TOKEN_MALFORMED;
	default:
		return REASON_TOKEN_MALFORMED;
	}
}
