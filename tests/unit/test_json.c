/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define NODES_MAX 2000

static const struct {
	const char *name;
	struct span text;
	enum reason want;
} rows[] = {
	{ "an object", BYTES("{\"a\":[1,-2.5e3,\"x\",true,null,{}]}"),
	    REASON_OK },
	{ "blanks around", BYTES(" \t\r\n{} \n"), REASON_OK },
	{ "escapes", BYTES("{\"\\u00e9\\\\\\\"\\/\":\"\\ud83d\\ude00\"}"),
	    REASON_OK },
	{ "brackets in a string", BYTES("{\"a\":\"}]{[:::\\\"}\"}"),
	    REASON_OK },
	{ "a real beyond a double", BYTES("{\"a\":1e400}"), REASON_OK },
	{ "the largest integers",
	    BYTES("{\"a\":9223372036854775807,\"b\":-9223372036854775808}"),
	    REASON_OK },
	{ "the same name further down", BYTES("{\"a\":{\"a\":{\"a\":1}}}"),
	    REASON_OK },
	{ "names that differ in case", BYTES("{\"a\":1,\"A\":2}"), REASON_OK },

	{ "nothing", BYTES(""), REASON_TOKEN_MALFORMED },
	{ "blanks", BYTES("  "), REASON_TOKEN_MALFORMED },
	{ "a list", BYTES("[]"), REASON_TOKEN_MALFORMED },
	{ "a string", BYTES("\"a\""), REASON_TOKEN_MALFORMED },
	{ "a number", BYTES("1"), REASON_TOKEN_MALFORMED },
	{ "true", BYTES("true"), REASON_TOKEN_MALFORMED },
	{ "null", BYTES("null"), REASON_TOKEN_MALFORMED },
	{ "open", BYTES("{"), REASON_TOKEN_MALFORMED },
	{ "closed only", BYTES("}"), REASON_TOKEN_MALFORMED },
	{ "closed twice", BYTES("{}}"), REASON_TOKEN_MALFORMED },
	{ "closed too early", BYTES("}{"), REASON_TOKEN_MALFORMED },
	{ "something behind", BYTES("{}x"), REASON_TOKEN_MALFORMED },
	{ "two of them", BYTES("{}{}"), REASON_TOKEN_MALFORMED },
	{ "NUL behind", BYTES("{}\0"), REASON_TOKEN_MALFORMED },
	{ "NUL in front", BYTES("\0{}"), REASON_TOKEN_MALFORMED },
	{ "NUL behind a number", BYTES("{\"a\":1\0}"), REASON_TOKEN_MALFORMED },
	{ "NUL between members", BYTES("{\"a\":1\0,\"b\":2}"),
	    REASON_TOKEN_MALFORMED },
	{ "NUL in a string", BYTES("{\"a\":\"b\0c\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "escaped NUL", BYTES("{\"a\":\"b\\u0000\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "escaped NUL in a name", BYTES("{\"a\\u0000\":1}"),
	    REASON_TOKEN_MALFORMED },
	{ "byte order mark", BYTES("\xef\xbb\xbf{}"), REASON_TOKEN_MALFORMED },
	{ "UTF-16", BYTES("\xff\xfe{\0}\0"), REASON_TOKEN_MALFORMED },
	{ "the same name twice", BYTES("{\"a\":1,\"a\":1}"),
	    REASON_TOKEN_MALFORMED },
	{ "twice, once escaped", BYTES("{\"sub\":1,\"s\\u0075b\":2}"),
	    REASON_TOKEN_MALFORMED },
	{ "twice, further down", BYTES("{\"x\":{\"a\":1,\"b\":1,\"a\":2}}"),
	    REASON_TOKEN_MALFORMED },
	{ "Latin-1", BYTES("{\"a\":\"\xe9\"}"), REASON_TOKEN_MALFORMED },
	{ "overlong UTF-8", BYTES("{\"a\":\"\xc0\xaf\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "half a surrogate", BYTES("{\"a\":\"\\ud800\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "the other half", BYTES("{\"a\":\"\\udc00\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "control character", BYTES("{\"a\":\"\n\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "single quotes", BYTES("{'a':1}"), REASON_TOKEN_MALFORMED },
	{ "no quotes", BYTES("{a:1}"), REASON_TOKEN_MALFORMED },
	{ "comment", BYTES("{/**/}"), REASON_TOKEN_MALFORMED },
	{ "line comment", BYTES("{}//"), REASON_TOKEN_MALFORMED },
	{ "comma at the end", BYTES("{\"a\":1,}"), REASON_TOKEN_MALFORMED },
	{ "no colon", BYTES("{\"a\" 1}"), REASON_TOKEN_MALFORMED },
	{ "NaN", BYTES("{\"a\":NaN}"), REASON_TOKEN_MALFORMED },
	{ "Infinity", BYTES("{\"a\":Infinity}"), REASON_TOKEN_MALFORMED },
	{ "plus", BYTES("{\"a\":+1}"), REASON_TOKEN_MALFORMED },
	{ "leading zero", BYTES("{\"a\":01}"), REASON_TOKEN_MALFORMED },
	{ "hexadecimal", BYTES("{\"a\":0x10}"), REASON_TOKEN_MALFORMED },
	{ "2^63", BYTES("{\"a\":9223372036854775808}"),
	    REASON_TOKEN_MALFORMED },
	{ "-2^63-1", BYTES("{\"a\":-9223372036854775809}"),
	    REASON_TOKEN_MALFORMED },
	{ "a dot and no digits", BYTES("{\"a\":1.}"), REASON_TOKEN_MALFORMED },
	{ "no digits and a dot", BYTES("{\"a\":.5}"), REASON_TOKEN_MALFORMED },
	{ "exponent without digits", BYTES("{\"a\":1e}"),
	    REASON_TOKEN_MALFORMED },
	{ "exponent with a sign only", BYTES("{\"a\":1e+}"),
	    REASON_TOKEN_MALFORMED },
	{ "only a minus", BYTES("{\"a\":-}"), REASON_TOKEN_MALFORMED },
	{ "minus and a zero in front", BYTES("{\"a\":-01}"),
	    REASON_TOKEN_MALFORMED },
	{ "word cut off", BYTES("{\"a\":tru}"), REASON_TOKEN_MALFORMED },
	{ "word in capitals", BYTES("{\"a\":True}"), REASON_TOKEN_MALFORMED },
	{ "words joined", BYTES("{\"a\":nulltrue}"), REASON_TOKEN_MALFORMED },
	{ "unknown escape", BYTES("{\"a\":\"\\x41\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "escaped NUL byte", BYTES("{\"a\":\"\\\0\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "escape of three digits", BYTES("{\"a\":\"\\u041\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "escape with a sign", BYTES("{\"a\":\"\\u+041\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "two first halves", BYTES("{\"a\":\"\\ud800\\ud800\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "half and a letter", BYTES("{\"a\":\"\\ud800a\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "half and another escape", BYTES("{\"a\":\"\\ud800\\n\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "UTF-8 of a surrogate", BYTES("{\"a\":\"\xed\xa0\x80\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "UTF-8 cut off", BYTES("{\"a\":\"\xe2\x82\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "beyond Unicode", BYTES("{\"a\":\"\xf4\x90\x80\x80\"}"),
	    REASON_TOKEN_MALFORMED },
	{ "a half in the name", BYTES("{\"\\ud800\":1}"),
	    REASON_TOKEN_MALFORMED },
	{ "empty name twice", BYTES("{\"\":1,\"\":2}"),
	    REASON_TOKEN_MALFORMED },
	{ "twice, behind an object",
	    BYTES("{\"a\":{\"x\":[1,{}]},\"b\":0,\"a\":1}"),
	    REASON_TOKEN_MALFORMED },
	{ "comma at the start", BYTES("{,\"a\":1}"), REASON_TOKEN_MALFORMED },
	{ "two commas", BYTES("{\"a\":1,,\"b\":2}"), REASON_TOKEN_MALFORMED },
	{ "two colons", BYTES("{\"a\"::1}"), REASON_TOKEN_MALFORMED },
	{ "comma at the end of a list", BYTES("{\"a\":[1,]}"),
	    REASON_TOKEN_MALFORMED },
	{ "nothing but a comma", BYTES("{\"a\":[,]}"), REASON_TOKEN_MALFORMED },
	{ "number as a name", BYTES("{1:1}"), REASON_TOKEN_MALFORMED },
	{ "no value", BYTES("{\"a\":}"), REASON_TOKEN_MALFORMED },
	{ "form feed as a blank", BYTES("{\f}"), REASON_TOKEN_MALFORMED },
	{ "no-break space", BYTES("{\xc2\xa0}"), REASON_TOKEN_MALFORMED },
	{ "unfinished string", BYTES("{\"a"), REASON_TOKEN_MALFORMED },
	{ "unfinished escape", BYTES("{\"a\\"), REASON_TOKEN_MALFORMED },
	{ "list closed as object", BYTES("{\"a\":[}"), REASON_TOKEN_MALFORMED },
};

/* The text in a block of its size; the values of a document that is good. */
static struct json nodes[NODES_MAX];

static enum reason
parse(struct span text, size_t max)
{
	const struct span s = unit_exact(text);
	const struct span few =
	    unit_exact((struct span){ (char *)nodes, max * sizeof(*nodes) });
	const enum reason reason = json_parse((char *)(uintptr_t)s.ptr, s.len,
	    (struct json *)(uintptr_t)few.ptr, max);

	unit_free(few);
	unit_free(s);
	return reason;
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct json_doc doc;

		row_reason(rows[i].name, parse(rows[i].text, NODES_MAX),
		    rows[i].want);
		row_true(rows[i].name,
		    json_doc_parse(rows[i].text, &doc) == rows[i].want);
		json_doc_free(&doc);
	}
	rows_end();
}

/* A document cut off anywhere is none; nor is one with a byte too many. */
static void
test_truncated(void **state)
{
	static const char whole[] =
	    "{\"iss\":\"https:\\/\\/t\\u00e9\",\"aud\":[\"a\",-1.5e+9,true],"
	    "\"b\":false,\"n\":null,\"o\":{\"\\ud83d\\ude00\":[]}}";
	char longer[sizeof(whole)];

	(void)state;
	row_reason("whole", parse(span_of(whole), NODES_MAX), REASON_OK);
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		row_reason("cut off",
		    parse((struct span){ whole, n }, NODES_MAX),
		    REASON_TOKEN_MALFORMED);
	memcpy(longer, whole, sizeof(longer));
	for (int c = 0; c < 256; c++) {
		longer[sizeof(longer) - 1] = (char)c;
		row_reason("a byte behind",
		    parse((struct span){ longer, sizeof(longer) }, NODES_MAX),
		    c != 0 && strchr(" \t\r\n", c) != NULL
			? REASON_OK
			: REASON_TOKEN_MALFORMED);
	}
	rows_end();
}

/* Just as many values as there is room for. */
static void
test_room(void **state)
{
	static const struct {
		const char *text;
		size_t nodes;
	} needs[] = {
		{ "{}", 1 },
		{ "{\"a\":1}", 3 },
		{ "{\"a\":[]}", 3 },
		{ "{\"a\":[1,2,3]}", 6 },
		{ "{\"a\":{\"b\":{}}}", 5 },
		{ "{\"a\":\"\",\"b\":null}", 5 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(needs); i++)
		for (size_t max = 0; max <= needs[i].nodes + 1; max++)
			row_reason(needs[i].text,
			    parse(span_of(needs[i].text), max),
			    max < needs[i].nodes ? REASON_TOKEN_MALFORMED
						 : REASON_OK);
	rows_end();
}

/* before n times, the middle, after n times; more, if any, in front */
static char *
wrap(const char *more, const char *before, const char *middle,
    const char *after, size_t n)
{
	struct buf b = BUF_INIT(4 * 1024 * 1024);

	assert_int_equal(buf_add_str(&b, more), REASON_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_add_str(&b, before), REASON_OK);
	assert_int_equal(buf_add_str(&b, middle), REASON_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_add_str(&b, after), REASON_OK);
	return b.data;
}

static void
check_bound(const char *name, char *text, enum reason want)
{
	struct json_doc doc;

	row_reason(name, json_doc_parse(span_of(text), &doc), want);
	json_doc_free(&doc);
	free(text);
}

/* An object of n members. */
static char *
members(size_t n)
{
	struct buf b = BUF_INIT(256 * 1024);

	assert_int_equal(buf_add_str(&b, "{\"m0\":0"), REASON_OK);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(buf_printf(&b, ",\"m%zu\":\":::\"", i),
		    REASON_OK);
	assert_int_equal(buf_add_str(&b, "}"), REASON_OK);
	return b.data;
}

static void
test_bounds(void **state)
{
	(void)state;
	check_bound("depth 16",
	    wrap("", "{\"a\":", "1", "}", JSON_DEPTH_MAX - 1), REASON_OK);
	check_bound("depth 17", wrap("", "{\"a\":", "1", "}", JSON_DEPTH_MAX),
	    REASON_TOKEN_MALFORMED);
	check_bound("depth 16, nothing in it",
	    wrap("", "{\"a\":", "[]", "}", JSON_DEPTH_MAX - 1), REASON_OK);
	check_bound("depth 16, something in it",
	    wrap("", "{\"a\":", "[1]", "}", JSON_DEPTH_MAX - 1),
	    REASON_TOKEN_MALFORMED);
	check_bound("depth 17, nothing in it",
	    wrap("", "{\"a\":", "[]", "}", JSON_DEPTH_MAX),
	    REASON_TOKEN_MALFORMED);
	check_bound("depth 5000", wrap("", "{\"a\":", "1", "}", 5000),
	    REASON_TOKEN_MALFORMED);
	check_bound("only opened", wrap("", "{\"a\":", "", "", 100000),
	    REASON_TOKEN_MALFORMED);
	check_bound("lists, only opened", wrap("{\"a\":", "[", "", "", 100000),
	    REASON_TOKEN_MALFORMED);
	check_bound("256 members", members(JSON_MEMBERS_MAX), REASON_OK);
	check_bound("257 members", members(JSON_MEMBERS_MAX + 1),
	    REASON_TOKEN_MALFORMED);
	check_bound("5000 members", members(5000), REASON_TOKEN_MALFORMED);
	check_bound("many values", wrap("{\"a\":[0", ",1", "]}", "", 8000),
	    REASON_OK);
	check_bound("too many values", wrap("{\"a\":[0", ",1", "]}", "", 8200),
	    REASON_TOKEN_MALFORMED);
	check_bound("too large",
	    wrap("{\"a\":\"", "aaaaaaaaaa", "\"}", "", 110000),
	    REASON_TOKEN_MALFORMED);
	check_bound("400 digits", wrap("{\"a\":", "1", "}", "", 400),
	    REASON_TOKEN_MALFORMED);
	check_bound("400 digits of a fraction",
	    wrap("{\"a\":0.", "1", "}", "", 400), REASON_OK);
	rows_end();
}

/* What a string comes to. */
static const struct {
	const char *name;
	struct span json, want;
} strings[] = {
	{ "plain", BYTES("abc"), BYTES("abc") },
	{ "empty", BYTES(""), BYTES("") },
	{ "escapes", BYTES("\\\"\\\\\\/\\b\\f\\n\\r\\t"),
	    BYTES("\"\\/\b\f\n\r\t") },
	{ "escape in front", BYTES("\\nabcdefghijkl"),
	    BYTES("\nabcdefghijkl") },
	{ "escape behind", BYTES("abcdefghijkl\\n"), BYTES("abcdefghijkl\n") },
	{ "one byte", BYTES("\\u0041\\u007f"), BYTES("A\x7f") },
	{ "two bytes", BYTES("\\u0080\\u07ff"), BYTES("\xc2\x80\xdf\xbf") },
	{ "three bytes", BYTES("\\u0800\\uffff\\uFDD0"),
	    BYTES("\xe0\xa0\x80\xef\xbf\xbf\xef\xb7\x90") },
	{ "around the surrogates", BYTES("\\ud7ff\\ue000"),
	    BYTES("\xed\x9f\xbf\xee\x80\x80") },
	{ "four bytes", BYTES("\\ud800\\udc00\\uDBFF\\uDFFF"),
	    BYTES("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
	{ "as it stands", BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	    BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") },
	{ "delete", BYTES("\x7f"), BYTES("\x7f") },
	{ "escaped control", BYTES("\\u0001\\u001f"), BYTES("\x01\x1f") },
	{ "long",
	    BYTES("0123456789abcdef0123456789abcdef\\u00e9"
		  "0123456789abcdef0123456789abcdef"),
	    BYTES("0123456789abcdef0123456789abcdef\xc3\xa9"
		  "0123456789abcdef0123456789abcdef") },
};

static void
test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(strings); i++) {
		struct buf text = BUF_INIT(1024);
		struct span got;

		assert_int_equal(buf_printf(&text, "{\"s\":\"%.*s\"}",
				     (int)strings[i].json.len,
				     strings[i].json.ptr),
		    REASON_OK);
		row_reason(strings[i].name,
		    json_parse(text.data, text.len, nodes, NODES_MAX),
		    REASON_OK);
		row_true(strings[i].name,
		    json_as_string(json_get(nodes, "s"), &got) &&
			span_equal(got, strings[i].want));
		buf_free(&text);
	}
	rows_end();
}

/* Every byte at every place of a string: the fast way and the slow one. */
static void
test_string_bytes(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 20; at++) {
			char text[] = "{\"s\":\"aaaaaaaaaaaaaaaaaaaa\"}";
			const bool fine =
			    c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

			text[6 + at] = (char)c;
			row_reason("a byte of a string",
			    parse((struct span){ text, sizeof(text) - 1 },
				NODES_MAX),
			    fine ? REASON_OK : REASON_TOKEN_MALFORMED);
		}
	rows_end();
}

static const struct date_row {
	const char *value;
	int64_t want; /* -1: no date */
} dates[] = {
	{ "1800000000", 1800000000 },
	{ "0", 0 },
	{ "253402300799", 253402300799 },
	{ "1800000000.9", 1800000000 },
	{ "1.7e9", 1700000000 },
	{ "-0", 0 },
	{ "1.8e9", 1800000000 },
	{ "18E8", 1800000000 },
	{ "0.18e+10", 1800000000 },
	{ "180000000000e-2", 1800000000 },
	{ "1800000000.00000000000000000000000000001", 1800000000 },
	{ "1800000000000000000000000000000e-21", 1800000000 },
	{ "253402300799.999999999999999999", 253402300799 },
	{ "0.999999999999999999999999999", 0 },
	{ "1e-400", 0 },
	{ "1e-99999999999999999999", 0 },
	{ "0e99999999999999999999", 0 },
	{ "0.0000e9", 0 },
	{ "253402300800.0", -1 },
	{ "2.53402300800e11", -1 },
	{ "1e12", -1 },
	{ "1e400", -1 },
	{ "1e99999999999999999999", -1 },
	{ "99999999999999999999999999999.5", -1 },
	{ "-0.0", -1 },
	{ "-0e1", -1 },
	{ "-1e-400", -1 },
	{ "253402300800", -1 },
	{ "-1", -1 },
	{ "-0.5", -1 },
	{ "9223372036854775807", -1 },
	{ "-9223372036854775808", -1 },
	{ "1e308", -1 },
	{ "-1e308", -1 },
	{ "9.3e18", -1 },
	{ "\"1800000000\"", -1 },
	{ "\"\"", -1 },
	{ "\"2023-11-14T22:13:20Z\"", -1 },
	{ "null", -1 },
	{ "true", -1 },
	{ "false", -1 },
	{ "[1800000000]", -1 },
	{ "{}", -1 },
};

static void
test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(dates); i++) {
		const bool is_date = dates[i].want >= 0;
		struct buf text = BUF_INIT(256);
		const struct json *json;
		int64_t got = 4711;

		assert_int_equal(buf_printf(&text, "{\"d\":%s}",
				     dates[i].value),
		    REASON_OK);
		json = unit_parse(buf_span(&text));
		assert_non_null(json);
		row_bool(dates[i].value,
		    json_as_date(json_get(json, "d"), &got), is_date);
		row_number(dates[i].value, got, is_date ? dates[i].want : 4711);
		unit_json_free(json);
		buf_free(&text);
	}
	rows_end();
}

static const char types[] =
    "{\"s\":\"text\",\"i\":7,\"r\":7.5,\"t\":true,\"f\":false,\"n\":null,"
    "\"l\":[\"a\",7,[\"b\"]],\"o\":{\"s\":\"inner\"},"
    "\"https://e.com/x.y\":\"literal\",\"e\":\"\"}";

static void
test_types(void **state)
{
	static const struct {
		const char *name;
		bool string, integer, boolean, list, map;
	} want[] = {
		{ "s", true, false, false, false, false },
		{ "i", false, true, false, false, false },
		{ "r", false, false, false, false, false },
		{ "t", false, false, true, false, false },
		{ "f", false, false, true, false, false },
		{ "n", false, false, false, false, false },
		{ "l", false, false, false, true, false },
		{ "o", false, false, false, false, true },
		{ "absent", false, false, false, false, false },
		{ "o.s", false, false, false, false, false },
		{ "https://e.com/x.y", true, false, false, false, false },
		{ "https://e.com/x", false, false, false, false, false },
	};
	const struct json *json = unit_json(types, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < nitems(want); i++) {
		const struct json *v = json_get(json, want[i].name);
		struct span s = SPAN("untouched");
		int64_t n = 4711;
		bool b;

		row_bool(want[i].name, json_as_string(v, &s), want[i].string);
		row_bool(want[i].name, json_as_integer(v, &n), want[i].integer);
		row_bool(want[i].name, json_as_bool(v, &b), want[i].boolean);
		row_bool(want[i].name, json_is(v, JSON_ARRAY), want[i].list);
		row_bool(want[i].name, json_is(v, JSON_OBJECT), want[i].map);
		row_true(want[i].name,
		    want[i].string || span_is(s, "untouched"));
		row_true(want[i].name, want[i].integer || n == 4711);
	}
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(json_get(json, "l"), "a"));
	assert_null(json_get(json_get(json, "s"), "a"));
	unit_json_free(json);
	unit_json_free(NULL);
	rows_end();
}

static void
test_lists(void **state)
{
	const struct json *json = unit_json(types, NULL, NULL);
	const struct json *l = json_get(json, "l"), *item, *seen[3];
	size_t i;

	(void)state;
	assert_int_equal(json_size(l), 3);
	assert_int_equal(json_size(json_get(json, "s")), 0);
	assert_int_equal(json_size(json_get(json, "o")), 0);
	assert_int_equal(json_size(NULL), 0);
	assert_int_equal(json_size(json_get(json, "e")), 0);
	json_each(l, i, item) seen[i] = item;
	assert_int_equal(i, 3);
	assert_true(json_is(seen[0], JSON_STRING));
	assert_true(json_is(seen[1], JSON_INTEGER));
	assert_true(json_is(seen[2], JSON_ARRAY));
	assert_int_equal(json_size(seen[2]), 1);
	assert_null(json_first(NULL));
	assert_null(json_first(json_get(json, "s")));
	json_each(NULL, i, item) fail();
	row_bool("in a list", json_holds(l, span_of("a")), true);
	row_bool("is it", json_holds(json_get(json, "s"), span_of("text")),
	    true);
	row_bool("deeper", json_holds(l, span_of("b")), false);
	row_bool("number", json_holds(l, span_of("7")), false);
	row_bool("part", json_holds(json_get(json, "s"), span_of("tex")),
	    false);
	row_bool("empty", json_holds(json_get(json, "s"), span_of("")), false);
	row_bool("null", json_holds(json_get(json, "n"), span_of("")), false);
	row_bool("absent", json_holds(NULL, span_of("")), false);
	row_bool("object", json_holds(json_get(json, "o"), span_of("inner")),
	    false);
	unit_json_free(json);
	rows_end();
}

static void
test_show(void **state)
{
	static const struct {
		const char *value, *want;
	} shows[] = {
		{ "\"te\\nxt\"", "te\\x0axt" },
		{ "-7", "-7" },
		{ "1.5", "1.5" },
		{ "1e400", "1e400" },
		{ "true", "true" },
		{ "false", "false" },
		{ "null", "null" },
		{ "{\"secret\":1}", "an object" },
		{ "[]", "[]" },
		{ "[1,\"b\",[2],{}]", "[1, b, an array, an object]" },
		{ "[1,2,3,4,5,6,7,8]", "[1, 2, 3, 4, 5, 6, 7, 8]" },
		{ "[1,2,3,4,5,6,7,8,9]", "[1, 2, 3, 4, 5, 6, 7, 8, ...]" },
	};
	struct text t;

	(void)state;
	for (size_t i = 0; i < nitems(shows); i++) {
		struct buf member = BUF_INIT(256);
		const struct json *json;

		assert_int_equal(buf_printf(&member, "{\"v\":%s}",
				     shows[i].value),
		    REASON_OK);
		json = unit_parse(buf_span(&member));
		text_clear(&t);
		json_show(json_get(json, "v"), &t);
		row_text(shows[i].value, t.s, shows[i].want);
		unit_json_free(json);
		buf_free(&member);
	}
	text_clear(&t);
	json_show(NULL, &t);
	row_text("absent", t.s, "absent");
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_bounds),
	cmocka_unit_test(test_truncated),
	cmocka_unit_test(test_room),
	cmocka_unit_test(test_strings),
	cmocka_unit_test(test_string_bytes),
	cmocka_unit_test(test_dates),
	cmocka_unit_test(test_types),
	cmocka_unit_test(test_lists),
	cmocka_unit_test(test_show),
};

UNIT_MAIN(tests)
