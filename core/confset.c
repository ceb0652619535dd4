/* SPDX-License-Identifier: BSD-2-Clause */
#include "confset.h"

#include <stdlib.h>
#include <string.h>

#include "export.h"

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

enum reason
conf_set_string(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	(void)why;
	return put_string(object, kw->offset, value);
}

enum reason
conf_set_prefix(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	if (value.len > 200)
		return bad(why, "too long");
	return put_string(object, kw->offset, value);
}

enum reason
conf_set_path(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_url(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	(void)host;
	if (!is_plain_url(value, "https://", "\"<>\\^`{|}#@"))
		return bad_value(why, value,
		    "an https URL with a lower-case host");
	return put_string(object, kw->offset, value);
}

enum reason
conf_set_proxy(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_issuer(const struct keyword *kw, void *object, struct span value,
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
enum reason
conf_set_domain(const struct keyword *kw, void *object, struct span value,
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
		reason = conf_set_issuer(kw, object, buf_span(&url), host, why);
	buf_free(&url);
	return reason == REASON_TOKEN_TOO_LARGE
	    ? bad(why, "the domain is too long")
	    : reason;
}

enum reason
conf_set_number(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_uid(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct identity_rules *rules =
	    (struct identity_rules *)(void *)((char *)object + kw->offset);
	const struct keyword number = { .name = kw->name,
		.min = kw->min,
		.max = kw->max };
	int n = 0;
	enum reason reason;

	reason = conf_set_number(&number, &n, value, host, why);
	if (reason == REASON_OK)
		rules->min_uid = n;
	return reason;
}

/* One of choices; what is stored is its index. */
enum reason
conf_set_choice(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_bool(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_words(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_algorithms(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_subjects(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	unsigned int *subjects =
	    (unsigned int *)(void *)((char *)object + kw->offset);

	(void)host;
	*subjects = 0;
	return each_word(value, add_subject, subjects, why);
}

enum reason
conf_set_organizations(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why)
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

/* Two words, of which the first has no blanks. */
static enum reason
add_rule(struct claim_rule **rules, size_t *n, struct span name,
    struct span value)
{
	struct claim_rule *grown;

	grown = reallocarray(*rules, *n + 1, sizeof(*grown));
	if (grown == NULL)
		return REASON_OUT_OF_MEMORY;
	*rules = grown;
	grown += *n;
	grown->name = strndup(name.ptr, name.len);
	grown->value = strndup(value.ptr, value.len);
	++*n;
	return grown->name != NULL && grown->value != NULL
	    ? REASON_OK
	    : REASON_OUT_OF_MEMORY;
}

/* NAME VALUE; the name is literal and has no blanks. */
enum reason
conf_set_required_claim(const struct keyword *kw, void *object,
    struct span value, const char *host, struct text *why)
{
	struct policy_rules *rules =
	    (struct policy_rules *)(void *)((char *)object + kw->offset);
	struct span name;

	(void)host;
	if (!span_cut(&value, ' ', &name) || span_trim(value).len == 0)
		return bad(why,
		    "a claim's name, a blank and its value are "
		    "needed");
	return add_rule(&rules->claims, &rules->n_claims, name,
	    span_trim(value));
}

/* VARIABLE CLAIM */
enum reason
conf_set_export(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct service *service = object;
	struct span name;

	(void)kw;
	(void)host;
	if (!span_cut(&value, ' ', &name) || span_trim(value).len == 0)
		return bad(why,
		    "a variable's name, a blank and a claim's name are "
		    "needed");
	if (!export_is_name(name))
		return bad_value(why, name,
		    "AUDIENT_, AUTH0_ or OIDC_ with upper-case letters, "
		    "digits and _ behind it");
	for (size_t i = 0; i < service->n_exports; i++)
		if (span_is(name, service->exports[i].name))
			return bad_value(why, name, "needed twice");
	return add_rule(&service->exports, &service->n_exports, name,
	    span_trim(value));
}

/* %h is the host's name, without which it means nothing; %% is a percent. */
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
			reason = host[0] != '\0'
			    ? buf_add_str(out, host)
			    : bad(why,
				  "%h is the host's name, and this host has "
				  "none; give it one, or write a name here");
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

enum reason
conf_set_audience(const struct keyword *kw, void *object, struct span value,
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

enum reason
conf_set_permissions(const struct keyword *kw, void *object, struct span value,
    const char *host, struct text *why)
{
	struct expanding e = { .list = list_at(object, kw->offset),
		.host = host };

	return each_word(value, add_permission, &e, why);
}
