/* SPDX-License-Identifier: BSD-2-Clause */
#include "discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define DISCOVERY_SIZE_MAX (64 * 1024)
#define DISCOVERY_MAX_AGE  86400 /* seconds; endpoints hardly ever move */
#define FUTURE_MAX	   60	 /* seconds that clocks may differ */
#define URL_SIZE	   1200
#define NAME_SIZE	   (ISSUER_ID_SIZE + 8)

static bool
copy(char **to, const char *s)
{
	free(*to);
	return (*to = strdup(s)) != NULL;
}

/* A member that is an https URL; anything else is as good as absent. */
static bool
copy_member(char **to, const struct json *json, const char *name)
{
	struct span s;

	if (!json_as_string(json_get(json, name), &s) || !issuer_is_url(s))
		return true;
	free(*to);
	return (*to = strndup(s.ptr, s.len)) != NULL;
}

static bool
take_document(const struct json *json, struct endpoints *e)
{
	return copy_member(&e->jwks_uri, json, "jwks_uri") &&
	    copy_member(&e->userinfo, json, "userinfo_endpoint") &&
	    copy_member(&e->token, json, "token_endpoint") &&
	    copy_member(&e->device_authorization, json,
		"device_authorization_endpoint");
}

/* The administrator's word counts more than the document's. */
static bool
take_configuration(const struct tenant *t, struct endpoints *e)
{
	return (t->jwks_uri == NULL || copy(&e->jwks_uri, t->jwks_uri)) &&
	    (t->userinfo_endpoint == NULL ||
		copy(&e->userinfo, t->userinfo_endpoint)) &&
	    (t->token_endpoint == NULL || copy(&e->token, t->token_endpoint)) &&
	    (t->device_authorization_endpoint == NULL ||
		copy(&e->device_authorization,
		    t->device_authorization_endpoint));
}

static bool
is_of_issuer(const struct json *json, const struct tenant *tenant)
{
	struct span s;

	return json_as_string(json_get(json, "issuer"), &s) &&
	    span_is(s, tenant->issuers.item[0]);
}

/* {"fetched": seconds, "document": {...}} as store() wrote it */
static bool
load(const struct world *world, const struct tenant *tenant, const char *name,
    enum cache_owner owner, struct endpoints *e)
{
	struct buf text = BUF_INIT(2 * DISCOVERY_SIZE_MAX);
	const struct json *document;
	struct json_doc doc = JSON_DOC_INIT;
	const int64_t now = clock_now();
	int64_t fetched = 0;
	bool ok;

	ok = cache_load(world->cache, CACHE_KEYS, owner, name, &text) &&
	    json_doc_parse(buf_span(&text), &doc) == REASON_OK &&
	    (document = json_get(doc.nodes, "document")) != NULL &&
	    json_as_date(json_get(doc.nodes, "fetched"), &fetched) &&
	    fetched <= now + FUTURE_MAX && now - fetched < DISCOVERY_MAX_AGE &&
	    is_of_issuer(document, tenant) && take_document(document, e);
	json_doc_free(&doc);
	buf_free(&text);
	return ok;
}

static void
store(const struct world *world, const char *name, struct span document)
{
	struct buf text = BUF_INIT(2 * DISCOVERY_SIZE_MAX);
	const int lock = cache_lock(world->cache, CACHE_KEYS, name, 0);

	/* the document was parsed, so it can stand inside another one */
	if (buf_printf(&text, "{\"fetched\":%lld,\"document\":",
		(long long)clock_now()) == REASON_OK &&
	    buf_add(&text, document.ptr, document.len) == REASON_OK &&
	    buf_add_str(&text, "}\n") == REASON_OK)
		(void)cache_store(world->cache, CACHE_KEYS, name, lock,
		    buf_span(&text));
	cache_unlock(lock);
	buf_free(&text);
}

/* The issuer's URL, with or without its slash, and the well-known path. */
static bool
make_url(const struct tenant *tenant, char url[URL_SIZE])
{
	const char *issuer = tenant->issuers.item[0];
	size_t len = strlen(issuer);
	int n;

	if (len > 0 && issuer[len - 1] == '/')
		len--;
	n = snprintf(url, URL_SIZE, "%.*s/.well-known/openid-configuration",
	    (int)len, issuer);
	return n > 0 && n < URL_SIZE;
}

static enum issuer_result
ask(const struct world *world, const struct tenant *tenant, const char *name,
    int64_t deadline_ms, struct endpoints *e, struct issuer_document *document)
{
	enum issuer_result result;
	char url[URL_SIZE];

	if (!make_url(tenant, url)) {
		text_printf(&document->why, "the issuer's URL is too long");
		return ISSUER_BAD_ANSWER;
	}
	result = issuer_get(world, tenant, url, DISCOVERY_SIZE_MAX, deadline_ms,
	    document);
	if (result != ISSUER_OK)
		return result;
	if (!is_of_issuer(document->doc.nodes, tenant)) {
		text_printf(&document->why, "%s: the document's \"issuer\" is ",
		    url);
		json_show(json_get(document->doc.nodes, "issuer"),
		    &document->why);
		text_printf(&document->why, ", not %s",
		    tenant->issuers.item[0]);
		return ISSUER_BAD_ANSWER;
	}
	if (!take_document(document->doc.nodes, e)) {
		text_printf(&document->why, "out of memory");
		return ISSUER_NO_ANSWER;
	}
	store(world, name, buf_span(&document->text));
	return ISSUER_OK;
}

enum issuer_result
discovery_get(const struct world *world, const struct tenant *tenant,
    bool fresh_only, int64_t deadline_ms, struct endpoints *endpoints,
    struct issuer_document *document)
{
	enum issuer_result result = ISSUER_OK;
	char id[ISSUER_ID_SIZE], name[NAME_SIZE];

	*endpoints = (struct endpoints){ .jwks_uri = NULL };
	*document = (struct issuer_document){ .is_limited = false };
	if (issuer_id(world, tenant, id) != REASON_OK) {
		text_printf(&document->why, "out of memory");
		return ISSUER_NO_ANSWER;
	}
	(void)snprintf(name, sizeof(name), "%s-meta", id);
	if (fresh_only ||
	    (!load(world, tenant, name, CACHE_OWN, endpoints) &&
		!load(world, tenant, name, CACHE_ROOT, endpoints)))
		result =
		    ask(world, tenant, name, deadline_ms, endpoints, document);
	if (result == ISSUER_OK && !take_configuration(tenant, endpoints)) {
		text_printf(&document->why, "out of memory");
		return ISSUER_NO_ANSWER;
	}
	return result;
}

void
endpoints_clear(struct endpoints *endpoints)
{
	free(endpoints->jwks_uri);
	free(endpoints->userinfo);
	free(endpoints->token);
	free(endpoints->device_authorization);
	*endpoints = (struct endpoints){ .jwks_uri = NULL };
}
