/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_OAUTH_H
#define AUDIENT_OAUTH_H

#include "issuer.h"

/*
 * What is said to an issuer that is asked for a token, and what it answers:
 * RFC 6749 section 5, RFC 8628, and Auth0, whose statuses are others.  All of
 * it is pure.
 */

#define OAUTH_TOKEN_MAX	    16384 /* bytes of an access token */
#define OAUTH_REFRESH_MAX   4096
#define OAUTH_CODE_MAX	    2048 /* of a device code */
#define OAUTH_USER_CODE_MAX 40
#define OAUTH_PAGE_MAX	    255	 /* of the page's address */
#define OAUTH_LIFETIME_MAX  1800 /* seconds of a user code */
#define OAUTH_INTERVAL	    5	 /* seconds, if the issuer does not say */
#define OAUTH_INTERVAL_MAX  60

/* Adds a field to an application/x-www-form-urlencoded text. */
MUST_CHECK enum reason oauth_add_field(struct buf *form, const char *name,
    struct span value);

/* The answer to a device authorization request (RFC 8628 section 3.2). */
struct oauth_device {
	struct buf code; /* owned; a secret */
	/* letters, digits and '-', for a screen */
	char user_code[OAUTH_USER_CODE_MAX + 1];
	char page[OAUTH_PAGE_MAX + 1];	/* https, printable ASCII */
	char whole[OAUTH_PAGE_MAX + 1]; /* with the user code in it, or "" */
	int lifetime;			/* seconds */
	int interval;			/* seconds */
};

/*
 * REASON_ISSUER_UNAVAILABLE, and why says what is wrong, if a member is
 * missing or could harm the screen that it is to be shown on;
 * REASON_OUT_OF_MEMORY.  *device is written in every case;
 * oauth_device_clear() releases it.
 */
MUST_CHECK enum reason oauth_read_device(const struct json *answer,
    struct oauth_device *device, struct text *why);
void oauth_device_clear(struct oauth_device *device);

/* What the answer of a token endpoint means. */
enum oauth_end {
	OAUTH_TOKEN,
	OAUTH_PENDING,	 /* authorization_pending: ask again */
	OAUTH_SLOW_DOWN, /* slow_down: ask again, and five seconds later */
	OAUTH_LIMITED,	 /* a rate limit: ask again, and much later */
	OAUTH_DECLINED,	 /* access_denied */
	OAUTH_OVER,	 /* expired_token, invalid_grant: start anew */
	OAUTH_REFUSED,	 /* what was asked is wrong, and will stay so */
	OAUTH_NONSENSE,	 /* no answer that a token endpoint gives */
	OAUTH_NO_MEMORY, /* the issuer is not to blame */
};

struct oauth_tokens {
	struct buf access;  /* owned; letters of RFC 6750 section 2.1 */
	struct buf refresh; /* owned; printable; empty: none */
	int64_t lifetime;   /* seconds; 0: not said */
};

/*
 * Reads an answer by its HTTP status and its JSON; answer NULL: it has none.
 * The error counts, and not the status, which RFC 6749 wants to be 400 and
 * Auth0 chooses freely.  why says what was answered unless it is OAUTH_TOKEN.
 * *tokens is written in every case; oauth_tokens_clear() releases it.
 */
enum oauth_end oauth_read_token(int status, const struct json *answer,
    struct oauth_tokens *tokens, struct text *why);
void oauth_tokens_clear(struct oauth_tokens *tokens);

#endif
