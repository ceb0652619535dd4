/* SPDX-License-Identifier: BSD-2-Clause */
#include "b64url.h"

#include <stdlib.h>
#include <string.h>

#include "mint.h"
#include "unit.h"

/* One spelling per value; the public set of strict cases is in vectors/. */
static const struct {
	const char *name;
	struct span in;
	struct span out;
	enum reason want;
} rows[] = {
	{ "three bytes", BYTES("Zm9v"), BYTES("foo"), REASON_OK },
	{ "nothing", BYTES(""), BYTES(""), REASON_OK },
	{ "one byte", BYTES("Zg"), BYTES("f"), REASON_OK },
	{ "two bytes", BYTES("Zm8"), BYTES("fo"), REASON_OK },
	{ "both extra letters", BYTES("-_-_"), BYTES("\xfb\xff\xbf"),
	    REASON_OK },
	{ "zeros", BYTES("AAAAAA"), BYTES("\0\0\0\0"), REASON_OK },
	{ "one letter", BYTES("Z"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "five letters", BYTES("Zm9vY"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "spare bits of one byte", BYTES("Zh"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
	{ "spare bits of two bytes", BYTES("Zm9"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
	{ "spare bits behind four", BYTES("Zm9vZh"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
	{ "padding", BYTES("Zg=="), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "one pad", BYTES("Zm8="), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "padding only", BYTES("===="), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "plus", BYTES("Zm9+"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "slash", BYTES("Zm9/"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "blank", BYTES("Zm 9"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "newline", BYTES("Zm9v\nYmF"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "newline at the end", BYTES("Zm9\n"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
	{ "NUL", BYTES("Zm9\0"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "dot", BYTES("Zm9."), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "percent", BYTES("Zm%3"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "8 bit", BYTES("Zm9\xff"), BYTES(""), REASON_TOKEN_MALFORMED },
	{ "8 bit in the tail", BYTES("Zm9v\x80g"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
	{ "bad letter in the tail", BYTES("Zm9vZ~"), BYTES(""),
	    REASON_TOKEN_MALFORMED },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span in = unit_exact(rows[i].in);
		const size_t size = b64url_size(in.len);
		char *out = malloc(size > 0 ? size : 1);
		size_t len = 4711;

		row_reason(rows[i].name, b64url_decode(in, out, size, &len),
		    rows[i].want);
		row_true(rows[i].name,
		    span_equal((struct span){ out, len }, rows[i].out));
		free(out);
		unit_free(in);
	}
	rows_end();
}

/* Not a byte more than there is room for. */
static void
test_room(void **state)
{
	static const struct {
		const char *name, *in;
		size_t max;
		enum reason want;
	} rooms[] = {
		{ "three bytes", "Zm9v", 3, REASON_OK },
		{ "more room", "Zm9v", 100, REASON_OK },
		{ "none for nothing", "", 0, REASON_OK },
		{ "a byte less", "Zm9v", 2, REASON_TOKEN_TOO_LARGE },
		{ "none", "Zg", 0, REASON_TOKEN_TOO_LARGE },
		{ "a byte less than the tail", "Zm9vZm8", 4,
		    REASON_TOKEN_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rooms); i++) {
		char *out = malloc(rooms[i].max > 0 ? rooms[i].max : 1);
		size_t len = 4711;

		row_reason(rooms[i].name,
		    b64url_decode(span_of(rooms[i].in), out, rooms[i].max,
			&len),
		    rooms[i].want);
		row_true(rooms[i].name, rooms[i].want == REASON_OK || len == 0);
		free(out);
	}
	rows_end();
}

/* Each of the 256 bytes, at each place of a quantum and of a tail. */
static void
test_letters(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
				      "klmnopqrstuvwxyz0123456789-_";
	char in[4], out[3];
	size_t len;

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c != 0 ? strchr(letters, c) : NULL;

		for (size_t n = 2; n <= 4; n++)
			for (size_t place = 0; place < n; place++) {
				const size_t value =
				    at != NULL ? (size_t)(at - letters) : 0;
				/* the last letter has bits to spare */
				const size_t spare = place + 1 < n ? 0
				    : n == 2			   ? 0xf
				    : n == 3			   ? 0x3
								   : 0;

				memset(in, 'A', sizeof(in));
				in[place] = (char)c;
				row_reason("a letter",
				    b64url_decode((struct span){ in, n }, out,
					sizeof(out), &len),
				    at != NULL && (value & spare) == 0
					? REASON_OK
					: REASON_TOKEN_MALFORMED);
			}
	}
	rows_end();
}

/* What was accepted encodes to what it was. */
static void
test_round(void **state)
{
	unsigned char bytes[67] = { 0 }, out[68];
	size_t len;

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		char *s;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (unsigned char)(37 * i + 11 * n);
		s = mint_b64url(bytes, n);
		assert_int_equal(b64url_size(strlen(s)), n);
		out[n] = 0xa5;
		assert_int_equal(b64url_decode(span_of(s), out, n, &len),
		    REASON_OK);
		assert_int_equal(len, n);
		assert_int_equal(out[n], 0xa5); /* nothing is behind them */
		if (n > 0)
			assert_memory_equal(out, bytes, n);
		free(s);
	}
	assert_int_equal(b64url_size(1), 0);
	assert_int_equal(b64url_size(5), 0);
}

/* In every place of a longer text every byte that is no letter is found. */
static void
test_places(void **state)
{
	char in[20], out[32];
	size_t len;

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t place = 0; place < sizeof(in); place++) {
			const bool is_letter = (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_';

			memset(in, 'A', sizeof(in));
			in[place] = (char)c;
			row_bool("a place",
			    b64url_decode((struct span){ in, sizeof(in) }, out,
				sizeof(out), &len) == REASON_OK,
			    is_letter);
			for (size_t n = place + 1; n <= sizeof(in); n++)
				row_bool("a text",
				    b64url_is_text((struct span){ in, n }),
				    is_letter);
		}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_room),
	cmocka_unit_test(test_letters),
	cmocka_unit_test(test_places),
	cmocka_unit_test(test_round),
};

UNIT_MAIN(tests)
