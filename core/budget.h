/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BUDGET_H
#define AUDIENT_BUDGET_H

#include "cache.h"

/*
 * How often an issuer may be asked, for all processes of the user together: a
 * bucket of burst requests that per_minute requests a minute flow back into.
 * It stays below what Auth0 allows, so that a flood ends here and not at the
 * tenant, whose limit is everybody's.  It lives in a mark of the cache.
 */
struct budget {
	int burst; /* at most 255 */
	int per_minute;
};

/* Takes one request out of the bucket called id; false if it is empty. */
bool budget_take(struct cache *cache, const char *id,
    const struct budget *budget, int64_t now);

#endif
