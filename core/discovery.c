/* SPDX-License-Identifier: BSD-2-Clause */
#include "discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define DISCOVERY_SIZE_MAX (64 * 1024)
#define DISCOVERY_MAX_AGE  86400 /* seconds; endpoints hardly ever move */
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
is_of_issuer(const struct json *json, const char *issuer)
{
	struct span s;

	return json_as_string(json_get(json, "issuer"), &s) &&
	    span_is(s, issuer);
}

/* One question on its way. */
struct search {
	const struct world *world;
	const struct tenant *tenant;
	const char *issuer;
	char name[NAME_SIZE];
};

/* {"fetched": seconds, "document": {...}} as store() wrote it */
static bool
load(const struct search *s, enum cache_owner owner, struct endpoints *e)
{
	struct buf text = BUF_INIT(2 * DISCOVERY_SIZE_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	const struct json *document;
	const int64_t now = clock_now();
	int64_t fetched = 0;
	bool ok;

	ok = cache_load(s->world->cache, CACHE_KEYS, owner, s->name, &text) &&
	    json_doc_parse(buf_span(&text), &doc) == REASON_OK &&
	    (document = json_get(doc.nodes, "document")) != NULL &&
	    json_as_date(json_get(doc.nodes, "fetched"), &fetched) &&
	    fetched <= now + CLOCK_SLACK && now - fetched < DISCOVERY_MAX_AGE &&
	    is_of_issuer(document, s->issuer) && take_document(document, e);
	json_doc_free(&doc);
	buf_free(&text);
	return ok;
}

static void
store(const struct search *s, struct span document)
{
	struct buf text = BUF_INIT(2 * DISCOVERY_SIZE_MAX);
	const int lock = cache_lock(s->world->cache, CACHE_KEYS, s->name, 0);

	/* the document was parsed, so it can stand inside another one */
	if (buf_printf(&text, "{\"fetched\":%lld,\"document\":",
		(long long)clock_now()) == REASON_OK &&
	    buf_add(&text, document.ptr, document.len) == REASON_OK &&
	    buf_add_str(&text, "}\n") == REASON_OK)
		(void)cache_store(s->world->cache, CACHE_KEYS, s->name, lock,
		    buf_span(&text));
	cache_unlock(lock);
	buf_free(&text);
}

/* The issuer's URL, with or without its slash, and the well-known path. */
static bool
make_url(const char *issuer, char url[URL_SIZE])
{
	struct span s = span_of(issuer);
	int n;

	if (span_ends(s, "/"))
		s.len--;
	n = snprintf(url, URL_SIZE, "%.*s/.well-known/openid-configuration",
	    (int)s.len, s.ptr);
	return n > 0 && n < URL_SIZE;
}

static enum issuer_result
ask(const struct search *s, int64_t deadline_ms, struct endpoints *e,
    struct issuer_document *document)
{
	char url[URL_SIZE];
	const struct issuer_question question = {
		.tenant = s->tenant,
		.url = url,
		.size_max = DISCOVERY_SIZE_MAX,
		.deadline_ms = deadline_ms,
	};
	enum issuer_result result;

	if (!make_url(s->issuer, url)) {
		text_printf(&document->why, "the issuer's URL is too long");
		return ISSUER_BAD_ANSWER;
	}
	result = issuer_get(s->world, &question, document);
	if (result != ISSUER_OK)
		return result;
	if (!is_of_issuer(document->doc.nodes, s->issuer)) {
		text_printf(&document->why, "the document's \"issuer\" is ");
		json_show(json_get(document->doc.nodes, "issuer"),
		    &document->why);
		text_printf(&document->why, ", not %s", s->issuer);
		return ISSUER_BAD_ANSWER;
	}
	if (!take_document(document->doc.nodes, e)) {
		text_printf(&document->why, "out of memory");
		return ISSUER_NO_ANSWER;
	}
	store(s, buf_span(&document->text));
	return ISSUER_OK;
}

enum issuer_result
discovery_get(const struct world *world, const struct tenant *tenant,
    const char *issuer, bool fresh_only, int64_t deadline_ms,
    struct endpoints *endpoints, struct issuer_document *document)
{
	struct search s = { .world = world,
		.tenant = tenant,
		.issuer = issuer };
	enum issuer_result result = ISSUER_OK;
	char id[ISSUER_ID_SIZE];

	*endpoints = (struct endpoints){ .jwks_uri = NULL };
	*document = (struct issuer_document){ .status = 0 };
	if (issuer_id(world, tenant, issuer, id) != REASON_OK) {
		text_printf(&document->why, "out of memory");
		return ISSUER_NO_ANSWER;
	}
	(void)snprintf(s.name, sizeof(s.name), "%s-meta", id);
	if (fresh_only ||
	    (!load(&s, CACHE_OWN, endpoints) &&
		!load(&s, CACHE_ROOT, endpoints)))
		result = ask(&s, deadline_ms, endpoints, document);
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
