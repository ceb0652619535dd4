/* SPDX-License-Identifier: BSD-2-Clause */
/* What an issuer may answer to somebody who asks for a token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* wants the ones above */

#include "oauth.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

static unsigned int failed;

static void
row(const char *name, bool ok, const char *detail)
{
	if (ok)
		return;
	failed++;
	print_error("%s: %s\n", name, detail);
}

/* text as JSON; NULL stands for an answer without JSON. */
static const struct json *
parse(const char *text, struct json_doc *doc)
{
	*doc = (struct json_doc)JSON_DOC_INIT;
	if (text == NULL)
		return NULL;
	if (json_doc_parse(span_of(text), doc) != REASON_OK)
		fail_msg("no JSON: %s", text);
	return doc->nodes;
}

/* --- the device authorization answer ---------------------------------------
 */

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X300 X50 X50 X50 X50 X50 X50

static const char *const base[][2] = {
	{ "device_code", "\"Ag_EE-xyz\"" },
	{ "user_code", "\"QTZL-MCBW\"" },
	{ "verification_uri", "\"https://t.example/activate\"" },
	{ "expires_in", "900" },
	{ "interval", "7" },
};

/* The answer with another value for one member; NULL: without it. */
static void
write_answer(const char *member, const char *value, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < nitems(base); i++) {
		const bool is_it = strcmp(base[i][0], member) == 0;

		if (is_it && value == NULL)
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s\"%s\":%s",
		    n == 0 ? "{" : ",", base[i][0], is_it ? value : base[i][1]);
	}
	(void)snprintf(text + n, size - n, "}");
}

static const struct {
	const char *name;
	const char *member;
	const char *value; /* NULL: the member is not there */
	bool is_good;
} devices[] = {
	{ "as Auth0 answers", "", "", true },
	{ "a device code with the last sign", "device_code", "\"a~\"", true },
	{ "digits alone", "user_code", "\"123456789\"", true },
	{ "40 letters", "user_code",
	    "\"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJ\"", true },

	{ "no device code", "device_code", NULL, false },
	{ "a device code null", "device_code", "null", false },
	{ "a device code empty", "device_code", "\"\"", false },
	{ "a device code 7", "device_code", "7", false },
	{ "a device code in a list", "device_code", "[\"c\"]", false },
	{ "a device code of two lines", "device_code", "\"a\\nb\"", false },
	{ "a device code with a blank", "device_code", "\"a b\"", false },
	{ "a device code beyond ASCII", "device_code", "\"\\u00e9\"", false },

	{ "no user code", "user_code", NULL, false },
	{ "a user code empty", "user_code", "\"\"", false },
	{ "a user code as a number", "user_code", "12345678", false },
	{ "41 letters", "user_code",
	    "\"ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJK\"", false },
	{ "a user code that clears the screen", "user_code",
	    "\"\\u001b[2JABCD\"", false },
	{ "a user code with an 8-bit escape", "user_code", "\"\\u009b2J\"",
	    false },
	{ "a user code with a bell", "user_code", "\"ABCD\\u0007\"", false },
	{ "a user code of two lines", "user_code", "\"ABCD\\nPassword:\"",
	    false },
	{ "a user code that returns to the margin", "user_code",
	    "\"ABCD\\rEFGH\"", false },
	{ "a user code with a delete", "user_code", "\"ABCD\\u007f\"", false },
	{ "a user code that is a sentence", "user_code", "\"call 555 1234\"",
	    false },
	{ "a user code with a dot", "user_code", "\"evil.example\"", false },
	{ "a user code written backwards", "user_code", "\"\\u202eABCD\"",
	    false },

	{ "no page", "verification_uri", NULL, false },
	{ "a page empty", "verification_uri", "\"\"", false },
	{ "a page in a list", "verification_uri", "[\"https://t.example/\"]",
	    false },
	{ "a page without TLS", "verification_uri", "\"http://t.example/\"",
	    false },
	{ "a page in capitals", "verification_uri", "\"HTTPS://t.example/\"",
	    false },
	{ "a page that is a script", "verification_uri", "\"javascript:x\"",
	    false },
	{ "a page without a host", "verification_uri", "\"https:///x\"",
	    false },
	{ "a page with a password", "verification_uri",
	    "\"https://auth0.com@e.example/\"", false },
	{ "a page with an escape", "verification_uri",
	    "\"https://t.example/\\u001b]0;x\"", false },
	{ "a page with a blank", "verification_uri", "\"https://t.example/ x\"",
	    false },
	{ "a page beyond ASCII", "verification_uri",
	    "\"https://t\\u0435.example/\"", false },
	{ "a page of 300 letters", "verification_uri",
	    "\"https://t.example/" X300 "\"", false },

	{ "no lifetime", "expires_in", NULL, false },
	{ "a lifetime of 0", "expires_in", "0", false },
	{ "a lifetime below 0", "expires_in", "-1", false },
	{ "a lifetime as text", "expires_in", "\"900\"", false },
	{ "a lifetime with a fraction", "expires_in", "900.5", false },
};

static void
test_devices(void **state)
{
	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(devices); i++) {
		struct oauth_device device;
		struct json_doc doc;
		struct text why;
		char text[1024];
		enum reason reason;
		bool ok;

		text_clear(&why);
		write_answer(devices[i].member, devices[i].value, text,
		    sizeof(text));
		reason = oauth_read_device(parse(text, &doc), &device, &why);
		if (devices[i].is_good)
			ok = reason == REASON_OK;
		else
			ok = reason == REASON_ISSUER_UNAVAILABLE &&
			    strstr(why.s, devices[i].member) != NULL &&
			    device.code.len == 0 &&
			    device.user_code[0] == '\0' &&
			    device.page[0] == '\0';
		row(devices[i].name, ok, why.s);
		oauth_device_clear(&device);
		json_doc_free(&doc);
	}
	assert_int_equal(failed, 0);
}

/* The page with the code in it is shown to scanners only, or not at all. */
static const struct {
	const char *whole;
	bool is_taken;
} wholes[] = {
	{ "https://t.example/activate?user_code=QTZL-MCBW", true },
	{ "https://t.example/other", true },
	{ "https://t.example", true },
	{ "https://t.example:8443/activate", false },
	{ "https://t.example.evil.example/activate", false },
	{ "https://evil.example/?https://t.example/", false },
	{ "https://evil.example/activate", false },
	{ "https://T.example/activate", false },
	{ "http://t.example/activate", false },
	{ "https://t.exampl", false },
	{ "https://t.example/\\u001b[2J", false },
	{ "https://t.example/\\n", false },
	{ "https://t.example/" X300, false },
	{ "https://t.example@evil.example/", false },
	{ "javascript:alert(1)", false },
	{ "", false },
};

static void
test_wholes(void **state)
{
	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(wholes); i++) {
		struct oauth_device device;
		struct json_doc doc;
		char text[1024];
		struct text why;

		text_clear(&why);
		write_answer("", "", text, sizeof(text));
		(void)snprintf(text + strlen(text) - 1, 600,
		    ",\"verification_uri_complete\":\"%s\"}", wholes[i].whole);
		assert_int_equal(oauth_read_device(parse(text, &doc), &device,
				     &why),
		    REASON_OK);
		row(wholes[i].whole,
		    (device.whole[0] != '\0') == wholes[i].is_taken,
		    device.whole);
		oauth_device_clear(&device);
		json_doc_free(&doc);
	}
	assert_int_equal(failed, 0);
}

static const struct {
	const char *member;
	const char *value;
	int lifetime;
	int interval;
} times[] = {
	{ "", "", 900, 7 },
	{ "interval", NULL, 900, 5 },
	{ "interval", "0", 900, 5 },
	{ "interval", "-3", 900, 5 },
	{ "interval", "\"7\"", 900, 5 },
	{ "interval", "null", 900, 5 },
	{ "interval", "60", 900, 60 },
	{ "interval", "61", 900, 60 },
	{ "interval", "9223372036854775807", 900, 60 },
	{ "expires_in", "1801", 1800, 7 },
	{ "expires_in", "9223372036854775807", 1800, 7 },
	{ "expires_in", "1", 1, 7 },
};

static void
test_times(void **state)
{
	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(times); i++) {
		struct oauth_device device;
		struct json_doc doc;
		char text[1024];
		struct text why;

		text_clear(&why);
		write_answer(times[i].member, times[i].value, text,
		    sizeof(text));
		assert_int_equal(oauth_read_device(parse(text, &doc), &device,
				     &why),
		    REASON_OK);
		row(times[i].value == NULL ? "not there" : times[i].value,
		    device.lifetime == times[i].lifetime &&
			device.interval == times[i].interval,
		    "other times");
		oauth_device_clear(&device);
		json_doc_free(&doc);
	}
	assert_int_equal(failed, 0);
}

/* --- the token answer -------------------------------------------------------
 */

#define TOKEN  "\"access_token\":\"eyJh.eyJ.s-_~+/==\""
#define BEARER ",\"token_type\":\"Bearer\""

static const struct {
	const char *name;
	int status;
	const char *answer;
	enum oauth_end want;
} answers[] = {
	{ "a token", 200, "{" TOKEN BEARER ",\"expires_in\":86400}",
	    OAUTH_TOKEN },
	{ "a token, and no word on its end", 200, "{" TOKEN BEARER "}",
	    OAUTH_TOKEN },
	{ "bearer in small letters", 200,
	    "{" TOKEN ",\"token_type\":\"bearer\"}", OAUTH_TOKEN },

	/* RFC 8628 section 3.5, with its statuses and Auth0's */
	{ "pending, Auth0", 403, "{\"error\":\"authorization_pending\"}",
	    OAUTH_PENDING },
	{ "pending, RFC", 400, "{\"error\":\"authorization_pending\"}",
	    OAUTH_PENDING },
	{ "pending, 401", 401, "{\"error\":\"authorization_pending\"}",
	    OAUTH_PENDING },
	{ "pending, 428", 428, "{\"error\":\"authorization_pending\"}",
	    OAUTH_PENDING },
	{ "slow_down, Auth0", 429, "{\"error\":\"slow_down\"}",
	    OAUTH_SLOW_DOWN },
	{ "slow_down, RFC", 400, "{\"error\":\"slow_down\"}", OAUTH_SLOW_DOWN },
	{ "declined, Auth0", 403, "{\"error\":\"access_denied\"}",
	    OAUTH_DECLINED },
	{ "declined, RFC", 400, "{\"error\":\"access_denied\"}",
	    OAUTH_DECLINED },
	{ "expired, Auth0", 403, "{\"error\":\"expired_token\"}", OAUTH_OVER },
	{ "expired, RFC", 400, "{\"error\":\"expired_token\"}", OAUTH_OVER },
	{ "expired before", 400, "{\"error\":\"invalid_grant\"}", OAUTH_OVER },
	{ "expired before, Auth0", 403, "{\"error\":\"invalid_grant\"}",
	    OAUTH_OVER },
	{ "too many requests", 429, "{\"error\":\"too_many_requests\"}",
	    OAUTH_LIMITED },
	{ "too many requests, in other words", 429, "{\"error\":\"quota\"}",
	    OAUTH_LIMITED },
	{ "too many requests, without a word", 429, NULL, OAUTH_LIMITED },
	{ "temporarily", 400, "{\"error\":\"temporarily_unavailable\"}",
	    OAUTH_LIMITED },

	/* what was asked is wrong */
	{ "no such client", 401, "{\"error\":\"invalid_client\"}",
	    OAUTH_REFUSED },
	{ "no such grant for the client", 403,
	    "{\"error\":\"unauthorized_client\"}", OAUTH_REFUSED },
	{ "no such grant", 400, "{\"error\":\"unsupported_grant_type\"}",
	    OAUTH_REFUSED },
	{ "a bad request", 400, "{\"error\":\"invalid_request\"}",
	    OAUTH_REFUSED },
	{ "no such scope", 400, "{\"error\":\"invalid_scope\"}",
	    OAUTH_REFUSED },
	{ "a second factor", 403, "{\"error\":\"mfa_required\"}",
	    OAUTH_REFUSED },
	{ "a proof of possession", 400, "{\"error\":\"use_dpop_nonce\"}",
	    OAUTH_REFUSED },
	{ "an error in capitals", 403, "{\"error\":\"Authorization_Pending\"}",
	    OAUTH_REFUSED },
	{ "an error with a blank", 403,
	    "{\"error\":\"authorization_pending \"}", OAUTH_REFUSED },
	{ "an error with a NUL's neighbour", 403,
	    "{\"error\":\"slow_down\\u0001\"}", OAUTH_REFUSED },
	{ "an empty error", 403, "{\"error\":\"\"}", OAUTH_NONSENSE },

	/* a token does not count with an error's status, nor the reverse */
	{ "a token with 403", 403, "{" TOKEN BEARER "}", OAUTH_NONSENSE },
	{ "a token with 201", 201, "{" TOKEN BEARER "}", OAUTH_NONSENSE },
	{ "a token and an error, 403", 403,
	    "{" TOKEN BEARER ",\"error\":\"access_denied\"}", OAUTH_DECLINED },
	{ "an error with 200", 200, "{\"error\":\"authorization_pending\"}",
	    OAUTH_NONSENSE },

	{ "no JSON", 403, NULL, OAUTH_NONSENSE },
	{ "no JSON, 200", 200, NULL, OAUTH_NONSENSE },
	{ "nothing in it", 400, "{}", OAUTH_NONSENSE },
	{ "nothing in it, 200", 200, "{}", OAUTH_NONSENSE },
	{ "an error null", 400, "{\"error\":null}", OAUTH_NONSENSE },
	{ "an error 7", 400, "{\"error\":7}", OAUTH_NONSENSE },
	{ "an error in a list", 400, "{\"error\":[\"slow_down\"]}",
	    OAUTH_NONSENSE },
	{ "no type", 200, "{" TOKEN "}", OAUTH_NONSENSE },
	{ "a type null", 200, "{" TOKEN ",\"token_type\":null}",
	    OAUTH_NONSENSE },
	{ "DPoP", 200, "{" TOKEN ",\"token_type\":\"DPoP\"}", OAUTH_NONSENSE },
	{ "N_A", 200, "{" TOKEN ",\"token_type\":\"N_A\"}", OAUTH_NONSENSE },
	{ "Bearer and more", 200, "{" TOKEN ",\"token_type\":\"Bearer \"}",
	    OAUTH_NONSENSE },
	{ "a token null", 200, "{\"access_token\":null" BEARER "}",
	    OAUTH_NONSENSE },
	{ "a token empty", 200, "{\"access_token\":\"\"" BEARER "}",
	    OAUTH_NONSENSE },
	{ "a token in an object", 200, "{\"access_token\":{}" BEARER "}",
	    OAUTH_NONSENSE },
	{ "a token of two lines", 200,
	    "{\"access_token\":\"eyJ\\nHost: x\"" BEARER "}", OAUTH_NONSENSE },
	{ "a token with a quote", 200,
	    "{\"access_token\":\"eyJ\\\"\"" BEARER "}", OAUTH_NONSENSE },
	{ "a token with a blank", 200, "{\"access_token\":\"eyJ x\"" BEARER "}",
	    OAUTH_NONSENSE },
	{ "a token with an escape", 200,
	    "{\"access_token\":\"eyJ\\u001b[2J\"" BEARER "}", OAUTH_NONSENSE },
	{ "a token beyond ASCII", 200,
	    "{\"access_token\":\"eyJ\\u00e9\"" BEARER "}", OAUTH_NONSENSE },
	{ "a token of padding", 200, "{\"access_token\":\"==\"" BEARER "}",
	    OAUTH_NONSENSE },
	{ "an ID token alone", 200, "{\"id_token\":\"eyJ.eyJ.x\"" BEARER "}",
	    OAUTH_NONSENSE },
};

static void
test_answers(void **state)
{
	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(answers); i++) {
		struct oauth_tokens tokens;
		struct json_doc doc;
		struct text why;
		enum oauth_end end;
		char detail[64];

		text_clear(&why);
		end = oauth_read_token(answers[i].status,
		    parse(answers[i].answer, &doc), &tokens, &why);
		(void)snprintf(detail, sizeof(detail), "%d, not %d", (int)end,
		    (int)answers[i].want);
		row(answers[i].name, end == answers[i].want, detail);
		row(answers[i].name,
		    (tokens.access.len > 0) == (end == OAUTH_TOKEN),
		    "a token beside an error");
		row(answers[i].name, (why.len > 0) == (end != OAUTH_TOKEN),
		    "no word on why");
		oauth_tokens_clear(&tokens);
		json_doc_free(&doc);
	}
	assert_int_equal(failed, 0);
}

static void
test_details(void **state)
{
	static const char text[] =
	    "{" TOKEN BEARER
	    ",\"expires_in\":86400,\"refresh_token\":\"v1.x\"}";
	struct oauth_tokens tokens;
	struct json_doc doc;
	struct text why;

	(void)state;
	text_clear(&why);
	assert_int_equal(oauth_read_token(200, parse(text, &doc), &tokens,
			     &why),
	    OAUTH_TOKEN);
	assert_true(span_is(buf_span(&tokens.access), "eyJh.eyJ.s-_~+/=="));
	assert_true(span_is(buf_span(&tokens.refresh), "v1.x"));
	assert_int_equal(tokens.lifetime, 86400);
	oauth_tokens_clear(&tokens);
	json_doc_free(&doc);
}

/* What is not vital is left out. */
static const struct {
	const char *members;
	int64_t lifetime;
} lenient[] = {
	{ ",\"expires_in\":0", 0 },
	{ ",\"expires_in\":-5", 0 },
	{ ",\"expires_in\":\"60\"", 0 },
	{ ",\"expires_in\":9223372036854775807", 31536000 },
	{ ",\"refresh_token\":\"\"", 0 },
	{ ",\"refresh_token\":7", 0 },
	{ ",\"refresh_token\":\"a\\nb\"", 0 },
	{ ",\"refresh_token\":\"a b\"", 0 },
	{ ",\"refresh_token\":\"\\u001b\"", 0 },
};

static void
test_lenient(void **state)
{
	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(lenient); i++) {
		struct oauth_tokens tokens;
		struct json_doc doc;
		char text[512];
		struct text why;

		text_clear(&why);
		(void)snprintf(text, sizeof(text), "{" TOKEN BEARER "%s}",
		    lenient[i].members);
		row(lenient[i].members,
		    oauth_read_token(200, parse(text, &doc), &tokens, &why) ==
			    OAUTH_TOKEN &&
			tokens.lifetime == lenient[i].lifetime &&
			tokens.refresh.len == 0,
		    "not left out");
		oauth_tokens_clear(&tokens);
		json_doc_free(&doc);
	}
	assert_int_equal(failed, 0);
}

/* Sizes at the edge, and one beyond. */
static void
test_sizes(void **state)
{
	static char text[2 * OAUTH_TOKEN_MAX];
	struct oauth_tokens tokens;
	struct json_doc doc;
	struct text why;

	(void)state;
	for (size_t n = OAUTH_TOKEN_MAX; n <= OAUTH_TOKEN_MAX + 1; n++) {
		char *token = calloc(1, n + 1);

		assert_non_null(token);
		memset(token, 'a', n);
		(void)snprintf(text, sizeof(text),
		    "{\"access_token\":\"%s\"" BEARER "}", token);
		text_clear(&why);
		assert_int_equal(oauth_read_token(200, parse(text, &doc),
				     &tokens, &why),
		    n == OAUTH_TOKEN_MAX ? OAUTH_TOKEN : OAUTH_NONSENSE);
		oauth_tokens_clear(&tokens);
		json_doc_free(&doc);
		free(token);
	}
}

/* What the tenant says is shown to people: whatever it is, it is printable. */
static void
test_words(void **state)
{
	static const char text[] = "{\"error\":\"bad\\u001b[2J\\n\","
				   "\"error_description\":\"\\u001b]0;x\\u0007"
				   "\\r\\nfoo " X300 "\"}";
	struct oauth_tokens tokens;
	struct json_doc doc;
	struct text why;

	(void)state;
	text_clear(&why);
	assert_int_equal(oauth_read_token(400, parse(text, &doc), &tokens,
			     &why),
	    OAUTH_REFUSED);
	for (const char *p = why.s; *p != '\0'; p++)
		assert_true(*p >= ' ' && *p <= '~');
	assert_non_null(strstr(why.s, "bad\\x1b[2J\\x0a: "));
	assert_true(why.len < 320);
	oauth_tokens_clear(&tokens);
	json_doc_free(&doc);
}

/* --- the form ----------------------------------------------------------------
 */

static const struct {
	const char *value;
	const char *want;
} fields[] = {
	{ "abcXYZ019-._", "a=abcXYZ019-._" },
	{ "", "a=" },
	{ "a b", "a=a%20b" },
	{ "a&b=c", "a=a%26b%3Dc" },
	{ "a+b", "a=a%2Bb" },
	{ "100%", "a=100%25" },
	{ "https://login.example.com/",
	    "a=https%3A%2F%2Flogin.example.com%2F" },
	{ "urn:x~y*z'", "a=urn%3Ax%7Ey%2Az%27" },
	{ "a\nb\rc\t", "a=a%0Ab%0Dc%09" },
	{ "\xc3\xa9\xff\x7f", "a=%C3%A9%FF%7F" },
};

static void
test_fields(void **state)
{
	struct buf form = BUF_INIT(256);

	(void)state;
	failed = 0;
	for (size_t i = 0; i < nitems(fields); i++) {
		assert_int_equal(oauth_add_field(&form, "a",
				     span_of(fields[i].value)),
		    REASON_OK);
		row(fields[i].value, strcmp(form.data, fields[i].want) == 0,
		    form.data);
		buf_clear(&form);
	}
	assert_int_equal(oauth_add_field(&form, "a", span_of("1")), REASON_OK);
	assert_int_equal(oauth_add_field(&form, "b", span_of("2")), REASON_OK);
	assert_string_equal(form.data, "a=1&b=2");
	form.max = 8;
	assert_int_equal(oauth_add_field(&form, "c", span_of("3")),
	    REASON_TOKEN_TOO_LARGE);
	buf_free(&form);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_wholes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
