/* SPDX-License-Identifier: BSD-2-Clause */
#include "grant.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakeissuer.h"

/*
 * Tokens by a secret or by a refresh token: what is sent, and what such a
 * token is called.
 */
#define TOKEN	    SITE_A "token"
#define ENDPOINT    "token_endpoint = " TOKEN "\n"
#define PLAIN	    "issuer = " SITE_A "\ncache_dir = %D/cache\n"
#define BASE	    PLAIN "audience = " SITE_API "\nclient_id = c\n"
#define CONF	    BASE ENDPOINT
#define FORM_START  "grant_type=client_credentials&client_id=c"
#define FORM_SECRET "&client_secret=s"
#define FORM_API    "&audience=https%3A%2F%2Fapi.example.com%2F"
#define ANSWER	    "{\"access_token\":\"abc\",\"token_type\":\"Bearer\"}"

static struct site site;
static struct audient *a;

static void
configure(const char *conf)
{
	a = fakeissuer_open(&site, a, conf, true);
	fakeissuer_start();
}

/* --- what is sent ------------------------------------------------------------
 */

static const struct request {
	const char *name, *conf;
	struct audient_grant grant;
	const char *refresh, *form;
} requests[] = {
	{ "a secret", "", { .secret = BYTES("s") }, NULL,
	    FORM_START FORM_SECRET FORM_API },
	{ "no secret", "", { .service = "any" }, NULL, FORM_START FORM_API },
	{ "escapes", "",
	    { .client_id = "a b&c=d",
		.audience = "x&y+z",
		.scope = "one two%",
		.secret = BYTES("p&q=\xc3\xa4\n") },
	    NULL,
	    "grant_type=client_credentials&client_id=a%20b%26c%3Dd"
	    "&client_secret=p%26q%3D%C3%A4%0A&audience=x%26y%2Bz"
	    "&scope=one%20two%25" },
	{ "required scopes", "required_scopes = one two\n",
	    { .secret = BYTES("s") }, NULL,
	    FORM_START FORM_SECRET FORM_API "&scope=one%20two" },
	{ "other scopes are wished for",
	    "required_scopes = one\ndevice_scope = two three\n",
	    { .secret = BYTES("s") }, NULL,
	    FORM_START FORM_SECRET FORM_API "&scope=two%20three" },
	{ "the caller's scope", "device_scope = two\n", { .scope = "three" },
	    NULL, FORM_START FORM_API "&scope=three" },
	{ "the caller wants none", "device_scope = two\n", { .scope = "" },
	    NULL, FORM_START FORM_API },
	{ "a service of its own", "[service app]\nclient_id = d\n",
	    { .service = "app" }, NULL,
	    "grant_type=client_credentials&client_id=d" FORM_API },
	{ "and another one", "[service app]\nclient_id = d\n",
	    { .service = "other" }, NULL, FORM_START FORM_API },
	{ "none", "[service app]\nclient_id = d\n", { .service = NULL }, NULL,
	    FORM_START FORM_API },
	{ "one that sets nothing", "[service app]\nclient_id = d\n",
	    { .service = "" }, NULL, FORM_START FORM_API },
	{ "refreshed, without a secret", "device_scope = two\n",
	    { .service = "any" }, "r&1",
	    "grant_type=refresh_token&client_id=c"
	    "&refresh_token=r%261" },
	{ "refreshed, with a secret", "", { .secret = BYTES("s") }, "r",
	    "grant_type=refresh_token&client_id=c" FORM_SECRET
	    "&refresh_token=r" },
	{ "an empty one is none", "", { .service = "any" }, "",
	    FORM_START FORM_API },
};

static void
test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(requests); i++) {
		char *conf;

		assert_true(
		    asprintf(&conf, "%s%s", CONF, requests[i].conf) > 0);
		configure(conf);
		free(conf);
		fakeissuer_say(200, ANSWER);
		row_reason(requests[i].name,
		    fakeissuer_try(a, &requests[i].grant, requests[i].refresh),
		    REASON_OK);
		row_text(requests[i].name, fakeissuer.form, requests[i].form);
		row_text(requests[i].name, fakeissuer.url, TOKEN);
		row_number(requests[i].name, fakeissuer.asked, 1);
		row_number(requests[i].name, fakeissuer.looked_up, 0);
	}
	rows_end();
}

/* Nobody shows a bearer token; an error may come with a status of 4xx. */
static void
test_question(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };
	const struct issuer_question *q = &fakeissuer.question;

	(void)state;
	configure(CONF "timeout = 7\n");
	fakeissuer_say(200, ANSWER);
	row_reason("asked", fakeissuer_try(a, &grant, NULL), REASON_OK);
	row_true("no bearer", q->bearer.len == 0);
	row_bool("takes errors", q->takes_errors, true);
	row_number("size", (int64_t)q->size_max, 65536);
	row_number("seven seconds", q->deadline_ms, fakeissuer.ms + 7000);
	row_true("of the tenant", q->tenant == &a->conf->tenant[0]);
	rows_end();
}

/* What is missing or too long is not asked for. */
static void
test_incomplete(void **state)
{
	static const char two[] =
	    "cache_dir = %D/cache\n"
	    "[tenant a]\nissuer = " SITE_A "\n[tenant b]\nissuer = " SITE_B "\n"
	    "[service app]\naudience = api\nclient_id = c\n";
	static const struct {
		const char *name, *conf;
		struct audient_grant grant;
		const char *why;
	} rows[] = {
		{ "no audience", PLAIN "client_id = c\n" ENDPOINT,
		    { .service = NULL },
		    "no audience is given, the identifier of the API" },
		{ "two audiences", CONF "audience = other\n",
		    { .service = NULL },
		    "there are several audiences, and one is needed" },
		{ "no client_id", PLAIN "audience = a\n" ENDPOINT,
		    { .service = NULL },
		    "no client_id is given, the id of the application" },
		{ "two tenants", two, { .service = "app" },
		    "there are several tenants, and the service names none or "
		    "more than one" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char id[AUDIENT_GRANT_ID_SIZE] = "not yet";

		configure(rows[i].conf);
		row_reason(rows[i].name,
		    fakeissuer_try(a, &rows[i].grant, NULL),
		    REASON_CONFIG_INVALID);
		row_text(rows[i].name, fakeissuer.said, rows[i].why);
		row_reason(rows[i].name,
		    audient_grant_id(a, &rows[i].grant, id, fakeissuer.said),
		    REASON_CONFIG_INVALID);
		row_text(rows[i].name, fakeissuer.said, rows[i].why);
		row_text(rows[i].name, id, "");
		row_number(rows[i].name, fakeissuer.asked, 0);
		row_number(rows[i].name, fakeissuer.looked_up, 0);
	}
	rows_end();
}

/* The caller says which of two audiences it is; the service which tenant. */
static void
test_chosen(void **state)
{
	const struct audient_grant grant = { .service = "app",
		.audience = "mine" };

	(void)state;
	configure(
	    "cache_dir = %D/cache\n"
	    "[tenant a]\nissuer = " SITE_A "\ntoken_endpoint = " SITE_A
	    "a\n[tenant b]\nissuer = " SITE_B "\ntoken_endpoint = " SITE_B "b\n"
	    "[service app]\ntenant = b\naudience = one\naudience = two\n"
	    "client_id = c\n");
	fakeissuer_say(200, ANSWER);
	row_reason("chosen", fakeissuer_try(a, &grant, NULL), REASON_OK);
	row_text("chosen", fakeissuer.url, SITE_B "b");
	row_text("chosen", fakeissuer.form, FORM_START "&audience=mine");
	row_true("chosen", fakeissuer.question.tenant == &a->conf->tenant[1]);
	rows_end();
}

/* --- how much ----------------------------------------------------------------
 */

static void
add_words(struct list *words, size_t first, size_t second)
{
	char *s = unit_repeat('a', first), *t = unit_repeat('b', second);

	assert_int_equal(list_add(words, span_of(s)), REASON_OK);
	if (second > 0)
		assert_int_equal(list_add(words, span_of(t)), REASON_OK);
	free(s);
	free(t);
}

static void
test_scope_size(void **state)
{
	static const struct {
		size_t first, second; /* words of so many letters */
		enum reason want;
	} rows[] = {
		{ 2047, 0, REASON_OK },
		{ 1000, 1046, REASON_OK },
		{ 2048, 0, REASON_CONFIG_INVALID },
		{ 1000, 1047, REASON_CONFIG_INVALID },
		{ 2047, 1, REASON_CONFIG_INVALID },
		{ 1000, 3000, REASON_CONFIG_INVALID },
	};
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct audient_grant long_one = grant;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		configure(CONF);
		fakeissuer_say(200, ANSWER);
		add_words(&a->conf->service[0].flow.scope, rows[i].first,
		    rows[i].second);
		row_reason("of the file", fakeissuer_try(a, &grant, NULL),
		    rows[i].want);
		if (rows[i].want != REASON_OK)
			row_text("of the file", fakeissuer.said,
			    "the scope is too long");
		row_number("of the file", fakeissuer.asked,
		    rows[i].want == REASON_OK);
	}
	for (size_t n = 2047; n <= 2048; n++) {
		char *scope = unit_repeat('a', n);

		configure(CONF);
		fakeissuer_say(200, ANSWER);
		long_one.scope = scope;
		row_reason("the caller's", fakeissuer_try(a, &long_one, NULL),
		    n == 2047 ? REASON_OK : REASON_CONFIG_INVALID);
		if (n == 2048)
			row_text("the caller's", fakeissuer.said,
			    "the scope is too long");
		row_number("the caller's", fakeissuer.asked, n == 2047);
		free(scope);
	}
	rows_end();
}

/* What does not fit into a request is told, and not sent in part. */
static void
test_form_size(void **state)
{
	const size_t rest = strlen(
	    "grant_type=client_credentials&client_id=" FORM_SECRET FORM_API);
	struct audient_grant grant = { .secret = SPAN("s") };

	(void)state;
	for (size_t n = GRANT_FORM_MAX - rest; n <= GRANT_FORM_MAX - rest + 1;
	     n++) {
		char *id = unit_repeat('i', n);
		const bool fits = n == GRANT_FORM_MAX - rest;

		configure(CONF);
		fakeissuer_say(200, ANSWER);
		grant.client_id = id;
		row_reason("a long id", fakeissuer_try(a, &grant, NULL),
		    fits ? REASON_OK : REASON_CONFIG_INVALID);
		row_number("a long id", fakeissuer.asked, fits);
		if (!fits)
			row_text("a long id", fakeissuer.said,
			    "the request is too large; shorten client_id or "
			    "scope");
		free(id);
	}
	rows_end();
}

/* --- what it is called -------------------------------------------------------
 */

static void
name_of(const char *form, char id[AUDIENT_GRANT_ID_SIZE])
{
	char hex[SHA256_HEX_SIZE];

	assert_int_equal(crypto_sha256_hex(&a->world.crypto, span_of(form),
			     hex),
	    REASON_OK);
	(void)snprintf(id, AUDIENT_GRANT_ID_SIZE, "%.32s", hex);
}

static void
test_ids(void **state)
{
#define ID_START "issuer=https%3A%2F%2Fa.example.com%2F&client_id="
	static const struct {
		const char *name;
		struct audient_grant grant;
		const char *text; /* that it is the hash of */
	} rows[] = {
		{ "a secret", { .secret = BYTES("s") },
		    ID_START "c&by=secret" FORM_API },
		{ "another secret", { .secret = BYTES("t") },
		    ID_START "c&by=secret" FORM_API },
		{ "a device", { .service = "any" },
		    ID_START "c&by=device" FORM_API },
		{ "a scope", { .scope = "one" },
		    ID_START "c&by=device" FORM_API "&scope=one" },
		{ "another client", { .client_id = "d", .audience = "api" },
		    ID_START "d&by=device&audience=api" },
		{ "one that looks like more", { .client_id = "&by=secret" },
		    ID_START "%26by%3Dsecret&by=device" FORM_API },
	};

	(void)state;
	configure(CONF);
	for (size_t i = 0; i < nitems(rows); i++) {
		char id[AUDIENT_GRANT_ID_SIZE], want[AUDIENT_GRANT_ID_SIZE];

		name_of(rows[i].text, want);
		row_reason(rows[i].name,
		    audient_grant_id(a, &rows[i].grant, id, fakeissuer.said),
		    REASON_OK);
		row_text(rows[i].name, id, want);
		row_number(rows[i].name, (int64_t)strlen(id), 32);
		row_text(rows[i].name, fakeissuer.said, "");
		row_number(rows[i].name, fakeissuer.asked, 0);
	}
	rows_end();
}

/* --- what is wanting ---------------------------------------------------------
 */

/* Whatever it is that there is no memory for, nothing is sent in part. */
static void
test_no_memory(void **state)
{
	const struct audient_grant grant = { .scope = "one",
		.secret = SPAN("s") };
	char id[AUDIENT_GRANT_ID_SIZE];

	(void)state;
	configure(CONF);
	fakeissuer_say(200, ANSWER);
	for (int i = 0; i < 5; i++) {
		fakeissuer.fields = i;
		row_reason("a form", fakeissuer_try(a, &grant, NULL),
		    REASON_OUT_OF_MEMORY);
		row_number("a form", fakeissuer.asked, 0);
		row_text("a form", fakeissuer.said,
		    reason_text(REASON_OUT_OF_MEMORY));
		row_number("reached", fakeissuer.fields, -1);
		fakeissuer.fields = i;
		row_reason("a name",
		    audient_grant_id(a, &grant, id, fakeissuer.said),
		    REASON_OUT_OF_MEMORY);
		row_text("a name", id, "");
		row_text("a name", fakeissuer.said,
		    reason_text(REASON_OUT_OF_MEMORY));
		row_number("reached", fakeissuer.fields, -1);
	}
	for (int i = 0; i < 4; i++) {
		fakeissuer.fields = i;
		row_reason("a form", fakeissuer_try(a, &grant, "r"),
		    REASON_OUT_OF_MEMORY);
		row_number("a form", fakeissuer.asked, 0);
		row_number("reached", fakeissuer.fields, -1);
	}
	fakeissuer.names = 0;
	row_reason("no name", audient_grant_id(a, &grant, id, fakeissuer.said),
	    REASON_INTERNAL);
	row_text("no name", id, "");
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(a);
	site_remove(&site);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_forms),
	cmocka_unit_test(test_question),
	cmocka_unit_test(test_incomplete),
	cmocka_unit_test(test_chosen),
	cmocka_unit_test(test_scope_size),
	cmocka_unit_test(test_form_size),
	cmocka_unit_test(test_ids),
	cmocka_unit_test(test_no_memory),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
