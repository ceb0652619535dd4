/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void
test_names(void **state)
{
	static const struct {
		struct span name;
		bool want;
	} names[] = {
		{ BYTES("AUTH0_SUB"), true },
		{ BYTES("AUDIENT_X"), true },
		{ BYTES("OIDC_CLAIM_email"), false },
		{ BYTES("OIDC_CLAIM_EMAIL_2"), true },
		{ BYTES("AUTH0__"), true },
		{ BYTES("AUTH0_"), false },
		{ BYTES("AUTH0"), false },
		{ BYTES("AUDIENT_"), false },
		{ BYTES("OIDC_"), false },
		{ BYTES(""), false },
		{ BYTES("PATH"), false },
		{ BYTES("LD_PRELOAD"), false },
		{ BYTES("LD_AUTH0_X"), false },
		{ BYTES("XAUTH0_X"), false },
		{ BYTES("auth0_X"), false },
		{ BYTES("Auth0_X"), false },
		{ BYTES("AUTH0_x"), false },
		{ BYTES("AUTH0_X=Y"), false },
		{ BYTES("AUTH0_X Y"), false },
		{ BYTES("AUTH0_X\n"), false },
		{ BYTES("AUTH0_X-Y"), false },
		{ BYTES("AUTH0_X.Y"), false },
		{ BYTES("AUTH0_\xc3\x84"), false },
		{ BYTES("AUTH0_X()"), false },
		{ BYTES("_AUTH0_X"), false },
		{ BYTES("AUTH0_6789012345678901234567890123456789"
			"012345678901234567890123"),
		    true },
		{ BYTES("AUTH0_6789012345678901234567890123456789"
			"0123456789012345678901234"),
		    false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(names); i++) {
		const struct span s = unit_exact(names[i].name);

		row_bool(names[i].name.ptr, export_is_name(s), names[i].want);
		unit_free(s);
	}
	rows_end();
}

static void
put(void *arg, const char *name, const char *value)
{
	assert_int_equal(buf_printf(arg, "[%s=%s]", name, value), REASON_OK);
}

static void export(const char *json_text, const struct claim_rule *rules,
    size_t n, struct buf *out)
{
	const struct json *json = unit_json(json_text, NULL, NULL);
	const struct claims claims = { .json = json };

	buf_clear(out);
	assert_int_equal(buf_add_str(out, ""), REASON_OK);
	export_claims(&claims, rules, n, put, out);
	unit_json_free(json);
}

/* What a claim looks like in the environment; NULL: not there. */
static void
test_values(void **state)
{
	static const struct {
		const char *name, *claim;
		const char *want;
	} values[] = {
		{ "string", "\"auth0|alice\"", "[AUTH0_C=auth0|alice]" },
		{ "blank", "\"Alice Smith\"", "[AUTH0_C=Alice Smith]" },
		{ "UTF-8", "\"\\u00e9\"", "[AUTH0_C=\xc3\xa9]" },
		{ "number", "-7", "[AUTH0_C=-7]" },
		{ "largest number", "9223372036854775807",
		    "[AUTH0_C=9223372036854775807]" },
		{ "true", "true", "[AUTH0_C=true]" },
		{ "false", "false", "[AUTH0_C=false]" },
		{ "list", "[\"a\",\"b\"]", "[AUTH0_C=a b]" },
		{ "list of one", "[\"a\"]", "[AUTH0_C=a]" },
		{ "null", "null", NULL },
		{ "real", "0.5", NULL },
		{ "whole real", "1.0", NULL },
		{ "object", "{\"a\":\"b\"}", NULL },
		{ "empty", "\"\"", NULL },
		{ "empty list", "[]", NULL },
		{ "list of numbers", "[1,2]", NULL },
		{ "list of lists", "[[\"a\"]]", NULL },
		{ "list with a null", "[\"a\",null]", NULL },
		{ "list with a blank", "[\"a b\",\"c\"]", NULL },
		{ "list with a newline", "[\"a\",\"b\\n\"]", NULL },
		{ "newline", "\"a\\nPATH=/evil\"", NULL },
		{ "tab", "\"a\\tb\"", NULL },
		{ "escape", "\"\\u001b[2J\"", NULL },
		{ "delete", "\"\\u007f\"", NULL },
		{ "control in front", "\"\\u0001a\"", NULL },
	};
	static char name[] = "AUTH0_C", claim[] = "c";
	const struct claim_rule rule = { name, claim };
	struct buf out = BUF_INIT(16384);

	(void)state;
	for (size_t i = 0; i < nitems(values); i++) {
		char *text;

		assert_true(
		    asprintf(&text, "{\"c\":%s,\"d\":1}", values[i].claim) > 0);
		export(text, &rule, 1, &out);
		row_text(values[i].name, out.data,
		    values[i].want != NULL ? values[i].want : "");
		row_count(values[i].want != NULL);
		export("{\"d\":1}", &rule, 1, &out);
		row_text("absent", out.data, "");
		free(text);
	}
	buf_free(&out);
	rows_end();
}

static void
test_long(void **state)
{
	static const struct {
		size_t n;
		bool want;
	} sizes[] = { { 4096, true }, { 4097, false }, { 10000, false } };
	static char name[] = "AUTH0_C", claim[] = "c";
	const struct claim_rule rule = { name, claim };
	struct buf out = BUF_INIT(16384);

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *value = unit_repeat('v', sizes[i].n), *text;

		assert_true(asprintf(&text, "{\"c\":\"%s\"}", value) > 0);
		export(text, &rule, 1, &out);
		row_bool("as a string", out.len > 0, sizes[i].want);
		free(text);
		assert_true(
		    asprintf(&text, "{\"c\":[\"a\",\"%s\"]}", value + 2) > 0);
		export(text, &rule, 1, &out);
		row_bool("in a list", out.len > 0, sizes[i].want);
		free(text);
		free(value);
	}
	buf_free(&out);
	rows_end();
}

/* Several; the names of claims are literal. */
static void
test_several(void **state)
{
	static char names[][8] = { "AUTH0_A", "AUTH0_B", "AUTH0_C", "OIDC_D" };
	static char claims[][16] = { "sub", "https://e/x.y", "none", "sub" };
	struct claim_rule rules[4];
	struct buf out = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < nitems(rules); i++)
		rules[i] = (struct claim_rule){ names[i], claims[i] };
	export("{\"sub\":\"a\",\"https://e/x.y\":\"b\",\"https://e/x\":"
	       "{\"y\":\"c\"}}",
	    rules, nitems(rules), &out);
	assert_string_equal(out.data, "[AUTH0_A=a][AUTH0_B=b][OIDC_D=a]");
	export("{\"sub\":\"a\"}", rules, 0, &out);
	assert_string_equal(out.data, "");
	buf_free(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_names),
	cmocka_unit_test(test_values),
	cmocka_unit_test(test_long),
	cmocka_unit_test(test_several),
};

UNIT_MAIN(tests)
