/* SPDX-License-Identifier: BSD-2-Clause */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64url.h"
#include "clock.h"
#include "count.h"
#include "deny.h"
#include "discovery.h"
#include "file.h"
#include "handle.h"

#define PEEK_NODES 1024
/* Nobody listens there, and nothing of it leaves the host. */
#define NOWHERE "https://127.0.0.1:1/"

static struct audient_names
names_of(const struct list *l)
{
	return (struct audient_names){ .item = (const char *const *)l->item,
		.n = l->n };
}

const char *
audient_cache_dir(const struct audient *a)
{
	return a->conf->cache_dir != NULL ? a->conf->cache_dir : CACHE_DIR;
}

const char *
audient_helper(const struct audient *a)
{
	return a->conf->helper != NULL ? a->conf->helper : FETCH_HELPER;
}

bool
audient_get_tenant(const struct audient *a, size_t i,
    struct audient_tenant *out)
{
	const struct tenant *t;

	if (i >= a->conf->n_tenants)
		return false;
	t = &a->conf->tenant[i];
	*out = (struct audient_tenant){ .name = t->name,
		.issuers = names_of(&t->issuers),
		.jwks_file = t->jwks_file,
		.ca_file = t->ca_file,
		.proxy = t->proxy,
		.keys_max_age = t->keys_max_age };
	return true;
}

static void
view(const struct service *v, struct audient_rules *out)
{
	*out = (struct audient_rules){ .name = v->name,
		.line = v->line,
		.problem = v->missing,
		.tenants = v->tenants,
		.audiences = names_of(&v->claims.audiences),
		.username_claim = v->identity.username_claim,
		.user_map = v->identity.user_map,
		.deny_file = v->deny_file,
		.clock_tolerance = v->claims.clock_tolerance,
		.min_uid = v->identity.min_uid,
		.allows_root = v->identity.allow_root,
		.accepts_opaque = v->accept_opaque != 0,
		.trusts_host_tls = v->tls == TLS_HOST_ENFORCED,
		.denies_tokenless = v->tokenless == TOKENLESS_DENY,
		.limits_sessions = v->session_limit == SESSION_LIMIT_TOKEN };
}

bool
audient_get_rules(const struct audient *a, size_t i, struct audient_rules *out)
{
	if (i >= a->conf->n_services)
		return false;
	view(&a->conf->service[i], out);
	return true;
}

void
audient_find_rules(const struct audient *a, const char *service,
    struct audient_rules *out)
{
	view(conf_service(a->conf, service), out);
}

bool
audient_get_keys(struct audient *a, size_t i, struct audient_keys *out)
{
	const struct tenant *t = &a->conf->tenant[i];
	struct keys *keys;
	int64_t fetched;

	*out = (struct audient_keys){ .n = 0 };
	keyset_load(a->keyset[i]);
	if ((keys = keyset_peek(a->keyset[i], &fetched)) == NULL)
		return false;
	out->n = keys_count(keys);
	out->age = clock_now() - fetched;
	out->is_old = t->jwks_file == NULL && out->age >= t->keys_max_age;
	out->has_skew = keyset_skew(a->keyset[i], &out->skew);
	keys_release(keys);
	return true;
}

/* good: NULL, or what there is to say although all is well. */
static void
tell(struct audient_probe *probe, const char *what,
    struct issuer_document *document, const char *good)
{
	if (document->status != 0)
		probe->status = document->status;
	if (good != NULL && document->date != 0) {
		probe->has_skew = true;
		probe->skew = document->date - clock_now();
	}
	probe->each(probe->arg, what, good != NULL,
	    good != NULL ? good : document->why.s);
}

/* One discovery document; *jwks_uri is owned by the caller. */
static bool
probe_issuer(struct audient *a, const struct tenant *t, const char *issuer,
    struct audient_probe *probe, char **jwks_uri)
{
	struct issuer_document document;
	struct endpoints endpoints;
	bool ok;

	ok = discovery_get(&a->world, t, issuer, true,
		 clock_ms() + (int64_t)t->timeout * 1000, &endpoints,
		 &document) == ISSUER_OK;
	if (ok && endpoints.jwks_uri == NULL) {
		text_printf(&document.why,
		    "the discovery document has no jwks_uri");
		ok = false;
	}
	tell(probe, issuer, &document, ok ? "" : NULL);
	if (ok && *jwks_uri == NULL) {
		*jwks_uri = endpoints.jwks_uri;
		endpoints.jwks_uri = NULL; /* transferred */
	}
	endpoints_clear(&endpoints);
	issuer_document_clear(&document);
	return ok;
}

static bool
probe_keys(struct audient *a, const struct tenant *t, const char *url,
    struct audient_probe *probe)
{
	const struct issuer_question question = { .tenant = t,
		.url = url,
		.size_max = KEYS_SIZE_MAX,
		.deadline_ms = clock_ms() + (int64_t)t->timeout * 1000 };
	struct issuer_document document;
	struct keys *keys = NULL;
	struct text why, good;
	bool ok;

	text_clear(&why);
	text_clear(&good);
	ok = issuer_get(&a->world, &question, &document) == ISSUER_OK;
	if (ok &&
	    keys_parse(&a->world.crypto, document.doc.nodes, &keys, &why) !=
		REASON_OK) {
		text_printf(&document.why, "the key set is refused: %s", why.s);
		ok = false;
	}
	if (ok) {
		probe->n_keys = keys_count(keys);
		text_printf(&good, "%zu keys", probe->n_keys);
	}
	tell(probe, url, &document, ok ? good.s : NULL);
	keys_release(keys);
	issuer_document_clear(&document);
	return ok;
}

static bool
probe_file(struct audient *a, size_t i, struct audient_probe *probe)
{
	const struct tenant *t = &a->conf->tenant[i];
	struct audient_keys keys;
	struct text why;
	bool ok;

	text_clear(&why);
	ok = keyset_refresh(a->keyset[i], true, clock_ms(), &why) == REASON_OK;
	if (ok && audient_get_keys(a, i, &keys)) {
		probe->n_keys = keys.n;
		text_clear(&why); /* it begins with the path */
		text_printf(&why, "%zu keys", keys.n);
	}
	probe->each(probe->arg, t->jwks_file, ok, why.s);
	return ok;
}

bool
audient_probe(struct audient *a, size_t i, struct audient_probe *probe)
{
	const struct tenant *t = &a->conf->tenant[i];
	char *jwks_uri = NULL;
	bool ok = true;

	if (t->jwks_file != NULL)
		return probe_file(a, i, probe);
	probe->was_asked = true;
	if (t->jwks_uri != NULL)
		return probe_keys(a, t, t->jwks_uri, probe);
	for (size_t j = 0; j < t->issuers.n; j++)
		if (!probe_issuer(a, t, t->issuers.item[j], probe, &jwks_uri))
			ok = false;
	if (jwks_uri != NULL && !probe_keys(a, t, jwks_uri, probe))
		ok = false;
	free(jwks_uri);
	return ok;
}

bool
audient_probe_helper(struct audient *a, char *why)
{
	const struct fetch_request request = { .url = NOWHERE, .body_max = 1 };
	struct fetch_answer answer;
	bool ok;

	fetch(a->world.fetcher, &request, clock_ms() + 5000, &answer);
	ok = answer.helper_is_well;
	(void)snprintf(why, AUDIENT_LINE_MAX, "%s", answer.why.s);
	fetch_answer_clear(&answer);
	return ok;
}

static enum reason
say(char *problem, const char *path, unsigned int line, const char *what)
{
	if (line == 0)
		(void)snprintf(problem, AUDIENT_LINE_MAX, "%s: %s", path, what);
	else
		(void)snprintf(problem, AUDIENT_LINE_MAX, "%s:%u: %s", path,
		    line, what);
	return REASON_CONFIG_INVALID;
}

enum reason
audient_read_file(const char *path, struct buf *out, char *problem)
{
	enum reason reason;
	struct text why;

	text_clear(&why);
	if ((reason = file_read(path, out, &why)) != REASON_OK)
		(void)say(problem, path, 0, why.s);
	return reason;
}

static enum reason
parse_file(enum audient_file kind, struct span text, unsigned int *line,
    struct text *why)
{
	struct usermap *map = NULL;
	struct deny *deny = NULL;
	enum reason reason = REASON_OK;

	*line = 0;
	switch (kind) {
	case AUDIENT_USER_MAP:
		reason = usermap_parse(text, &map, line, why);
		break;
	case AUDIENT_DENY_FILE:
		reason = deny_parse(text, &deny, line, why);
		break;
	case AUDIENT_ANY_FILE:
		break;
	}
	usermap_free(map);
	deny_free(deny);
	return reason;
}

enum reason
audient_check_file(enum audient_file kind, const char *path, char *problem)
{
	struct buf text = BUF_INIT(DENY_FILE_MAX);
	enum reason reason;
	unsigned int line;
	struct text why;

	text_clear(&why);
	if ((reason = audient_read_file(path, &text, problem)) == REASON_OK &&
	    (reason = parse_file(kind, buf_span(&text), &line, &why)) !=
		REASON_OK)
		(void)say(problem, path, line, why.s);
	buf_free(&text);
	return reason;
}

enum reason
audient_map_repeats(const char *path,
    void (*each)(void *arg, unsigned int line, unsigned int first,
	bool is_same_user),
    void *arg)
{
	struct buf text = BUF_INIT(USERMAP_FILE_MAX);
	struct usermap *map = NULL;
	enum reason reason;
	unsigned int line;
	struct text why;

	text_clear(&why);
	if ((reason = file_read(path, &text, &why)) == REASON_OK &&
	    (reason = usermap_parse(buf_span(&text), &map, &line, &why)) ==
		REASON_OK)
		reason = usermap_repeats(map, each, arg);
	usermap_free(map);
	buf_free(&text);
	return reason;
}

enum reason
audient_check_deny(struct span text, unsigned int *line, char *problem)
{
	enum reason reason;
	struct text why;

	text_clear(&why);
	reason = parse_file(AUDIENT_DENY_FILE, text, line, &why);
	(void)snprintf(problem, AUDIENT_LINE_MAX, "%s", why.s);
	return reason;
}

static enum reason
find_claim(struct span payload, const char *claim, struct json *nodes,
    struct buf *value)
{
	char text[16384];
	enum reason reason;
	struct span s;
	size_t len;

	if ((reason = b64url_decode(payload, text, sizeof(text), &len)) ==
		REASON_OK &&
	    (reason = json_parse(text, len, nodes, PEEK_NODES)) == REASON_OK)
		reason = json_as_string(json_get(nodes, claim), &s)
		    ? buf_add(value, s.ptr, s.len)
		    : REASON_CLAIM_MISSING;
	explicit_bzero(text, sizeof(text));
	return reason;
}

enum reason
audient_peek(struct span raw, const char *claim, struct buf *value)
{
	struct json *nodes;
	struct token token;
	enum reason reason;

	if ((reason = token_classify(raw, &token)) != REASON_OK)
		return reason;
	if (token.kind != TOKEN_JWS)
		return REASON_OPAQUE_REFUSED;
	if ((nodes = reallocarray(NULL, PEEK_NODES, sizeof(*nodes))) == NULL)
		return REASON_OUT_OF_MEMORY;
	reason = find_claim(token.payload, claim, nodes, value);
	free(nodes);
	return reason;
}

bool
audient_counts(const struct audient *a,
    void (
	*each)(void *arg, const char *service, const char *reason, uint64_t n),
    void *arg)
{
	return count_read(audient_cache_dir(a), each, arg);
}

bool
audient_find_reason(const char *name, enum reason *reason)
{
	for (int i = 0; i <= REASON_INTERNAL; i++)
		if (strcmp(reason_name((enum reason)i), name) == 0) {
			*reason = (enum reason)i;
			return true;
		}
	return false;
}
