/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "unit.h"

/* Documents at the edges of what is one, with nothing readable behind them. */
#define NODES_MAX 600

void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static bool no_memory;

/* The linker sends this here. */
void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(p, n, size);
}

static const struct {
	const char *text;
	enum reason want;
} rows[] = {
	{ "{\"a\":true}", REASON_OK },
	{ "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}", REASON_OK },
	{ "{\"a\":\"\\n b\"}", REASON_OK },
	{ "{\"a\":trux}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":True}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":fals3}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":nil!}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":tru", REASON_TOKEN_MALFORMED },
	{ "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":[1}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":[1}}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00g0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00G0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00/0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00:0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00@0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\u00`0\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\ud800nudc00\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\ud800\\ndc00\"}", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\ud800\\udc", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\ud800\\", REASON_TOKEN_MALFORMED },
	{ "{\"a\":\"\\ud800", REASON_TOKEN_MALFORMED },
};

static struct json room[NODES_MAX];
static struct span text_block, node_block;

/* Its values, in just as much room as they take; NULL: it is refused. */
static const struct json *
parse(const char *text)
{
	const struct span s = span_of(text);

	text_block = unit_exact(s);
	if (json_parse((char *)(uintptr_t)text_block.ptr, s.len, room,
		NODES_MAX) != REASON_OK) {
		node_block.ptr = NULL;
		return NULL;
	}
	node_block = unit_exact((struct span){ (char *)room,
	    (size_t)room[0].span * sizeof(room[0]) });
	return (const struct json *)(const void *)node_block.ptr;
}

static void
end(void)
{
	unit_free(text_block);
	if (node_block.ptr != NULL)
		unit_free(node_block);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		row_bool(rows[i].text, parse(rows[i].text) != NULL,
		    rows[i].want == REASON_OK);
		end();
	}
	rows_end();
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} numbers[] = {
		{ "{\"n\":9223372036854775807}", INT64_MAX },
		{ "{\"n\":-9223372036854775807}", -INT64_MAX },
		{ "{\"n\":-9223372036854775808}", INT64_MIN },
	};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < nitems(numbers); i++) {
		row_bool(numbers[i].text,
		    json_as_integer(json_get(parse(numbers[i].text), "n"),
			&got),
		    true);
		row_true(numbers[i].text, got == numbers[i].want);
		end();
	}
	rows_end();
}

static void
test_dates(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: none */
	} dates[] = {
		{ "{\"d\":1.5}", 1 },
		{ "{\"d\":253402300799.5}", 253402300799 },
		{ "{\"d\":253402300799e0}", 253402300799 },
		{ "{\"d\":253402300799e1}", -1 },
		{ "{\"d\":25340230079.9e1}", 253402300799 },
		{ "{\"d\":25340230080.0e1}", -1 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(dates); i++) {
		int64_t got = -1;

		row_bool(dates[i].text,
		    json_as_date(json_get(parse(dates[i].text), "d"), &got),
		    dates[i].want >= 0);
		row_number(dates[i].text, got, dates[i].want);
		end();
	}
	rows_end();
}

/* A name is looked for among the members, not before and not behind them. */
static void
test_find(void **state)
{
	struct buf text = BUF_INIT(16384);
	const struct json *json, *inner;
	struct span s;

	(void)state;
	assert_int_equal(buf_add_str(&text, "{\"a\":{"), REASON_OK);
	for (int i = 0; i < 200; i++)
		assert_int_equal(buf_printf(&text, "\"m%d\":%d,", i, i),
		    REASON_OK);
	assert_int_equal(buf_add_str(&text, "\"a\":\"\\u00aa\\u00AA\"}}"),
	    REASON_OK);
	json = parse(text.data);
	row_bool("the name of an object in it", json != NULL, true);
	inner = json_find(json, SPAN("a"));
	row_bool("an object", json_is(inner, JSON_OBJECT), true);
	row_bool("its last member",
	    json_as_string(json_find(inner, SPAN("a")), &s) &&
		span_is(s, "\xc2\xaa\xc2\xaa"),
	    true);
	for (int i = 200; i < 1000; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "m%d", i);
		row_bool("none of them",
		    json_find(inner, span_of(name)) != NULL, false);
	}
	row_bool("in a string", json_find(json + 1, SPAN("a")) != NULL, false);
	row_bool("in nothing", json_find(NULL, SPAN("a")) != NULL, false);
	end();
	buf_free(&text);
	rows_end();
}

static void
test_no_memory(void **state)
{
	struct json_doc doc;

	(void)state;
	no_memory = true;
	row_reason("no memory", json_doc_parse(SPAN("{}"), &doc),
	    REASON_OUT_OF_MEMORY);
	no_memory = false;
	json_doc_free(&doc);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_numbers),
	cmocka_unit_test(test_dates),
	cmocka_unit_test(test_find),
	cmocka_unit_test(test_no_memory),
};

UNIT_MAIN(tests)
