/* SPDX-License-Identifier: BSD-2-Clause */
#include "token.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define ANY TOKEN_NONE

static const struct {
	const char *name;
	struct span raw;
	enum reason want;
	enum token_kind kind;
} rows[] = {
	{ "JWS", BYTES("eyJhbGciOiJSUzI1NiJ9.e30.c2ln"), REASON_OK, TOKEN_JWS },
	{ "any three segments", BYTES("a.b.c"), REASON_OK, TOKEN_JWS },
	{ "opaque word", BYTES("0123456789abcdef"), REASON_OK, TOKEN_OPAQUE },
	{ "opaque word, padded", BYTES("0123456789abcd=="), REASON_OK,
	    TOKEN_OPAQUE },
	{ "opaque word, RFC 6750", BYTES("abcDEF-_~+/012345"), REASON_OK,
	    TOKEN_OPAQUE },
	{ "JWE of the issuer's own", BYTES("eyJhbGciOiJkaXIi..iv.text.tag"),
	    REASON_OK, TOKEN_OPAQUE },

	/* wild bytes behind the header, which are refused when decoded */
	{ "blank behind", BYTES("a.b.c "), REASON_OK, TOKEN_JWS },
	{ "newline behind", BYTES("a.b.c\n"), REASON_OK, TOKEN_JWS },
	{ "CR LF behind", BYTES("a.b.c\r\n"), REASON_OK, TOKEN_JWS },
	{ "newline inside", BYTES("a.b\n.c"), REASON_OK, TOKEN_JWS },
	{ "tab inside", BYTES("a.\tb.c"), REASON_OK, TOKEN_JWS },
	{ "NUL inside", BYTES("a.b\0.c"), REASON_OK, TOKEN_JWS },
	{ "NUL behind", BYTES("a.b.c\0"), REASON_OK, TOKEN_JWS },
	{ "UTF-8", BYTES("a.b.c\xc3\xa9"), REASON_OK, TOKEN_JWS },
	{ "8 bit", BYTES("a.b.\xff"), REASON_OK, TOKEN_JWS },

	/* nothing to look at */
	{ "empty", BYTES(""), REASON_NOT_A_TOKEN, ANY },
	{ "one byte", BYTES("a"), REASON_NOT_A_TOKEN, ANY },
	{ "short password", BYTES("hunter2"), REASON_NOT_A_TOKEN, ANY },
	{ "15 letters", BYTES("0123456789abcde"), REASON_NOT_A_TOKEN, ANY },
	{ "password with blanks", BYTES("correct horse battery staple"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "password with a mark", BYTES("0123456789abcdef!"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "only padding", BYTES("================"), REASON_NOT_A_TOKEN, ANY },
	{ "padding in front", BYTES("=0123456789abcdef"), REASON_NOT_A_TOKEN,
	    ANY },
	{ "padding inside", BYTES("01234567=9abcdef0"), REASON_NOT_A_TOKEN,
	    ANY },
	{ "padded segment", BYTES("a=.b.c"), REASON_NOT_A_TOKEN, ANY },
	{ "sshd's own junk", BYTES("\b\n\r\177INCORRECT\b\n\r\177INCORRECT"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "blank in front", BYTES(" a.b.c"), REASON_NOT_A_TOKEN, ANY },
	{ "NUL in front", BYTES("\0a.b.c"), REASON_NOT_A_TOKEN, ANY },
	{ "quoted", BYTES("\"a.b.c\""), REASON_NOT_A_TOKEN, ANY },
	{ "with its scheme", BYTES("Bearer a.b.c"), REASON_NOT_A_TOKEN, ANY },
	{ "percent", BYTES("a%2Eb.c.d"), REASON_NOT_A_TOKEN, ANY },
	{ "full-width dot",
	    BYTES("a\xef\xbc\x8e"
		  "b.c"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "byte order mark",
	    BYTES("\xef\xbb\xbf"
		  "a.b.c"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "JSON form", BYTES("{\"payload\":\"a\",\"signature\":\"b\"}"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "JSON and compact at once", BYTES("{\"a.b.c\":0}"),
	    REASON_NOT_A_TOKEN, ANY },
	{ "comma", BYTES("a.b.c,a.b.c"), REASON_NOT_A_TOKEN, ANY },

	/* letters that a header does not have */
	{ "plus in the header", BYTES("a+b.c.d"), REASON_TOKEN_MALFORMED, ANY },
	{ "slash in the header", BYTES("a/b.c.d"), REASON_TOKEN_MALFORMED,
	    ANY },
	{ "tilde in the header", BYTES("a~b.c.d"), REASON_TOKEN_MALFORMED,
	    ANY },

	/* the number of segments */
	{ "one dot", BYTES("."), REASON_TOKEN_MALFORMED, ANY },
	{ "two dots", BYTES(".."), REASON_TOKEN_MALFORMED, ANY },
	{ "three dots", BYTES("..."), REASON_TOKEN_MALFORMED, ANY },
	{ "four dots", BYTES("...."), REASON_TOKEN_MALFORMED, ANY },
	{ "five dots", BYTES("....."), REASON_TOKEN_MALFORMED, ANY },
	{ "two segments", BYTES("a.b"), REASON_TOKEN_MALFORMED, ANY },
	{ "four segments", BYTES("a.b.c.d"), REASON_TOKEN_MALFORMED, ANY },
	{ "six segments", BYTES("a.b.c.d.e.f"), REASON_TOKEN_MALFORMED, ANY },
	{ "six, the first a header", BYTES("eyJh.b.c.d.e.f"),
	    REASON_TOKEN_MALFORMED, ANY },
	{ "no header", BYTES(".b.c"), REASON_TOKEN_MALFORMED, ANY },
	{ "no payload", BYTES("a..c"), REASON_TOKEN_MALFORMED, ANY },
	{ "no signature", BYTES("eyJhbGciOiJub25lIn0.e30."),
	    REASON_TOKEN_MALFORMED, ANY },
	{ "dot in front", BYTES(".a.b.c"), REASON_TOKEN_MALFORMED, ANY },
	{ "dot behind", BYTES("a.b.c."), REASON_TOKEN_MALFORMED, ANY },
	{ "header and half a payload", BYTES("eyJhbGciOiJSUzI1NiJ9.e3"),
	    REASON_TOKEN_TRUNCATED, ANY },
	{ "header and its dot", BYTES("eyJhbGciOiJSUzI1NiJ9."),
	    REASON_TOKEN_TRUNCATED, ANY },
	{ "four of a JWE", BYTES("eyJhbGciOiJkaXIi..iv.text"),
	    REASON_TOKEN_TRUNCATED, ANY },

	/* JWE */
	{ "for an API", BYTES("eyJhbGciOiJSU0EtT0FFUCJ9.key.iv.text.tag"),
	    REASON_TOKEN_ENCRYPTED, ANY },
	{ "JWE without header", BYTES("..iv.text.tag"), REASON_TOKEN_MALFORMED,
	    ANY },
	{ "JWE without IV", BYTES("eyJh...text.tag"), REASON_TOKEN_MALFORMED,
	    ANY },
	{ "JWE without text", BYTES("eyJh..iv..tag"), REASON_TOKEN_MALFORMED,
	    ANY },
	{ "JWE without tag", BYTES("eyJh..iv.text."), REASON_TOKEN_MALFORMED,
	    ANY },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span raw = unit_exact(rows[i].raw);
		struct token token;

		row_reason(rows[i].name, token_classify(raw, &token),
		    rows[i].want);
		row_number(rows[i].name, (int64_t)token.kind,
		    (int64_t)rows[i].kind);
		unit_free(raw);
	}
	row_reason("NULL",
	    token_classify(span_of(NULL), &(struct token){ .raw.len = 1 }),
	    REASON_NOT_A_TOKEN);
	rows_end();
}

static void
test_views(void **state)
{
	struct token t;

	(void)state;
	assert_int_equal(token_classify(SPAN("head.load.sig"), &t), REASON_OK);
	assert_true(span_is(t.raw, "head.load.sig"));
	assert_true(span_is(t.header, "head"));
	assert_true(span_is(t.payload, "load"));
	assert_true(span_is(t.signature, "sig"));
	assert_true(span_is(t.signed_part, "head.load"));
	assert_int_equal(token_classify(SPAN("eyJ..iv.text.tag"), &t),
	    REASON_OK);
	assert_true(span_is(t.header, "eyJ"));
	assert_int_equal(t.payload.len + t.signature.len, 0);
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		enum reason want;
	} sizes[] = {
		{ "the largest", TOKEN_MAX, REASON_OK },
		{ "one more", TOKEN_MAX + 1, REASON_TOKEN_TOO_LARGE },
		{ "200 KiB", 200 * 1024, REASON_TOKEN_TOO_LARGE },
		{ "1 MiB", 1024 * 1024, REASON_TOKEN_TOO_LARGE },
	};
	char *dots;

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *s = unit_repeat('a', sizes[i].len);
		struct token t;

		memcpy(s + 100, ".b.", 3);
		row_reason(sizes[i].name, token_classify(span_of(s), &t),
		    sizes[i].want);
		free(s);
	}
	dots = unit_repeat('.', 100000);
	for (size_t n = 1; n <= 100000; n = n < 10 ? n + 1 : n * 10) {
		const struct span s = unit_exact((struct span){ dots, n });
		struct token t;

		row_reason("dots", token_classify(s, &t),
		    n > TOKEN_MAX ? REASON_TOKEN_TOO_LARGE
				  : REASON_TOKEN_MALFORMED);
		unit_free(s);
	}
	free(dots);
	rows_end();
}

/* A token that was cut off anywhere is never taken for a whole one. */
static void
test_truncated(void **state)
{
	static const char whole[] = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
	const size_t second = (size_t)(strrchr(whole, '.') - whole);

	(void)state;
	for (size_t n = 0; n <= second + 1; n++) {
		const struct span s = unit_exact((struct span){ whole, n });
		struct token t;
		const enum reason reason = token_classify(s, &t);

		row_bool("cut off", reason == REASON_OK && t.kind == TOKEN_JWS,
		    false);
		unit_free(s);
	}
	rows_end();
}

/* Every byte that no token may have, at every place of the header. */
static void
test_alphabet(void **state)
{
	static const char plain[] = "abc.def.ghi";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const bool fine = c != 0 &&
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz"
			   "0123456789-._~+/",
			c) != NULL;

		for (size_t at = 0; at < 3 && !fine; at++) {
			char s[sizeof(plain)];
			struct token t;

			memcpy(s, plain, sizeof(plain));
			s[at] = (char)c;
			row_reason("no letter of a token",
			    token_classify((struct span){ s, sizeof(s) - 1 },
				&t),
			    REASON_NOT_A_TOKEN);
		}
		if (fine && strchr(".~+/", c) == NULL) {
			const char header[] = { 'a', (char)c };
			char s[sizeof(plain)];
			struct token t;

			memcpy(s, plain, sizeof(plain));
			memcpy(s, header, sizeof(header));
			row_reason("a letter of a header",
			    token_classify(span_of(s), &t), REASON_OK);
			row_true("a letter of a header", t.kind == TOKEN_JWS);
		}
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_views),
	cmocka_unit_test(test_sizes),
	cmocka_unit_test(test_truncated),
	cmocka_unit_test(test_alphabet),
};

UNIT_MAIN(tests)
