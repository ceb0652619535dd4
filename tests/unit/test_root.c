/* SPDX-License-Identifier: BSD-2-Clause */
#include "naming.h"

/*
 * Root by any of its names, and names that only look like it.  A host to
 * which names are only names makes one user of Root, root@realm and root+x.
 */
#define REALM "example.com"

static const struct naming rows[] = {
	/* in the token */
	{ "root", "root", "root", UID_UNKNOWN, .want = REASON_USER_REFUSED },
	{ "root, nobody asked for", "root", NULL, UID_UNKNOWN,
	    .want = REASON_USER_REFUSED },
	{ "realm, nobody asked for", "root@" REALM, NULL, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "realm in capitals, nobody asked for", "root@EXAMPLE.com", NULL,
	    UID_UNKNOWN, .realm = REALM, .want = REASON_USER_REFUSED },
	{ "realm, asked without it", "root@" REALM, "root", UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "realm, asked with it", "root@" REALM, "root@" REALM, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "root, asked with the realm", "root", "root@" REALM, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "no realm", "root@" REALM, NULL, UID_UNKNOWN,
	    .want = REASON_USER_REFUSED },
	{ "another realm", "root@example.net", NULL, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "domain", "root@" REALM, NULL, UID_UNKNOWN, .domain = REALM,
	    .want = REASON_USER_REFUSED },
	{ "another domain", "root@example.net", NULL, UID_UNKNOWN,
	    .domain = REALM, .want = REASON_USER_REFUSED },
	{ "two domains", "root@example.net@" REALM, NULL, UID_UNKNOWN,
	    .domain = REALM, .want = REASON_USER_REFUSED },
	{ "domain, asked with it", "root@" REALM, "root@" REALM, UID_UNKNOWN,
	    .domain = REALM, .want = REASON_USER_REFUSED },
	{ "extension", "root+x", NULL, UID_UNKNOWN,
	    .want = REASON_USER_REFUSED },
	{ "extension and realm", "root+x@" REALM, NULL, UID_UNKNOWN,
	    .realm = REALM, .want = REASON_USER_REFUSED },
	{ "ROOT", "ROOT", NULL, UID_UNKNOWN, .want = REASON_USER_REFUSED },
	{ "Root, asked for", "Root", "Root", UID_UNKNOWN,
	    .want = REASON_USER_REFUSED },
	{ "rOOt and realm", "rOOt@" REALM, "rOOt", UID_UNKNOWN, .realm = REALM,
	    .want = REASON_USER_REFUSED },
	{ "ROOT, made small", "ROOT", "root", UID_UNKNOWN, .lower_case = true,
	    .want = REASON_USER_REFUSED },
	{ "ROOT by the map", "v", NULL, UID_UNKNOWN, .map = "v ROOT",
	    .want = REASON_USER_REFUSED },
	{ "root@ by the map", "v", NULL, UID_UNKNOWN, .map = "v root@x",
	    .want = REASON_USER_REFUSED },
	{ "root's uid", "toor", "toor", 0, .want = REASON_USER_REFUSED },
	{ "root's name", "root", "root", 1000, .want = REASON_USER_REFUSED },

	/* acted for */
	{ "for root", "alice", "root", UID_UNKNOWN, .acts_for = true,
	    .want = REASON_USER_REFUSED },
	{ "for root and realm", "alice", "root@" REALM, UID_UNKNOWN,
	    .realm = REALM, .acts_for = true, .want = REASON_USER_REFUSED },
	{ "for root and domain", "alice", "root@" REALM, UID_UNKNOWN,
	    .domain = REALM, .acts_for = true, .want = REASON_USER_REFUSED },
	{ "for Root and domain", "alice", "Root@EXAMPLE.com", UID_UNKNOWN,
	    .domain = REALM, .acts_for = true, .want = REASON_USER_REFUSED },
	{ "for ROOT", "alice", "ROOT", UID_UNKNOWN, .acts_for = true,
	    .want = REASON_USER_REFUSED },
	{ "for another root", "alice", "root@other", UID_UNKNOWN,
	    .acts_for = true, .want = REASON_USER_REFUSED },
	{ "for root's extension", "alice", "root+x", UID_UNKNOWN,
	    .acts_for = true, .want = REASON_USER_REFUSED },
	{ "root for alice", "root@" REALM, "alice", UID_UNKNOWN, .realm = REALM,
	    .acts_for = true, .want = REASON_USER_REFUSED },

	/* others */
	{ "rooty", "rooty@" REALM, "rooty", UID_UNKNOWN, .realm = REALM,
	    .user = "rooty@" REALM },
	{ "root2", "root2@" REALM, NULL, UID_UNKNOWN, .realm = REALM,
	    .user = "root2@" REALM },
	{ "xroot", "xroot@" REALM, "xroot", UID_UNKNOWN, .domain = REALM,
	    .user = "xroot" },
	{ "roo", "roo", NULL, UID_UNKNOWN, .user = "roo" },
	{ "root-less", "root-less", NULL, UID_UNKNOWN, .user = "root-less" },
	{ "behind the @", "alice@root", NULL, UID_UNKNOWN,
	    .user = "alice@root" },
	{ "the realm is called so", "alice@root", "alice", UID_UNKNOWN,
	    .realm = "root", .user = "alice@root" },
	{ "as an extension", "alice+root", NULL, UID_UNKNOWN,
	    .user = "alice+root" },
	{ "for rooty", "alice", "rooty@" REALM, UID_UNKNOWN, .realm = REALM,
	    .acts_for = true, .user = "alice" },
	{ "for root2", "alice", "root2@other", UID_UNKNOWN, .acts_for = true,
	    .user = "alice" },
	{ "for xroot", "alice", "xroot", UID_UNKNOWN, .acts_for = true,
	    .user = "alice" },
	{ "an account in capitals", "ROOT", "ROOT", 1000, .user = "ROOT" },
	{ "an account with an @", "root@" REALM, "root@" REALM, 1000,
	    .realm = REALM, .user = "root@" REALM },

	/* where it is allowed */
	{ "allowed, ROOT", "ROOT", NULL, UID_UNKNOWN, .allow_root = true,
	    .user = "ROOT" },
	{ "allowed, realm", "root@" REALM, "root", UID_UNKNOWN, .realm = REALM,
	    .allow_root = true, .user = "root@" REALM },
	{ "allowed, for ROOT", "alice", "ROOT", UID_UNKNOWN, .acts_for = true,
	    .allow_root = true, .user = "alice" },
};

static void
test_names_of_root(void **state)
{
	(void)state;
	naming_rows(rows, nitems(rows));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_names_of_root),
};

UNIT_MAIN(tests)
