/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audient.h"
#include "site.h"
#include "unit.h"

/* Opaque tokens: what the issuer may say of them, and when it is asked. */
#define ENDPOINT "userinfo_endpoint = " SITE_A "userinfo\n"
#define BASE                                                          \
	"issuer = " SITE_A "\nissuer = https://login.example.com/\n"  \
	"jwks_file = %A\ncache_dir = %D/cache\nfetch_helper = %D/h\n" \
	"audience = " SITE_API "\nusername_claim = user\n"
#define CONF   BASE ENDPOINT
#define ACCEPT "required_claim = team staff\nopaque_tokens = accept-unbound\n"
#define INFO   "{\"sub\":\"auth0|alice\",\"user\":\"alice\",\"team\":\"staff\"}"
#define TOKEN  "0123456789abcdef0123456789abcdef"
#define JSON   "application/json"

static struct site site;
static struct audient *audient;

static void
open_again(void)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];

	audient_close(audient);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
}

static void
start(const char *conf)
{
	site_empty_cache(&site);
	site_issuer(&site);
	site_configure(&site, conf);
	open_again();
}

static struct audient_request
request(const char *token)
{
	return (struct audient_request){ .token = span_of(token),
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS };
}

static void
check(const char *name, const struct audient_request *rq, enum reason want,
    unsigned int asked)
{
	struct audient_verdict v;
	struct audient_line line;

	row_reason(name, audient_check(audient, rq, &v), want);
	row_number(name, site_asked(&site), asked);
	if (want == REASON_OK) {
		row_text(name, v.user, "alice");
		row_number(name, v.proof, PROOF_USERINFO);
		audient_audit(audient, rq, &v, &line);
		row_has(name, line.text, "proof=userinfo audience=unbound");
	}
}

static const struct {
	const char *name;
	int status;
	const char *type, *body;
	enum reason want;
} answers[] = {
	{ "good", 200, JSON, INFO, REASON_OK },

	{ "not accepted", 401, JSON, "{}", REASON_OPAQUE_REFUSED },
	{ "not accepted, in plain text", 401, "text/plain", "Unauthorized",
	    REASON_OPAQUE_REFUSED },
	{ "forbidden", 403, JSON, INFO, REASON_OPAQUE_REFUSED },
	{ "too many requests", 429, JSON, "{}", REASON_RATE_LIMITED },
	{ "too many, with claims", 429, JSON, INFO, REASON_RATE_LIMITED },
	{ "no answer", 0, NULL, "", REASON_ISSUER_UNAVAILABLE },
	{ "bad request", 400, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "not found", 404, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "timeout", 408, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "ill", 500, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "overloaded", 503, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "created", 201, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "no content", 204, JSON, "", REASON_ISSUER_UNAVAILABLE },
	{ "a part", 206, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "moved", 302, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "not modified", 304, JSON, INFO, REASON_ISSUER_UNAVAILABLE },
	{ "a captive portal", 200, "text/html", INFO,
	    REASON_ISSUER_UNAVAILABLE },
	{ "signed", 200, "application/jwt", INFO, REASON_ISSUER_UNAVAILABLE },
	{ "no type", 200, "x", INFO, REASON_ISSUER_UNAVAILABLE },
	{ "nothing", 200, JSON, "", REASON_ISSUER_UNAVAILABLE },
	{ "text", 200, JSON, "alice", REASON_ISSUER_UNAVAILABLE },
	{ "list", 200, JSON, "[" INFO "]", REASON_ISSUER_UNAVAILABLE },
	{ "twice", 200, JSON, INFO INFO, REASON_ISSUER_UNAVAILABLE },
	{ "sub twice", 200, JSON, "{\"sub\":\"a\",\"sub\":\"b\"}",
	    REASON_ISSUER_UNAVAILABLE },
	{ "NUL in the sub", 200, JSON, "{\"sub\":\"a\\u0000b\"}",
	    REASON_ISSUER_UNAVAILABLE },
	{ "half a character", 200, JSON, "{\"sub\":\"\\ud800\"}",
	    REASON_ISSUER_UNAVAILABLE },

	{ "no claims", 200, JSON, "{}", REASON_CLAIM_INVALID },
	{ "no sub", 200, JSON, "{\"user\":\"alice\",\"team\":\"staff\"}",
	    REASON_CLAIM_INVALID },
	{ "sub empty", 200, JSON, "{\"sub\":\"\",\"team\":\"staff\"}",
	    REASON_CLAIM_INVALID },
	{ "sub null", 200, JSON, "{\"sub\":null,\"team\":\"staff\"}",
	    REASON_CLAIM_INVALID },
	{ "sub number", 200, JSON, "{\"sub\":1,\"team\":\"staff\"}",
	    REASON_CLAIM_INVALID },
	{ "sub list", 200, JSON, "{\"sub\":[\"a\"],\"team\":\"staff\"}",
	    REASON_CLAIM_INVALID },
	{ "another team", 200, JSON,
	    "{\"sub\":\"a\",\"user\":\"alice\",\"team\":\"other\"}",
	    REASON_CLAIM_MISSING },
	{ "no user", 200, JSON, "{\"sub\":\"a\",\"team\":\"staff\"}",
	    REASON_USERNAME_MISSING },
	{ "another user", 200, JSON,
	    "{\"sub\":\"a\",\"user\":\"bob\",\"team\":\"staff\"}",
	    REASON_USER_MISMATCH },
	{ "unsafe user", 200, JSON,
	    "{\"sub\":\"a\",\"user\":\"alice\\n\",\"team\":\"staff\"}",
	    REASON_USERNAME_UNSAFE },
	{ "machine", 200, JSON,
	    "{\"sub\":\"a@clients\",\"user\":\"alice\",\"team\":\"staff\"}",
	    REASON_SUBJECT_REFUSED },
	{ "somebody acts for him", 200, JSON,
	    "{\"sub\":\"a\",\"user\":\"alice\",\"team\":\"staff\","
	    "\"act\":{\"sub\":\"b\"}}",
	    REASON_SUBJECT_REFUSED },
	{ "of an organization", 200, JSON,
	    "{\"sub\":\"a\",\"user\":\"alice\",\"team\":\"staff\","
	    "\"org_id\":\"org_1\"}",
	    REASON_ORGANIZATION_REFUSED },
};

/* Each answer holds for a while: who asks again asks us. */
static void
test_answers(void **state)
{
	const struct audient_request rq = request(TOKEN);

	(void)state;
	for (size_t i = 0; i < nitems(answers); i++) {
		start(CONF ACCEPT);
		site_answer(&site, "info", answers[i].status, answers[i].type,
		    answers[i].body);
		check(answers[i].name, &rq, answers[i].want, 1);
		check(answers[i].name, &rq, answers[i].want, 1);
		/* nor does another process */
		site_answer(&site, "info", 500, JSON, "");
		open_again();
		check(answers[i].name, &rq, answers[i].want, 1);
	}
	rows_end();
}

/* header..iv.text.tag */
static char *
jwe(const char *header)
{
	char *h = mint_b64url(header, strlen(header)), *token;

	assert_true(asprintf(&token, "%s..iv.text.tag", h) > 0);
	free(h);
	return token;
}

/* Where a token comes from is seen before anybody is asked. */
static void
test_issuers(void **state)
{
	static const struct {
		const char *name, *header;
		enum reason want;
		unsigned int asked;
	} tokens[] = {
		{ "ours",
		    "{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":\"" SITE_A "\"}",
		    REASON_OK, 1 },
		{ "our other name",
		    "{\"alg\":\"dir\",\"enc\":\"x\","
		    "\"iss\":\"https://login.example.com/\"}",
		    REASON_OK, 1 },
		{ "not named", "{\"alg\":\"dir\",\"enc\":\"x\"}", REASON_OK,
		    1 },
		{ "another's",
		    "{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":\"" SITE_B "\"}",
		    REASON_ISSUER_REFUSED, 0 },
		{ "without slash",
		    "{\"alg\":\"dir\",\"enc\":\"x\","
		    "\"iss\":\"https://a.example.com\"}",
		    REASON_ISSUER_REFUSED, 0 },
		{ "no string", "{\"alg\":\"dir\",\"enc\":\"x\",\"iss\":1}",
		    REASON_TOKEN_MALFORMED, 0 },
		{ "for an API", "{\"alg\":\"RSA-OAEP\",\"enc\":\"x\"}",
		    REASON_TOKEN_ENCRYPTED, 0 },
		{ "a signature's", "{\"alg\":\"RS256\"}",
		    REASON_TOKEN_ENCRYPTED, 0 },
		{ "not a header", "x", REASON_TOKEN_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(tokens); i++) {
		char *token = jwe(tokens[i].header);
		const struct audient_request rq = request(token);

		start(CONF ACCEPT);
		site_answer(&site, "info", 200, JSON, INFO);
		check(tokens[i].name, &rq, tokens[i].want, tokens[i].asked);
		free(token);
	}
	rows_end();
}

/* Without a configured endpoint the discovery document says where it is. */
static void
test_discovery(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *meta;
		enum reason want;
		unsigned int asked;
	} documents[] = {
		{ "good", 200,
		    "{\"issuer\":\"" SITE_A "\",\"userinfo_endpoint\":\"" SITE_A
		    "x/userinfo\"}",
		    REASON_OK, 2 },
		{ "none", 404, "{}", REASON_ISSUER_UNAVAILABLE, 1 },
		{ "not allowed to see it", 401, "{}", REASON_ISSUER_UNAVAILABLE,
		    1 },
		{ "too many requests", 429, "{}", REASON_RATE_LIMITED, 1 },
		{ "of another issuer", 200,
		    "{\"issuer\":\"" SITE_B "\",\"userinfo_endpoint\":\"" SITE_A
		    "userinfo\"}",
		    REASON_ISSUER_UNAVAILABLE, 1 },
		{ "no endpoint", 200, "{\"issuer\":\"" SITE_A "\"}",
		    REASON_ISSUER_UNAVAILABLE, 1 },
		{ "endpoint by http", 200,
		    "{\"issuer\":\"" SITE_A "\",\"userinfo_endpoint\":"
		    "\"http://a.example.com/userinfo\"}",
		    REASON_ISSUER_UNAVAILABLE, 1 },
	};
	const struct audient_request rq = request(TOKEN);

	(void)state;
	for (size_t i = 0; i < nitems(documents); i++) {
		start(BASE ACCEPT);
		site_answer(&site, "meta", documents[i].status, JSON,
		    documents[i].meta);
		site_answer(&site, "info", 200, JSON, INFO);
		check(documents[i].name, &rq, documents[i].want,
		    documents[i].asked);
	}
	rows_end();
}

/* Nobody is asked about a token that would not be accepted anyway. */
static void
test_never_asked(void **state)
{
	static const char *const elevating[] = { "sudo", "sudo-i", "su",
		"su-l" };
	struct audient_request rq = request(TOKEN);
	char *jwt = mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER,
	    SITE_CLAIMS, NULL);

	(void)state;
	start(CONF);
	site_answer(&site, "info", 200, JSON, INFO);
	check("switched off", &rq, REASON_OPAQUE_REFUSED, 0);
	start(CONF ACCEPT);
	rq.uid = 0;
	check("uid 0", &rq, REASON_OPAQUE_REFUSED, 0);
	rq.uid = 1000;
	for (size_t i = 0; i < nitems(elevating); i++) {
		rq.service = elevating[i];
		check(elevating[i], &rq, REASON_OPAQUE_REFUSED, 0);
	}
	rq = request(jwt);
	check("a JWT that failed", &rq, REASON_SIGNATURE_INVALID, 0);
	rq = request("eyJhbGciOiJSUzI1NiJ9.e30");
	check("half a JWT", &rq, REASON_TOKEN_TRUNCATED, 0);
	rq = request("hunter2");
	check("a password", &rq, REASON_NOT_A_TOKEN, 0);
	rq = request(TOKEN "!");
	check("a long password", &rq, REASON_NOT_A_TOKEN, 0);
	free(jwt);
	rows_end();
}

/* The token itself is what is shown, and nothing else of it is left. */
static void
test_bearer(void **state)
{
	const struct audient_request rq = request(TOKEN);
	char *path = unit_path(site.dir, "bearers"), line[256];
	FILE *f;

	(void)state;
	start(CONF ACCEPT);
	site_answer(&site, "info", 200, JSON, INFO);
	check("once", &rq, REASON_OK, 1);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_string_equal(line, "bearer " TOKEN "\n");
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(unlink(path), 0);
	free(path);
	assert_true(asprintf(&path, "exec grep -rq '%.16s' '%s' 2>/dev/null",
			TOKEN, site.dir) > 0);
	assert_int_not_equal(system(path), 0);
	free(path);
	rows_end();
}

/* Who keeps asking about the same person meets our own limit first. */
static void
test_budget(void **state)
{
	const struct audient_request rq = request(TOKEN);

	(void)state;
	start(CONF ACCEPT "userinfo_max_age = 0\n");
	site_answer(&site, "info", 200, JSON, INFO);
	/* the first one counts too, though its user was known only afterwards
	 */
	for (unsigned int i = 1; i <= 8; i++)
		check("asked", &rq, REASON_OK, i);
	check("no more", &rq, REASON_RATE_LIMITED, 8);
	rows_end();
}

/* Answers are kept by token: another one is another question. */
static void
test_other_token(void **state)
{
	struct audient_request rq = request(TOKEN);

	(void)state;
	start(CONF ACCEPT);
	site_answer(&site, "info", 200, JSON, INFO);
	check("one", &rq, REASON_OK, 1);
	site_answer(&site, "info", 401, JSON, "{}");
	rq = request("1123456789abcdef0123456789abcdef");
	check("another", &rq, REASON_OPAQUE_REFUSED, 2);
	rq = request(TOKEN);
	check("the first", &rq, REASON_OK, 2);
	rq.user = "bob";
	check("as another user", &rq, REASON_USER_MISMATCH, 2);
	rows_end();
}

/* The local list counts for what is remembered, too. */
static void
test_deny(void **state)
{
	const struct audient_request rq = request(TOKEN);

	(void)state;
	unit_write(site.map, SPAN("sub auth0|bob\n"), 0600);
	start(CONF ACCEPT "deny_file = %M\n");
	site_answer(&site, "info", 200, JSON, INFO);
	check("not named", &rq, REASON_OK, 1);
	unit_write(site.map, SPAN("sub auth0|alice\n"), 0600);
	check("named", &rq, REASON_DENIED_LOCALLY, 1);
	unit_write(site.map, SPAN("sub\n"), 0600);
	check("a list with a mistake", &rq, REASON_CONFIG_INVALID, 1);
	unit_write(site.map, SPAN("# nobody\n"), 0600);
	check("nobody named", &rq, REASON_OK, 1);
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

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_answers),
	WITH_SITE(test_issuers),
	WITH_SITE(test_discovery),
	WITH_SITE(test_never_asked),
	WITH_SITE(test_bearer),
	WITH_SITE(test_budget),
	WITH_SITE(test_other_token),
	WITH_SITE(test_deny),
};

UNIT_MAIN(tests)
