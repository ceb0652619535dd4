/* SPDX-License-Identifier: BSD-2-Clause */
#include "audient.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "site.h"
#include "token.h"
#include "unit.h"

#define TWO_TENANTS                                                      \
	"audience = " SITE_API "\nusername_claim = user\ntenant = a b\n" \
	"cache_dir = %D/cache\n"                                         \
	"[tenant a]\nissuer = " SITE_A "\njwks_file = %A\n"              \
	"[tenant b]\nissuer = " SITE_B "\njwks_file = %B\n"              \
	"[service only-b]\ntenant = b\n"                                 \
	"[service only-a]\ntenant = a\n"

static struct site site;
static struct audient *audient;
static const char *secret; /* the token that nobody may tell of */

static void
open_site(const char *text)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];

	audient_close(audient);
	site_configure(&site, text);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	assert_string_equal(problem, "");
}

/* Has text sixteen letters in a row of the token? */
static void
check_secret(const char *text)
{
	char part[17] = "";

	for (size_t i = 0; i + 16 <= strlen(secret); i++) {
		memcpy(part, secret + i, 16);
		if (strstr(text, part) != NULL)
			fail_msg("the token is told: %s", text);
	}
}

static void
listen(void *arg, const struct audient_step *step)
{
	struct buf *told = arg;

	check_secret(step->found);
	check_secret(step->wanted);
	assert_int_equal(buf_printf(told, "%s%s%s", told->len > 0 ? " " : "",
			     step->reason == REASON_OK ? "" : "!", step->check),
	    REASON_OK);
}

/* Takes over the token. */
static void
check_as(const char *name, const char *service, char *token, enum reason want,
    const char *steps)
{
	struct buf told = BUF_INIT(4096);
	const struct audient_request rq = { .token = span_of(token),
		.service = service,
		.user = "alice",
		.uid = 1000,
		.at = NOW,
		.step = listen,
		.step_arg = &told };
	struct audient_line line;
	struct audient_verdict v;

	secret = token;
	row_reason(name, audient_check(audient, &rq, &v), want);
	row_number(name, v.reason, want);
	row_text(name, v.user, want == REASON_OK ? "alice" : "");
	row_true(name, (v.check != NULL) == (want != REASON_OK));
	audient_audit(audient, &rq, &v, &line);
	check_secret(line.text);
	if (steps != NULL)
		row_text(name, told.data != NULL ? told.data : "", steps);
	buf_free(&told);
	free(token);
}

static void
check(const char *name, char *token, enum reason want, const char *steps)
{
	check_as(name, "sshd", token, want, steps);
}

#define WAY "header algorithm type key signature "

static void
test_way(void **state)
{
	(void)state;
	open_site(SITE_ONE "required_scopes = login\n");
	check("good",
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL),
	    REASON_OK,
	    WAY "issuer kind audience exp iat binding subject scope "
		"username_claim username user");
	check("nothing", strdup(""), REASON_NOT_A_TOKEN, "!token");
	check("opaque", strdup("0123456789abcdef0123456789abcdef"),
	    REASON_OPAQUE_REFUSED, "!token");
	check("opaque JWE",
	    strdup("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaaaaaaaaaaaaaa"
		   ".bbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccc"),
	    REASON_OPAQUE_REFUSED, "!token");
	check("not allowed algorithm",
	    mint_token(MINT_P256, ALG_ES256,
		"{\"alg\":\"ES256\",\"kid\":\"ec\"}", SITE_CLAIMS, NULL),
	    REASON_ALGORITHM_REFUSED, "header !algorithm");
	check("unknown key",
	    mint_token(MINT_RSA, ALG_RS256,
		"{\"alg\":\"RS256\",\"kid\":\"rsa2\"}", SITE_CLAIMS, NULL),
	    REASON_KEY_UNKNOWN, "header algorithm type !key");
	check("another's key under our kid",
	    mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER, SITE_CLAIMS,
		NULL),
	    REASON_SIGNATURE_INVALID, "header algorithm type key !signature");
	check("key of another kind",
	    mint_token(MINT_RSA, ALG_RS256,
		"{\"alg\":\"RS256\",\"kid\":\"ec\"}", SITE_CLAIMS, NULL),
	    REASON_KEY_UNUSABLE, "header algorithm type !key");
	check("extension",
	    mint_token(MINT_RSA, ALG_RS256,
		"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[]}", SITE_CLAIMS,
		NULL),
	    REASON_TOKEN_MALFORMED, "!header");
	check("unsigned",
	    mint_assemble("{\"alg\":\"none\"}", SITE_CLAIMS, SPAN("x")),
	    REASON_ALGORITHM_REFUSED, "header !algorithm");
	rows_end();
}

/* The claims of a token are not looked at before its signature is good. */
static void
test_signature_first(void **state)
{
	static const char *const claims[] = { "foo", "{}", "[]", "",
		"{\"iss\":\"https://evil/\",\"exp\":1}",
		"{\"iss\":\"" SITE_A "\",\"aud\":\"other\",\"exp\":1}" };

	(void)state;
	open_site(SITE_ONE);
	for (size_t i = 0; i < nitems(claims); i++) {
		char *token;

		if (claims[i][0] == '\0')
			continue;
		token = mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER,
		    claims[i], NULL);
		check(claims[i], token, REASON_SIGNATURE_INVALID,
		    "header algorithm type key !signature");
	}
	rows_end();
}

/* Well signed, and no claims. */
static const struct {
	const char *name;
	struct span payload;
	enum reason want;
	const char *steps;
} payloads[] = {
	{ "text", BYTES("foo"), REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "list", BYTES("[]"), REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "string", BYTES("\"a\""), REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "number", BYTES("1"), REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "null", BYTES("null"), REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "empty object", BYTES("{}"), REASON_ISSUER_REFUSED, WAY "!issuer" },
	{ "NUL behind", BYTES(SITE_CLAIMS "\0"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "newline behind", BYTES(SITE_CLAIMS "\n"), REASON_OK, NULL },
	{ "twice", BYTES(SITE_CLAIMS SITE_CLAIMS), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "byte order mark", BYTES("\xef\xbb\xbf" SITE_CLAIMS),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "UTF-16", BYTES("{\0\"\0i\0s\0s\0\"\0:\0"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "Latin-1", BYTES("{\"iss\":\"\xe9\"}"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "overlong", BYTES("{\"iss\":\"\xc0\xaf\"}"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "lone surrogate", BYTES("{\"iss\":\"\\ud800\"}"),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "claim twice",
	    BYTES("{\"iss\":\"" SITE_A "\",\"iss\":\"" SITE_A "\"}"),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "claim twice, once escaped",
	    BYTES("{\"sub\":\"a\",\"s\\u0075b\":\"root\"}"),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "NUL in a claim", BYTES("{\"sub\":\"root\\u0000x\"}"),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "exp beyond a number", BYTES("{\"exp\":9223372036854775808}"),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
	{ "exp beyond a real",
	    BYTES("{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API
		  "\",\"sub\":\"a\",\"exp\":1e999}"),
	    REASON_CLAIM_INVALID, WAY "issuer kind audience !exp" },
	{ "not a number", BYTES("{\"exp\":NaN}"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "trailing comma", BYTES("{\"a\":1,}"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "single quotes", BYTES("{'a':1}"), REASON_TOKEN_MALFORMED,
	    WAY "!payload" },
	{ "another token", BYTES("eyJhbGciOiJub25lIn0.e30."),
	    REASON_TOKEN_MALFORMED, WAY "!payload" },
};

static void
test_payloads(void **state)
{
	char *deep = unit_repeat('[', 5000), *token;

	(void)state;
	open_site(SITE_ONE);
	for (size_t i = 0; i < nitems(payloads); i++)
		check(payloads[i].name,
		    mint_token_bytes(MINT_RSA, ALG_RS256, SITE_HEADER,
			payloads[i].payload, NULL),
		    payloads[i].want, payloads[i].steps);
	check("deep", mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, deep, NULL),
	    REASON_TOKEN_MALFORMED, WAY "!payload");
	free(deep);
	deep = unit_repeat('1', 13000);
	token = mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, deep, NULL);
	check("too large", token, REASON_TOKEN_TOO_LARGE, "!token");
	free(deep);
	rows_end();
}

/* Whatever is cut off, nothing gets in. */
static void
test_truncated(void **state)
{
	char *token =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	struct audient_verdict v;

	(void)state;
	open_site(SITE_ONE);
	for (size_t n = 0; n < strlen(token); n++) {
		const struct span s = unit_exact((struct span){ token, n });
		const struct audient_request rq = { .token = s,
			.service = "sshd",
			.at = NOW,
			.uid = 1000 };

		row_bool("cut off",
		    audient_check(audient, &rq, &v) == REASON_OK, false);
		unit_free(s);
	}
	free(token);
	rows_end();
}

#define CLAIMS_OF(issuer)                                                \
	"{\"iss\":\"" issuer "\",\"aud\":\"" SITE_API "\","              \
	"\"sub\":\"auth0|alice\",\"azp\":\"client\",\"user\":\"alice\"," \
	"\"iat\":1799999900,\"exp\":1800000600}"
#define HEADER_B "{\"alg\":\"RS256\",\"kid\":\"other\"}"

/* A tenant's key vouches for that tenant's issuer only. */
static void
test_tenants(void **state)
{
	static const struct {
		const char *name, *service;
		enum mint_key key;
		const char *header, *claims;
		enum reason want;
	} rows[] = {
		{ "a", "sshd", MINT_RSA, SITE_HEADER, CLAIMS_OF(SITE_A),
		    REASON_OK },
		{ "b", "sshd", MINT_RSA_OTHER, HEADER_B, CLAIMS_OF(SITE_B),
		    REASON_OK },
		{ "b where only b", "only-b", MINT_RSA_OTHER, HEADER_B,
		    CLAIMS_OF(SITE_B), REASON_OK },
		{ "a's claims by b's key", "sshd", MINT_RSA_OTHER, HEADER_B,
		    CLAIMS_OF(SITE_A), REASON_ISSUER_REFUSED },
		{ "b's claims by a's key", "sshd", MINT_RSA, SITE_HEADER,
		    CLAIMS_OF(SITE_B), REASON_ISSUER_REFUSED },
		{ "a's claims by b's key under a's kid", "sshd", MINT_RSA_OTHER,
		    SITE_HEADER, CLAIMS_OF(SITE_A), REASON_SIGNATURE_INVALID },
		{ "a where only b", "only-b", MINT_RSA, SITE_HEADER,
		    CLAIMS_OF(SITE_A), REASON_KEY_UNKNOWN },
		{ "b where only a", "only-a", MINT_RSA_OTHER, HEADER_B,
		    CLAIMS_OF(SITE_B), REASON_KEY_UNKNOWN },
		{ "nobody's key", "sshd", MINT_RSA,
		    "{\"alg\":\"RS256\",\"kid\":\"x\"}", CLAIMS_OF(SITE_A),
		    REASON_KEY_UNKNOWN },
	};

	(void)state;
	open_site(TWO_TENANTS);
	for (size_t i = 0; i < nitems(rows); i++)
		check_as(rows[i].name, rows[i].service,
		    mint_token(rows[i].key, ALG_RS256, rows[i].header,
			rows[i].claims, NULL),
		    rows[i].want, NULL);
	rows_end();
}

/* Of two keys with the same kid the first tenant's counts. */
static void
test_same_kid(void **state)
{
	char *jwk[] = { mint_jwk(MINT_RSA_OTHER, "rsa", NULL) };
	char *set = mint_jwks(jwk, 1);

	(void)state;
	unit_write(site.jwks_b, span_of(set), 0600);
	open_site(TWO_TENANTS);
	check("the first one's key",
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, CLAIMS_OF(SITE_A),
		NULL),
	    REASON_OK, NULL);
	check("the second one's key",
	    mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER,
		CLAIMS_OF(SITE_B), NULL),
	    REASON_SIGNATURE_INVALID, NULL);
	check_as("the second one alone", "only-b",
	    mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER,
		CLAIMS_OF(SITE_B), NULL),
	    REASON_OK, NULL);
	free(set);
	rows_end();
}

/* What people are told of that which is no token, or hardly one. */
static void
test_told(void **state)
{
	static const struct {
		const char *name, *start;
		size_t len;
		enum reason want;
		const char *found, *wanted;
	} rows[] = {
		{ "a password", "hunter2", 7, REASON_NOT_A_TOKEN,
		    "something else", "a signed token" },
		{ "too large", "eyJ", TOKEN_MAX + 1, REASON_TOKEN_TOO_LARGE,
		    "16385 bytes", "at most 16384 bytes" },
		{ "four segments", "eyJ.b.c.d", 9, REASON_TOKEN_TRUNCATED,
		    "9 bytes", "a signed token" },
	};
	struct audient_verdict v;

	(void)state;
	open_site(SITE_ONE);
	for (size_t i = 0; i < nitems(rows); i++) {
		char *token = unit_repeat('a', rows[i].len);
		const struct audient_request rq = { .token = span_of(token),
			.service = "sshd",
			.uid = 1000,
			.at = NOW };

		memcpy(token, rows[i].start, strlen(rows[i].start));
		row_reason(rows[i].name, audient_check(audient, &rq, &v),
		    rows[i].want);
		row_text(rows[i].name, v.found, rows[i].found);
		row_text(rows[i].name, v.wanted, rows[i].wanted);
		free(token);
	}
	rows_end();
}

/* Each tenant has algorithms of its own. */
static void
test_algorithms(void **state)
{
	(void)state;
	open_site("audience = " SITE_API "\nusername_claim = user\n"
		  "tenant = a b\ncache_dir = %D/cache\n"
		  "[tenant a]\nissuer = " SITE_A "\njwks_file = %A\n"
		  "[tenant b]\nissuer = " SITE_B "\njwks_file = %B\n"
		  "algorithms = ES256 PS256\n");
	check("RS256 of a",
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, CLAIMS_OF(SITE_A),
		NULL),
	    REASON_OK, NULL);
	check("PS256 of b",
	    mint_token(MINT_RSA_OTHER, ALG_PS256,
		"{\"alg\":\"PS256\",\"kid\":\"other\"}", CLAIMS_OF(SITE_B),
		NULL),
	    REASON_OK, NULL);
	check("RS256 of b",
	    mint_token(MINT_RSA_OTHER, ALG_RS256, HEADER_B, CLAIMS_OF(SITE_B),
		NULL),
	    REASON_ALGORITHM_REFUSED, "header algorithm type key !algorithm");
	check("ES256 of a",
	    mint_token(MINT_P256, ALG_ES256,
		"{\"alg\":\"ES256\",\"kid\":\"ec\"}", CLAIMS_OF(SITE_A), NULL),
	    REASON_ALGORITHM_REFUSED, "header algorithm type key !algorithm");
	check("PS384 of nobody",
	    mint_token(MINT_RSA, ALG_PS384,
		"{\"alg\":\"PS384\",\"kid\":\"rsa\"}", CLAIMS_OF(SITE_A), NULL),
	    REASON_ALGORITHM_REFUSED, "header !algorithm");
	rows_end();
}

/* A service that has no section and no defaults. */
static void
test_no_service(void **state)
{
	(void)state;
	open_site("issuer = " SITE_A "\njwks_file = %A\n"
		  "cache_dir = %D/cache\nusername_claim = user\n"
		  "[service imap]\naudience = " SITE_API "\n");
	check_as("has its section", "imap",
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL),
	    REASON_OK, NULL);
	check_as("has none", "smtp",
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL),
	    REASON_CONFIG_INVALID, "!configuration");
	rows_end();
}

static void
test_verdict(void **state)
{
	char *token =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	struct audient_request rq = { .token = span_of(token),
		.service = "sshd",
		.uid = AUDIENT_NOT_ACCOUNTS,
		.at = NOW };
	struct audient_verdict v;

	(void)state;
	open_site(SITE_ONE);
	assert_int_equal(audient_check(audient, &rq, &v), REASON_OK);
	assert_int_equal(v.proof, PROOF_JWT);
	assert_string_equal(v.user, "alice");
	assert_string_equal(v.subject, "auth0|alice");
	assert_string_equal(v.client, "client");
	assert_string_equal(v.key, "rsa");
	assert_int_equal(v.expires, 1800000630); /* with the tolerance */
	assert_null(v.check);
	assert_false(v.is_delegate);
	rq.at = NOW + 3600;
	assert_int_equal(audient_check(audient, &rq, &v), REASON_EXPIRED);
	assert_string_equal(v.user, "");
	assert_string_equal(v.subject, "auth0|alice");
	assert_string_equal(v.check, "exp");
	rq.at = NOW;
	rq.user = "bob";
	assert_int_equal(audient_check(audient, &rq, &v), REASON_USER_MISMATCH);
	assert_string_equal(v.user, "");
	assert_string_equal(v.check, "user");
	assert_string_equal(v.found, "alice");
	assert_string_equal(v.wanted, "bob");
	free(token);
}

/* A clock that was never set is nobody's fault but ours. */
static void
test_clock(void **state)
{
	static const int64_t times[] = { 1, 1000000, CLOCK_PLAUSIBLE - 1, -1 };
	char *token =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	struct audient_request rq = { .token = span_of(token),
		.service = "sshd",
		.uid = 1000 };
	struct audient_verdict v;

	(void)state;
	open_site(SITE_ONE);
	for (size_t i = 0; i < nitems(times); i++) {
		rq.at = times[i];
		row_reason("not set", audient_check(audient, &rq, &v),
		    REASON_ISSUER_UNAVAILABLE);
		row_text("not set", v.check, "clock");
	}
	rq.at = CLOCK_PLAUSIBLE;
	row_reason("set, to the first second", audient_check(audient, &rq, &v),
	    REASON_CLAIM_INVALID);
	free(token);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(audient);
	audient = NULL;
	site_remove(&site);
	mint_end();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_way), cmocka_unit_test(test_signature_first),
	cmocka_unit_test(test_payloads), cmocka_unit_test(test_truncated),
	cmocka_unit_test(test_tenants), cmocka_unit_test(test_told),
	cmocka_unit_test(test_algorithms), cmocka_unit_test(test_no_service),
	cmocka_unit_test(test_verdict), cmocka_unit_test(test_clock),
	cmocka_unit_test(test_same_kid), /* changes b's keys */
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
