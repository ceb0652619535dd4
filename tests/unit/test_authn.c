/* SPDX-License-Identifier: BSD-2-Clause */
#include "authn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define URL	  "https://e.com/"
#define TOLERANCE 30

/* The login was a hundred seconds ago. */
#define GOOD                                                      \
	"{\"auth_time\":1799999900,\"acr\":\"gold\","             \
	"\"amr\":[\"pwd\",\"mfa\"],\"" URL "auth_time\":1799999," \
	"\"" URL "acr\":\"silver\",\"" URL "amr\":[\"otp\"]}"

/* What a service may ask for; words between blanks. */
struct asked {
	int max_age;
	const char *acr, *amr;
	const char *prefix;
};

static const struct row {
	const char *name;
	struct asked asked;
	const char *without, *with; /* changes to GOOD */
	enum reason want;
	const char *check; /* that fails */
} rows[] = {
	{ "nothing asked", { .max_age = 0 }, NULL, NULL, REASON_OK, NULL },
	{ "nothing asked, nothing there", { .max_age = 0 }, "auth_time",
	    "\"acr\":1,\"amr\":null", REASON_OK, NULL },

	/* auth_time */
	{ "age", { .max_age = 900 }, NULL, NULL, REASON_OK, NULL },
	{ "just in time", { .max_age = 70 }, NULL, NULL, REASON_OK, NULL },
	{ "now", { .max_age = 1 }, NULL, "\"auth_time\":1800000000", REASON_OK,
	    NULL },
	{ "tolerated time to come", { .max_age = 1 }, NULL,
	    "\"auth_time\":1800000030", REASON_OK, NULL },
	{ "fraction", { .max_age = 70 }, NULL, "\"auth_time\":1799999900.9",
	    REASON_OK, NULL },
	{ "a second too old", { .max_age = 69 }, NULL, NULL, REASON_TOO_OLD,
	    "auth_time" },
	{ "a fraction too old", { .max_age = 69 }, NULL,
	    "\"auth_time\":1799999900.9", REASON_TOO_OLD, "auth_time" },
	{ "long ago", { .max_age = 2592000 }, NULL, "\"auth_time\":0",
	    REASON_TOO_OLD, "auth_time" },
	{ "a second to come", { .max_age = 900 }, NULL,
	    "\"auth_time\":1800000031", REASON_CLAIM_INVALID, "auth_time" },
	{ "next year", { .max_age = 900 }, NULL, "\"auth_time\":1831536000",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "milliseconds", { .max_age = 900 }, NULL,
	    "\"auth_time\":1799999900000", REASON_CLAIM_INVALID, "auth_time" },
	{ "no time", { .max_age = 900 }, "auth_time", NULL,
	    REASON_CLAIM_MISSING, "auth_time" },
	{ "time null", { .max_age = 900 }, NULL, "\"auth_time\":null",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "time string", { .max_age = 900 }, NULL,
	    "\"auth_time\":\"1799999900\"", REASON_CLAIM_INVALID, "auth_time" },
	{ "time true", { .max_age = 900 }, NULL, "\"auth_time\":true",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "time list", { .max_age = 900 }, NULL, "\"auth_time\":[1799999900]",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "time negative", { .max_age = 900 }, NULL, "\"auth_time\":-1",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "time huge", { .max_age = 900 }, NULL, "\"auth_time\":1e308",
	    REASON_CLAIM_INVALID, "auth_time" },
	{ "time largest", { .max_age = 900 }, NULL,
	    "\"auth_time\":9223372036854775807", REASON_CLAIM_INVALID,
	    "auth_time" },

	/* acr: one of them */
	{ "acr", { .acr = "gold" }, NULL, NULL, REASON_OK, NULL },
	{ "one of two acr", { .acr = "iron gold" }, NULL, NULL, REASON_OK,
	    NULL },
	{ "another acr", { .acr = "silver" }, NULL, NULL, REASON_CLAIM_MISSING,
	    "acr" },
	{ "no acr", { .acr = "gold" }, "acr", NULL, REASON_CLAIM_MISSING,
	    "acr" },
	{ "acr in capitals", { .acr = "gold" }, NULL, "\"acr\":\"Gold\"",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr longer", { .acr = "gold" }, NULL, "\"acr\":\"gold2\"",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr shorter", { .acr = "gold" }, NULL, "\"acr\":\"gol\"",
	    REASON_CLAIM_MISSING, "acr" },
	{ "two words in acr", { .acr = "gold" }, NULL, "\"acr\":\"iron gold\"",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr empty", { .acr = "gold" }, NULL, "\"acr\":\"\"",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr null", { .acr = "null" }, NULL, "\"acr\":null",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr number", { .acr = "1" }, NULL, "\"acr\":1", REASON_CLAIM_MISSING,
	    "acr" },
	{ "acr list", { .acr = "gold" }, NULL, "\"acr\":[\"gold\"]",
	    REASON_CLAIM_MISSING, "acr" },
	{ "acr object", { .acr = "gold" }, NULL, "\"acr\":{\"gold\":\"gold\"}",
	    REASON_CLAIM_MISSING, "acr" },

	/* amr: all of them */
	{ "amr", { .amr = "mfa" }, NULL, NULL, REASON_OK, NULL },
	{ "both amr", { .amr = "mfa pwd" }, NULL, NULL, REASON_OK, NULL },
	{ "one of two amr", { .amr = "mfa otp" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "amr" },
	{ "other one of two amr", { .amr = "otp mfa" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "amr" },
	{ "no amr", { .amr = "mfa" }, "amr", NULL, REASON_CLAIM_MISSING,
	    "amr" },
	{ "amr in capitals", { .amr = "mfa" }, NULL, "\"amr\":[\"MFA\"]",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr empty", { .amr = "mfa" }, NULL, "\"amr\":[]",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr null", { .amr = "mfa" }, NULL, "\"amr\":null",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr string", { .amr = "mfa" }, NULL, "\"amr\":\"mfa\"",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr words", { .amr = "mfa" }, NULL, "\"amr\":[\"pwd mfa\"]",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr deeper", { .amr = "mfa" }, NULL, "\"amr\":[[\"mfa\"]]",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr object", { .amr = "mfa" }, NULL, "\"amr\":{\"mfa\":\"mfa\"}",
	    REASON_CLAIM_MISSING, "amr" },
	{ "amr numbers", { .amr = "1" }, NULL, "\"amr\":[1]",
	    REASON_CLAIM_MISSING, "amr" },

	/* each rule counts for itself */
	{ "all", { 900, "gold", "mfa", NULL }, NULL, NULL, REASON_OK, NULL },
	{ "all but the time", { 9, "gold", "mfa", NULL }, NULL, NULL,
	    REASON_TOO_OLD, "auth_time" },
	{ "all but acr", { 900, "iron", "mfa", NULL }, NULL, NULL,
	    REASON_CLAIM_MISSING, "acr" },
	{ "all but amr", { 900, "gold", "otp", NULL }, NULL, NULL,
	    REASON_CLAIM_MISSING, "amr" },

	/* with a prefix the plain names do not count, nor the other way */
	{ "prefixed acr", { .acr = "silver", .prefix = URL }, NULL, NULL,
	    REASON_OK, NULL },
	{ "prefixed amr", { .amr = "otp", .prefix = URL }, NULL, NULL,
	    REASON_OK, NULL },
	{ "prefixed time", { .max_age = 900, .prefix = URL }, NULL, NULL,
	    REASON_TOO_OLD, "auth_time" },
	{ "plain acr", { .acr = "gold", .prefix = URL }, NULL, NULL,
	    REASON_CLAIM_MISSING, "acr" },
	{ "plain amr", { .amr = "mfa", .prefix = URL }, NULL, NULL,
	    REASON_CLAIM_MISSING, "amr" },
	{ "plain time", { .max_age = 900, .prefix = "x" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "auth_time" },
	{ "acr prefixed by itself", { .acr = "silver" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "acr" },
};

static void
add_words(struct list *l, const char *words)
{
	struct span rest = span_of(words), word;
	bool more;

	if (words == NULL)
		return;
	do {
		more = span_cut(&rest, ' ', &word);
		assert_int_equal(list_add(l, word), REASON_OK);
	} while (more);
}

static struct authn_rules
build(const struct asked *asked)
{
	struct authn_rules rules = { .max_age = asked->max_age };

	if (asked->prefix != NULL)
		rules.prefix = strdup(asked->prefix);
	add_words(&rules.acr, asked->acr);
	add_words(&rules.amr, asked->amr);
	return rules;
}

static void
destroy(struct authn_rules *rules)
{
	free(rules->prefix);
	list_free(&rules->acr);
	list_free(&rules->amr);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct json *json =
		    unit_json(GOOD, rows[i].without, rows[i].with);
		const struct claims claims = { .json = json };
		struct authn_rules rules = build(&rows[i].asked);
		struct trace trace;

		trace_init(&trace);
		row_reason(rows[i].name,
		    authn_check(&claims, &rules, TOLERANCE, NOW, &trace),
		    rows[i].want);
		row_text(rows[i].name, trace.failed != NULL ? trace.failed : "",
		    rows[i].check != NULL ? rows[i].check : "");
		destroy(&rules);
		unit_json_free(json);
	}
	rows_end();
}

/* The longest prefix there may be; what does not fit is not found. */
/* How far off it is, in seconds. */
static void
test_told(void **state)
{
	static const struct {
		const char *claims, *found;
	} told[] = {
		{ "{\"auth_time\":1800000100}", "100 seconds ahead" },
		{ "{\"auth_time\":1799990000}", "logged in 10000 seconds ago" },
	};
	const struct authn_rules rules = { .max_age = 60 };

	(void)state;
	for (size_t i = 0; i < nitems(told); i++) {
		struct claims claims = { .json = unit_json(told[i].claims, NULL,
					     NULL),
			.proof = PROOF_JWT };
		struct trace trace;

		trace_init(&trace);
		row_bool("told",
		    authn_check(&claims, &rules, 0, NOW, &trace) == REASON_OK,
		    false);
		row_text("told", trace.found.s, told[i].found);
		unit_json_free(claims.json);
	}
	rows_end();
}

static void
test_long_prefix(void **state)
{
	char *prefix = unit_repeat('p', 200), *name;
	struct authn_rules rules =
	    build(&(const struct asked){ .acr = "gold", .prefix = prefix });
	const struct json *json;
	struct claims claims = { .json = NULL };
	struct trace trace;

	(void)state;
	trace_init(&trace);
	assert_true(asprintf(&name, "{\"%sacr\":\"gold\"}", prefix) > 0);
	claims.json = json = unit_json(name, NULL, NULL);
	row_reason("200 bytes", authn_check(&claims, &rules, 0, NOW, &trace),
	    REASON_OK);
	free(rules.prefix);
	rules.prefix = unit_repeat('p', 300);
	row_reason("300 bytes", authn_check(&claims, &rules, 0, NOW, &trace),
	    REASON_CLAIM_MISSING);
	unit_json_free(json);
	destroy(&rules);
	free(name);
	free(prefix);
	rows_end();
}

/* For how long a decision may be remembered. */
static void
test_last(void **state)
{
	static const struct {
		const char *name, *with;
		int max_age;
		int64_t last, want;
	} times[] = {
		{ "no limit", NULL, 0, NOW + 600, NOW + 600 },
		{ "the login is too old first", NULL, 200, NOW + 600,
		    NOW - 100 + 200 + TOLERANCE },
		{ "the token ends first", NULL, 900, NOW + 600, NOW + 600 },
		{ "at once", NULL, 670, NOW + 600, NOW + 600 },
		{ "a second before", NULL, 669, NOW + 600, NOW + 599 },
		{ "no time", "\"auth_time\":\"\"", 200, NOW + 600, NOW + 600 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(times); i++) {
		const struct json *json = unit_json(GOOD, NULL, times[i].with);
		const struct claims claims = { .json = json };
		const struct authn_rules rules = { .max_age =
						       times[i].max_age };

		row_number(times[i].name,
		    authn_last(&claims, &rules, TOLERANCE, times[i].last),
		    times[i].want);
		row_count(true);
		unit_json_free(json);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_told),
	cmocka_unit_test(test_long_prefix),
	cmocka_unit_test(test_last),
};

UNIT_MAIN(tests)
