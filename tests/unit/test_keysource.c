/* SPDX-License-Identifier: BSD-2-Clause */
#include "keysource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "handle.h"
#include "site.h"
#include "unit.h"

/*
 * What is kept of a key set and what a record is good for, to the byte and to
 * the second.  The linker sends the clock here.
 */
int64_t __wrap_clock_now(void);

int64_t
__wrap_clock_now(void)
{
	return NOW;
}

static struct site site;
static struct audient *audient;
static struct keysource source;
static char *set;

/* The issuer's answer; date 0: it does not say what time it is. */
static void
answer(int64_t date, const char *body)
{
	struct buf text = BUF_INIT(1024 * 1024);
	char line[32] = "", *path = unit_path(site.dir, "keys");

	if (date != 0)
		(void)snprintf(line, sizeof(line), "date %lld\n",
		    (long long)date);
	assert_int_equal(buf_printf(&text,
			     "audient-fetch 1\nresult answered\nstatus 200\n"
			     "type application/json\n%slength %zu\n\n%s",
			     line, strlen(body), body),
	    REASON_OK);
	unit_write(path, buf_span(&text), 0600);
	free(path);
	buf_free(&text);
}

/* Asks, and stores what comes. */
static enum issuer_result
ask(struct keyring *ring)
{
	enum issuer_result result;
	char name[KEYSOURCE_NAME_SIZE];
	struct text why;
	int lock, status;

	text_clear(&why);
	assert_true(keysource_name(&source, name));
	lock = cache_lock(audient->world.cache, CACHE_KEYS, name, 0);
	assert_true(lock >= 0);
	result = keysource_ask(&source, lock, clock_ms() + 10000, ring, &status,
	    &why);
	cache_unlock(lock);
	return result;
}

/* As if it had been stored at another time. */
static void
put_record(int64_t fetched)
{
	struct buf body = BUF_INIT(64 * 1024);
	char name[KEYSOURCE_NAME_SIZE];
	int lock;

	assert_true(keysource_name(&source, name));
	assert_int_equal(buf_printf(&body,
			     "{\"issuer\":\"" SITE_A "\",\"fetched\":%lld,"
			     "\"jwks\":%s}",
			     (long long)fetched, set),
	    REASON_OK);
	lock = cache_lock(audient->world.cache, CACHE_KEYS, name, 0);
	assert_true(cache_store(audient->world.cache, CACHE_KEYS, name, lock,
	    buf_span(&body)));
	cache_unlock(lock);
	buf_free(&body);
}

/* What the issuer's clock says is kept with the keys, if it says anything. */
static void
test_skew(void **state)
{
	static const struct {
		const char *name;
		int64_t date;
		bool has_skew;
		int64_t skew;
	} rows[] = {
		{ "not said", 0, false, 0 },
		{ "the same", NOW, true, 0 },
		{ "ahead of us", NOW + 100, true, 100 },
		{ "behind us", NOW - 100, true, -100 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct keyring said, kept;

		answer(rows[i].date, set);
		row_number(rows[i].name, ask(&said), ISSUER_OK);
		row_bool(rows[i].name, said.has_skew, rows[i].has_skew);
		row_true(rows[i].name,
		    keysource_load(&source, CACHE_OWN, 0, &kept));
		row_bool(rows[i].name, kept.has_skew, rows[i].has_skew);
		if (rows[i].has_skew) {
			row_number(rows[i].name, said.skew, rows[i].skew);
			row_number(rows[i].name, kept.skew, rows[i].skew);
		}
		row_number(rows[i].name, kept.fetched, NOW);
		keys_release(said.keys);
		keys_release(kept.keys);
	}
	rows_end();
}

/* Neither from a time to come, nor older than what is at hand. */
static void
test_times(void **state)
{
	static const struct {
		const char *name;
		int64_t fetched, newer_than;
		bool want;
	} rows[] = {
		{ "now", NOW, 0, true },
		{ "a minute ahead", NOW + CLOCK_SLACK, 0, true },
		{ "a second more", NOW + CLOCK_SLACK + 1, 0, false },
		{ "newer", NOW - 9, NOW - 10, true },
		{ "the same", NOW - 10, NOW - 10, false },
		{ "older", NOW - 11, NOW - 10, false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct keyring ring;

		put_record(rows[i].fetched);
		row_bool(rows[i].name,
		    keysource_load(&source, CACHE_OWN, rows[i].newer_than,
			&ring),
		    rows[i].want);
		row_true(rows[i].name, (ring.keys != NULL) == rows[i].want);
		keys_release(ring.keys);
	}
	rows_end();
}

/* As much as is taken from the issuer can be kept, too. */
static void
test_size(void **state)
{
	char *large = unit_repeat(' ', KEYS_SIZE_MAX + 1);
	char name[KEYSOURCE_NAME_SIZE];
	struct keyring ring;

	(void)state;
	memcpy(large, set, strlen(set)); /* blanks behind it */
	assert_true(keysource_name(&source, name));
	(void)cache_remove(audient->world.cache, CACHE_KEYS, name);
	answer(0, large);
	row_bool("a byte too much", ask(&ring) == ISSUER_OK, false);
	row_bool("not kept", keysource_load(&source, CACHE_OWN, 0, &ring),
	    false);
	large[KEYS_SIZE_MAX] = '\0';
	answer(0, large);
	row_bool("the largest", ask(&ring) == ISSUER_OK, true);
	keys_release(ring.keys);
	row_bool("kept", keysource_load(&source, CACHE_OWN, 0, &ring), true);
	keys_release(ring.keys);
	free(large);
	rows_end();
}

/* What has no name is neither looked for nor kept. */
static void
test_no_name(void **state)
{
	struct tenant tenant = *source.tenant;
	const struct keysource nameless = { .tenant = &tenant,
		.world = source.world };
	char name[KEYSOURCE_NAME_SIZE];
	struct keyring ring;

	(void)state;
	put_record(NOW);
	row_bool("as it is", keysource_name(&source, name), true);
	tenant.ca_file = unit_repeat('/', 10000);
	row_bool("too long for a name", keysource_name(&nameless, name), false);
	row_bool("no record", keysource_load(&nameless, CACHE_OWN, 0, &ring),
	    false);
	free(tenant.ca_file);
	rows_end();
}

/* A bad file is trouble of the configuration's, and is told with its name. */
static void
test_file(void **state)
{
	static const struct {
		const char *name, *text;
		const char *what; /* NULL: it is good */
	} rows[] = {
		{ "keys", NULL, NULL },
		{ "nothing", "", "a.json: not a JSON object" },
		{ "not JSON", "keys", "a.json: not a JSON object" },
		{ "no set", "{}", "a.json: " },
		{ "no keys", "{\"keys\":[]}", "a.json: " },
	};
	struct tenant tenant = *source.tenant;
	const struct keysource file = { .tenant = &tenant,
		.world = source.world };
	struct keyring ring;
	struct text why;

	(void)state;
	tenant.jwks_file = site.jwks_a;
	for (size_t i = 0; i < nitems(rows); i++) {
		unit_write(site.jwks_a,
		    span_of(rows[i].text != NULL ? rows[i].text : set), 0600);
		text_clear(&why);
		row_reason(rows[i].name,
		    keysource_read_file(&file, &ring, &why),
		    rows[i].what == NULL ? REASON_OK : REASON_CONFIG_INVALID);
		row_has(rows[i].name, why.s,
		    rows[i].what == NULL ? "" : rows[i].what);
		row_true(rows[i].name,
		    (ring.keys != NULL) == (rows[i].what == NULL));
		row_number(rows[i].name, ring.fetched, NOW);
		keys_release(ring.keys);
	}
	tenant.jwks_file = unit_path(site.dir, "none");
	text_clear(&why);
	row_reason("missing", keysource_read_file(&file, &ring, &why),
	    REASON_CONFIG_INVALID);
	row_has("missing", why.s, "none: it does not exist");
	free(tenant.jwks_file);
	rows_end();
}

static int
set_up(void **state)
{
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", NULL) };
	char problem[AUDIENT_LINE_MAX];

	(void)state;
	site_make(&site);
	site_issuer(&site);
	site_configure(&site,
	    "issuer = " SITE_A "\njwks_uri = " SITE_A "jwks\n"
	    "cache_dir = %D/cache\nfetch_helper = %D/h\n"
	    "audience = " SITE_API "\nusername_claim = user\n");
	set = mint_jwks(jwk, nitems(jwk));
	if (audient_open(&audient,
		&(struct audient_options){ .config = site.conf },
		problem) != REASON_OK)
		fail_msg("%s", problem);
	source = (struct keysource){ .tenant = &audient->conf->tenant[0],
		.world = &audient->world };
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(audient);
	site_remove(&site);
	mint_end();
	free(set);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_skew),
	cmocka_unit_test(test_times),
	cmocka_unit_test(test_size),
	cmocka_unit_test(test_no_name),
	cmocka_unit_test(test_file),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
