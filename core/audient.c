/* SPDX-License-Identifier: BSD-2-Clause */
#include "audient.h"

#include <stdio.h>
#include <string.h>

#include "b64url.h"
#include "clock.h"
#include "decision.h"
#include "export.h"
#include "once.h"
#include "opaque.h"

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

static bool
may_issue(const struct decision *d, size_t tenant)
{
	return (d->service->tenants & 1U << tenant) != 0;
}

static int64_t
deadline(const struct decision *d)
{
	return d->start_ms +
	    (int64_t)d->a->conf->tenant[d->tenant].timeout * 1000;
}

/* What any tenant of the service may sign with. */
static alg_set
allowed_algorithms(const struct decision *d)
{
	alg_set algs = 0;

	for (size_t i = 0; i < d->a->conf->n_tenants; i++)
		if (may_issue(d, i))
			algs |= d->a->conf->tenant[i].algorithms;
	return algs;
}

/* The tenants that have the key at hand; all of them if none has it. */
static unsigned int
find_tenants(const struct decision *d)
{
	const unsigned int tenants = d->service->tenants;
	unsigned int found = 0;

	if ((tenants & (tenants - 1)) == 0)
		return tenants; /* just one */
	for (size_t i = 0; i < d->a->conf->n_tenants; i++)
		if (may_issue(d, i) &&
		    keyset_knows(d->a->keyset[i], d->header, NULL))
			found |= 1U << i;
	return found != 0 ? found : tenants;
}

/*
 * Finds the key, and with it the tenant: nothing in the token but the kid
 * has a say in whom to ask.
 */
static enum reason
find_key(struct decision *d, struct keyset_key *found)
{
	const unsigned int candidates = find_tenants(d);
	enum reason reason = REASON_KEY_UNKNOWN, next;

	for (size_t i = 0; i < d->a->conf->n_tenants; i++) {
		if ((candidates & 1U << i) == 0)
			continue;
		d->tenant = i;
		next = keyset_find(d->a->keyset[i], d->header, deadline(d),
		    found, &d->trace);
		if (next == REASON_OK) {
			d->basis.keys = found->generation;
			return REASON_OK;
		}
		/* "unknown" is not said while somebody could not be asked */
		if (reason == REASON_KEY_UNKNOWN)
			reason = next;
	}
	return reason;
}

static enum reason
tell_signature(struct decision *d, enum reason reason, size_t found,
    size_t wanted)
{
	char text[48] = "";

	if (reason != REASON_OK)
		(void)snprintf(text, sizeof(text), "%zu letters%s", wanted,
		    found == wanted ? " made by that key" : "");
	return trace_text(&d->trace, "signature", reason, text, "%zu letters",
	    found);
}

static enum reason
check_signature(struct decision *d, const struct token *token)
{
	struct keyset_key found = { .keys = NULL };
	enum reason reason;

	if ((reason = find_key(d, &found)) != REASON_OK)
		return reason;
	if ((d->a->conf->tenant[d->tenant].algorithms &
		ALG_BIT(d->header->alg)) == 0)
		reason = trace_text(&d->trace, "algorithm",
		    REASON_ALGORITHM_REFUSED, "one that this tenant may use",
		    "%s", alg_name(d->header->alg));
	else
		reason = tell_signature(d,
		    key_verify(found.key, d->header->alg, token),
		    token->signature.len, key_signature_letters(found.key));
	keys_release(found.keys);
	return reason;
}

static enum reason
read_payload(struct decision *d, const struct token *token)
{
	enum reason reason;
	size_t len;

	/* more than it needs, and known even if it cannot be decoded */
	d->text_used =
	    token->payload.len < CLAIMS_MAX ? token->payload.len : CLAIMS_MAX;
	reason = b64url_decode(token->payload, d->text, CLAIMS_MAX, &len);
	if (reason == REASON_OK)
		reason = json_parse(d->text, len, d->nodes, CLAIMS_NODES);
	if (reason != REASON_OK)
		(void)trace_text(&d->trace, "payload", reason,
		    "a JSON object of at most 12288 bytes", "something else");
	return reason;
}

/* Tokens are judged by our clock; the issuer's is good to know. */
static void
tell_skew(struct decision *d)
{
	int64_t skew;

	if (d->trace.step == NULL ||
	    !keyset_skew(d->a->keyset[d->tenant], &skew))
		return;
	(void)trace_text(&d->trace, "clock", REASON_OK, "",
	    "%lld seconds %s the issuer's",
	    (long long)(skew < 0 ? -skew : skew),
	    skew < 0 ? "ahead of" : "behind");
}

/* Signature before claims: the payload is not looked at until it is good. */
static enum reason
check_jws(struct decision *d, const struct token *token)
{
	const struct claims_rules *rules = &d->service->claims;
	enum reason reason;

	reason =
	    jws_read_header(token, allowed_algorithms(d), d->header, &d->trace);
	verdict_set_key(d->v, d->header->kid);
	if (reason != REASON_OK ||
	    (reason = check_signature(d, token)) != REASON_OK ||
	    (reason = read_payload(d, token)) != REASON_OK)
		return reason;
	d->claims = (struct claims){ .json = d->nodes, .proof = PROOF_JWT };
	verdict_set_claims(d->v, &d->claims);
	tell_skew(d);
	reason = claims_check(&d->claims, rules,
	    &d->a->conf->tenant[d->tenant].issuers, d->header->is_at_jwt,
	    d->now, &d->trace);
	claims_window(&d->claims, rules, &d->window.not_before,
	    &d->window.not_after);
	if (reason == REASON_OK)
		d->v->expires = d->window.not_after + 1;
	d->window.not_after = authn_last(&d->claims, &d->service->authn,
	    rules->clock_tolerance, d->window.not_after);
	return reason;
}

/* Whose token may it be?  One of ours, by its own word, or the only one's. */
static enum reason
find_issuer(struct decision *d, const char *said, const char **issuer)
{
	const struct conf *conf = d->a->conf;
	size_t n = 0;

	for (size_t i = 0; i < conf->n_tenants; i++) {
		const struct list *issuers = &conf->tenant[i].issuers;

		if (!may_issue(d, i))
			continue;
		n++;
		d->tenant = i;
		*issuer = issuers->item[0];
		for (size_t j = 0; j < issuers->n && said[0] != '\0'; j++)
			if (span_is(span_of(said), issuers->item[j])) {
				*issuer = issuers->item[j];
				return REASON_OK;
			}
	}
	if (said[0] == '\0' && n == 1)
		return REASON_OK;
	return trace_span(&d->trace, "issuer", REASON_ISSUER_REFUSED,
	    span_of(said[0] != '\0' ? said : "not named"),
	    "an issuer of the service's tenants");
}

/* Weaker than a JWT: it proves who, and that he may be asked about. */
static enum reason
check_opaque(struct decision *d, const struct token *token)
{
	struct userinfo_question q = { .token = token->raw,
		.max_age = d->service->userinfo_max_age };
	char said[OPAQUE_ISSUER_MAX];
	enum reason reason;

	if (d->service->accept_opaque == 0 || d->rq->uid == 0 ||
	    conf_is_elevating(d->rq->service))
		return trace_text(&d->trace, "token", REASON_OPAQUE_REFUSED,
		    "a JWT for one of the audiences", "an opaque token");
	if ((reason = opaque_read(token, said, &d->trace)) != REASON_OK ||
	    (reason = find_issuer(d, said, &q.issuer)) != REASON_OK)
		return reason;
	q.tenant = &d->a->conf->tenant[d->tenant];
	q.deadline_ms = deadline(d);
	if ((reason = userinfo_get(&d->a->world, &q, &d->info, &d->trace)) !=
	    REASON_OK)
		return reason;
	d->claims =
	    (struct claims){ .json = d->info.claims, .proof = PROOF_USERINFO };
	verdict_set_claims(d->v, &d->claims);
	d->window.not_before = d->info.asked;
	d->window.not_after = d->info.asked + q.max_age - 1;
	return REASON_OK;
}

/* The token is good: may its bearer come in, and as whom? */
static enum reason
check_bearer(struct decision *d)
{
	const struct account account = { .name = d->rq->user,
		.uid = d->rq->uid,
		.realm = d->rq->realm };
	struct identity_rules rules = d->service->identity;
	enum reason reason;

	if ((reason = decision_hold_files(d)) != REASON_OK)
		return reason;
	rules.map = d->map.object;
	if ((reason = policy_check(&d->claims, &d->service->policy,
		 &d->trace)) == REASON_OK &&
	    (reason = authn_check(&d->claims, &d->service->authn,
		 d->service->claims.clock_tolerance, d->now, &d->trace)) ==
		REASON_OK &&
	    (d->deny.object == NULL ||
		(reason = deny_check(d->deny.object, &d->claims, d->header->kid,
		     &d->trace)) == REASON_OK))
		reason = identity_check(&d->claims, &rules, &account,
		    d->v->user, &d->v->is_delegate, &d->trace);
	decision_release_files(d);
	return reason;
}

/* The last word, as it changes something: good for one use means used. */
static enum reason
use_up(struct decision *d)
{
	struct once use = { .service = d->rq->service,
		.token = d->rq->token,
		.until = d->v->expires != 0
		    ? d->window.not_after
		    : d->now + d->service->claims.max_token_lifetime,
		.now = d->now,
		.is_rehearsal = d->rq->is_rehearsal || d->rq->at != 0 };

	if (!d->service->single_use)
		return REASON_OK;
	if (d->claims.proof == PROOF_JWT)
		(void)json_as_date(claims_get(&d->claims, "iat"), &use.issued);
	return once_take(&d->a->world, &use, &d->trace);
}

/* What is no token may be a password: not even its length is told. */
static enum reason
tell_token(struct decision *d, enum reason reason)
{
	char wanted[48] = "a signed token";

	if (reason == REASON_NOT_A_TOKEN)
		return trace_text(&d->trace, "token", reason, wanted,
		    "something else");
	if (reason == REASON_TOKEN_TOO_LARGE)
		(void)snprintf(wanted, sizeof(wanted), "at most %d bytes",
		    TOKEN_MAX);
	return trace_text(&d->trace, "token", reason, wanted, "%zu bytes",
	    d->rq->token.len);
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
	if (d->now < CLOCK_PLAUSIBLE)
		return trace_text(&d->trace, "clock", REASON_ISSUER_UNAVAILABLE,
		    "a clock that has been set", "%lld seconds since 1970",
		    (long long)d->now);
	if ((reason = token_classify(d->rq->token, &token)) != REASON_OK)
		return tell_token(d, reason);
	switch (token.kind) {
	case TOKEN_JWS:
		reason = check_jws(d, &token);
		break;
	case TOKEN_OPAQUE:
		reason = check_opaque(d, &token);
		break;
	case TOKEN_NONE:
		reason = REASON_INTERNAL;
		break;
	}
	if (reason != REASON_OK || (reason = check_bearer(d)) != REASON_OK)
		return reason;
	return use_up(d);
}

enum reason
audient_check(struct audient *a, const struct audient_request *rq,
    struct audient_verdict *v)
{
	struct json nodes[CLAIMS_NODES] UNINITIALIZED;
	char text[CLAIMS_MAX] UNINITIALIZED;
	struct jws_header header UNINITIALIZED;
	struct seen_question question UNINITIALIZED;
	struct decision d = { .a = a, .rq = rq, .v = v };

	verdict_init(v);
	if (forked_is_child(&a->forked))
		audient_after_fork(a);
	header.kid = span_of(NULL);
	d.header = &header;
	d.nodes = nodes;
	d.text = text;
	d.question = &question;
	d.service = conf_service(a->conf, rq->service);
	d.start_ms = clock_ms();
	d.now = rq->at != 0 ? rq->at : clock_now();
	trace_init(&d.trace);
	if (rq->step != NULL) {
		d.trace.step = step;
		d.trace.arg = (void *)(uintptr_t)rq;
	}
	if (decision_recall(&d))
		return v->reason;
	v->reason = decide(&d);
	verdict_set_trace(v, &d.trace);
	if (v->reason == REASON_OK && rq->exported != NULL)
		export_claims(&d.claims, d.service->exports,
		    d.service->n_exports, rq->exported, rq->exported_arg);
	decision_keep(&d);
	userinfo_answer_clear(&d.info);
	explicit_bzero(text, d.text_used); /* it stands on our host's stack */
	return v->reason;
}
