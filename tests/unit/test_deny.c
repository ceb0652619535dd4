/* SPDX-License-Identifier: BSD-2-Clause */
#include "deny.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* Lines 1 to 3 are good; the one in question is the fourth. */
static const struct {
	const char *name, *line;
	const char *why; /* NULL: good */
} lines[] = {
	{ "sub", "sub auth0|5f7c", NULL },
	{ "sub with blanks", "sub samlp|corp|Alice Smith", NULL },
	{ "azp", "azp client", NULL },
	{ "jti", "jti 4f1g", NULL },
	{ "kid", "kid k1", NULL },
	{ "blanks and tabs around", " \t sub \t a \t", NULL },
	{ "issued-before", "issued-before 2026-11-21T12:00:00Z", NULL },
	{ "issued-before, of one",
	    "issued-before 2026-11-21T12:00:00Z sub auth0|5f7c", NULL },
	{ "comment", "# anything", NULL },
	{ "empty", "", NULL },
	{ "leap second", "issued-before 2016-12-31T23:59:60Z", NULL },

	{ "unknown", "iss https://a/", "begins with sub, azp" },
	{ "in capitals", "SUB a", "begins with sub, azp" },
	{ "client_id", "client_id a", "begins with sub, azp" },
	{ "only a value", "auth0|5f7c", "begins with sub, azp" },
	{ "no blank", "sub=a", "begins with sub, azp" },
	{ "tab for a blank", "sub\ta", "begins with sub, azp" },
	{ "no value", "sub", "a value" },
	{ "blank value", "sub  \t ", "a value" },
	{ "no time", "issued-before", "a value" },
	{ "seconds", "issued-before 1800000000", "takes a time" },
	{ "date only", "issued-before 2026-11-21", "takes a time" },
	{ "no zone", "issued-before 2026-11-21T12:00:00", "takes a time" },
	{ "small z", "issued-before 2026-11-21T12:00:00z", "takes a time" },
	{ "blank for T", "issued-before 2026-11-21 12:00:00Z", "takes a time" },
	{ "offset", "issued-before 2026-11-21T12:00:00+01:00", "takes a time" },
	{ "fraction", "issued-before 2026-11-21T12:00:00.5Z", "takes a time" },
	{ "short year", "issued-before 26-11-21T12:00:00Z", "takes a time" },
	{ "long year", "issued-before 12026-11-21T12:00:00Z", "takes a time" },
	{ "before 1970", "issued-before 1969-12-31T23:59:59Z", "takes a time" },
	{ "month 0", "issued-before 2026-00-21T12:00:00Z", "takes a time" },
	{ "month 13", "issued-before 2026-13-21T12:00:00Z", "takes a time" },
	{ "day 0", "issued-before 2026-11-00T12:00:00Z", "takes a time" },
	{ "day 32", "issued-before 2026-11-32T12:00:00Z", "takes a time" },
	{ "hour 24", "issued-before 2026-11-21T24:00:00Z", "takes a time" },
	{ "minute 60", "issued-before 2026-11-21T12:60:00Z", "takes a time" },
	{ "second 61", "issued-before 2026-11-21T12:00:61Z", "takes a time" },
	{ "text behind", "issued-before 2026-11-21T12:00:00Zx",
	    "takes a time" },
	{ "another claim behind", "issued-before 2026-11-21T12:00:00Z azp a",
	    "behind the time" },
	{ "sub without a value", "issued-before 2026-11-21T12:00:00Z sub",
	    "behind the time" },
	{ "value without sub", "issued-before 2026-11-21T12:00:00Z a",
	    "behind the time" },
	{ "comment behind", "issued-before 2026-11-21T12:00:00Z # a",
	    "behind the time" },
};

static enum reason
parse(struct span text, struct deny **denyp, unsigned int *line,
    struct text *why)
{
	const struct span s = unit_exact(text);
	enum reason reason;

	text_clear(why);
	reason = deny_parse(s, denyp, line, why);
	unit_free(s); /* nothing of it is kept */
	return reason;
}

static void
test_lines(void **state)
{
	struct deny *deny;
	unsigned int line;
	struct text why;

	(void)state;
	for (size_t i = 0; i < nitems(lines); i++) {
		struct buf text = BUF_INIT(4096);
		const bool good = lines[i].why == NULL;

		assert_int_equal(buf_printf(&text, "# a\n\nsub x\n%s\nbad\n",
				     lines[i].line),
		    REASON_OK);
		row_true(lines[i].name,
		    parse(buf_span(&text), &deny, &line, &why) ==
			REASON_CONFIG_INVALID);
		/* if that one is good, the next one stops it */
		row_number(lines[i].name, line, good ? 5 : 4);
		row_true(lines[i].name, deny == NULL);
		row_has(lines[i].name, why.s, good ? "" : lines[i].why);
		row_reason(lines[i].name,
		    parse(span_of(lines[i].line), &deny, &line, &why),
		    good ? REASON_OK : REASON_CONFIG_INVALID);
		deny_free(deny);
		buf_free(&text);
	}
	deny_free(NULL);
	rows_end();
}

/* Neighbours of the digits would make a date that looks right. */
static void
test_digits(void **state)
{
	static const char good[] = "issued-before 2026-10-11T12:13:14Z\n";
	char text[sizeof(good)];
	struct deny *deny;
	unsigned int line;
	struct text why;

	(void)state;
	for (size_t at = 14; at < sizeof(good) - 2; at++)
		for (const char *c = "/:;."; *c != '\0'; c++) {
			memcpy(text, good, sizeof(good));
			if (text[at] == *c)
				continue;
			text[at] = *c;
			row_reason("no digit",
			    parse(span_of(text), &deny, &line, &why),
			    REASON_CONFIG_INVALID);
			deny_free(deny);
		}
	for (size_t len = 1; len < sizeof(good) - 2; len++) {
		row_reason("cut off",
		    parse((struct span){ .ptr = good, .len = len }, &deny,
			&line, &why),
		    REASON_CONFIG_INVALID);
		deny_free(deny);
	}
	rows_end();
}

static void
test_bytes(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		enum reason want;
	} bytes[] = {
		{ "empty file", BYTES(""), REASON_OK },
		{ "no newline at the end", BYTES("sub a"), REASON_OK },
		{ "NUL", BYTES("sub a\0b\n"), REASON_CONFIG_INVALID },
		{ "NUL at the end", BYTES("sub a\n\0"), REASON_CONFIG_INVALID },
		{ "Windows line ends", BYTES("sub a\r\n"),
		    REASON_CONFIG_INVALID },
		{ "byte order mark", BYTES("\xef\xbb\xbfsub a\n"),
		    REASON_CONFIG_INVALID },
	};
	char *value = unit_repeat('v', 1025);
	struct deny *deny;
	unsigned int line;
	struct text why;

	(void)state;
	for (size_t i = 0; i < nitems(bytes); i++) {
		row_reason(bytes[i].name,
		    parse(bytes[i].text, &deny, &line, &why), bytes[i].want);
		deny_free(deny);
	}
	for (size_t n = 1024; n <= 1025; n++) {
		struct buf text = BUF_INIT(2048);

		assert_int_equal(buf_printf(&text, "sub %.*s", (int)n, value),
		    REASON_OK);
		row_reason("long value",
		    parse(buf_span(&text), &deny, &line, &why),
		    n == 1024 ? REASON_OK : REASON_CONFIG_INVALID);
		deny_free(deny);
		buf_free(&text);
	}
	free(value);
	rows_end();
}

#define GOOD                                                              \
	"{\"sub\":\"auth0|alice\",\"azp\":\"web\",\"client_id\":\"app\"," \
	"\"jti\":\"id1\",\"iat\":1800000000}"

/* 1800000000 is 2027-01-15T08:00:00Z. */
static const struct {
	const char *name, *list;
	const char *without, *with; /* changes to GOOD */
	const char *kid;
	bool is_opaque;
	bool is_denied;
} rows[] = {
	{ "empty list", "", NULL, NULL, "k1", false, false },
	{ "others",
	    "sub auth0|bob\nazp other\njti id2\nkid k2\n"
	    "issued-before 2027-01-15T07:59:59Z\n"
	    "issued-before 2030-01-01T00:00:00Z sub auth0|bob\n",
	    NULL, NULL, "k1", false, false },
	{ "issued in that very second", "issued-before 2027-01-15T08:00:00Z",
	    NULL, NULL, "k1", false, false },
	{ "sub prefix", "sub auth0|alic", NULL, NULL, "k1", false, false },
	{ "sub in capitals", "sub AUTH0|ALICE", NULL, NULL, "k1", false,
	    false },
	{ "sub in another claim", "sub web", NULL, NULL, "k1", false, false },
	{ "kid of an opaque token", "kid k1", NULL, NULL, NULL, true, false },

	{ "sub", "sub auth0|alice", NULL, NULL, "k1", false, true },
	{ "sub, among others", "sub a\n# b\nsub auth0|alice\n", NULL, NULL,
	    "k1", false, true },
	{ "azp", "azp web", NULL, NULL, "k1", false, true },
	{ "client_id", "azp app", NULL, NULL, "k1", false, true },
	{ "cid", "azp okta", "azp", "\"cid\":\"okta\"", "k1", false, true },
	{ "cid beside azp", "azp okta", NULL, "\"cid\":\"okta\"", "k1", false,
	    true },
	{ "jti", "jti id1", NULL, NULL, "k1", false, true },
	{ "kid", "kid k1", NULL, NULL, "k1", false, true },
	{ "a token that does not name its key", "kid k1", NULL, NULL, NULL,
	    false, true },
	{ "issued a second before", "issued-before 2027-01-15T08:00:01Z", NULL,
	    NULL, "k1", false, true },
	{ "issued long before", "issued-before 2038-01-19T03:14:08Z", NULL,
	    NULL, "k1", false, true },
	{ "issued at no time", "issued-before 1970-01-01T00:00:00Z", "iat",
	    NULL, "k1", false, true },
	{ "issued at a time that is none", "issued-before 1970-01-01T00:00:00Z",
	    NULL, "\"iat\":\"now\"", "k1", false, true },
	{ "issued before, of this one",
	    "issued-before 2027-01-15T08:00:01Z sub auth0|alice", NULL, NULL,
	    "k1", false, true },
	{ "sub with blanks", "sub Alice Smith", NULL, "\"sub\":\"Alice Smith\"",
	    "k1", false, true },
	{ "sub of an opaque token", "sub auth0|alice", NULL, NULL, NULL, true,
	    true },
};

static void
test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct json *json =
		    unit_json(GOOD, rows[i].without, rows[i].with);
		const struct claims claims = { .json = json,
			.proof =
			    rows[i].is_opaque ? PROOF_USERINFO : PROOF_JWT };
		struct trace trace;
		struct deny *deny;
		unsigned int line;
		struct text why;

		trace_init(&trace);
		assert_int_equal(parse(span_of(rows[i].list), &deny, &line,
				     &why),
		    REASON_OK);
		row_reason(rows[i].name,
		    deny_check(deny, &claims, span_of(rows[i].kid), &trace),
		    rows[i].is_denied ? REASON_DENIED_LOCALLY : REASON_OK);
		row_true(rows[i].name,
		    (trace.failed != NULL) == rows[i].is_denied);
		deny_free(deny);
		unit_json_free(json);
	}
	rows_end();
}

/* Times as everybody counts them. */
static void
test_times(void **state)
{
	static const struct {
		const char *time;
		int64_t seconds;
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01Z", 1 },
		{ "1972-02-29T00:00:00Z", 68169600 },
		{ "1999-12-31T23:59:59Z", 946684799 },
		{ "2000-02-29T12:00:00Z", 951825600 },
		{ "2000-03-01T00:00:00Z", 951868800 },
		{ "2026-11-21T12:00:00Z", 1795262400 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
		{ "2100-03-01T00:00:00Z", 4107542400 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(times); i++)
		for (int late = 0; late < 2; late++) {
			struct buf with = BUF_INIT(64), list = BUF_INIT(64);
			const struct json *json;
			struct claims claims = { .proof = PROOF_JWT };
			struct trace trace;
			struct deny *deny;
			unsigned int line;
			struct text why;

			if (times[i].seconds == 0 && late == 0)
				continue;
			trace_init(&trace);
			assert_int_equal(buf_printf(&with, "\"iat\":%lld",
					     (long long)times[i].seconds - 1 +
						 late),
			    REASON_OK);
			assert_int_equal(buf_printf(&list, "issued-before %s",
					     times[i].time),
			    REASON_OK);
			claims.json = json = unit_json(GOOD, NULL, with.data);
			assert_int_equal(parse(buf_span(&list), &deny, &line,
					     &why),
			    REASON_OK);
			row_reason(times[i].time,
			    deny_check(deny, &claims, SPAN("k1"), &trace),
			    late ? REASON_OK : REASON_DENIED_LOCALLY);
			deny_free(deny);
			unit_json_free(json);
			buf_free(&with);
			buf_free(&list);
		}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_lines),
	cmocka_unit_test(test_digits),
	cmocka_unit_test(test_bytes),
	cmocka_unit_test(test_check),
	cmocka_unit_test(test_times),
};

UNIT_MAIN(tests)
