/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* The smallest useful file: three lines. */
#define GOOD                                    \
	"domain = t.eu.auth0.com\n"             \
	"audience = https://api.example.com/\n" \
	"username_claim = user\n"

static struct conf *
parse(struct span text, enum reason *reason, struct conf_error *error)
{
	const struct span s = unit_exact(text);
	struct conf *conf = (void *)1;

	*reason = conf_parse(s, "mx1.example.com", &conf, error);
	unit_free(s);
	return conf;
}

static struct conf *
good(const char *text)
{
	struct conf_error error;
	enum reason reason;
	struct conf *conf = parse(span_of(text), &reason, &error);

	if (conf == NULL)
		fail_msg("line %u: %s", error.line, error.what.s);
	return conf;
}

static const struct row {
	const char *name;
	struct span text;
	unsigned int line; /* 0 and no what: the file is good */
	const char *what;
} rows[] = {
	{ "good", BYTES(GOOD), 0, NULL },
	{ "no newline at the end", BYTES(GOOD "min_uid=500"), 0, NULL },
	{ "blank lines and comments",
	    BYTES("\n  \n# a = b [c]\n\t# d\n" GOOD "\n\n"), 0, NULL },
	{ "blanks everywhere", BYTES(GOOD "\t min_uid \t =\t 500 \t\n"), 0,
	    NULL },
	{ "equals in a value", BYTES(GOOD "required_claim = a b=c\n"), 0,
	    NULL },
	{ "hash in a word", BYTES(GOOD "required_claim = a b#c\n"), 0, NULL },
	{ "hash as the value", BYTES(GOOD "delegation_permission = #a\n"), 0,
	    NULL },
	{ "UTF-8 in a comment", BYTES(GOOD "# \xc3\xa9\n"), 0, NULL },
	{ "section", BYTES(GOOD "[service imap]\nmin_uid = 500\n"), 0, NULL },
	{ "blanks in a section", BYTES(GOOD " [ service   imap ] \n"), 0,
	    NULL },
	{ "empty section", BYTES(GOOD "[service a.b-C_9]\n"), 0, NULL },
	{ "same name, other kind",
	    BYTES("audience = a\nusername_claim = b\n"
		  "[tenant a]\ndomain = a.b\n[service a]\n"),
	    0, NULL },

	{ "empty file", BYTES(""), 0, "no tenant" },
	{ "only comments", BYTES("# a\n# b\n"), 0, "no tenant" },

	/* bytes */
	{ "byte order mark", BYTES("\xef\xbb\xbf" GOOD), 1, "byte order mark" },
	{ "Windows line ends", BYTES("# a\r\n"), 1, "carriage return" },
	{ "one Windows line end", BYTES(GOOD "min_uid = 5\r\n"), 4,
	    "carriage return" },
	{ "NUL", BYTES(GOOD "min_uid = 5\0\n"), 4, "control character" },
	{ "NUL in a comment", BYTES("#\0\n" GOOD), 1, "control character" },
	{ "NUL at the end", BYTES(GOOD "\0"), 4, "control character" },
	{ "escape", BYTES(GOOD "delegation_permission = \x1b[2J\n"), 4,
	    "control character" },
	{ "vertical tab", BYTES(GOOD "\v\n"), 4, "control character" },
	{ "form feed", BYTES(GOOD "\f\n"), 4, "control character" },
	{ "delete", BYTES(GOOD "# \x7f\n"), 4, "control character" },
	{ "UTF-16",
	    BYTES("\xff\xfe"
		  "d\0o\0"),
	    1, "control character" },

	/* lines */
	{ "no equals sign", BYTES(GOOD "min_uid 500\n"), 4,
	    "no \"=\" in \"min_uid 500\"" },
	{ "a word", BYTES(GOOD "hello\n"), 4, "no \"=\"" },
	{ "a colon", BYTES(GOOD "min_uid: 500\n"), 4, "no \"=\"" },
	{ "no key", BYTES(GOOD "= 500\n"), 4, "unknown key \"\"" },
	{ "no value", BYTES(GOOD "min_uid =\n"), 4, "no value" },
	{ "blank value", BYTES(GOOD "min_uid = \t \n"), 4, "no value" },
	{ "nothing at all", BYTES(GOOD "=\n"), 4, "unknown key \"\"" },
	{ "unknown key", BYTES(GOOD "frobnicate = yes\n"), 4,
	    "unknown key \"frobnicate\"; see audient.conf(5)" },
	{ "key in capitals", BYTES(GOOD "MIN_UID = 500\n"), 4,
	    "unknown key \"MIN_UID\"" },
	{ "mistyped", BYTES(GOOD "min_udi = 500\n"), 4,
	    "unknown key \"min_udi\"; did you mean \"min_uid\"?" },
	{ "minus for underscore", BYTES(GOOD "min-uid = 500\n"), 4,
	    "did you mean \"min_uid\"?" },
	{ "plural", BYTES(GOOD "audiences = x\n"), 4,
	    "did you mean \"audience\"?" },
	{ "singular", BYTES(GOOD "required_scope = x\n"), 4,
	    "did you mean \"required_scopes\"?" },
	{ "key with a blank", BYTES(GOOD "min uid = 500\n"), 4,
	    "did you mean \"min_uid\"?" },
	{ "key with wild bytes", BYTES(GOOD "min\xffuid = 500\n"), 4,
	    "unknown key \"min\\xffuid\"" },
	{ "very long key",
	    BYTES(GOOD "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1\n"),
	    4, "see audient.conf(5)" },
	{ "switch that there is not", BYTES(GOOD "insecure = yes\n"), 4,
	    "unknown key" },
	{ "other switch that there is not", BYTES(GOOD "verify = no\n"), 4,
	    "unknown key" },
	{ "comment behind a value", BYTES(GOOD "min_uid = 500 # ours\n"), 4,
	    "a comment behind the value of \"min_uid\"" },
	{ "comment behind a tab", BYTES(GOOD "min_uid = 500\t#\n"), 4,
	    "a comment behind the value" },
	{ "comment behind a claim", BYTES(GOOD "required_claim = a b #c\n"), 4,
	    "a comment behind the value" },
	{ "first fault counts", BYTES("a = b\nc\n"), 1, "unknown key \"a\"" },

	/* repeated */
	{ "key twice", BYTES(GOOD "min_uid = 5\n\nmin_uid = 6\n"), 6,
	    "\"min_uid\" is already set in line 4" },
	{ "key twice, the same", BYTES(GOOD "username_claim = user\n"), 4,
	    "already set in line 3" },
	{ "key twice in a section",
	    BYTES(GOOD "[service a]\nmin_uid = 5\nmin_uid = 5\n"), 6,
	    "already set in line 5" },
	{ "section twice",
	    BYTES(GOOD "[service a]\n[service b]\n[service a]\n"), 6,
	    "\"a\" is here twice" },
	{ "tenant twice",
	    BYTES("[tenant a]\ndomain = a.b\n[tenant a]\ndomain = c.d\n"), 3,
	    "\"a\" is here twice" },

	/* sections */
	{ "not closed", BYTES(GOOD "[service imap\n"), 4, "ends with \"]\"" },
	{ "comment behind", BYTES(GOOD "[service imap] # mail\n"), 4,
	    "ends with \"]\"" },
	{ "only a bracket", BYTES(GOOD "[\n"), 4, "ends with \"]\"" },
	{ "no kind", BYTES(GOOD "[]\n"), 4, "unknown section \"\"" },
	{ "unknown kind", BYTES(GOOD "[client a]\n"), 4,
	    "unknown section \"client\"" },
	{ "kind in capitals", BYTES(GOOD "[Service a]\n"), 4,
	    "unknown section \"Service\"" },
	{ "no name", BYTES(GOOD "[service]\n"), 4, "the name \"\"" },
	{ "two names", BYTES(GOOD "[service a b]\n"), 4, "the name \"a b\"" },
	{ "path as a name", BYTES(GOOD "[service ../sudo]\n"), 4,
	    "the name \"../sudo\"" },
	{ "name in quotes", BYTES(GOOD "[service \"a\"]\n"), 4, "the name" },
	{ "name with a star", BYTES(GOOD "[service *]\n"), 4,
	    "the name \"*\"" },
	{ "name in UTF-8", BYTES(GOOD "[service \xc3\xa9]\n"), 4,
	    "the name \"\\xc3\\xa9\"" },
	{ "brackets in brackets", BYTES(GOOD "[[service a]]\n"), 4,
	    "unknown section" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const bool fine = rows[i].what == NULL;
		struct conf_error error;
		enum reason reason;
		struct conf *conf = parse(rows[i].text, &reason, &error);

		row_reason(rows[i].name, reason,
		    fine ? REASON_OK : REASON_CONFIG_INVALID);
		row_true(rows[i].name, (conf != NULL) == fine);
		row_number(rows[i].name, error.line, rows[i].line);
		row_has(rows[i].name, error.what.s, fine ? "" : rows[i].what);
		conf_free(conf);
	}
	conf_free(NULL);
	rows_end();
}

/* GOOD and n copies of a line, in which %u counts. */
static void
check_many(const char *name, const char *before, const char *after,
    unsigned int n, unsigned int bad_line, const char *what)
{
	struct buf text = BUF_INIT(1024 * 1024);
	struct conf_error error;
	enum reason reason;
	struct conf *conf;

	assert_int_equal(buf_add_str(&text, GOOD), REASON_OK);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(buf_printf(&text, "%s%u%s\n", before, i,
				     after),
		    REASON_OK);
	conf = parse(buf_span(&text), &reason, &error);
	row_reason(name, reason,
	    what == NULL ? REASON_OK : REASON_CONFIG_INVALID);
	row_number(name, error.line, bad_line);
	row_has(name, error.what.s, what == NULL ? "" : what);
	conf_free(conf);
	buf_free(&text);
}

static void
test_limits(void **state)
{
	(void)state;
	check_many("many audiences", "audience = urn:", "", 2045, 0, NULL);
	check_many("too many settings", "audience = urn:", "", 2046, 2049,
	    "too many settings");
	check_many("many services", "[service s", "]", CONF_SERVICES_MAX, 0,
	    NULL);
	check_many("too many sections", "[service s", "]", 97, 100,
	    "too many sections");
	check_many("too many tenants", "[tenant t", "]", 33, 36,
	    "too many tenants");
	rows_end();
}

static void
test_lengths(void **state)
{
	static const struct {
		const char *name, *before, *after;
		size_t n;
		const char *what;
	} lengths[] = {
		{ "longest line", "#", "", 4095, NULL },
		{ "line too long", "#", "", 4096, "the line is too long" },
		{ "longest name of a section", "[service ", "]", 64, NULL },
		{ "name of a section too long", "[service ", "]", 65,
		    "the name" },
		{ "longest audience", "audience = ", "", 1024, NULL },
		{ "audience too long", "audience = ", "", 1025, "too long" },
		{ "unknown key", "", " = 1", 3000, "unknown key \"kkkkk" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(lengths); i++) {
		char *middle = unit_repeat('k', lengths[i].n);
		struct buf text = BUF_INIT(16384);
		struct conf_error error;
		enum reason reason;
		struct conf *conf;

		assert_int_equal(buf_printf(&text, GOOD "%s%s%s\n",
				     lengths[i].before, middle,
				     lengths[i].after),
		    REASON_OK);
		conf = parse(buf_span(&text), &reason, &error);
		row_reason(lengths[i].name, reason,
		    lengths[i].what == NULL ? REASON_OK
					    : REASON_CONFIG_INVALID);
		row_has(lengths[i].name, error.what.s,
		    lengths[i].what == NULL ? "" : lengths[i].what);
		conf_free(conf);
		buf_free(&text);
		free(middle);
	}
	rows_end();
}

/* What a section does not say it takes from above; lists are replaced. */
static void
test_inheritance(void **state)
{
	struct conf *conf = good(GOOD "audience = urn:two\n"
				      "required_claim = a 1\n"
				      "required_claim = b 2\n"
				      "required_scopes = one two\n"
				      "organizations = any\n"
				      "allow_root = yes\n"
				      "min_uid = 500\n"
				      "subjects = users machines\n"
				      "username_domains = example.com\n"
				      "required_acr = gold silver\n"
				      "required_amr = mfa\n"
				      "export_claim = AUTH0_A a\n"
				      "export_claim = AUTH0_B b\n"
				      "[service imap]\n"
				      "audience = urn:mail\n"
				      "required_claim = c 3\n"
				      "organizations = org_1\n"
				      "allow_root = no\n"
				      "subjects = delegated\n"
				      "required_acr = iron\n"
				      "export_claim = AUTH0_A c\n"
				      "[service smtp]\n");
	const struct service *imap = conf_service(conf, "imap");
	const struct service *smtp = conf_service(conf, "smtp");

	(void)state;
	assert_int_equal(imap->claims.audiences.n, 1);
	assert_string_equal(imap->claims.audiences.item[0], "urn:mail");
	assert_int_equal(imap->policy.n_claims, 1);
	assert_string_equal(imap->policy.claims[0].name, "c");
	assert_string_equal(imap->policy.claims[0].value, "3");
	assert_int_equal(imap->policy.scopes.n, 2);
	assert_false(imap->policy.any_organization);
	assert_int_equal(imap->policy.organizations.n, 1);
	assert_false(imap->identity.allow_root);
	assert_int_equal(imap->identity.min_uid, 500);
	assert_int_equal(imap->policy.subjects, SUBJECT_BIT(SUBJECT_DELEGATED));
	assert_string_equal(imap->identity.username_claim, "user");
	assert_int_equal(imap->line, 17);
	assert_int_equal(imap->authn.acr.n, 1);
	assert_string_equal(imap->authn.acr.item[0], "iron");
	assert_int_equal(imap->authn.amr.n, 1);
	assert_int_equal(imap->n_exports, 1);
	assert_string_equal(imap->exports[0].value, "c");

	assert_int_equal(smtp->claims.audiences.n, 2);
	assert_int_equal(smtp->policy.n_claims, 2);
	assert_true(smtp->policy.any_organization);
	assert_true(smtp->identity.allow_root);
	assert_int_equal(smtp->policy.subjects,
	    SUBJECT_BIT(SUBJECT_USER) | SUBJECT_BIT(SUBJECT_MACHINE));
	assert_int_equal(smtp->identity.domains.n, 1);
	assert_int_equal(smtp->authn.acr.n, 2);
	assert_int_equal(smtp->n_exports, 2);

	assert_int_equal(conf->service[0].claims.audiences.n, 2);
	conf_free(conf);
}

static void
test_services(void **state)
{
	static const struct {
		const char *name, *with, *without;
	} lookups[] = {
		{ "imap", "imap", "imap" },
		{ "sudo", "sudo", "sudo" },
		{ "sudo-i", "sudo-i", "sudo" },
		{ "su", "", "" },
		{ "IMAP", "", "" },
		{ "imap2", "", "" },
		{ "ima", "", "" },
		{ "sudo-s", "", "" },
		{ "su-l", "", "" },
		{ "", "", "" },
	};
	struct conf *with = good(GOOD "[service imap]\n[service sudo]\n"
				      "[service sudo-i]\n");
	struct conf *without = good(GOOD "[service sudo]\n[service imap]\n");
	struct conf *none = good(GOOD);

	(void)state;
	for (size_t i = 0; i < nitems(lookups); i++) {
		const char *name = lookups[i].name;

		row_text(name, conf_service(with, name)->name, lookups[i].with);
		row_text(name, conf_service(without, name)->name,
		    lookups[i].without);
		row_text(name, conf_service(none, name)->name, "");
		row_count(lookups[i].with[0] != '\0');
	}
	conf_free(with);
	conf_free(without);
	conf_free(none);
	rows_end();
}

static void
test_elevating(void **state)
{
	static const struct {
		const char *service;
		bool want;
	} services[] = {
		{ "sudo", true },
		{ "sudo-i", true },
		{ "su", true },
		{ "su-l", true },
		{ "sshd", false },
		{ "login", false },
		{ "SUDO", false },
		{ "sudoers", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(services); i++)
		row_bool(services[i].service,
		    conf_is_elevating(services[i].service), services[i].want);
	rows_end();
}

/* A file cut off anywhere is refused or good, and nothing leaks. */
static void
test_truncated(void **state)
{
	static const char text[] = GOOD "required_claim = a b\n"
					"[tenant x]\ndomain = a.b\n"
					"[service imap]\nallow_root = no\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct conf_error error;
		enum reason reason;
		struct conf *conf =
		    parse((struct span){ text, n }, &reason, &error);

		assert_true(reason == REASON_OK ||
		    (reason == REASON_CONFIG_INVALID && error.what.len > 0));
		conf_free(conf);
	}
}

/* Where the host has no name, what stands for it is no rule. */
static void
test_no_host(void **state)
{
	static const struct {
		const char *name, *text;
		unsigned int line;
	} nameless[] = {
		{ "audience", "audience = https://%h/\n" GOOD, 1 },
		{ "audience, at the end", "audience = urn:%h\n" GOOD, 1 },
		{ "permission", "required_permissions = login:%h\n" GOOD, 1 },
		{ "one of several", "required_permissions = a b:%h\n" GOOD, 1 },
		{ "no need of it", "audience = urn:%%h\n" GOOD, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(nameless); i++) {
		const bool fine = nameless[i].line == 0;
		struct conf_error error;
		struct conf *conf;

		row_reason(nameless[i].name,
		    conf_parse(span_of(nameless[i].text), "", &conf, &error),
		    fine ? REASON_OK : REASON_CONFIG_INVALID);
		row_has(nameless[i].name, error.what.s,
		    fine ? "" : "%h is the host's name");
		row_number(nameless[i].name, fine ? 0 : error.line,
		    nameless[i].line);
		conf_free(conf);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_limits),
	cmocka_unit_test(test_lengths),
	cmocka_unit_test(test_inheritance),
	cmocka_unit_test(test_services),
	cmocka_unit_test(test_elevating),
	cmocka_unit_test(test_truncated),
	cmocka_unit_test(test_no_host),
};

UNIT_MAIN(tests)
