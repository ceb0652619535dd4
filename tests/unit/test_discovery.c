/* SPDX-License-Identifier: BSD-2-Clause */
#include "discovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file.h"
#include "site.h"
#include "unit.h"

/* What an issuer says of itself, how long that holds, and what counts more. */
#define JSON "application/json"
#define D    "https://d.example.com/" /* of the document */
#define C    "https://c.example.com/" /* of the configuration */
#define ALL                                                           \
	"{\"issuer\":\"" SITE_A "\",\"jwks_uri\":\"" D "keys\","      \
	"\"userinfo_endpoint\":\"" D "info\",\"token_endpoint\":\"" D \
	"token\",\"device_authorization_endpoint\":\"" D "device\"}"
#define NONE "{\"issuer\":\"" SITE_A "\"}"

static struct site site;
static struct world world;
static struct endpoints found;
static struct issuer_document document;
static char no_path[] = ""; /* not on the heap */

int64_t __wrap_clock_now(void);

static int64_t now = NOW;

int64_t
__wrap_clock_now(void)
{
	return now;
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n);

static int copies = -1; /* that can be made; -1: all */

static bool
is_the_one(void)
{
	return copies >= 0 && copies-- == 0;
}

char *
__wrap_strdup(const char *s)
{
	return is_the_one() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return is_the_one() ? NULL : __real_strndup(s, n);
}

static enum issuer_result
get_of(const struct tenant *tenant, const char *issuer, bool fresh_only)
{
	const enum issuer_result result = discovery_get(&world, tenant, issuer,
	    fresh_only, clock_ms() + 20000, &found, &document);

	row_count(result == ISSUER_OK);
	return result;
}

static enum issuer_result
get(const struct tenant *tenant, bool fresh_only)
{
	return get_of(tenant, SITE_A, fresh_only);
}

static void
clear(void)
{
	endpoints_clear(&found);
	issuer_document_clear(&document);
}

static void
row_url(const char *name, const char *got, const char *want)
{
	row_text(name, got != NULL ? got : "(none)", want);
}

/* The administrator's word counts more than the document's. */
static void
test_endpoints(void **state)
{
	static char keys[] = C "keys", info[] = C "info", token[] = C "token",
		    device[] = C "device";
	static const struct {
		const char *name, *body;
		struct tenant tenant;
		const char *keys, *info, *token, *device;
	} rows[] = {
		{ "nothing", NONE, { .name = no_path }, "(none)", "(none)",
		    "(none)", "(none)" },
		{ "the document", ALL, { .name = no_path }, D "keys", D "info",
		    D "token", D "device" },
		{ "keys", ALL, { .jwks_uri = keys }, C "keys", D "info",
		    D "token", D "device" },
		{ "userinfo", ALL, { .userinfo_endpoint = info }, D "keys",
		    C "info", D "token", D "device" },
		{ "token", ALL, { .token_endpoint = token }, D "keys", D "info",
		    C "token", D "device" },
		{ "device", ALL, { .device_authorization_endpoint = device },
		    D "keys", D "info", D "token", C "device" },
		{ "all of them", NONE,
		    { .jwks_uri = keys,
			.userinfo_endpoint = info,
			.token_endpoint = token,
			.device_authorization_endpoint = device },
		    C "keys", C "info", C "token", C "device" },
	};

	(void)state;
	/* from the issuer, and then from the record */
	for (size_t i = 0; i < 2 * nitems(rows); i++) {
		const char *name = rows[i / 2].name;

		site_answer(&site, "meta", 200, i % 2 == 0 ? JSON : NULL,
		    rows[i / 2].body);
		row_number(name, get(&rows[i / 2].tenant, i % 2 == 0),
		    ISSUER_OK);
		row_url(name, found.jwks_uri, rows[i / 2].keys);
		row_url(name, found.userinfo, rows[i / 2].info);
		row_url(name, found.token, rows[i / 2].token);
		row_url(name, found.device_authorization, rows[i / 2].device);
		clear();
	}
	rows_end();
}

/* Where it cannot all be copied, there is none of it. */
static void
test_no_memory(void **state)
{
	static char info[] = C "info", token[] = C "token";
	const struct tenant tenant = { .userinfo_endpoint = info,
		.token_endpoint = token };
	enum issuer_result result;
	bool has_failed;
	int n = 0;

	(void)state;
	site_answer(&site, "meta", 200, JSON, ALL);
	do {
		copies = n++;
		result = get(&tenant, true);
		has_failed = copies < 0;
		copies = -1;
		row_number("all or nothing", result,
		    has_failed ? ISSUER_NO_ANSWER : ISSUER_OK);
		if (has_failed)
			row_has("no memory", document.why.s, "out of memory");
		clear();
	} while (has_failed && n < 100);
	row_number("each of them", n, 4 + 2 + 1);
	rows_end();
}

/* A day, whatever the clock did meanwhile. */
static void
test_ages(void **state)
{
	static const struct {
		const char *name;
		int64_t later;
		unsigned int asked;
	} rows[] = {
		{ "at once", 0, 0 },
		{ "nearly a day", 86399, 0 },
		{ "the clock is a minute behind", -60, 0 },
		{ "a day", 86400, 1 },
		{ "a year", 31536000, 1 },
		{ "more than a minute behind", -61, 1 },
		{ "a year behind", -31536000, 1 },
	};
	const struct tenant tenant = { .name = no_path };

	(void)state;
	site_answer(&site, "meta", 200, JSON, ALL);
	for (size_t i = 0; i < nitems(rows); i++) {
		unsigned int before;

		row_number(rows[i].name, get(&tenant, true), ISSUER_OK);
		clear();
		before = site_asked(&site);
		now = NOW + rows[i].later;
		row_number(rows[i].name, get(&tenant, false), ISSUER_OK);
		clear();
		row_number(rows[i].name, site_asked(&site) - before,
		    rows[i].asked);
		now = NOW;
	}
	rows_end();
}

/* Is that what was asked for last? */
static bool
was_asked(const char *url)
{
	struct buf asked = BUF_INIT(65536);
	struct text why = { .len = 0 };
	char *path = unit_path(site.dir, "asked");
	struct span line, rest;
	bool ok = false;

	assert_int_equal(file_read(path, &asked, &why), REASON_OK);
	rest = buf_span(&asked);
	while (span_cut(&rest, '\n', &line))
		ok = span_is(line, url);
	buf_free(&asked);
	free(path);
	return ok;
}

#define WELL_KNOWN "/.well-known/openid-configuration"

/* OpenID Connect Discovery 1.0 section 4: no slash before that path twice. */
static void
test_urls(void **state)
{
	static const struct {
		const char *issuer, *url;
	} rows[] = {
		{ "https://t.example.com/",
		    "https://t.example.com" WELL_KNOWN },
		{ "https://t.example.com", "https://t.example.com" WELL_KNOWN },
		{ "https://example.com/t", "https://example.com/t" WELL_KNOWN },
		{ "https://example.com/t/",
		    "https://example.com/t" WELL_KNOWN },
	};
	const struct tenant tenant = { .name = no_path };

	(void)state;
	/* each of them gets the document of the first one */
	site_answer(&site, "meta", 200, JSON,
	    "{\"issuer\":\"https://t.example.com/\"}");
	for (size_t i = 0; i < nitems(rows); i++) {
		row_number(rows[i].issuer,
		    get_of(&tenant, rows[i].issuer, true),
		    i == 0 ? ISSUER_OK : ISSUER_BAD_ANSWER);
		if (i > 0)
			row_has(rows[i].issuer, document.why.s,
			    "\"issuer\" is https://t.example.com/, not ");
		row_true(rows[i].issuer, was_asked(rows[i].url));
		clear();
	}
	rows_end();
}

static void
test_long_url(void **state)
{
	static const struct {
		const char *name;
		size_t len; /* of the issuer */
		bool asked;
	} rows[] = {
		{ "just fits", 1199 - sizeof(WELL_KNOWN) + 1, true },
		{ "a letter more", 1200 - sizeof(WELL_KNOWN) + 1, false },
		{ "far too long", 4000, false },
	};
	const struct tenant tenant = { .name = no_path };

	(void)state;
	site_answer(&site, "meta", 200, JSON, ALL);
	for (size_t i = 0; i < nitems(rows); i++) {
		char *issuer = unit_repeat('t', rows[i].len);
		const unsigned int before = site_asked(&site);

		row_number(rows[i].name, get_of(&tenant, issuer, true),
		    ISSUER_BAD_ANSWER);
		row_true(rows[i].name,
		    (strstr(document.why.s, "too long") == NULL) ==
			rows[i].asked);
		row_number(rows[i].name, site_asked(&site) - before,
		    rows[i].asked);
		clear();
		free(issuer);
	}
	rows_end();
}

static int
set_up(void **state)
{
	char *helper, *cache;

	(void)state;
	site_make(&site);
	site_issuer(&site);
	site_empty_cache(&site);
	helper = unit_path(site.dir, "h");
	cache = unit_path(site.dir, "cache");
	*state = helper;
	assert_int_equal(crypto_open(&world.crypto), REASON_OK);
	assert_int_equal(cache_open(&world.cache, cache, &world.crypto, true),
	    REASON_OK);
	free(cache);
	return fetcher_open(&world.fetcher, helper, false) == REASON_OK ? 0
									: -1;
}

static int
tear_down(void **state)
{
	fetcher_close(world.fetcher);
	cache_close(world.cache);
	crypto_close(&world.crypto);
	site_remove(&site);
	mint_end();
	free(*state);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_endpoints),
	cmocka_unit_test(test_no_memory),
	cmocka_unit_test(test_ages),
	cmocka_unit_test(test_urls),
	cmocka_unit_test(test_long_url),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
