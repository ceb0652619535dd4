/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FETCH_H
#define AUDIENT_FETCH_H

#include <stdint.h>

#include "text.h"

/*
 * HTTPS without network code in this process: audient-fetch(8) does it, and
 * is told over a socket pair what to get.  No token is in its arguments or
 * environment.  Whatever becomes of the helper, the call ends at the deadline
 * and leaves no child and no descriptor behind.
 */

struct fetch_request {
	const char *url;     /* https */
	struct span bearer;  /* sent as "Authorization: Bearer"; len 0: none */
	struct span form;    /* ptr NULL: GET; else POSTed as a form */
	const char *ca_file; /* NULL: the system's */
	const char *proxy;   /* NULL: none */
	size_t body_max;     /* bytes of body that are accepted */
};

enum fetch_result {
	FETCH_ANSWERED,	  /* some HTTP status over verified TLS */
	FETCH_NO_ANSWER,  /* name, connection, TLS, time, or the helper */
	FETCH_BAD_ANSWER, /* nothing to work with, or a wrong certificate */
};

struct fetch_answer {
	enum fetch_result result;
	int status;	     /* of FETCH_ANSWERED */
	struct buf body;     /* owned; may hold claims, so it is wiped */
	char type[64];	     /* media type, lower case, no parameters */
	int64_t date;	     /* the server's clock; 0 if it did not say */
	int64_t retry_after; /* seconds; 0 if it did not say */
	int64_t limit_left;  /* X-RateLimit-Remaining; -1 if not said */
	int64_t limit_reset; /* X-RateLimit-Reset, a time; 0 if not said */
	struct text why;     /* for people, unless FETCH_ANSWERED */
	bool helper_is_well; /* it started and spoke, whatever it said */
};

/*
 * Starts helpers.  For a host that lives long a few of them stay for the next
 * request, with their connections open; they end by themselves when there is
 * nothing to do, are nobody's children, and are not used across a fork.
 */
struct fetcher;

/* helper is an absolute path, borrowed. */
MUST_CHECK enum reason fetcher_open(struct fetcher **fetcherp,
    const char *helper, bool keeps_helpers);
void fetcher_close(struct fetcher *fetcher); /* NULL is fine */

/* The calling process is a new one: nothing of the old one's is touched. */
void fetcher_after_fork(struct fetcher *fetcher);

/* deadline_ms is of clock_ms(). */
void fetch(struct fetcher *fetcher, const struct fetch_request *request,
    int64_t deadline_ms, struct fetch_answer *answer);
void fetch_answer_clear(struct fetch_answer *answer);

#endif
