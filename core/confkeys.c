/* SPDX-License-Identifier: BSD-2-Clause */
#include "confkeys.h"

#include <stddef.h>
#include <string.h>

#define NAME_MAX_GUESS 40

static const char *const profiles[] = { "any", "rfc9068", NULL };
static const char *const cases[] = { "exact", "lower", NULL };
static const char *const opaques[] = { "refuse", "accept-unbound", NULL };
static const char *const tls_rules[] = { "required", "host-enforced", NULL };
static const char *const limits[] = { "none", "token", NULL };
static const char *const tokenless[] = { "ignore", "deny", NULL };
static const char *const flows[] = { "token", "device", "token-or-device",
	NULL };
static const char *const qrs[] = { "auto", "never", "always", NULL };

#define AT_CONF(field) \
	.level = LEVEL_GLOBAL, .offset = offsetof(struct conf, field)
#define AT_TENANT(field) \
	.level = LEVEL_TENANT, .offset = offsetof(struct tenant, field)
#define AT_SERVICE(field) \
	.level = LEVEL_SERVICE, .offset = offsetof(struct service, field)

/* clang-format off */
/* audient.conf(5) has the same names in the same order. */
const struct keyword conf_keywords[] = {
	{ "domain", .set = conf_set_domain, AT_TENANT(issuers) },
	{ "issuer", .set = conf_set_issuer, .repeats = true, AT_TENANT(issuers) },
	{ "jwks_uri", .set = conf_set_url, AT_TENANT(jwks_uri) },
	{ "userinfo_endpoint", .set = conf_set_url, AT_TENANT(userinfo_endpoint) },
	{ "token_endpoint", .set = conf_set_url, AT_TENANT(token_endpoint) },
	{ "device_authorization_endpoint", .set = conf_set_url,
	    AT_TENANT(device_authorization_endpoint) },
	{ "jwks_file", .set = conf_set_path, AT_TENANT(jwks_file) },
	{ "algorithms", .set = conf_set_algorithms, AT_TENANT(algorithms) },
	{ "ca_file", .set = conf_set_path, AT_TENANT(ca_file) },
	{ "proxy", .set = conf_set_proxy, AT_TENANT(proxy) },
	{ "timeout", .set = conf_set_number, .min = 1, .max = 60,
	    AT_TENANT(timeout) },
	{ "keys_max_age", .set = conf_set_number, .min = 60, .max = 86400,
	    AT_TENANT(keys_max_age) },
	{ "keys_max_stale", .set = conf_set_number, .min = 0, .max = 86400,
	    AT_TENANT(keys_max_stale) },
	{ "refetch_cooldown", .set = conf_set_number, .min = 1, .max = 3600,
	    AT_TENANT(refetch_cooldown) },

	{ "tenant", .set = conf_set_words, AT_SERVICE(tenant_names) },
	{ "audience", .set = conf_set_audience, .repeats = true,
	    AT_SERVICE(claims.audiences) },
	{ "token_profile", .set = conf_set_choice, .choices = profiles,
	    AT_SERVICE(claims.profile) },
	{ "clock_tolerance", .set = conf_set_number, .min = 0, .max = 300,
	    AT_SERVICE(claims.clock_tolerance) },
	{ "max_token_age", .set = conf_set_number, .min = 1, .max = 2592000,
	    AT_SERVICE(claims.max_token_age) },
	{ "max_token_lifetime", .set = conf_set_number, .min = 1, .max = 31536000,
	    AT_SERVICE(claims.max_token_lifetime) },
	{ "required_scopes", .set = conf_set_words, AT_SERVICE(policy.scopes) },
	{ "required_permissions", .set = conf_set_permissions,
	    AT_SERVICE(policy.permissions) },
	{ "required_claim", .set = conf_set_required_claim, .repeats = true,
	    AT_SERVICE(policy) },
	{ "organizations", .set = conf_set_organizations, AT_SERVICE(policy) },
	{ "clients", .set = conf_set_words, AT_SERVICE(policy.clients) },
	{ "subjects", .set = conf_set_subjects, AT_SERVICE(policy.subjects) },
	{ "max_auth_age", .set = conf_set_number, .min = 1, .max = 2592000,
	    AT_SERVICE(authn.max_age) },
	{ "required_acr", .set = conf_set_words, AT_SERVICE(authn.acr) },
	{ "required_amr", .set = conf_set_words, AT_SERVICE(authn.amr) },
	{ "authn_claim_prefix", .set = conf_set_prefix,
	    AT_SERVICE(authn.prefix) },
	{ "username_claim", .set = conf_set_string,
	    AT_SERVICE(identity.username_claim) },
	{ "username_domains", .set = conf_set_words, AT_SERVICE(identity.domains) },
	{ "username_case", .set = conf_set_choice, .choices = cases,
	    AT_SERVICE(identity.lower_case) },
	{ "user_map", .set = conf_set_path, AT_SERVICE(identity.user_map) },
	{ "min_uid", .set = conf_set_uid, .min = 1, .max = 2000000000,
	    AT_SERVICE(identity) },
	{ "allow_root", .set = conf_set_bool, AT_SERVICE(identity.allow_root) },
	{ "deny_file", .set = conf_set_path, AT_SERVICE(deny_file) },
	{ "single_use", .set = conf_set_bool, AT_SERVICE(single_use) },
	{ "opaque_tokens", .set = conf_set_choice, .choices = opaques,
	    AT_SERVICE(accept_opaque) },
	{ "userinfo_max_age", .set = conf_set_number, .min = 0, .max = 3600,
	    AT_SERVICE(userinfo_max_age) },
	{ "tokenless_account", .set = conf_set_choice, .choices = tokenless,
	    AT_SERVICE(tokenless) },
	{ "session_limit", .set = conf_set_choice, .choices = limits,
	    AT_SERVICE(session_limit) },
	{ "export_claim", .set = conf_set_export, .repeats = true,
	    .level = LEVEL_SERVICE },
	{ "flow", .set = conf_set_choice, .choices = flows,
	    AT_SERVICE(flow.flow) },
	{ "client_id", .set = conf_set_string, AT_SERVICE(flow.client_id) },
	{ "device_scope", .set = conf_set_words, AT_SERVICE(flow.scope) },
	{ "device_timeout", .set = conf_set_number, .min = 5, .max = 900,
	    AT_SERVICE(flow.timeout) },
	{ "device_qr", .set = conf_set_choice, .choices = qrs,
	    AT_SERVICE(flow.qr) },
	{ "tls", .set = conf_set_choice, .choices = tls_rules, AT_SERVICE(tls) },
	{ "delegation_permission", .set = conf_set_string,
	    AT_SERVICE(identity.delegation_permission) },

	{ "cache_dir", .set = conf_set_path, AT_CONF(cache_dir) },
	{ "fetch_helper", .set = conf_set_path, AT_CONF(helper) },
};
/* clang-format on */
const size_t conf_n_keywords = sizeof(conf_keywords) / sizeof(conf_keywords[0]);

const char *
conf_keyword(size_t i)
{
	return i < conf_n_keywords ? conf_keywords[i].name : NULL;
}

const struct keyword *
conf_find_keyword(struct span name)
{
	for (size_t i = 0; i < conf_n_keywords; i++)
		if (span_is(name, conf_keywords[i].name))
			return &conf_keywords[i];
	return NULL;
}

/* Levenshtein's distance, of words that fit. */
static size_t
distance(struct span a, const char *b)
{
	size_t row[NAME_MAX_GUESS + 1], n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			const size_t change =
			    corner + (a.ptr[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] =
			    (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			if (change < row[j])
				row[j] = change;
		}
	}
	return row[n];
}

const struct keyword *
conf_guess_keyword(struct span name)
{
	const struct keyword *best = NULL;
	size_t least = 4; /* more typing errors than that are another word */

	if (name.len > NAME_MAX_GUESS)
		return NULL;
	for (size_t i = 0; i < conf_n_keywords; i++) {
		const size_t d = distance(name, conf_keywords[i].name);

		if (d < least && d < name.len) {
			least = d;
			best = &conf_keywords[i];
		}
	}
	return best;
}

void
conf_tenant_init(struct tenant *tenant)
{
	*tenant = (struct tenant){
		.algorithms = ALG_BIT(ALG_RS256),
		.timeout = 8,
		.keys_max_age = 600,
		.keys_max_stale = 86400,
		.refetch_cooldown = 30,
	};
}

void
conf_service_init(struct service *service)
{
	*service = (struct service){
		.claims = { .clock_tolerance = 30,
		    .max_token_lifetime = 2592000 },
		.policy = { .subjects = SUBJECT_BIT(SUBJECT_USER) },
		.identity = { .min_uid = 1000 },
		.userinfo_max_age = 60,
		.flow = { .timeout = 110 },
	};
}
