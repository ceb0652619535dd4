/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_DECISION_H
#define AUDIENT_DECISION_H

#include "deny.h"
#include "handle.h"
#include "userinfo.h"

#define CLAIMS_MAX   12288 /* bytes of a payload, decoded */
#define CLAIMS_NODES 1024

/* One decision on its way through audient.c. */
struct decision {
	struct audient *a;
	const struct audient_request *rq;
	const struct service *service;
	struct audient_verdict *v;
	struct trace trace;
	int64_t start_ms; /* the network's time is counted from here */
	int64_t now;	  /* of which the token is judged */
	size_t tenant;	  /* index of the one that issued it */

	struct jws_header *header;
	struct json *nodes; /* CLAIMS_NODES, for a payload */
	char *text;	    /* CLAIMS_MAX bytes that they point to */
	size_t text_used;   /* of those, at most */
	struct userinfo_answer info;
	struct claims claims; /* of nodes or info */

	struct watch_view map; /* of the service's files, while held */
	struct watch_view deny;

	struct seen_question *question; /* for a host that remembers */
	bool is_asked;			/* it is filled in */
	struct seen_basis basis;	/* keys: those that proved it, or 0 */
	struct seen_window window;
};

/* The files of the service as they are now. */
MUST_CHECK enum reason decision_hold_files(struct decision *d);
void decision_release_files(struct decision *d);

/*
 * Was the same question answered with yes a moment ago, and has nothing
 * changed since?  Then *d->v is that answer.
 */
bool decision_recall(struct decision *d);

/* Remembers the answer, if it is one to remember. */
void decision_keep(struct decision *d);

#endif
