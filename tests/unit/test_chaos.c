/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <openssl/crypto.h>
#ifdef LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "deny.h"
#include "keys.h"
#include "once.h"
#include "site.h"
#include "unit.h"
#include "wrapped.h"

/*
 * Every allocation fails once: the first, the second and so on until none is
 * left, alone or with all that follow.  Whatever fails, nobody gets in, and
 * with sanitizers nothing leaks.  The linker sends the calls of the core
 * here; OpenSSL has hooks for the same.
 */

static unsigned long countdown; /* 0: nothing fails */
static bool for_good;		/* all the following ones fail, too */
static bool with_openssl;	/* its allocations count as well */
static bool has_failed;

static bool
refuse(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	if (for_good)
		countdown = 1;
	has_failed = true;
	errno = ENOMEM;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(p, n, size);
}

char *
__wrap_strdup(const char *s)
{
	return refuse() ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t n)
{
	return refuse() ? NULL : __real_strndup(s, n);
}

static void *
openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return n == 0 || (with_openssl && refuse()) ? NULL : __real_malloc(n);
}

static void *
openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (n == 0) {
		free(p);
		return NULL;
	}
	return with_openssl && refuse() ? NULL : __real_realloc(p, n);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* Prints how the failed runs ended. */
static void
show(const char *name, unsigned long n, const unsigned int *ended)
{
	struct buf line = BUF_INIT(4096);

	for (int r = 0; r <= REASON_INTERNAL; r++)
		if (ended[r] != 0)
			assert_int_equal(buf_printf(&line, ", %s %u",
					     reason_name((enum reason)r),
					     ended[r]),
			    REASON_OK);
	print_message("%s: %lu allocations%s%s\n", name, n,
	    for_good ? ", none from then on" : "",
	    line.data != NULL ? line.data : "");
	buf_free(&line);
}

/* What a run may have come to: of several the one it did. */
static enum reason
expected(enum reason reason, enum reason want)
{
	if (!has_failed)
		return want;
	/* alone it may be made good, as by another try */
	if (!for_good && reason == want)
		return want;
	/* OpenSSL does not always say that it was memory */
	if (with_openssl && reason != REASON_OK)
		return reason;
	return REASON_OUT_OF_MEMORY;
}

/*
 * Runs it with every allocation failing in turn, alone or with all that
 * follow; without a failure want is what it comes to.  run() itself looks
 * whether its result is complete when it says REASON_OK.
 */
static void
torture(const char *name, enum reason (*run)(void), enum reason want)
{
	const size_t fds = unit_files();

	for (int mode = 0; mode < 2; mode++) {
		unsigned int ended[REASON_INTERNAL + 1] = { 0 };
		unsigned long n = 0;
		enum reason reason;

		for_good = mode == 1;
		do {
			has_failed = false;
			countdown = ++n;
			reason = run();
			countdown = 0;
			row_count(!has_failed && want == REASON_OK);
			row_text(name, reason_name(reason),
			    reason_name(expected(reason, want)));
			if (has_failed)
				ended[reason]++;
		} while (has_failed);
		show(name, n - 1, ended);
	}
	row_number(name, (int64_t)unit_files(), (int64_t)fds);
	rows_end();
}

#define CONF                                                             \
	"algorithms = RS256 ES256\naudience = a\naudience = urn:%h\n"    \
	"username_claim = user\nrequired_scopes = x y z\ntenant = a b\n" \
	"required_permissions = p q:%h\nrequired_claim = c d\n"          \
	"required_claim = e f\norganizations = g\nclients = i j\n"       \
	"username_domains = k l\nuser_map = /m\n"                        \
	"delegation_permission = n\ncache_dir = /o\nfetch_helper = /p\n" \
	"required_acr = q r\nrequired_amr = s\nauthn_claim_prefix = t\n" \
	"export_claim = AUTH0_A a\nexport_claim = AUTH0_B b\n"           \
	"[tenant a]\ndomain = t.auth0.com\nproxy = http://p\n"           \
	"jwks_uri = https://a/\nca_file = /ca\n"                         \
	"[tenant b]\nissuer = https://b/\nissuer = https://c/\n"         \
	"jwks_file = /f\nuserinfo_endpoint = https://u/\n"               \
	"[service imap]\naudience = b\n"

static enum reason
run_conf(void)
{
	struct conf_error error;
	struct conf *conf;
	const enum reason reason =
	    conf_parse(SPAN(CONF), "host", &conf, &error);

	if (reason == REASON_OK)
		assert_true(conf->n_tenants == 2 && conf->n_services == 2 &&
		    conf->tenant[1].issuers.n == 2 &&
		    conf->service[0].claims.audiences.n == 2 &&
		    conf->service[1].n_exports == 2 &&
		    conf->service[1].policy.n_claims == 2);
	else
		assert_null(conf);
	conf_free(conf);
	return reason;
}

static void
test_conf(void **state)
{
	(void)state;
	torture("conf_parse", run_conf, REASON_OK);
}

static enum reason
run_usermap(void)
{
	char user[USER_MAX + 1];
	struct usermap *map;
	enum reason reason;
	unsigned int line;
	struct text why;
	size_t at = 0;

	text_clear(&why);
	reason = usermap_parse(SPAN("a b\n/(x)y \\1\n\"c d\" e\n1 x\n2 x\n3 x\n"
				    "4 x\n5 x\n6 x\n7 x\n8 x\n9 x\n10 x\n"
				    "11 x\n12 x\n13 x\n14 x\nlast z\n"),
	    &map, &line, &why);
	if (reason == REASON_OK)
		assert_true(usermap_next(map, SPAN("last"), &at, user, &line));
	else
		assert_null(map);
	usermap_free(map);
	return reason;
}

static enum reason
run_deny(void)
{
	struct deny *deny;
	enum reason reason;
	unsigned int line;
	struct text why;

	text_clear(&why);
	reason = deny_parse(SPAN("sub a\nazp b\nissued-before "
				 "2026-11-21T12:00:00Z\nkid 4\nkid 5\n"
				 "kid 6\nkid 7\nkid 8\nkid 9\nkid 10\n"
				 "kid 11\nkid 12\nkid 13\nkid 14\nkid 15\n"
				 "kid 16\nkid 17\n"),
	    &deny, &line, &why);
	assert_true((deny != NULL) == (reason == REASON_OK));
	deny_free(deny);
	return reason;
}

static void
test_files(void **state)
{
	(void)state;
	torture("usermap_parse", run_usermap, REASON_OK);
	torture("deny_parse", run_deny, REASON_OK);
}

static struct crypto crypto;
static char *jwks, *token;

static enum reason
run_keys(void)
{
	const struct jws_header rsa = { .alg = ALG_RS256, .kid = SPAN("rsa") };
	const struct jws_header ec = { .alg = ALG_ES256, .kid = SPAN("ec") };
	struct json_doc doc = JSON_DOC_INIT;
	struct keys *keys = NULL;
	enum reason reason;
	const char *text;
	struct key *key;
	struct text why;

	text_clear(&why);
	if ((reason = json_doc_parse(span_of(jwks), &doc)) == REASON_OK)
		reason = keys_parse(&crypto, doc.nodes, &keys, &why);
	assert_int_equal(keys != NULL, reason == REASON_OK);
	/* is each of them there, and none the worse for it? */
	if (reason == REASON_OK &&
	    (reason = keys_find(keys, &rsa, &key, &text)) == REASON_OK)
		reason = keys_find(keys, &ec, &key, &text);
	keys_release(keys);
	json_doc_free(&doc);
	return reason;
}

static void
test_keys(void **state)
{
	(void)state;
	torture("keys_parse", run_keys, REASON_OK);
}

static struct claims_rules rules = { .max_token_lifetime = 2592000 };
static struct list issuers;

static enum reason
run_claims(void)
{
	static char claim[] = "user";
	const struct policy_rules policy = { .subjects =
						 SUBJECT_BIT(SUBJECT_USER) };
	const struct identity_rules identity = { .username_claim = claim };
	const struct account account = { .name = "alice", .uid = UID_UNKNOWN };
	struct claims claims = { .proof = PROOF_JWT };
	struct json_doc doc;
	struct trace trace;
	char user[USER_MAX + 1] = "";
	enum reason reason;
	bool is_delegate;

	trace_init(&trace);
	reason = json_doc_parse(SPAN(SITE_CLAIMS), &doc);
	if (reason == REASON_OK) {
		claims.json = doc.nodes;
		reason =
		    claims_check(&claims, &rules, &issuers, false, NOW, &trace);
	}
	if (reason == REASON_OK)
		reason = policy_check(&claims, &policy, &trace);
	if (reason == REASON_OK)
		reason = identity_check(&claims, &identity, &account, user,
		    &is_delegate, &trace);
	if (reason == REASON_OK)
		assert_string_equal(user, "alice");
	json_doc_free(&doc);
	return reason;
}

static void
test_claims(void **state)
{
	(void)state;
	torture("claims", run_claims, REASON_OK);
}

/* With keys that nobody has used yet, so that nothing is ready. */
static enum reason
run_verify(void)
{
	const struct jws_header header = { .alg = ALG_RS256,
		.kid = SPAN("rsa") };
	const unsigned long armed = countdown;
	struct keys *keys = NULL;
	struct json_doc doc;
	enum reason reason;
	const char *why;
	struct token t;
	struct text text;
	struct key *key;

	countdown = 0;
	text_clear(&text);
	assert_int_equal(json_doc_parse(span_of(jwks), &doc), REASON_OK);
	assert_int_equal(keys_parse(&crypto, doc.nodes, &keys, &text),
	    REASON_OK);
	assert_int_equal(token_classify(span_of(token), &t), REASON_OK);
	assert_int_equal(keys_find(keys, &header, &key, &why), REASON_OK);
	countdown = armed;
	reason = key_verify(key, ALG_RS256, &t);
	countdown = 0;
	keys_release(keys);
	json_doc_free(&doc);
	return reason;
}

static void
test_verify(void **state)
{
	(void)state;
	torture("key_verify", run_verify, REASON_OK);
}

static struct site site;

static enum reason
run_all(void)
{
	const struct audient_options options = { .config = site.conf };
	const struct audient_request rq = { .token = span_of(token),
		.service = "sshd",
		.user = "alice",
		.uid = 1000,
		.at = NOW };
	char problem[AUDIENT_LINE_MAX];
	struct audient_line line;
	struct audient_verdict v = { .reason = REASON_INTERNAL };
	struct audient *audient;
	enum reason reason;

	reason = audient_open(&audient, &options, problem);
	if (reason == REASON_OK) {
		reason = audient_check(audient, &rq, &v);
		assert_int_equal(v.reason, reason);
		if (with_openssl)
			countdown = 0; /* the digest of the token */
		audient_audit(audient, &rq, &v, &line);
	} else {
		assert_true(audient == NULL && problem[0] != '\0');
	}
	if (reason == REASON_OK)
		assert_string_equal(v.user, "alice");
	else
		assert_string_equal(v.user, "");
	audient_close(audient);
	return reason;
}

static void
test_all(void **state)
{
	(void)state;
	unit_write(site.map, SPAN("alice alice\n/(b)x \\1\n"), 0600);
	site_configure(&site,
	    SITE_ONE "user_map = %M\n"
		     "required_scopes = login\n");
	torture("audient_check", run_all, REASON_OK);
}

/* A token that is used for the first time. */
static enum reason
run_once(void)
{
	static unsigned int number;
	const struct once use = { .service = "sshd",
		.token = { .ptr = (const char *)&number, sizeof(number) },
		.until = NOW,
		.now = NOW };
	struct world world = { .crypto = crypto };
	struct trace trace = { .step = NULL };
	enum reason reason = cache_open(&world.cache, site.dir, &crypto, true);

	number++;
	if (reason == REASON_OK)
		reason = once_take(&world, &use, &trace);
	cache_close(world.cache);
	return reason;
}

static void
test_once(void **state)
{
	(void)state;
	assert_int_equal(run_once(), REASON_OK); /* it has swept now */
	torture("once_take", run_once, REASON_OK);
}

static enum reason
run_verify_only(void)
{
	struct buf payload = BUF_INIT(TOKEN_MAX);
	char why[AUDIENT_LINE_MAX];
	const enum reason reason =
	    audient_verify(span_of(jwks), NULL, span_of(token), &payload, why);

	if (reason == REASON_OK)
		assert_true(span_is(buf_span(&payload), SITE_CLAIMS));
	else
		assert_true(why[0] != '\0');
	buf_free(&payload);
	return reason;
}

static void
test_verify_only(void **state)
{
	(void)state;
	torture("audient_verify", run_verify_only, REASON_OK);
}

static char *forged; /* by another key, under the kid of ours */

static enum reason
run_forged(void)
{
	char *good = token;
	enum reason reason;

	token = forged;
	reason = run_all();
	token = good;
	return reason;
}

/* Want of memory never makes a bad token a good one. */
static void
test_forged(void **state)
{
	(void)state;
	torture("a forged token", run_forged, REASON_SIGNATURE_INVALID);
}

/* The same with OpenSSL's own allocations failing, too. */
static void
test_openssl(void **state)
{
	(void)state;
#ifdef LEAK_CHECK
	__lsan_disable(); /* OpenSSL 3.0 leaks where an allocation fails */
#endif
	with_openssl = true;
	torture("OpenSSL, keys_parse", run_keys, REASON_OK);
	test_verify(state);
	torture("OpenSSL, audient_check", run_all, REASON_OK);
	torture("OpenSSL, a forged token", run_forged,
	    REASON_SIGNATURE_INVALID);
	with_openssl = false;
#ifdef LEAK_CHECK
	__lsan_enable();
#endif
}

static int
set_up(void **state)
{
	char *list[] = { mint_jwk(MINT_RSA, "rsa", NULL),
		mint_jwk(MINT_P256, "ec", NULL),
		mint_jwk(MINT_P521, "enc", "\"use\":\"enc\"") };

	(void)state;
	jwks = mint_jwks(list, nitems(list));
	token = mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	forged = mint_token(MINT_RSA_OTHER, ALG_RS256, SITE_HEADER, SITE_CLAIMS,
	    NULL);
	site_make(&site);
	return crypto_open(&crypto) == REASON_OK &&
		list_add(&issuers, span_of(SITE_A)) == REASON_OK &&
		list_add(&rules.audiences, span_of(SITE_API)) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	list_free(&issuers);
	list_free(&rules.audiences);
	crypto_close(&crypto);
	site_remove(&site);
	mint_end();
	free(jwks);
	free(token);
	free(forged);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_conf),
	cmocka_unit_test(test_files),
	cmocka_unit_test(test_keys),
	cmocka_unit_test(test_claims),
	cmocka_unit_test(test_verify),
	cmocka_unit_test(test_all),
	cmocka_unit_test(test_once),
	cmocka_unit_test(test_verify_only),
	cmocka_unit_test(test_forged),
	cmocka_unit_test(test_openssl),
};

int
main(void)
{
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
		openssl_free) != 1)
		return 1;
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
