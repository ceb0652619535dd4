/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "deny.h"
#include "site.h"
#include "unit.h"
#include "wrapped.h"

/*
 * What the command shows of the configuration, of files that it names and of
 * tokens, without network.  The linker sends some memory here.
 */
#define B "https://b.example.com/"
#define CONF                                                               \
	"cache_dir = %D/cache\naudience = " SITE_API "\nusername_claim = " \
	"user\n"
#define ISSUER "issuer = " SITE_A "\n"

static bool no_array; /* there is no memory for one */

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return no_array ? NULL : __real_reallocarray(p, n, size);
}

static struct site site;

static struct audient *
start(const char *conf)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];
	struct audient *a;

	site_configure(&site, conf);
	if (audient_open(&a, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	return a;
}

/* --- what the configuration says */

static void
test_tenants(void **state)
{
	struct audient *a = start("cache_dir = %D/cache\n"
				  "audience = " SITE_API "\n"
				  "username_claim = user\ntenant = a\n"
				  "[tenant a]\nissuer = " SITE_A "\n"
				  "issuer = " SITE_A "2/\njwks_file = %A\n"
				  "[tenant b]\nissuer = " B "\nca_file = /ca\n"
				  "proxy = http://proxy.example.com:3128\n"
				  "keys_max_age = 61\n"
				  "[service imap]\ntenant = a b\n");
	struct audient_tenant t;
	struct audient_rules rules;

	(void)state;
	row_bool("the first", audient_get_tenant(a, 0, &t), true);
	row_text("its name", t.name, "a");
	row_number("its issuers", (int64_t)t.issuers.n, 2);
	row_text("the second of them", t.issuers.item[1], SITE_A "2/");
	row_text("its keys", t.jwks_file, site.jwks_a);
	row_true("no more of it", t.ca_file == NULL && t.proxy == NULL);
	row_bool("the second", audient_get_tenant(a, 1, &t), true);
	row_text("its name", t.name, "b");
	row_number("its issuers", (int64_t)t.issuers.n, 1);
	row_true("its keys", t.jwks_file == NULL);
	row_text("whom it trusts", t.ca_file, "/ca");
	row_text("its proxy", t.proxy, "http://proxy.example.com:3128");
	row_number("its age", t.keys_max_age, 61);
	row_bool("no third", audient_get_tenant(a, 2, &t), false);
	audient_find_rules(a, "sshd", &rules);
	row_number("one of them", rules.tenants, 1);
	audient_find_rules(a, "imap", &rules);
	row_number("both of them", rules.tenants, 3);
	audient_close(a);
	rows_end();
}

/* Each of them is as it is written, and no other one is. */
static const struct {
	const char *text; /* a line of the configuration */
	unsigned int want;
} switches[] = {
	{ "", 0 },
	{ "allow_root = yes\n", 1 },
	{ "opaque_tokens = accept-unbound\nrequired_claim = sub a\n", 2 },
	{ "tls = host-enforced\n", 4 },
	{ "tokenless_account = deny\n", 8 },
	{ "session_limit = token\n", 16 },
	{ "allow_root = no\nopaque_tokens = refuse\ntls = required\n"
	  "tokenless_account = ignore\nsession_limit = none\n",
	    0 },
};

static void
test_switches(void **state)
{
	char conf[1024];

	(void)state;
	for (size_t i = 0; i < nitems(switches); i++) {
		struct audient_rules r;
		struct audient *a;

		(void)snprintf(conf, sizeof(conf),
		    ISSUER "jwks_file = %%A\n%s[service imap]\n%s", CONF,
		    switches[i].text);
		a = start(conf);
		row_bool("a section", audient_get_rules(a, 1, &r), true);
		row_number(switches[i].text,
		    r.allows_root | r.accepts_opaque << 1 |
			r.trusts_host_tls << 2 | r.denies_tokenless << 3 |
			r.limits_sessions << 4,
		    switches[i].want);
		row_bool("and no more", audient_get_rules(a, 2, &r), false);
		audient_close(a);
	}
	rows_end();
}

static void
test_rules(void **state)
{
	struct audient *a =
	    start(ISSUER "jwks_file = %A\n"
			 "fetch_helper = /no/helper\n" CONF
			 "[service imap]\nmin_uid = 2000000000\n"
			 "clock_tolerance = 300\n"
			 "audience = urn:a\naudience = urn:b\n"
			 "deny_file = %M\n");
	struct audient_rules r;
	char *cache = unit_path(site.dir, "cache");

	(void)state;
	row_text("the cache", audient_cache_dir(a), cache);
	row_text("the helper", audient_helper(a), "/no/helper");
	row_bool("defaults", audient_get_rules(a, 0, &r), true);
	row_text("defaults", r.name, "");
	row_number("no section", r.line, 0);
	row_true("no files", r.user_map == NULL && r.deny_file == NULL);
	row_true("all is there", r.problem == NULL);
	row_text("the claim", r.username_claim, "user");
	audient_find_rules(a, "imap", &r);
	row_text("its name", r.name, "imap");
	row_number("where it is", r.line, 7);
	row_number("its audiences", (int64_t)r.audiences.n, 2);
	row_text("the second", r.audiences.item[1], "urn:b");
	row_number("the highest", r.min_uid, 2000000000);
	row_number("the longest", r.clock_tolerance, 300);
	row_text("a file", r.deny_file, site.map);
	audient_close(a);
	free(cache);
	rows_end();
}

/* What nobody has named is where it was built to be. */
static void
test_our_places(void **state)
{
	struct audient *a = start("issuer = " SITE_A "\njwks_file = %A\n"
				  "[service imap]\naudience = " SITE_API "\n"
				  "username_claim = user\n");
	struct audient_rules r;

	(void)state;
	row_true("the cache", audient_cache_dir(a)[0] == '/');
	row_true("the helper", audient_helper(a)[0] == '/');
	audient_find_rules(a, "sshd", &r);
	row_text("what is missing", r.problem, "audience");
	audient_find_rules(a, "imap", &r);
	row_true("nothing is", r.problem == NULL);
	audient_close(a);
	rows_end();
}

/* --- files */

/* Every message is cut where there is no more room. */
static void
test_long_path(void **state)
{
	struct {
		char problem[AUDIENT_LINE_MAX], behind;
	} got = { .behind = 'x' };
	char *path = unit_repeat('/', 3000);
	struct buf text = BUF_INIT(16);

	(void)state;
	path[1] = 'p';
	row_reason("a long path", audient_read_file(path, &text, got.problem),
	    REASON_CONFIG_INVALID);
	row_number("cut", (int64_t)strlen(got.problem), AUDIENT_LINE_MAX - 1);
	row_true("cut", memcmp(got.problem, path, AUDIENT_LINE_MAX - 1) == 0);
	row_number("behind it", got.behind, 'x');
	free(path);
	buf_free(&text);
	rows_end();
}

static void
test_read_file(void **state)
{
	char problem[AUDIENT_LINE_MAX] = "as it was", want[512];
	struct buf text = BUF_INIT(16);

	(void)state;
	unit_write(site.map, SPAN("sixteen letters!"), 0600);
	row_reason("as large as it may be",
	    audient_read_file(site.map, &text, problem), REASON_OK);
	row_true("all of it", span_is(buf_span(&text), "sixteen letters!"));
	row_text("nothing to say", problem, "as it was");
	buf_clear(&text);
	unit_write(site.map, SPAN("seventeen letters"), 0600);
	row_reason("a byte more", audient_read_file(site.map, &text, problem),
	    REASON_CONFIG_INVALID);
	(void)snprintf(want, sizeof(want), "%s: it is too large", site.map);
	row_text("which, and why", problem, want);
	row_true("nothing of it", text.len == 0);
	row_reason("no file", audient_read_file("/no/file", &text, problem),
	    REASON_CONFIG_INVALID);
	row_has("no file", problem, "/no/file: ");
	buf_free(&text);
	rows_end();
}

/* A list of 16 MiB is read, and no byte more. */
static void
test_large_file(void **state)
{
	char problem[AUDIENT_LINE_MAX] = "", want[512];

	(void)state;
	unit_write(site.map, SPAN("x"), 0600);
	assert_int_equal(truncate(site.map, DENY_FILE_MAX), 0);
	row_reason("the largest",
	    audient_check_file(AUDIENT_ANY_FILE, site.map, problem), REASON_OK);
	row_text("the largest", problem, "");
	assert_int_equal(truncate(site.map, DENY_FILE_MAX + 1), 0);
	row_reason("a byte more",
	    audient_check_file(AUDIENT_ANY_FILE, site.map, problem),
	    REASON_CONFIG_INVALID);
	(void)snprintf(want, sizeof(want), "%s: it is too large", site.map);
	row_text("a byte more", problem, want);
	rows_end();
}

/* By the line, or as a whole. */
static void
test_lines(void **state)
{
	char problem[AUDIENT_LINE_MAX], want[512];

	(void)state;
	unit_write(site.map, SPAN("sub a\n\n\033 a\n"), 0600);
	row_reason("a bad line",
	    audient_check_file(AUDIENT_DENY_FILE, site.map, problem),
	    REASON_CONFIG_INVALID);
	(void)snprintf(want, sizeof(want), "%s:3: ", site.map);
	row_true("which one", span_starts(span_of(problem), want));
	row_true("it is harmless", strchr(problem, '\033') == NULL);
	unit_write(site.map, SPAN("sub a\0\n"), 0600);
	row_reason("a NUL",
	    audient_check_file(AUDIENT_DENY_FILE, site.map, problem),
	    REASON_CONFIG_INVALID);
	(void)snprintf(want, sizeof(want), "%s:", site.map);
	row_true("which file", span_starts(span_of(problem), want));
	rows_end();
}

static void
test_deny_text(void **state)
{
	static const struct {
		const char *text;
		enum reason want;
		unsigned int line;
		const char *problem;
	} rows[] = {
		{ "", REASON_OK, 0, "" },
		{ "azp a\n", REASON_OK, 0, "" },
		{ "# nobody\n", REASON_OK, 0, "" },
		{ "alice\n", REASON_CONFIG_INVALID, 1, "a line begins with" },
		{ "azp a\nalice\n", REASON_CONFIG_INVALID, 2,
		    "a line begins with" },
	};
	struct {
		char problem[AUDIENT_LINE_MAX], behind;
	} got = { .behind = 'x' };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		unsigned int line = 77;

		(void)snprintf(got.problem, sizeof(got.problem), "before");
		row_reason(rows[i].text,
		    audient_check_deny(span_of(rows[i].text), &line,
			got.problem),
		    rows[i].want);
		row_true(rows[i].text,
		    rows[i].line == 0 || line == rows[i].line);
		row_true(rows[i].text,
		    span_starts(span_of(got.problem), rows[i].problem) &&
			(got.problem[0] == '\0') ==
			    (rows[i].want == REASON_OK));
	}
	row_number("behind it", got.behind, 'x');
	rows_end();
}

/* --- tokens */

/* A token with that payload, the rest of which nobody looks at. */
static enum reason
peek(const char *payload, const char *claim, struct buf *value)
{
	char *word = mint_b64url(payload, strlen(payload)), *token;
	enum reason reason;
	struct span exact;

	assert_true(asprintf(&token, "eyJh.%s.AAAA", word) > 0);
	exact = unit_exact(span_of(token));
	reason = audient_peek(exact, claim, value);
	unit_free(exact);
	free(token);
	free(word);
	return reason;
}

static void
test_peek(void **state)
{
	static const struct {
		const char *name, *payload;
		enum reason want;
		const char *value;
	} rows[] = {
		{ "a text", "{\"sub\":\"a|b\"}", REASON_OK, "a|b" },
		{ "no text in it", "{\"sub\":\"\"}", REASON_OK, "" },
		{ "as it stands there", "{\"sub\":\"a\\n\"}", REASON_OK,
		    "a\n" },
		{ "as long as it may be", "{\"sub\":\"12345678\"}", REASON_OK,
		    "12345678" },
		{ "a byte longer", "{\"sub\":\"123456789\"}",
		    REASON_TOKEN_TOO_LARGE, "" },
		{ "twice", "{\"sub\":\"a\",\"sub\":\"b\"}",
		    REASON_TOKEN_MALFORMED, "" },
		{ "not at the top", "{\"x\":{\"sub\":\"a\"}}",
		    REASON_CLAIM_MISSING, "" },
		{ "a list", "{\"sub\":[\"a\"]}", REASON_CLAIM_MISSING, "" },
		{ "null", "{\"sub\":null}", REASON_CLAIM_MISSING, "" },
		{ "no object", "[\"sub\"]", REASON_TOKEN_MALFORMED, "" },
		{ "no end", "{\"sub\":\"a\"", REASON_TOKEN_MALFORMED, "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct buf value = BUF_INIT(8);

		row_reason(rows[i].name, peek(rows[i].payload, "sub", &value),
		    rows[i].want);
		row_true(rows[i].name,
		    span_is(buf_span(&value), rows[i].value));
		buf_free(&value);
	}
	rows_end();
}

/* Of what has no claims to be read, nothing is shown. */
static void
test_no_peek(void **state)
{
	static const struct {
		const char *name, *token;
		enum reason want;
	} rows[] = {
		{ "opaque", "abcdefghijklmnop", REASON_OPAQUE_REFUSED },
		{ "only the issuer can read it", "eyJh..AAAA.AAAA.AAAA",
		    REASON_OPAQUE_REFUSED },
		{ "encrypted for an API", "eyJh.AAAA.AAAA.AAAA.AAAA",
		    REASON_TOKEN_ENCRYPTED },
		{ "no signature", "eyJh.eyJzdWIiOiJhIn0.",
		    REASON_TOKEN_MALFORMED },
		{ "no base64url", "eyJh.e$$$.AAAA", REASON_TOKEN_MALFORMED },
		{ "nothing", "", REASON_NOT_A_TOKEN },
	};
	struct buf value = BUF_INIT(8);

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++)
		row_reason(rows[i].name,
		    audient_peek(span_of(rows[i].token), "sub", &value),
		    rows[i].want);
	no_array = true;
	row_reason("no memory", peek("{\"sub\":\"a\"}", "sub", &value),
	    REASON_OUT_OF_MEMORY);
	no_array = false;
	row_true("nothing of them", value.len == 0);
	row_reason("with memory", peek("{\"sub\":\"a\"}", "sub", &value),
	    REASON_OK);
	buf_free(&value);
	rows_end();
}

/* 1024 values and names are looked at: five, and what is in the list. */
static void
test_many_values(void **state)
{
	(void)state;
	for (size_t n = 1019; n <= 1020; n++) {
		struct buf payload = BUF_INIT(16384), value = BUF_INIT(8);

		assert_int_equal(buf_add_str(&payload, "{\"x\":[0"), REASON_OK);
		for (size_t i = 1; i < n; i++)
			assert_int_equal(buf_add_str(&payload, ",0"),
			    REASON_OK);
		assert_int_equal(buf_add_str(&payload, "],\"sub\":\"a\"}"),
		    REASON_OK);
		row_reason(n == 1019 ? "as many as there may be" : "one more",
		    peek(payload.data, "sub", &value),
		    n == 1019 ? REASON_OK : REASON_TOKEN_MALFORMED);
		buf_free(&payload);
		buf_free(&value);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	unit_write(site.map, SPAN("azp a\n"), 0600); /* a list */
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
	WITH_SITE(test_tenants),
	WITH_SITE(test_switches),
	WITH_SITE(test_rules),
	WITH_SITE(test_our_places),
	WITH_SITE(test_long_path),
	WITH_SITE(test_read_file),
	WITH_SITE(test_large_file),
	WITH_SITE(test_lines),
	WITH_SITE(test_deny_text),
	WITH_SITE(test_peek),
	WITH_SITE(test_no_peek),
	WITH_SITE(test_many_values),
};

UNIT_MAIN(tests)
