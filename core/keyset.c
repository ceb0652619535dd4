/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "discovery.h"
#include "file.h"

#define RECORD_MAX (KEYS_SIZE_MAX + 4096)
#define NAME_SIZE  (ISSUER_ID_SIZE + 8)
#define FUTURE_MAX 60 /* seconds that clocks may differ */

/* Values of the mark on disk: how the last question to the issuer ended. */
enum mark { MARK_NO_ANSWER, MARK_BAD_ANSWER, MARK_ANSWERED };

struct keyset {
	const struct tenant *tenant;
	const struct world *world;
	char name[NAME_SIZE];
	pthread_mutex_t lock;	 /* of the four below; never held for long */
	struct keys *keys;	 /* NULL: none yet */
	int64_t fetched;	 /* when the issuer said so */
	struct cache_mark mark;	 /* ours, in case the disk keeps none */
	pthread_mutex_t refresh; /* held by the thread that asks */
};

/* What became of an attempt to get a newer set. */
enum refresh {
	REFRESH_DONE,	    /* by us or by somebody else */
	REFRESH_NO_ANSWER,  /* now, or when last asked a moment ago */
	REFRESH_BAD_ANSWER, /* likewise */
	REFRESH_TOO_SOON,   /* asked a moment ago, and it answered */
	REFRESH_LIMITED,    /* no answer but "too many requests" */
};

enum reason
keyset_open(struct keyset **keysetp, const struct tenant *tenant,
    const struct world *world)
{
	char id[ISSUER_ID_SIZE];
	struct keyset *ks;

	*keysetp = NULL;
	if (issuer_id(world, tenant, id) != REASON_OK ||
	    (ks = calloc(1, sizeof(*ks))) == NULL)
		return REASON_OUT_OF_MEMORY;
	ks->tenant = tenant;
	ks->world = world;
	(void)snprintf(ks->name, sizeof(ks->name), "%s-keys", id);
	if (pthread_mutex_init(&ks->lock, NULL) != 0) {
		free(ks);
		return REASON_OUT_OF_MEMORY;
	}
	if (pthread_mutex_init(&ks->refresh, NULL) != 0) {
		(void)pthread_mutex_destroy(&ks->lock);
		free(ks);
		return REASON_OUT_OF_MEMORY;
	}
	*keysetp = ks;
	return REASON_OK;
}

void
keyset_close(struct keyset *ks)
{
	if (ks == NULL)
		return;
	keys_release(ks->keys);
	(void)pthread_mutex_destroy(&ks->refresh);
	(void)pthread_mutex_destroy(&ks->lock);
	free(ks);
}

/* Takes over the reference to keys unless the set at hand is newer. */
static void
adopt(struct keyset *ks, struct keys *keys, int64_t fetched)
{
	struct keys *old = keys;

	(void)pthread_mutex_lock(&ks->lock);
	if (ks->keys == NULL || fetched >= ks->fetched) {
		old = ks->keys;
		ks->keys = keys;
		ks->fetched = fetched;
	}
	(void)pthread_mutex_unlock(&ks->lock);
	keys_release(old);
}

struct keys *
keyset_peek(struct keyset *ks, int64_t *fetched)
{
	struct keys *keys = NULL;

	*fetched = 0;
	(void)pthread_mutex_lock(&ks->lock);
	if (ks->keys != NULL) {
		keys = keys_hold(ks->keys);
		*fetched = ks->fetched;
	}
	(void)pthread_mutex_unlock(&ks->lock);
	return keys;
}

static int64_t
fetched_at(struct keyset *ks)
{
	int64_t fetched;

	(void)pthread_mutex_lock(&ks->lock);
	fetched = ks->fetched;
	(void)pthread_mutex_unlock(&ks->lock);
	return fetched;
}

/* {"issuer": …, "fetched": seconds, "jwks": {…}} as store() wrote it */
static void
load_record(struct keyset *ks, enum cache_owner owner)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	struct keys *keys = NULL;
	struct text why;
	struct span issuer;
	int64_t fetched = 0;

	text_clear(&why);
	if (cache_load(ks->world->cache, CACHE_KEYS, owner, ks->name, &text) &&
	    json_doc_parse(buf_span(&text), &doc) == REASON_OK &&
	    json_as_string(json_get(doc.nodes, "issuer"), &issuer) &&
	    span_is(issuer, ks->tenant->issuers.item[0]) &&
	    json_as_date(json_get(doc.nodes, "fetched"), &fetched) &&
	    fetched <= clock_now() + FUTURE_MAX && fetched > fetched_at(ks) &&
	    keys_parse(&ks->world->crypto, json_get(doc.nodes, "jwks"), &keys,
		&why) == REASON_OK)
		adopt(ks, keys, fetched);
	json_doc_free(&doc);
	buf_free(&text);
}

/* The administrator's own file takes the place of disk and network. */
static enum reason
load_file(struct keyset *ks, struct text *why)
{
	struct buf text = BUF_INIT(KEYS_SIZE_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	struct keys *keys = NULL;
	enum reason reason;

	text_printf(why, "%s: ", ks->tenant->jwks_file);
	if ((reason = file_read(ks->tenant->jwks_file, &text, why)) !=
	    REASON_OK)
		goto out;
	if ((reason = json_doc_parse(buf_span(&text), &doc)) != REASON_OK) {
		text_printf(why, "not a JSON object");
		goto out;
	}
	if ((reason = keys_parse(&ks->world->crypto, doc.nodes, &keys, why)) !=
	    REASON_OK)
		goto out;
	adopt(ks, keys, clock_now());
	reason = REASON_OK;
out:
	json_doc_free(&doc);
	buf_free(&text);
	if (reason != REASON_OK && reason != REASON_OUT_OF_MEMORY)
		reason = REASON_CONFIG_INVALID;
	return reason;
}

void
keyset_load(struct keyset *ks)
{
	struct text why;

	text_clear(&why);
	if (ks->tenant->jwks_file != NULL) {
		(void)!load_file(ks, &why);
		return;
	}
	load_record(ks, CACHE_OWN);
	load_record(ks, CACHE_ROOT);
}

static void
store(struct keyset *ks, int lock, int64_t fetched, struct span jwks)
{
	struct buf text = BUF_INIT(RECORD_MAX);

	/* the issuer is a URL without quotes; the set was parsed */
	if (buf_printf(&text, "{\"issuer\":\"%s\",\"fetched\":%lld,\"jwks\":",
		ks->tenant->issuers.item[0], (long long)fetched) == REASON_OK &&
	    buf_add(&text, jwks.ptr, jwks.len) == REASON_OK &&
	    buf_add_str(&text, "}\n") == REASON_OK)
		(void)cache_store(ks->world->cache, CACHE_KEYS, ks->name, lock,
		    buf_span(&text));
	buf_free(&text);
}

static bool
is_fresh(const struct keyset *ks, int64_t fetched)
{
	const int64_t age = clock_now() - fetched;

	return fetched != 0 && age >= -FUTURE_MAX &&
	    age < ks->tenant->keys_max_age;
}

static struct cache_mark
get_mark(struct keyset *ks)
{
	const struct cache_mark disk =
	    cache_get_mark(ks->world->cache, CACHE_KEYS, ks->name, clock_now());
	struct cache_mark mark;

	(void)pthread_mutex_lock(&ks->lock);
	mark = ks->mark;
	(void)pthread_mutex_unlock(&ks->lock);
	return disk.time > mark.time ? disk : mark;
}

static void
set_mark(struct keyset *ks, enum mark value)
{
	const struct cache_mark mark = { .time = clock_now(),
		.value = (int)value };

	(void)pthread_mutex_lock(&ks->lock);
	ks->mark = mark;
	(void)pthread_mutex_unlock(&ks->lock);
	cache_set_mark(ks->world->cache, CACHE_KEYS, ks->name, mark);
}

/* May the issuer be asked?  If not, how did it end the last time? */
static bool
may_ask(struct keyset *ks, enum refresh *last)
{
	const struct cache_mark mark = get_mark(ks);
	const int64_t ago = clock_now() - mark.time;

	if (mark.time == 0 || ago < -FUTURE_MAX ||
	    ago >= ks->tenant->refetch_cooldown)
		return true;
	/* It answered, and the set is gone: no disk to keep it on. */
	if (mark.value == MARK_ANSWERED && fetched_at(ks) == 0)
		return true;
	switch (mark.value) {
	case MARK_ANSWERED:
		*last = REFRESH_TOO_SOON;
		break;
	case MARK_BAD_ANSWER:
		*last = REFRESH_BAD_ANSWER;
		break;
	default:
		*last = REFRESH_NO_ANSWER;
		break;
	}
	return false;
}

/* One round: where is the set, the set itself, is it any good. */
static enum issuer_result
download(struct keyset *ks, bool fresh_metadata, int64_t deadline_ms,
    struct keys **keysp, struct issuer_document *document)
{
	struct endpoints endpoints;
	enum issuer_result result;
	struct text why;

	*keysp = NULL;
	if (ks->tenant->jwks_uri != NULL) {
		result = issuer_get(ks->world, ks->tenant, ks->tenant->jwks_uri,
		    KEYS_SIZE_MAX, deadline_ms, document);
	} else {
		result = discovery_get(ks->world, ks->tenant, fresh_metadata,
		    deadline_ms, &endpoints, document);
		if (result == ISSUER_OK && endpoints.jwks_uri == NULL) {
			text_printf(&document->why,
			    "the discovery document "
			    "has no jwks_uri");
			result = ISSUER_BAD_ANSWER;
		}
		if (result == ISSUER_OK) {
			issuer_document_clear(document);
			result = issuer_get(ks->world, ks->tenant,
			    endpoints.jwks_uri, KEYS_SIZE_MAX, deadline_ms,
			    document);
		}
		endpoints_clear(&endpoints);
	}
	text_clear(&why);
	if (result == ISSUER_OK &&
	    keys_parse(&ks->world->crypto, document->doc.nodes, keysp, &why) !=
		REASON_OK) {
		text_printf(&document->why, "the key set is refused: %s",
		    why.s);
		result = ISSUER_BAD_ANSWER;
	}
	return result;
}

/* Asks the issuer.  The mark goes first: a crash must not unlimit us. */
static enum refresh
ask(struct keyset *ks, int lock, int64_t deadline_ms, struct text *why)
{
	const int64_t now = clock_now();
	struct issuer_document document;
	enum refresh done = REFRESH_NO_ANSWER;
	enum issuer_result result;
	struct keys *keys;

	set_mark(ks, MARK_NO_ANSWER);
	result = download(ks, false, deadline_ms, &keys, &document);
	if (result == ISSUER_BAD_ANSWER && ks->tenant->jwks_uri == NULL) {
		/* perhaps the set has moved since yesterday */
		issuer_document_clear(&document);
		result = download(ks, true, deadline_ms, &keys, &document);
	}
	switch (result) {
	case ISSUER_OK:
		set_mark(ks, MARK_ANSWERED);
		store(ks, lock, now, buf_span(&document.text));
		adopt(ks, keys, now);
		done = REFRESH_DONE;
		break;
	case ISSUER_BAD_ANSWER:
		set_mark(ks, MARK_BAD_ANSWER);
		done = REFRESH_BAD_ANSWER;
		break;
	case ISSUER_NO_ANSWER:
		done =
		    document.is_limited ? REFRESH_LIMITED : REFRESH_NO_ANSWER;
		break;
	}
	if (result != ISSUER_OK) {
		text_add(why, span_of(document.why.s), TEXT_MAX);
		log_warning(&ks->world->log, "keys of %s: %s",
		    ks->tenant->issuers.item[0], document.why.s);
	}
	issuer_document_clear(&document);
	return done;
}

/*
 * Gets a set that is newer than the one fetched at have, unless the cooldown
 * forbids it.  Threads queue at the mutex, processes at the lock; who comes
 * second finds what the first one got.
 */
static enum refresh
refresh(struct keyset *ks, int64_t have, bool is_forced, int64_t deadline_ms,
    struct text *why)
{
	enum refresh done = REFRESH_DONE;
	struct timespec until = { .tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000 };
	int lock;

	if (pthread_mutex_clocklock(&ks->refresh, CLOCK_MONOTONIC, &until) !=
	    0) {
		text_printf(why, "another thread is still asking the issuer");
		return REFRESH_NO_ANSWER;
	}
	lock = cache_lock(ks->world->cache, CACHE_KEYS, ks->name,
	    clock_left(deadline_ms));
	keyset_load(ks);
	if (fetched_at(ks) > have && !is_forced)
		done = REFRESH_DONE;
	else if (!is_forced && !may_ask(ks, &done))
		text_printf(why,
		    "the issuer was asked less than %d seconds ago",
		    ks->tenant->refetch_cooldown);
	else if (clock_left(deadline_ms) == 0) {
		text_printf(why, "there is no time left to ask the issuer");
		done = REFRESH_NO_ANSWER;
	} else
		done = ask(ks, lock, deadline_ms, why);
	cache_unlock(lock);
	(void)pthread_mutex_unlock(&ks->refresh);
	return done;
}

/* The set may be used although it is old. */
static bool
may_serve(const struct keyset *ks, enum refresh done, int64_t fetched)
{
	const int64_t age = clock_now() - fetched;

	if (is_fresh(ks, fetched))
		return true;
	return fetched != 0 && age >= 0 &&
	    (done == REFRESH_NO_ANSWER || done == REFRESH_LIMITED) &&
	    age < ks->tenant->keys_max_stale;
}

/* What a search came to; holds keys. */
struct lookup {
	struct keys *keys;
	struct key *key;
	int64_t fetched;
	const char *why; /* borrowed from keys, or static */
};

/* In the set at hand, whatever its age. */
static enum reason
look_up(struct keyset *ks, const struct jws_header *header, struct lookup *l)
{
	l->key = NULL;
	l->why = "no key set at hand";
	if ((l->keys = keyset_peek(ks, &l->fetched)) == NULL)
		return REASON_KEY_UNKNOWN;
	return keys_find(l->keys, header, &l->key, &l->why);
}

/* The same after the issuer was asked, or could not be. */
static enum reason
look_further(struct keyset *ks, const struct jws_header *header,
    int64_t deadline_ms, struct lookup *l, struct text *problem)
{
	const enum refresh done =
	    refresh(ks, l->fetched, false, deadline_ms, problem);
	enum reason reason;

	keys_release(l->keys);
	reason = look_up(ks, header, l);
	if (may_serve(ks, done, l->fetched) &&
	    (reason != REASON_KEY_UNKNOWN || done == REFRESH_DONE ||
		done == REFRESH_TOO_SOON))
		return reason;
	l->why = problem->s;
	return done == REFRESH_LIMITED ? REASON_RATE_LIMITED
				       : REASON_ISSUER_UNAVAILABLE;
}

static enum reason
tell(const struct keyset *ks, const struct jws_header *header,
    enum reason reason, const struct lookup *l, struct trace *trace)
{
	struct text found;

	if (reason == REASON_OK && trace->step == NULL)
		return reason;
	text_clear(&found);
	text_printf(&found, "kid ");
	text_add(&found, header->kid.len > 0 ? header->kid : span_of("absent"),
	    80);
	if (l->fetched != 0)
		text_printf(&found, ", keys of %s, %lld seconds old",
		    ks->tenant->issuers.item[0],
		    (long long)(clock_now() - l->fetched));
	return trace_span(trace, "key", reason, span_of(found.s),
	    reason == REASON_OK ? "" : l->why);
}

/* Memory is filled from disk, or from the administrator's file. */
static enum reason
refill(struct keyset *ks, struct text *problem)
{
	if (is_fresh(ks, fetched_at(ks)))
		return REASON_OK;
	if (ks->tenant->jwks_file != NULL)
		return load_file(ks, problem);
	keyset_load(ks);
	return REASON_OK;
}

enum reason
keyset_find(struct keyset *ks, const struct jws_header *header,
    int64_t deadline_ms, struct keys **keysp, struct key **keyp,
    struct trace *trace)
{
	struct lookup l = { .keys = NULL };
	struct text problem;
	enum reason reason;

	*keysp = NULL;
	*keyp = NULL;
	text_clear(&problem);
	if ((reason = refill(ks, &problem)) != REASON_OK) {
		l.why = problem.s;
		return tell(ks, header, reason, &l, trace);
	}
	reason = look_up(ks, header, &l);
	if (ks->tenant->jwks_file == NULL &&
	    (reason == REASON_KEY_UNKNOWN || !is_fresh(ks, l.fetched)))
		reason = look_further(ks, header, deadline_ms, &l, &problem);
	reason = tell(ks, header, reason, &l, trace);
	if (reason == REASON_OK) {
		*keysp = l.keys;
		*keyp = l.key;
		l.keys = NULL; /* transferred */
	}
	keys_release(l.keys);
	return reason;
}

bool
keyset_knows(struct keyset *ks, const struct jws_header *header,
    size_t *letters)
{
	struct lookup l = { .keys = NULL };
	struct text problem;
	enum reason reason;

	text_clear(&problem);
	if (refill(ks, &problem) != REASON_OK)
		return false;
	reason = look_up(ks, header, &l);
	if (reason == REASON_OK && letters != NULL)
		*letters = key_signature_letters(l.key);
	keys_release(l.keys);
	return reason != REASON_KEY_UNKNOWN;
}

enum reason
keyset_refresh(struct keyset *ks, bool is_forced, int64_t deadline_ms,
    struct text *why)
{
	enum refresh done;

	if (ks->tenant->jwks_file != NULL)
		return load_file(ks, why);
	keyset_load(ks);
	done = refresh(ks, fetched_at(ks), is_forced, deadline_ms, why);
	if (done == REFRESH_DONE)
		return REASON_OK;
	return done == REFRESH_LIMITED ? REASON_RATE_LIMITED
				       : REASON_ISSUER_UNAVAILABLE;
}

void
keyset_flush(struct keyset *ks)
{
	struct keys *old;

	(void)pthread_mutex_lock(&ks->lock);
	old = ks->keys;
	ks->keys = NULL;
	ks->fetched = 0;
	(void)pthread_mutex_unlock(&ks->lock);
	keys_release(old);
	(void)cache_remove(ks->world->cache, CACHE_KEYS, ks->name);
}
