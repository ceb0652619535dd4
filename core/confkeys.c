/* SPDX-License-Identifier: BSD-2-Clause */
#include "confkeys.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_GUESS 40

static enum reason
bad(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_CONFIG_INVALID;
}

static enum reason
bad_value(struct text *why, struct span value, const char *wanted)
{
	text_printf(why, "\"");
	text_add(why, value, 80);
	text_printf(why, "\" is not %s", wanted);
	return REASON_CONFIG_INVALID;
}

static enum reason
put_string(void *object, size_t offset, struct span value)
{
	char **where = (char **)(void *)((char *)object + offset);

	free(*where);
	if ((*where = strndup(value.ptr, value.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	return REASON_OK;
}

static struct list *
list_at(void *object, size_t offset)
{
	return (struct list *)(void *)((char *)object + offset);
}

static enum reason
set_string(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	(void)why;
	return put_string(object, kw->offset, value);
}

static enum reason
set_path(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	if (value.ptr[0] != '/')
		return bad_value(why, value, "an absolute path");
	return put_string(object, kw->offset, value);
}

/* scheme://host[:port] of lower case, and nothing that surprises later. */
static bool
is_plain_url(struct span value, const char *scheme, const char *stop)
{
	const size_t skip = strlen(scheme);
	bool in_host = true;

	if (!span_starts(value, scheme) || value.len == skip ||
	    value.len > 512 || strchr("/:.", value.ptr[skip]) != NULL ||
	    memmem(value.ptr, value.len, ":0/", 3) != NULL)
		return false;
	for (size_t i = skip; i < value.len; i++) {
		const char c = value.ptr[i];

		if (c <= ' ' || c > '~' || strchr(stop, c) != NULL)
			return false;
		if (c == '/')
			in_host = false;
		if (in_host && c >= 'A' && c <= 'Z')
			return false;
	}
	return true;
}

static enum reason
set_url(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	if (!is_plain_url(value, "https://", "\"<>\\^`{|}#@"))
		return bad_value(why, value,
		    "an https URL with a lower-case host");
	return put_string(object, kw->offset, value);
}

static enum reason
set_proxy(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	static const char stop[] = "\"<>\\^`{|}#?";

	(void)host;
	if (!is_plain_url(value, "http://", stop) &&
	    !is_plain_url(value, "https://", stop))
		return bad_value(why, value,
		    "a proxy such as http://proxy.example.com:3128");
	return put_string(object, kw->offset, value);
}

static enum reason
set_issuer(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct list *issuers = list_at(object, kw->offset);

	(void)host;
	if (!is_plain_url(value, "https://", "\"<>\\^`{|}#@?"))
		return bad_value(why, value,
		    "an issuer: https, a lower-case host, no query");
	if (list_has(issuers, value))
		return bad(why, "this issuer is already in the list");
	return list_add(issuers, value);
}

/* Auth0: the issuer is the domain as a URL, with a slash. */
static enum reason
set_domain(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct buf url = BUF_INIT(512);
	enum reason reason;

	if (memchr(value.ptr, '/', value.len) != NULL ||
	    memchr(value.ptr, '?', value.len) != NULL)
		return bad_value(why, value,
		    "a domain; write just the host, as in "
		    "example.eu.auth0.com");
	if ((reason = buf_add_str(&url, "https://")) == REASON_OK &&
	    (reason = buf_add(&url, value.ptr, value.len)) == REASON_OK &&
	    (reason = buf_add_str(&url, "/")) == REASON_OK)
		reason = set_issuer(kw, object, buf_span(&url), host, why);
	buf_free(&url);
	return reason == REASON_TOKEN_TOO_LARGE
	    ? bad(why, "the domain is too long")
	    : reason;
}

static enum reason
set_number(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	int *where = (int *)(void *)((char *)object + kw->offset);
	long n = 0;

	(void)host;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9' || n > kw->max)
			n = -1;
		if (n < 0)
			break;
		n = 10 * n + (value.ptr[i] - '0');
	}
	if (n < kw->min || n > kw->max) {
		(void)bad_value(why, value, "");
		text_printf(why, "a whole number from %ld to %ld", kw->min,
		    kw->max);
		return REASON_CONFIG_INVALID;
	}
	*where = (int)n;
	return REASON_OK;
}

static enum reason
set_uid(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct identity_rules *rules =
	    (struct identity_rules *)(void *)((char *)object + kw->offset);
	const struct keyword number = { .name = kw->name,
		.min = kw->min,
		.max = kw->max };
	int n = 0;
	enum reason reason;

	reason = set_number(&number, &n, value, host, why);
	if (reason == REASON_OK)
		rules->min_uid = n;
	return reason;
}

/* One of choices; what is stored is its index. */
static enum reason
set_choice(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	int *where = (int *)(void *)((char *)object + kw->offset);

	(void)host;
	for (int i = 0; kw->choices[i] != NULL; i++)
		if (span_is(value, kw->choices[i])) {
			*where = i;
			return REASON_OK;
		}
	(void)bad_value(why, value, "one of:");
	for (int i = 0; kw->choices[i] != NULL; i++)
		text_printf(why, " %s", kw->choices[i]);
	return REASON_CONFIG_INVALID;
}

static enum reason
set_bool(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	bool *where = (bool *)(void *)((char *)object + kw->offset);

	(void)host;
	if (!span_is(value, "yes") && !span_is(value, "no"))
		return bad_value(why, value, "yes or no");
	*where = span_is(value, "yes");
	return REASON_OK;
}

/* Calls add for each word; blanks separate them. */
static enum reason
each_word(struct span value,
    enum reason (*add)(void *arg, struct span word, struct text *why),
    void *arg, struct text *why)
{
	enum reason reason = REASON_OK;

	while (value.len > 0 && reason == REASON_OK) {
		size_t n = 0;

		while (n < value.len && value.ptr[n] != ' ' &&
		    value.ptr[n] != '\t')
			n++;
		reason = add(arg, (struct span){ value.ptr, n }, why);
		value = span_trim((
		    struct span){ .ptr = value.ptr + n, .len = value.len - n });
	}
	return reason;
}

static enum reason
add_word(void *arg, struct span word, struct text *why)
{
	if (list_has(arg, word))
		return bad_value(why, word, "needed twice");
	return list_add(arg, word);
}

static enum reason
set_words(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	return each_word(value, add_word, list_at(object, kw->offset), why);
}

static enum reason
add_algorithm(void *arg, struct span word, struct text *why)
{
	alg_set *algs = arg;
	enum alg alg;

	if (!alg_find(word, &alg))
		return bad_value(why, word,
		    "one of RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 "
		    "ES512");
	*algs |= ALG_BIT(alg);
	return REASON_OK;
}

static enum reason
set_algorithms(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	alg_set *algs = (alg_set *)(void *)((char *)object + kw->offset);

	(void)host;
	*algs = 0;
	return each_word(value, add_algorithm, algs, why);
}

static enum reason
add_subject(void *arg, struct span word, struct text *why)
{
	unsigned int *subjects = arg;
	enum subject_kind kind;

	if (!policy_find_subject(word, &kind))
		return bad_value(why, word,
		    "one of users machines anonymous delegated");
	*subjects |= SUBJECT_BIT(kind);
	return REASON_OK;
}

static enum reason
set_subjects(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	unsigned int *subjects =
	    (unsigned int *)(void *)((char *)object + kw->offset);

	(void)host;
	*subjects = 0;
	return each_word(value, add_subject, subjects, why);
}

static enum reason
set_organizations(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct policy_rules *rules =
	    (struct policy_rules *)(void *)((char *)object + kw->offset);

	(void)host;
	if (span_is(value, "any")) {
		rules->any_organization = true;
		return REASON_OK;
	}
	if (words_have(value, span_of("any")))
		return bad(why, "\"any\" stands alone");
	return each_word(value, add_word, &rules->organizations, why);
}

/* NAME VALUE; the name is literal and has no blanks. */
static enum reason
set_required_claim(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct policy_rules *rules =
	    (struct policy_rules *)(void *)((char *)object + kw->offset);
	struct claim_rule *grown;
	struct span name;

	(void)host;
	if (!span_cut(&value, ' ', &name) || span_trim(value).len == 0)
		return bad(why,
		    "a claim's name, a blank and its value are "
		    "needed");
	value = span_trim(value);
	grown =
	    reallocarray(rules->claims, rules->n_claims + 1, sizeof(*grown));
	if (grown == NULL)
		return REASON_OUT_OF_MEMORY;
	rules->claims = grown;
	grown += rules->n_claims;
	grown->name = strndup(name.ptr, name.len);
	grown->value = strndup(value.ptr, value.len);
	rules->n_claims++;
	return grown->name != NULL && grown->value != NULL
	    ? REASON_OK
	    : REASON_OUT_OF_MEMORY;
}

/* %h is the host's name, %% a percent sign. */
static enum reason
expand(struct span value, const char *host, struct buf *out, struct text *why)
{
	enum reason reason = REASON_OK;

	for (size_t i = 0; i < value.len && reason == REASON_OK; i++) {
		if (value.ptr[i] != '%') {
			reason = buf_add(out, value.ptr + i, 1);
			continue;
		}
		i++;
		if (i < value.len && value.ptr[i] == 'h')
			reason = buf_add_str(out, host);
		else if (i < value.len && value.ptr[i] == '%')
			reason = buf_add_str(out, "%");
		else
			return bad(why,
			    "\"%\" is followed by h, for the "
			    "host's name, or by a second %");
	}
	return reason;
}

static enum reason
add_expanded(struct list *list, struct span value, const char *host,
    struct text *why)
{
	struct buf text = BUF_INIT(1024);
	enum reason reason;

	if ((reason = expand(value, host, &text, why)) == REASON_OK) {
		if (list_has(list, buf_span(&text)))
			reason = bad_value(why, value, "needed twice");
		else
			reason = list_add(list, buf_span(&text));
	}
	buf_free(&text);
	return reason == REASON_TOKEN_TOO_LARGE ? bad(why, "too long") : reason;
}

static enum reason
set_audience(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	return add_expanded(list_at(object, kw->offset), value, host, why);
}

struct expanding {
	struct list *list;
	const char *host;
};

static enum reason
add_permission(void *arg, struct span word, struct text *why)
{
	const struct expanding *e = arg;

	return add_expanded(e->list, word, e->host, why);
}

static enum reason
set_permissions(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct expanding e = { .list = list_at(object, kw->offset),
		.host = host };

	return each_word(value, add_permission, &e, why);
}

static const char *const profiles[] = { "any", "rfc9068", NULL };
static const char *const opaques[] = { "refuse", "accept-unbound", NULL };
static const char *const tls_rules[] = { "required", "host-enforced", NULL };
static const char *const tokenless[] = { "ignore", "deny", NULL };

#define AT_CONF(field) \
	.level = LEVEL_GLOBAL, .offset = offsetof(struct conf, field)
#define AT_TENANT(field) \
	.level = LEVEL_TENANT, .offset = offsetof(struct tenant, field)
#define AT_SERVICE(field) \
	.level = LEVEL_SERVICE, .offset = offsetof(struct service, field)

/* clang-format off */
/* audient.conf(5) has the same names in the same order. */
const struct keyword conf_keywords[] = {
	{ "domain", .set = set_domain, AT_TENANT(issuers) },
	{ "issuer", .set = set_issuer, .repeats = true, AT_TENANT(issuers) },
	{ "jwks_uri", .set = set_url, AT_TENANT(jwks_uri) },
	{ "userinfo_endpoint", .set = set_url, AT_TENANT(userinfo_endpoint) },
	{ "token_endpoint", .set = set_url, AT_TENANT(token_endpoint) },
	{ "device_authorization_endpoint", .set = set_url,
	    AT_TENANT(device_authorization_endpoint) },
	{ "jwks_file", .set = set_path, AT_TENANT(jwks_file) },
	{ "algorithms", .set = set_algorithms, AT_TENANT(algorithms) },
	{ "ca_file", .set = set_path, AT_TENANT(ca_file) },
	{ "proxy", .set = set_proxy, AT_TENANT(proxy) },
	{ "timeout", .set = set_number, .min = 1, .max = 60,
	    AT_TENANT(timeout) },
	{ "keys_max_age", .set = set_number, .min = 60, .max = 86400,
	    AT_TENANT(keys_max_age) },
	{ "keys_max_stale", .set = set_number, .min = 0, .max = 604800,
	    AT_TENANT(keys_max_stale) },
	{ "refetch_cooldown", .set = set_number, .min = 1, .max = 3600,
	    AT_TENANT(refetch_cooldown) },

	{ "tenant", .set = set_words, AT_SERVICE(tenant_names) },
	{ "audience", .set = set_audience, .repeats = true,
	    AT_SERVICE(claims.audiences) },
	{ "token_profile", .set = set_choice, .choices = profiles,
	    AT_SERVICE(claims.profile) },
	{ "clock_tolerance", .set = set_number, .min = 0, .max = 300,
	    AT_SERVICE(claims.clock_tolerance) },
	{ "max_token_age", .set = set_number, .min = 1, .max = 2592000,
	    AT_SERVICE(claims.max_token_age) },
	{ "max_token_lifetime", .set = set_number, .min = 1, .max = 31536000,
	    AT_SERVICE(claims.max_token_lifetime) },
	{ "required_scopes", .set = set_words, AT_SERVICE(policy.scopes) },
	{ "required_permissions", .set = set_permissions,
	    AT_SERVICE(policy.permissions) },
	{ "required_claim", .set = set_required_claim, .repeats = true,
	    AT_SERVICE(policy) },
	{ "organizations", .set = set_organizations, AT_SERVICE(policy) },
	{ "clients", .set = set_words, AT_SERVICE(policy.clients) },
	{ "subjects", .set = set_subjects, AT_SERVICE(policy.subjects) },
	{ "username_claim", .set = set_string,
	    AT_SERVICE(identity.username_claim) },
	{ "username_domains", .set = set_words, AT_SERVICE(identity.domains) },
	{ "user_map", .set = set_path, AT_SERVICE(identity.user_map) },
	{ "min_uid", .set = set_uid, .min = 1, .max = 2000000000,
	    AT_SERVICE(identity) },
	{ "allow_root", .set = set_bool, AT_SERVICE(identity.allow_root) },
	{ "deny_file", .set = set_path, AT_SERVICE(deny_file) },
	{ "opaque_tokens", .set = set_choice, .choices = opaques,
	    AT_SERVICE(accept_opaque) },
	{ "userinfo_max_age", .set = set_number, .min = 0, .max = 3600,
	    AT_SERVICE(userinfo_max_age) },
	{ "tokenless_account", .set = set_choice, .choices = tokenless,
	    AT_SERVICE(tokenless) },
	{ "tls", .set = set_choice, .choices = tls_rules, AT_SERVICE(tls) },
	{ "delegation_permission", .set = set_string,
	    AT_SERVICE(identity.delegation_permission) },

	{ "cache_dir", .set = set_path, AT_CONF(cache_dir) },
	{ "fetch_helper", .set = set_path, AT_CONF(helper) },
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
	};
}
