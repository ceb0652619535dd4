/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* The linker sends every free() here: what is let go of must be wiped. */
void __real_free(void *p);
void __wrap_free(void *p);

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

static bool has_no_memory;

void *
__wrap_malloc(size_t n)
{
	return has_no_memory ? NULL : __real_malloc(n);
}

static const char *watched;
static size_t watched_len;
static bool was_wiped;

static bool
is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != '\0')
			return false;
	return true;
}

void
__wrap_free(void *p)
{
	if (p != NULL && p == watched) {
		was_wiped = is_zero(watched, watched_len);
		watched = NULL;
	}
	__real_free(p);
}

static void
watch(const struct buf *b)
{
	watched = b->data;
	watched_len = b->alloc;
	was_wiped = false;
}

static void
test_caps(void **state)
{
	static const struct {
		const char *name;
		size_t max, had, n;
		enum reason want;
	} rows[] = {
		{ "fits", 10, 0, 9, REASON_OK },
		{ "fills the cap", 10, 4, 6, REASON_OK },
		{ "one too many", 10, 0, 11, REASON_TOKEN_TOO_LARGE },
		{ "one too many, with some", 10, 4, 7, REASON_TOKEN_TOO_LARGE },
		{ "full", 10, 10, 1, REASON_TOKEN_TOO_LARGE },
		{ "no cap, no bytes", 0, 0, 1, REASON_TOKEN_TOO_LARGE },
		{ "wraps around", 10, 4, SIZE_MAX, REASON_TOKEN_TOO_LARGE },
		{ "nearly wraps", 10, 4, SIZE_MAX - 4, REASON_TOKEN_TOO_LARGE },
		{ "cap at the edge of reason", SIZE_MAX / 4, 0, 1, REASON_OK },
		{ "cap beyond reason", SIZE_MAX, 0, 1, REASON_TOKEN_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf b = BUF_INIT(rows[i].max);
		const enum reason want = rows[i].want;

		if (rows[i].had > 0)
			assert_int_equal(buf_add(&b, "0123456789", rows[i].had),
			    REASON_OK);
		row_reason(rows[i].name, buf_reserve(&b, rows[i].n), want);
		row_number(rows[i].name, (int64_t)b.len, (int64_t)rows[i].had);
		if (want != REASON_OK && rows[i].had > 0)
			row_true(rows[i].name,
			    memcmp(b.data, "0123456789", b.len) == 0 &&
				b.data[b.len] == '\0');
		buf_free(&b);
	}
	rows_end();
}

static void
test_growth(void **state)
{
	struct buf b = BUF_INIT(100000);

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		const char c = (char)('a' + i % 26);

		if (b.len + 2 > b.alloc && b.data != NULL) {
			watch(&b);
			assert_int_equal(buf_add(&b, &c, 1), REASON_OK);
			assert_true(was_wiped); /* the old block */
			assert_true(b.len < b.alloc);
			continue;
		}
		assert_int_equal(buf_add(&b, &c, 1), REASON_OK);
		assert_true(b.len < b.alloc);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(buf_add(&b, "x", 1), REASON_TOKEN_TOO_LARGE);
	assert_int_equal(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	watch(&b);
	buf_free(&b);
	assert_true(was_wiped);
	assert_null(b.data);
	assert_int_equal(b.len + b.alloc, 0);
	assert_int_equal(buf_add_str(&b, "usable again"), REASON_OK);
	buf_free(&b);
	buf_free(&b);
}

static void
test_clear(void **state)
{
	struct buf b = BUF_INIT(100);
	char *block;

	(void)state;
	buf_clear(&b);
	assert_int_equal(buf_add_str(&b, "secret"), REASON_OK);
	block = b.data;
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_ptr_equal(b.data, block);
	assert_true(is_zero(b.data, b.alloc));
	buf_free(&b);
	wipe_free(NULL, 10);
}

/* What is there stays as it is. */
static void
test_no_memory(void **state)
{
	struct buf b = BUF_INIT(10000), none = BUF_INIT(100);
	enum reason first, more;

	(void)state;
	assert_int_equal(buf_add_str(&b, "secret"), REASON_OK);
	has_no_memory = true;
	first = buf_add_str(&none, "secret");
	more = buf_reserve(&b, 9000);
	has_no_memory = false;
	assert_int_equal(first, REASON_OUT_OF_MEMORY);
	assert_int_equal(more, REASON_OUT_OF_MEMORY);
	assert_true(span_is(buf_span(&b), "secret"));
	assert_int_equal(none.len, 0);
	buf_free(&b);
	buf_free(&none);
}

static void
test_printf(void **state)
{
	struct buf b = BUF_INIT(12);

	(void)state;
	assert_int_equal(buf_printf(&b, "%d-%s", 42, "abc"), REASON_OK);
	assert_string_equal(b.data, "42-abc");
	assert_int_equal(buf_printf(&b, "%s", "1234567"),
	    REASON_TOKEN_TOO_LARGE);
	assert_string_equal(b.data, "42-abc");
	assert_int_equal(buf_printf(&b, "%s", "123456"), REASON_OK);
	assert_true(span_is(buf_span(&b), "42-abc123456"));
	assert_int_equal(buf_printf(&b, "%s", ""), REASON_OK);
	assert_int_equal(buf_add(&b, NULL, 0), REASON_OK);
	buf_free(&b);
}

static void
test_compare(void **state)
{
	static const struct {
		const char *name;
		struct span s;
		const char *text;
		bool is, nocase, starts, ends;
	} rows[] = {
		{ "same", BYTES("abc"), "abc", true, true, true, true },
		{ "nothing", BYTES(""), "", true, true, true, true },
		{ "other case", BYTES("aBc"), "Abc", false, true, false,
		    false },
		{ "prefix", BYTES("abcd"), "abc", false, false, true, false },
		{ "suffix", BYTES("xabc"), "abc", false, false, false, true },
		{ "shorter", BYTES("ab"), "abc", false, false, false, false },
		{ "empty", BYTES(""), "abc", false, false, false, false },
		{ "NUL behind", BYTES("abc\0"), "abc", false, false, true,
		    false },
		{ "NUL inside", BYTES("a\0c"), "a", false, false, true, false },
		{ "first and last", BYTES("aZ"), "Az", false, true, false,
		    false },
		{ "not a letter", BYTES("a@c"), "a`c", false, false, false,
		    false },
		{ "not a letter either", BYTES("a[c"), "a{c", false, false,
		    false, false },
		{ "dotless i", BYTES("\xc4\xb1"), "i", false, false, false,
		    false },
		{ "8 bit", BYTES("\xe4"), "\xc4", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span s = unit_exact(rows[i].s);

		row_bool(rows[i].name, span_is(s, rows[i].text), rows[i].is);
		row_bool(rows[i].name, span_is_nocase(s, rows[i].text),
		    rows[i].nocase);
		row_bool(rows[i].name, span_starts(s, rows[i].text),
		    rows[i].starts);
		row_bool(rows[i].name, span_ends(s, rows[i].text),
		    rows[i].ends);
		unit_free(s);
	}
	row_bool("NULL is nothing", span_is(span_of(NULL), ""), true);
	row_bool("NULL is not something", span_is(span_of(NULL), "a"), false);
	row_bool("NULL starts nothing", span_starts(span_of(NULL), "a"), false);
	row_bool("NULL ends nothing", span_ends(span_of(NULL), "a"), false);
	rows_end();
}

static void
test_cut(void **state)
{
	static const struct {
		const char *name, *in, *head, *rest;
		bool want;
	} rows[] = {
		{ "in two", "a.b", "a", "b", true },
		{ "at the first", "a.b.c", "a", "b.c", true },
		{ "nothing before", ".b", "", "b", true },
		{ "nothing behind", "a.", "a", "", true },
		{ "only a stop", ".", "", "", true },
		{ "no stop", "abc", "abc", "", false },
		{ "nothing", "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct span in = span_of(rows[i].in), head;

		row_bool(rows[i].name, span_cut(&in, '.', &head), rows[i].want);
		row_true(rows[i].name, span_is(head, rows[i].head));
		row_true(rows[i].name, span_is(in, rows[i].rest));
	}
	rows_end();
}

static void
test_trim(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "a b", "a b" },
		{ " \t a b\t ", "a b" },
		{ "", "" },
		{ " \t ", "" },
		{ "\na\r", "\na\r" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		row_bool(rows[i].in,
		    span_is(span_trim(span_of(rows[i].in)), rows[i].want),
		    true);
	assert_int_equal(span_trim(span_of(NULL)).len, 0);
	rows_end();
}

/* RFC 3629, at the ends of every range. */
static void
test_utf8(void **state)
{
	static const struct {
		const char *name;
		struct span s;
		bool want;
	} rows[] = {
		{ "ASCII", BYTES("a~\x7f\x01"), true },
		{ "nothing", BYTES(""), true },
		{ "two bytes", BYTES("\xc2\x80\xdf\xbf"), true },
		{ "three bytes", BYTES("\xe0\xa0\x80\xef\xbf\xbf"), true },
		{ "around surrogates", BYTES("\xed\x9f\xbf\xee\x80\x80"),
		    true },
		{ "four bytes", BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
		    true },
		{ "a tail alone", BYTES("\x80"), false },
		{ "last tail alone", BYTES("\xbf"), false },
		{ "overlong /", BYTES("\xc0\xaf"), false },
		{ "overlong, two bytes", BYTES("\xc1\xbf"), false },
		{ "overlong, three bytes", BYTES("\xe0\x9f\xbf"), false },
		{ "overlong, four bytes", BYTES("\xf0\x8f\xbf\xbf"), false },
		{ "first surrogate", BYTES("\xed\xa0\x80"), false },
		{ "last surrogate", BYTES("\xed\xbf\xbf"), false },
		{ "beyond Unicode", BYTES("\xf4\x90\x80\x80"), false },
		{ "far beyond", BYTES("\xf5\x80\x80\x80"), false },
		{ "five bytes", BYTES("\xf8\x88\x80\x80\x80"), false },
		{ "0xfe", BYTES("\xfe"), false },
		{ "0xff", BYTES("\xff"), false },
		{ "cut after one", BYTES("a\xc3"), false },
		{ "cut after two", BYTES("a\xe2\x82"), false },
		{ "cut after three", BYTES("a\xf0\x9f\x98"), false },
		{ "a letter in the tail", BYTES("\xe2\x82z"), false },
		{ "a letter as the tail", BYTES("\xc3z"), false },
		{ "two heads", BYTES("\xc3\xc3"), false },
		{ "bad at the end", BYTES("aaaaaaaaaaaaaaa\x80"), false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span s = unit_exact(rows[i].s);

		row_bool(rows[i].name, span_is_utf8(s), rows[i].want);
		unit_free(s);
	}
	rows_end();
}

/* RFC 6750 section 2.1 */
static void
test_b64token(void **state)
{
	static const struct {
		const char *name;
		struct span s;
		bool want;
	} rows[] = {
		{ "all of it", BYTES("aZ09-._~+/"), true },
		{ "padded", BYTES("a=="), true },
		{ "one letter", BYTES("a"), true },
		{ "nothing", BYTES(""), false },
		{ "only padding", BYTES("="), false },
		{ "padding in front", BYTES("=a"), false },
		{ "padding inside", BYTES("a=a"), false },
		{ "blank", BYTES("a a"), false },
		{ "comma", BYTES("a,a"), false },
		{ "colon", BYTES("a:a"), false },
		{ "semicolon", BYTES("a;a"), false },
		{ "at", BYTES("@"), false },
		{ "bracket", BYTES("["), false },
		{ "backquote", BYTES("`"), false },
		{ "brace", BYTES("{"), false },
		{ "star", BYTES("*"), false },
		{ "NUL", BYTES("a\0"), false },
		{ "newline", BYTES("a\n"), false },
		{ "8 bit", BYTES("a\xe4"), false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		row_bool(rows[i].name, span_is_b64token(rows[i].s),
		    rows[i].want);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_caps),
	cmocka_unit_test(test_growth),
	cmocka_unit_test(test_clear),
	cmocka_unit_test(test_no_memory),
	cmocka_unit_test(test_printf),
	cmocka_unit_test(test_compare),
	cmocka_unit_test(test_cut),
	cmocka_unit_test(test_trim),
	cmocka_unit_test(test_utf8),
	cmocka_unit_test(test_b64token),
};

UNIT_MAIN(tests)
