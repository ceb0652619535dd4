/* SPDX-License-Identifier: BSD-2-Clause */
#include "issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/*
 * What is made of an answer of the issuer's: a document, an error that says
 * why, or a time to come again.  The linker sends the clock and the helper
 * here.
 */
#define JSON "application/json"
#define URL  "https://a.example.com/jwks"

int64_t __wrap_clock_now(void);
void __wrap_fetch(struct fetcher *f, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer);

static struct fetch_answer said;
static const char *said_body;

int64_t
__wrap_clock_now(void)
{
	return NOW;
}

void
__wrap_fetch(struct fetcher *f, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer)
{
	(void)f, (void)deadline_ms;
	*answer = said;
	answer->body = (struct buf)BUF_INIT(request->body_max);
	assert_int_equal(buf_add_str(&answer->body, said_body), REASON_OK);
}

static const struct tenant tenant;
static const struct world world;

static enum issuer_result
ask(bool takes_errors, struct issuer_document *document)
{
	const struct issuer_question question = { .tenant = &tenant,
		.url = URL,
		.takes_errors = takes_errors,
		.size_max = 1000 };

	return issuer_get(&world, &question, document);
}

static void
answer(int status, const char *type, const char *body)
{
	said = (struct fetch_answer){ .result = FETCH_ANSWERED,
		.status = status,
		.limit_left = -1 };
	(void)snprintf(said.type, sizeof(said.type), "%s", type);
	said_body = body;
}

/* An error is a document only for who wants to know. */
static const struct {
	const char *name;
	int status;
	const char *type, *body;
	enum issuer_result want;   /* if errors are taken, */
	enum issuer_result strict; /* and if they are not */
} rows[] = {
	{ "good", 200, JSON, "{}", ISSUER_OK, ISSUER_OK },
	{ "a set of keys", 200, "application/jwk-set+json", "{}", ISSUER_OK,
	    ISSUER_OK },
	{ "not JSON", 200, JSON, "keys", ISSUER_BAD_ANSWER, ISSUER_BAD_ANSWER },
	{ "a page", 200, "text/html", "{}", ISSUER_BAD_ANSWER,
	    ISSUER_BAD_ANSWER },
	{ "created", 201, JSON, "{}", ISSUER_BAD_ANSWER, ISSUER_BAD_ANSWER },
	{ "moved", 399, JSON, "{}", ISSUER_BAD_ANSWER, ISSUER_BAD_ANSWER },
	{ "refused", 400, JSON, "{}", ISSUER_OK, ISSUER_BAD_ANSWER },
	{ "refused with a page", 400, "text/html", "{}", ISSUER_BAD_ANSWER,
	    ISSUER_BAD_ANSWER },
	{ "refused, not JSON", 400, JSON, "no", ISSUER_BAD_ANSWER,
	    ISSUER_BAD_ANSWER },
	{ "forbidden", 403, JSON, "{}", ISSUER_OK, ISSUER_BAD_ANSWER },
	{ "407", 407, JSON, "{}", ISSUER_OK, ISSUER_BAD_ANSWER },
	{ "timeout", 408, JSON, "{}", ISSUER_NO_ANSWER, ISSUER_NO_ANSWER },
	{ "409", 409, JSON, "{}", ISSUER_OK, ISSUER_BAD_ANSWER },
	{ "too many requests", 429, JSON, "{}", ISSUER_OK, ISSUER_NO_ANSWER },
	{ "too many, with a page", 429, "text/html", "", ISSUER_NO_ANSWER,
	    ISSUER_NO_ANSWER },
	{ "499", 499, JSON, "{}", ISSUER_OK, ISSUER_BAD_ANSWER },
	{ "ill", 500, JSON, "{}", ISSUER_NO_ANSWER, ISSUER_NO_ANSWER },
	{ "overloaded", 503, JSON, "{}", ISSUER_NO_ANSWER, ISSUER_NO_ANSWER },
};

static void
test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * nitems(rows); i++) {
		const bool strict = i >= nitems(rows);
		const size_t r = i % nitems(rows);
		const enum issuer_result want =
		    strict ? rows[r].strict : rows[r].want;
		struct issuer_document document;

		answer(rows[r].status, rows[r].type, rows[r].body);
		row_count(want == ISSUER_OK);
		row_number(rows[r].name, ask(!strict, &document), want);
		row_number(rows[r].name, document.status, rows[r].status);
		row_true(rows[r].name,
		    want != ISSUER_OK ||
			json_is(document.doc.nodes, JSON_OBJECT));
		row_has(rows[r].name, document.why.s, URL ": ");
		issuer_document_clear(&document);
	}
	rows_end();
}

/* When it may be asked again: what is too far away is not believed. */
static void
test_limits(void **state)
{
	static const struct {
		const char *name;
		int status;
		int64_t after, left, reset, want;
	} limits[] = {
		{ "nothing said", 200, 0, -1, 0, 0 },
		{ "some are left", 200, 0, 5, NOW + 50, 0 },
		{ "one is left", 200, 0, 1, NOW + 50, 0 },
		{ "none is left", 200, 0, 0, NOW + 50, NOW + 50 },
		{ "none is left, until long ago", 200, 0, 0, NOW - 50,
		    NOW - 50 },
		{ "how many is not said", 200, 0, -1, NOW + 50, 0 },
		{ "too many requests", 429, 0, -1, NOW + 50, NOW + 50 },
		{ "too many, some are left", 429, 0, 5, NOW + 50, NOW + 50 },
		{ "too many, nothing said", 429, 0, -1, 0, 0 },
		{ "after a second", 429, 1, 0, NOW + 50, NOW + 1 },
		{ "after a while", 503, 20, -1, 0, NOW + 20 },
		{ "after a while, although it is good", 200, 20, 5, NOW + 50,
		    NOW + 20 },
		{ "after five minutes", 429, 300, -1, 0, NOW + 300 },
		{ "after a second more", 429, 301, -1, 0, NOW + 300 },
		{ "after ever so long", 429, 999999999999999999, -1, 0,
		    NOW + 300 },
		{ "in five minutes", 200, 0, 0, NOW + 300, NOW + 300 },
		{ "in a year", 200, 0, 0, NOW + 31536000, NOW + 300 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(limits); i++) {
		struct issuer_document document;

		answer(limits[i].status, JSON, "{}");
		said.retry_after = limits[i].after;
		said.limit_left = limits[i].left;
		said.limit_reset = limits[i].reset;
		row_count(limits[i].status == 200);
		row_true(limits[i].name,
		    (ask(false, &document) == ISSUER_OK) ==
			(limits[i].status == 200));
		row_number(limits[i].name, document.limit_until,
		    limits[i].want);
		issuer_document_clear(&document);
	}
	rows_end();
}

static struct crypto crypto;

/* The name of an issuer whose text is that one. */
static void
name_of(const char *text, char id[ISSUER_ID_SIZE])
{
	char hex[SHA256_HEX_SIZE];

	assert_int_equal(crypto_sha256_hex(&crypto, span_of(text), hex),
	    REASON_OK);
	(void)snprintf(id, ISSUER_ID_SIZE, "%.32s", hex);
}

/* Whoever differs in issuer, keys or trust has another name. */
static void
test_ids(void **state)
{
	static const struct {
		const char *issuer, *jwks_uri, *ca_file, *text;
	} ids[] = {
		{ "https://a/", NULL, NULL, "https://a/\n\n\n" },
		{ "https://b/", NULL, NULL, "https://b/\n\n\n" },
		{ "https://a/", "https://a/k", NULL,
		    "https://a/\nhttps://a/k\n\n" },
		{ "https://a/", NULL, "https://a/k",
		    "https://a/\n\nhttps://a/k\n" },
		{ "https://a/", "https://a/k", "/c",
		    "https://a/\nhttps://a/k\n/c\n" },
	};
	const struct world real = { .crypto = crypto };

	(void)state;
	for (size_t i = 0; i < nitems(ids); i++) {
		const struct tenant t = {
			.jwks_uri = (char *)(uintptr_t)ids[i].jwks_uri,
			.ca_file = (char *)(uintptr_t)ids[i].ca_file,
		};
		struct {
			char id[ISSUER_ID_SIZE], behind[8];
		} got;
		char want[ISSUER_ID_SIZE];

		memset(&got, 'x', sizeof(got));
		name_of(ids[i].text, want);
		row_reason(ids[i].text,
		    issuer_id(&real, &t, ids[i].issuer, got.id), REASON_OK);
		row_true(ids[i].text, memcmp(got.id, want, sizeof(want)) == 0);
		row_true(ids[i].text, memcmp(got.behind, "xxxxxxxx", 8) == 0);
	}
	rows_end();
}

/* A name is of all of it, or there is none. */
static void
test_long_ids(void **state)
{
	const struct world real = { .crypto = crypto };
	char *path = unit_repeat('/', 8190);
	struct tenant t = { .ca_file = path };
	char id[ISSUER_ID_SIZE];

	(void)state;
	row_bool("a byte too long", issuer_id(&real, &t, "", id) == REASON_OK,
	    false);
	path[8189] = '\0';
	row_bool("the longest", issuer_id(&real, &t, "", id) == REASON_OK,
	    true);
	free(path);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	return crypto_open(&crypto) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_close(&crypto);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_answers),
	cmocka_unit_test(test_limits),
	cmocka_unit_test(test_ids),
	cmocka_unit_test(test_long_ids),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
