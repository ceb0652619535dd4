/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "handle.h"
#include "issuer.h"
#include "site.h"
#include "unit.h"

/* Keys from an issuer, and all that it may answer instead. */
#define CONF                                                               \
	"issuer = " SITE_A "\ncache_dir = %D/cache\nfetch_helper = %D/h\n" \
	"audience = " SITE_API "\nusername_claim = user\n"
#define JWKS_URI "jwks_uri = " SITE_A "jwks\n"

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

static int64_t ahead; /* of the clock, by so many seconds */

int64_t
__wrap_clock_now(void)
{
	return __real_clock_now() + ahead;
}

static struct site site;
static struct audient *audient;
static char *good_set, *other_set, *tokens[3];

enum { BY_A, BY_B, BY_NOBODY };

static void
open_again(void)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];

	audient_close(audient);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
}

static void
start(const char *conf)
{
	site_issuer(&site);
	site_configure(&site, conf);
	open_again();
}

static void
answer(const char *what, int status, const char *type, const char *body)
{
	site_answer(&site, what, status, type, body);
}

/* Judges a token, and says how often the issuer has been asked by then. */
static void
check(const char *name, int token, enum reason want, unsigned int asked)
{
	const struct audient_request rq = { .token = span_of(tokens[token]),
		.service = "imap",
		.uid = AUDIENT_NOT_ACCOUNTS,
		.at = NOW };
	struct audient_verdict v;

	row_reason(name, audient_check(audient, &rq, &v), want);
	row_number(name, site_asked(&site), asked);
}

#define JSON "application/json"

/* One question for all: memory, disk, other processes. */
static void
test_fetched_once(void **state)
{
	(void)state;
	start(CONF JWKS_URI);
	answer("keys", 200, JSON, good_set);
	check("first", BY_A, REASON_OK, 1);
	check("from memory", BY_A, REASON_OK, 1);
	open_again();
	check("from disk", BY_A, REASON_OK, 1);
	answer("keys", 500, JSON, "");
	open_again();
	check("from disk, the issuer is ill", BY_A, REASON_OK, 1);
	audient_keys_flush(audient);
	check("forgotten", BY_A, REASON_ISSUER_UNAVAILABLE, 2);
	rows_end();
}

/* Ever so many tokens by unknown keys are one question. */
static void
test_flood(void **state)
{
	(void)state;
	start(CONF JWKS_URI);
	answer("keys", 200, JSON, good_set);
	for (int i = 0; i < 50; i++)
		check("unknown key", BY_NOBODY, REASON_KEY_UNKNOWN, 1);
	open_again();
	check("from another process", BY_NOBODY, REASON_KEY_UNKNOWN, 1);
	check("good ones are not harmed", BY_A, REASON_OK, 1);
	rows_end();
}

/* What an issuer may answer instead of keys. */
static const struct {
	const char *name;
	int status;
	const char *type, *body;
	enum reason want;
} answers[] = {
	{ "no answer", 0, NULL, "", REASON_ISSUER_UNAVAILABLE },
	{ "too many requests", 429, JSON, "{}", REASON_RATE_LIMITED },
	{ "timeout", 408, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "ill", 500, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "overloaded", 503, "text/html", "", REASON_ISSUER_UNAVAILABLE },
	{ "beyond the known", 599, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "not found", 404, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "unauthorized", 401, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "moved", 302, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "moved for good", 308, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "no content", 204, JSON, "", REASON_ISSUER_UNAVAILABLE },
	{ "not modified", 304, JSON, "", REASON_ISSUER_UNAVAILABLE },
	{ "part of it", 206, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "a captive portal", 200, "text/html", "<html>",
	    REASON_ISSUER_UNAVAILABLE },
	{ "another type", 200, "text/plain", NULL, REASON_ISSUER_UNAVAILABLE },
	{ "type look-alike", 200, "application/jsonx", NULL,
	    REASON_ISSUER_UNAVAILABLE },
	{ "empty", 200, JSON, "", REASON_ISSUER_UNAVAILABLE },
	{ "not JSON", 200, JSON, "keys", REASON_ISSUER_UNAVAILABLE },
	{ "no set", 200, JSON, "{}", REASON_ISSUER_UNAVAILABLE },
	{ "an error", 200, JSON, "{\"error\":\"x\"}",
	    REASON_ISSUER_UNAVAILABLE },
	{ "no keys", 200, JSON, "{\"keys\":[]}", REASON_ISSUER_UNAVAILABLE },
	{ "keys twice", 200, JSON, "{\"keys\":[],\"keys\":[]}",
	    REASON_ISSUER_UNAVAILABLE },
	{ "a symmetric key", 200, JSON,
	    "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQ\"}]}",
	    REASON_ISSUER_UNAVAILABLE },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(answers); i++) {
		start(CONF JWKS_URI);
		answer("keys", answers[i].status, answers[i].type,
		    answers[i].body != NULL ? answers[i].body : good_set);
		check(answers[i].name, BY_A, answers[i].want, 1);
		/* and does not ask again at once, though nobody gets in */
		check(answers[i].name, BY_A, answers[i].want, 1);
		answer("keys", 200, JSON, good_set);
		open_again();
		check(answers[i].name, BY_A, answers[i].want, 1);
		audient_keys_flush(audient);
	}
	rows_end();
}

/* The name of our records, and a cache to change them behind its back. */
static char record_name[ISSUER_ID_SIZE + 8];
static struct cache *cache;

static void
open_cache(void)
{
	char id[ISSUER_ID_SIZE], *path = unit_path(site.dir, "cache");

	assert_int_equal(issuer_id(&audient->world, &audient->conf->tenant[0],
			     SITE_A, id),
	    REASON_OK);
	(void)snprintf(record_name, sizeof(record_name), "%s-keys", id);
	assert_int_equal(cache_open(&cache, path, &audient->world.crypto, true),
	    REASON_OK);
	free(path);
}

static void
put(const char *name, struct span body)
{
	const int lock = cache_lock(cache, CACHE_KEYS, name, 0);

	assert_true(cache_store(cache, CACHE_KEYS, name, lock, body));
	cache_unlock(lock);
}

/* As if the issuer had answered that long ago. */
static void
put_record(const char *issuer, int64_t ago, const char *set)
{
	struct buf body = BUF_INIT(64 * 1024);

	assert_int_equal(buf_printf(&body,
			     "{\"issuer\":\"%s\",\"fetched\":%lld,"
			     "\"jwks\":%s}",
			     issuer, (long long)(clock_now() - ago), set),
	    REASON_OK);
	put(record_name, buf_span(&body));
	cache_set_mark(cache, CACHE_KEYS, record_name,
	    (struct cache_mark){ .time = clock_now() - ago, .value = 2 });
	buf_free(&body);
}

/* A record, and what the issuer says at the time. */
static const struct {
	const char *name, *issuer;
	int64_t ago;
	int status;
	const char *type;
	enum reason want;
	unsigned int asked;
} records[] = {
	{ "fresh", SITE_A, 500, 0, NULL, REASON_OK, 0 },
	{ "old, and asked", SITE_A, 700, 200, JSON, REASON_OK, 1 },
	{ "old, no answer", SITE_A, 700, 0, NULL, REASON_OK, 1 },
	{ "old, too many requests", SITE_A, 700, 429, JSON, REASON_OK, 1 },
	{ "old, ill", SITE_A, 700, 503, JSON, REASON_OK, 1 },
	{ "a day old, nearly", SITE_A, 86000, 0, NULL, REASON_OK, 1 },
	{ "a day old", SITE_A, 86500, 0, NULL, REASON_ISSUER_UNAVAILABLE, 1 },
	{ "old, and it answered: no more", SITE_A, 700, 404, JSON,
	    REASON_ISSUER_UNAVAILABLE, 1 },
	{ "old, and it answered: moved", SITE_A, 700, 302, JSON,
	    REASON_ISSUER_UNAVAILABLE, 1 },
	{ "old, and it answered: a portal", SITE_A, 700, 200, "text/html",
	    REASON_ISSUER_UNAVAILABLE, 1 },
	{ "from the future", SITE_A, -3600, 0, NULL, REASON_ISSUER_UNAVAILABLE,
	    1 },
	{ "of another issuer", SITE_B, 10, 0, NULL, REASON_ISSUER_UNAVAILABLE,
	    1 },
	{ "of no issuer", "", 700, 0, NULL, REASON_ISSUER_UNAVAILABLE, 1 },
};

static void
test_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(records); i++) {
		start(CONF JWKS_URI);
		open_cache();
		put_record(records[i].issuer, records[i].ago, good_set);
		answer("keys", records[i].status, records[i].type, good_set);
		check(records[i].name, BY_A, records[i].want, records[i].asked);
		(void)cache_remove(cache, CACHE_KEYS, record_name);
		cache_close(cache);
	}
	rows_end();
}

/* Records that are whole and no key sets. */
static void
test_bad_records(void **state)
{
	static const char *const sets[] = { "null", "[]", "{}", "{\"keys\":[]}",
		"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQ\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\"}]}", "1,\"jwks\":{}" };

	(void)state;
	for (size_t i = 0; i < nitems(sets); i++) {
		start(CONF JWKS_URI);
		open_cache();
		put_record(SITE_A, 100, sets[i]);
		answer("keys", 200, JSON, good_set);
		check(sets[i], BY_A, REASON_OK, 1);
		(void)cache_remove(cache, CACHE_KEYS, record_name);
		cache_close(cache);
	}
	rows_end();
}

/* A new key is found, an old one forgotten, once the cooldown has passed. */
static void
test_rotation(void **state)
{
	(void)state;
	start(CONF JWKS_URI);
	open_cache();
	put_record(SITE_A, 100, good_set);
	answer("keys", 200, JSON, other_set);
	check("the old one", BY_A, REASON_OK, 0);
	check("the new one", BY_B, REASON_OK, 1);
	check("the old one is gone", BY_A, REASON_KEY_UNKNOWN, 1);
	answer("keys", 200, JSON, good_set);
	check("it is back, and nobody asks", BY_A, REASON_KEY_UNKNOWN, 1);
	row_reason("refresh in the cooldown",
	    audient_keys_refresh(audient, false), REASON_OK);
	row_number("refresh in the cooldown", site_asked(&site), 1);
	row_reason("forced refresh", audient_keys_refresh(audient, true),
	    REASON_OK);
	check("until told to", BY_A, REASON_OK, 2);
	(void)cache_remove(cache, CACHE_KEYS, record_name);
	cache_close(cache);
	rows_end();
}

/* Keys of a time to come are none, once the clock is put right. */
static void
test_put_back(void **state)
{
	(void)state;
	start(CONF JWKS_URI);
	answer("keys", 200, JSON, good_set);
	ahead = 7200;
	check("two hours ahead", BY_A, REASON_OK, 1);
	ahead = 0;
	check("put right", BY_A, REASON_OK, 2);
	check("put right, again", BY_A, REASON_OK, 2);
	open_again();
	check("from disk", BY_A, REASON_OK, 2);
	ahead = 30;
	check("half a minute ahead", BY_A, REASON_OK, 2);
	ahead = 0;
	rows_end();
}

/* A name without an account costs what a name with one does. */
static void
test_accounts(void **state)
{
	static const struct {
		const char *name;
		int64_t uid;
		enum reason want;
	} rows[] = {
		{ "an account", 1000, REASON_OK },
		{ "no account", AUDIENT_NO_ACCOUNT, REASON_USER_REFUSED },
	};
	struct audient_request rq = { .service = "imap", .at = NOW };
	struct audient_verdict v;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		site_empty_cache(&site);
		start(CONF JWKS_URI);
		answer("keys", 200, JSON, good_set);
		rq.uid = rows[i].uid;
		rq.token = span_of(tokens[BY_NOBODY]);
		row_reason(rows[i].name, audient_check(audient, &rq, &v),
		    REASON_KEY_UNKNOWN);
		row_number(rows[i].name, site_asked(&site), 1);
		row_reason(rows[i].name, audient_check(audient, &rq, &v),
		    REASON_KEY_UNKNOWN);
		rq.token = span_of(tokens[BY_A]);
		row_reason(rows[i].name, audient_check(audient, &rq, &v),
		    rows[i].want);
		row_number(rows[i].name, site_asked(&site), 1);
	}
	rows_end();
}

/* Who has waited until the end asks nobody, and nobody waits for him. */
static void
test_no_time(void **state)
{
	const struct jws_header header = { .alg = ALG_RS256 };
	struct trace trace = { .step = NULL };
	struct keyset_key found;

	(void)state;
	site_empty_cache(&site);
	start(CONF JWKS_URI);
	answer("keys", 200, JSON, good_set);
	row_reason("no time left",
	    keyset_find(audient->keyset[0], &header, clock_ms(), &found,
		&trace),
	    REASON_ISSUER_UNAVAILABLE);
	row_number("no time left", site_asked(&site), 0);
	row_has("no time left", trace.found.s, "no time left");
	check("and then there is", BY_A, REASON_OK, 1);
	rows_end();
}

#define META(issuer, more) \
	"{\"issuer\":\"" issuer "\",\"token_endpoint\":\"" SITE_A "t\"" more "}"

/* The discovery document says where the keys are. */
static const struct {
	const char *name;
	int status;
	const char *type, *meta;
	enum reason want;
	unsigned int asked;
} documents[] = {
	{ "good", 200, JSON, META(SITE_A, ",\"jwks_uri\":\"" SITE_A "k\""),
	    REASON_OK, 2 },
	{ "no answer", 0, NULL, "", REASON_ISSUER_UNAVAILABLE, 1 },
	{ "ill", 500, JSON, "{}", REASON_ISSUER_UNAVAILABLE, 1 },
	/* after a bad answer it is asked once more */
	{ "not found", 404, JSON, "{}", REASON_ISSUER_UNAVAILABLE, 2 },
	{ "not JSON", 200, JSON, "meta", REASON_ISSUER_UNAVAILABLE, 2 },
	{ "of another issuer", 200, JSON,
	    META(SITE_B, ",\"jwks_uri\":\"" SITE_A "k\""),
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "issuer without slash", 200, JSON,
	    META("https://a.example.com", ",\"jwks_uri\":\"" SITE_A "k\""),
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "no issuer", 200, JSON, "{\"jwks_uri\":\"" SITE_A "k\"}",
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "no keys", 200, JSON, META(SITE_A, ""), REASON_ISSUER_UNAVAILABLE,
	    2 },
	{ "keys by http", 200, JSON,
	    META(SITE_A, ",\"jwks_uri\":\"http://a.example.com/k\""),
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "keys from a file", 200, JSON,
	    META(SITE_A, ",\"jwks_uri\":\"file:///etc/passwd\""),
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "keys with a line of their own", 200, JSON,
	    META(SITE_A, ",\"jwks_uri\":\"https://a/\\nbearer x\""),
	    REASON_ISSUER_UNAVAILABLE, 2 },
	{ "keys no string", 200, JSON, META(SITE_A, ",\"jwks_uri\":1"),
	    REASON_ISSUER_UNAVAILABLE, 2 },
};

static void
test_discovery(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(documents); i++) {
		site_empty_cache(&site);
		start(CONF);
		answer("meta", documents[i].status, documents[i].type,
		    documents[i].meta);
		answer("keys", 200, JSON, good_set);
		check(documents[i].name, BY_A, documents[i].want,
		    documents[i].asked);
	}
	rows_end();
}

/* It is kept for a day, and asked for again when the keys have moved. */
static void
test_discovery_kept(void **state)
{
	(void)state;
	start(CONF);
	answer("meta", 200, JSON,
	    META(SITE_A, ",\"jwks_uri\":\"" SITE_A "k\""));
	answer("keys", 200, JSON, good_set);
	check("both", BY_A, REASON_OK, 2);
	audient_keys_flush(audient);
	open_again();
	check("the keys alone", BY_A, REASON_OK, 3);
	audient_keys_flush(audient);
	answer("keys", 404, JSON, "{}");
	check("keys, document, keys", BY_A, REASON_ISSUER_UNAVAILABLE, 6);
	rows_end();
}

/* A document on disk counts if it is the issuer's, and of today. */
static void
test_discovery_record(void **state)
{
	static const struct {
		const char *name, *issuer;
		int64_t ago;
		unsigned int asked; /* 2: for a document as well */
	} kept[] = {
		{ "of the issuer", SITE_A, 10, 1 },
		{ "of yesterday", SITE_A, 86400, 2 },
		{ "of tomorrow", SITE_A, -3600, 2 },
		{ "of somebody else", SITE_B, 10, 2 },
		{ "of nobody", "", 10, 2 },
		{ "of nearly the issuer", "https://a.example.com", 10, 2 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(kept); i++) {
		char name[sizeof(record_name)];
		struct buf body = BUF_INIT(1024);

		site_empty_cache(&site);
		start(CONF);
		open_cache();
		(void)snprintf(name, sizeof(name), "%.*smeta",
		    (int)(strlen(record_name) - strlen("keys")), record_name);
		assert_int_equal(buf_printf(&body,
				     "{\"fetched\":%lld,\"document\":"
				     "{\"issuer\":\"%s\","
				     "\"jwks_uri\":\"" SITE_A "kept\"}}",
				     (long long)(clock_now() - kept[i].ago),
				     kept[i].issuer),
		    REASON_OK);
		put(name, buf_span(&body));
		answer("meta", 200, JSON,
		    META(SITE_A, ",\"jwks_uri\":\"" SITE_A "k\""));
		answer("keys", 200, JSON, good_set);
		check(kept[i].name, BY_A, REASON_OK, kept[i].asked);
		buf_free(&body);
		cache_close(cache);
	}
	rows_end();
}

/* Processes that start at once with nothing at hand. */
static void
test_single_flight(void **state)
{
	pid_t pids[8];
	int status;

	(void)state;
	start(CONF JWKS_URI);
	answer("keys", 200, JSON, good_set);
	for (size_t i = 0; i < nitems(pids); i++)
		if ((pids[i] = fork()) == 0) {
			const struct audient_request rq = { .token = span_of(
								tokens[BY_A]),
				.service = "imap",
				.uid = AUDIENT_NOT_ACCOUNTS,
				.at = NOW };
			struct audient_verdict v;

			_exit(audient_check(audient, &rq, &v) == REASON_OK ? 0
									   : 1);
		}
	for (size_t i = 0; i < nitems(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		row_number("let in", status, 0);
	}
	row_number("asked", site_asked(&site), 1);
	rows_end();
}

static char *
one_key(enum mint_key key, const char *kid)
{
	char *jwk[] = { mint_jwk(key, kid, NULL) };

	return mint_jwks(jwk, 1);
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	good_set = one_key(MINT_RSA, "rsa");
	other_set = one_key(MINT_RSA_OTHER, "other");
	tokens[BY_A] =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	tokens[BY_B] = mint_token(MINT_RSA_OTHER, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"other\"}", SITE_CLAIMS, NULL);
	tokens[BY_NOBODY] = mint_token(MINT_RSA, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"nobody\"}", SITE_CLAIMS, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(audient);
	audient = NULL;
	site_remove(&site);
	mint_end();
	free(good_set);
	free(other_set);
	for (size_t i = 0; i < nitems(tokens); i++)
		free(tokens[i]);
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_fetched_once),
	WITH_SITE(test_flood),
	WITH_SITE(test_answers),
	WITH_SITE(test_records),
	WITH_SITE(test_bad_records),
	WITH_SITE(test_rotation),
	WITH_SITE(test_put_back),
	WITH_SITE(test_accounts),
	WITH_SITE(test_no_time),
	WITH_SITE(test_discovery),
	WITH_SITE(test_discovery_kept),
	WITH_SITE(test_discovery_record),
	WITH_SITE(test_single_flight),
};

UNIT_MAIN(tests)
