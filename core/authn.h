/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_AUTHN_H
#define AUDIENT_AUTHN_H

#include "claims.h"

/*
 * How the person proved who he is when the token was issued: the claims
 * "auth_time", "acr" and "amr" of RFC 9068 section 2.2.1, for a service that
 * wants more than a token that is still valid (RFC 9470).
 */
struct authn_rules {
	char *prefix;	 /* in front of the three names; NULL: nothing */
	int max_age;	 /* seconds since auth_time; 0: no limit */
	struct list acr; /* one of them; empty: any */
	struct list amr; /* all of them */
};

/* Times are allowed to be off by tolerance seconds. */
MUST_CHECK enum reason authn_check(const struct claims *claims,
    const struct authn_rules *rules, int tolerance, int64_t now,
    struct trace *trace);

/* The last second at which accepted claims are accepted; else last. */
int64_t authn_last(const struct claims *claims, const struct authn_rules *rules,
    int tolerance, int64_t last);

#endif
