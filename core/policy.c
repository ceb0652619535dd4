/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[SUBJECT_KINDS] = {
	[SUBJECT_USER] = "users",
	[SUBJECT_MACHINE] = "machines",
	[SUBJECT_ANONYMOUS] = "anonymous",
	[SUBJECT_DELEGATED] = "delegated",
};

const char *
policy_subject_name(enum subject_kind kind)
{
	return kinds[kind];
}

bool
policy_find_subject(struct span name, enum subject_kind *kind)
{
	for (int i = 0; i < SUBJECT_KINDS; i++)
		if (span_is(name, kinds[i])) {
			*kind = (enum subject_kind)i;
			return true;
		}
	return false;
}

/*
 * Auth0 marks a client's own token with "gty", with "@clients" behind the
 * client's id in "sub", or, for agents, with neither: then "sub" is the id, as
 * it is with Okta.  Entra ID can be told to mark it with "idtyp".
 */
static bool
is_machine(const struct claims *claims, struct span sub)
{
	return json_holds(claims_get(claims, "gty"),
		   span_of("client-credentials")) ||
	    span_ends(sub, "@clients") || span_starts(sub, "agt_") ||
	    json_holds(claims_get(claims, "azp"), sub) ||
	    json_holds(claims_get(claims, "client_id"), sub) ||
	    json_holds(claims_cid(claims), sub) ||
	    json_holds(claims_get(claims, "idtyp"), span_of("app"));
}

enum subject_kind
policy_subject_kind(const struct claims *claims)
{
	struct span sub = { .ptr = NULL };

	(void)json_as_string(claims_get(claims, "sub"), &sub);
	if (is_machine(claims, sub))
		return SUBJECT_MACHINE;
	if (span_starts(sub, "anon@"))
		return SUBJECT_ANONYMOUS;
	if (claims_get(claims, "act") != NULL)
		return SUBJECT_DELEGATED;
	return SUBJECT_USER;
}

static enum reason
check_subject(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	const enum subject_kind kind = policy_subject_kind(claims);
	enum reason reason = REASON_SUBJECT_REFUSED;
	char wanted[64] = "";

	if ((rules->subjects & SUBJECT_BIT(kind)) != 0)
		reason = REASON_OK;
	else
		for (int i = 0; i < SUBJECT_KINDS; i++)
			if ((rules->subjects & SUBJECT_BIT(i)) != 0)
				(void)snprintf(wanted + strlen(wanted),
				    sizeof(wanted) - strlen(wanted), "%s%s",
				    wanted[0] != '\0' ? " " : "", kinds[i]);
	return trace_text(trace, "subject", reason, wanted, "%s", kinds[kind]);
}

/* Both names of the claim count, so neither can hide the other. */
static enum reason
check_client(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	const struct json *azp = claims_get(claims, "azp");
	const struct json *id = claims_get(claims, "client_id");
	enum reason reason = REASON_OK;
	struct span s;

	if (rules->clients.n == 0)
		return REASON_OK;
	if (id == NULL)
		id = claims_cid(claims); /* none beside azp */
	if ((azp == NULL && id == NULL) ||
	    (azp != NULL &&
		(!json_as_string(azp, &s) || !list_has(&rules->clients, s))) ||
	    (id != NULL &&
		(!json_as_string(id, &s) || !list_has(&rules->clients, s))))
		reason = REASON_CLIENT_REFUSED;
	return trace_list(trace, "client", reason, azp != NULL ? azp : id,
	    &rules->clients);
}

/*
 * Auth0: a token whose organization was not validated is invalid, so one
 * with an organization is refused unless the administrator named it.
 */
static enum reason
check_organization(const struct claims *claims,
    const struct policy_rules *rules, struct trace *trace)
{
	const struct json *id = claims_get(claims, "org_id");
	const struct json *name = claims_get(claims, "org_name");
	enum reason reason = REASON_ORGANIZATION_REFUSED;
	struct span s;

	if (rules->any_organization)
		return REASON_OK;
	if (id == NULL && name == NULL && rules->organizations.n == 0)
		return REASON_OK;
	if ((json_as_string(id, &s) && list_has(&rules->organizations, s)) ||
	    (json_as_string(name, &s) && list_has(&rules->organizations, s)))
		reason = REASON_OK;
	if (reason != REASON_OK && rules->organizations.n == 0)
		return trace_json(trace, "organization", reason,
		    id != NULL ? id : name, "no organization");
	return trace_list(trace, "organization", reason, id != NULL ? id : name,
	    &rules->organizations);
}

/* RFC 6749 section 3.3: words between spaces, compared byte for byte. */
static enum reason
check_scopes(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	const struct json *scope = claims_get(claims, "scope");
	struct span granted = { .ptr = NULL };

	if (rules->scopes.n == 0)
		return REASON_OK;
	(void)json_as_string(scope, &granted);
	for (size_t i = 0; i < rules->scopes.n; i++)
		if (!words_have(granted, span_of(rules->scopes.item[i])))
			return trace_json(trace, "scope", REASON_SCOPE_MISSING,
			    scope, rules->scopes.item[i]);
	return trace_json(trace, "scope", REASON_OK, scope, "");
}

bool
policy_has_permission(const struct claims *claims, const char *want)
{
	const struct json *v = claims_get(claims, "permissions");

	return json_is(v, JSON_ARRAY) && json_holds(v, span_of(want));
}

static enum reason
check_permissions(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	const struct json *v = claims_get(claims, "permissions");

	for (size_t i = 0; i < rules->permissions.n; i++)
		if (!policy_has_permission(claims, rules->permissions.item[i]))
			return trace_json(trace, "permission",
			    REASON_PERMISSION_MISSING, v,
			    rules->permissions.item[i]);
	if (rules->permissions.n == 0)
		return REASON_OK;
	return trace_json(trace, "permission", REASON_OK, v, "");
}

/* Strings and lists of them; true, false and whole numbers as written. */
static bool
claim_says(const struct json *v, const char *want)
{
	char digits[24];
	int64_t n;
	bool b;

	if (json_as_bool(v, &b))
		return strcmp(want, b ? "true" : "false") == 0;
	if (json_as_integer(v, &n)) {
		(void)snprintf(digits, sizeof(digits), "%lld", (long long)n);
		return strcmp(want, digits) == 0;
	}
	return json_holds(v, span_of(want));
}

static enum reason
check_claims(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	for (size_t i = 0; i < rules->n_claims; i++) {
		const struct claim_rule *rule = &rules->claims[i];
		const struct json *v = claims_get(claims, rule->name);
		enum reason reason = claim_says(v, rule->value)
		    ? REASON_OK
		    : REASON_CLAIM_MISSING;

		if ((reason = trace_json(trace, rule->name, reason, v,
			 rule->value)) != REASON_OK)
			return reason;
	}
	return REASON_OK;
}

enum reason
policy_check(const struct claims *claims, const struct policy_rules *rules,
    struct trace *trace)
{
	enum reason reason;

	if ((reason = check_subject(claims, rules, trace)) != REASON_OK ||
	    (reason = check_client(claims, rules, trace)) != REASON_OK ||
	    (reason = check_organization(claims, rules, trace)) != REASON_OK ||
	    (reason = check_scopes(claims, rules, trace)) != REASON_OK ||
	    (reason = check_permissions(claims, rules, trace)) != REASON_OK ||
	    (reason = check_claims(claims, rules, trace)) != REASON_OK)
		return reason;
	return REASON_OK;
}
