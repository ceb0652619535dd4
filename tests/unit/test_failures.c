/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "site.h"

/*
 * Decisions of many kinds, in each of which every allocation and every call of
 * the system and of OpenSSL fails once: the first, the second and so on, alone
 * or with all that follow.  Who would not be let in never is, a failure is no
 * fault of the token's, no descriptor is left, and with sanitizers nothing
 * leaks.
 */
#define NET                                                               \
	"issuer = " SITE_A "\ncache_dir = %D/cache\naudience = " SITE_API \
	"\nusername_claim = user\nfetch_helper = /bin/true\n"             \
	"algorithms = RS256 PS256 ES256\n"
#define URI "jwks_uri = " SITE_A "jwks\n"
#define OPAQUE                                                     \
	"jwks_file = %A\nuserinfo_endpoint = " SITE_A "userinfo\n" \
	"opaque_tokens = accept-unbound\nrequired_claim = team staff\n"
#define FILES SITE_ONE "algorithms = RS256 PS256 ES256\n"
#define TWO                                                             \
	"cache_dir = %D/cache\naudience = " SITE_API "\ntenant = a b\n" \
	"username_claim = user\n[tenant a]\nissuer = " SITE_A           \
	"\njwks_file = %A\n[tenant b]\nissuer = " SITE_B "\njwks_file = %B\n"
#define RICH                                                             \
	FILES "user_map = %M\ndeny_file = %D/deny\nmax_auth_age = 900\n" \
	      "required_scopes = login\nexport_claim = AUDIENT_SUB sub\n"

enum who {
	GOOD,
	GOOD_PSS,
	GOOD_EC,
	GOOD_B, /* of the other tenant */
	FORGED,
	STRANGER,  /* by a key that nobody has */
	ELSEWHERE, /* another audience */
	EXPIRED,
	ROOT, /* names root */
	OPAQUE_TOKEN,
	JUNK,
	N_WHO
};
static char *tokens[N_WHO];

/* Answers of the issuer, in order; made in set_up(). */
enum answer { NOTHING, KEYS, META_KEYS, ILL, WRONG_KEYS, INFO, NO_INFO };
#define N_ANSWERS (NO_INFO + 1)
static const char *answers[N_ANSWERS][4];

enum start {
	COLD, /* nothing is in the cache */
	WARM, /* it was asked before, by another process */
	KEPT, /* by this one */
};

static const struct scenario {
	const char *name, *conf;
	enum who who;
	enum answer answer;
	enum start start;
	enum reason want;
} scenarios[] = {
	{ "file, RS256", FILES, GOOD, NOTHING, COLD, REASON_OK },
	{ "file, PS256", FILES, GOOD_PSS, NOTHING, COLD, REASON_OK },
	{ "file, ES256", FILES, GOOD_EC, NOTHING, COLD, REASON_OK },
	{ "file, kept", FILES, GOOD, NOTHING, KEPT, REASON_OK },
	{ "file, forged", FILES, FORGED, NOTHING, COLD,
	    REASON_SIGNATURE_INVALID },
	{ "file, a stranger's key", FILES, STRANGER, NOTHING, COLD,
	    REASON_KEY_UNKNOWN },
	{ "file, another audience", FILES, ELSEWHERE, NOTHING, COLD,
	    REASON_AUDIENCE_REFUSED },
	{ "file, expired", FILES, EXPIRED, NOTHING, COLD, REASON_EXPIRED },
	{ "file, root", FILES, ROOT, NOTHING, COLD, REASON_USER_MISMATCH },
	{ "file, opaque", FILES, OPAQUE_TOKEN, NOTHING, COLD,
	    REASON_OPAQUE_REFUSED },
	{ "file, junk", FILES, JUNK, NOTHING, COLD, REASON_NOT_A_TOKEN },

	{ "network", NET URI, GOOD, KEYS, COLD, REASON_OK },
	{ "network, ES256", NET URI, GOOD_EC, KEYS, COLD, REASON_OK },
	{ "network, forged", NET URI, FORGED, KEYS, COLD,
	    REASON_SIGNATURE_INVALID },
	{ "network, a stranger's key", NET URI, STRANGER, KEYS, COLD,
	    REASON_KEY_UNKNOWN },
	{ "network, another audience", NET URI, ELSEWHERE, KEYS, COLD,
	    REASON_AUDIENCE_REFUSED },
	{ "network, expired", NET URI, EXPIRED, KEYS, COLD, REASON_EXPIRED },
	{ "network, silent", NET URI, GOOD, NOTHING, COLD,
	    REASON_ISSUER_UNAVAILABLE },
	{ "network, ill", NET URI, GOOD, ILL, COLD, REASON_ISSUER_UNAVAILABLE },
	{ "network, wrong keys", NET URI, GOOD, WRONG_KEYS, COLD,
	    REASON_KEY_UNKNOWN },
	{ "record", NET URI, GOOD, KEYS, WARM, REASON_OK },
	{ "record, forged", NET URI, FORGED, KEYS, WARM,
	    REASON_SIGNATURE_INVALID },
	{ "record, a stranger's key", NET URI, STRANGER, KEYS, WARM,
	    REASON_KEY_UNKNOWN },
	{ "record, root", NET URI, ROOT, KEYS, WARM, REASON_USER_MISMATCH },
	{ "network, kept", NET URI, GOOD, KEYS, KEPT, REASON_OK },
	{ "network, kept, forged", NET URI, FORGED, KEYS, KEPT,
	    REASON_SIGNATURE_INVALID },
	{ "network, kept, expired", NET URI, EXPIRED, KEYS, KEPT,
	    REASON_EXPIRED },

	{ "discovery", NET, GOOD, META_KEYS, COLD, REASON_OK },
	{ "discovery, forged", NET, FORGED, META_KEYS, COLD,
	    REASON_SIGNATURE_INVALID },
	{ "discovery, record", NET, GOOD, META_KEYS, WARM, REASON_OK },
	{ "discovery, ill", NET, GOOD, ILL, COLD, REASON_ISSUER_UNAVAILABLE },

	{ "opaque", NET OPAQUE, OPAQUE_TOKEN, INFO, COLD, REASON_OK },
	{ "opaque, record", NET OPAQUE, OPAQUE_TOKEN, INFO, WARM, REASON_OK },
	{ "opaque, kept", NET OPAQUE, OPAQUE_TOKEN, INFO, KEPT, REASON_OK },
	{ "opaque, refused", NET OPAQUE, OPAQUE_TOKEN, NO_INFO, COLD,
	    REASON_OPAQUE_REFUSED },
	{ "opaque, silent", NET OPAQUE, OPAQUE_TOKEN, NOTHING, COLD,
	    REASON_ISSUER_UNAVAILABLE },
	{ "opaque, ill", NET OPAQUE, OPAQUE_TOKEN, ILL, COLD,
	    REASON_ISSUER_UNAVAILABLE },
	{ "opaque allowed, forged JWT", NET OPAQUE, FORGED, INFO, COLD,
	    REASON_SIGNATURE_INVALID },

	{ "two tenants, the first", TWO, GOOD, NOTHING, COLD, REASON_OK },
	{ "two tenants, the second", TWO, GOOD_B, NOTHING, COLD, REASON_OK },
	{ "two tenants, neither", TWO, STRANGER, NOTHING, COLD,
	    REASON_KEY_UNKNOWN },
	{ "two tenants, forged", TWO, FORGED, NOTHING, COLD,
	    REASON_SIGNATURE_INVALID },
	{ "all rules", RICH, GOOD, NOTHING, COLD, REASON_OK },
	{ "all rules, kept", RICH, GOOD, NOTHING, KEPT, REASON_OK },
	{ "all rules, denied", RICH, GOOD_EC, NOTHING, COLD,
	    REASON_DENIED_LOCALLY },
	{ "all rules, root", RICH, ROOT, NOTHING, COLD,
	    REASON_USERNAME_MISSING },
	{ "one use", FILES "single_use = yes\n", GOOD, NOTHING, COLD,
	    REASON_OK },
	{ "one use, again", FILES "single_use = yes\n", GOOD, NOTHING, WARM,
	    REASON_DENIED_LOCALLY },
};

static struct site site;

static struct audient *
open_site(bool is_long_lived, enum reason *reason)
{
	const struct audient_options options = { .config = site.conf,
		.is_long_lived = is_long_lived };
	char problem[AUDIENT_LINE_MAX] = "";
	struct audient *audient;

	*reason = audient_open(&audient, &options, problem);
	assert_int_equal(audient != NULL, *reason == REASON_OK);
	assert_int_equal(audient == NULL, problem[0] != '\0');
	return audient;
}

static enum reason
check(struct audient *audient, const struct scenario *s)
{
	const struct audient_request rq = { .token = span_of(tokens[s->who]),
		.service = "imap",
		.user = "alice",
		.uid = AUDIENT_NOT_ACCOUNTS };
	struct audient_line line;
	struct audient_verdict v;
	const enum reason reason = audient_check(audient, &rq, &v);

	assert_int_equal(v.reason, reason);
	assert_string_equal(v.user, reason == REASON_OK ? "alice" : "");
	audient_audit(audient, &rq, &v, &line);
	return reason;
}

/* The decision from the start; only what comes behind arm() may fail. */
static enum reason
decide(const struct scenario *s, unsigned long n, bool for_good, bool *failed)
{
	struct audient *audient = NULL;
	enum reason reason = REASON_OK;

	*failed = false;
	site_empty_cache(&site);
	failing_answers(answers[s->answer]);
	if (s->start != COLD) {
		audient = open_site(s->start == KEPT, &reason);
		assert_int_equal(reason, REASON_OK);
		(void)check(audient, s);
		failing_answers(answers[s->answer]);
	}
	if (s->start == WARM) {
		audient_close(audient);
		audient = NULL;
	}
	failing_arm(n, for_good);
	if (audient == NULL)
		audient = open_site(false, &reason);
	if (audient != NULL)
		reason = check(audient, s);
	*failed = failing_disarm();
	audient_close(audient);
	return reason;
}

/*
 * A fault makes nobody welcome, and is not put down to the token; but OpenSSL
 * does not tell a bad key or signature from its own trouble.
 */
static bool
may_come_of(const struct scenario *s, enum reason reason)
{
	if (reason == s->want || reason == REASON_KEY_UNUSABLE ||
	    reason == REASON_SIGNATURE_INVALID)
		return true;
	switch (reason_outcome(reason)) {
	case OUTCOME_RETRY:
	case OUTCOME_BROKEN:
		return true;
	case OUTCOME_ALLOW:
	case OUTCOME_DENY:
		break;
	}
	return false;
}

static void
run_scenario(const struct scenario *s, bool for_good)
{
	unsigned int ended[REASON_INTERNAL + 1] = { 0 };
	const size_t fds = unit_files();
	unsigned long n = 0;
	enum reason reason;
	bool failed;

	do {
		/* the later ones are much alike if nothing works any more */
		n += for_good ? 1 + n / 16 : 1;
		reason = decide(s, n, for_good, &failed);
		row_count(!failed && s->want == REASON_OK);
		if (!failed)
			row_text(s->name, reason_name(reason),
			    reason_name(s->want));
		else if (!may_come_of(s, reason)) {
			row_text(s->name, reason_name(reason),
			    "a fault of our own");
			print_error("%s: call %lu%s\n", s->name, n,
			    for_good ? " and what follows" : "");
		}
		ended[reason]++;
	} while (failed);
	failing_answers(NULL);
	row_number(s->name, (int64_t)unit_files(), (int64_t)fds);
	print_message("%s%s: %lu calls", s->name,
	    for_good ? ", none from then on" : "", n - 1);
	for (int r = 0; r <= REASON_INTERNAL; r++)
		if (ended[r] > 0)
			print_message(", %s %u", reason_name((enum reason)r),
			    ended[r]);
	print_message("\n");
}

static void
test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(scenarios); i++) {
		site_configure(&site, scenarios[i].conf);
		run_scenario(&scenarios[i], false);
		run_scenario(&scenarios[i], true);
	}
	print_message("%zu scenarios, %u kinds of calls\n", nitems(scenarios),
	    failing_show());
	rows_end();
}

/* A token for one use that somebody was let in with is used up. */
static void
test_one_use(void **state)
{
	const struct scenario s = { "one use", FILES "single_use = yes\n", GOOD,
		NOTHING, COLD, REASON_OK };
	enum reason reason, again;
	unsigned long n = 0;
	bool failed;

	(void)state;
	site_configure(&site, s.conf);
	do {
		struct audient *audient;

		reason = decide(&s, ++n, false, &failed);
		audient = open_site(false, &again);
		again = check(audient, &s);
		audient_close(audient);
		if (reason == REASON_OK)
			row_text("one use", reason_name(again),
			    "denied_locally");
		row_count(false);
	} while (failed);
	rows_end();
}

/* --- tokens and answers ----------------------------------------------------
 */

#define CLAIMS(iss, aud, user, exp)                                         \
	"{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"sub\":\"auth0|alice\"," \
	"\"azp\":\"client\",\"user\":\"" user "\",\"iat\":1799999900,"      \
	"\"exp\":" exp ",\"scope\":\"login\",\"auth_time\":1799999900}"
#define OURS		 CLAIMS(SITE_A, SITE_API, "alice", "1800000600")
#define HEADER(alg, kid) "{\"alg\":\"" alg "\",\"kid\":\"" kid "\"}"

static void
make_tokens(void)
{
	static const char rs256[] = HEADER("RS256", "rsa");

	tokens[GOOD] = mint_token(MINT_RSA, ALG_RS256, rs256, OURS, NULL);
	tokens[GOOD_PSS] =
	    mint_token(MINT_RSA, ALG_PS256, HEADER("PS256", "rsa"), OURS, NULL);
	tokens[GOOD_EC] =
	    mint_token(MINT_P256, ALG_ES256, HEADER("ES256", "ec"), OURS, NULL);
	tokens[GOOD_B] =
	    mint_token(MINT_RSA_OTHER, ALG_RS256, HEADER("RS256", "other"),
		CLAIMS(SITE_B, SITE_API, "alice", "1800000600"), NULL);
	tokens[FORGED] =
	    mint_token(MINT_RSA_OTHER, ALG_RS256, rs256, OURS, NULL);
	tokens[STRANGER] = mint_token(MINT_RSA_OTHER, ALG_RS256,
	    HEADER("RS256", "nobody"), OURS, NULL);
	tokens[ELSEWHERE] = mint_token(MINT_RSA, ALG_RS256, rs256,
	    CLAIMS(SITE_A, "https://other/", "alice", "1800000600"), NULL);
	tokens[EXPIRED] = mint_token(MINT_RSA, ALG_RS256, rs256,
	    CLAIMS(SITE_A, SITE_API, "alice", "1799999950"), NULL);
	tokens[ROOT] = mint_token(MINT_RSA, ALG_RS256, rs256,
	    CLAIMS(SITE_A, SITE_API, "root", "1800000600"), NULL);
	tokens[OPAQUE_TOKEN] = strdup("hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp");
	tokens[JUNK] = strdup("\b\n\r\177INCORRECT\b\n\r\177INCORRECT");
}

static char *
say(int status, const char *body)
{
	char *text;

	assert_true(asprintf(&text,
			"audient-fetch 1\nresult answered\nstatus %d\n"
			"type application/json\nlength %zu\n\n%s",
			status, strlen(body), body) > 0);
	return text;
}

static char *said[6];

static void
make_answers(void)
{
	char *good[] = { mint_jwk(MINT_RSA, "rsa", NULL),
		mint_jwk(MINT_P256, "ec", NULL) };
	char *other[] = { mint_jwk(MINT_RSA_OTHER, "other", NULL) };
	char *set = mint_jwks(good, nitems(good));
	char *wrong = mint_jwks(other, nitems(other));

	said[0] = say(200, set);
	said[1] = say(200, wrong);
	said[2] = say(200,
	    "{\"issuer\":\"" SITE_A "\",\"jwks_uri\":\"" SITE_A "jwks\"}");
	said[3] = say(500, "{}");
	said[4] = say(200,
	    "{\"sub\":\"auth0|alice\",\"user\":\"alice\",\"team\":\"staff\"}");
	said[5] = say(401, "{}");
	answers[KEYS][0] = answers[KEYS][1] = said[0];
	answers[META_KEYS][0] = said[2];
	answers[META_KEYS][1] = said[0];
	answers[ILL][0] = answers[ILL][1] = said[3];
	answers[WRONG_KEYS][0] = answers[WRONG_KEYS][1] = said[1];
	answers[INFO][0] = said[4];
	answers[NO_INFO][0] = said[5];
	free(set);
	free(wrong);
}

static int
set_up(void **state)
{
	char *deny;

	(void)state;
	make_tokens();
	make_answers();
	site_make(&site);
	unit_write(site.map, SPAN("alice alice\n/^(b)x$ \\1\n"), 0600);
	deny = unit_path(site.dir, "deny");
	unit_write(deny, SPAN("kid ec\n"), 0600);
	free(deny);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	site_remove(&site);
	mint_end();
	for (size_t i = 0; i < nitems(tokens); i++)
		free(tokens[i]);
	for (size_t i = 0; i < nitems(said); i++)
		free(said[i]);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_calls),
	cmocka_unit_test(test_one_use),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
