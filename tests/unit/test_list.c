/* SPDX-License-Identifier: BSD-2-Clause */
#include "list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void
test_has(void **state)
{
	static const struct {
		const char *name;
		struct span s;
		bool want;
	} rows[] = {
		{ "first", BYTES("https://api/"), true },
		{ "last", BYTES("b"), true },
		{ "empty one", BYTES(""), true },
		{ "without the slash", BYTES("https://api"), false },
		{ "longer", BYTES("https://api/x"), false },
		{ "other case", BYTES("https://API/"), false },
		{ "blank behind", BYTES("b "), false },
		{ "NUL behind", BYTES("b\0"), false },
		{ "NUL and more", BYTES("b\0c"), false },
		{ "two of them", BYTES("https://api/b"), false },
	};
	struct list l = { .n = 0 };

	(void)state;
	row_bool("empty list", list_has(&l, span_of("b")), false);
	assert_int_equal(list_add(&l, span_of("https://api/")), REASON_OK);
	assert_int_equal(list_add(&l, span_of("")), REASON_OK);
	assert_int_equal(list_add(&l, SPAN("b")), REASON_OK);
	for (size_t i = 0; i < nitems(rows); i++)
		row_bool(rows[i].name, list_has(&l, rows[i].s), rows[i].want);
	list_free(&l);
	list_free(&l);
	assert_int_equal(l.n, 0);
	rows_end();
}

static void
test_words(void **state)
{
	static const struct {
		const char *name, *words, *want;
		bool has;
	} rows[] = {
		{ "only", "login", "login", true },
		{ "first", "login b c", "login", true },
		{ "last", "a b login", "login", true },
		{ "between blanks", "a  login  b", "login", true },
		{ "nothing granted", "", "login", false },
		{ "prefix", "log", "login", false },
		{ "longer", "login2", "login", false },
		{ "inside", "xloginx", "login", false },
		{ "other case", "Login LOGIN", "login", false },
		{ "joined by a tab", "a\tlogin", "login", false },
		{ "joined by a comma", "a,login", "login", false },
		{ "newline behind", "login\n", "login", false },
		{ "two words", "log in", "log in", false },
		{ "empty word", "a  b", "", false },
		{ "empty word in nothing", "", "", false },
		{ "path below", "read:mail/x", "read:mail", false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		row_bool(rows[i].name,
		    words_have(span_of(rows[i].words), span_of(rows[i].want)),
		    rows[i].has);
	row_bool("NULL", words_have(span_of(NULL), span_of("a")), false);
	row_bool("NUL behind", words_have(SPAN("login\0"), span_of("login")),
	    false);
	rows_end();
}

static void
test_show(void **state)
{
	static const char *const want[] = { "", "a", "a or b", "a, b or c",
		"a, b, c or \\x0a" };
	static const char *const items[] = { "a", "b", "c", "\n" };
	struct list l = { .n = 0 };
	struct text t;

	(void)state;
	for (size_t i = 0; i < nitems(want); i++) {
		text_clear(&t);
		list_show(&l, &t);
		assert_string_equal(t.s, want[i]);
		if (i < nitems(items))
			assert_int_equal(list_add(&l, span_of(items[i])),
			    REASON_OK);
	}
	list_free(&l);
}

static void
test_many(void **state)
{
	struct list l = { .n = 0 };
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "item%u", i);
		assert_int_equal(list_add(&l, span_of(name)), REASON_OK);
	}
	assert_int_equal(l.n, 1000);
	assert_string_equal(l.item[999], "item999");
	assert_int_equal(list_add(&l, span_of(NULL)), REASON_OK);
	assert_string_equal(l.item[1000], "");
	list_free(&l);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_has),
	cmocka_unit_test(test_words),
	cmocka_unit_test(test_show),
	cmocka_unit_test(test_many),
};

UNIT_MAIN(tests)
