/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define GOOD                                                         \
	"{\"sub\":\"auth0|alice\",\"azp\":\"client\","               \
	"\"scope\":\"openid login read:mail\","                      \
	"\"permissions\":[\"login\",\"mail:read\"],"                 \
	"\"https://e.com/groups\":[\"staff\",\"admin\"],"            \
	"\"https://e.com/role\":\"admin\",\"level\":7,\"yes\":true," \
	"\"no\":false,\"half\":0.5,\"big\":9007199254740993,"        \
	"\"nothing\":null,\"a.b\":\"dot\",\"a\":{\"b\":\"inner\"}}"

/* What a service may ask for; words between blanks. */
struct asked {
	const char *scopes, *permissions, *clients, *organizations;
	const char *claim, *value;
	unsigned int subjects; /* 0: users */
};

static const struct row {
	const char *name;
	struct asked asked;
	const char *without, *with; /* changes to GOOD */
	enum reason want;
	const char *check; /* that fails */
} rows[] = {
	{ "nothing asked", { .scopes = NULL }, NULL, NULL, REASON_OK, NULL },

	/* scope */
	{ "scope", { .scopes = "login" }, NULL, NULL, REASON_OK, NULL },
	{ "scopes", { .scopes = "read:mail openid" }, NULL, NULL, REASON_OK,
	    NULL },
	{ "scope missing", { .scopes = "login" }, "scope", NULL,
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope empty", { .scopes = "login" }, NULL, "\"scope\":\"\"",
	    REASON_SCOPE_MISSING, "scope" },
	{ "one scope missing", { .scopes = "login admin" }, NULL, NULL,
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope prefix", { .scopes = "log" }, NULL, NULL, REASON_SCOPE_MISSING,
	    "scope" },
	{ "scope longer", { .scopes = "login2" }, NULL, NULL,
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope in capitals", { .scopes = "LOGIN" }, NULL, NULL,
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope above", { .scopes = "read" }, NULL, NULL, REASON_SCOPE_MISSING,
	    "scope" },
	{ "scope with a tab", { .scopes = "login" }, NULL,
	    "\"scope\":\"a\\tlogin\"", REASON_SCOPE_MISSING, "scope" },
	{ "scope list", { .scopes = "login" }, NULL, "\"scope\":[\"login\"]",
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope number", { .scopes = "1" }, NULL, "\"scope\":1",
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope null", { .scopes = "login" }, NULL, "\"scope\":null",
	    REASON_SCOPE_MISSING, "scope" },
	{ "scope in permissions", { .scopes = "mail:read" }, NULL, NULL,
	    REASON_SCOPE_MISSING, "scope" },
	{ "scopes by another name", { .scopes = "x" }, NULL,
	    "\"scopes\":\"x\",\"scp\":\"x\"", REASON_SCOPE_MISSING, "scope" },

	/* permissions */
	{ "permission", { .permissions = "mail:read" }, NULL, NULL, REASON_OK,
	    NULL },
	{ "permissions", { .permissions = "mail:read login" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "permissions missing", { .permissions = "login" }, "permissions",
	    NULL, REASON_PERMISSION_MISSING, "permission" },
	{ "permissions empty", { .permissions = "login" }, NULL,
	    "\"permissions\":[]", REASON_PERMISSION_MISSING, "permission" },
	{ "one permission missing", { .permissions = "login admin" }, NULL,
	    NULL, REASON_PERMISSION_MISSING, "permission" },
	{ "permission prefix", { .permissions = "mail" }, NULL, NULL,
	    REASON_PERMISSION_MISSING, "permission" },
	{ "permission in capitals", { .permissions = "Login" }, NULL, NULL,
	    REASON_PERMISSION_MISSING, "permission" },
	{ "permission string", { .permissions = "login" }, NULL,
	    "\"permissions\":\"login\"", REASON_PERMISSION_MISSING,
	    "permission" },
	{ "permission words", { .permissions = "login" }, NULL,
	    "\"permissions\":[\"login admin\"]", REASON_PERMISSION_MISSING,
	    "permission" },
	{ "permission object", { .permissions = "login" }, NULL,
	    "\"permissions\":{\"login\":true}", REASON_PERMISSION_MISSING,
	    "permission" },
	{ "permission number", { .permissions = "1" }, NULL,
	    "\"permissions\":[1]", REASON_PERMISSION_MISSING, "permission" },
	{ "permission deeper", { .permissions = "login" }, NULL,
	    "\"permissions\":[[\"login\"]]", REASON_PERMISSION_MISSING,
	    "permission" },
	{ "permission in scope", { .permissions = "openid" }, NULL, NULL,
	    REASON_PERMISSION_MISSING, "permission" },

	/* the application */
	{ "client", { .clients = "other client" }, NULL, NULL, REASON_OK,
	    NULL },
	{ "client_id", { .clients = "client" }, "azp",
	    "\"client_id\":\"client\"", REASON_OK, NULL },
	{ "both the same", { .clients = "client" }, NULL,
	    "\"client_id\":\"client\"", REASON_OK, NULL },
	{ "both allowed", { .clients = "client web" }, NULL,
	    "\"client_id\":\"web\"", REASON_OK, NULL },
	{ "no client", { .clients = "client" }, "azp", NULL,
	    REASON_CLIENT_REFUSED, "client" },
	{ "another client", { .clients = "web app" }, NULL, NULL,
	    REASON_CLIENT_REFUSED, "client" },
	{ "client prefix", { .clients = "clien" }, NULL, NULL,
	    REASON_CLIENT_REFUSED, "client" },
	{ "client in capitals", { .clients = "CLIENT" }, NULL, NULL,
	    REASON_CLIENT_REFUSED, "client" },
	{ "azp good, client_id bad", { .clients = "client" }, NULL,
	    "\"client_id\":\"evil\"", REASON_CLIENT_REFUSED, "client" },
	{ "azp bad, client_id good", { .clients = "client" }, NULL,
	    "\"azp\":\"evil\",\"client_id\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "azp list", { .clients = "client" }, NULL, "\"azp\":[\"client\"]",
	    REASON_CLIENT_REFUSED, "client" },
	{ "azp null, client_id good", { .clients = "client" }, NULL,
	    "\"azp\":null,\"client_id\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "client_id number", { .clients = "client" }, NULL, "\"client_id\":1",
	    REASON_CLIENT_REFUSED, "client" },
	{ "another cid", { .clients = "client" }, "azp", "\"cid\":\"evil\"",
	    REASON_CLIENT_REFUSED, "client" },
	{ "cid good, azp bad", { .clients = "client" }, NULL,
	    "\"azp\":\"evil\",\"cid\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "cid good, client_id bad", { .clients = "client" }, "azp",
	    "\"client_id\":\"evil\",\"cid\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "cid good, azp null", { .clients = "client" }, NULL,
	    "\"azp\":null,\"cid\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "cid good, client_id number", { .clients = "client" }, "azp",
	    "\"client_id\":1,\"cid\":\"client\"", REASON_CLIENT_REFUSED,
	    "client" },
	{ "cid list", { .clients = "client" }, "azp", "\"cid\":[\"client\"]",
	    REASON_CLIENT_REFUSED, "client" },
	{ "cid null", { .clients = "client" }, "azp", "\"cid\":null",
	    REASON_CLIENT_REFUSED, "client" },
	{ "cid prefix", { .clients = "client" }, "azp", "\"cid\":\"clien\"",
	    REASON_CLIENT_REFUSED, "client" },
	{ "cid", { .clients = "client" }, "azp", "\"cid\":\"client\"",
	    REASON_OK, NULL },
	{ "azp good, cid another's", { .clients = "client" }, NULL,
	    "\"cid\":\"evil\"", REASON_OK, NULL },

	/* the organization */
	{ "organization by id", { .organizations = "org_1 org_2" }, NULL,
	    "\"org_id\":\"org_2\"", REASON_OK, NULL },
	{ "organization by name", { .organizations = "acme" }, NULL,
	    "\"org_id\":\"org_1\",\"org_name\":\"acme\"", REASON_OK, NULL },
	{ "any organization", { .organizations = "any" }, NULL,
	    "\"org_id\":\"org_9\"", REASON_OK, NULL },
	{ "any, and none", { .organizations = "any" }, NULL, NULL, REASON_OK,
	    NULL },
	{ "organization not asked for", { .scopes = NULL }, NULL,
	    "\"org_id\":\"org_1\"", REASON_ORGANIZATION_REFUSED,
	    "organization" },
	{ "organization's name not asked for", { .scopes = NULL }, NULL,
	    "\"org_name\":\"acme\"", REASON_ORGANIZATION_REFUSED,
	    "organization" },
	{ "organization null, not asked for", { .scopes = NULL }, NULL,
	    "\"org_id\":null", REASON_ORGANIZATION_REFUSED, "organization" },
	{ "no organization", { .organizations = "org_1" }, NULL, NULL,
	    REASON_ORGANIZATION_REFUSED, "organization" },
	{ "another organization", { .organizations = "org_1 acme" }, NULL,
	    "\"org_id\":\"org_2\",\"org_name\":\"evil\"",
	    REASON_ORGANIZATION_REFUSED, "organization" },
	{ "organization prefix", { .organizations = "org_12" }, NULL,
	    "\"org_id\":\"org_1\"", REASON_ORGANIZATION_REFUSED,
	    "organization" },
	{ "organization in capitals", { .organizations = "acme" }, NULL,
	    "\"org_name\":\"ACME\"", REASON_ORGANIZATION_REFUSED,
	    "organization" },
	{ "organization list", { .organizations = "org_1" }, NULL,
	    "\"org_id\":[\"org_1\"]", REASON_ORGANIZATION_REFUSED,
	    "organization" },
	{ "organization number", { .organizations = "1" }, NULL, "\"org_id\":1",
	    REASON_ORGANIZATION_REFUSED, "organization" },

	/* other claims */
	{ "claim", { .claim = "https://e.com/role", .value = "admin" }, NULL,
	    NULL, REASON_OK, NULL },
	{ "claim in a list",
	    { .claim = "https://e.com/groups", .value = "admin" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "claim true", { .claim = "yes", .value = "true" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "claim false", { .claim = "no", .value = "false" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "claim number", { .claim = "level", .value = "7" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "claim beyond a double",
	    { .claim = "big", .value = "9007199254740993" }, NULL, NULL,
	    REASON_OK, NULL },
	{ "claim's name with a dot", { .claim = "a.b", .value = "dot" }, NULL,
	    NULL, REASON_OK, NULL },
	{ "claim missing", { .claim = "roles", .value = "admin" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "roles" },
	{ "claim's name is no path", { .claim = "a.b", .value = "inner" }, NULL,
	    NULL, REASON_CLAIM_MISSING, "a.b" },
	{ "claim's name is no pointer", { .claim = "/a/b", .value = "inner" },
	    NULL, NULL, REASON_CLAIM_MISSING, "/a/b" },
	{ "claim's name cut",
	    { .claim = "https://e.com/rol", .value = "admin" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "https://e.com/rol" },
	{ "claim prefix", { .claim = "https://e.com/role", .value = "adm" },
	    NULL, NULL, REASON_CLAIM_MISSING, "https://e.com/role" },
	{ "claim longer",
	    { .claim = "https://e.com/role", .value = "administrator" }, NULL,
	    NULL, REASON_CLAIM_MISSING, "https://e.com/role" },
	{ "claim in capitals",
	    { .claim = "https://e.com/role", .value = "Admin" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "https://e.com/role" },
	{ "claim not in the list",
	    { .claim = "https://e.com/groups", .value = "root" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "https://e.com/groups" },
	{ "claim is no word list", { .claim = "scope", .value = "login" }, NULL,
	    NULL, REASON_CLAIM_MISSING, "scope" },
	{ "claim true is not 1", { .claim = "yes", .value = "1" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "yes" },
	{ "claim \"true\" is a string", { .claim = "yes", .value = "true" },
	    NULL, "\"yes\":\"false\"", REASON_CLAIM_MISSING, "yes" },
	{ "claim false is not true", { .claim = "no", .value = "true" }, NULL,
	    NULL, REASON_CLAIM_MISSING, "no" },
	{ "claim 7 is not 07", { .claim = "level", .value = "07" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "level" },
	{ "claim 7 is not 7.0", { .claim = "level", .value = "7.0" }, NULL,
	    NULL, REASON_CLAIM_MISSING, "level" },
	{ "claim beyond a double, off by one",
	    { .claim = "big", .value = "9007199254740992" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "big" },
	{ "claim real", { .claim = "half", .value = "0.5" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "half" },
	{ "claim null", { .claim = "nothing", .value = "null" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "nothing" },
	{ "claim object", { .claim = "a", .value = "b" }, NULL, NULL,
	    REASON_CLAIM_MISSING, "a" },
	{ "claim number in a list", { .claim = "l", .value = "7" }, NULL,
	    "\"l\":[7]", REASON_CLAIM_MISSING, "l" },

	/* the order of faults */
	{ "scope before permission", { .scopes = "x", .permissions = "y" },
	    NULL, NULL, REASON_SCOPE_MISSING, "scope" },
	{ "client before scope", { .scopes = "x", .clients = "y" }, NULL, NULL,
	    REASON_CLIENT_REFUSED, "client" },
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

static struct trace trace; /* of the last question */

static void
ask(const char *name, const struct asked *asked, const struct json *json,
    enum reason want, const char *check)
{
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	struct policy_rules rules = { .subjects = asked->subjects != 0
		    ? asked->subjects
		    : SUBJECT_BIT(SUBJECT_USER) };
	struct claim_rule rule = { .name = NULL };

	add_words(&rules.scopes, asked->scopes);
	add_words(&rules.permissions, asked->permissions);
	add_words(&rules.clients, asked->clients);
	if (asked->organizations != NULL &&
	    strcmp(asked->organizations, "any") == 0)
		rules.any_organization = true;
	else
		add_words(&rules.organizations, asked->organizations);
	if (asked->claim != NULL) {
		rule.name = strdup(asked->claim);
		rule.value = strdup(asked->value);
		rules.claims = &rule;
		rules.n_claims = 1;
	}
	trace_init(&trace);
	row_reason(name, policy_check(&claims, &rules, &trace), want);
	row_text(name, trace.failed != NULL ? trace.failed : "",
	    check != NULL ? check : "");
	list_free(&rules.scopes);
	list_free(&rules.permissions);
	list_free(&rules.clients);
	list_free(&rules.organizations);
	free(rule.value);
	free(rule.name);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct json *json =
		    unit_json(GOOD, rows[i].without, rows[i].with);

		ask(rows[i].name, &rows[i].asked, json, rows[i].want,
		    rows[i].check);
		unit_json_free(json);
	}
	rows_end();
}

static const struct {
	const char *name, *claims;
	enum subject_kind kind;
} subjects[] = {
	{ "user", "{\"sub\":\"auth0|alice\",\"azp\":\"c\"}", SUBJECT_USER },
	{ "user of a password grant",
	    "{\"sub\":\"auth0|alice\",\"gty\":\"password\"}", SUBJECT_USER },
	{ "user with a mark inside", "{\"sub\":\"auth0|@clients.x\"}",
	    SUBJECT_USER },
	{ "user named like an agent", "{\"sub\":\"auth0|agt_1\"}",
	    SUBJECT_USER },
	{ "machine by gty", "{\"sub\":\"x\",\"gty\":\"client-credentials\"}",
	    SUBJECT_MACHINE },
	{ "machine by its suffix", "{\"sub\":\"abc@clients\"}",
	    SUBJECT_MACHINE },
	{ "machine by azp", "{\"sub\":\"c\",\"azp\":\"c\"}", SUBJECT_MACHINE },
	{ "machine by client_id", "{\"sub\":\"c\",\"client_id\":\"c\"}",
	    SUBJECT_MACHINE },
	{ "machine by client_id beside azp",
	    "{\"sub\":\"c\",\"azp\":\"d\",\"client_id\":\"c\"}",
	    SUBJECT_MACHINE },
	{ "user with another cid", "{\"sub\":\"c\",\"cid\":\"d\"}",
	    SUBJECT_USER },
	{ "user with azp, whose cid is anything",
	    "{\"sub\":\"c\",\"azp\":\"d\",\"cid\":\"c\"}", SUBJECT_USER },
	{ "user with client_id, whose cid is anything",
	    "{\"sub\":\"c\",\"client_id\":\"d\",\"cid\":\"c\"}", SUBJECT_USER },
	{ "user of Entra ID", "{\"sub\":\"x\",\"idtyp\":\"user\"}",
	    SUBJECT_USER },
	{ "user with idtyp in capitals", "{\"sub\":\"x\",\"idtyp\":\"APP\"}",
	    SUBJECT_USER },
	{ "machine by cid", "{\"sub\":\"c\",\"cid\":\"c\"}", SUBJECT_MACHINE },
	{ "machine by idtyp", "{\"sub\":\"x\",\"idtyp\":\"app\"}",
	    SUBJECT_MACHINE },
	{ "agent", "{\"sub\":\"agt_0123456789\"}", SUBJECT_MACHINE },
	{ "machine for a user",
	    "{\"sub\":\"abc@clients\",\"act\":{\"sub\":\"x\"}}",
	    SUBJECT_MACHINE },
	{ "anonymous", "{\"sub\":\"anon@0123\"}", SUBJECT_ANONYMOUS },
	{ "anonymous, and somebody acts", "{\"sub\":\"anon@0123\",\"act\":{}}",
	    SUBJECT_ANONYMOUS },
	{ "delegated", "{\"sub\":\"auth0|a\",\"act\":{\"sub\":\"b\"}}",
	    SUBJECT_DELEGATED },
	{ "delegated to nobody", "{\"sub\":\"a\",\"act\":null}",
	    SUBJECT_DELEGATED },
};

/* A kind of subject is admitted by its own bit and by no other. */
static void
test_subjects(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(subjects); i++) {
		const struct json *json =
		    unit_json(subjects[i].claims, NULL, NULL);

		for (unsigned int bits = 1; bits < 1U << SUBJECT_KINDS;
		     bits++) {
			const struct asked asked = { .subjects = bits };
			const bool fine =
			    (bits & SUBJECT_BIT(subjects[i].kind)) != 0;

			ask(subjects[i].name, &asked, json,
			    fine ? REASON_OK : REASON_SUBJECT_REFUSED,
			    fine ? NULL : "subject");
		}
		unit_json_free(json);
	}
	rows_end();
}

static void
test_subject_names(void **state)
{
	static const char *const unknown[] = { "", "user", "Users", "users ",
		"machine", "all", "any" };
	enum subject_kind kind = SUBJECT_USER;

	(void)state;
	for (int i = 0; i < SUBJECT_KINDS; i++) {
		const char *name = policy_subject_name((enum subject_kind)i);

		row_bool(name, policy_find_subject(span_of(name), &kind), true);
		row_number(name, kind, i);
	}
	for (size_t i = 0; i < nitems(unknown); i++)
		row_bool(unknown[i],
		    policy_find_subject(span_of(unknown[i]), &kind), false);
	rows_end();
}

/* All of several rules for claims have to hold. */
static void
test_several_claims(void **state)
{
	static char name[] = "level", seven[] = "7", yes[] = "yes";
	static char true_[] = "true", false_[] = "false";
	struct claim_rule two[] = { { name, seven }, { yes, true_ } };
	struct policy_rules rules = { .claims = two,
		.n_claims = nitems(two),
		.subjects = SUBJECT_BIT(SUBJECT_USER) };
	const struct json *json = unit_json(GOOD, NULL, NULL);
	const struct claims claims = { .json = json };

	(void)state;
	trace_init(&trace);
	row_reason("both", policy_check(&claims, &rules, &trace), REASON_OK);
	two[1].value = false_;
	row_reason("the first", policy_check(&claims, &rules, &trace),
	    REASON_CLAIM_MISSING);
	two[1].value = true_;
	two[0].value = true_;
	row_reason("the second", policy_check(&claims, &rules, &trace),
	    REASON_CLAIM_MISSING);
	unit_json_free(json);
	rows_end();
}

static void
test_has_permission(void **state)
{
	static const struct {
		const char *name, *with, *want;
		bool has;
	} permissions[] = {
		{ "has", NULL, "login", true },
		{ "has not", NULL, "admin", false },
		{ "empty", NULL, "", false },
		{ "string", "\"permissions\":\"login\"", "login", false },
		{ "null", "\"permissions\":null", "login", false },
		{ "part", NULL, "log", false },
	};

	(void)state;
	for (size_t i = 0; i < nitems(permissions); i++) {
		const struct json *json =
		    unit_json(GOOD, NULL, permissions[i].with);
		const struct claims claims = { .json = json };

		row_bool(permissions[i].name,
		    policy_has_permission(&claims, permissions[i].want),
		    permissions[i].has);
		unit_json_free(json);
	}
	rows_end();
}

#define MACHINE "\"gty\":\"client-credentials\""
#define ORG_ID	"\"org_id\":\"org_1\""
#define ORG	"\"org_name\":\"acme\""

/* What people are shown of a refusal. */
static void
test_told(void **state)
{
	static const struct {
		const char *name;
		struct asked asked;
		const char *without, *with;
		const char *found, *wanted;
	} told[] = {
		{ "a machine", { .subjects = SUBJECT_BIT(SUBJECT_USER) }, NULL,
		    MACHINE, "machines", "users" },
		{ "a machine, others allowed",
		    { .subjects = SUBJECT_BIT(SUBJECT_USER) |
			    SUBJECT_BIT(SUBJECT_DELEGATED) },
		    NULL, MACHINE, "machines", "users delegated" },
		{ "another client", { .clients = "phone pad" }, NULL, NULL,
		    "client", "phone or pad" },
		{ "another client by its other name", { .clients = "phone" },
		    "azp", "\"client_id\":\"tv\"", "tv", "phone" },
		{ "no client", { .clients = "phone" }, "azp", NULL, "absent",
		    "phone" },
		{ "an organization", { .scopes = NULL }, NULL, ORG_ID, "org_1",
		    "no organization" },
		{ "an organization's name", { .scopes = NULL }, NULL, ORG,
		    "acme", "no organization" },
		{ "both of it", { .scopes = NULL }, NULL, ORG "," ORG_ID,
		    "org_1", "no organization" },
		{ "another organization", { .organizations = "org_2 org_3" },
		    NULL, ORG_ID, "org_1", "org_2 or org_3" },
		{ "another organization's name", { .organizations = "org_2" },
		    NULL, ORG, "acme", "org_2" },
		{ "no organization", { .organizations = "org_2" }, NULL, NULL,
		    "absent", "org_2" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(told); i++) {
		const struct json *json =
		    unit_json(GOOD, told[i].without, told[i].with);

		ask(told[i].name, &told[i].asked, json,
		    told[i].asked.subjects != 0 ? REASON_SUBJECT_REFUSED
			: told[i].asked.clients != NULL
			? REASON_CLIENT_REFUSED
			: REASON_ORGANIZATION_REFUSED,
		    told[i].asked.subjects != 0		? "subject"
			: told[i].asked.clients != NULL ? "client"
							: "organization");
		row_text(told[i].name, trace.found.s, told[i].found);
		row_text(told[i].name, trace.wanted.s, told[i].wanted);
		unit_json_free(json);
	}
	rows_end();
}

static void
on_step(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	(void)found;
	(void)wanted;
	assert_int_equal(reason, REASON_OK);
	assert_int_equal(buf_printf(arg, "%s ", check), REASON_OK);
}

/* What was not asked for is not said to have been looked at. */
static void
test_steps(void **state)
{
	const struct json *json = unit_json(GOOD, NULL, NULL);
	const struct claims claims = { .json = json, .proof = PROOF_JWT };
	struct policy_rules rules = { .subjects = SUBJECT_BIT(SUBJECT_USER) };
	struct buf steps = BUF_INIT(100);

	(void)state;
	trace_init(&trace);
	trace.step = on_step;
	trace.arg = &steps;
	row_reason("nothing asked", policy_check(&claims, &rules, &trace),
	    REASON_OK);
	row_text("nothing asked", steps.data, "subject ");
	buf_clear(&steps);
	add_words(&rules.clients, "client");
	add_words(&rules.scopes, "login");
	add_words(&rules.permissions, "login");
	add_words(&rules.organizations, "org_1");
	unit_json_free(json);
	json = unit_json(GOOD, NULL, ORG_ID);
	row_reason("all of it asked",
	    policy_check(&(struct claims){ .json = json }, &rules, &trace),
	    REASON_OK);
	row_text("all of it asked", steps.data,
	    "subject client organization scope permission ");
	list_free(&rules.clients);
	list_free(&rules.scopes);
	list_free(&rules.permissions);
	list_free(&rules.organizations);
	buf_free(&steps);
	unit_json_free(json);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_told),
	cmocka_unit_test(test_steps),
	cmocka_unit_test(test_subjects),
	cmocka_unit_test(test_subject_names),
	cmocka_unit_test(test_several_claims),
	cmocka_unit_test(test_has_permission),
};

UNIT_MAIN(tests)
