/* SPDX-License-Identifier: BSD-2-Clause */
#include "keysource.h"

#include <stdio.h>

#include "clock.h"
#include "discovery.h"
#include "file.h"

#define RECORD_MAX (KEYS_SIZE_MAX + 4096)

bool
keysource_name(const struct keysource *source, char name[KEYSOURCE_NAME_SIZE])
{
	const struct tenant *tenant = source->tenant;
	char id[ISSUER_ID_SIZE];

	if (issuer_id(source->world, tenant, tenant->issuers.item[0], id) !=
	    REASON_OK)
		return false;
	(void)snprintf(name, KEYSOURCE_NAME_SIZE, "%s-keys", id);
	return true;
}

/* {"issuer": …, "fetched": seconds, "skew": seconds, "jwks": {…}} */
static bool
read_record(const struct keysource *source, const struct json *json,
    int64_t newer_than, struct keyring *ring)
{
	struct text why;
	struct span s;

	text_clear(&why);
	ring->has_skew = json_as_integer(json_get(json, "skew"), &ring->skew);
	return json_as_string(json_get(json, "issuer"), &s) &&
	    span_is(s, source->tenant->issuers.item[0]) &&
	    json_as_date(json_get(json, "fetched"), &ring->fetched) &&
	    ring->fetched <= clock_now() + CLOCK_SLACK &&
	    ring->fetched > newer_than &&
	    keys_parse(&source->world->crypto, json_get(json, "jwks"),
		&ring->keys, &why) == REASON_OK;
}

bool
keysource_load(const struct keysource *source, enum cache_owner owner,
    int64_t newer_than, struct keyring *ring)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	char name[KEYSOURCE_NAME_SIZE];
	bool ok;

	*ring = (struct keyring){ .keys = NULL };
	ok = keysource_name(source, name) &&
	    cache_load(source->world->cache, CACHE_KEYS, owner, name, &text) &&
	    json_doc_parse(buf_span(&text), &doc) == REASON_OK &&
	    read_record(source, doc.nodes, newer_than, ring);
	json_doc_free(&doc);
	buf_free(&text);
	return ok;
}

static void
store(const struct keysource *source, int lock, const struct keyring *ring,
    struct span jwks)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	char name[KEYSOURCE_NAME_SIZE];
	enum reason reason;

	/* the issuer is a URL without quotes; the set was parsed */
	reason = buf_printf(&text, "{\"issuer\":\"%s\",\"fetched\":%lld,",
	    source->tenant->issuers.item[0], (long long)ring->fetched);
	if (reason == REASON_OK && ring->has_skew)
		reason =
		    buf_printf(&text, "\"skew\":%lld,", (long long)ring->skew);
	if (reason == REASON_OK &&
	    buf_add_str(&text, "\"jwks\":") == REASON_OK &&
	    buf_add(&text, jwks.ptr, jwks.len) == REASON_OK &&
	    buf_add_str(&text, "}\n") == REASON_OK &&
	    keysource_name(source, name))
		(void)cache_store(source->world->cache, CACHE_KEYS, name, lock,
		    buf_span(&text));
	buf_free(&text);
}

enum reason
keysource_read_file(const struct keysource *source, struct keyring *ring,
    struct text *why)
{
	struct buf text = BUF_INIT(KEYS_SIZE_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	enum reason reason;

	*ring = (struct keyring){ .fetched = clock_now() };
	text_printf(why, "%s: ", source->tenant->jwks_file);
	if ((reason = file_read(source->tenant->jwks_file, &text, why)) ==
	    REASON_OK) {
		reason = json_doc_parse(buf_span(&text), &doc);
		if (reason == REASON_OK)
			reason = keys_parse(&source->world->crypto, doc.nodes,
			    &ring->keys, why);
		else
			text_printf(why, "not a JSON object");
	}
	json_doc_free(&doc);
	buf_free(&text);
	if (reason == REASON_OK || reason == REASON_OUT_OF_MEMORY)
		return reason;
	return REASON_CONFIG_INVALID;
}

/* Where the set is: configured, or in the discovery document. */
static enum issuer_result
find_url(const struct keysource *source, bool fresh_metadata,
    int64_t deadline_ms, struct endpoints *endpoints,
    struct issuer_document *document)
{
	enum issuer_result result;

	result = discovery_get(source->world, source->tenant,
	    source->tenant->issuers.item[0], fresh_metadata, deadline_ms,
	    endpoints, document);
	if (result == ISSUER_OK && endpoints->jwks_uri == NULL) {
		text_printf(&document->why,
		    "the discovery document has no jwks_uri");
		result = ISSUER_BAD_ANSWER;
	}
	return result;
}

/* One round: where is the set, the set itself, is it any good. */
static enum issuer_result
download(const struct keysource *source, bool fresh_metadata,
    int64_t deadline_ms, struct keys **keysp, struct issuer_document *document)
{
	struct issuer_question question = { .tenant = source->tenant,
		.url = source->tenant->jwks_uri,
		.size_max = KEYS_SIZE_MAX,
		.deadline_ms = deadline_ms };
	struct endpoints endpoints = { .jwks_uri = NULL };
	enum issuer_result result = ISSUER_OK;
	struct text why;

	*document = (struct issuer_document){ .status = 0 };
	if (question.url == NULL) {
		result = find_url(source, fresh_metadata, deadline_ms,
		    &endpoints, document);
		question.url = endpoints.jwks_uri;
		issuer_document_clear(document);
	}
	if (result == ISSUER_OK)
		result = issuer_get(source->world, &question, document);
	endpoints_clear(&endpoints);
	text_clear(&why);
	if (result == ISSUER_OK &&
	    keys_parse(&source->world->crypto, document->doc.nodes, keysp,
		&why) != REASON_OK) {
		text_printf(&document->why, "the key set is refused: %s",
		    why.s);
		result = ISSUER_BAD_ANSWER;
	}
	return result;
}

enum issuer_result
keysource_ask(const struct keysource *source, int lock, int64_t deadline_ms,
    struct keyring *ring, int *status, struct text *why)
{
	struct issuer_document document;
	enum issuer_result result;

	*ring = (struct keyring){ .fetched = clock_now() };
	result = download(source, false, deadline_ms, &ring->keys, &document);
	if (result == ISSUER_BAD_ANSWER && source->tenant->jwks_uri == NULL) {
		/* perhaps the set has moved since yesterday */
		issuer_document_clear(&document);
		result =
		    download(source, true, deadline_ms, &ring->keys, &document);
	}
	*status = document.status;
	if (result == ISSUER_OK) {
		ring->has_skew = document.date != 0;
		ring->skew = document.date - clock_now();
		store(source, lock, ring, buf_span(&document.text));
	} else
		text_add(why, span_of(document.why.s), TEXT_MAX);
	issuer_document_clear(&document);
	return result;
}
