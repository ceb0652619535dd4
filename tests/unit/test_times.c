/* SPDX-License-Identifier: BSD-2-Clause */
#include "claims.h"

#include "unit.h"

#define BASE "{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"s\"}"

/* NOW is 1800000000, the tolerance 30 s, the longest lifetime 30 days. */
static const struct row {
	const char *name;
	const char *exp, *nbf, *iat; /* NULL: absent */
	enum reason want;
	const char *check; /* that fails */
} rows[] = {
	{ "good", "1800000060", "1799999990", "1799999990", REASON_OK, NULL },
	{ "no nbf", "1800000060", NULL, "1799999990", REASON_OK, NULL },
	{ "issued now, expires now", "1800000000", "1800000000", "1800000000",
	    REASON_OK, NULL },
	{ "parts of a second", "1800000060.75", "1799999990.5", "1.79e9",
	    REASON_OK, NULL },
	{ "issued long ago", "1800000060", "0", "0", REASON_OK, NULL },

	/* exp: 20 and more */
	{ "exp within the tolerance", "1799999971", NULL, "1799999900",
	    REASON_OK, NULL },
	{ "exp at its end", "1799999970", NULL, "1799999900", REASON_EXPIRED,
	    "exp" },
	{ "exp beyond it", "1799999969", NULL, "1799999900", REASON_EXPIRED,
	    "exp" },
	{ "exp a year ago", "1668464000", NULL, "1668460000", REASON_EXPIRED,
	    "exp" },
	{ "exp 0", "0", NULL, "0", REASON_EXPIRED, "exp" },
	{ "exp -0.0", "-0.0", NULL, "0", REASON_CLAIM_INVALID, "exp" },
	{ "exp in milliseconds", "1800000060000", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp missing", NULL, NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp null", "null", NULL, "1799999990", REASON_CLAIM_INVALID, "exp" },
	{ "exp true", "true", NULL, "1799999990", REASON_CLAIM_INVALID, "exp" },
	{ "exp string", "\"1800000060\"", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp text", "\"never\"", NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp ISO 8601", "\"2033-11-14T22:13:20Z\"", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp empty", "\"\"", NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp list", "[1800000060]", NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp object", "{}", NULL, "1799999990", REASON_CLAIM_INVALID, "exp" },
	{ "exp -1", "-1", NULL, "1799999990", REASON_CLAIM_INVALID, "exp" },
	{ "exp -0.5", "-0.5", NULL, "1799999990", REASON_CLAIM_INVALID, "exp" },
	{ "exp 1e308", "1e308", NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp -1e308", "-1e308", NULL, "1799999990", REASON_CLAIM_INVALID,
	    "exp" },
	{ "exp 2^63-1", "9223372036854775807", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp -2^63", "-9223372036854775808", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp 2^63 as a real", "9223372036854775808.0", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp in the year 10000", "253402300800", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp in the year 9999", "253402300799", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "exp in 30 days", "1802592000", NULL, "1799999990", REASON_OK, NULL },
	{ "exp in 30 days and the tolerance", "1802592030", NULL, "1799999990",
	    REASON_OK, NULL },
	{ "exp a second later", "1802592031", NULL, "1799999990",
	    REASON_CLAIM_INVALID, "exp" },

	/* nbf: 10 and more */
	{ "nbf within the tolerance", "1800000060", "1800000030", "1799999990",
	    REASON_OK, NULL },
	{ "nbf beyond it", "1800000060", "1800000031", "1799999990",
	    REASON_NOT_YET_VALID, "nbf" },
	{ "nbf tomorrow", "1800090000", "1800086400", "1799999990",
	    REASON_NOT_YET_VALID, "nbf" },
	{ "nbf in the year 9999", "1800000060", "253402300799", "1799999990",
	    REASON_NOT_YET_VALID, "nbf" },
	{ "nbf 1e308", "1800000060", "1e308", "1799999990",
	    REASON_CLAIM_INVALID, "nbf" },
	{ "nbf 2^63-1", "1800000060", "9223372036854775807", "1799999990",
	    REASON_CLAIM_INVALID, "nbf" },
	{ "nbf -1", "1800000060", "-1", "1799999990", REASON_CLAIM_INVALID,
	    "nbf" },
	{ "nbf null", "1800000060", "null", "1799999990", REASON_CLAIM_INVALID,
	    "nbf" },
	{ "nbf string", "1800000060", "\"1799999990\"", "1799999990",
	    REASON_CLAIM_INVALID, "nbf" },
	{ "nbf empty", "1800000060", "\"\"", "1799999990", REASON_CLAIM_INVALID,
	    "nbf" },
	{ "nbf false", "1800000060", "false", "1799999990",
	    REASON_CLAIM_INVALID, "nbf" },
	{ "nbf list", "1800000060", "[]", "1799999990", REASON_CLAIM_INVALID,
	    "nbf" },

	/* iat: 7 and more */
	{ "iat within the tolerance", "1800000060", NULL, "1800000030",
	    REASON_OK, NULL },
	{ "iat beyond it", "1800000060", NULL, "1800000031",
	    REASON_NOT_YET_VALID, "iat" },
	{ "iat 1e308", "1800000060", NULL, "1e308", REASON_CLAIM_INVALID,
	    "iat" },
	{ "iat missing", "1800000060", NULL, NULL, REASON_CLAIM_INVALID,
	    "iat" },
	{ "iat null", "1800000060", NULL, "null", REASON_CLAIM_INVALID, "iat" },
	{ "iat -1", "1800000060", NULL, "-1", REASON_CLAIM_INVALID, "iat" },
	{ "iat string", "1800000060", NULL, "\"1.1.2019 16:00\"",
	    REASON_CLAIM_INVALID, "iat" },
	{ "iat object", "1800000060", NULL, "{}", REASON_CLAIM_INVALID, "iat" },
	{ "iat 2^63-1", "1800000060", NULL, "9223372036854775807",
	    REASON_CLAIM_INVALID, "iat" },

	/* the order of faults */
	{ "expired, before its time", "1", "1800009999", "1", REASON_EXPIRED,
	    "exp" },
	{ "expired, nbf no number", "1", "\"\"", "1", REASON_CLAIM_INVALID,
	    "nbf" },
};

static struct list issuers, audiences;

static const struct json *
token(const char *exp, const char *nbf, const char *iat)
{
	struct buf with = BUF_INIT(1024);
	const char *const values[] = { exp, nbf, iat };
	static const char *const names[] = { "exp", "nbf", "iat" };
	const struct json *json;

	assert_int_equal(buf_add_str(&with, "\"x\":0"), REASON_OK);
	for (size_t i = 0; i < nitems(names); i++)
		if (values[i] != NULL)
			assert_int_equal(buf_printf(&with, ",\"%s\":%s",
					     names[i], values[i]),
			    REASON_OK);
	json = unit_json(BASE, NULL, with.data);
	buf_free(&with);
	return json;
}

static void
check(const char *name, const struct json *json,
    const struct claims_rules *rules, int64_t now, enum reason want,
    const char *failed)
{
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	struct trace trace;

	trace_init(&trace);
	row_reason(name,
	    claims_check(&claims, rules, &issuers, false, now, &trace), want);
	row_text(name, trace.failed != NULL ? trace.failed : "",
	    failed != NULL ? failed : "");
	unit_json_free(json);
}

static void
test_rows(void **state)
{
	const struct claims_rules rules = { .audiences = audiences,
		.clock_tolerance = 30,
		.max_token_lifetime = 2592000 };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		check(rows[i].name,
		    token(rows[i].exp, rows[i].nbf, rows[i].iat), &rules, NOW,
		    rows[i].want, rows[i].check);
	rows_end();
}

/* Settings at their ends. */
static const struct {
	const char *name;
	int tolerance, age, lifetime;
	const char *exp, *iat;
	enum reason want;
	const char *check;
} limits[] = {
	{ "no tolerance", 0, 0, 1000, "1800000001", "1800000000", REASON_OK,
	    NULL },
	{ "exp is now", 0, 0, 1000, "1800000000", "1799999990", REASON_EXPIRED,
	    "exp" },
	{ "exp was now, nearly", 0, 0, 1000, "1800000000.9", "1799999990",
	    REASON_EXPIRED, "exp" },
	{ "iat a second ahead", 0, 0, 1000, "1800000060", "1800000001",
	    REASON_NOT_YET_VALID, "iat" },
	{ "the longest tolerance", 300, 0, 1000, "1799999701", "1799990000",
	    REASON_OK, NULL },
	{ "beyond the longest", 300, 0, 1000, "1799999700", "1799990000",
	    REASON_EXPIRED, "exp" },
	{ "at the longest lifetime", 0, 0, 1000, "1800001000", "1799999990",
	    REASON_OK, NULL },
	{ "beyond it", 0, 0, 1000, "1800001001", "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "lifetime and tolerance", 30, 0, 1000, "1800001030", "1799999990",
	    REASON_OK, NULL },
	{ "beyond both", 30, 0, 1000, "1800001031", "1799999990",
	    REASON_CLAIM_INVALID, "exp" },
	{ "at the greatest age", 0, 600, 1000, "1800000060", "1799999400",
	    REASON_OK, NULL },
	{ "a second older", 0, 600, 1000, "1800000060", "1799999399",
	    REASON_TOO_OLD, "age" },
	{ "age and tolerance", 30, 600, 1000, "1800000060", "1799999370",
	    REASON_OK, NULL },
	{ "older than both", 30, 600, 1000, "1800000060", "1799999369",
	    REASON_TOO_OLD, "age" },
	{ "issued in 1970", 30, 600, 1000, "1800000060", "0", REASON_TOO_OLD,
	    "age" },
	{ "age of one second", 0, 1, 1000, "1800000060", "1799999998",
	    REASON_TOO_OLD, "age" },
	{ "largest numbers", 2147483647, 2147483647, 2147483647, "1800000060",
	    "0", REASON_OK, NULL },
	{ "largest numbers, year 9999", 2147483647, 2147483647, 2147483647,
	    "253402300799", "0", REASON_CLAIM_INVALID, "exp" },
};

static void
test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(limits); i++) {
		const struct claims_rules rules = { .audiences = audiences,
			.clock_tolerance = limits[i].tolerance,
			.max_token_age = limits[i].age,
			.max_token_lifetime = limits[i].lifetime };

		check(limits[i].name, token(limits[i].exp, NULL, limits[i].iat),
		    &rules, NOW, limits[i].want, limits[i].check);
	}
	rows_end();
}

/* A clock that was never set, and one far ahead. */
static void
test_clocks(void **state)
{
	static const struct {
		const char *name;
		int64_t now;
		enum reason want;
	} clocks[] = {
		{ "right", NOW, REASON_OK },
		{ "1970", 0, REASON_CLAIM_INVALID },
		{ "before 1970", -1, REASON_CLAIM_INVALID },
		{ "an hour behind", NOW - 3600, REASON_NOT_YET_VALID },
		{ "an hour ahead", NOW + 3600, REASON_EXPIRED },
		{ "2038", 2147483648, REASON_EXPIRED },
		{ "year 9999", 253402300799, REASON_EXPIRED },
	};
	const struct claims_rules rules = { .audiences = audiences,
		.clock_tolerance = 30,
		.max_token_lifetime = 2592000 };

	(void)state;
	for (size_t i = 0; i < nitems(clocks); i++)
		check(clocks[i].name, token("1800000060", NULL, "1799999990"),
		    &rules, clocks[i].now, clocks[i].want,
		    clocks[i].want == REASON_OK			 ? NULL
			: clocks[i].want == REASON_NOT_YET_VALID ? "iat"
								 : "exp");
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	return list_add(&issuers, span_of("i")) != REASON_OK ||
		list_add(&audiences, span_of("a")) != REASON_OK
	    ? -1
	    : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	list_free(&issuers);
	list_free(&audiences);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_limits),
	cmocka_unit_test(test_clocks),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
