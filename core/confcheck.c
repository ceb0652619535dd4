/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "confkeys.h"

#define CLIENT_ID_LEN 32

static enum reason
bad(struct conf_error *error, unsigned int line, const char *key)
{
	error->line = line;
	error->key = key;
	return REASON_CONFIG_INVALID;
}

static void
say_where(const struct service *v, struct text *what)
{
	if (v->name[0] != '\0')
		text_printf(what, "[service %s]: ", v->name);
}

static enum reason
check_tenants(const struct conf *conf, struct conf_error *error)
{
	for (size_t i = 0; i < conf->n_tenants; i++) {
		const struct tenant *t = &conf->tenant[i];

		if (t->issuers.n > 0 && t->refetch_cooldown <= t->keys_max_age)
			continue;
		if (t->name[0] != '\0')
			text_printf(&error->what, "[tenant %s]: ", t->name);
		if (t->issuers.n == 0)
			text_printf(&error->what,
			    "no tenant is named; add a line such as \"domain "
			    "= example.eu.auth0.com\"");
		else
			text_printf(&error->what,
			    "refetch_cooldown is longer than keys_max_age");
		return bad(error, t->line,
		    t->issuers.n == 0 ? NULL : "refetch_cooldown");
	}
	return REASON_OK;
}

static enum reason
resolve_tenants(const struct conf *conf, struct service *v,
    struct conf_error *error)
{
	if (v->tenant_names.n == 0 && conf->n_tenants == 1) {
		v->tenants = 1;
		return REASON_OK;
	}
	if (v->tenant_names.n == 0) {
		v->missing = "tenant";
		return REASON_OK;
	}
	for (size_t i = 0; i < v->tenant_names.n; i++) {
		const unsigned int before = v->tenants;

		for (size_t j = 0; j < conf->n_tenants; j++)
			if (strcmp(conf->tenant[j].name,
				v->tenant_names.item[i]) == 0)
				v->tenants |= 1U << j;
		if (v->tenants != before)
			continue;
		say_where(v, &error->what);
		text_printf(&error->what,
		    "tenant: there is no [tenant %s] section",
		    v->tenant_names.item[i]);
		return bad(error, v->line, "tenant");
	}
	return REASON_OK;
}

/* scheme://HOST/path -> HOST */
static struct span
host_of(const char *url)
{
	const char *p = strstr(url, "://");
	struct span s = { .ptr = NULL };

	if (p != NULL) {
		s.ptr = p + 3;
		s.len = strcspn(s.ptr, "/?#");
	}
	return s;
}

/*
 * Auth0's client ids: 32 letters and digits, of all three sorts.  An ID
 * token has one as its audience.
 */
static bool
looks_like_client_id(struct span s)
{
	bool upper = false, lower = false, digit = false;

	if (span_starts(s, "tpc_"))
		return true;
	if (s.len != CLIENT_ID_LEN)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char c = s.ptr[i];

		if (c >= 'A' && c <= 'Z')
			upper = true;
		else if (c >= 'a' && c <= 'z')
			lower = true;
		else if (c >= '0' && c <= '9')
			digit = true;
		else
			return false;
	}
	return upper && lower && digit;
}

/*
 * The tenant's own APIs: every application of the tenant gets tokens for
 * them, so they say nothing about us.
 */
static bool
is_own_api(const struct conf *conf, const struct service *v, const char *aud)
{
	const struct span host = host_of(aud);

	if (host.len == 0)
		return false;
	if (span_ends(host, ".auth0.com"))
		return true;
	for (size_t i = 0; i < conf->n_tenants; i++) {
		const struct list *issuers = &conf->tenant[i].issuers;

		if ((v->tenants & 1U << i) == 0)
			continue;
		for (size_t j = 0; j < issuers->n; j++)
			if (span_equal(host, host_of(issuers->item[j])))
				return true;
	}
	return false;
}

static enum reason
check_audiences(const struct conf *conf, const struct service *v,
    struct conf_error *error)
{
	for (size_t i = 0; i < v->claims.audiences.n; i++) {
		const char *aud = v->claims.audiences.item[i];
		const struct span s = span_of(aud);
		const char *problem = NULL;

		if (is_own_api(conf, v, aud))
			problem = "is an API of the tenant itself, for which "
				  "every application gets tokens; create an "
				  "API of your own and use its identifier";
		else if (looks_like_client_id(s) ||
		    list_has(&v->policy.clients, s) ||
		    (v->flow.client_id != NULL &&
			span_is(s, v->flow.client_id)))
			problem = "is a client id, the audience of ID tokens; "
				  "use the identifier of your API";
		if (problem == NULL)
			continue;
		say_where(v, &error->what);
		text_printf(&error->what, "audience: \"%.200s\" %s", aud,
		    problem);
		return bad(error, v->line, "audience");
	}
	return REASON_OK;
}

/* /userinfo proves no audience, so something else has to name the person. */
static enum reason
check_opaque(const struct service *v, struct conf_error *error)
{
	const char *problem = NULL;

	if (v->accept_opaque == 0)
		return REASON_OK;
	if (conf_is_elevating(v->name))
		problem = "are never accepted by sudo and su: they prove no "
			  "audience";
	else if (v->identity.allow_root)
		problem = "never open root; remove allow_root = yes";
	else if (v->policy.n_claims == 0 && v->identity.user_map == NULL)
		problem = "prove no audience; add a required_claim or a "
			  "user_map that names who may come";
	else if (v->session_limit == SESSION_LIMIT_TOKEN)
		problem = "do not say when they end, as session_limit = token "
			  "needs";
	if (problem == NULL)
		return REASON_OK;
	say_where(v, &error->what);
	text_printf(&error->what,
	    "opaque_tokens = accept-unbound: opaque tokens %s", problem);
	return bad(error, v->line, "opaque_tokens");
}

/* The only tenant of the service; NULL: it has none, or several. */
static const struct tenant *
only_tenant(const struct conf *conf, const struct service *v)
{
	for (size_t i = 0; i < conf->n_tenants; i++)
		if (v->tenants == 1U << i)
			return &conf->tenant[i];
	return NULL;
}

/* The scope that is asked for has to be the scope that is required. */
static bool
asks_for_too_little(const struct service *v)
{
	for (size_t i = 0; i < v->policy.scopes.n && v->flow.scope.n > 0; i++)
		if (!list_has(&v->flow.scope,
			span_of(v->policy.scopes.item[i])))
			return true;
	return false;
}

/* A token is asked for at one tenant, by one client, for one audience. */
static enum reason
check_flow(const struct conf *conf, const struct service *v,
    struct conf_error *error)
{
	const struct tenant *tenant = only_tenant(conf, v);
	const char *problem = NULL;

	if (v->flow.flow == FLOW_TOKEN)
		return REASON_OK;
	if (v->flow.client_id == NULL)
		problem = "needs client_id, the id of a native application "
			  "of the tenant with the grant \"Device Code\"";
	else if (v->policy.clients.n > 0 &&
	    !list_has(&v->policy.clients, span_of(v->flow.client_id)))
		problem = "gets tokens for client_id, which is not in "
			  "\"clients\"; add it there";
	else if (v->claims.audiences.n != 1)
		problem = "asks for a token for one audience, and there are "
			  "several; give the service one";
	else if (tenant == NULL)
		problem = "asks one tenant, and there are several; give the "
			  "service one";
	else if (tenant->jwks_file != NULL &&
	    (tenant->token_endpoint == NULL ||
		tenant->device_authorization_endpoint == NULL))
		problem = "needs device_authorization_endpoint and "
			  "token_endpoint if there is a jwks_file";
	else if (asks_for_too_little(v))
		problem = "does not ask for all of required_scopes; add them "
			  "to device_scope";
	if (problem == NULL)
		return REASON_OK;
	say_where(v, &error->what);
	text_printf(&error->what, "flow: the device flow %s", problem);
	return bad(error, v->line, "flow");
}

static enum reason
check_service(const struct conf *conf, struct service *v,
    struct conf_error *error)
{
	enum reason reason;

	if ((reason = resolve_tenants(conf, v, error)) != REASON_OK)
		return reason;
	if (v->claims.audiences.n == 0)
		v->missing = "audience";
	else if (v->identity.username_claim == NULL)
		v->missing = "username_claim";
	/* The defaults may be incomplete if every service has a section. */
	if (v->missing != NULL) {
		if (v->name[0] == '\0' && conf->n_services > 1)
			return REASON_OK;
		say_where(v, &error->what);
		text_printf(&error->what,
		    "the key \"%s\" is missing; it has no default", v->missing);
		return bad(error, v->line, NULL);
	}
	v->identity.unbound_needs_map = v->policy.n_claims == 0;
	if ((reason = check_audiences(conf, v, error)) != REASON_OK ||
	    (reason = check_flow(conf, v, error)) != REASON_OK)
		return reason;
	return check_opaque(v, error);
}

enum reason
conf_check(struct conf *conf, struct conf_error *error)
{
	enum reason reason;

	if ((reason = check_tenants(conf, error)) != REASON_OK)
		return reason;
	for (size_t i = 0; i < conf->n_services; i++)
		if ((reason = check_service(conf, &conf->service[i], error)) !=
		    REASON_OK)
			return reason;
	return REASON_OK;
}

/* Nobody gets in by what has been looked at so little. */
enum reason
conf_check_client(struct conf *conf, struct conf_error *error)
{
	enum reason reason;

	if ((reason = check_tenants(conf, error)) != REASON_OK)
		return reason;
	for (size_t i = 0; i < conf->n_services; i++) {
		struct service *v = &conf->service[i];

		if ((reason = resolve_tenants(conf, v, error)) != REASON_OK ||
		    (reason = check_audiences(conf, v, error)) != REASON_OK)
			return reason;
		v->missing = "what a service needs";
	}
	return REASON_OK;
}
