/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audient.h"
#include "clock.h"
#include "once.h"
#include "site.h"
#include "unit.h"
#include "userinfo.h"

int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);

static int64_t ahead;  /* of the time that it is, or of */
static int64_t frozen; /* 0: it is not */

int64_t
__wrap_clock_now(void)
{
	return (frozen != 0 ? frozen : __real_clock_now()) + ahead;
}

/*
 * A host that lives long remembers who it let in, as long as nothing that
 * the decision rests on has changed.  The linker sends EVP_PKEY_verify() and
 * userinfo_get() here, to be counted: what is remembered is not verified
 * again.
 */
int __real_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);
int __wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen);

static unsigned int verified;
static void (*meanwhile)(void); /* what another thread does, once */

int
__wrap_EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig,
    size_t siglen, const unsigned char *tbs, size_t tbslen)
{
	void (*const other)(void) = meanwhile;

	verified++;
	meanwhile = NULL;
	if (other != NULL)
		other();
	return __real_EVP_PKEY_verify(ctx, sig, siglen, tbs, tbslen);
}

enum reason __real_userinfo_get(const struct world *world,
    const struct userinfo_question *question, struct userinfo_answer *answer,
    struct trace *trace);
enum reason __wrap_userinfo_get(const struct world *world,
    const struct userinfo_question *question, struct userinfo_answer *answer,
    struct trace *trace);

enum reason
__wrap_userinfo_get(const struct world *world,
    const struct userinfo_question *question, struct userinfo_answer *answer,
    struct trace *trace)
{
	verified++;
	return __real_userinfo_get(world, question, answer, trace);
}

/* What a token was used up with, last. */
enum reason __real_once_take(const struct world *world, const struct once *use,
    struct trace *trace);
enum reason __wrap_once_take(const struct world *world, const struct once *use,
    struct trace *trace);

static struct once used;

enum reason
__wrap_once_take(const struct world *world, const struct once *use,
    struct trace *trace)
{
	used = *use;
	return __real_once_take(world, use, trace);
}

#define CONF \
	SITE_ONE "user_map = %M\ndeny_file = %D/deny\nclock_tolerance = 0\n"

static struct site site;
static struct audient *audient;
static char *tokens[2];
static int64_t start; /* when they were made */

static void
put(const char *name, const char *text)
{
	char *path = unit_path(site.dir, name);

	unit_write(path, span_of(text), 0600);
	free(path);
}

static void
open_again(bool is_long_lived)
{
	const struct audient_options options = { .config = site.conf,
		.is_long_lived = is_long_lived };
	char problem[AUDIENT_LINE_MAX];

	audient_close(audient);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	verified = 0;
}

static struct audient_request
request(int token)
{
	return (struct audient_request){ .token = span_of(tokens[token]),
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS };
}

/* Verifications so far: n is one more if nothing was remembered. */
static void
check(const char *name, const struct audient_request *rq, enum reason want,
    unsigned int n)
{
	struct audient_verdict v;

	row_reason(name, audient_check(audient, rq, &v), want);
	row_number(name, verified, n);
	row_text(name, v.user, want == REASON_OK ? "alice" : "");
	if (want == REASON_OK) {
		row_text(name, v.subject, "auth0|alice");
		row_text(name, v.client, "client");
		row_text(name, v.key, "rsa");
		row_number(name, v.proof, PROOF_JWT);
		row_true(name, v.check == NULL && v.expires != 0);
	}
}

static void
test_questions(void **state)
{
	struct audient_request rq = request(0);
	char *realm = unit_repeat('x', 3000);
	char *tight = unit_repeat('x', 1002);

	(void)state;
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	check("again", &rq, REASON_OK, 1);
	check("and again", &rq, REASON_OK, 1);
	rq.rhost = "192.0.2.1";
	check("from elsewhere", &rq, REASON_OK, 1);
	rq = request(1);
	check("another token", &rq, REASON_OK, 2);
	rq = request(0);
	rq.service = "smtp";
	check("another service", &rq, REASON_OK, 3);
	rq = request(0);
	rq.uid = 1000;
	check("another account", &rq, REASON_OK, 4);
	rq = request(0);
	rq.user = NULL;
	check("no user", &rq, REASON_OK, 5);
	check("no user again", &rq, REASON_OK, 5);
	rq.user = "";
	check("an empty user", &rq, REASON_USER_MISMATCH, 6);
	rq.user = "bob";
	check("another user", &rq, REASON_USER_MISMATCH, 7);
	check("another user again", &rq, REASON_USER_MISMATCH, 8);
	rq.user = "Alice";
	check("in capitals", &rq, REASON_USER_MISMATCH, 9);
	rq = request(0);
	check("the first one", &rq, REASON_OK, 9);
	rq.realm = "a.example.com";
	check("a realm", &rq, REASON_OK, 10);
	rq.realm = "b.example.com";
	check("another realm", &rq, REASON_OK, 11);
	rq.realm = "b.example.con";
	check("another realm by its last letter", &rq, REASON_OK, 12);
	rq.realm = "x=y";
	check("a realm in two parts", &rq, REASON_OK, 13);
	rq.user = "alice=x";
	rq.realm = "y";
	check("one of them in the name", &rq, REASON_USER_MISMATCH, 14);
	rq = request(0);
	rq.realm = realm;
	check("a realm without end", &rq, REASON_OK, 15);
	check("and again", &rq, REASON_OK, 16);
	/* 1024 bytes in all, and what is around it */
	rq.realm = tight;
	check("a letter too long", &rq, REASON_OK, 17);
	check("a letter too long, again", &rq, REASON_OK, 18);
	tight[1001] = '\0';
	check("as long as it may be", &rq, REASON_OK, 19);
	check("as long as it may be, again", &rq, REASON_OK, 19);
	free(tight);
	free(realm);
	rows_end();
}

static void
heed(void *arg, const struct audient_step *step)
{
	(void)step;
	++*(unsigned int *)arg;
}

/* Who wants to know why, or asks about another time, gets a fresh look. */
static void
test_not_remembered(void **state)
{
	struct audient_request rq = request(0);
	unsigned int steps = 0;
	struct audient_verdict v;

	(void)state;
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	rq.step = heed;
	rq.step_arg = &steps;
	check("explained", &rq, REASON_OK, 2);
	row_true("explained", steps > 5);
	rq = request(0);
	rq.at = clock_now();
	check("at a time", &rq, REASON_OK, 3);
	rq.at = clock_now() + 100000;
	check("when it is expired", &rq, REASON_EXPIRED, 4);
	rq = request(0);
	check("remembered", &rq, REASON_OK, 4);
	/* the hash of what may be a password would help to guess it */
	rq.token = span_of("correct-horse-battery-staple-and-so-on");
	row_reason("a password", audient_check(audient, &rq, &v),
	    REASON_OPAQUE_REFUSED);
	row_text("a password", v.token_id, "");
	rq = request(0);
	open_again(false);
	check("a short life", &rq, REASON_OK, 1);
	check("a short life", &rq, REASON_OK, 2);
	rows_end();
}

/* What a decision rests on may change at any time. */
static void
test_changes(void **state)
{
	const struct audient_request rq = request(0);
	struct audient_verdict v;

	(void)state;
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	put("users", "alice alice\nalice other\n");
	check("another map", &rq, REASON_OK, 2);
	check("the same map", &rq, REASON_OK, 2);
	put("users", "bob bob\n");
	check("a map without her", &rq, REASON_USERNAME_MISSING, 3);
	put("users", "alice alice\n");
	check("a map with her", &rq, REASON_OK, 4);
	put("deny", "sub auth0|alice\n");
	check("denied", &rq, REASON_DENIED_LOCALLY, 5);
	put("deny", "sub auth0|bob\n");
	check("not denied", &rq, REASON_OK, 6);
	put("deny", "kid rsa\n");
	check("her key is denied", &rq, REASON_DENIED_LOCALLY, 7);
	put("deny", "mistake\n");
	check("a list with a mistake", &rq, REASON_CONFIG_INVALID, 8);
	row_reason("and again", audient_check(audient, &rq, &v),
	    REASON_CONFIG_INVALID);
	row_text("the check that failed", v.check, "deny_file");
	row_has("the mistake", v.found, "deny:1: ");
	put("deny", "");
	check("an empty list", &rq, REASON_OK, 10);
	audient_keys_flush(audient);
	check("keys forgotten", &rq, REASON_OK, 11);
	row_reason("keys read again", audient_keys_refresh(audient, true),
	    REASON_OK);
	check("keys read again", &rq, REASON_OK, 12);
	check("remembered", &rq, REASON_OK, 12);
	rows_end();
}

/* A child of the host begins with nothing, and harms nothing. */
static void
test_fork(void **state)
{
	const struct audient_request rq = request(0);
	int status;
	pid_t pid;

	(void)state;
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	if ((pid = fork()) == 0) {
		struct audient_verdict v;

		if (audient_check(audient, &rq, &v) != REASON_OK ||
		    verified != 2)
			_exit(1);
		if (audient_check(audient, &rq, &v) != REASON_OK ||
		    verified != 2)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	check("in the parent", &rq, REASON_OK, 1);
	rows_end();
}

/* What is remembered ends with the token, or with the login behind it. */
static void
test_ends(void **state)
{
	const struct audient_request rq = request(0);

	(void)state;
	site_configure(&site, CONF "keys_max_age = 86400\n");
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	ahead = 49000;
	check("a while later", &rq, REASON_OK, 1);
	ahead = 51000;
	check("expired", &rq, REASON_EXPIRED, 2);
	ahead = -1000;
	check("the clock went back", &rq, REASON_NOT_YET_VALID, 3);
	ahead = 0;
	/* meanwhile the keys were fetched anew, and nothing of before counts */
	check("and forth", &rq, REASON_OK, 4);
	audient_close(audient);
	audient = NULL;
	site_configure(&site,
	    CONF "keys_max_age = 86400\nmax_auth_age = 3600\n");
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	ahead = 3000;
	check("a while later", &rq, REASON_OK, 1);
	ahead = 3500;
	check("the login is too old", &rq, REASON_TOO_OLD, 2);
	rows_end();
}

/* A second use is a second use, even if the first one is remembered. */
static void
test_single_use(void **state)
{
	struct audient_request rq = request(0);

	(void)state;
	site_configure(&site, CONF "single_use = yes\n");
	open_again(true);
	rq.is_rehearsal = true;
	check("rehearsal", &rq, REASON_OK, 1);
	check("rehearsal", &rq, REASON_OK, 2);
	rq.is_rehearsal = false;
	rq.at = clock_now();
	check("at another time", &rq, REASON_OK, 3);
	rq = request(0);
	rq.user = "bob";
	check("refused", &rq, REASON_USER_MISMATCH, 4);
	rq = request(0);
	check("first use", &rq, REASON_OK, 5);
	row_number("until it expires", used.until, start + 50000 - 1);
	row_number("its time", used.issued, start - 100);
	check("second use", &rq, REASON_DENIED_LOCALLY, 6);
	rq.is_rehearsal = true;
	check("rehearsal", &rq, REASON_DENIED_LOCALLY, 7);
	rq = request(1);
	check("another token", &rq, REASON_OK, 8);
	check("and again", &rq, REASON_DENIED_LOCALLY, 9);
	ahead = 100000;
	check("expired", &rq, REASON_EXPIRED, 10);
	rows_end();
}

#define OPAQUE                                             \
	"issuer = " SITE_A "\njwks_file = %A\n"            \
	"userinfo_endpoint = " SITE_A "userinfo\n"         \
	"audience = " SITE_API "\nusername_claim = user\n" \
	"cache_dir = %D/cache\nfetch_helper = %D/h\n"      \
	"opaque_tokens = accept-unbound\n"                 \
	"required_claim = team staff\nuserinfo_max_age = 60\n"

/* What only the issuer can read is asked for again when the answer is old. */
static void
test_opaque(void **state)
{
	struct audient_request rq = request(0);
	struct audient_verdict v;

	(void)state;
	rq.token = SPAN("hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp");
	site_issuer(&site);
	site_answer(&site, "info", 200, "application/json",
	    "{\"sub\":\"auth0|alice\",\"user\":\"alice\",\"team\":\"staff\"}");
	site_configure(&site, OPAQUE);
	open_again(true);
	frozen = __real_clock_now();
	for (unsigned int i = 1; i <= 4; i++) {
		ahead = i == 3 ? 59 : i == 4 ? 60 : 0;
		row_reason("opaque", audient_check(audient, &rq, &v),
		    REASON_OK);
		row_number("opaque", verified, i == 4 ? 2 : 1);
		row_number("opaque", site_asked(&site), i == 4 ? 2 : 1);
	}
	site_configure(&site,
	    OPAQUE "single_use = yes\nmax_token_lifetime = 5000\n");
	open_again(true);
	row_reason("one use", audient_check(audient, &rq, &v), REASON_OK);
	row_number("as long as tokens live", used.until, frozen + 60 + 5000);
	row_number("nobody knows its time", used.issued, 0);
	rows_end();
}

/* Who was let in with old keys is looked at again. */
static void
test_old_keys(void **state)
{
	const struct audient_request rq = request(0);
	char *jwk[] = { mint_jwk(MINT_RSA, "rsa", NULL) };
	char *set = mint_jwks(jwk, 1);

	(void)state;
	site_issuer(&site);
	site_configure(&site,
	    "issuer = " SITE_A "\njwks_uri = " SITE_A "jwks\n"
	    "cache_dir = %D/cache\nfetch_helper = %D/h\n"
	    "audience = " SITE_API "\nusername_claim = user\n");
	site_answer(&site, "keys", 200, "application/json", set);
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	check("again", &rq, REASON_OK, 1);
	site_answer(&site, "keys", 0, NULL, "");
	ahead = 700;
	check("old keys", &rq, REASON_OK, 2);
	check("old keys, again", &rq, REASON_OK, 3);
	free(set);
	rows_end();
}

/* The issuer has taken the key back, or brings the same ones again. */
static void
fetch_set(enum mint_key key, const char *kid)
{
	char *jwk[] = { mint_jwk(key, kid, NULL) };
	char *set = mint_jwks(jwk, 1);

	unit_write(site.jwks_a, span_of(set), 0600);
	free(set);
	row_reason("another set", audient_keys_refresh(audient, true),
	    REASON_OK);
}

static void
take_key_back(void)
{
	fetch_set(MINT_RSA_OTHER, "other");
}

static void
fetch_the_same(void)
{
	fetch_set(MINT_RSA, "rsa");
}

/* A decision rests on the set that it was made with, not on a newer one. */
static void
test_replaced_meanwhile(void **state)
{
	struct audient_request rq = request(0);

	(void)state;
	open_again(true);
	meanwhile = fetch_the_same;
	check("the same set comes", &rq, REASON_OK, 1);
	check("after the same set", &rq, REASON_OK, 2);
	check("remembered", &rq, REASON_OK, 2);
	rq = request(1);
	meanwhile = take_key_back;
	check("the key goes", &rq, REASON_OK, 3);
	rq = request(0);
	check("of before", &rq, REASON_KEY_UNKNOWN, 3);
	rq = request(1);
	check("not by the new set", &rq, REASON_KEY_UNKNOWN, 3);
	rows_end();
}

static void
hear(void *arg, const char *name, const char *value)
{
	struct buf *heard = arg;

	assert_int_equal(buf_printf(heard, "%s=%s;", name, value), REASON_OK);
}

/* Who is let in finds his claims in the environment, each time. */
static void
test_exported(void **state)
{
	struct buf heard = BUF_INIT(1000);
	struct audient_request rq = request(0);

	(void)state;
	rq.exported = hear;
	rq.exported_arg = &heard;
	open_again(true);
	check("none are", &rq, REASON_OK, 1);
	check("none are, remembered", &rq, REASON_OK, 1);
	site_configure(&site,
	    CONF "export_claim = AUTH0_SUB sub\nexport_claim = OIDC_JTI jti\n");
	open_again(true);
	check("first", &rq, REASON_OK, 1);
	row_text("first", heard.data, "AUTH0_SUB=auth0|alice;OIDC_JTI=1;");
	check("again", &rq, REASON_OK, 2);
	row_text("again", heard.data,
	    "AUTH0_SUB=auth0|alice;OIDC_JTI=1;"
	    "AUTH0_SUB=auth0|alice;OIDC_JTI=1;");
	buf_clear(&heard);
	rq.user = "bob";
	check("refused", &rq, REASON_USER_MISMATCH, 3);
	row_number("refused", (int64_t)heard.len, 0);
	rq = request(0);
	check("nobody listens", &rq, REASON_OK, 4);
	check("nobody listens, remembered", &rq, REASON_OK, 4);
	buf_free(&heard);
	rows_end();
}

static char *
make_token(const char *jti)
{
	struct buf claims = BUF_INIT(1024);
	const long long now = start;
	char *token;

	assert_int_equal(buf_printf(&claims,
			     "{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API
			     "\",\"sub\":\"auth0|alice\",\"azp\":\"client\","
			     "\"user\":\"alice\",\"jti\":\"%s\",\"iat\":%lld,"
			     "\"exp\":%lld,\"auth_time\":%lld}",
			     jti, now - 100, now + 50000, now - 200),
	    REASON_OK);
	token = mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, claims.data, NULL);
	buf_free(&claims);
	return token;
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	start = clock_now();
	tokens[0] = make_token("1");
	tokens[1] = make_token("2");
	put("users", "alice alice\n");
	put("deny", "");
	site_configure(&site, CONF);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(audient);
	audient = NULL;
	ahead = frozen = 0;
	meanwhile = NULL;
	site_remove(&site);
	mint_end();
	free(tokens[0]);
	free(tokens[1]);
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_questions),
	WITH_SITE(test_not_remembered),
	WITH_SITE(test_changes),
	WITH_SITE(test_fork),
	WITH_SITE(test_ends),
	WITH_SITE(test_single_use),
	WITH_SITE(test_opaque),
	WITH_SITE(test_old_keys),
	WITH_SITE(test_replaced_meanwhile),
	WITH_SITE(test_exported),
};

UNIT_MAIN(tests)
