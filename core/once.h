/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_ONCE_H
#define AUDIENT_ONCE_H

#include "trace.h"
#include "world.h"

/* One use of a token, for a service that lets each token in once. */
struct once {
	const char *service;
	struct span token;
	int64_t until; /* after this time the token is no good anyway */
	int64_t now;
	int64_t issued;	   /* by the tenant's clock; 0: it did not say */
	bool is_rehearsal; /* ask, and leave things as they are */
};

/*
 * Remembers on disk, for all processes of the user, that the token was used.
 * REASON_DENIED_LOCALLY if it was used before; REASON_INTERNAL if that cannot
 * be remembered.
 */
MUST_CHECK enum reason once_take(const struct world *world,
    const struct once *use, struct trace *trace);

#endif
