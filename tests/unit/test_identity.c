/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define GOOD                                                                 \
	"{\"sub\":\"auth0|5f7c\",\"azp\":\"client\","                        \
	"\"https://e.com/user\":\"alice\",\"name\":\"Alice Smith\","         \
	"\"mail\":\"alice@example.com\",\"email\":\"alice@example.com\","    \
	"\"email_verified\":true,\"permissions\":[\"act:any\",\"x\"],"       \
	"\"number\":1000,\"list\":[\"alice\"],\"null\":null,\"empty\":\"\"," \
	"\"dash\":\"-rf\",\"digits\":\"1000\",\"rooty\":\"root\","           \
	"\"evil\":\"alice@evil.com\"}"

#define MAP                             \
	"auth0|5f7c alice\n"            \
	"auth0|5f7c backup\n"           \
	"auth0|5f7c root\n"             \
	"\"Alice Smith\" alice\n"       \
	"/([a-z]+)@example\\.com \\1\n" \
	"alice@evil.com -rf\n"          \
	"client@clients robot\n"

/* How the service is set up; nothing said: claim "https://e.com/user". */
struct rules {
	const char *claim, *domains, *map, *delegation, *realm;
	int64_t min_uid;
	bool allow_root;
	bool lower_case;
	bool
	    is_opaque; /* proven by /userinfo, and nothing names who may come */
};

static const struct row {
	const char *name;
	struct rules rules;
	const char *with; /* changes to GOOD */
	const char *account;
	int64_t uid;
	enum reason want;
	const char *user; /* "-": a delegate's name follows */
} rows[] = {
	{ "claim is the user", { .claim = NULL }, NULL, "alice", 1000,
	    REASON_OK, "alice" },
	{ "nobody asked for", { .claim = NULL }, NULL, NULL, UID_UNKNOWN,
	    REASON_OK, "alice" },
	{ "a service of names", { .claim = NULL }, NULL, "alice", UID_UNKNOWN,
	    REASON_OK, "alice" },
	{ "machine account's dollar", { .claim = NULL },
	    "\"https://e.com/user\":\"host$\"", "host$", 1000, REASON_OK,
	    "host$" },

	/* the user asked for */
	{ "another user", { .claim = NULL }, NULL, "bob", 1001,
	    REASON_USER_MISMATCH, "" },
	{ "root asked for", { .claim = NULL }, NULL, "root", 0,
	    REASON_USER_MISMATCH, "" },
	{ "in capitals", { .claim = NULL }, NULL, "Alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "prefix", { .claim = NULL }, NULL, "alic", 1000, REASON_USER_MISMATCH,
	    "" },
	{ "longer", { .claim = NULL }, NULL, "alice2", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "nobody's name", { .claim = NULL }, NULL, "", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "blank behind", { .claim = NULL }, NULL, "alice ", 1000,
	    REASON_USER_MISMATCH, "" },

	/* the account */
	{ "no such account", { .claim = NULL }, NULL, "alice", UID_NO_ACCOUNT,
	    REASON_USER_REFUSED, "" },
	{ "uid too small", { .claim = NULL }, NULL, "alice", 999,
	    REASON_USER_REFUSED, "" },
	{ "uid 1", { .claim = NULL }, NULL, "alice", 1, REASON_USER_REFUSED,
	    "" },
	{ "uid large enough", { .min_uid = 500 }, NULL, "alice", 500, REASON_OK,
	    "alice" },
	{ "largest uid", { .claim = NULL }, NULL, "alice", 4294967294,
	    REASON_OK, "alice" },
	{ "uid 0 by another name", { .claim = NULL }, NULL, "alice", 0,
	    REASON_USER_REFUSED, "" },
	{ "root", { .claim = "rooty" }, NULL, "root", 0, REASON_USER_REFUSED,
	    "" },
	{ "root's name, another uid", { .claim = "rooty" }, NULL, "root", 1000,
	    REASON_USER_REFUSED, "" },
	{ "root's name, no uid", { .claim = "rooty" }, NULL, "root",
	    UID_UNKNOWN, REASON_USER_REFUSED, "" },
	{ "root's name, nobody asked", { .claim = "rooty" }, NULL, NULL,
	    UID_UNKNOWN, REASON_USER_REFUSED, "" },
	{ "root, small min_uid", { .claim = "rooty", .min_uid = 1 }, NULL,
	    "root", 0, REASON_USER_REFUSED, "" },
	{ "root, allowed", { .claim = "rooty", .allow_root = true }, NULL,
	    "root", 0, REASON_OK, "root" },
	{ "root allowed, not a system account",
	    { .claim = NULL, .allow_root = true }, NULL, "alice", 33,
	    REASON_USER_REFUSED, "" },

	/* the claim */
	{ "claim missing", { .claim = "nickname" }, NULL, "alice", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "claim's name is no path", { .claim = "https://e.com" }, NULL,
	    "alice", 1000, REASON_USERNAME_MISSING, "" },
	{ "claim null", { .claim = "null" }, NULL, "alice", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "claim number", { .claim = "number" }, NULL, "1000", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "claim list", { .claim = "list" }, NULL, "alice", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "claim empty", { .claim = "empty" }, NULL, "", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "claim true", { .claim = "email_verified" }, NULL, "true", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "unsafe: dash", { .claim = "dash" }, NULL, "-rf", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "unsafe: digits", { .claim = "digits" }, NULL, "1000", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "unsafe: blank", { .claim = "name" }, NULL, "Alice Smith", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "unsafe: subject as it is", { .claim = "sub" }, NULL, "auth0|5f7c",
	    1000, REASON_USERNAME_UNSAFE, "" },
	{ "unsafe: newline", { .claim = NULL },
	    "\"https://e.com/user\":\"alice\\n\"", "alice", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "unsafe: look-alike", { .claim = NULL },
	    "\"https://e.com/user\":\"\\u0430lice\"", "alice", 1000,
	    REASON_USERNAME_UNSAFE, "" },

	/* upper case does not count */
	{ "in lower case", { .lower_case = true }, NULL, "alice", 1000,
	    REASON_OK, "alice" },
	{ "in upper case", { .lower_case = true },
	    "\"https://e.com/user\":\"ALiCE\"", "alice", 1000, REASON_OK,
	    "alice" },
	{ "from A to Z", { .lower_case = true },
	    "\"https://e.com/user\":\"AMZ.amz-09_\"", "amz.amz-09_", 1000,
	    REASON_OK, "amz.amz-09_" },
	{ "upper case, domain",
	    { .claim = "mail", .domains = "example.com", .lower_case = true },
	    "\"mail\":\"Alice@EXAMPLE.com\"", "alice", 1000, REASON_OK,
	    "alice" },
	{ "upper case, map",
	    { .claim = "mail", .map = MAP, .lower_case = true },
	    "\"mail\":\"Alice@example.com\"", "alice", 1000, REASON_OK,
	    "alice" },
	{ "upper case, only the map has it",
	    { .claim = "name", .map = MAP, .lower_case = true }, NULL, "alice",
	    1000, REASON_USERNAME_MISSING, "" },
	{ "the account is in upper case", { .lower_case = true },
	    "\"https://e.com/user\":\"ALICE\"", "ALICE", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "upper case counts", { .claim = NULL },
	    "\"https://e.com/user\":\"ALICE\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "root in upper case", { .lower_case = true },
	    "\"https://e.com/user\":\"ROOT\"", "root", 0, REASON_USER_REFUSED,
	    "" },
	{ "upper case beyond ASCII", { .lower_case = true },
	    "\"https://e.com/user\":\"\\u00c4lice\"", "\xc3\xa4lice", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "Kelvin is no k", { .lower_case = true },
	    "\"https://e.com/user\":\"\\u212aate\"", "kate", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "brackets are no letters", { .lower_case = true },
	    "\"https://e.com/user\":\"a@[\"", "a`{", 1000,
	    REASON_USERNAME_UNSAFE, "" },

	/* domains */
	{ "domain stripped", { .claim = "mail", .domains = "example.com" },
	    NULL, "alice", 1000, REASON_OK, "alice" },
	{ "second domain", { .claim = "mail", .domains = "e.org example.com" },
	    NULL, "alice", 1000, REASON_OK, "alice" },
	{ "domain in capitals", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@EXAMPLE.com\"", "alice", 1000, REASON_OK,
	    "alice" },
	{ "user in capitals stays so",
	    { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"Alice@example.com\"", "Alice", 1000, REASON_OK,
	    "Alice" },
	{ "without a domain", { .domains = "example.com" }, NULL, "alice", 1000,
	    REASON_OK, "alice" },
	{ "no domain to strip", { .claim = "mail" }, NULL, "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "foreign domain", { .claim = "evil", .domains = "example.com" }, NULL,
	    "alice", 1000, REASON_USER_MISMATCH, "" },
	{ "domain below ours", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@x.example.com\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "domain ends like ours",
	    { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@evilexample.com\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "domain above ours", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@com\"", "alice", 1000, REASON_USER_MISMATCH, "" },
	{ "domain with a dot behind",
	    { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@example.com.\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "two domains, the last is foreign",
	    { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@example.com@evil.com\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "two domains, only the last goes",
	    { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice@evil.com@example.com\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "only a domain", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"@example.com\"", "", 1000, REASON_USERNAME_UNSAFE, "" },
	{ "only an at", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"@\"", "", 1000, REASON_USERNAME_UNSAFE, "" },
	{ "unsafe once stripped", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"1000@example.com\"", "1000", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "root once stripped", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"root@example.com\"", "root", 0, REASON_USER_REFUSED,
	    "" },
	{ "plus address stays", { .claim = "mail", .domains = "example.com" },
	    "\"mail\":\"alice+root@example.com\"", "alice", 1000,
	    REASON_USER_MISMATCH, "" },

	/* mail addresses have to be verified */
	{ "email verified", { .claim = "email", .domains = "example.com" },
	    NULL, "alice", 1000, REASON_OK, "alice" },
	{ "email not verified", { .claim = "email", .domains = "example.com" },
	    "\"email_verified\":false", "alice", 1000, REASON_USERNAME_MISSING,
	    "" },
	{ "email verified, a string",
	    { .claim = "email", .domains = "example.com" },
	    "\"email_verified\":\"true\"", "alice", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "email verified, 1", { .claim = "email", .domains = "example.com" },
	    "\"email_verified\":1", "alice", 1000, REASON_USERNAME_MISSING,
	    "" },
	{ "email verified, null",
	    { .claim = "email", .domains = "example.com" },
	    "\"email_verified\":null", "alice", 1000, REASON_USERNAME_MISSING,
	    "" },
	{ "email verified, a list",
	    { .claim = "email", .domains = "example.com" },
	    "\"email_verified\":[true]", "alice", 1000, REASON_USERNAME_MISSING,
	    "" },
	{ "email not verified, in the map", { .claim = "email", .map = MAP },
	    "\"email_verified\":false", "alice", 1000, REASON_USERNAME_MISSING,
	    "" },

	/* the map */
	{ "map", { .claim = "sub", .map = MAP }, NULL, "alice", 1000, REASON_OK,
	    "alice" },
	{ "map's second user", { .claim = "sub", .map = MAP }, NULL, "backup",
	    1000, REASON_OK, "backup" },
	{ "map, nobody asked: the first", { .claim = "sub", .map = MAP }, NULL,
	    NULL, UID_UNKNOWN, REASON_OK, "alice" },
	{ "map with blanks", { .claim = "name", .map = MAP }, NULL, "alice",
	    1000, REASON_OK, "alice" },
	{ "map with captures", { .claim = "mail", .map = MAP }, NULL, "alice",
	    1000, REASON_OK, "alice" },
	{ "map has root, which is refused", { .claim = "sub", .map = MAP },
	    NULL, "root", 0, REASON_USER_REFUSED, "" },
	{ "map has root, which is allowed",
	    { .claim = "sub", .map = MAP, .allow_root = true }, NULL, "root", 0,
	    REASON_OK, "root" },
	{ "map has others", { .claim = "sub", .map = MAP }, NULL, "bob", 1001,
	    REASON_USER_MISMATCH, "" },
	{ "map has nothing", { .claim = "sub", .map = "x y" }, NULL, "alice",
	    1000, REASON_USERNAME_MISSING, "" },
	{ "map is empty", { .claim = NULL, .map = "" }, NULL, "alice", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "map has the user as a value", { .claim = NULL, .map = "a alice" },
	    NULL, "alice", 1000, REASON_USERNAME_MISSING, "" },
	{ "map's user is unsafe", { .claim = "evil", .map = MAP }, NULL, "-rf",
	    1000, REASON_USERNAME_UNSAFE, "" },
	{ "map's capture is unsafe",
	    { .claim = "mail", .map = "/(.*)@example\\.com \\1" },
	    "\"mail\":\"../x@example.com\"", "../x", 1000,
	    REASON_USERNAME_UNSAFE, "" },
	{ "map, then domains",
	    { .claim = "mail", .map = "x y", .domains = "example.com" }, NULL,
	    "alice", 1000, REASON_OK, "alice" },

	{ "map, then a foreign domain",
	    { .claim = "evil", .map = "x y", .domains = "example.com" }, NULL,
	    "alice@evil.com", 1000, REASON_USERNAME_MISSING, "" },
	{ "map, then no domain",
	    { .claim = NULL, .map = "x y", .domains = "example.com" }, NULL,
	    "alice", 1000, REASON_USERNAME_MISSING, "" },

	/* opaque tokens prove no audience: somebody has to name the person */
	{ "opaque, in the map",
	    { .claim = "sub", .map = MAP, .is_opaque = true }, NULL, "alice",
	    1000, REASON_OK, "alice" },
	{ "opaque, no map", { .claim = NULL, .is_opaque = true }, NULL, "alice",
	    1000, REASON_USERNAME_MISSING, "" },
	{ "opaque, not in the map",
	    { .claim = "mail",
		.map = "x y",
		.domains = "example.com",
		.is_opaque = true },
	    NULL, "alice", 1000, REASON_USERNAME_MISSING, "" },
	{ "opaque, by its domain",
	    { .claim = "mail", .domains = "example.com", .is_opaque = true },
	    NULL, "alice", 1000, REASON_USERNAME_MISSING, "" },

	/* machines */
	{ "machine in the map", { .claim = "sub", .map = MAP },
	    "\"sub\":\"client@clients\"", "robot", 1000, REASON_OK, "robot" },
	{ "machine not in the map", { .claim = "sub", .map = MAP },
	    "\"sub\":\"other@clients\"", "other@clients", 1000,
	    REASON_USERNAME_MISSING, "" },
	{ "machine and no map", { .claim = NULL }, "\"sub\":\"client@clients\"",
	    "alice", 1000, REASON_USERNAME_MISSING, "" },
	{ "machine by gty", { .claim = NULL }, "\"gty\":\"client-credentials\"",
	    "alice", 1000, REASON_USERNAME_MISSING, "" },
	{ "machine and domains", { .claim = "sub", .domains = "clients" },
	    "\"sub\":\"root2@clients\"", "root2", 1000, REASON_USERNAME_MISSING,
	    "" },

	/* names that are no accounts, with and without the domain */
	{ "asked with a domain", { .domains = "example.com" }, NULL,
	    "alice@example.com", UID_UNKNOWN, REASON_OK, "alice" },
	{ "asked with the realm", { .realm = "example.com" }, NULL,
	    "alice@EXAMPLE.com", UID_UNKNOWN, REASON_OK, "alice" },
	{ "asked without the realm",
	    { .claim = "mail", .realm = "example.com" }, NULL, "alice",
	    UID_UNKNOWN, REASON_OK, "alice@example.com" },
	{ "the map has both",
	    { .map = "alice shared\nalice alice@example.com",
		.realm = "example.com" },
	    NULL, "alice", UID_UNKNOWN, REASON_OK, "alice@example.com" },
	{ "the map has it exactly",
	    { .map = "alice alice@example.com\nalice alice",
		.realm = "example.com" },
	    NULL, "alice", UID_UNKNOWN, REASON_OK, "alice" },
	{ "another domain", { .domains = "example.com" }, NULL,
	    "alice@example.net", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "another realm", { .realm = "example.com" }, NULL,
	    "alice@example.net", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "a longer realm", { .realm = "example.com" }, NULL,
	    "alice@example.com.evil.com", UID_UNKNOWN, REASON_USER_MISMATCH,
	    "" },
	{ "an empty realm", { .realm = "" }, NULL, "alice@", UID_UNKNOWN,
	    REASON_USER_MISMATCH, "" },
	{ "the realm, another user", { .realm = "example.com" }, NULL,
	    "bob@example.com", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "a foreign token, the name alone",
	    { .claim = "evil", .realm = "example.com" }, NULL, "alice",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "root with the realm", { .claim = "rooty", .realm = "example.com" },
	    NULL, "root@example.com", UID_UNKNOWN, REASON_USER_REFUSED, "" },
	{ "accounts have no domains", { .domains = "example.com" }, NULL,
	    "alice@example.com", 1000, REASON_USER_MISMATCH, "" },
	{ "accounts have no realm", { .realm = "example.com" }, NULL,
	    "alice@example.com", 1000, REASON_USER_MISMATCH, "" },

	/* somebody else */
	{ "delegate", { .delegation = "act:any" }, NULL, "bob", UID_UNKNOWN,
	    REASON_OK, "-alice" },
	{ "delegate of himself", { .delegation = "act:any" }, NULL, "alice",
	    UID_UNKNOWN, REASON_OK, "alice" },
	{ "delegate without the permission", { .delegation = "act:all" }, NULL,
	    "bob", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "delegate by a part of it", { .delegation = "act" }, NULL, "bob",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "delegate, permissions a string", { .delegation = "act:any" },
	    "\"permissions\":\"act:any\"", "bob", UID_UNKNOWN,
	    REASON_USER_MISMATCH, "" },
	{ "delegate by scope", { .delegation = "act:one" },
	    "\"scope\":\"act:one\"", "bob", UID_UNKNOWN, REASON_USER_MISMATCH,
	    "" },
	{ "delegate of root", { .delegation = "act:any" }, NULL, "root",
	    UID_UNKNOWN, REASON_USER_REFUSED, "" },
	{ "delegate of uid 0", { .delegation = "act:any" }, NULL, "toor", 0,
	    REASON_USER_MISMATCH, "" },
	{ "delegate of an account", { .delegation = "act:any" }, NULL, "bob",
	    1001, REASON_USER_MISMATCH, "" },
	{ "delegate of a system account", { .delegation = "act:any" }, NULL,
	    "daemon", 1, REASON_USER_MISMATCH, "" },
	{ "delegate of no account", { .delegation = "act:any" }, NULL, "bob",
	    UID_NO_ACCOUNT, REASON_USER_MISMATCH, "" },
	{ "delegate of an unsafe name", { .delegation = "act:any" }, NULL,
	    "../bob", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "delegate of nobody", { .delegation = "act:any" }, NULL, "",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "delegate who has no name",
	    { .claim = "null", .delegation = "act:any" }, NULL, "bob",
	    UID_UNKNOWN, REASON_USERNAME_MISSING, "" },
};

static void
add_words(struct list *l, const char *words)
{
	struct span rest = span_of(words), word;
	bool more;

	if (words == NULL)
		return;
	do {
		more = span_cut(&rest, ' ', &word);
		assert_int_equal(list_add(l, word), REASON_OK);
	} while (more);
}

static char *
copy(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

/* map is what rules.map points to, for destroy(). */
static struct identity_rules
build(const struct rules *r, struct usermap **map)
{
	struct identity_rules rules = {
		.username_claim =
		    copy(r->claim != NULL ? r->claim : "https://e.com/user"),
		.user_map = r->map != NULL ? copy("/map") : NULL,
		.min_uid = r->min_uid != 0 ? r->min_uid : 1000,
		.allow_root = r->allow_root,
		.lower_case = r->lower_case,
		.unbound_needs_map = r->is_opaque,
		.delegation_permission = copy(r->delegation),
	};
	unsigned int line;
	struct text why;

	add_words(&rules.domains, r->domains);
	text_clear(&why);
	*map = NULL;
	if (r->map != NULL &&
	    usermap_parse(span_of(r->map), map, &line, &why) != REASON_OK)
		fail_msg("map: %u: %s", line, why.s);
	rules.map = *map;
	return rules;
}

static void
destroy(struct identity_rules *rules, struct usermap *map)
{
	free(rules->username_claim);
	free(rules->user_map);
	free(rules->delegation_permission);
	list_free(&rules->domains);
	usermap_free(map);
}

static void
ask(const struct row *row, const struct identity_rules *rules)
{
	const struct account account = { .name = row->account,
		.realm = row->rules.realm,
		.uid = row->uid };
	const struct json *json = unit_json(GOOD, NULL, row->with);
	const struct claims claims = { .json = json,
		.proof = row->rules.is_opaque ? PROOF_USERINFO : PROOF_JWT };
	const bool delegate = row->user[0] == '-';
	char user[USER_MAX + 1];
	struct trace trace;
	bool is_delegate;

	trace_init(&trace);
	row_reason(row->name,
	    identity_check(&claims, rules, &account, user, &is_delegate,
		&trace),
	    row->want);
	row_true(row->name, (trace.failed != NULL) == (row->want != REASON_OK));
	if (row->want == REASON_OK) {
		row_text(row->name, user, row->user + (delegate ? 1 : 0));
		row_true(row->name, is_delegate == delegate);
	}
	unit_json_free(json);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		struct usermap *map;
		struct identity_rules rules = build(&rows[i].rules, &map);

		ask(&rows[i], &rules);
		destroy(&rules, map);
	}
	rows_end();
}

/* A map that is configured and was not read lets nobody in without it. */
static void
test_unread_map(void **state)
{
	static const struct row unread = { "map not read", { .claim = NULL },
		NULL, "alice", 1000, REASON_INTERNAL, "" };
	struct usermap *map;
	struct identity_rules rules = build(&unread.rules, &map);

	(void)state;
	rules.user_map = strdup("/etc/audient/users");
	ask(&unread, &rules);
	destroy(&rules, map);
	rows_end();
}

/* The longest value whose case is changed. */
static void
test_long_value(void **state)
{
	static const size_t sizes[] = { 256, 1024, 1025, 4000 };
	struct row row = { "long", { .lower_case = true }, NULL, NULL,
		UID_UNKNOWN, REASON_USERNAME_UNSAFE, "" };

	(void)state;
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *value = unit_repeat('A', sizes[i]), *with;
		struct usermap *map;
		struct identity_rules rules = build(&row.rules, &map);

		assert_true(asprintf(&with, "\"https://e.com/user\":\"%s\"",
				value) > 0);
		row.with = with;
		ask(&row, &rules);
		destroy(&rules, map);
		free(with);
		free(value);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_unread_map),
	cmocka_unit_test(test_long_value),
};

UNIT_MAIN(tests)
