/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "keyset.h"
#include "keysource.h"
#include "mint.h"
#include "unit.h"

/*
 * When keys are old, when the issuer is asked, and who is served meanwhile:
 * each limit to the second.  The linker sends the clock, the disk and the
 * issuer here.
 */
#define ISSUER	 "https://a.example.com/"
#define MAX_AGE	 600
#define STALE	 86400
#define COOLDOWN 60

/* The values of a mark on disk. */
enum { NO_ANSWER, BAD_ANSWER, ANSWERED, LIMITED };

int64_t __wrap_clock_now(void);
bool __wrap_keysource_name(const struct keysource *source,
    char name[KEYSOURCE_NAME_SIZE]);
bool __wrap_keysource_load(const struct keysource *source,
    enum cache_owner owner, int64_t newer_than, struct keyring *ring);
enum reason __wrap_keysource_read_file(const struct keysource *source,
    struct keyring *ring, struct text *why);
enum issuer_result __wrap_keysource_ask(const struct keysource *source,
    int lock, int64_t deadline_ms, struct keyring *ring, int *status,
    struct text *why);
struct cache_mark __wrap_cache_get_mark(struct cache *cache,
    enum cache_kind kind, const char *id, int64_t now);
void __wrap_cache_set_mark(struct cache *cache, enum cache_kind kind,
    const char *id, struct cache_mark mark);
int __wrap_cache_lock(struct cache *cache, enum cache_kind kind, const char *id,
    int wait_ms);
int __real_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr);
int __real_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
    const struct timespec *until);
int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
    const struct timespec *until);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

/* The world around a key set. */
static struct host {
	int64_t now;
	int64_t disk[2]; /* when the record of CACHE_… was fetched; 0: none */
	int64_t meanwhile; /* the same, by somebody who was quicker than we */
	struct cache_mark mark;
	bool bad_file, no_name, is_busy;
	enum issuer_result answer;
	int status;
	int64_t skew; /* 0: not known */
	unsigned int asked;
} host;

static struct keys *some_keys;
static struct text logged;
static int mutexes_left = -1, callocs_left = -1; /* -1: none fails */

int64_t
__wrap_clock_now(void)
{
	return host.now;
}

bool
__wrap_keysource_name(const struct keysource *source,
    char name[KEYSOURCE_NAME_SIZE])
{
	(void)source;
	(void)snprintf(name, KEYSOURCE_NAME_SIZE, "name");
	return !host.no_name;
}

bool
__wrap_keysource_load(const struct keysource *source, enum cache_owner owner,
    int64_t newer_than, struct keyring *ring)
{
	(void)source;
	if (host.disk[owner] <= newer_than)
		return false;
	*ring = (struct keyring){ .keys = keys_hold(some_keys),
		.fetched = host.disk[owner] };
	return true;
}

enum reason
__wrap_keysource_read_file(const struct keysource *source, struct keyring *ring,
    struct text *why)
{
	(void)source;
	*ring = (struct keyring){ .fetched = host.now };
	if (host.bad_file) {
		text_printf(why, "no such file");
		return REASON_CONFIG_INVALID;
	}
	ring->keys = keys_hold(some_keys);
	return REASON_OK;
}

enum issuer_result
__wrap_keysource_ask(const struct keysource *source, int lock,
    int64_t deadline_ms, struct keyring *ring, int *status, struct text *why)
{
	(void)source, (void)lock, (void)deadline_ms;
	host.asked++;
	*ring = (struct keyring){ .fetched = host.now,
		.skew = host.skew,
		.has_skew = host.skew != 0 };
	*status = host.status;
	if (host.answer == ISSUER_OK)
		ring->keys = keys_hold(some_keys);
	else
		text_printf(why, "so it is");
	return host.answer;
}

struct cache_mark
__wrap_cache_get_mark(struct cache *cache, enum cache_kind kind, const char *id,
    int64_t now)
{
	(void)cache, (void)kind, (void)id, (void)now;
	return host.mark;
}

void
__wrap_cache_set_mark(struct cache *cache, enum cache_kind kind, const char *id,
    struct cache_mark mark)
{
	(void)cache, (void)kind, (void)id;
	host.mark = mark;
}

int
__wrap_cache_lock(struct cache *cache, enum cache_kind kind, const char *id,
    int wait_ms)
{
	(void)cache, (void)kind, (void)id, (void)wait_ms;
	if (host.meanwhile != 0)
		host.disk[CACHE_OWN] = host.meanwhile;
	return -1;
}

int
__wrap_pthread_mutex_init(pthread_mutex_t *mutex,
    const pthread_mutexattr_t *attr)
{
	if (mutexes_left >= 0 && mutexes_left-- == 0)
		return ENOMEM;
	return __real_pthread_mutex_init(mutex, attr);
}

int
__wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
    const struct timespec *until)
{
	return host.is_busy
	    ? ETIMEDOUT
	    : __real_pthread_mutex_clocklock(mutex, clock, until);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	if (callocs_left >= 0 && callocs_left-- == 0)
		return NULL;
	return __real_calloc(n, size);
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	(void)arg, (void)is_warning;
	text_printf(&logged, "%s\n", text);
}

static struct jws_header header;
static struct keyset *ks;
static char issuer[] = ISSUER, file[] = "/keys.json", *issuers[] = { issuer };
static struct tenant tenant = { .issuers = { .n = 1, .item = issuers },
	.keys_max_age = MAX_AGE,
	.keys_max_stale = STALE,
	.refetch_cooldown = COOLDOWN };
static struct world world = { .log = { .line = on_log } };

/* A new key set on a host that has nothing, with an issuer that answers. */
static void
begin(bool has_file)
{
	keyset_close(ks);
	host = (struct host){ .now = NOW };
	tenant.jwks_file = has_file ? file : NULL;
	header.kid = SPAN("rsa");
	text_clear(&logged);
	assert_int_equal(keyset_open(&ks, &tenant, &world), REASON_OK);
}

static void
on_step(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	(void)check;
	(void)wanted;
	text_printf(arg, "%s: %s", reason_name(reason), found);
}

/* With told, somebody listens. */
static enum reason
find(struct trace *trace, struct text *told)
{
	struct keyset_key found;
	enum reason reason;

	trace_init(trace);
	if (told != NULL) {
		text_clear(told);
		trace->step = on_step;
		trace->arg = told;
	}
	reason = keyset_find(ks, &header, clock_ms() + 60000, &found, trace);
	assert_true((found.keys != NULL) == (reason == REASON_OK));
	assert_true((found.key != NULL) == (reason == REASON_OK));
	assert_true(found.generation ==
	    (reason == REASON_OK ? keyset_generation(ks) : 0));
	keys_release(found.keys);
	return reason;
}

static enum reason
refresh(bool is_forced, struct text *why)
{
	text_clear(why);
	return keyset_refresh(ks, is_forced, clock_ms() + 60000, why);
}

/* A set of so many seconds ago, on disk or of root, and what is asked. */
static const struct age {
	const char *name;
	int64_t age;
	enum issuer_result answer;
	int status;
	enum reason want;
	unsigned int asked;
	const char *why;
} ages[] = {
	{ "fresh", 0, ISSUER_OK, 200, REASON_OK, 0, "" },
	{ "fresh for a second more", MAX_AGE - 1, ISSUER_OK, 200, REASON_OK, 0,
	    "" },
	{ "old", MAX_AGE, ISSUER_OK, 200, REASON_OK, 1, "" },
	{ "the clock was put back a minute", -CLOCK_SLACK, ISSUER_NO_ANSWER, 0,
	    REASON_OK, 0, "" },
	{ "and more than that", -CLOCK_SLACK - 1, ISSUER_NO_ANSWER, 0,
	    REASON_ISSUER_UNAVAILABLE, 1, ": so it is" },
	{ "old, no answer", MAX_AGE, ISSUER_NO_ANSWER, 0, REASON_OK, 1, "" },
	{ "old, too many requests", MAX_AGE, ISSUER_NO_ANSWER, 429, REASON_OK,
	    1, "" },
	{ "old, a bad answer", MAX_AGE, ISSUER_BAD_ANSWER, 404,
	    REASON_ISSUER_UNAVAILABLE, 1, "600 seconds old: so it is" },
	{ "stale, nearly", STALE - 1, ISSUER_NO_ANSWER, 0, REASON_OK, 1, "" },
	{ "stale", STALE, ISSUER_NO_ANSWER, 0, REASON_ISSUER_UNAVAILABLE, 1,
	    "keys of " ISSUER ", 86400 seconds old: so it is" },
	{ "stale, too many requests", STALE, ISSUER_NO_ANSWER, 429,
	    REASON_RATE_LIMITED, 1, "86400 seconds old: so it is" },
};

static void
test_ages(void **state)
{
	struct trace trace;

	(void)state;
	for (size_t i = 0; i < 2 * nitems(ages); i++) {
		const struct age *a = &ages[i / 2];

		begin(false);
		host.disk[i % 2] = NOW - a->age;
		host.answer = a->answer;
		host.status = a->status;
		row_reason(a->name, find(&trace, NULL), a->want);
		row_number(a->name, host.asked, a->asked);
		row_has(a->name, trace.found.s, a->why);
		row_true(a->name,
		    (a->why[0] == '\0') == (trace.failed == NULL));
	}
	rows_end();
}

/* --- when the issuer is asked once more
 * ---------------------------------------
 */

/* It was asked so long ago, with this end. */
static const struct mark {
	const char *name;
	int64_t ago;
	int value;
	int64_t disk; /* the age of the set, 0: none */
	enum reason want;
	unsigned int asked;
} marks[] = {
	{ "never", NOW, NO_ANSWER, 0, REASON_OK, 1 },
	{ "a moment ago", 0, NO_ANSWER, 0, REASON_ISSUER_UNAVAILABLE, 0 },
	{ "just before the cooldown ends", COOLDOWN - 1, NO_ANSWER, 0,
	    REASON_ISSUER_UNAVAILABLE, 0 },
	{ "the cooldown is over", COOLDOWN, NO_ANSWER, 0, REASON_OK, 1 },
	{ "a minute ahead", -CLOCK_SLACK, NO_ANSWER, 0,
	    REASON_ISSUER_UNAVAILABLE, 0 },
	{ "more than a minute ahead", -CLOCK_SLACK - 1, NO_ANSWER, 0, REASON_OK,
	    1 },
	{ "it was a bad answer", 1, BAD_ANSWER, 0, REASON_ISSUER_UNAVAILABLE,
	    0 },
	{ "a bad answer, an old set", 1, BAD_ANSWER, MAX_AGE,
	    REASON_ISSUER_UNAVAILABLE, 0 },
	{ "no answer, an old set", 1, NO_ANSWER, MAX_AGE, REASON_OK, 0 },
	{ "too many requests", 1, LIMITED, 0, REASON_RATE_LIMITED, 0 },
	{ "too many requests, an old set", 1, LIMITED, MAX_AGE, REASON_OK, 0 },
	{ "it answered, and the set is gone", 1, ANSWERED, 0, REASON_OK, 1 },
	{ "it answered, and the set is old", 1, ANSWERED, MAX_AGE,
	    REASON_ISSUER_UNAVAILABLE, 0 },
};

static void
test_marks(void **state)
{
	struct trace trace;
	struct text why;

	(void)state;
	for (size_t i = 0; i < nitems(marks); i++) {
		const struct mark *m = &marks[i];

		begin(false);
		host.mark = (struct cache_mark){ .time = NOW - m->ago,
			.value = m->value };
		if (m->disk != 0)
			host.disk[CACHE_OWN] = NOW - m->disk;
		row_reason(m->name, find(&trace, NULL), m->want);
		row_number(m->name, host.asked, m->asked);
		if (m->want != REASON_OK)
			row_has(m->name, trace.found.s,
			    "asked less than 60 seconds ago");
		if (m->disk == 0 && m->asked == 0)
			row_reason(m->name, refresh(false, &why), m->want);
		row_reason(m->name, refresh(true, &why), REASON_OK);
		row_number(m->name, host.asked, m->asked + 1);
	}
	rows_end();
}

/* What is told of a search, and what stops one. */
static void
test_searches(void **state)
{
	static const struct {
		const char *name, *kid;
		bool no_name, is_busy;
		int64_t meanwhile;
		enum reason want;
		unsigned int asked;
		const char *told;
	} rows[] = {
		{ "a key", "rsa", false, false, 0, REASON_OK, 1,
		    "ok: kid rsa, keys of " ISSUER ", 0 seconds old" },
		{ "no such key", "x", false, false, 0, REASON_KEY_UNKNOWN, 1,
		    "kid x, keys of " ISSUER ", 0 seconds old: the set has no "
		    "such key" },
		{ "no kid", "", false, false, 0, REASON_OK, 1,
		    "ok: kid absent, keys" },
		{ "somebody was quicker", "rsa", false, false, NOW - 7,
		    REASON_OK, 0, ", 7 seconds old" },
		{ "somebody was, and no such key", "x", false, false, NOW - 7,
		    REASON_KEY_UNKNOWN, 0, ", 7 seconds old: the set has" },
		{ "no memory for a name", "rsa", true, false, 0,
		    REASON_ISSUER_UNAVAILABLE, 0, "kid rsa: out of memory" },
		{ "a thread that waits", "rsa", false, true, 0,
		    REASON_ISSUER_UNAVAILABLE, 0, "another thread is still" },
		{ "a thread without a kid", "", false, true, 0,
		    REASON_ISSUER_UNAVAILABLE, 0, "kid absent: another" },
	};
	struct trace trace;
	struct text told;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		begin(false);
		header.kid = span_of(rows[i].kid);
		host.no_name = rows[i].no_name;
		host.is_busy = rows[i].is_busy;
		host.meanwhile = rows[i].meanwhile;
		row_reason(rows[i].name, find(&trace, &told), rows[i].want);
		row_number(rows[i].name, host.asked, rows[i].asked);
		row_has(rows[i].name, told.s, rows[i].told);
	}
	rows_end();
}

static bool
has_keys(void)
{
	int64_t fetched;
	struct keys *keys = keyset_peek(ks, &fetched);

	assert_true((keys == NULL) == (fetched == 0));
	keys_release(keys);
	return keys != NULL;
}

static void
test_file(void **state)
{
	struct trace trace;
	size_t letters = 0;
	struct text why;

	(void)state;
	begin(true);
	host.disk[CACHE_OWN] = NOW;
	host.bad_file = true;
	keyset_load(ks);
	row_bool("no file: nothing from the cache", has_keys(), false);
	row_bool("no file: no key", keyset_knows(ks, &header, &letters), false);
	row_reason("no file", find(&trace, NULL), REASON_CONFIG_INVALID);
	row_has("no file", trace.found.s, "kid rsa: no such file");
	row_reason("no file", refresh(false, &why), REASON_CONFIG_INVALID);
	host.bad_file = false;
	keyset_load(ks);
	row_bool("a file", has_keys(), true);
	row_bool("a file: its key", keyset_knows(ks, &header, &letters), true);
	row_number("letters of RSA-2048", (int64_t)letters, 342);
	header.kid = SPAN("x");
	row_bool("a file: no such key", keyset_knows(ks, &header, &letters),
	    false);
	host.bad_file = true;
	keyset_load(ks);
	row_bool("the file is gone, and its keys are still here", has_keys(),
	    true);
	row_number("nobody was asked", host.asked, 0);
	begin(false);
	row_bool("no set: no key", keyset_knows(ks, &header, &letters), false);
	rows_end();
}

static void
test_newer(void **state)
{
	uint64_t generation;
	struct trace trace;
	struct text why;

	(void)state;
	begin(false);
	row_number("none", (int64_t)keyset_generation(ks), 0);
	row_reason("asked", find(&trace, NULL), REASON_OK);
	generation = keyset_generation(ks);
	row_true("a generation", generation != 0);
	host.now -= 10;
	row_reason("ten seconds before", refresh(true, &why), REASON_OK);
	row_true("the newer one stays", keyset_generation(ks) == generation);
	host.now += 10;
	row_reason("the same second", refresh(true, &why), REASON_OK);
	row_true("another one", keyset_generation(ks) != generation);
	generation = keyset_generation(ks);
	host.now -= CLOCK_SLACK;
	row_reason("a minute before", refresh(true, &why), REASON_OK);
	row_true("the newer one stays", keyset_generation(ks) == generation);
	host.now--;
	row_number("from a time to come", (int64_t)keyset_generation(ks), 0);
	row_reason("more than that", refresh(true, &why), REASON_OK);
	row_true("is no newer one", keyset_generation(ks) > generation);
	rows_end();
}

static void
test_skew(void **state)
{
	static const struct {
		const char *name;
		int64_t skew; /* of the issuer's, 0: it did not say */
		const char *told;
	} rows[] = {
		{ "not known", 0, "" },
		{ "a minute ahead", 60, "" },
		{ "more than a minute ahead", 61,
		    "the clock of this host is 61 seconds behind that "
		    "of " ISSUER },
		{ "a minute behind", -60, "" },
		{ "more than a minute behind", -61,
		    "the clock of this host is 61 seconds ahead of that "
		    "of " ISSUER },
	};
	struct text why;
	int64_t skew;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		begin(false);
		host.skew = rows[i].skew;
		row_reason(rows[i].name, refresh(true, &why), REASON_OK);
		row_has(rows[i].name, logged.s, rows[i].told);
		row_true(rows[i].name,
		    (logged.s[0] == '\0') == (rows[i].told[0] == '\0'));
		row_true(rows[i].name,
		    keyset_skew(ks, &skew) == (rows[i].skew != 0));
		row_number(rows[i].name, skew, rows[i].skew);
	}
	rows_end();
}

/* A key set that cannot be made is none. */
static void
test_open(void **state)
{
	(void)state;
	keyset_close(ks);
	for (int i = 0; i < 3; i++) {
		struct keyset *none = (void *)&host;

		callocs_left = i == 0 ? 0 : -1;
		mutexes_left = i - 1;
		row_reason("no memory", keyset_open(&none, &tenant, &world),
		    REASON_OUT_OF_MEMORY);
		row_true("no memory", none == NULL);
		keyset_close(none);
	}
	callocs_left = mutexes_left = -1;
	ks = NULL;
	rows_end();
}

static int
set_up(void **state)
{
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", NULL) };
	char *text = mint_jwks(jwk, 1);
	const struct json *json = unit_parse(span_of(text));
	struct text why;

	(void)state;
	header.alg = ALG_RS256;
	text_clear(&why);
	assert_int_equal(crypto_open(&world.crypto), REASON_OK);
	assert_int_equal(keys_parse(&world.crypto, json, &some_keys, &why),
	    REASON_OK);
	unit_json_free(json);
	free(text);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	keyset_close(ks);
	keys_release(some_keys);
	crypto_close(&world.crypto);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_ages),
	cmocka_unit_test(test_marks),
	cmocka_unit_test(test_searches),
	cmocka_unit_test(test_file),
	cmocka_unit_test(test_newer),
	cmocka_unit_test(test_skew),
	cmocka_unit_test(test_open),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
