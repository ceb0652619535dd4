/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "discovery.h"
#include "site.h"
#include "unit.h"
#include "userinfo.h"

/*
 * How long an answer of /userinfo counts, and how long the issuer is left
 * alone: each limit to the second.  The linker sends the clock and the issuer
 * here; the disk is real.
 */
#define JANE  "{\"sub\":\"auth0|jane\"}"
#define NOSUB "{\"name\":\"jane\"}"

int64_t __wrap_clock_now(void);
int __wrap_clock_left(int64_t deadline_ms);
void __wrap_cache_sweep(struct cache *cache, enum cache_kind kind,
    int64_t sweep_now, const struct cache_limits *limits);
enum issuer_result __wrap_issuer_get(const struct world *world,
    const struct issuer_question *question, struct issuer_document *document);
enum issuer_result __wrap_discovery_get(const struct world *world,
    const struct tenant *tenant, const char *issuer, bool fresh_only,
    int64_t deadline_ms, struct endpoints *endpoints,
    struct issuer_document *document);

static int64_t now;
static int left_ms;
static struct {
	enum issuer_result result;
	int status;
	int64_t limit_until;
	const char *body;
	unsigned int asked;
	void (*meanwhile)(void); /* what another one does before it answers */
	bool fresh_only;	 /* of the last question for the document */
} issuer;

int64_t
__wrap_clock_now(void)
{
	return now;
}

int
__wrap_clock_left(int64_t deadline_ms)
{
	(void)deadline_ms;
	return left_ms;
}

/* The files have the time that it really is. */
void
__wrap_cache_sweep(struct cache *cache, enum cache_kind kind, int64_t sweep_now,
    const struct cache_limits *limits)
{
	(void)cache, (void)kind, (void)sweep_now, (void)limits;
}

enum issuer_result
__wrap_issuer_get(const struct world *world,
    const struct issuer_question *question, struct issuer_document *document)
{
	void (*const other)(void) = issuer.meanwhile;

	(void)world, (void)question;
	issuer.meanwhile = NULL;
	if (other != NULL)
		other();
	issuer.asked++;
	*document = (struct issuer_document){ .status = issuer.status,
		.text = BUF_INIT(128 * 1024),
		.limit_until = issuer.limit_until };
	if (issuer.result == ISSUER_OK) {
		assert_int_equal(buf_add_str(&document->text, issuer.body),
		    REASON_OK);
		assert_int_equal(json_doc_parse(buf_span(&document->text),
				     &document->doc),
		    REASON_OK);
	}
	return issuer.result;
}

enum issuer_result
__wrap_discovery_get(const struct world *world, const struct tenant *tenant,
    const char *name, bool fresh_only, int64_t deadline_ms,
    struct endpoints *endpoints, struct issuer_document *document)
{
	(void)world, (void)tenant, (void)name, (void)deadline_ms;
	issuer.fresh_only = fresh_only;
	*document = (struct issuer_document){ .status = 200 };
	*endpoints = (struct endpoints){ .userinfo = strdup("https://u/") };
	return ISSUER_OK;
}

static char *dir;
static struct world world;
static char url[] = SITE_A "userinfo", nowhere[] = "/other.pem";
static struct tenant tenant, other_tenant;
static struct text told;

static void
hear(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	(void)arg, (void)check, (void)reason, (void)wanted;
	text_clear(&told);
	text_add(&told, span_of(found), TEXT_MAX);
}

/* Nothing is kept, and the issuer accepts. */
static void
start(void)
{
	cache_close(world.cache);
	unit_dir_remove(dir);
	dir = unit_dir();
	assert_int_equal(cache_open(&world.cache, dir, &world.crypto, true),
	    REASON_OK);
	now = NOW;
	left_ms = 1000;
	memset(&issuer, 0, sizeof(issuer));
	issuer.status = 200;
	issuer.body = JANE;
}

static enum reason
get_at(const struct tenant *t, const char *token, int max_age)
{
	const struct userinfo_question q = { .tenant = t,
		.issuer = SITE_A,
		.token = span_of(token),
		.max_age = max_age };
	struct trace trace = { .step = hear };
	struct userinfo_answer answer;
	enum reason reason;

	reason = userinfo_get(&world, &q, &answer, &trace);
	row_true(token, (answer.claims != NULL) == (reason == REASON_OK));
	userinfo_answer_clear(&answer);
	return reason;
}

/* asked: how often somebody was by then */
static void
check(const char *name, const char *token, enum reason want, unsigned int asked)
{
	row_reason(name, get_at(&tenant, token, 60), want);
	row_number(name, issuer.asked, asked);
}

static void
refuse(int status, int64_t limit_until)
{
	issuer.result = ISSUER_BAD_ANSWER;
	issuer.status = status;
	issuer.limit_until = limit_until;
}

/* A yes counts for as long as was asked for, a no for ten seconds at most. */
static void
test_ages(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *body;
		int max_age;
		enum reason want;
		int64_t counts; /* seconds */
	} rows[] = {
		{ "good", 200, JANE, 60, REASON_OK, 60 },
		{ "good, for an hour", 200, JANE, 3600, REASON_OK, 3600 },
		{ "good, for no time", 200, JANE, 0, REASON_OK, 0 },
		{ "refused", 401, "", 60, REASON_OPAQUE_REFUSED, 10 },
		{ "forbidden", 403, "", 3600, REASON_OPAQUE_REFUSED, 10 },
		{ "refused, less", 401, "", 5, REASON_OPAQUE_REFUSED, 5 },
		{ "refused, ten", 401, "", 10, REASON_OPAQUE_REFUSED, 10 },
		{ "no subject", 200, NOSUB, 60, REASON_CLAIM_INVALID, 10 },
		{ "no subject, less", 200, NOSUB, 5, REASON_CLAIM_INVALID, 5 },
		{ "subject empty", 200, "{\"sub\":\"\"}", 60,
		    REASON_CLAIM_INVALID, 10 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const int64_t ages[] = { 0, rows[i].counts - 1,
			rows[i].counts };

		start();
		issuer.body = rows[i].body;
		if (rows[i].status != 200)
			refuse(rows[i].status, 0);
		for (size_t j = 0; j < nitems(ages); j++) {
			if (ages[j] < 0)
				continue;
			now = NOW + ages[j];
			row_reason(rows[i].name,
			    get_at(&tenant, "token", rows[i].max_age),
			    rows[i].want);
			row_number(rows[i].name, issuer.asked,
			    j > 0 && ages[j] == rows[i].counts ? 2 : 1);
		}
	}
	start();
	check("told", "token", REASON_OK, 1);
	row_has("told", told.s, "asked 0 seconds ago; not bound");
	now = NOW + 7;
	check("told later", "token", REASON_OK, 1);
	row_has("told later", told.s, "asked 7 seconds ago; not bound");
	rows_end();
}

static void
put_record(const char *token, const char *text)
{
	struct buf named = BUF_INIT(1024);
	char id[ISSUER_ID_SIZE], name[SHA256_HEX_SIZE];
	int lock;

	assert_int_equal(issuer_id(&world, &tenant, SITE_A, id), REASON_OK);
	assert_int_equal(buf_printf(&named, "%s\n%s", id, token), REASON_OK);
	assert_int_equal(crypto_sha256_hex(&world.crypto, buf_span(&named),
			     name),
	    REASON_OK);
	lock = cache_lock(world.cache, CACHE_USERINFO, name, 0);
	assert_true(cache_store(world.cache, CACHE_USERINFO, name, lock,
	    span_of(text)));
	cache_unlock(lock);
	buf_free(&named);
}

/* What is whole, and yet no answer of ours, is none. */
static void
test_records(void **state)
{
	static const struct {
		const char *name, *text;
		enum reason want;
		unsigned int asked;
	} rows[] = {
		{ "as we write it",
		    "{\"asked\":1799999999,\"status\":200,\"claims\":" JANE "}",
		    REASON_OK, 0 },
		{ "of this second",
		    "{\"asked\":1800000000,\"status\":200,\"claims\":" JANE "}",
		    REASON_OK, 0 },
		{ "of the next second",
		    "{\"asked\":1800000001,\"status\":200,\"claims\":" JANE "}",
		    REASON_OK, 1 },
		{ "no time", "{\"status\":200,\"claims\":" JANE "}", REASON_OK,
		    1 },
		{ "the time is text",
		    "{\"asked\":\"1799999999\",\"status\":200,\"claims\":" JANE
		    "}",
		    REASON_OK, 1 },
		{ "no status", "{\"asked\":1799999999,\"claims\":" JANE "}",
		    REASON_OK, 1 },
		{ "status text",
		    "{\"asked\":1799999999,\"status\":\"200\",\"claims\":" JANE
		    "}",
		    REASON_OK, 1 },
		{ "no claims", "{\"asked\":1799999999,\"status\":200}",
		    REASON_OK, 1 },
		{ "claims in a list",
		    "{\"asked\":1799999999,\"status\":200,\"claims\":[" JANE
		    "]}",
		    REASON_OK, 1 },
		{ "status 99",
		    "{\"asked\":1799999999,\"status\":99,\"claims\":{}}",
		    REASON_OK, 1 },
		{ "status 100",
		    "{\"asked\":1799999999,\"status\":100,\"claims\":{}}",
		    REASON_OPAQUE_REFUSED, 0 },
		{ "status 999",
		    "{\"asked\":1799999999,\"status\":999,\"claims\":{}}",
		    REASON_OPAQUE_REFUSED, 0 },
		{ "status 1000",
		    "{\"asked\":1799999999,\"status\":1000,\"claims\":{}}",
		    REASON_OK, 1 },
		{ "a status that would be 200 in 32 bits",
		    "{\"asked\":1799999999,\"status\":4294967496,\"claims\":{"
		    "}}",
		    REASON_OK, 1 },
		{ "not JSON", "asked", REASON_OK, 1 },
		{ "nothing", "", REASON_OK, 1 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		start();
		put_record("token", rows[i].text);
		check(rows[i].name, "token", rows[i].want, rows[i].asked);
	}
	rows_end();
}

/* As much as is taken from the issuer can be kept, too. */
static void
test_size(void **state)
{
	char *large = unit_repeat(' ', 65536);

	(void)state;
	memcpy(large, JANE, strlen(JANE)); /* blanks behind it */
	start();
	issuer.body = large;
	check("the largest answer", "token", REASON_OK, 1);
	check("kept", "token", REASON_OK, 1);
	free(large);
	rows_end();
}

/* Who has no time left asks nobody. */
static void
test_no_time(void **state)
{
	(void)state;
	start();
	left_ms = 0;
	check("none", "token", REASON_ISSUER_UNAVAILABLE, 0);
	row_has("none", told.s, "no time left to ask");
	left_ms = 199;
	check("too little", "token", REASON_ISSUER_UNAVAILABLE, 0);
	left_ms = 200;
	check("just enough", "token", REASON_OK, 1);
	rows_end();
}

/* Whoever has said "not now" is left alone for as long as he wants. */
static void
test_pauses(void **state)
{
	static const struct {
		const char *name;
		int status;
		int64_t limit; /* from now; -NOW: he does not say */
		enum reason want;
		int64_t pause; /* seconds */
	} rows[] = {
		{ "too many requests", 429, -NOW, REASON_RATE_LIMITED, 60 },
		{ "too many, until now", 429, 0, REASON_RATE_LIMITED, 60 },
		{ "too many, for a second", 429, 1, REASON_RATE_LIMITED, 1 },
		{ "too many, for a while", 429, 20, REASON_RATE_LIMITED, 20 },
		{ "too many, 255", 429, 255, REASON_RATE_LIMITED, 255 },
		{ "too many, 256", 429, 256, REASON_RATE_LIMITED, 255 },
		{ "too many, far away", 429, 300, REASON_RATE_LIMITED, 255 },
		{ "ill", 503, -NOW, REASON_ISSUER_UNAVAILABLE, 5 },
		{ "ill for a while", 503, 30, REASON_ISSUER_UNAVAILABLE, 30 },
		{ "not found", 404, -NOW, REASON_ISSUER_UNAVAILABLE, 5 },
	};
	char left[64];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		start();
		refuse(rows[i].status, NOW + rows[i].limit);
		check(rows[i].name, "token", rows[i].want, 1);
		issuer.result = ISSUER_OK;
		issuer.status = 200;
		issuer.limit_until = 0;
		(void)snprintf(left, sizeof(left), " %lld seconds more",
		    (long long)rows[i].pause);
		check(rows[i].name, "token", rows[i].want, 1);
		row_has(rows[i].name, told.s, left);
		now = NOW + rows[i].pause - 1;
		check(rows[i].name, "token", rows[i].want, 1);
		row_has(rows[i].name, told.s, " 1 seconds more");
		/* an illness is everybody's, a limit is one user's */
		check("another one", "other token",
		    rows[i].status == 429 ? REASON_OK : rows[i].want,
		    rows[i].status == 429 ? 2 : 1);
		now++;
		issuer.asked = 0;
		issuer.body = "{\"sub\":\"auth0|joe\"}";
		check("and then he is asked", "token", REASON_OK, 1);
	}
	rows_end();
}

static void
say(const char *body, int64_t limit)
{
	issuer.body = body;
	issuer.limit_until = limit;
}

/* With its last answer for now the issuer says when to come again. */
static void
test_last_answer(void **state)
{
	(void)state;
	start();
	say(JANE, NOW + 100);
	row_reason("the last one", get_at(&tenant, "one", 0), REASON_OK);
	row_reason("jane again", get_at(&tenant, "one", 0),
	    REASON_RATE_LIMITED);
	row_number("jane again", issuer.asked, 1);
	say("{\"sub\":\"auth0|joe\"}", 0);
	check("joe", "two", REASON_OK, 2);
	/* whoever it was: others are not kept waiting for him */
	say(NOSUB, NOW + 100);
	check("somebody", "three", REASON_CLAIM_INVALID, 3);
	say(JANE, 0);
	check("somebody else", "four", REASON_OK, 4);
	rows_end();
}

static void
limit_jane(void)
{
	say(JANE, NOW + 100);
	row_reason("meanwhile", get_at(&tenant, "b", 0), REASON_OK);
	say(JANE, 0);
}

/* An answer that says nothing of it does not end a pause. */
static void
test_overtaken(void **state)
{
	(void)state;
	start();
	row_reason("whose it is", get_at(&tenant, "c", 0), REASON_OK);
	issuer.meanwhile = limit_jane;
	row_reason("on its way", get_at(&tenant, "a", 0), REASON_OK);
	row_number("on its way", issuer.asked, 3);
	row_reason("limited", get_at(&tenant, "c", 0), REASON_RATE_LIMITED);
	row_number("limited", issuer.asked, 3);
	rows_end();
}

/* Two tenants may call two people the same. */
static void
test_tenants(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 8; i++)
		row_reason("one", get_at(&tenant, "token", 0), REASON_OK);
	row_reason("one, too often", get_at(&tenant, "token", 0),
	    REASON_RATE_LIMITED);
	for (int i = 0; i < 8; i++)
		row_reason("the other", get_at(&other_tenant, "token", 0),
		    REASON_OK);
	row_reason("the other, too often", get_at(&other_tenant, "token", 0),
	    REASON_RATE_LIMITED);
	row_number("asked", issuer.asked, 16);
	rows_end();
}

/* What has no name is not asked about. */
static void
test_no_name(void **state)
{
	struct tenant nameless = tenant;

	(void)state;
	start();
	nameless.ca_file = unit_repeat('/', 10000);
	row_bool("too long", get_at(&nameless, "token", 60) == REASON_OK,
	    false);
	row_number("too long", issuer.asked, 0);
	free(nameless.ca_file);
	rows_end();
}

/* Where to ask is not looked up anew each time. */
static void
test_discovery(void **state)
{
	struct tenant unsaid = tenant;

	(void)state;
	start();
	unsaid.userinfo_endpoint = NULL;
	issuer.fresh_only = true;
	row_reason("looked up", get_at(&unsaid, "token", 60), REASON_OK);
	row_bool("anew", issuer.fresh_only, false);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	tenant.userinfo_endpoint = url;
	other_tenant.userinfo_endpoint = url;
	other_tenant.ca_file = nowhere;
	assert_int_equal(crypto_open(&world.crypto), REASON_OK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cache_close(world.cache);
	crypto_close(&world.crypto);
	unit_dir_remove(dir);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_ages),
	cmocka_unit_test(test_records),
	cmocka_unit_test(test_size),
	cmocka_unit_test(test_no_time),
	cmocka_unit_test(test_pauses),
	cmocka_unit_test(test_last_answer),
	cmocka_unit_test(test_overtaken),
	cmocka_unit_test(test_tenants),
	cmocka_unit_test(test_no_name),
	cmocka_unit_test(test_discovery),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
