/* SPDX-License-Identifier: BSD-2-Clause */
#include "authn.h"

#include <stdio.h>

#define NAME_SIZE 256

/* Auth0 lets an Action add such a claim only under a name like a URL. */
static const struct json *
find(const struct claims *claims, const struct authn_rules *rules,
    const char *plain)
{
	char name[NAME_SIZE];

	if (rules->prefix == NULL)
		return claims_get(claims, plain);
	(void)snprintf(name, sizeof(name), "%s%s", rules->prefix, plain);
	return claims_get(claims, name);
}

static enum reason
check_age(const struct claims *claims, const struct authn_rules *rules,
    int tolerance, int64_t now, struct trace *trace)
{
	char wanted[64];
	const struct json *v;
	int64_t when;

	if (rules->max_age == 0)
		return REASON_OK;
	if ((v = find(claims, rules, "auth_time")) == NULL)
		return trace_json(trace, "auth_time", REASON_CLAIM_MISSING, v,
		    "the time of the login");
	if (!json_as_date(v, &when))
		return trace_json(trace, "auth_time", REASON_CLAIM_INVALID, v,
		    "a number of seconds since 1970");
	if (when > now + tolerance)
		return trace_text(trace, "auth_time", REASON_CLAIM_INVALID,
		    "a time that has been", "%lld seconds ahead",
		    (long long)(when - now));
	(void)snprintf(wanted, sizeof(wanted), "at most %d seconds ago",
	    rules->max_age);
	return trace_text(trace, "auth_time",
	    now - when > (int64_t)rules->max_age + tolerance ? REASON_TOO_OLD
							     : REASON_OK,
	    wanted, "logged in %lld seconds ago", (long long)(now - when));
}

static enum reason
check_acr(const struct claims *claims, const struct authn_rules *rules,
    struct trace *trace)
{
	const struct json *v;
	struct span s;

	if (rules->acr.n == 0)
		return REASON_OK;
	v = find(claims, rules, "acr");
	return trace_list(trace, "acr",
	    json_as_string(v, &s) && list_has(&rules->acr, s)
		? REASON_OK
		: REASON_CLAIM_MISSING,
	    v, &rules->acr);
}

static enum reason
check_amr(const struct claims *claims, const struct authn_rules *rules,
    struct trace *trace)
{
	const struct json *v;

	if (rules->amr.n == 0)
		return REASON_OK;
	v = find(claims, rules, "amr");
	for (size_t i = 0; i < rules->amr.n; i++)
		if (!json_is(v, JSON_ARRAY) ||
		    !json_holds(v, span_of(rules->amr.item[i])))
			return trace_json(trace, "amr", REASON_CLAIM_MISSING, v,
			    rules->amr.item[i]);
	return trace_json(trace, "amr", REASON_OK, v, "");
}

enum reason
authn_check(const struct claims *claims, const struct authn_rules *rules,
    int tolerance, int64_t now, struct trace *trace)
{
	enum reason reason;

	if ((reason = check_age(claims, rules, tolerance, now, trace)) !=
		REASON_OK ||
	    (reason = check_acr(claims, rules, trace)) != REASON_OK)
		return reason;
	return check_amr(claims, rules, trace);
}

int64_t
authn_last(const struct claims *claims, const struct authn_rules *rules,
    int tolerance, int64_t last)
{
	int64_t when;

	if (rules->max_age == 0 ||
	    !json_as_date(find(claims, rules, "auth_time"), &when))
		return last;
	when += (int64_t)rules->max_age + tolerance;
	return when < last ? when : last;
}
