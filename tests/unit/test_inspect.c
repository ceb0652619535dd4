/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "site.h"
#include "unit.h"

static struct site site;

static struct audient *
open_view(const char *conf)
{
	struct audient_options options = { .root = "" };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	site_configure(&site, conf);
	options.config = site.conf;
	assert_int_equal(audient_open(&audient, &options, problem), REASON_OK);
	return audient;
}

static void
test_rules(void **state)
{
	struct audient *a = open_view(
	    SITE_ONE "user_map = /no/such/map\n"
		     "[service sshd]\nsession_limit = token\nallow_root = yes\n"
		     "[service imap]\ntls = host-enforced\n");
	struct audient_rules rules;
	struct audient_tenant tenant;

	(void)state;
	row_bool("a tenant", audient_get_tenant(a, 0, &tenant), true);
	row_text("its issuer", tenant.issuers.item[0], SITE_A);
	row_bool("no second one", audient_get_tenant(a, 1, &tenant), false);
	row_bool("defaults", audient_get_rules(a, 0, &rules), true);
	row_text("a file that is not there is no matter here", rules.user_map,
	    "/no/such/map");
	row_bool("behind the last", audient_get_rules(a, 3, &rules), false);
	audient_find_rules(a, "sshd", &rules);
	row_bool("limits sessions", rules.limits_sessions, true);
	row_bool("allows root", rules.allows_root, true);
	audient_find_rules(a, "imap", &rules);
	row_bool("limits no sessions", rules.limits_sessions, false);
	row_bool("trusts the host's TLS", rules.trusts_host_tls, true);
	audient_find_rules(a, "nntp", &rules);
	row_text("the defaults for any other", rules.name, "");
	audient_close(a);
	rows_end();
}

/* Every path is below the tree, also those that nobody has named. */
static void
test_below(void **state)
{
	const struct audient_options options = { .config = site.conf,
		.root = "/tree" };
	char problem[AUDIENT_LINE_MAX];
	struct audient_rules rules;
	struct audient_tenant t;
	struct audient *a;

	(void)state;
	site_configure(&site,
	    "issuer = " SITE_A "\njwks_file = /j\nca_file = /c\n"
	    "audience = " SITE_API "\nusername_claim = user\n"
	    "user_map = /m\ndeny_file = /d\n");
	assert_int_equal(audient_open(&a, &options, problem), REASON_OK);
	(void)audient_get_tenant(a, 0, &t);
	row_text("jwks_file", t.jwks_file, "/tree/j");
	row_text("ca_file", t.ca_file, "/tree/c");
	audient_find_rules(a, "sshd", &rules);
	row_text("user_map", rules.user_map, "/tree/m");
	row_text("deny_file", rules.deny_file, "/tree/d");
	row_has("cache_dir", audient_cache_dir(a), "/tree/");
	row_has("fetch_helper", audient_helper(a), "/tree/");
	audient_close(a);
	rows_end();
}

static void
test_files(void **state)
{
	static const struct {
		const char *name;
		enum audient_file kind;
		const char *text;
		enum reason want;
		const char *problem;
	} rows[] = {
		{ "map", AUDIENT_USER_MAP, "a alice\n", REASON_OK, "" },
		{ "bad map", AUDIENT_USER_MAP, "# c\na\n",
		    REASON_CONFIG_INVALID, ":2: a line has" },
		{ "deny list", AUDIENT_DENY_FILE, "azp a\n", REASON_OK, "" },
		{ "bad deny list", AUDIENT_DENY_FILE, "a alice\n",
		    REASON_CONFIG_INVALID, ":1: a line begins with" },
		{ "anything", AUDIENT_ANY_FILE, "\1\2\3", REASON_OK, "" },
	};
	char problem[AUDIENT_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		problem[0] = '\0';
		unit_write(site.map, span_of(rows[i].text), 0600);
		row_reason(rows[i].name,
		    audient_check_file(rows[i].kind, site.map, problem),
		    rows[i].want);
		row_has(rows[i].name, problem, rows[i].problem);
	}
	unit_write(site.map, SPAN("a alice\n"), 0666);
	row_reason("others can write it",
	    audient_check_file(AUDIENT_ANY_FILE, site.map, problem),
	    REASON_CONFIG_INVALID);
	row_reason("no such file",
	    audient_check_file(AUDIENT_ANY_FILE, "/no/such/file", problem),
	    REASON_CONFIG_INVALID);
	rows_end();
}

static void
on_repeat(void *arg, unsigned int line, unsigned int first, bool is_same_user)
{
	unsigned int *sum = arg;

	*sum += 100 * line + 10 * first + (is_same_user ? 1 : 0);
}

static void
test_repeats(void **state)
{
	unsigned int sum = 0;

	(void)state;
	unit_write(site.map, SPAN("a alice\nb bob\na alice\n"), 0600);
	row_reason("repeats", audient_map_repeats(site.map, on_repeat, &sum),
	    REASON_OK);
	row_number("which", sum, 311);
	unit_write(site.map, SPAN("a\n"), 0600);
	row_reason("a bad map", audient_map_repeats(site.map, on_repeat, &sum),
	    REASON_CONFIG_INVALID);
	row_reason("no map",
	    audient_map_repeats("/no/such/map", on_repeat, &sum),
	    REASON_CONFIG_INVALID);
	rows_end();
}

/* Nobody vouches for it; but what is no JWS, has no claim. */
static void
test_peek(void **state)
{
	static const struct {
		const char *name;
		const char *token;
		const char *claim;
		enum reason want;
		const char *value;
	} rows[] = {
		{ "a claim", "eyJh.eyJzdWIiOiJhbGljZSJ9.AAAA", "sub", REASON_OK,
		    "alice" },
		{ "another one", "eyJh.eyJzdWIiOiJhbGljZSJ9.AAAA", "azp",
		    REASON_CLAIM_MISSING, "" },
		{ "a number", "eyJh.eyJzdWIiOjF9.AAAA", "sub",
		    REASON_CLAIM_MISSING, "" },
		{ "a password", "secret", "sub", REASON_NOT_A_TOKEN, "" },
		{ "no JSON", "eyJh.AAAA.AAAA", "sub", REASON_TOKEN_MALFORMED,
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf value = BUF_INIT(100);

		assert_int_equal(buf_add_str(&value, ""), REASON_OK);
		row_reason(rows[i].name,
		    audient_peek(span_of(rows[i].token), rows[i].claim, &value),
		    rows[i].want);
		row_true(rows[i].name,
		    span_is(buf_span(&value), rows[i].value));
		buf_free(&value);
	}
	rows_end();
}

static void
test_reasons(void **state)
{
	enum reason reason;

	(void)state;
	for (int i = 0; i <= REASON_INTERNAL; i++) {
		row_bool("a name",
		    audient_find_reason(reason_name((enum reason)i), &reason),
		    true);
		row_number("its reason", reason, i);
	}
	row_bool("no such name", audient_find_reason("", &reason), false);
	row_bool("another case", audient_find_reason("OK", &reason), false);
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
	site_remove(&site);
	mint_end();
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_rules),
	WITH_SITE(test_below),
	WITH_SITE(test_files),
	WITH_SITE(test_repeats),
	WITH_SITE(test_peek),
	WITH_SITE(test_reasons),
};

UNIT_MAIN(tests)
