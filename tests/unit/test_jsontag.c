/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "jsontag.h"
#include "unit.h"

#define NODES_MAX 1024

/*
 * Names are told apart by tags first: neither a tag that two names share nor
 * one that the object has seen elsewhere may change what is found.
 */
static struct json nodes[NODES_MAX];

static enum reason
parse(struct buf *text)
{
	return json_parse(text->data, text->len, nodes, NODES_MAX);
}

static const struct {
	const char *name, *json;
	enum reason want;
} rows[] = {
	{ "same tag", "{\"a1x\":1,\"b1x\":2,\"c1x\":3}", REASON_OK },
	{ "same bit", "{\"a0x\":1,\"a8x\":2,\"a@x\":3,\"aHx\":4}", REASON_OK },
	{ "same tag, another length", "{\"aaa\":1,\"a\":2,\"aabaa\":3}",
	    REASON_OK },
	{ "one is inside", "{\"a\":{\"a\":{\"a\":1}}}", REASON_OK },
	{ "one is inside the one before", "{\"b\":{\"a\":1},\"a\":2}",
	    REASON_OK },
	{ "name and value", "{\"a\":\"b\",\"b\":\"a\"}", REASON_OK },
	{ "side by side", "{\"l\":[{\"a\":1},{\"a\":2}]}", REASON_OK },
	{ "empty name", "{\"\":1,\"a\":2}", REASON_OK },
	{ "twice", "{\"a1x\":1,\"a1x\":2}", REASON_TOKEN_MALFORMED },
	{ "twice, others between", "{\"a1x\":1,\"b1x\":2,\"a1x\":3}",
	    REASON_TOKEN_MALFORMED },
	{ "twice, behind others", "{\"b1x\":1,\"c1x\":2,\"c1x\":3}",
	    REASON_TOKEN_MALFORMED },
	{ "twice, a deep one between",
	    "{\"a\":{\"b\":[1,{\"c\":2}]},\"b\":[[]],\"a\":3}",
	    REASON_TOKEN_MALFORMED },
	{ "twice, once escaped", "{\"abc\":1,\"\\u0061bc\":2}",
	    REASON_TOKEN_MALFORMED },
	{ "twice, once escaped at its end", "{\"ab\\u0063\":1,\"abc\":2}",
	    REASON_TOKEN_MALFORMED },
	{ "twice, escaped differently", "{\"\\u00e9\":1,\"\xc3\xa9\":2}",
	    REASON_TOKEN_MALFORMED },
	{ "empty name twice", "{\"\":1,\"a\":2,\"\":3}",
	    REASON_TOKEN_MALFORMED },
	{ "inside twice", "{\"o\":{\"x\":1,\"x\":2}}", REASON_TOKEN_MALFORMED },
	{ "inside twice, again", "{\"x\":1,\"o\":[{\"y\":0,\"x\":1,\"x\":2}]}",
	    REASON_TOKEN_MALFORMED },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf text = BUF_INIT(1024);

		assert_int_equal(buf_add_str(&text, rows[i].json), REASON_OK);
		row_reason(rows[i].name, parse(&text), rows[i].want);
		buf_free(&text);
	}
	rows_end();
}

/* As many members as there may be: each is found, and no other. */
static void
test_find(void **state)
{
	struct buf text = BUF_INIT(8192);
	char name[16];
	int64_t got;

	(void)state;
	for (int i = 0; i < JSON_MEMBERS_MAX; i++)
		assert_int_equal(buf_printf(&text, "%c\"n%d\":%d",
				     i == 0 ? '{' : ',', i, i),
		    REASON_OK);
	assert_int_equal(buf_add_str(&text, "}"), REASON_OK);
	assert_int_equal(parse(&text), REASON_OK);
	for (int i = 0; i < 4 * JSON_MEMBERS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		got = -1;
		row_bool(name, json_as_integer(json_get(nodes, name), &got),
		    i < JSON_MEMBERS_MAX);
		row_number(name, got, i < JSON_MEMBERS_MAX ? i : -1);
	}
	row_bool("empty", json_get(nodes, "") != NULL, false);
	row_bool("shorter", json_get(nodes, "n") != NULL, false);
	row_bool("a NUL behind",
	    json_find(nodes, (struct span){ "n1", 3 }) != NULL, false);
	row_bool("part of a longer text",
	    json_find(nodes, (struct span){ "n12345", 3 }) != NULL, true);
	buf_free(&text);
	rows_end();
}

/* Names of few letters, by chance: twice is found as a slow look finds it. */
static void
test_chance(void **state)
{
	uint32_t chance = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct buf text = BUF_INIT(1024);
		char name[8][4];
		bool twice = false;

		for (size_t i = 0; i < nitems(name); i++) {
			chance = (uint32_t)(chance * 1664525ULL + 1013904223);
			(void)snprintf(name[i], sizeof(name[i]), "%.*s",
			    (int)(1 + (chance >> 16) % 3),
			    &"abcabcaabbcc0H@8h(abc"[(chance >> 20) % 18]);
			for (size_t k = 0; k < i; k++)
				twice |= strcmp(name[i], name[k]) == 0;
			assert_int_equal(buf_printf(&text, "%c\"%s\":%zu",
					     i == 0 ? '{' : ',', name[i], i),
			    REASON_OK);
		}
		assert_int_equal(buf_add_str(&text, "}"), REASON_OK);
		row_reason("by chance", parse(&text),
		    twice ? REASON_TOKEN_MALFORMED : REASON_OK);
		for (size_t i = 0; !twice && i < nitems(name); i++) {
			int64_t got = -1;

			row_true("found",
			    json_as_integer(json_get(nodes, name[i]), &got));
			row_number("found", got, (int64_t)i);
		}
		buf_free(&text);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_find),
	cmocka_unit_test(test_chance),
};

UNIT_MAIN(tests)
