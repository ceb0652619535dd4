/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_IDENTITY_H
#define AUDIENT_IDENTITY_H

#include "policy.h"
#include "usermap.h"

#define UID_NO_ACCOUNT (-1) /* the host has no such account */
#define UID_UNKNOWN    (-2) /* not a login service: names are only names */

struct identity_rules {
	char *username_claim;	   /* literal name of the claim */
	int lower_case;		   /* a bool: upper-case letters do not count */
	struct list domains;	   /* that are stripped from name@domain */
	char *user_map;		   /* path of the map, or NULL */
	const struct usermap *map; /* what was read there; borrowed */
	bool unbound_needs_map;	   /* who brings no audience is in it */
	int64_t min_uid;
	bool allow_root; /* also as Root or root@anywhere, of mere names */
	char *delegation_permission; /* NULL: nobody acts for another */
};

/* The account that the host was asked for. */
struct account {
	const char *name; /* NULL: whoever the token names */
	int64_t uid;	  /* UID_NO_ACCOUNT, UID_UNKNOWN or the uid */
	/*
	 * Only with UID_UNKNOWN: the domain of names that have none; NULL or
	 * "" if the host has no such thing.
	 */
	const char *realm;
};

/*
 * Finds the local name of the bearer and compares it with the account, byte
 * for byte; nothing is ever assigned to the host.  Where names are only names,
 * a domain of the rules and the realm may stand behind one of them and not
 * behind the other.  A map may name several users: the one that was asked
 * for, else the first, is taken.  On success
 * user holds the name and *is_delegate says that account->name is somebody
 * else, for whom delegation_permission lets the bearer act; never where names
 * are accounts.
 */
MUST_CHECK enum reason identity_check(const struct claims *claims,
    const struct identity_rules *rules, const struct account *account,
    char user[USER_MAX + 1], bool *is_delegate, struct trace *trace);

/* May any token at all open the account? */
bool identity_opens(const struct identity_rules *rules, int64_t uid);

/*
 * Letters, digits and . _ - @ +, starting with a letter, digit or '_', not
 * all digits, at most USER_MAX bytes; a '$' may end it.
 */
bool identity_is_safe_name(struct span name);

#endif
