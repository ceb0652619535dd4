/* SPDX-License-Identifier: BSD-2-Clause */
#include "claims.h"

#include <stdio.h>

#define AUDIENCES_MAX 64

const struct json *
claims_cid(const struct claims *claims)
{
	if (claims->proof != PROOF_JWT || claims_get(claims, "azp") != NULL ||
	    claims_get(claims, "client_id") != NULL)
		return NULL;
	return claims_get(claims, "cid");
}

struct span
claims_client(const struct claims *claims)
{
	struct span s = { .ptr = NULL };

	if (!json_as_string(claims_get(claims, "azp"), &s) &&
	    !json_as_string(claims_get(claims, "client_id"), &s))
		(void)json_as_string(claims_cid(claims), &s);
	return s;
}

/* A string, and one of the list: no folding, no slash added or removed. */
static enum reason
check_issuer(const struct claims *claims, const struct list *issuers,
    struct trace *trace)
{
	const struct json *iss = claims_get(claims, "iss");
	enum reason reason = REASON_ISSUER_REFUSED;
	struct span s;

	if (json_as_string(iss, &s) && list_has(issuers, s))
		reason = REASON_OK;
	return trace_list(trace, "issuer", reason, iss, issuers);
}

static enum reason
find_audience(const struct json *aud, const struct list *wanted)
{
	enum reason reason = REASON_AUDIENCE_REFUSED;
	const struct json *item;
	struct span s;
	size_t i;

	if (aud == NULL)
		return REASON_AUDIENCE_REFUSED;
	if (json_as_string(aud, &s))
		return list_has(wanted, s) ? REASON_OK
					   : REASON_AUDIENCE_REFUSED;
	if (!json_is(aud, JSON_ARRAY) || json_size(aud) > AUDIENCES_MAX)
		return REASON_CLAIM_INVALID;
	json_each(aud, i, item)
	{
		if (!json_as_string(item, &s))
			return REASON_CLAIM_INVALID;
		if (list_has(wanted, s))
			reason = REASON_OK;
	}
	return reason;
}

/* RFC 7519 section 4.1.3 */
static enum reason
check_audience(const struct claims *claims, const struct claims_rules *rules,
    struct trace *trace)
{
	const struct json *aud = claims_get(claims, "aud");

	return trace_list(trace, "audience",
	    find_audience(aud, &rules->audiences), aud, &rules->audiences);
}

/*
 * ID and logout tokens are signed with the same keys and have the same "typ"
 * as Auth0's access tokens (RFC 8725 section 3.12 wants them told apart).
 */
static enum reason
check_kind(const struct claims *claims, const struct claims_rules *rules,
    bool is_at_jwt, struct trace *trace)
{
	static const char *const foreign[] = { "nonce", "at_hash", "c_hash",
		"s_hash", "events" };
	const struct span client = claims_client(claims);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (claims_get(claims, foreign[i]) != NULL)
			return trace_text(trace, "kind", REASON_TYPE_REFUSED,
			    "an access token", "a \"%s\" claim", foreign[i]);
	if (client.len > 0 && list_has(&rules->audiences, client))
		return trace_text(trace, "kind", REASON_TYPE_REFUSED,
		    "an access token", "the client is its own audience");
	if (rules->profile == PROFILE_RFC9068 && !is_at_jwt)
		return trace_text(trace, "kind", REASON_TYPE_REFUSED,
		    "\"typ\" at+jwt", "another \"typ\"");
	return trace_text(trace, "kind", REASON_OK, "", "an access token");
}

/* Some claims have to be strings, if only for the audit log. */
static enum reason
check_strings(const struct claims *claims, const struct claims_rules *rules,
    struct trace *trace)
{
	static const struct {
		const char *name;
		bool required, required_9068;
		size_t max;
	} strings[] = {
		{ "sub", true, true, SUBJECT_MAX },
		{ "azp", false, false, SUBJECT_MAX },
		{ "client_id", false, true, SUBJECT_MAX },
		{ "jti", false, true, SUBJECT_MAX },
		{ "gty", false, false, SUBJECT_MAX },
	};
	struct span s;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const struct json *v = claims_get(claims, strings[i].name);
		const bool required = rules->profile == PROFILE_RFC9068
		    ? strings[i].required_9068
		    : strings[i].required;

		if (v == NULL && !required)
			continue;
		if (!json_as_string(v, &s) || s.len == 0 ||
		    s.len > strings[i].max)
			return trace_json(trace, strings[i].name,
			    REASON_CLAIM_INVALID, v,
			    "a string of 1 to 255 bytes");
	}
	return REASON_OK;
}

/* Absent is fine unless required; *when is then untouched. */
static enum reason
get_date(const struct claims *claims, const char *name, bool required,
    int64_t *when, struct trace *trace)
{
	const struct json *v = claims_get(claims, name);

	if ((v == NULL && !required) || json_as_date(v, when))
		return REASON_OK;
	return trace_json(trace, name, REASON_CLAIM_INVALID, v,
	    "a number of seconds");
}

static enum reason
check_expiry(int64_t exp, const struct claims_rules *rules, int64_t now,
    struct trace *trace)
{
	char wanted[64];

	if (now >= exp + rules->clock_tolerance)
		return trace_text(trace, "exp", REASON_EXPIRED,
		    "a time to come", "%lld seconds ago",
		    (long long)(now - exp));
	if (exp - now >
	    (int64_t)rules->max_token_lifetime + rules->clock_tolerance) {
		(void)snprintf(wanted, sizeof(wanted),
		    "at most %d seconds ahead", rules->max_token_lifetime);
		return trace_text(trace, "exp", REASON_CLAIM_INVALID, wanted,
		    "%lld seconds ahead", (long long)(exp - now));
	}
	return trace_text(trace, "exp", REASON_OK, "", "%lld seconds from now",
	    (long long)(exp - now));
}

static enum reason
check_start(const char *name, int64_t when, const struct claims_rules *rules,
    int64_t now, struct trace *trace)
{
	char wanted[64];

	if (now >= when - rules->clock_tolerance)
		return trace_text(trace, name, REASON_OK, "",
		    "%lld seconds ago", (long long)(now - when));
	(void)snprintf(wanted, sizeof(wanted), "at most %d seconds ahead",
	    rules->clock_tolerance);
	return trace_text(trace, name, REASON_NOT_YET_VALID, wanted,
	    "%lld seconds ahead", (long long)(when - now));
}

static enum reason
check_age(int64_t iat, const struct claims_rules *rules, int64_t now,
    struct trace *trace)
{
	char wanted[64];

	if (rules->max_token_age == 0 ||
	    now - iat <= (int64_t)rules->max_token_age + rules->clock_tolerance)
		return REASON_OK;
	(void)snprintf(wanted, sizeof(wanted), "at most %d seconds ago",
	    rules->max_token_age);
	return trace_text(trace, "age", REASON_TOO_OLD, wanted,
	    "issued %lld seconds ago", (long long)(now - iat));
}

/* exp and iat are required; every date is in 0 .. 9999, so nothing wraps. */
static enum reason
check_times(const struct claims *claims, const struct claims_rules *rules,
    int64_t now, struct trace *trace)
{
	int64_t exp = 0, nbf = 0, iat = 0;
	enum reason reason;

	if ((reason = get_date(claims, "exp", true, &exp, trace)) !=
		REASON_OK ||
	    (reason = get_date(claims, "nbf", false, &nbf, trace)) !=
		REASON_OK ||
	    (reason = get_date(claims, "iat", true, &iat, trace)) != REASON_OK)
		return reason;
	if ((reason = check_expiry(exp, rules, now, trace)) != REASON_OK ||
	    (reason = check_start("iat", iat, rules, now, trace)) != REASON_OK)
		return reason;
	if (claims_get(claims, "nbf") != NULL &&
	    (reason = check_start("nbf", nbf, rules, now, trace)) != REASON_OK)
		return reason;
	return check_age(iat, rules, now, trace);
}

/* RFC 9449 section 6, RFC 8705 section 3: without the proof it is stolen. */
static enum reason
check_binding(const struct claims *claims, struct trace *trace)
{
	const struct json *cnf = claims_get(claims, "cnf");

	return trace_json(trace, "binding",
	    cnf != NULL ? REASON_SENDER_CONSTRAINED : REASON_OK, cnf,
	    "no \"cnf\" claim");
}

enum reason
claims_check(const struct claims *claims, const struct claims_rules *rules,
    const struct list *issuers, bool is_at_jwt, int64_t now,
    struct trace *trace)
{
	enum reason reason;

	if ((reason = check_issuer(claims, issuers, trace)) != REASON_OK ||
	    (reason = check_kind(claims, rules, is_at_jwt, trace)) !=
		REASON_OK ||
	    (reason = check_audience(claims, rules, trace)) != REASON_OK ||
	    (reason = check_strings(claims, rules, trace)) != REASON_OK ||
	    (reason = check_times(claims, rules, now, trace)) != REASON_OK ||
	    (reason = check_binding(claims, trace)) != REASON_OK)
		return reason;
	return REASON_OK;
}

void
claims_window(const struct claims *claims, const struct claims_rules *rules,
    int64_t *first, int64_t *last)
{
	int64_t exp = 0, nbf = 0, iat = 0;

	(void)json_as_date(claims_get(claims, "exp"), &exp);
	(void)json_as_date(claims_get(claims, "nbf"), &nbf);
	(void)json_as_date(claims_get(claims, "iat"), &iat);
	*first = (nbf > iat ? nbf : iat) - rules->clock_tolerance;
	*last = exp + rules->clock_tolerance - 1;
	if (rules->max_token_age != 0 &&
	    *last > iat + rules->max_token_age + rules->clock_tolerance)
		*last = iat + rules->max_token_age + rules->clock_tolerance;
}
