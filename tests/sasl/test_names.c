/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who it is, and who it may act as: the names that the token, the client and
 * the host have, and what the host is told in the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wallet.h"

#define CONF                                                              \
	SITE_ONE                                                          \
	"[service strip]\nusername_domains = example.com example.net\n"   \
	"[service map]\nuser_map = %M\n"                                  \
	"[service both]\nuser_map = %M\nusername_domains = example.com\n" \
	"[service act]\ndelegation_permission = mail:act\n"               \
	"[service ldap]\ndelegation_permission = mail:act\n"              \
	"[service email]\nusername_claim = email\n"

#define MAP                         \
	"alice alice@example.com\n" \
	"alice shared\n"            \
	"alice shared@example.net\n"

#define ACT "\"permissions\":[\"mail:act\"]"

/* The host's name callback is told AUTHID 1, AUTHZID 2, verified 4. */
#define ONCE(name)     "7 " name "\n"
#define TWICE(who, as) "5 " who "\n6 " as "\n"

static const struct row {
	const char *name;
	struct peer peer;
	const char *with;  /* changes to alice's claims */
	const char *asked; /* a= or user=; NULL: none */
	int rc;
	const char *user, *authid; /* NULL: alice */
	const char *names;	   /* NULL: the one call for alice */
} rows[] = {
	/* the token's own name */
	{ "not asked", { .service = NULL }, NULL, NULL, SASL_OK, NULL, NULL,
	    NULL },
	{ "asked", { .service = NULL }, NULL, "alice", SASL_OK, NULL, NULL,
	    NULL },
	{ "another", { .service = NULL }, NULL, "bob", SASL_NOAUTHZ, NULL, NULL,
	    NULL },
	{ "another, and the host would let him", { .says_yes = true }, NULL,
	    "bob", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "root", { .says_yes = true }, NULL, "root", SASL_NOAUTHZ, NULL, NULL,
	    NULL },
	{ "in capitals", { .service = NULL }, NULL, "Alice", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "longer", { .service = NULL }, NULL, "alice2", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "shorter", { .service = NULL }, NULL, "alic", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "with a blank", { .service = NULL }, NULL, "alice ", SASL_NOAUTHZ,
	    NULL, NULL, NULL },
	{ "LDAP's form for IMAP", { .service = NULL }, NULL, "u:alice",
	    SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "a domain that nobody knows", { .service = NULL }, NULL,
	    "alice@example.com", SASL_NOAUTHZ, NULL, NULL, NULL },

	/* the host's realm: of names that have no domain */
	{ "realm, not asked", { .realm = "example.com" }, NULL, NULL, SASL_OK,
	    "alice@example.com", "alice@example.com", NULL },
	{ "realm, asked without", { .realm = "example.com" }, NULL, "alice",
	    SASL_OK, "alice@example.com", "alice@example.com", NULL },
	{ "realm, asked with", { .realm = "example.com" }, NULL,
	    "alice@example.com", SASL_OK, "alice@example.com",
	    "alice@example.com", NULL },
	{ "realm in capitals", { .realm = "example.com" }, NULL,
	    "alice@EXAMPLE.COM", SASL_OK, "alice@example.com",
	    "alice@example.com", NULL },
	{ "realm in the token", { .realm = "example.com" },
	    "\"user\":\"alice@example.com\"", "alice", SASL_OK,
	    "alice@example.com", "alice@example.com",
	    ONCE("alice@example.com") },
	{ "another domain in the token", { .realm = "example.com" },
	    "\"user\":\"alice@example.org\"", "alice@example.org", SASL_OK,
	    "alice@example.org", "alice@example.org",
	    ONCE("alice@example.org") },
	{ "another domain asked for", { .realm = "example.com" }, NULL,
	    "alice@example.org", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "the realm's alice is not the other domain's",
	    { .realm = "example.com" }, "\"user\":\"alice@example.org\"",
	    "alice", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "nor by her whole name", { .realm = "example.com" },
	    "\"user\":\"alice@example.org\"", "alice@example.com", SASL_NOAUTHZ,
	    NULL, NULL, NULL },
	{ "longer realm", { .realm = "example.com" }, NULL,
	    "alice@sub.example.com", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "realm twice", { .realm = "example.com" }, NULL,
	    "alice@example.com@example.com", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "realm alone", { .realm = "example.com" }, NULL, "@example.com",
	    SASL_NOAUTHZ, NULL, NULL, NULL },

	/* domains that the administrator takes off */
	{ "domain off", { .service = "strip" },
	    "\"user\":\"alice@example.com\"", NULL, SASL_OK, NULL, NULL, NULL },
	{ "domain off, asked without", { .service = "strip" },
	    "\"user\":\"alice@example.com\"", "alice", SASL_OK, NULL, NULL,
	    NULL },
	{ "domain off, asked with", { .service = "strip" },
	    "\"user\":\"alice@example.com\"", "alice@example.com", SASL_OK,
	    NULL, NULL, NULL },
	{ "domain off, asked with the other", { .service = "strip" },
	    "\"user\":\"alice@example.com\"", "alice@Example.Net", SASL_OK,
	    NULL, NULL, NULL },
	{ "no domain in the token", { .service = "strip" }, NULL,
	    "alice@example.com", SASL_OK, NULL, NULL, NULL },
	{ "another domain stays", { .service = "strip" },
	    "\"user\":\"alice@example.org\"", NULL, SASL_OK,
	    "alice@example.org", "alice@example.org",
	    ONCE("alice@example.org") },
	{ "another domain is another alice", { .service = "strip" },
	    "\"user\":\"alice@example.org\"", "alice", SASL_NOAUTHZ, NULL, NULL,
	    NULL },
	{ "by whatever name", { .service = "strip" },
	    "\"user\":\"alice@example.org\"", "alice@example.com", SASL_NOAUTHZ,
	    NULL, NULL, NULL },
	{ "another domain asked for, too", { .service = "strip" },
	    "\"user\":\"alice@example.com\"", "alice@example.org", SASL_NOAUTHZ,
	    NULL, NULL, NULL },

	/* a map with several users */
	{ "map, first", { .service = "map" }, NULL, NULL, SASL_OK,
	    "alice@example.com", "alice@example.com",
	    ONCE("alice@example.com") },
	{ "map, the one that was asked for", { .service = "map" }, NULL,
	    "shared", SASL_OK, "shared", "shared", ONCE("shared") },
	{ "map, with a domain", { .service = "map" }, NULL,
	    "shared@example.net", SASL_OK, "shared@example.net",
	    "shared@example.net", ONCE("shared@example.net") },
	{ "map and realm", { .service = "map", .realm = "example.net" }, NULL,
	    "shared@example.net", SASL_OK, "shared@example.net",
	    "shared@example.net", ONCE("shared@example.net") },
	{ "map and realm, without",
	    { .service = "map", .realm = "example.com" }, NULL, "alice",
	    SASL_OK, "alice@example.com", "alice@example.com",
	    ONCE("alice@example.com") },
	{ "map and domain", { .service = "both" }, NULL, "shared@example.com",
	    SASL_OK, "shared", "shared", ONCE("shared") },
	{ "map, none of them", { .service = "map" }, NULL, "alice",
	    SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "map, no domain off", { .service = "map" }, NULL,
	    "shared@example.com", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "map's domains stay apart", { .service = "both" }, NULL, "alice",
	    SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "not in the map", { .service = "map" }, "\"user\":\"bob\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },

	/* acting for somebody else */
	{ "delegate", { .service = "act", .says_yes = true }, ACT, "bob",
	    SASL_OK, "bob", NULL, TWICE("alice", "bob") },
	{ "delegate of himself", { .service = "act" }, ACT, "alice", SASL_OK,
	    NULL, NULL, NULL },
	{ "delegate with a domain", { .service = "act", .says_yes = true }, ACT,
	    "bob@example.org", SASL_OK, "bob@example.org", NULL,
	    TWICE("alice", "bob@example.org") },
	{ "delegate in a realm",
	    { .service = "act", .says_yes = true, .realm = "example.com" }, ACT,
	    "bob", SASL_OK, "bob@example.com", "alice@example.com",
	    TWICE("alice", "bob") },
	{ "delegate, and the host says no", { .service = "act" }, ACT, "bob",
	    SASL_BADAUTH, NULL, NULL, TWICE("alice", "bob") },
	{ "without the permission", { .service = "act", .says_yes = true },
	    NULL, "bob", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "with a longer one", { .service = "act", .says_yes = true },
	    "\"permissions\":[\"mail:act:all\"]", "bob", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "with a scope", { .service = "act", .says_yes = true },
	    "\"scope\":\"mail:act\"", "bob", SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "where nobody may", { .says_yes = true }, ACT, "bob", SASL_NOAUTHZ,
	    NULL, NULL, NULL },
	{ "delegate of root", { .service = "act", .says_yes = true }, ACT,
	    "root", SASL_CONTINUE, NULL, NULL, NULL },
	{ "delegate of the realm's root",
	    { .service = "act", .says_yes = true, .realm = "example.com" }, ACT,
	    "root@example.com", SASL_CONTINUE, NULL, NULL, NULL },
	{ "delegate of no name", { .service = "act", .says_yes = true }, ACT,
	    "b b", SASL_NOAUTHZ, NULL, NULL, NULL },

	/* LDAP's names */
	{ "u:alice", { .service = "ldap" }, NULL, "u:alice", SASL_OK, NULL,
	    NULL, NULL },
	{ "u: for a delegate", { .service = "ldap", .says_yes = true }, ACT,
	    "u:bob", SASL_OK, "u:bob", NULL, TWICE("alice", "u:bob") },
	{ "u:bob", { .service = "ldap", .says_yes = true }, NULL, "u:bob",
	    SASL_NOAUTHZ, NULL, NULL, NULL },
	{ "u: alone", { .service = "ldap" }, NULL, "u:", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "U:alice", { .service = "ldap" }, NULL, "U:alice", SASL_NOAUTHZ, NULL,
	    NULL, NULL },
	{ "dn:", { .service = "ldap", .says_yes = true }, ACT,
	    "dn:uid=3Dbob=2Cdc=3Dexample", SASL_NOAUTHZ, NULL, NULL, NULL },

	/* names that nobody may have */
	{ "root's token", { .service = NULL }, "\"user\":\"root\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "root's token in a realm", { .realm = "example.com" },
	    "\"user\":\"root\"", "root@example.com", SASL_CONTINUE, NULL, NULL,
	    NULL },
	{ "blank", { .service = NULL }, "\"user\":\"al ice\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "newline", { .service = NULL }, "\"user\":\"alice\\n\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "slash", { .service = NULL }, "\"user\":\"../alice\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "digits", { .service = NULL }, "\"user\":\"1000\"", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "empty", { .service = NULL }, "\"user\":\"\"", NULL, SASL_CONTINUE,
	    NULL, NULL, NULL },
	{ "a list", { .service = NULL }, "\"user\":[\"alice\"]", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "verified address", { .service = "email" },
	    "\"email\":\"alice@example.com\",\"email_verified\":true", NULL,
	    SASL_OK, "alice@example.com", "alice@example.com",
	    ONCE("alice@example.com") },
	{ "address that is not verified", { .service = "email" },
	    "\"email\":\"alice@example.com\",\"email_verified\":false", NULL,
	    SASL_CONTINUE, NULL, NULL, NULL },
	{ "address of which nothing is said", { .service = "email" },
	    "\"email\":\"alice@example.com\"", NULL, SASL_CONTINUE, NULL, NULL,
	    NULL },
};

static int
set_up(void **state)
{
	(void)wallet_open(state);
	unit_write(site.map, span_of(MAP), 0600);
	site_configure(&site, CONF);
	assert_int_equal(host_open(options), SASL_OK);
	if (host_lines(SASL_LOG_ERR) > 0)
		fail_msg("%s", host_log());
	return 0;
}

/* user= has no escapes. */
static char *
without_escapes(const char *name)
{
	char *s = strdup(name), *out = s;

	for (const char *p = name; *p != '\0'; p++, out++) {
		*out = *p;
		if (strncmp(p, "=2C", 3) == 0)
			*out = ',';
		if (*p == '=')
			p += 2;
	}
	*out = '\0';
	return s;
}

static void
check(const struct row *row, const char *mech, const char *in)
{
	const char *none = row->rc == SASL_OK ? "alice" : "";
	struct talk talk;

	host_forget();
	talk_open(&talk, &row->peer);
	row_count(row->rc == SASL_OK);
	row_number(row->name, talk_start(&talk, mech, span_of(in)), row->rc);
	if (row->rc == SASL_CONTINUE)
		row_has(row->name, talk.out,
		    mech[0] == 'X' ? "\"status\":\"400\""
				   : "\"status\":\"invalid_token\"");
	else
		row_number(row->name, talk.out_len, 0);
	if (row->rc == SASL_OK || row->names == NULL) {
		row_text(row->name, talk_user(&talk),
		    row->user != NULL ? row->user : none);
		row_text(row->name, talk_authid(&talk),
		    row->authid != NULL ? row->authid : none);
	}
	row_text(row->name, talk_names(),
	    row->names != NULL	     ? row->names
		: row->rc == SASL_OK ? ONCE("alice")
				     : "");
	row_true(row->name,
	    row->rc == SASL_OK || row->names != NULL ||
		(strstr(host_log(), "verdict=deny") != NULL &&
		    strstr(host_log(), "verdict=allow") == NULL));
	if (row->user != NULL && strncmp(row->user, "bob", 3) == 0)
		row_has(row->name, host_log(), "user=alice acts_for=bob");
	talk_close(&talk);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char *token = token_with(NULL, rows[i].with);
		char *in = bearer(rows[i].asked, token), *name;

		/* the second time from memory, if it is good */
		check(&rows[i], OB, in);
		check(&rows[i], OB, in);
		free(in);
		if (rows[i].asked != NULL) {
			name = without_escapes(rows[i].asked);
			in = xoauth2(name, token);
			check(&rows[i], X2, in);
			free(in);
			free(name);
		}
		free(token);
	}
	rows_end();
}

/* What a client asks for cannot pass for something that we say. */
static void
test_log(void **state)
{
	static const struct asked {
		const char *name, *log;
	} asked[] = {
		{ "bob\" verdict=3Dallow user=3D\"root",
		    " wanted=\"bob' verdict=allow user='root\"\n" },
		{ "bob=2C reason=3Dok", " wanted=\"bob, reason=ok\"\n" },
		{ "\xc3\xb6 b", " wanted=\"\\xc3\\xb6 b\"\n" },
		{ "%s%n%m", " wanted=%s%n%m\n" },
	};
	const struct peer peer = { .service = NULL };
	char *token = token_with(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < nitems(asked); i++) {
		char *in = bearer(asked[i].name, token);
		struct talk talk;

		host_forget();
		talk_open(&talk, &peer);
		row_count(false);
		row_number(asked[i].name, talk_start(&talk, OB, span_of(in)),
		    SASL_NOAUTHZ);
		row_has(asked[i].name, host_log(), asked[i].log);
		row_number(asked[i].name, (int64_t)host_lines(-1), 1);
		row_text(asked[i].name, talk_error(&talk),
		    "the token is not for that user");
		talk_close(&talk);
		free(in);
	}
	free(token);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_log),
	};

	return unit_end(cmocka_run_group_tests(tests, set_up, wallet_close));
}
