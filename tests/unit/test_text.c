/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void
test_bytes(void **state)
{
	static const struct {
		const char *name;
		struct span in;
		size_t max;
		const char *want;
	} rows[] = {
		{ "plain", BYTES("plain ~ text!"), 100, "plain ~ text!" },
		{ "exactly max", BYTES("abcd"), 4, "abcd" },
		{ "nothing", BYTES(""), 10, "" },
		{ "more than max", BYTES("abcde"), 4, "abcd..." },
		{ "none of it", BYTES("a"), 0, "..." },
		{ "newline", BYTES("a\nb"), 10, "a\\x0ab" },
		{ "carriage return", BYTES("a\rb"), 10, "a\\x0db" },
		{ "NUL", BYTES("a\0b"), 10, "a\\x00b" },
		{ "escape", BYTES("\x1b[2J"), 10, "\\x1b[2J" },
		{ "delete", BYTES("\x7f"), 10, "\\x7f" },
		{ "8 bit", BYTES("\xff\x80"), 10, "\\xff\\x80" },
		{ "UTF-8", BYTES("\xc3\xa9"), 10, "\\xc3\\xa9" },
		{ "right to left", BYTES("\xe2\x80\xae"), 10,
		    "\\xe2\\x80\\xae" },
		{ "tab", BYTES("\t"), 10, "\\x09" },
		{ "percent", BYTES("%n%s"), 10, "%n%s" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span in = unit_exact(rows[i].in);
		struct text t;

		text_clear(&t);
		text_add(&t, in, rows[i].max);
		row_text(rows[i].name, t.s, rows[i].want);
		row_number(rows[i].name, (int64_t)t.len,
		    (int64_t)strlen(rows[i].want));
		row_count(i < 3);
		unit_free(in);
	}
	rows_end();
}

static void
test_fault(void **state)
{
	static const struct {
		const char *name;
		struct span lines;
		const char *word; /* of what is said; NULL: nothing */
	} rows[] = {
		{ "nothing", { .len = 0 }, NULL },
		{ "lines", BYTES("a b\nc\n"), NULL },
		{ "a mark that does not begin it",
		    BYTES("a\n\xef\xbb\xbf"
			  "b\n"),
		    NULL },
		{ "half of a mark", BYTES("\xef\xbb"), NULL },
		{ "byte order mark",
		    BYTES("\xef\xbb\xbf"
			  "a\n"),
		    "byte order mark; save it without" },
		{ "nothing but the mark", BYTES("\xef\xbb\xbf"), "mark" },
		{ "NUL first", BYTES("\0a\n"), "has a NUL byte" },
		{ "NUL last", BYTES("a\n\0"), "has a NUL byte" },
		{ "Windows", BYTES("a\r\nb\r\n"), "to Unix line ends" },
		{ "old Mac", BYTES("a\rb"), "has carriage returns" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *fault = text_fault(rows[i].lines);

		row_bool(rows[i].name, fault == NULL, rows[i].word == NULL);
		if (rows[i].word != NULL)
			row_has(rows[i].name, fault, rows[i].word);
	}
	rows_end();
}

/* Whatever goes in: printable, ended, never an escape cut in two. */
static void
check_whole(const struct text *t)
{
	assert_true(t->len < TEXT_MAX);
	assert_int_equal(strlen(t->s), t->len);
	for (size_t i = 0; i < t->len; i++) {
		assert_in_range(t->s[i], 0x20, 0x7e);
		if (t->s[i] == '\\')
			assert_true(i + 4 <= t->len && t->s[i + 1] == 'x');
	}
}

static void
test_overflow(void **state)
{
	struct text t;

	(void)state;
	for (size_t n = 480; n < 540; n++) {
		char *s = unit_repeat('a', n), *wild = unit_repeat('\n', n);

		for (size_t had = 0; had < 8; had++) {
			text_clear(&t);
			text_add(&t, span_of("12345678"), had);
			text_add(&t, span_of(s), n);
			check_whole(&t);
			if (t.len < n)
				assert_string_equal(t.s + t.len - 3, "...");
			text_add(&t, span_of(wild), n);
			check_whole(&t);
			text_printf(&t, "%s", s);
			check_whole(&t);
			assert_string_equal(t.s + t.len - 3, "...");
		}
		free(s);
		free(wild);
	}
}

/* The last bytes are for the dots, and all before them can be used. */
static void
test_room(void **state)
{
	static const size_t room = TEXT_MAX - sizeof("...");
	static const char bytes[] = { 'a', ' ', '~' };

	(void)state;
	for (size_t i = 0; i < nitems(bytes); i++) {
		char *s = unit_repeat(bytes[i], room + 1);
		struct text t;

		text_clear(&t);
		text_add(&t, (struct span){ .ptr = s, .len = room }, room);
		row_number("as long as there is room", (int64_t)t.len,
		    (int64_t)room);
		row_true("all of it", strncmp(t.s, s, room) == 0);
		text_clear(&t);
		text_add(&t, span_of(s), room + 1);
		row_number("one more", (int64_t)t.len, TEXT_MAX - 1);
		row_true("as they are", strncmp(t.s, s, room) == 0);
		row_text("one more", t.s + room, "...");
		row_count(false);
		free(s);
	}
	rows_end();
}

static void
test_printf(void **state)
{
	struct text t;
	char *s = unit_repeat('b', 2000);

	(void)state;
	text_clear(&t);
	text_printf(&t, "%d %s", 7, "days");
	text_printf(&t, ", %c\n", 'x');
	assert_string_equal(t.s, "7 days, x\\x0a");
	text_printf(&t, "%s", s);
	check_whole(&t);
	text_clear(&t);
	assert_string_equal(t.s, "");
	free(s);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_bytes),
	cmocka_unit_test(test_fault),
	cmocka_unit_test(test_overflow),
	cmocka_unit_test(test_room),
	cmocka_unit_test(test_printf),
};

UNIT_MAIN(tests)
