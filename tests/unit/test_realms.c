/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "naming.h"

/*
 * Names that are no accounts, with and without their domain; several lines
 * of a map for one value; and what is told of it.
 */
#define REALM "example.com"

static const struct naming rows[] = {
	{ "domain off, asked with it", "alice@" REALM, "alice@" REALM,
	    UID_UNKNOWN, .domain = REALM, .user = "alice" },
	{ "domain off, asked with another", "alice@" REALM, "alice@example.net",
	    UID_UNKNOWN, .domain = REALM, .want = REASON_USER_MISMATCH },
	{ "domain off, asked with it, an account", "alice@" REALM,
	    "alice@" REALM, 1000, .domain = REALM,
	    .want = REASON_USER_MISMATCH },
	{ "realm", "alice@" REALM, "alice", UID_UNKNOWN, .realm = REALM,
	    .user = "alice@" REALM },
	{ "realm of the host only", "alice", "alice@EXAMPLE.com", UID_UNKNOWN,
	    .realm = REALM, .user = "alice" },
	{ "realm, an account", "alice@" REALM, "alice", 1000, .realm = REALM,
	    .want = REASON_USER_MISMATCH },
	{ "realm, another user", "alice@" REALM, "bob", UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_MISMATCH },
	{ "another realm", "alice@" REALM, "alice", UID_UNKNOWN,
	    .realm = "example.net", .want = REASON_USER_MISMATCH },
	{ "no realm", "alice@" REALM, "alice", UID_UNKNOWN,
	    .want = REASON_USER_MISMATCH },
	{ "empty realm", "alice@", "alice", UID_UNKNOWN, .realm = "",
	    .want = REASON_USER_MISMATCH },
	{ "root of the realm", "root@" REALM, "root", UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "root with the realm", "root@" REALM, "root@" REALM, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },

	{ "map: exact is better", "v", "alice", UID_UNKNOWN, .realm = REALM,
	    .map = "v alice@" REALM "\nv alice\n", .user = "alice" },
	{ "map: nearly is better than another", "v", "alice", UID_UNKNOWN,
	    .realm = REALM, .map = "v alice@" REALM "\nv bob\n",
	    .user = "alice@" REALM },
	{ "map: another, then nearly", "v", "alice", UID_UNKNOWN,
	    .realm = REALM, .map = "v bob\nv alice@" REALM "\n",
	    .user = "alice@" REALM },
	{ "map: the first of two that are near", "v", "alice", UID_UNKNOWN,
	    .realm = REALM, .map = "v alice@" REALM "\nv alice@Example.com\n",
	    .user = "alice@" REALM },
	{ "map: nobody near", "v", "alice", UID_UNKNOWN, .realm = REALM,
	    .map = "v bob\nv carl\n", .want = REASON_USER_MISMATCH },
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

static void
test_rows(void **state)
{
	(void)state;
	naming_rows(rows, nitems(rows));
}

static void
test_told(void **state)
{
	static const struct naming several = { "several", "v", "bob",
		UID_UNKNOWN, .map = "v alice\nw x\nv bob\nv carl\n" };
	static const struct naming none = { "not in the map", "w", "alice",
		UID_UNKNOWN, .map = "v alice\n" };
	struct heard heard = { .check = "user_map" };
	char user[USER_MAX + 1];
	struct trace trace;

	(void)state;
	trace_init(&trace);
	trace.step = hear;
	trace.arg = &heard;
	row_reason("several", naming_decide(&several, user, &trace), REASON_OK);
	row_text("several", heard.found.s,
	    "bob (line 3); also alice (line 1); also carl (line 4)");
	trace_init(&trace);
	row_reason("not in the map", naming_decide(&none, user, &trace),
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
	struct naming row = { .name = "long",
		.asked = "alice",
		.uid = UID_UNKNOWN,
		.lower_case = true };
	struct trace trace;

	(void)state;
	assert_true(asprintf(&map, "%s alice\n", small) > 0);
	row.map = map;
	row.claim = capitals;
	trace_init(&trace);
	row_reason("1025", naming_decide(&row, user, &trace),
	    REASON_USERNAME_UNSAFE);
	row_text("1025", trace.failed, "username_case");
	capitals[1024] = '\0';
	trace_init(&trace);
	row_reason("1024", naming_decide(&row, user, &trace), REASON_OK);
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
