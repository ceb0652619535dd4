/* SPDX-License-Identifier: BSD-2-Clause */
#include "audient.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "clock.h"
#include "handle.h"

#define CLAIMS_MAX   12288 /* bytes of a payload, decoded */
#define CLAIMS_NODES 2048

/* One decision on its way. */
struct decision {
	struct audient *a;
	const struct audient_request *rq;
	const struct service *service;
	struct audient_verdict *v;
	struct trace trace;
	int64_t start_ms;   /* the network's time is counted from here */
	struct json *nodes; /* CLAIMS_NODES; the first one is the claims */
	char *text;	    /* CLAIMS_MAX bytes, for what they point to */
};

static void
step(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	const struct audient_request *rq = arg;
	const struct audient_step s = { .check = check,
		.reason = reason,
		.found = found,
		.wanted = wanted };

	rq->step(rq->step_arg, &s);
}

static int64_t
deadline(const struct decision *d, const struct tenant *tenant)
{
	if (d->rq->is_offline)
		return d->start_ms;
	return d->start_ms + (int64_t)tenant->timeout * 1000;
}

/* What any tenant of the service may sign with. */
static alg_set
allowed_algorithms(const struct decision *d)
{
	alg_set algs = 0;

	for (size_t i = 0; i < d->a->conf->n_tenants; i++)
		if ((d->service->tenants & 1U << i) != 0)
			algs |= d->a->conf->tenant[i].algorithms;
	return algs;
}

/*
 * Finds the key, and with it the tenant: nothing in the token but the kid
 * has a say in whom to ask.
 */
static enum reason
find_key(struct decision *d, const struct jws_header *header,
    struct keys **keys, struct key **key, const struct tenant **tenant)
{
	const struct conf *conf = d->a->conf;
	enum reason reason = REASON_CONFIG_INVALID;
	unsigned int candidates = 0;

	for (size_t i = 0; i < conf->n_tenants; i++)
		if ((d->service->tenants & 1U << i) != 0 &&
		    keyset_knows(d->a->keyset[i], header, NULL))
			candidates |= 1U << i;
	if (candidates == 0)
		candidates = d->service->tenants;
	for (size_t i = 0; i < conf->n_tenants; i++) {
		if ((candidates & 1U << i) == 0)
			continue;
		*tenant = &conf->tenant[i];
		reason = keyset_find(d->a->keyset[i], header,
		    deadline(d, *tenant), keys, key, &d->trace);
		if (reason == REASON_OK)
			break;
	}
	return reason;
}

static enum reason
tell_signature(struct decision *d, enum reason reason, size_t found,
    size_t wanted)
{
	char text[32] = "";

	if (reason != REASON_OK)
		(void)snprintf(text, sizeof(text), "%zu letters", wanted);
	return trace_text(&d->trace, "signature", reason, text, "%zu letters",
	    found);
}

static enum reason
check_signature(struct decision *d, const struct token *token,
    const struct jws_header *header, const struct tenant **tenant)
{
	struct keys *keys = NULL;
	struct key *key = NULL;
	enum reason reason;

	if ((reason = find_key(d, header, &keys, &key, tenant)) != REASON_OK)
		return reason;
	if (((*tenant)->algorithms & ALG_BIT(header->alg)) == 0)
		reason = trace_text(&d->trace, "algorithm",
		    REASON_ALGORITHM_REFUSED, "one that this tenant may use",
		    "%s", alg_name(header->alg));
	else
		reason = tell_signature(d, key_verify(key, header->alg, token),
		    token->signature.len, key_signature_letters(key));
	keys_release(keys);
	return reason;
}

static enum reason
read_payload(struct decision *d, const struct token *token)
{
	enum reason reason;
	size_t len;

	reason = b64url_decode(token->payload, d->text, CLAIMS_MAX, &len);
	if (reason == REASON_OK)
		reason = json_parse(d->text, len, d->nodes, CLAIMS_NODES);
	if (reason != REASON_OK)
		(void)trace_text(&d->trace, "payload", reason,
		    "a JSON object of at most 12288 bytes", "something else");
	return reason;
}

/* Signature before claims: the payload is not looked at until it is good. */
static enum reason
check_jws(struct decision *d, const struct token *token)
{
	const struct tenant *tenant = NULL;
	struct jws_header header UNINITIALIZED;
	struct claims claims;
	enum reason reason;

	reason =
	    jws_read_header(token, allowed_algorithms(d), &header, &d->trace);
	verdict_set_key(d->v, header.kid);
	if (reason != REASON_OK ||
	    (reason = check_signature(d, token, &header, &tenant)) !=
		REASON_OK ||
	    (reason = read_payload(d, token)) != REASON_OK)
		return reason;
	claims = (struct claims){ .json = d->nodes, .proof = PROOF_JWT };
	verdict_set_claims(d->v, &claims, d->service->claims.clock_tolerance);
	return claims_check(&claims, &d->service->claims, &tenant->issuers,
	    header.is_at_jwt, d->rq->at != 0 ? d->rq->at : clock_now(),
	    &d->trace);
}

static enum reason
check_opaque(struct decision *d)
{
	return trace_text(&d->trace, "token", REASON_OPAQUE_REFUSED,
	    "a JWT for one of the audiences", "an opaque token");
}

static enum reason
check_bearer(struct decision *d)
{
	const struct account account = { .name = d->rq->user,
		.uid = d->rq->uid };
	const struct claims claims = { .json = d->nodes, .proof = d->v->proof };
	enum reason reason;

	if ((reason = policy_check(&claims, &d->service->policy, &d->trace)) !=
	    REASON_OK)
		return reason;
	return identity_check(&claims, &d->service->identity, &account,
	    d->v->user, &d->v->is_delegate, &d->trace);
}

static enum reason
decide(struct decision *d)
{
	enum reason reason;
	struct token token;

	if (d->service->missing != NULL)
		return trace_text(&d->trace, "configuration",
		    REASON_CONFIG_INVALID, d->service->missing,
		    "nothing for service %s", d->rq->service);
	if ((reason = token_classify(d->rq->token, &token)) != REASON_OK)
		return trace_text(&d->trace, "token", reason,
		    "three segments with two dots", "%zu bytes",
		    d->rq->token.len);
	switch (token.kind) {
	case TOKEN_JWS:
		reason = check_jws(d, &token);
		break;
	case TOKEN_OPAQUE:
		reason = check_opaque(d);
		break;
	case TOKEN_NONE:
		reason = REASON_INTERNAL;
		break;
	}
	return reason == REASON_OK ? check_bearer(d) : reason;
}

enum reason
audient_check(struct audient *a, const struct audient_request *rq,
    struct audient_verdict *v)
{
	struct json nodes[CLAIMS_NODES] UNINITIALIZED;
	char text[CLAIMS_MAX] UNINITIALIZED;
	struct decision d = { .a = a,
		.rq = rq,
		.v = v,
		.nodes = nodes,
		.text = text };

	verdict_init(v);
	d.service = conf_service(a->conf, rq->service);
	d.start_ms = clock_ms();
	trace_init(&d.trace);
	if (rq->step != NULL) {
		d.trace.step = step;
		d.trace.arg = (void *)(uintptr_t)rq;
	}
	v->reason = decide(&d);
	verdict_set_trace(v, &d.trace);
	return v->reason;
}
