/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "unit.h"

/*
 * Names that are no accounts, with and without their domain; several lines
 * of a map for one value; and what is told of it.
 */
#define REALM "example.com"

static const struct row {
	const char *name;
	const char *map;    /* NULL: none */
	const char *domain; /* NULL: none is stripped */
	const char *realm;
	const char *claim;
	const char *asked;
	int64_t uid;
	enum reason want;
	const char *user;
} rows[] = {
	{ "domain off, asked with it", NULL, REALM, NULL, "alice@" REALM,
	    "alice@" REALM, UID_UNKNOWN, REASON_OK, "alice" },
	{ "domain off, asked with another", NULL, REALM, NULL, "alice@" REALM,
	    "alice@example.net", UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "domain off, asked with it, an account", NULL, REALM, NULL,
	    "alice@" REALM, "alice@" REALM, 1000, REASON_USER_MISMATCH, "" },
	{ "realm", NULL, NULL, REALM, "alice@" REALM, "alice", UID_UNKNOWN,
	    REASON_OK, "alice@" REALM },
	{ "realm of the host only", NULL, NULL, REALM, "alice",
	    "alice@EXAMPLE.com", UID_UNKNOWN, REASON_OK, "alice" },
	{ "realm, an account", NULL, NULL, REALM, "alice@" REALM, "alice", 1000,
	    REASON_USER_MISMATCH, "" },
	{ "realm, another user", NULL, NULL, REALM, "alice@" REALM, "bob",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "another realm", NULL, NULL, "example.net", "alice@" REALM, "alice",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
	{ "no realm", NULL, NULL, NULL, "alice@" REALM, "alice", UID_UNKNOWN,
	    REASON_USER_MISMATCH, "" },
	{ "empty realm", NULL, NULL, "", "alice@", "alice", UID_UNKNOWN,
	    REASON_USER_MISMATCH, "" },
	{ "root of the realm", NULL, NULL, REALM, "root@" REALM, "root",
	    UID_UNKNOWN, REASON_USER_REFUSED, "" },
	{ "root with the realm", NULL, NULL, REALM, "root@" REALM,
	    "root@" REALM, UID_UNKNOWN, REASON_USER_REFUSED, "" },

	{ "map: exact is better", "v alice@" REALM "\nv alice\n", NULL, REALM,
	    "v", "alice", UID_UNKNOWN, REASON_OK, "alice" },
	{ "map: nearly is better than another", "v alice@" REALM "\nv bob\n",
	    NULL, REALM, "v", "alice", UID_UNKNOWN, REASON_OK, "alice@" REALM },
	{ "map: another, then nearly", "v bob\nv alice@" REALM "\n", NULL,
	    REALM, "v", "alice", UID_UNKNOWN, REASON_OK, "alice@" REALM },
	{ "map: the first of two that are near",
	    "v alice@" REALM "\nv alice@Example.com\n", NULL, REALM, "v",
	    "alice", UID_UNKNOWN, REASON_OK, "alice@" REALM },
	{ "map: nobody near", "v bob\nv carl\n", NULL, REALM, "v", "alice",
	    UID_UNKNOWN, REASON_USER_MISMATCH, "" },
};

struct heard {
	struct text found; /* of the last check with that name */
	const char *check;
};

static void
hear(void *arg, const char *check, enum reason reason, const char *found,
    const char *wanted)
{
	struct heard *heard = arg;

	(void)reason;
	(void)wanted;
	if (heard->check == NULL || strcmp(check, heard->check) != 0)
		return;
	text_clear(&heard->found);
	text_printf(&heard->found, "%s", found);
}

/* The trace has what failed. */
static enum reason
decide(const struct row *row, bool lower_case, char *user, struct trace *trace)
{
	char claim[] = "user", domain[64];
	struct identity_rules rules = { .username_claim = claim,
		.lower_case = lower_case,
		.min_uid = 1000 };
	const struct account account = { .name = row->asked,
		.uid = row->uid,
		.realm = row->realm };
	struct claims claims = { .proof = PROOF_JWT };
	struct usermap *map = NULL;
	const struct json *json;
	enum reason reason;
	unsigned int line;
	struct text why;
	bool is_delegate;
	char *text;

	assert_true(
	    asprintf(&text, "{\"sub\":\"x\",\"user\":\"%s\"}", row->claim) > 0);
	json = unit_json(text, NULL, NULL);
	claims.json = json;
	text_clear(&why);
	(void)snprintf(domain, sizeof(domain), "%s",
	    row->domain != NULL ? row->domain : "");
	if (row->domain != NULL)
		assert_int_equal(list_add(&rules.domains, span_of(domain)),
		    REASON_OK);
	if (row->map != NULL) {
		assert_int_equal(usermap_parse(span_of(row->map), &map, &line,
				     &why),
		    REASON_OK);
		rules.map = map;
		rules.user_map = claim;
	}
	reason = identity_check(&claims, &rules, &account, user, &is_delegate,
	    trace);
	list_free(&rules.domains);
	usermap_free(map);
	unit_json_free(json);
	free(text);
	return reason;
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char user[USER_MAX + 1];
		struct trace trace;

		trace_init(&trace);
		row_reason(rows[i].name, decide(&rows[i], false, user, &trace),
		    rows[i].want);
		if (rows[i].want == REASON_OK)
			row_text(rows[i].name, user, rows[i].user);
	}
	rows_end();
}

static void
test_told(void **state)
{
	static const struct row several = { "several",
		"v alice\nw x\nv bob\nv carl\n", NULL, NULL, "v", "bob",
		UID_UNKNOWN, REASON_OK, "bob" };
	static const struct row none = { "not in the map", "v alice\n", NULL,
		NULL, "w", "alice", UID_UNKNOWN, REASON_USERNAME_MISSING, "" };
	struct heard heard = { .check = "user_map" };
	char user[USER_MAX + 1];
	struct trace trace;

	(void)state;
	trace_init(&trace);
	trace.step = hear;
	trace.arg = &heard;
	row_reason("several", decide(&several, false, user, &trace), REASON_OK);
	row_text("several", heard.found.s,
	    "bob (line 3); also alice (line 1); also carl (line 4)");
	trace_init(&trace);
	row_reason("not in the map", decide(&none, false, user, &trace),
	    REASON_USERNAME_MISSING);
	row_text("not in the map", trace.wanted.s, "a line in user_map");
	rows_end();
}

/* A claim as long as a value of a map may be, and one letter longer. */
static void
test_long(void **state)
{
	char *capitals = unit_repeat('A', 1025),
	     *small = unit_repeat('a', 1024);
	char *map, user[USER_MAX + 1];
	struct row row = { .name = "long",
		.asked = "alice",
		.uid = UID_UNKNOWN };
	struct trace trace;

	(void)state;
	assert_true(asprintf(&map, "%s alice\n", small) > 0);
	row.map = map;
	row.claim = capitals;
	trace_init(&trace);
	row_reason("1025", decide(&row, true, user, &trace),
	    REASON_USERNAME_UNSAFE);
	row_text("1025", trace.failed, "username_case");
	capitals[1024] = '\0';
	trace_init(&trace);
	row_reason("1024", decide(&row, true, user, &trace), REASON_OK);
	free(map);
	free(capitals);
	free(small);
	rows_end();
}

static void
test_opens(void **state)
{
	const struct identity_rules rules = { .min_uid = 1000 };
	const struct identity_rules root = { .min_uid = 1000,
		.allow_root = true };

	(void)state;
	row_bool("an account", identity_opens(&rules, 1000), true);
	row_bool("of the system", identity_opens(&rules, 999), false);
	row_bool("no account", identity_opens(&rules, UID_NO_ACCOUNT), false);
	row_bool("names", identity_opens(&rules, UID_UNKNOWN), true);
	row_bool("root", identity_opens(&rules, 0), false);
	row_bool("root, allowed", identity_opens(&root, 0), true);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_told),
	cmocka_unit_test(test_long),
	cmocka_unit_test(test_opens),
};

UNIT_MAIN(tests)
