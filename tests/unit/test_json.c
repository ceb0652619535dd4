/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <errno.h>
#include <stdlib.h>

#include "unit.h"

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
	{ "beyond a double", BYTES("{\"a\":1e400}"), REASON_TOKEN_MALFORMED },
	{ "unfinished string", BYTES("{\"a"), REASON_TOKEN_MALFORMED },
	{ "unfinished escape", BYTES("{\"a\\"), REASON_TOKEN_MALFORMED },
	{ "list closed as object", BYTES("{\"a\":[}"), REASON_TOKEN_MALFORMED },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct span text = unit_exact(rows[i].text);
		struct json *json = (void *)1;

		errno = EXDEV;
		row_reason(rows[i].name, json_parse(text, &json), rows[i].want);
		row_true(rows[i].name,
		    (json != NULL) == (rows[i].want == REASON_OK));
		row_number(rows[i].name, errno, EXDEV);
		json_free(json);
		unit_free(text);
	}
	rows_end();
}

/* n times before, the middle, n times after */
static char *
wrap(const char *before, const char *middle, const char *after, size_t n)
{
	struct buf b = BUF_INIT(1024 * 1024);

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
	struct json *json;

	row_reason(name, json_parse(span_of(text), &json), want);
	json_free(json);
	free(text);
}

static char *
members(size_t n)
{
	struct buf b = BUF_INIT(256 * 1024);

	assert_int_equal(buf_add_str(&b, "{\"n\":[0"), REASON_OK);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(buf_printf(&b, ",{\"m%zu\":\":::\"}", i),
		    REASON_OK);
	assert_int_equal(buf_add_str(&b, "]}"), REASON_OK);
	return b.data;
}

static void
test_bounds(void **state)
{
	(void)state;
	check_bound("depth 16", wrap("{\"a\":", "1", "}", JSON_DEPTH_MAX),
	    REASON_OK);
	check_bound("depth 17", wrap("{\"a\":", "1", "}", JSON_DEPTH_MAX + 1),
	    REASON_TOKEN_MALFORMED);
	check_bound("lists 16 deep", wrap("[", "", "]", JSON_DEPTH_MAX),
	    REASON_TOKEN_MALFORMED);
	check_bound("depth 5000", wrap("{\"a\":", "1", "}", 5000),
	    REASON_TOKEN_MALFORMED);
	check_bound("only opened", wrap("{\"a\":", "", "", 10000),
	    REASON_TOKEN_MALFORMED);
	check_bound("512 members", members(JSON_MEMBERS_MAX), REASON_OK);
	check_bound("513 members", members(JSON_MEMBERS_MAX + 1),
	    REASON_TOKEN_MALFORMED);
	check_bound("5000 members", members(5000), REASON_TOKEN_MALFORMED);
	check_bound("400 digits", wrap("1", "", "", 400),
	    REASON_TOKEN_MALFORMED);
	rows_end();
}

/* A document cut off anywhere is none. */
static void
test_truncated(void **state)
{
	static const char whole[] =
	    "{\"iss\":\"https://t/\",\"aud\":[\"a\"],\"exp\":1.5e9}";
	struct json *json;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		const struct span s = unit_exact((struct span){ whole, n });

		row_reason("cut off", json_parse(s, &json),
		    REASON_TOKEN_MALFORMED);
		unit_free(s);
	}
	rows_end();
}

static const struct date_row {
	const char *value;
	int64_t want; /* -1: no date */
} dates[] = {
	{ "1700000000", 1700000000 },
	{ "0", 0 },
	{ "253402300799", 253402300799 },
	{ "1700000000.9", 1700000000 },
	{ "1.7e9", 1700000000 },
	{ "-0.0", 0 },
	{ "253402300800", -1 },
	{ "253402300799.5", -1 },
	{ "-1", -1 },
	{ "-0.5", -1 },
	{ "9223372036854775807", -1 },
	{ "-9223372036854775808", -1 },
	{ "1e308", -1 },
	{ "-1e308", -1 },
	{ "9.3e18", -1 },
	{ "\"1700000000\"", -1 },
	{ "\"\"", -1 },
	{ "\"2023-11-14T22:13:20Z\"", -1 },
	{ "null", -1 },
	{ "true", -1 },
	{ "false", -1 },
	{ "[1700000000]", -1 },
	{ "{}", -1 },
};

static void
test_dates(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(dates); i++) {
		const bool is_date = dates[i].want >= 0;
		struct buf text = BUF_INIT(256);
		struct json *json;
		int64_t got = 4711;

		assert_int_equal(buf_printf(&text, "{\"d\":%s}",
				     dates[i].value),
		    REASON_OK);
		assert_int_equal(json_parse(buf_span(&text), &json), REASON_OK);
		row_bool(dates[i].value,
		    json_as_date(json_get(json, "d"), &got), is_date);
		row_number(dates[i].value, got, is_date ? dates[i].want : 4711);
		json_free(json);
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
	struct json *json = unit_json(types, NULL, NULL);

	(void)state;
	for (size_t i = 0; i < nitems(want); i++) {
		const struct json *v = json_get(json, want[i].name);
		struct span s = SPAN("untouched");
		int64_t n = 4711;
		bool b;

		row_bool(want[i].name, json_as_string(v, &s), want[i].string);
		row_bool(want[i].name, json_as_integer(v, &n), want[i].integer);
		row_bool(want[i].name, json_as_bool(v, &b), want[i].boolean);
		row_bool(want[i].name, json_is_list(v), want[i].list);
		row_bool(want[i].name, json_is_map(v), want[i].map);
		row_true(want[i].name,
		    want[i].string || span_is(s, "untouched"));
		row_true(want[i].name, want[i].integer || n == 4711);
	}
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(json_get(json, "l"), "a"));
	assert_null(json_get(json_get(json, "s"), "a"));
	json_free(json);
	json_free(NULL);
	rows_end();
}

static void
test_lists(void **state)
{
	struct json *json = unit_json(types, NULL, NULL);
	const struct json *l = json_get(json, "l");

	(void)state;
	assert_int_equal(json_size(l), 3);
	assert_int_equal(json_size(json_get(json, "s")), 0);
	assert_int_equal(json_size(json_get(json, "o")), 0);
	assert_int_equal(json_size(NULL), 0);
	assert_non_null(json_item(l, 2));
	assert_null(json_item(l, 3));
	assert_null(json_item(l, SIZE_MAX));
	assert_null(json_item(NULL, 0));
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
	json_free(json);
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
		struct json *json;

		assert_int_equal(buf_printf(&member, "\"v\":%s",
				     shows[i].value),
		    REASON_OK);
		json = unit_json("{}", NULL, member.data);
		text_clear(&t);
		json_show(json_get(json, "v"), &t);
		row_text(shows[i].value, t.s, shows[i].want);
		json_free(json);
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
	cmocka_unit_test(test_dates),
	cmocka_unit_test(test_types),
	cmocka_unit_test(test_lists),
	cmocka_unit_test(test_show),
};

UNIT_MAIN(tests)
