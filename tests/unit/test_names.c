/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "unit.h"

/* Which names a local account may have, whatever a token says. */
static const struct {
	const char *name;
	struct span user;
	bool want;
} rows[] = {
	{ "plain", BYTES("alice"), true },
	{ "capitals", BYTES("Alice"), true },
	{ "underscore in front", BYTES("_www"), true },
	{ "digit in front", BYTES("4711a"), true },
	{ "everything allowed", BYTES("a.b-c_d@e+F9"), true },
	{ "machine account", BYTES("host$"), true },
	{ "one letter", BYTES("a"), true },
	{ "mail address", BYTES("alice@example.com"), true },

	{ "empty", BYTES(""), false },
	{ "only digits", BYTES("1000"), false },
	{ "zero", BYTES("0"), false },
	{ "digits and a dollar", BYTES("1000$"), false },
	{ "leading dash", BYTES("-rf"), false },
	{ "leading dot", BYTES(".ssh"), false },
	{ "leading at", BYTES("@alice"), false },
	{ "leading plus", BYTES("+alice"), false },
	{ "dot", BYTES("."), false },
	{ "two dots", BYTES(".."), false },
	{ "dollar", BYTES("$"), false },
	{ "two dollars", BYTES("$$"), false },
	{ "dollar in front", BYTES("$alice"), false },
	{ "dollar inside", BYTES("al$ice"), false },
	{ "two dollars behind", BYTES("alice$$"), false },
	{ "NUL behind", BYTES("root\0x"), false },
	{ "NUL at the end", BYTES("alice\0"), false },
	{ "NUL in front", BYTES("\0root"), false },
	{ "newline", BYTES("alice\n"), false },
	{ "newline and more", BYTES("alice\nroot"), false },
	{ "carriage return", BYTES("alice\r"), false },
	{ "tab", BYTES("al\tice"), false },
	{ "bell", BYTES("alice\a"), false },
	{ "escape", BYTES("alice\x1b[2J"), false },
	{ "delete", BYTES("alice\x7f"), false },
	{ "blank", BYTES("alice smith"), false },
	{ "blank in front", BYTES(" alice"), false },
	{ "blank behind", BYTES("alice "), false },
	{ "no-break space", BYTES("alice\xc2\xa0"), false },
	{ "path", BYTES("../root"), false },
	{ "slash", BYTES("a/b"), false },
	{ "backslash", BYTES("DOMAIN\\alice"), false },
	{ "colon", BYTES("alice:x:0:0"), false },
	{ "comma", BYTES("alice,root"), false },
	{ "semicolon", BYTES("alice;id"), false },
	{ "shell", BYTES("$(id)"), false },
	{ "backquotes", BYTES("`id`"), false },
	{ "pipe", BYTES("auth0|alice"), false },
	{ "quote", BYTES("alice'"), false },
	{ "double quote", BYTES("\"alice\""), false },
	{ "star", BYTES("*"), false },
	{ "percent", BYTES("%n"), false },
	{ "exclamation", BYTES("a!b"), false },
	{ "brackets", BYTES("a[b]"), false },
	{ "equals", BYTES("a=b"), false },
	{ "tilde", BYTES("~root"), false },
	{ "hash", BYTES("#0"), false },
	{ "question mark", BYTES("a?"), false },
	{ "umlaut", BYTES("j\xc3\xbcrgen"), false },
	{ "Latin-1", BYTES("j\xfcrgen"), false },
	{ "Cyrillic a", BYTES("\xd0\xb0lice"), false },
	{ "full width", BYTES("\xef\xbd\x81lice"), false },
	{ "dotless i",
	    BYTES("al\xc4\xb1"
		  "ce"),
	    false },
	{ "long s", BYTES("\xc5\xbfudo"), false },
	{ "right-to-left mark", BYTES("alice\xe2\x80\x8f"), false },
	{ "right-to-left override",
	    BYTES("\xe2\x80\xae"
		  "ecila"),
	    false },
	{ "zero width", BYTES("al\xe2\x80\x8bice"), false },
	{ "combining", BYTES("alice\xcc\x81"), false },
	{ "overlong NUL", BYTES("root\xc0\x80"), false },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span user = unit_exact(rows[i].user);

		row_bool(rows[i].name, identity_is_safe_name(user),
		    rows[i].want);
		unit_free(user);
	}
	rows_end();
}

/* Each byte, alone, in front, inside and behind. */
static void
test_bytes(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const bool letter = strchr("abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ_",
					c) != NULL;
		const bool digit = strchr("0123456789", c) != NULL;
		const bool fine = letter || digit || strchr(".-@+", c) != NULL;
		char name[] = "abc";

		name[0] = (char)c;
		row_bool("alone",
		    identity_is_safe_name((struct span){ name, 1 }), letter);
		row_bool("in front", identity_is_safe_name(span_of(name)),
		    letter || digit);
		name[0] = 'a';
		name[1] = (char)c;
		row_bool("inside", identity_is_safe_name(span_of(name)), fine);
		name[1] = 'b';
		name[2] = (char)c;
		row_bool("behind", identity_is_safe_name(span_of(name)),
		    fine || c == '$');
	}
	rows_end();
}

static void
test_lengths(void **state)
{
	(void)state;
	for (size_t n = USER_MAX - 1; n < USER_MAX + 3; n++) {
		char *name = unit_repeat('a', n);

		row_bool("long", identity_is_safe_name(span_of(name)),
		    n <= USER_MAX);
		name[n - 1] = '$';
		row_bool("long, with a dollar",
		    identity_is_safe_name(span_of(name)), n <= USER_MAX);
		free(name);
	}
	row_bool("NULL", identity_is_safe_name(span_of(NULL)), false);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_bytes),
	cmocka_unit_test(test_lengths),
};

UNIT_MAIN(tests)
