/* SPDX-License-Identifier: BSD-2-Clause */
#include "opaque.h"

#include <string.h>

#include "b64url.h"
#include "json.h"

#define HEADER_MAX   2048
#define HEADER_NODES 64

enum reason
opaque_read(const struct token *token, char issuer[OPAQUE_ISSUER_MAX],
    struct trace *trace)
{
	struct json nodes[HEADER_NODES];
	char text[HEADER_MAX];
	const struct json *alg, *iss;
	struct span s;
	size_t len;

	issuer[0] = '\0';
	if (token->header.len == 0)
		return trace_text(trace, "token", REASON_OK, "",
		    "opaque, %zu bytes", token->raw.len);
	if (b64url_decode(token->header, text, sizeof(text), &len) !=
		REASON_OK ||
	    json_parse(text, len, nodes, HEADER_NODES) != REASON_OK)
		return trace_text(trace, "token", REASON_TOKEN_MALFORMED,
		    "a JSON object in front", "something else");
	alg = json_get(nodes, "alg");
	if (!json_holds(alg, span_of("dir")) ||
	    !json_as_string(json_get(nodes, "enc"), &s))
		return trace_json(trace, "token", REASON_TOKEN_ENCRYPTED, alg,
		    "\"alg\" dir");
	iss = json_get(nodes, "iss");
	if (iss == NULL)
		return REASON_OK;
	if (!json_as_string(iss, &s) || s.len >= OPAQUE_ISSUER_MAX)
		return trace_json(trace, "token", REASON_TOKEN_MALFORMED, iss,
		    "an issuer");
	memcpy(issuer, s.ptr, s.len);
	issuer[s.len] = '\0';
	return trace_json(trace, "token", REASON_OK, iss, "");
}
