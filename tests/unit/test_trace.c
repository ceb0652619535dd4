/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* What the listener heard last, and how often it heard anything. */
static struct {
	unsigned int n;
	const char *check;
	enum reason reason;
	char found[TEXT_MAX], wanted[TEXT_MAX];
} heard;

static void
listen(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	assert_ptr_equal(arg, &heard);
	heard.n++;
	heard.check = check;
	heard.reason = reason;
	memcpy(heard.found, found, strlen(found) + 1);
	memcpy(heard.wanted, wanted, strlen(wanted) + 1);
}

static struct trace trace;
static const struct json *json;
static struct list list;

/* The four ways to record a check. */
static enum reason
record(int way, enum reason reason)
{
	const struct json *v = json_get(json, "v");

	switch (way) {
	case 0:
		return trace_json(&trace, "json", reason, v, "wanted\n");
	case 1:
		return trace_list(&trace, "list", reason, v, &list);
	case 2:
		return trace_span(&trace, "span", reason, SPAN("fo\x1bund"),
		    "wanted\n");
	default:
		return trace_text(&trace, "text", reason, "wanted\n", "%s %d",
		    "fo\x1bund", 7);
	}
}

static const struct {
	const char *check, *found, *wanted;
} want[] = {
	{ "json", "fo\\x1bund", "wanted\\x0a" },
	{ "list", "fo\\x1bund", "a or b\\x0a" },
	{ "span", "fo\\x1bund", "wanted\\x0a" },
	{ "text", "fo\\x1bund 7", "wanted\\x0a" },
};

/* Without a listener nothing is formatted until something fails. */
static void
test_silent(void **state)
{
	(void)state;
	trace_init(&trace);
	for (int way = 0; way < 4; way++) {
		row_reason(want[way].check, record(way, REASON_OK), REASON_OK);
		row_true(want[way].check, trace.failed == NULL);
		row_true(want[way].check,
		    trace.found.len == 0 && trace.wanted.len == 0);
	}
	for (int way = 0; way < 4; way++) {
		row_reason(want[way].check, record(way, REASON_EXPIRED),
		    REASON_EXPIRED);
		row_text("failed", trace.failed, want[way].check);
		row_text("found", trace.found.s, want[way].found);
		row_text("wanted", trace.wanted.s, want[way].wanted);
	}
	/* what passes later takes nothing of that away */
	for (int way = 0; way < 4; way++)
		row_reason(want[way].check, record(way, REASON_OK), REASON_OK);
	row_text("failed", trace.failed, "text");
	row_text("found", trace.found.s, want[3].found);
	rows_end();
}

static void
test_listener(void **state)
{
	(void)state;
	trace_init(&trace);
	trace.step = listen;
	trace.arg = &heard;
	for (unsigned int i = 0; i < 8; i++) {
		const int way = (int)(i / 2);
		const enum reason reason =
		    i % 2 == 0 ? REASON_OK : REASON_SCOPE_MISSING;

		row_reason(want[way].check, record(way, reason), reason);
		row_number("heard", heard.n, i + 1);
		row_text("check", heard.check, want[way].check);
		row_number("reason", heard.reason, reason);
		row_text("found", heard.found, want[way].found);
		row_text("wanted", heard.wanted, want[way].wanted);
	}
	rows_end();
}

/* However long: it fits, and says that it was cut. */
static void
test_long(void **state)
{
	char *s = unit_repeat('x', 5000);

	(void)state;
	trace_init(&trace);
	row_reason("span",
	    trace_span(&trace, "span", REASON_EXPIRED, span_of(s), s),
	    REASON_EXPIRED);
	row_number("found", (int64_t)trace.found.len, 256 + 3);
	row_number("wanted", (int64_t)trace.wanted.len, 256 + 3);
	row_reason("text",
	    trace_text(&trace, "text", REASON_EXPIRED, s, "%s", s),
	    REASON_EXPIRED);
	row_number("found", (int64_t)trace.found.len, 256 + 3);
	row_has("cut", trace.found.s, "...");
	free(s);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	json = unit_json("{\"v\":\"fo\\u001bund\"}", NULL, NULL);
	return list_add(&list, span_of("a")) == REASON_OK &&
		list_add(&list, span_of("b\n")) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	unit_json_free(json);
	list_free(&list);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_silent),
	cmocka_unit_test(test_listener),
	cmocka_unit_test(test_long),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
