/* SPDX-License-Identifier: BSD-2-Clause */
#include "usermap.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* The linker sends what takes memory here; the n-th call has none. */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
int __real_regcomp(regex_t *regex, const char *expression, int flags);
int __wrap_regcomp(regex_t *regex, const char *expression, int flags);
void __real_regfree(regex_t *regex);
void __wrap_regfree(regex_t *regex);

static unsigned int failing; /* 0: none */
static int compiled;	     /* expressions that nobody has freed */

static bool
fails(void)
{
	return failing > 0 && --failing == 0;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

int
__wrap_regcomp(regex_t *regex, const char *expression, int flags)
{
	const int rc =
	    fails() ? REG_ESPACE : __real_regcomp(regex, expression, flags);

	compiled += rc == 0;
	return rc;
}

void
__wrap_regfree(regex_t *regex)
{
	compiled--;
	__real_regfree(regex);
}

/* Lines 1 to 3 are good; the one in question is the fourth. */
static const struct {
	const char *name;
	const char *line;
	enum reason want;
	const char *why;
} lines[] = {
	{ "literal", "auth0|5f7c alice", REASON_OK, "" },
	{ "blanks and tabs", " \t auth0|5f7c \t  alice\t ", REASON_OK, "" },
	{ "quoted value", "\"Alice Smith\" alice", REASON_OK, "" },
	{ "quoted user", "a \"alice\"", REASON_OK, "" },
	{ "comment", "# a b c d \"", REASON_OK, "" },
	{ "indented comment", "   # a", REASON_OK, "" },
	{ "empty", "", REASON_OK, "" },
	{ "expression", "/^([a-z]+)@example\\.com$ \\1", REASON_OK, "" },
	{ "nine groups", "/(a)(b)(c)(d)(e)(f)(g)(h)(i) \\9\\1", REASON_OK, "" },
	{ "hash in quotes", "\"#1\" alice", REASON_OK, "" },

	{ "no user", "auth0|5f7c", REASON_CONFIG_INVALID, "a local user" },
	{ "three fields", "Alice Smith alice", REASON_CONFIG_INVALID,
	    "double quotes" },
	{ "comment behind", "a alice # it is her", REASON_CONFIG_INVALID,
	    "behind the local user" },
	{ "quote not closed", "\"Alice alice", REASON_CONFIG_INVALID,
	    "not closed" },
	{ "second quote not closed", "a \"alice", REASON_CONFIG_INVALID,
	    "not closed" },
	{ "text behind the quote", "\"Alice\"x alice", REASON_CONFIG_INVALID,
	    "not closed" },
	{ "quote inside", "\"A\"B\" alice", REASON_CONFIG_INVALID,
	    "not closed" },
	{ "empty value", "\"\" alice", REASON_CONFIG_INVALID, "a local user" },
	{ "empty user", "a \"\"", REASON_CONFIG_INVALID, "a local user" },
	{ "reference without expression", "a \\1", REASON_CONFIG_INVALID,
	    "begins with '/'" },
	{ "backslash in a user", "a DOMAIN\\alice", REASON_CONFIG_INVALID,
	    "a backslash" },
	{ "backslash at the end", "/(a) x\\", REASON_CONFIG_INVALID,
	    "a backslash" },
	{ "reference 0", "/(a) \\0", REASON_CONFIG_INVALID, "a backslash" },
	{ "reference to no group", "/a \\1", REASON_CONFIG_INVALID,
	    "no such group" },
	{ "reference to group 2 of 1", "/(a) \\1\\2", REASON_CONFIG_INVALID,
	    "no such group" },
	{ "reference to group 9 of 8", "/(a)(b)(c)(d)(e)(f)(g)(h) \\9",
	    REASON_CONFIG_INVALID, "no such group" },
	{ "out of the anchors", "/a)|(b alice", REASON_CONFIG_INVALID,
	    "Unmatched (" },
	{ "out of them at the start", "/x)(y alice", REASON_CONFIG_INVALID,
	    "Unmatched (" },
	{ "open group", "/(a alice", REASON_CONFIG_INVALID, "(" },
	{ "open list", "/[a alice", REASON_CONFIG_INVALID, "[" },
	{ "open list in a list", "/[a[ alice", REASON_CONFIG_INVALID, "[" },
	{ "open class", "/[[:digit] alice", REASON_CONFIG_INVALID, "[" },
	{ "open list and group", "/([a)|(b alice", REASON_CONFIG_INVALID, "[" },
	{ "bad range", "/[z-a] alice", REASON_CONFIG_INVALID, "ange" },
	{ "bad class", "/[[:nosuch:]] alice", REASON_CONFIG_INVALID, "class" },
	{ "repetitions enough", "/a{1,32}b{1,32}c{1,32}d+ alice", REASON_OK,
	    "" },
	{ "repetitions of repetitions", "/a{99}{99}{99} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "repetitions of groups", "/(((a{9,99}){,99}){99,}) alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "one repetition, very often", "/a{1,70000} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "none, and very many of them", "/a{0}b{99}{99}{99} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "plus signs", "/a+++++++++++++++++ alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "plus signs that are letters",
	    "/\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+\\+ alice",
	    REASON_OK, "" },
	{ "all that may be", "/a{2048} alice", REASON_OK, "" },
	{ "one too many", "/a{2049} alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "one beside", "/ba{2048} alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "one before a group", "/b(a{2044}) alice", REASON_OK, "" },
	{ "two before a group", "/bb(a{2044}) alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "at the end of a group", "/(aaa{18}){100} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "question marks", "/x?()a+??????????? alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "asterisks", "/a*********** alice", REASON_OK, "" },
	{ "one asterisk more", "/a************ alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "groups that repeat", "/((((((a*b*c*)+)+)+)+)+)+ alice", REASON_OK,
	    "" },
	{ "groups that repeat once more",
	    "/(((((((((a*b*c*)+)+)+)+)+)+)+)+)+ "
	    "alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "empty groups", "/((((((((((())+)+)+)+)+)+)+)+)+)+ alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "more at once than before", "/a{9,2049} alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "an open interval", "/a{3", REASON_CONFIG_INVALID, "" },
	{ "a list, repeated", "/[]*+[:digit:]?]{2049} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "behind a class", "/[[:digit:]]a{2048} alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "behind an escape", "/\\[a{2048} alice", REASON_CONFIG_INVALID,
	    "repeats too much" },
	{ "groups in groups",
	    "/((((((((((((((((((((a)))))))))))))))))))) "
	    "alice",
	    REASON_OK, "" },
	{ "groups in groups in groups",
	    "/((((((((((((((((((((("
	    "a))))))))))))))))))))) alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "letters that repeat nothing",
	    "/[]*+?{*+?+?*+?*+?*]\\?\\*a"
	    "[^]*+?{*+?+?*+?*+?*]b alice",
	    REASON_OK, "" },
	{ "a bracket that is a letter", "/[]*+?*+?*+?*+?*+?] alice", REASON_OK,
	    "" },
	{ "a bracket in a class", "/[[:]x:]]{2048} alice",
	    REASON_CONFIG_INVALID, "class" },
	{ "a list, as often as may be", "/[a]{2048} alice", REASON_OK, "" },
	{ "none, and all that may be", "/a{0}b{2048} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "more than there are numbers", "/a*{9223372036854775808} alice",
	    REASON_CONFIG_INVALID, "repeats too much" },
	{ "classes", "/[[:digit:]*+?*+?*+?*+?*[.-.]*+?*+?[=a=]?*+] alice",
	    REASON_OK, "" },
	{ "many, side by side",
	    "/a?b?c?(d?e?)?(f?g?)?h*i*(j)?(k)?[l-z]{64} "
	    "alice",
	    REASON_OK, "" },
	{ "bad repetition", "/a{2,1} alice", REASON_CONFIG_INVALID, "" },
	{ "backslash at the end of it", "/a\\ alice", REASON_CONFIG_INVALID,
	    "ackslash" },
};

static struct usermap *
parse(const char *text, enum reason *reason, unsigned int *line,
    struct text *why)
{
	struct usermap *map = (void *)1;
	const struct span s = unit_exact(span_of(text));

	text_clear(why);
	*reason = usermap_parse(s, &map, line, why);
	unit_free(s); /* nothing of it is kept */
	return map;
}

static struct usermap *
good(const char *text)
{
	struct usermap *map;
	enum reason reason;
	unsigned int line;
	struct text why;

	map = parse(text, &reason, &line, &why);
	if (map == NULL)
		fail_msg("line %u: %s", line, why.s);
	return map;
}

static void
test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(lines); i++) {
		struct buf text = BUF_INIT(4096);
		struct usermap *map;
		enum reason reason;
		unsigned int line;
		struct text why;

		assert_int_equal(buf_printf(&text,
				     "# map\n\nx y\n%s\nnot, reached, at\n",
				     lines[i].line),
		    REASON_OK);
		map = parse(text.data, &reason, &line, &why);
		if (lines[i].want == REASON_OK)
			/* then the fifth one stops it */
			row_number(lines[i].name, line, 5);
		else
			row_number(lines[i].name, line, 4);
		assert_null(map);
		row_has(lines[i].name, why.s, lines[i].why);
		buf_free(&text);
		text = (struct buf)BUF_INIT(4096);
		assert_int_equal(buf_printf(&text, "%s", lines[i].line),
		    REASON_OK);
		map = parse(text.data, &reason, &line, &why);
		row_reason(lines[i].name, reason, lines[i].want);
		row_true(lines[i].name,
		    (map != NULL) == (lines[i].want == REASON_OK));
		usermap_free(map);
		buf_free(&text);
	}
	usermap_free(NULL);
	rows_end();
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		const char *why;
	} bad[] = {
		{ "NUL", BYTES("a b\n\0c d\n"), "the file has a NUL byte" },
		{ "NUL at the end", BYTES("a b\n\0"),
		    "the file has a NUL byte" },
		{ "byte order mark",
		    BYTES("\xef\xbb\xbf"
			  "a b\n"),
		    "the file begins with a byte order mark; save it without" },
		{ "Windows line ends", BYTES("a b\r\nc d\r\n"),
		    "the file has carriage returns; convert it to Unix line "
		    "ends" },
		{ "old Mac line ends", BYTES("a b\rc d\r"),
		    "the file has carriage returns; convert it to Unix line "
		    "ends" },
	};
	struct usermap *map;
	struct text why;
	unsigned int line;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++) {
		text_clear(&why);
		row_reason(bad[i].name,
		    usermap_parse(bad[i].text, &map, &line, &why),
		    REASON_CONFIG_INVALID);
		row_text(bad[i].name, why.s, bad[i].why);
		row_true(bad[i].name, map == NULL);
	}
	text_clear(&why);
	row_reason("empty file", usermap_parse(SPAN(""), &map, &line, &why),
	    REASON_OK);
	usermap_free(map);
	rows_end();
}

static void
test_lengths(void **state)
{
	static const struct {
		const char *name;
		size_t value, user;
		enum reason want;
	} sizes[] = {
		{ "longest", 1024, USER_MAX, REASON_OK },
		{ "value too long", 1025, 1, REASON_CONFIG_INVALID },
		{ "user too long", 1, USER_MAX + 1, REASON_CONFIG_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *value = unit_repeat('v', sizes[i].value);
		char *user = unit_repeat('u', sizes[i].user);
		struct buf text = BUF_INIT(4096);
		char got[USER_MAX + 1];
		struct usermap *map;
		enum reason reason;
		unsigned int line;
		struct text why;
		size_t at = 0;

		assert_int_equal(buf_printf(&text, "%s %s", value, user),
		    REASON_OK);
		map = parse(text.data, &reason, &line, &why);
		row_reason(sizes[i].name, reason, sizes[i].want);
		if (map != NULL) {
			row_true(sizes[i].name,
			    usermap_next(map, span_of(value), &at, got, &line));
			row_text(sizes[i].name, got, user);
		}
		usermap_free(map);
		buf_free(&text);
		free(value);
		free(user);
	}
	rows_end();
}

/* What the map has for a value: "user:line" of each, in order. */
static const struct {
	const char *name;
	const char *map;
	struct span value;
	const char *want;
} finds[] = {
	{ "literal", "auth0|5f alice", BYTES("auth0|5f"), "alice:1" },
	{ "two users", "x root\ny bob\nx alice", BYTES("x"), "root:1 alice:3" },
	{ "two values", "x alice\ny alice", BYTES("y"), "alice:2" },
	{ "quoted", "\"Alice Smith\" alice", BYTES("Alice Smith"), "alice:1" },
	{ "capture", "/([a-z]+)@e\\.com \\1", BYTES("alice@e.com"), "alice:1" },
	{ "captures", "/(.)(.)(.) \\3-\\2-\\1x", BYTES("abc"), "c-b-ax:1" },
	{ "capture twice", "/(a+) \\1\\1", BYTES("aa"), "aaaa:1" },
	{ "optional group", "/a(b)?(c) x\\1\\2", BYTES("ac"), "xc:1" },
	{ "ninth group", "/(a)(b)(c)(d)(e)(f)(g)(h)(i) \\9", BYTES("abcdefghi"),
	    "i:1" },
	{ "alternative", "/a|b x", BYTES("b"), "x:1" },
	{ "own anchors", "/^a$ x", BYTES("a"), "x:1" },
	{ "slash inside", "/a/b x", BYTES("a/b"), "x:1" },
	{ "expression and literal", "/a.* x\nabc y", BYTES("abc"), "x:1 y:2" },
	{ "unsafe capture", "/(.*) \\1", BYTES("../x"), "../x:1" },

	{ "empty value", "/.* x", BYTES(""), "" },
	{ "other value", "auth0|5f alice", BYTES("auth0|6f"), "" },
	{ "prefix", "auth0|5f alice", BYTES("auth0|5"), "" },
	{ "longer", "auth0|5f alice", BYTES("auth0|5fa"), "" },
	{ "in capitals", "auth0|5f alice", BYTES("AUTH0|5F"), "" },
	{ "blank behind", "a alice", BYTES("a "), "" },
	{ "newline behind", "a alice", BYTES("a\n"), "" },
	{ "NUL behind", "a alice", BYTES("a\0"), "" },
	{ "pattern as a value", "a.c alice", BYTES("abc"), "" },
	{ "anchored in front", "/abc x", BYTES("xabc"), "" },
	{ "anchored behind", "/abc x", BYTES("abcx"), "" },
	{ "anchored, alternatives", "/a|b x", BYTES("ac"), "" },
	{ "anchored, second alternative", "/a|b x", BYTES("cb"), "" },
	{ "anchored, own line", "/abc x", BYTES("abc\nabc"), "" },
	{ "anchored, newline behind", "/abc x", BYTES("abc\n"), "" },
	{ "anchored, newline in front", "/abc x", BYTES("\nabc"), "" },
	{ "own anchor, newline behind", "/^abc$ x", BYTES("abc\n"), "" },
	{ "out of its anchors in front", "/a)|b x", BYTES("aevil"), "" },
	{ "out of its anchors behind", "/a)|b x", BYTES("evilb)"), "" },
	{ "out of them by a list", "/a)|[)]b x", BYTES("aevil"), "" },
	{ "out of them by an escape", "/a)|b\\) x", BYTES("aevil"), "" },
	{ "expression in capitals", "/abc x", BYTES("ABC"), "" },
	{ "comment is no entry", "#a alice", BYTES("#a"), "" },
	{ "expression is no literal", "/a+ x", BYTES("/a+"), "" },
	{ "empty expression", "/ x", BYTES("a"), "" },
	{ "domain look-alike", "/(.*)@e\\.com \\1", BYTES("root@e.com.evil"),
	    "" },
};

static void
test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(finds); i++) {
		struct usermap *map = good(finds[i].map);
		struct buf all = BUF_INIT(4096);
		char user[USER_MAX + 1];
		unsigned int line;
		size_t at = 0;

		assert_int_equal(buf_add_str(&all, ""), REASON_OK);
		while (usermap_next(map, finds[i].value, &at, user, &line))
			assert_int_equal(buf_printf(&all, "%s%s:%u",
					     all.len > 0 ? " " : "", user,
					     line),
			    REASON_OK);
		row_count(finds[i].want[0] != '\0');
		row_text(finds[i].name, all.data, finds[i].want);
		buf_free(&all);
		usermap_free(map);
	}
	rows_end();
}

/* A capture that makes the name too long is no match. */
static void
test_long_capture(void **state)
{
	struct usermap *map = good("/(.*) \\1\n/(.*) x\\1");
	char user[USER_MAX + 1];
	unsigned int line;

	(void)state;
	for (size_t n = USER_MAX - 1; n <= USER_MAX + 1; n++) {
		char *value = unit_repeat('v', n);
		size_t at = 0, found = 0;

		while (usermap_next(map, span_of(value), &at, user, &line))
			found++;
		row_number("how many fit", (int64_t)found,
		    (int64_t)(USER_MAX + 1 - n));
		free(value);
	}
	for (size_t n = 1024; n <= 1025; n++) {
		struct usermap *any = good("/v* x");
		char *value = unit_repeat('v', n);
		size_t at = 0;

		row_bool("longest value",
		    usermap_next(any, span_of(value), &at, user, &line),
		    n == 1024);
		free(value);
		usermap_free(any);
	}
	usermap_free(map);
	rows_end();
}

/* Thousands of lines. */
static void
test_many(void **state)
{
	struct buf text = BUF_INIT(USERMAP_FILE_MAX);
	char user[USER_MAX + 1];
	struct usermap *map;
	unsigned int line;
	size_t at = 0;

	(void)state;
	for (unsigned int i = 1; i <= 5000; i++)
		assert_int_equal(buf_printf(&text, "auth0|%u user%u\n", i, i),
		    REASON_OK);
	map = good(text.data);
	assert_true(usermap_next(map, SPAN("auth0|4999"), &at, user, &line));
	assert_string_equal(user, "user4999");
	assert_int_equal(line, 4999);
	assert_false(usermap_next(map, SPAN("auth0|4999"), &at, user, &line));
	assert_string_equal(user, "");
	usermap_free(map);
	buf_free(&text);
}

static const struct {
	const char *name;
	const char *map;
	const char *want; /* "line<first" of a pair, "line!first" of a value */
} repeats[] = {
	{ "empty", "", "" },
	{ "one line", "a alice\n", "" },
	{ "two users for two values", "a alice\nb bob\n", "" },
	{ "two values for a user", "a alice\nb alice\n", "" },
	{ "another case", "a alice\nA alice\n", "" },
	{ "an expression that fits, too", "a alice\n/. bob\n", "" },
	{ "a pair", "a alice\nb bob\na alice\n", "3<1 " },
	{ "a pair in quotes", "a alice\n\"a\" \"alice\"\n", "2<1 " },
	{ "an expression", "/(.) \\1\n/(.) \\1\n", "2<1 " },
	{ "a value", "a bob\na alice\n", "2!1 " },
	{ "both", "# c\na bob\na alice\n\na bob\na alice\n", "3!2 6<3 5<2 " },
	{ "three times", "a x\na x\na x\n", "2<1 3<1 " },
};

static void
on_repeat(void *arg, unsigned int line, unsigned int first, bool is_same_user)
{
	assert_int_equal(buf_printf(arg, "%u%c%u ", line,
			     is_same_user ? '<' : '!', first),
	    REASON_OK);
}

static void
test_repeats(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(repeats); i++) {
		struct buf got = BUF_INIT(1024);
		struct usermap *map = good(repeats[i].map);

		assert_int_equal(buf_add_str(&got, ""), REASON_OK);
		row_reason(repeats[i].name,
		    usermap_repeats(map, on_repeat, &got), REASON_OK);
		row_true(repeats[i].name,
		    span_is(buf_span(&got), repeats[i].want));
		usermap_free(map);
		buf_free(&got);
	}
	rows_end();
}

static void
no_repeat(void *arg, unsigned int line, unsigned int first, bool is_same_user)
{
	(void)arg, (void)line, (void)first, (void)is_same_user;
	fail();
}

/* Of a map that there is not memory enough for nothing is left. */
static void
test_no_memory(void **state)
{
	struct usermap *map = NULL;
	enum reason reason;
	unsigned int line;
	struct text why;

	(void)state;
	for (unsigned int n = 1; map == NULL; n++) {
		failing = n;
		map = parse("a alice\n/(b) \\1\n", &reason, &line, &why);
		row_reason("parse", reason,
		    failing > 0 ? REASON_OK : REASON_OUT_OF_MEMORY);
		row_true("parse", (map != NULL) == (failing > 0));
		row_number("parse", compiled, map != NULL);
	}
	failing = 1;
	row_reason("repeats", usermap_repeats(map, no_repeat, NULL),
	    REASON_OUT_OF_MEMORY);
	failing = 0;
	usermap_free(map);
	row_number("freed", compiled, 0);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_lines),
	cmocka_unit_test(test_bytes),
	cmocka_unit_test(test_lengths),
	cmocka_unit_test(test_find),
	cmocka_unit_test(test_long_capture),
	cmocka_unit_test(test_many),
	cmocka_unit_test(test_repeats),
	cmocka_unit_test(test_no_memory),
};

UNIT_MAIN(tests)
