/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audient.h"
#include "site.h"
#include "token.h"
#include "unit.h"

static struct site site;
static struct audient *audient;

static void
open_site(const char *text)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];

	audient_close(audient);
	site_configure(&site, text);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
}

static void
test_service(void **state)
{
	struct audient_service s;

	(void)state;
	open_site("issuer = " SITE_A "\njwks_file = %A\n"
		  "cache_dir = %D/cache\nusername_claim = user\n"
		  "[service imap]\naudience = " SITE_API "\n"
		  "tls = host-enforced\nrequired_scopes = mail other\n"
		  "[service sshd]\naudience = " SITE_API "\n"
		  "tokenless_account = deny\nsession_limit = token\n");
	audient_get_service(audient, "imap", &s);
	assert_null(s.problem);
	assert_true(s.trusts_host_tls);
	assert_false(s.denies_tokenless);
	assert_false(s.limits_sessions);
	assert_string_equal(s.issuer, SITE_A);
	assert_string_equal(s.scope, "mail");
	audient_get_service(audient, "sshd", &s);
	assert_null(s.problem);
	assert_false(s.trusts_host_tls);
	assert_true(s.denies_tokenless);
	assert_true(s.limits_sessions);
	assert_null(s.scope);
	audient_get_service(audient, "smtp", &s);
	assert_string_equal(s.problem, "audience");
}

/* How a token is come by, what is drawn, and whose it is. */
static void
test_flows(void **state)
{
	static const struct {
		const char *service;
		bool tokens, device, qr, no_qr;
		const char *issuer;
	} wants[] = {
		{ "plain", true, false, false, false, SITE_A },
		{ "kiosk", false, true, true, false, SITE_B },
		{ "both", true, true, false, true, SITE_A },
	};
	struct audient_service s;

	(void)state;
	open_site(
	    "cache_dir = %D/cache\nusername_claim = user\n"
	    "audience = " SITE_API "\nclient_id = c\n"
	    "[tenant a]\nissuer = " SITE_A "\n"
	    "[tenant b]\nissuer = " SITE_B "\n"
	    "[service plain]\ntenant = a b\n"
	    "[service kiosk]\ntenant = b\nflow = device\ndevice_qr = always\n"
	    "[service both]\ntenant = a\nflow = token-or-device\n"
	    "device_qr = never\n[service none]\ntenant = a\n");
	for (size_t i = 0; i < nitems(wants); i++) {
		const char *name = wants[i].service;

		audient_get_service(audient, name, &s);
		row_bool(name, s.takes_tokens, wants[i].tokens);
		row_bool(name, s.takes_device, wants[i].device);
		row_bool(name, s.draws_qr, wants[i].qr);
		row_bool(name, s.draws_no_qr, wants[i].no_qr);
		row_text(name, s.issuer, wants[i].issuer);
	}
	rows_end();
}

static void
each(void *arg, const char *issuer, const char *text)
{
	struct buf *all = arg;
	const char *age = strstr(text, ", ");

	/* how old it is differs from run to run */
	if (age != NULL && strstr(text, "seconds old") != NULL) {
		assert_in_range(strtol(age + 2, NULL, 10), 0, 600);
		assert_int_equal(buf_printf(all, "[%s %.*s]", issuer,
				     (int)(age - text), text),
		    REASON_OK);
	} else
		assert_int_equal(buf_printf(all, "[%s %s]", issuer, text),
		    REASON_OK);
}

static void
test_keys(void **state)
{
	struct buf all = BUF_INIT(4096);

	(void)state;
	open_site(SITE_ONE);
	assert_int_equal(audient_keys_refresh(audient, false), REASON_OK);
	audient_keys_list(audient, each, &all);
	assert_string_equal(all.data,
	    "[" SITE_A " 2 keys][" SITE_A " rsa: RSA, 2048 bits][" SITE_A
	    " ec: EC, 256 bits]");
	audient_keys_flush(audient);
	buf_clear(&all);
	unit_write(site.jwks_a, SPAN("{}"), 0600);
	audient_keys_list(audient, each, &all);
	assert_string_equal(all.data, "[" SITE_A " no keys at hand]");
	buf_free(&all);
}

/* One bad set is told of, wherever it stands among good ones. */
static void
test_refresh(void **state)
{
	(void)state;
	open_site("cache_dir = %D/cache\nusername_claim = user\n"
		  "audience = " SITE_API "\ntenant = a b\n"
		  "[tenant a]\nissuer = " SITE_A "\njwks_file = %A\n"
		  "[tenant b]\nissuer = " SITE_B "\njwks_file = %B\n");
	row_reason("both are good", audient_keys_refresh(audient, true),
	    REASON_OK);
	unit_write(site.jwks_a, SPAN("{}"), 0600);
	row_reason("the first is bad", audient_keys_refresh(audient, true),
	    REASON_CONFIG_INVALID);
	rows_end();
}

/* Tokens come in pieces: is this one whole? */
static void
test_completeness(void **state)
{
	char *rsa =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	char *ec = mint_token(MINT_P256, ALG_ES256,
	    "{\"alg\":\"ES256\",\"kid\":\"ec\"}", SITE_CLAIMS, NULL);
	char *unknown = mint_token(MINT_RSA, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"x\"}", SITE_CLAIMS, NULL);

	(void)state;
	open_site(SITE_ONE);
	for (size_t n = 0; n <= strlen(rsa); n++) {
		const struct span s = { rsa, n };

		row_number("RSA", audient_completeness(audient, "sshd", s),
		    n < 3 || n == strlen(rsa) ? AUDIENT_COMPLETE
					      : AUDIENT_INCOMPLETE);
	}
	for (size_t n = 3; n <= strlen(ec); n++)
		row_number("EC",
		    audient_completeness(audient, "sshd",
			(struct span){ ec, n }),
		    n == strlen(ec) ? AUDIENT_COMPLETE : AUDIENT_INCOMPLETE);
	row_number("unknown key",
	    audient_completeness(audient, "sshd", span_of(unknown)),
	    AUDIENT_UNSURE);
	for (size_t cut = 1; cut < 342; cut += 17)
		row_number("unknown key, no RSA key has such a length",
		    audient_completeness(audient, "sshd",
			(struct span){ unknown, strlen(unknown) - cut }),
		    AUDIENT_INCOMPLETE);
	row_number("password",
	    audient_completeness(audient, "sshd", SPAN("hunter2")),
	    AUDIENT_COMPLETE);
	row_number("JWE",
	    audient_completeness(audient, "sshd",
		SPAN("eyJhbGciOiJkaXIifQ..iv.text."
		     "0123456789012345678901")),
	    AUDIENT_COMPLETE);
	row_number("JWE, cut in its tag",
	    audient_completeness(audient, "sshd",
		SPAN("eyJhbGciOiJkaXIifQ..iv.text.012345678901234567890")),
	    AUDIENT_INCOMPLETE);
	row_number("JWE, three of five",
	    audient_completeness(audient, "sshd",
		SPAN("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv")),
	    AUDIENT_INCOMPLETE);
	row_number("JWE, three of five, none of them empty",
	    audient_completeness(audient, "sshd",
		SPAN("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a2V5.iv")),
	    AUDIENT_INCOMPLETE);
	row_number("not a header",
	    audient_completeness(audient, "sshd", SPAN("eyJ.e30.c2ln")),
	    AUDIENT_UNSURE);
	free(rsa);
	free(ec);
	free(unknown);
	rows_end();
}

/* audient_verify(): a signature, and nothing else. */
static const struct {
	const char *name;
	const char *algorithms;
	enum mint_key key;
	enum alg alg;
	const char *header;
	enum reason want;
	const char *why;
} verifications[] = {
	{ "RS256", NULL, MINT_RSA, ALG_RS256, SITE_HEADER, REASON_OK, "" },
	{ "RS256, listed", "ES256  RS256", MINT_RSA, ALG_RS256, SITE_HEADER,
	    REASON_OK, "" },
	{ "ES256, listed", "ES256", MINT_P256, ALG_ES256,
	    "{\"alg\":\"ES256\",\"kid\":\"ec\"}", REASON_OK, "" },
	{ "ES256, not listed", NULL, MINT_P256, ALG_ES256,
	    "{\"alg\":\"ES256\",\"kid\":\"ec\"}", REASON_ALGORITHM_REFUSED,
	    "algorithm: ES256, wanted RS256" },
	{ "unknown algorithm", "RS256 none", MINT_RSA, ALG_RS256, SITE_HEADER,
	    REASON_CONFIG_INVALID, "algorithms are" },
	{ "symmetric algorithm", "HS256", MINT_RSA, ALG_RS256, SITE_HEADER,
	    REASON_CONFIG_INVALID, "algorithms are" },
	{ "no algorithm", "", MINT_RSA, ALG_RS256, SITE_HEADER,
	    REASON_CONFIG_INVALID, "algorithms are" },
	{ "only blanks", "  ", MINT_RSA, ALG_RS256, SITE_HEADER,
	    REASON_CONFIG_INVALID, "algorithms are" },
	{ "unknown key", NULL, MINT_RSA, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"x\"}", REASON_KEY_UNKNOWN,
	    "no such key" },
	{ "key of another kind", NULL, MINT_RSA, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"ec\"}", REASON_KEY_UNUSABLE,
	    "another algorithm" },
	{ "another key", NULL, MINT_RSA_OTHER, ALG_RS256, SITE_HEADER,
	    REASON_SIGNATURE_INVALID, "signature is wrong" },
	{ "extension", NULL, MINT_RSA, ALG_RS256,
	    "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"x\"]}",
	    REASON_TOKEN_MALFORMED, "\"crit\"" },
};

static char *
jwks_text(void)
{
	char *keys[] = { mint_jwk(MINT_RSA, "rsa", NULL),
		mint_jwk(MINT_P256, "ec", NULL) };

	return mint_jwks(keys, nitems(keys));
}

/* Too many segments, and too many bytes. */
static void
test_too_much(void **state)
{
	char *rsa =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	char *more;

	(void)state;
	open_site(SITE_ONE);
	assert_true(asprintf(&more, "%s.dGV4dA", rsa) > 0);
	row_number("four segments",
	    audient_completeness(audient, "sshd", span_of(more)),
	    AUDIENT_INCOMPLETE);
	free(more);
	more = unit_repeat('a', TOKEN_MAX + 1);
	memcpy(more, "eyJ", 3);
	row_number("as long as can be",
	    audient_completeness(audient, "sshd",
		(struct span){ more, TOKEN_MAX }),
	    AUDIENT_INCOMPLETE);
	row_number("too long",
	    audient_completeness(audient, "sshd", span_of(more)),
	    AUDIENT_COMPLETE);
	free(more);
	free(rsa);
	rows_end();
}

static void
test_verify(void **state)
{
	char *jwks = jwks_text();

	(void)state;
	for (size_t i = 0; i < nitems(verifications); i++) {
		struct buf payload = BUF_INIT(100);
		char *token =
		    mint_token(verifications[i].key, verifications[i].alg,
			verifications[i].header, "any text", NULL);
		char why[AUDIENT_LINE_MAX];

		row_reason(verifications[i].name,
		    audient_verify(span_of(jwks), verifications[i].algorithms,
			span_of(token), &payload, why),
		    verifications[i].want);
		row_has(verifications[i].name, why, verifications[i].why);
		row_true(verifications[i].name,
		    span_is(buf_span(&payload),
			verifications[i].want == REASON_OK ? "any text" : ""));
		buf_free(&payload);
		free(token);
	}
	free(jwks);
	rows_end();
}

static void
test_verify_input(void **state)
{
	static const struct {
		const char *name, *jwks, *token;
		enum reason want;
	} inputs[] = {
		{ "no JSON", "keys", "a.b.c", REASON_KEY_UNUSABLE },
		{ "no keys", "{}", "a.b.c", REASON_KEY_UNUSABLE },
		{ "no token", NULL, "", REASON_NOT_A_TOKEN },
		{ "opaque token", NULL, "0123456789abcdef",
		    REASON_OPAQUE_REFUSED },
		{ "four segments", NULL, "eyJ.b.c.d", REASON_TOKEN_TRUNCATED },
		{ "newline behind", NULL, "a.b.c\n", REASON_TOKEN_MALFORMED },
	};
	char *jwks = jwks_text();

	(void)state;
	for (size_t i = 0; i < nitems(inputs); i++) {
		struct buf payload = BUF_INIT(100);
		char why[AUDIENT_LINE_MAX];

		row_reason(inputs[i].name,
		    audient_verify(span_of(inputs[i].jwks != NULL
					   ? inputs[i].jwks
					   : jwks),
			NULL, span_of(inputs[i].token), &payload, why),
		    inputs[i].want);
		row_true(inputs[i].name, why[0] != '\0' && payload.len == 0);
		buf_free(&payload);
	}
	free(jwks);
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
	WITH_SITE(test_service),
	WITH_SITE(test_flows),
	WITH_SITE(test_refresh),
	WITH_SITE(test_too_much),
	WITH_SITE(test_keys),
	WITH_SITE(test_completeness),
	WITH_SITE(test_verify),
	WITH_SITE(test_verify_input),
};

UNIT_MAIN(tests)
