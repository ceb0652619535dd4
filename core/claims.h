/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLAIMS_H
#define AUDIENT_CLAIMS_H

#include "trace.h"

#define SUBJECT_MAX 255 /* bytes of "sub"; OpenID Connect Core section 2 */

/*
 * Claims that somebody vouches for.  Only what checked a signature or asked
 * the issuer makes one, so nothing below can see a claim that is not proven.
 */
struct claims {
	const struct json *json; /* borrowed */
	enum proof proof;
};

enum token_profile {
	PROFILE_ANY,	 /* Auth0's own and RFC 9068's */
	PROFILE_RFC9068, /* "typ" at+jwt and every claim of its section 2.2 */
};

struct claims_rules {
	struct list audiences; /* any one of them */
	enum token_profile profile;
	int clock_tolerance;	/* seconds */
	int max_token_age;	/* seconds since iat; 0: no limit */
	int max_token_lifetime; /* seconds until exp */
};

/*
 * Is this an access token of one of the issuers, for us, valid at the time
 * now (seconds since the epoch)?  RFC 9068 section 4, RFC 8725.  is_at_jwt is
 * what the header said.
 */
MUST_CHECK enum reason claims_check(const struct claims *claims,
    const struct claims_rules *rules, const struct list *issuers,
    bool is_at_jwt, int64_t now, struct trace *trace);

/* The first and the last second at which accepted claims are accepted. */
void claims_window(const struct claims *claims,
    const struct claims_rules *rules, int64_t *first, int64_t *last);

/* A claim by its literal name, or NULL. */
static inline const struct json *
claims_get(const struct claims *claims, const char *name)
{
	return json_get(claims->json, name);
}

/*
 * "cid", Okta's name of the client, where neither "azp" nor "client_id" is
 * there; or NULL.  Beside them it may mean anything, as it may in what
 * /userinfo tells of a person.
 */
const struct json *claims_cid(const struct claims *claims);

/* The application that got the token, by any of these names; may be empty. */
struct span claims_client(const struct claims *claims);

#endif
