/* SPDX-License-Identifier: BSD-2-Clause */
#include "opaque.h"

#include <stdlib.h>
#include <string.h>

#include "mint.h"
#include "unit.h"

/* What the header of an opaque token says of itself. */
static const struct {
	const char *name;
	struct span header;
	enum reason want;
	const char *issuer;
} rows[] = {
	{ "issuer named",
	    BYTES(
		"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"iss\":\"https://a/\"}"),
	    REASON_OK, "https://a/" },
	{ "no issuer", BYTES("{\"alg\":\"dir\",\"enc\":\"A256GCM\"}"),
	    REASON_OK, "" },
	{ "empty issuer", BYTES("{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":\"\"}"),
	    REASON_OK, "" },

	{ "for an API", BYTES("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "for an API, 512", BYTES("{\"alg\":\"RSA-OAEP-512\",\"enc\":\"x\"}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "agreed key", BYTES("{\"alg\":\"ECDH-ES\",\"enc\":\"x\"}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "dir in capitals", BYTES("{\"alg\":\"DIR\",\"enc\":\"x\"}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "no alg", BYTES("{\"enc\":\"x\"}"), REASON_TOKEN_ENCRYPTED, "" },
	{ "alg number", BYTES("{\"alg\":1,\"enc\":\"x\"}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "no enc", BYTES("{\"alg\":\"dir\"}"), REASON_TOKEN_ENCRYPTED, "" },
	{ "enc number", BYTES("{\"alg\":\"dir\",\"enc\":1}"),
	    REASON_TOKEN_ENCRYPTED, "" },
	{ "a signature's", BYTES("{\"alg\":\"RS256\"}"), REASON_TOKEN_ENCRYPTED,
	    "" },
	{ "not JSON", BYTES("dir"), REASON_TOKEN_MALFORMED, "" },
	{ "list", BYTES("[]"), REASON_TOKEN_MALFORMED, "" },
	{ "twice alg", BYTES("{\"alg\":\"dir\",\"alg\":\"dir\",\"enc\":\"x\"}"),
	    REASON_TOKEN_MALFORMED, "" },
	{ "NUL behind", BYTES("{\"alg\":\"dir\",\"enc\":\"x\"}\0"),
	    REASON_TOKEN_MALFORMED, "" },
	{ "issuer number", BYTES("{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":1}"),
	    REASON_TOKEN_MALFORMED, "" },
	{ "issuer list",
	    BYTES("{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":[\"https://a/\"]}"),
	    REASON_TOKEN_MALFORMED, "" },
	{ "issuer null", BYTES("{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":null}"),
	    REASON_TOKEN_MALFORMED, "" },
};

static void
check(const char *name, struct span header, enum reason want,
    const char *issuer)
{
	char *s = mint_b64url(header.ptr, header.len);
	struct token token = { .kind = TOKEN_OPAQUE, .header = span_of(s) };
	char got[OPAQUE_ISSUER_MAX];
	struct trace trace;

	trace_init(&trace);
	memset(got, 'x', sizeof(got));
	row_reason(name, opaque_read(&token, got, &trace), want);
	row_text(name, got, issuer);
	row_true(name, (trace.failed != NULL) == (want != REASON_OK));
	free(s);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		check(rows[i].name, rows[i].header, rows[i].want,
		    rows[i].issuer);
	rows_end();
}

static void
test_sizes(void **state)
{
	(void)state;
	for (size_t n = OPAQUE_ISSUER_MAX - 1; n <= OPAQUE_ISSUER_MAX; n++) {
		char *issuer = unit_repeat('i', n);
		struct buf text = BUF_INIT(4096);

		assert_int_equal(buf_printf(&text,
				     "{\"alg\":\"dir\",\"enc\":\"x\","
				     "\"iss\":\"%s\"}",
				     issuer),
		    REASON_OK);
		check("long issuer", buf_span(&text),
		    n < OPAQUE_ISSUER_MAX ? REASON_OK : REASON_TOKEN_MALFORMED,
		    n < OPAQUE_ISSUER_MAX ? issuer : "");
		buf_free(&text);
		assert_int_equal(buf_printf(&text, "{\"x\":\"%s%s%s%s%s\"}",
				     issuer, issuer, issuer, issuer, issuer),
		    REASON_OK);
		check("long header", buf_span(&text), REASON_TOKEN_MALFORMED,
		    "");
		buf_free(&text);
		free(issuer);
	}
	rows_end();
}

static void
test_longest(void **state)
{
	(void)state;
	for (int n = 2048; n <= 2049; n++) {
		struct buf text = BUF_INIT(4096);

		assert_int_equal(buf_printf(&text, "%-*s}", n - 1,
				     "{\"alg\":\"dir\",\"enc\":\"x\""),
		    REASON_OK);
		check("longest header", buf_span(&text),
		    n == 2048 ? REASON_OK : REASON_TOKEN_MALFORMED, "");
		buf_free(&text);
	}
	rows_end();
}

/* A word of the old kind says nothing at all. */
static void
test_word(void **state)
{
	const struct token token = { .kind = TOKEN_OPAQUE,
		.raw = SPAN("0123456789abcdef") };
	char issuer[OPAQUE_ISSUER_MAX] = "x";
	struct trace trace;

	(void)state;
	trace_init(&trace);
	assert_int_equal(opaque_read(&token, issuer, &trace), REASON_OK);
	assert_string_equal(issuer, "");
}

/* The segment: strict base64url. */
static void
test_segment(void **state)
{
	static const char *const bad[] = { "eyJ9=", "eyJ9 ", "e", "eyJ+",
		"eyJ/", "eyI" };
	char issuer[OPAQUE_ISSUER_MAX];
	struct trace trace;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++) {
		const struct token token = { .kind = TOKEN_OPAQUE,
			.header = span_of(bad[i]) };

		trace_init(&trace);
		row_reason(bad[i], opaque_read(&token, issuer, &trace),
		    REASON_TOKEN_MALFORMED);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_sizes),
	cmocka_unit_test(test_longest),
	cmocka_unit_test(test_word),
	cmocka_unit_test(test_segment),
};

UNIT_MAIN(tests)
