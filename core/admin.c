/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "b64url.h"
#include "clock.h"
#include "handle.h"

#define TAG_LETTERS 22 /* of the shortest authentication tag of a JWE */
#define ALL_ALGS    (ALG_BIT(ALG_COUNT) - 1)

void
audient_get_service(const struct audient *a, const char *name,
    struct audient_service *out)
{
	const struct service *service = conf_service(a->conf, name);

	*out = (struct audient_service){
		.problem = service->missing,
		.denies_tokenless = service->tokenless == TOKENLESS_DENY,
		.trusts_host_tls = service->tls == TLS_HOST_ENFORCED,
		.limits_sessions =
		    service->session_limit == SESSION_LIMIT_TOKEN,
		.scope = service->policy.scopes.n > 0
		    ? service->policy.scopes.item[0]
		    : NULL,
		.takes_tokens = service->flow.flow != FLOW_DEVICE,
		.takes_device = service->flow.flow != FLOW_TOKEN,
		.draws_qr = service->flow.qr == QR_ALWAYS,
		.draws_no_qr = service->flow.qr == QR_NEVER,
	};
	for (size_t i = 0; i < a->conf->n_tenants && out->issuer == NULL; i++)
		if ((service->tenants & 1U << i) != 0)
			out->issuer = a->conf->tenant[i].issuers.item[0];
}

/* Letters of a signature by the key that the header names; 0: not at hand. */
static size_t
signature_letters(struct audient *a, const struct service *service,
    const struct jws_header *header)
{
	size_t letters = (alg_signature_size(header->alg) * 8 + 5) / 6;

	for (size_t i = 0; i < a->conf->n_tenants && letters == 0; i++)
		if ((service->tenants & 1U << i) != 0)
			(void)keyset_knows(a->keyset[i], header, &letters);
	return letters;
}

/* Without the key: RSA keys that are in use have these sizes. */
static bool
is_usual_length(size_t letters)
{
	static const size_t bits[] = { 2048, 3072, 4096, 6144, 8192 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if ((bits[i] + 5) / 6 == letters)
			return true;
	return false;
}

/* Three segments: is the third one as long as its key demands? */
static enum audient_completeness
jws_completeness(struct audient *a, const struct service *service,
    const struct token *token)
{
	struct jws_header header;
	struct trace trace;
	size_t letters = 0;

	trace_init(&trace);
	if (jws_read_header(token, ALL_ALGS, &header, &trace) == REASON_OK)
		letters = signature_letters(a, service, &header);
	else if (header.is_jwe)
		letters = TOKEN_MAX; /* two more segments have to come */
	else
		return AUDIENT_UNSURE;
	if (letters == 0)
		return is_usual_length(token->signature.len)
		    ? AUDIENT_UNSURE
		    : AUDIENT_INCOMPLETE;
	return token->signature.len < letters ? AUDIENT_INCOMPLETE
					      : AUDIENT_COMPLETE;
}

enum audient_completeness
audient_completeness(struct audient *a, const char *service, struct span raw)
{
	struct span rest = raw, segment[5] = { { .ptr = NULL } };
	struct token token = { .kind = TOKEN_JWS };
	size_t dots = 0;

	if (!span_starts(raw, "eyJ") || raw.len > TOKEN_MAX)
		return AUDIENT_COMPLETE;
	while (dots < 4 && span_cut(&rest, '.', &segment[dots]))
		dots++;
	if (dots == 4)
		return rest.len < TAG_LETTERS ? AUDIENT_INCOMPLETE
					      : AUDIENT_COMPLETE;
	if (dots != 2 || segment[1].len == 0)
		return AUDIENT_INCOMPLETE;
	token.header = segment[0];
	token.payload = segment[1];
	token.signature = segment[2];
	return jws_completeness(a, conf_service(a->conf, service), &token);
}

void
audient_keys_list(struct audient *a,
    void (*each)(void *arg, const char *issuer, const char *text), void *arg)
{
	for (size_t i = 0; i < a->conf->n_tenants; i++) {
		const char *issuer = a->conf->tenant[i].issuers.item[0];
		int64_t fetched;
		struct keys *keys;
		struct text text;

		keyset_load(a->keyset[i]);
		if ((keys = keyset_peek(a->keyset[i], &fetched)) == NULL) {
			each(arg, issuer, "no keys at hand");
			continue;
		}
		text_clear(&text);
		text_printf(&text, "%zu keys, %lld seconds old",
		    keys_count(keys), (long long)(clock_now() - fetched));
		each(arg, issuer, text.s);
		for (size_t j = 0; j < keys_count(keys); j++) {
			text_clear(&text);
			keys_show(keys, j, &text);
			each(arg, issuer, text.s);
		}
		keys_release(keys);
	}
}

enum reason
audient_keys_refresh(struct audient *a, bool is_forced)
{
	enum reason worst = REASON_OK;

	for (size_t i = 0; i < a->conf->n_tenants; i++) {
		const struct tenant *tenant = &a->conf->tenant[i];
		struct text why;
		enum reason reason;

		text_clear(&why);
		reason = keyset_refresh(a->keyset[i], is_forced,
		    clock_ms() + (int64_t)tenant->timeout * 1000, &why);
		if (reason == REASON_OK)
			continue;
		worst = reason;
		log_warning(&a->world.log, "%s: %s", tenant->issuers.item[0],
		    why.s);
	}
	return worst;
}

void
audient_keys_flush(struct audient *a)
{
	for (size_t i = 0; i < a->conf->n_tenants; i++)
		keyset_flush(a->keyset[i]);
}

static enum reason
read_algorithms(const char *names, alg_set *algs)
{
	struct span rest = span_of(names != NULL ? names : "RS256"), word;
	bool more;
	enum alg alg;

	*algs = 0;
	do {
		more = span_cut(&rest, ' ', &word);
		if (word.len == 0)
			continue;
		if (!alg_find(word, &alg))
			return REASON_CONFIG_INVALID;
		*algs |= ALG_BIT(alg);
	} while (more);
	return *algs != 0 ? REASON_OK : REASON_CONFIG_INVALID;
}

struct verification {
	struct crypto crypto;
	struct json_doc doc;
	struct keys *keys;
	struct jws_header header;
	struct trace trace;
	struct text why;
};

static enum reason
verify(struct verification *x, struct span jwks, alg_set algs, struct span raw,
    struct buf *payload)
{
	enum reason reason;
	struct token token;
	struct key *key;
	const char *why;

	if ((reason = crypto_open(&x->crypto)) != REASON_OK)
		return reason;
	if ((reason = json_doc_parse(jwks, &x->doc)) != REASON_OK) {
		if (reason == REASON_OUT_OF_MEMORY)
			return reason;
		text_printf(&x->why, "the key set is not a JSON object");
		return REASON_KEY_UNUSABLE;
	}
	if ((reason = keys_parse(&x->crypto, x->doc.nodes, &x->keys,
		 &x->why)) != REASON_OK ||
	    (reason = token_classify(raw, &token)) != REASON_OK)
		return reason;
	if (token.kind != TOKEN_JWS)
		return REASON_OPAQUE_REFUSED;
	if ((reason = jws_read_header(&token, algs, &x->header, &x->trace)) !=
	    REASON_OK) {
		text_printf(&x->why, "%s: %s, wanted %s", x->trace.failed,
		    x->trace.found.s, x->trace.wanted.s);
		return reason;
	}
	if ((reason = keys_find(x->keys, &x->header, &key, &why)) !=
	    REASON_OK) {
		text_printf(&x->why, "%s", why);
		return reason;
	}
	if ((reason = key_verify(key, x->header.alg, &token)) != REASON_OK)
		return reason;
	if ((reason = buf_reserve(payload, b64url_size(token.payload.len))) !=
	    REASON_OK)
		return reason;
	return b64url_decode(token.payload, payload->data, payload->max,
	    &payload->len);
}

enum reason
audient_verify(struct span jwks, const char *algorithms, struct span token,
    struct buf *payload, char *why)
{
	struct verification x = { .keys = NULL };
	enum reason reason;
	alg_set algs;

	trace_init(&x.trace);
	text_clear(&x.why);
	if ((reason = read_algorithms(algorithms, &algs)) != REASON_OK)
		text_printf(&x.why,
		    "algorithms are RS256 RS384 RS512 PS256 "
		    "PS384 PS512 ES256 ES384 ES512");
	else
		reason = verify(&x, jwks, algs, token, payload);
	(void)snprintf(why, AUDIENT_LINE_MAX, "%s",
	    x.why.len > 0 ? x.why.s : reason_text(reason));
	keys_release(x.keys);
	json_doc_free(&x.doc);
	crypto_close(&x.crypto);
	return reason;
}
