/* SPDX-License-Identifier: BSD-2-Clause */
#include "userinfo.h"

#include <stdio.h>
#include <string.h>

#include "budget.h"
#include "clock.h"
#include "discovery.h"

#define BODY_MAX    65536 /* bytes of an answer */
#define RECORD_MAX  (BODY_MAX + 256)
#define REFUSED_AGE 10	 /* seconds at most that a refusal is kept */
#define DOWN_PAUSE  5	 /* seconds without a question after no answer */
#define LIMIT_PAUSE 60	 /* after a 429 that does not say for how long */
#define ASK_MIN_MS  200	 /* less time is not worth a question */
#define SWEEP_AGE   3600 /* seconds; no max_age is longer */
#define SWEEP_MAX   8192 /* records, and the locks and marks beside them */
#define NAME_SIZE   72
#define PAUSE_SIZE  80 /* of "pause-" and one of these */

/* Auth0: burst 10, then 5 a minute per user; Free plan 300 a minute in all. */
static const struct budget user_budget = { .burst = 8, .per_minute = 4 };
static const struct budget tenant_budget = { .burst = 100, .per_minute = 200 };

/* One question on its way, and the names of what is kept about it. */
struct search {
	const struct world *world;
	const struct userinfo_question *q;
	struct userinfo_answer *answer;
	int64_t now;
	int status;		/* of the record: 200, or what refused it */
	char record[NAME_SIZE]; /* token and issuer */
	char stripe[NAME_SIZE]; /* the lock */
	char tenant[NAME_SIZE];
	char user[NAME_SIZE]; /* "" until it is known */
	struct text why;
};

static enum reason
name_record(struct search *s)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	char id[ISSUER_ID_SIZE], hex[SHA256_HEX_SIZE];
	enum reason reason;

	if ((reason = issuer_id(s->world, s->q->tenant, s->q->issuer, id)) ==
		REASON_OK &&
	    (reason = buf_printf(&text, "%s\n", id)) == REASON_OK &&
	    (reason = buf_add(&text, s->q->token.ptr, s->q->token.len)) ==
		REASON_OK &&
	    (reason = crypto_sha256_hex(&s->world->crypto, buf_span(&text),
		 hex)) == REASON_OK) {
		(void)snprintf(s->record, NAME_SIZE, "%s", hex);
		(void)snprintf(s->stripe, NAME_SIZE, "stripe-%.2s", hex);
		(void)snprintf(s->tenant, NAME_SIZE, "tenant-%s", id);
	}
	buf_free(&text);
	return reason;
}

/* The issuer's limit is per user, whichever token he brings. */
static void
name_user(struct search *s, struct span sub)
{
	char hex[SHA256_HEX_SIZE];

	if (crypto_sha256_hex(&s->world->crypto, sub, hex) == REASON_OK)
		(void)snprintf(s->user, NAME_SIZE, "user-%.32s-%.24s", hex,
		    s->tenant + 7);
}

static bool
get_subject(const struct json *claims, struct span *sub)
{
	return json_as_string(json_get(claims, "sub"), sub) && sub->len > 0;
}

/* {"asked": seconds, "status": 200, "claims": {…}} as store() wrote it */
static bool
load(struct search *s)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	struct json_doc doc = JSON_DOC_INIT;
	int64_t asked = 0, status = 0;
	struct span sub;
	bool ok;

	ok = cache_load(s->world->cache, CACHE_USERINFO, CACHE_OWN, s->record,
		 &text) &&
	    json_doc_parse(buf_span(&text), &doc) == REASON_OK &&
	    json_as_date(json_get(doc.nodes, "asked"), &asked) &&
	    json_as_integer(json_get(doc.nodes, "status"), &status) &&
	    json_is(json_get(doc.nodes, "claims"), JSON_OBJECT) &&
	    asked <= s->now && status >= 100 && status <= 999;
	buf_free(&text);
	if (!ok) {
		json_doc_free(&doc);
		return false;
	}
	userinfo_answer_clear(s->answer);
	s->answer->doc = doc; /* transferred */
	s->answer->claims = json_get(doc.nodes, "claims");
	s->answer->asked = asked;
	s->status = (int)status;
	if (get_subject(s->answer->claims, &sub))
		name_user(s, sub);
	return true;
}

/* Is there a record, and is it young enough? */
static bool
load_fresh(struct search *s)
{
	int64_t age, max_age = s->q->max_age;
	struct span sub;

	if (!load(s))
		return false;
	age = s->now - s->answer->asked;
	if (s->status != 200 || !get_subject(s->answer->claims, &sub))
		max_age = max_age < REFUSED_AGE ? max_age : REFUSED_AGE;
	return age < max_age;
}

static void
store(struct search *s, int lock, int status, struct span claims)
{
	struct buf text = BUF_INIT(RECORD_MAX);

	/* the claims were parsed, so they can stand inside another document */
	if (buf_printf(&text, "{\"asked\":%lld,\"status\":%d,\"claims\":",
		(long long)s->now, status) == REASON_OK &&
	    buf_add(&text, claims.ptr, claims.len) == REASON_OK &&
	    buf_add_str(&text, "}\n") == REASON_OK)
		(void)cache_store(s->world->cache, CACHE_USERINFO, s->record,
		    lock, buf_span(&text));
	buf_free(&text);
	/* a time to come is as good as none */
	cache_sweep(s->world->cache, CACHE_USERINFO, s->now,
	    &(const struct cache_limits){ .max_age = SWEEP_AGE,
		.max_ahead = SWEEP_AGE,
		.max = SWEEP_MAX });
}

/* What is to be left alone: a token, a user, the issuer. */
static void
name_pause(const char *what, char name[PAUSE_SIZE])
{
	(void)snprintf(name, PAUSE_SIZE, "pause-%s", what);
}

/* A mark that says: not for so many seconds; what is "" is not known. */
static void
pause_for(struct search *s, const char *what, int64_t seconds)
{
	char name[PAUSE_SIZE];

	if (what[0] == '\0' || seconds <= 0)
		return;
	name_pause(what, name);
	cache_set_mark(s->world->cache, CACHE_USERINFO, name,
	    (struct cache_mark){ .time = s->now,
		.value = seconds > 255 ? 255 : (int)seconds });
}

static int64_t
pause_left(struct search *s, const char *what)
{
	struct cache_mark mark;
	char name[PAUSE_SIZE];

	name_pause(what, name);
	mark = cache_get_mark(s->world->cache, CACHE_USERINFO, name, s->now);
	return mark.time + mark.value > s->now ? mark.time + mark.value - s->now
					       : 0;
}

static enum reason
check_limits(struct search *s)
{
	const char *const ids[] = { s->tenant, s->user, s->record };
	struct cache *cache = s->world->cache;

	/* the lock may have taken it all, which is not the issuer's fault */
	if (clock_left(s->q->deadline_ms) < ASK_MIN_MS) {
		text_printf(&s->why, "there is no time left to ask");
		return REASON_ISSUER_UNAVAILABLE;
	}
	for (size_t i = 0; i < 3; i++) {
		int64_t left;

		if ((left = pause_left(s, ids[i])) == 0)
			continue;
		text_printf(&s->why, "not to be asked for %lld seconds more",
		    (long long)left);
		return i == 0 ? REASON_ISSUER_UNAVAILABLE : REASON_RATE_LIMITED;
	}
	/* his own one first: who has used it up takes nothing from others */
	if ((s->user[0] != '\0' &&
		!budget_take(cache, s->user, &user_budget, s->now)) ||
	    !budget_take(cache, s->tenant, &tenant_budget, s->now)) {
		text_printf(&s->why,
		    "our own budget of questions is used up for the moment");
		return REASON_RATE_LIMITED;
	}
	return REASON_OK;
}

/* What the issuer wants us to wait for; else_s if it does not say. */
static int64_t
wait_of(const struct search *s, const struct issuer_document *document,
    int64_t else_s)
{
	return document->limit_until > s->now ? document->limit_until - s->now
					      : else_s;
}

/* Keeps what was said, and heeds how often it wants to be asked. */
static enum reason
heed(struct search *s, int lock, enum issuer_result result,
    const struct issuer_document *document)
{
	struct span sub;

	if (result == ISSUER_OK) {
		if (s->user[0] == '\0' &&
		    get_subject(document->doc.nodes, &sub)) {
			name_user(s, sub);
			/* now it is known whose budget this came out of */
			(void)budget_take(s->world->cache, s->user,
			    &user_budget, s->now);
		}
		pause_for(s, s->user, wait_of(s, document, 0));
		store(s, lock, 200, buf_span(&document->text));
		return REASON_OK;
	}
	text_add(&s->why, span_of(document->why.s), TEXT_MAX);
	if (document->status == 401 || document->status == 403) {
		store(s, lock, document->status, span_of("{}"));
		return REASON_OPAQUE_REFUSED;
	}
	if (document->status == 429) {
		pause_for(s, s->user[0] != '\0' ? s->user : s->record,
		    wait_of(s, document, LIMIT_PAUSE));
		return REASON_RATE_LIMITED;
	}
	pause_for(s, s->tenant, wait_of(s, document, DOWN_PAUSE));
	log_warning(&s->world->log, "userinfo of %s: %s", s->q->issuer,
	    document->why.s);
	return REASON_ISSUER_UNAVAILABLE;
}

/* Where to ask: in the discovery document, if nobody has said. */
static enum issuer_result
find_url(struct search *s, struct endpoints *endpoints,
    struct issuer_document *document)
{
	enum issuer_result result;

	result = discovery_get(s->world, s->q->tenant, s->q->issuer, false,
	    s->q->deadline_ms, endpoints, document);
	if (result == ISSUER_OK && endpoints->userinfo == NULL) {
		text_printf(&document->why,
		    "the discovery document has no "
		    "userinfo_endpoint");
		result = ISSUER_BAD_ANSWER;
	}
	issuer_document_clear(document);
	if (document->status != 429)
		document->status = 0; /* not what /userinfo said */
	return result;
}

static enum reason
ask(struct search *s, int lock, struct issuer_document *document)
{
	struct issuer_question question = { .tenant = s->q->tenant,
		.url = s->q->tenant->userinfo_endpoint,
		.bearer = s->q->token,
		.size_max = BODY_MAX,
		.deadline_ms = s->q->deadline_ms };
	struct endpoints endpoints = { .userinfo = NULL };
	enum issuer_result result = ISSUER_OK;
	enum reason reason;

	if (question.url == NULL) {
		result = find_url(s, &endpoints, document);
		question.url = endpoints.userinfo;
	}
	if (result == ISSUER_OK)
		result = issuer_get(s->world, &question, document);
	reason = heed(s, lock, result, document);
	endpoints_clear(&endpoints);
	return reason;
}

/* Takes the answer over as it came, for where nothing can be stored. */
static void
take_over(struct search *s, struct issuer_document *document)
{
	userinfo_answer_clear(s->answer);
	s->answer->doc = document->doc;
	document->doc = (struct json_doc)JSON_DOC_INIT; /* transferred */
	s->answer->claims = s->answer->doc.nodes;
	s->answer->asked = s->now;
	s->status = 200;
}

static enum reason
ask_once(struct search *s)
{
	struct issuer_document document = { .status = 0 };
	enum reason reason = REASON_OK;
	int lock;

	lock = cache_lock(s->world->cache, CACHE_USERINFO, s->stripe,
	    clock_left(s->q->deadline_ms));
	s->now = clock_now();
	if (!load_fresh(s) && (reason = check_limits(s)) == REASON_OK &&
	    (reason = ask(s, lock, &document)) == REASON_OK)
		take_over(s, &document);
	issuer_document_clear(&document);
	cache_unlock(lock);
	return reason;
}

static enum reason
tell(struct search *s, enum reason reason, struct trace *trace)
{
	struct span sub;

	if (reason == REASON_OK && s->status != 200) {
		reason = REASON_OPAQUE_REFUSED;
		text_printf(&s->why, "HTTP status %d", s->status);
	}
	if (reason != REASON_OK)
		return trace_span(trace, "userinfo", reason, span_of(s->why.s),
		    "the issuer to accept the token");
	if (!get_subject(s->answer->claims, &sub))
		return trace_text(trace, "userinfo", REASON_CLAIM_INVALID,
		    "a subject, which scope openid brings", "no subject");
	return trace_text(trace, "userinfo", REASON_OK, "",
	    "asked %lld seconds ago; not bound to an audience",
	    (long long)(s->now - s->answer->asked));
}

enum reason
userinfo_get(const struct world *world, const struct userinfo_question *q,
    struct userinfo_answer *answer, struct trace *trace)
{
	struct search s = { .world = world,
		.q = q,
		.answer = answer,
		.now = clock_now() };
	enum reason reason;

	*answer = (struct userinfo_answer){ .claims = NULL };
	if ((reason = name_record(&s)) == REASON_OK && !load_fresh(&s))
		reason = ask_once(&s);
	reason = tell(&s, reason, trace);
	if (reason != REASON_OK)
		answer->claims = NULL;
	return reason;
}

void
userinfo_answer_clear(struct userinfo_answer *answer)
{
	json_doc_free(&answer->doc);
	answer->claims = NULL;
}
