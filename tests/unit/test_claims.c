/* SPDX-License-Identifier: BSD-2-Clause */
#include "claims.h"

#include <stdlib.h>

#include "unit.h"

#define ISS "https://t.example.com/"
#define API "https://api.example.com/"

/* What Auth0 issues; NOW is 1800000000. */
#define GOOD                                                              \
	"{\"iss\":\"" ISS "\",\"aud\":[\"" API "\",\"" ISS "userinfo\"]," \
	"\"sub\":\"auth0|5f7c8ec7c33c6c004bbafe82\",\"azp\":\"client\","  \
	"\"iat\":1799999900,\"exp\":1800000600,\"scope\":\"openid\"}"

static const struct row {
	const char *name;
	const char *without, *with; /* changes to GOOD */
	enum reason want;
	const char *check; /* that fails */
} rows[] = {
	{ "good", NULL, NULL, REASON_OK, NULL },
	{ "the issuer's other name", NULL,
	    "\"iss\":\"https://login.example.com/\"", REASON_OK, NULL },
	{ "one audience", NULL, "\"aud\":\"" API "\"", REASON_OK, NULL },
	{ "the second audience", NULL, "\"aud\":[\"urn:mail\"]", REASON_OK,
	    NULL },
	{ "no azp", "azp", NULL, REASON_OK, NULL },
	{ "RFC 9068's claims", "azp",
	    "\"client_id\":\"client\",\"jti\":\"a\",\"nbf\":1800000000",
	    REASON_OK, NULL },

	/* iss: 22 */
	{ "iss missing", "iss", NULL, REASON_ISSUER_REFUSED, "issuer" },
	{ "iss null", NULL, "\"iss\":null", REASON_ISSUER_REFUSED, "issuer" },
	{ "iss number", NULL, "\"iss\":1", REASON_ISSUER_REFUSED, "issuer" },
	{ "iss true", NULL, "\"iss\":true", REASON_ISSUER_REFUSED, "issuer" },
	{ "iss list", NULL, "\"iss\":[\"" ISS "\"]", REASON_ISSUER_REFUSED,
	    "issuer" },
	{ "iss object", NULL, "\"iss\":{\"" ISS "\":1}", REASON_ISSUER_REFUSED,
	    "issuer" },
	{ "iss empty", NULL, "\"iss\":\"\"", REASON_ISSUER_REFUSED, "issuer" },
	{ "iss of another", NULL, "\"iss\":\"https://evil.example.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss without slash", NULL, "\"iss\":\"https://t.example.com\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with two slashes", NULL, "\"iss\":\"" ISS "/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss prefix", NULL, "\"iss\":\"https://t.example.co\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss longer", NULL, "\"iss\":\"" ISS "x\"", REASON_ISSUER_REFUSED,
	    "issuer" },
	{ "iss http", NULL, "\"iss\":\"http://t.example.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss in capitals", NULL, "\"iss\":\"https://T.example.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a blank", NULL, "\"iss\":\"" ISS " \"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a newline", NULL, "\"iss\":\"" ISS "\\n\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a port", NULL, "\"iss\":\"https://t.example.com:443/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a user", NULL, "\"iss\":\"https://a@t.example.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a query", NULL, "\"iss\":\"" ISS "?\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss with a fragment", NULL, "\"iss\":\"" ISS "#\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss below another", NULL,
	    "\"iss\":\"https://t.example.com.evil.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "iss look-alike", NULL, "\"iss\":\"https://t.ex\\u0430mple.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "both issuers in one", NULL,
	    "\"iss\":\"" ISS " https://login.example.com/\"",
	    REASON_ISSUER_REFUSED, "issuer" },

	/* aud: the rest is in test_audiences */
	{ "aud missing", "aud", NULL, REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud null", NULL, "\"aud\":null", REASON_CLAIM_INVALID, "audience" },
	{ "aud number", NULL, "\"aud\":1", REASON_CLAIM_INVALID, "audience" },
	{ "aud true", NULL, "\"aud\":true", REASON_CLAIM_INVALID, "audience" },
	{ "aud object", NULL, "\"aud\":{\"" API "\":1}", REASON_CLAIM_INVALID,
	    "audience" },
	{ "aud empty", NULL, "\"aud\":\"\"", REASON_AUDIENCE_REFUSED,
	    "audience" },
	{ "aud empty list", NULL, "\"aud\":[]", REASON_AUDIENCE_REFUSED,
	    "audience" },
	{ "aud list of nothing", NULL, "\"aud\":[\"\"]",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud of another", NULL, "\"aud\":\"https://other.example.com/\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud of others", NULL, "\"aud\":[\"a\",\"b\",\"c\"]",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud without slash", NULL, "\"aud\":\"https://api.example.com\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud prefix", NULL, "\"aud\":\"https://api.exam\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud longer", NULL, "\"aud\":\"" API "v2\"", REASON_AUDIENCE_REFUSED,
	    "audience" },
	{ "aud in capitals", NULL, "\"aud\":\"https://API.example.com/\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud with a blank", NULL, "\"aud\":\" " API "\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud with a newline", NULL, "\"aud\":\"" API "\\n\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud as words", NULL, "\"aud\":\"" API " urn:mail\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud as a comma list", NULL, "\"aud\":\"" API ",urn:mail\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud in a list in a list", NULL, "\"aud\":[[\"" API "\"]]",
	    REASON_CLAIM_INVALID, "audience" },
	{ "aud beside a number", NULL, "\"aud\":[\"" API "\",1]",
	    REASON_CLAIM_INVALID, "audience" },
	{ "aud behind a null", NULL, "\"aud\":[null,\"" API "\"]",
	    REASON_CLAIM_INVALID, "audience" },
	{ "aud beside an object", NULL, "\"aud\":[{},\"" API "\"]",
	    REASON_CLAIM_INVALID, "audience" },
	{ "aud userinfo only", NULL, "\"aud\":\"" ISS "userinfo\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud of the client", NULL, "\"aud\":\"client\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud by another name", "aud", "\"Aud\":\"" API "\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud as a resource", "aud", "\"resource\":\"" API "\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud look-alike", NULL, "\"aud\":\"https://\\u0430pi.example.com/\"",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "aud pattern", NULL, "\"aud\":\"*\"", REASON_AUDIENCE_REFUSED,
	    "audience" },

	/* what kind of token it is */
	{ "ID token: nonce", NULL, "\"nonce\":\"a\"", REASON_TYPE_REFUSED,
	    "kind" },
	{ "ID token: nonce null", NULL, "\"nonce\":null", REASON_TYPE_REFUSED,
	    "kind" },
	{ "ID token: at_hash", NULL, "\"at_hash\":\"a\"", REASON_TYPE_REFUSED,
	    "kind" },
	{ "ID token: c_hash", NULL, "\"c_hash\":\"a\"", REASON_TYPE_REFUSED,
	    "kind" },
	{ "ID token: s_hash", NULL, "\"s_hash\":\"a\"", REASON_TYPE_REFUSED,
	    "kind" },
	{ "logout token: events", NULL, "\"events\":{}", REASON_TYPE_REFUSED,
	    "kind" },
	{ "the client is its own audience", NULL,
	    "\"azp\":\"urn:mail\",\"aud\":\"urn:mail\"", REASON_TYPE_REFUSED,
	    "kind" },
	{ "the client is another audience of ours", NULL,
	    "\"azp\":\"urn:mail\"", REASON_TYPE_REFUSED, "kind" },
	{ "the same by client_id", "azp", "\"client_id\":\"" API "\"",
	    REASON_TYPE_REFUSED, "kind" },
	{ "the same by cid", "azp", "\"cid\":\"" API "\"", REASON_TYPE_REFUSED,
	    "kind" },

	/* sub: 10 */
	{ "sub missing", "sub", NULL, REASON_CLAIM_INVALID, "sub" },
	{ "sub null", NULL, "\"sub\":null", REASON_CLAIM_INVALID, "sub" },
	{ "sub empty", NULL, "\"sub\":\"\"", REASON_CLAIM_INVALID, "sub" },
	{ "sub number", NULL, "\"sub\":0", REASON_CLAIM_INVALID, "sub" },
	{ "sub real", NULL, "\"sub\":1.5", REASON_CLAIM_INVALID, "sub" },
	{ "sub true", NULL, "\"sub\":true", REASON_CLAIM_INVALID, "sub" },
	{ "sub list", NULL, "\"sub\":[\"alice\"]", REASON_CLAIM_INVALID,
	    "sub" },
	{ "sub object", NULL, "\"sub\":{}", REASON_CLAIM_INVALID, "sub" },

	/* other strings */
	{ "azp null", NULL, "\"azp\":null", REASON_CLAIM_INVALID, "azp" },
	{ "azp number", NULL, "\"azp\":1", REASON_CLAIM_INVALID, "azp" },
	{ "azp list", NULL, "\"azp\":[\"client\"]", REASON_CLAIM_INVALID,
	    "azp" },
	{ "azp empty", NULL, "\"azp\":\"\"", REASON_CLAIM_INVALID, "azp" },
	{ "client_id true", NULL, "\"client_id\":true", REASON_CLAIM_INVALID,
	    "client_id" },
	{ "client_id empty", "azp", "\"client_id\":\"\"", REASON_CLAIM_INVALID,
	    "client_id" },
	{ "jti number", NULL, "\"jti\":1", REASON_CLAIM_INVALID, "jti" },
	{ "jti empty", NULL, "\"jti\":\"\"", REASON_CLAIM_INVALID, "jti" },
	{ "gty list", NULL, "\"gty\":[\"client-credentials\"]",
	    REASON_CLAIM_INVALID, "gty" },
	{ "gty null", NULL, "\"gty\":null", REASON_CLAIM_INVALID, "gty" },

	/* a thief has the token, not the key */
	{ "cnf of DPoP", NULL, "\"cnf\":{\"jkt\":\"a\"}",
	    REASON_SENDER_CONSTRAINED, "binding" },
	{ "cnf of TLS", NULL, "\"cnf\":{\"x5t#S256\":\"a\"}",
	    REASON_SENDER_CONSTRAINED, "binding" },
	{ "cnf empty", NULL, "\"cnf\":{}", REASON_SENDER_CONSTRAINED,
	    "binding" },
	{ "cnf null", NULL, "\"cnf\":null", REASON_SENDER_CONSTRAINED,
	    "binding" },
	{ "cnf string", NULL, "\"cnf\":\"\"", REASON_SENDER_CONSTRAINED,
	    "binding" },

	/* the first fault is the one that is told */
	{ "nothing right", "exp", "\"iss\":\"a\",\"aud\":\"b\",\"sub\":1",
	    REASON_ISSUER_REFUSED, "issuer" },
	{ "other audience, expired", NULL, "\"aud\":\"b\",\"exp\":1",
	    REASON_AUDIENCE_REFUSED, "audience" },
	{ "expired and bound", NULL, "\"exp\":1,\"cnf\":{}", REASON_EXPIRED,
	    "exp" },
};

static struct claims_rules rules = {
	.clock_tolerance = 30,
	.max_token_lifetime = 2592000,
};
static struct list issuers;

static void
check(const char *name, const struct json *json, bool is_at_jwt,
    enum reason want, const char *failed)
{
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	struct trace trace;

	trace_init(&trace);
	row_reason(name,
	    claims_check(&claims, &rules, &issuers, is_at_jwt, NOW, &trace),
	    want);
	row_text(name, trace.failed != NULL ? trace.failed : "",
	    failed != NULL ? failed : "");
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct json *json =
		    unit_json(GOOD, rows[i].without, rows[i].with);

		check(rows[i].name, json, false, rows[i].want, rows[i].check);
		unit_json_free(json);
	}
	rows_end();
}

/* What a person is told of dates. */
static void
test_told(void **state)
{
	static const struct {
		const char *with, *failed, *found;
	} told[] = {
		{ "\"exp\":1799999900", "exp", "100 seconds ago" },
		{ "\"exp\":1810000000", "exp", "10000000 seconds ahead" },
		{ "\"nbf\":1800000100", "nbf", "100 seconds ahead" },
		{ "\"iat\":1799990000", "age", "issued 10000 seconds ago" },
	};

	(void)state;
	rules.max_token_age = 500;
	for (size_t i = 0; i < nitems(told); i++) {
		const struct json *json = unit_json(GOOD, NULL, told[i].with);
		const struct claims claims = { .json = json,
			.proof = PROOF_JWT };
		struct trace trace;

		trace_init(&trace);
		row_true(told[i].with,
		    claims_check(&claims, &rules, &issuers, false, NOW,
			&trace) != REASON_OK);
		row_text(told[i].with, trace.failed, told[i].failed);
		row_text(told[i].with, trace.found.s, told[i].found);
		unit_json_free(json);
	}
	rules.max_token_age = 0;
	rows_end();
}

static void
on_step(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	(void)reason;
	(void)wanted;
	if (strcmp(check, "exp") == 0 || strcmp(check, "iat") == 0)
		assert_int_equal(buf_printf(arg, "%s: %s\n", check, found),
		    REASON_OK);
}

/* Who asks is told of good dates as well. */
static void
test_told_of_good(void **state)
{
	const struct json *json =
	    unit_json(GOOD, NULL, "\"exp\":1800000600,\"iat\":1799999900");
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	struct buf told = BUF_INIT(1024);
	struct trace trace;

	(void)state;
	trace_init(&trace);
	trace.step = on_step;
	trace.arg = &told;
	row_reason("good",
	    claims_check(&claims, &rules, &issuers, false, NOW, &trace),
	    REASON_OK);
	row_text("good", told.data,
	    "exp: 600 seconds from now\niat: 100 seconds ago\n");
	buf_free(&told);
	unit_json_free(json);
	rows_end();
}

/* When claims that were accepted are not any more; NOW is 1800000000. */
static void
test_window(void **state)
{
	static const struct {
		const char *with;
		int max_age;
		int64_t first, last;
	} windows[] = {
		{ NULL, 0, 1799999870, 1800000629 },
		{ "\"nbf\":1799999950", 0, 1799999920, 1800000629 },
		{ "\"nbf\":1799999800", 0, 1799999870, 1800000629 },
		{ NULL, 200, 1799999870, 1800000130 },
		{ NULL, 100000, 1799999870, 1800000629 },
		{ NULL, 699, 1799999870, 1800000629 },
		{ NULL, 700, 1799999870, 1800000629 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(windows); i++) {
		const struct json *json =
		    unit_json(GOOD, NULL, windows[i].with);
		const struct claims claims = { .json = json,
			.proof = PROOF_JWT };
		int64_t first, last;

		rules.max_token_age = windows[i].max_age;
		claims_window(&claims, &rules, &first, &last);
		assert_int_equal(first, windows[i].first);
		assert_int_equal(last, windows[i].last);
		unit_json_free(json);
	}
	rules.max_token_age = 0;
	rows_end();
}

/* Nothing at all, and what is no object. */
static void
test_nothing(void **state)
{
	const struct json *json = unit_json("{}", NULL, NULL);

	(void)state;
	check("empty", json, true, REASON_ISSUER_REFUSED, "issuer");
	check("NULL", NULL, true, REASON_ISSUER_REFUSED, "issuer");
	unit_json_free(json);
	rows_end();
}

/* "aud" with n members, ours at the place at; not at all if at is n. */
static const struct json *
audience_list(size_t n, size_t at)
{
	struct buf with = BUF_INIT(64 * 1024);
	const struct json *json;

	assert_int_equal(buf_add_str(&with, "\"aud\":["), REASON_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_printf(&with, "%s\"%s\"", i > 0 ? "," : "",
				     i == at ? API : "urn:other"),
		    REASON_OK);
	assert_int_equal(buf_add_str(&with, "]"), REASON_OK);
	json = unit_json(GOOD, NULL, with.data);
	buf_free(&with);
	return json;
}

/* Lists of every size around the powers of two. */
static void
test_audiences(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64,
		65, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		const size_t n = sizes[i];
		const size_t places[] = { 0, n / 2, n > 0 ? n - 1 : 0, n };

		for (size_t j = 0; j < nitems(places); j++) {
			const struct json *json = audience_list(n, places[j]);
			const enum reason want = n > 64 ? REASON_CLAIM_INVALID
			    : places[j] < n		? REASON_OK
					    : REASON_AUDIENCE_REFUSED;

			check("aud of many", json, false, want,
			    want == REASON_OK ? NULL : "audience");
			unit_json_free(json);
		}
	}
	rows_end();
}

/* Strings of 255 bytes and of one more. */
static void
test_lengths(void **state)
{
	static const char *const names[] = { "sub", "azp", "client_id", "jti",
		"gty" };

	(void)state;
	for (size_t i = 0; i < nitems(names); i++)
		for (size_t n = SUBJECT_MAX; n <= SUBJECT_MAX + 1; n++) {
			struct buf with = BUF_INIT(1024);
			char *s = unit_repeat('s', n);
			const struct json *json;

			assert_int_equal(buf_printf(&with, "\"%s\":\"%s\"",
					     names[i], s),
			    REASON_OK);
			json = unit_json(GOOD, NULL, with.data);
			check(names[i], json, false,
			    n > SUBJECT_MAX ? REASON_CLAIM_INVALID : REASON_OK,
			    n > SUBJECT_MAX ? names[i] : NULL);
			unit_json_free(json);
			buf_free(&with);
			free(s);
		}
	rows_end();
}

/* RFC 9068 in full: Auth0's own profile lacks some of it. */
static void
test_strict_profile(void **state)
{
	static const struct {
		const char *name;
		bool is_at_jwt;
		const char *without;
		enum reason want;
		const char *check;
	} strict[] = {
		{ "at+jwt", true, NULL, REASON_OK, NULL },
		{ "JWT", false, NULL, REASON_TYPE_REFUSED, "kind" },
		{ "no client_id", true, "client_id", REASON_CLAIM_INVALID,
		    "client_id" },
		{ "no jti", true, "jti", REASON_CLAIM_INVALID, "jti" },
		{ "no sub", true, "sub", REASON_CLAIM_INVALID, "sub" },
		{ "no iat", true, "iat", REASON_CLAIM_INVALID, "iat" },
		{ "no exp", true, "exp", REASON_CLAIM_INVALID, "exp" },
		{ "no aud", true, "aud", REASON_AUDIENCE_REFUSED, "audience" },
		{ "no iss", true, "iss", REASON_ISSUER_REFUSED, "issuer" },
	};

	(void)state;
	rules.profile = PROFILE_RFC9068;
	for (size_t i = 0; i < nitems(strict); i++) {
		const struct json *json =
		    unit_json("{\"iss\":\"" ISS "\",\"aud\":\"" API
			      "\",\"sub\":\"a\","
			      "\"client_id\":\"c\","
			      "\"jti\":\"a\","
			      "\"iat\":1799999900,"
			      "\"exp\":1800000600}",
			strict[i].without, NULL);

		check(strict[i].name, json, strict[i].is_at_jwt, strict[i].want,
		    strict[i].check);
		unit_json_free(json);
	}
	rules.profile = PROFILE_ANY;
	rows_end();
}

static void
test_client(void **state)
{
	static const struct {
		const char *name, *claims, *want;
		enum proof proof;
	} clients[] = {
		{ "azp", "{\"azp\":\"a\"}", "a", PROOF_JWT },
		{ "client_id", "{\"client_id\":\"b\"}", "b", PROOF_JWT },
		{ "both", "{\"azp\":\"a\",\"client_id\":\"b\"}", "a",
		    PROOF_JWT },
		{ "azp no string", "{\"azp\":1,\"client_id\":\"b\"}", "b",
		    PROOF_JWT },
		{ "neither", "{}", "", PROOF_JWT },
		{ "no strings", "{\"azp\":[\"a\"],\"client_id\":{}}", "",
		    PROOF_JWT },
		{ "cid", "{\"cid\":\"c\"}", "c", PROOF_JWT },
		{ "cid no string", "{\"cid\":[\"c\"]}", "", PROOF_JWT },
		{ "cid behind azp", "{\"azp\":1,\"cid\":\"c\"}", "",
		    PROOF_JWT },
		{ "cid behind client_id", "{\"client_id\":null,\"cid\":\"c\"}",
		    "", PROOF_JWT },
		{ "cid from /userinfo", "{\"cid\":\"c\"}", "", PROOF_USERINFO },
	};

	(void)state;
	for (size_t i = 0; i < nitems(clients); i++) {
		const struct json *json =
		    unit_json(clients[i].claims, NULL, NULL);
		const struct claims claims = { .json = json,
			.proof = clients[i].proof };

		row_true(clients[i].name,
		    span_is(claims_client(&claims), clients[i].want));
		unit_json_free(json);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	return list_add(&issuers, span_of(ISS)) != REASON_OK ||
		list_add(&issuers, span_of("https://login.example.com/")) !=
		    REASON_OK ||
		list_add(&rules.audiences, span_of(API)) != REASON_OK ||
		list_add(&rules.audiences, span_of("urn:mail")) != REASON_OK
	    ? -1
	    : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	list_free(&issuers);
	list_free(&rules.audiences);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_nothing),
	cmocka_unit_test(test_told),
	cmocka_unit_test(test_told_of_good),
	cmocka_unit_test(test_window),
	cmocka_unit_test(test_audiences),
	cmocka_unit_test(test_lengths),
	cmocka_unit_test(test_strict_profile),
	cmocka_unit_test(test_client),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
