/* SPDX-License-Identifier: BSD-2-Clause */
#include "jws.h"

#include "b64url.h"
#include "jwk.h"

static enum reason
read_alg(const struct json *json, alg_set allowed, struct jws_header *header,
    struct trace *trace)
{
	const struct json *alg = json_get(json, "alg");
	enum reason reason = REASON_ALGORITHM_REFUSED;
	struct text names;
	struct span name;

	if (alg != NULL && !json_as_string(alg, &name))
		reason = REASON_TOKEN_MALFORMED;
	else if (alg != NULL && alg_find(name, &header->alg) &&
	    (allowed & ALG_BIT(header->alg)) != 0)
		reason = REASON_OK;
	text_clear(&names);
	if (reason != REASON_OK || trace->step != NULL)
		for (int i = 0; i < ALG_COUNT; i++)
			if ((allowed & ALG_BIT(i)) != 0)
				text_printf(&names, "%s%s",
				    names.len > 0 ? " " : "",
				    alg_name((enum alg)i));
	return trace_json(trace, "algorithm", reason, alg, names.s);
}

/*
 * Extensions change what the signature covers or which key made it.  None is
 * understood, so RFC 7515 section 4.1.11 wants the token refused; the others
 * are where forgers put keys of their own.
 */
static enum reason
check_extensions(const struct json *json, struct trace *trace)
{
	static const char *const refused[] = { "crit", "b64", "zip", "enc",
		"jwk", "jku", "x5u", "x5c" };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_get(json, refused[i]) != NULL)
			return trace_text(trace, "header",
			    REASON_TOKEN_MALFORMED, "no extension",
			    "a \"%s\" parameter", refused[i]);
	return trace_text(trace, "header", REASON_OK, "", "no extension");
}

/* RFC 7515 section 4.1.9: "application/" may be left out. */
static enum reason
read_typ(const struct json *json, struct jws_header *header,
    struct trace *trace)
{
	const struct json *typ = json_get(json, "typ");
	const struct json *cty = json_get(json, "cty");
	enum reason reason = REASON_OK;
	struct span s;

	if (cty != NULL)
		return trace_json(trace, "type", REASON_TYPE_REFUSED, cty,
		    "no nested token");
	if (typ != NULL && !json_as_string(typ, &s))
		reason = REASON_TYPE_REFUSED;
	else if (typ != NULL) {
		header->is_at_jwt = span_is_nocase(s, "at+jwt") ||
		    span_is_nocase(s, "application/at+jwt");
		if (!header->is_at_jwt && !span_is_nocase(s, "JWT"))
			reason = REASON_TYPE_REFUSED;
	}
	return trace_json(trace, "type", reason, typ, "JWT or at+jwt");
}

static enum reason
read_kid(const struct json *json, struct jws_header *header,
    struct trace *trace)
{
	const struct json *kid = json_get(json, "kid");
	struct span s;

	if (kid == NULL)
		return REASON_OK;
	if (!json_as_string(kid, &s) || s.len == 0 || s.len > KID_MAX)
		return trace_json(trace, "key", REASON_TOKEN_MALFORMED, kid,
		    "a short string in \"kid\"");
	header->kid = s;
	return REASON_OK;
}

enum reason
jws_read_header(const struct token *token, alg_set allowed,
    struct jws_header *header, struct trace *trace)
{
	const struct json *json = header->nodes;
	enum reason reason;
	size_t len;

	header->kid = span_of(NULL);
	header->is_at_jwt = header->is_jwe = false;
	if (b64url_decode(token->header, header->text, JWS_HEADER_MAX, &len) !=
		REASON_OK ||
	    json_parse(header->text, len, header->nodes, JWS_HEADER_NODES) !=
		REASON_OK)
		return trace_text(trace, "header", REASON_TOKEN_MALFORMED,
		    "a JSON object of at most 2048 bytes", "something else");
	header->is_jwe = json_get(json, "enc") != NULL;
	if ((reason = check_extensions(json, trace)) != REASON_OK ||
	    (reason = read_alg(json, allowed, header, trace)) != REASON_OK ||
	    (reason = read_typ(json, header, trace)) != REASON_OK ||
	    (reason = read_kid(json, header, trace)) != REASON_OK)
		return reason;
	return REASON_OK;
}
