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
	{ "too much", BYTES("Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9v"),
	    BYTES(""), REASON_TOKEN_TOO_LARGE },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span in = unit_exact(rows[i].in);
		struct buf out = BUF_INIT(32);

		assert_int_equal(buf_add_str(&out, "<"), REASON_OK);
		row_reason(rows[i].name, b64url_decode(in, &out), rows[i].want);
		row_number(rows[i].name, (int64_t)out.len,
		    1 + (int64_t)rows[i].out.len);
		row_true(rows[i].name,
		    out.data[0] == '<' && out.data[out.len] == '\0' &&
			memcmp(out.data + 1, rows[i].out.ptr, out.len - 1) ==
			    0);
		buf_free(&out);
		unit_free(in);
	}
	rows_end();
}

/* Each of the 256 bytes, at each place of a quantum. */
static void
test_letters(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
				      "klmnopqrstuvwxyz0123456789-_";
	char in[4];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 4; at++) {
			struct buf out = BUF_INIT(8);
			const bool is_letter =
			    c != 0 && strchr(letters, c) != NULL;

			memset(in, 'A', sizeof(in));
			in[at] = (char)c;
			row_reason("a letter",
			    b64url_decode((struct span){ in, 4 }, &out),
			    is_letter ? REASON_OK : REASON_TOKEN_MALFORMED);
			buf_free(&out);
		}
	rows_end();
}

/* What was accepted encodes to what it was. */
static void
test_round(void **state)
{
	unsigned char bytes[67] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		struct buf out = BUF_INIT(sizeof(bytes));
		char *s;

		for (size_t i = 0; i < n; i++)
			bytes[i] = (unsigned char)(37 * i + 11 * n);
		s = mint_b64url(bytes, n);
		assert_int_equal(b64url_size(strlen(s)), n);
		assert_int_equal(b64url_decode(span_of(s), &out), REASON_OK);
		assert_int_equal(out.len, n);
		if (n > 0)
			assert_memory_equal(out.data, bytes, n);
		buf_free(&out);
		free(s);
	}
	assert_int_equal(b64url_size(1), 0);
	assert_int_equal(b64url_size(5), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_letters),
	cmocka_unit_test(test_round),
};

UNIT_MAIN(tests)
