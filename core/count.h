/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_COUNT_H
#define AUDIENT_COUNT_H

#include <stdint.h>

#include "cache.h"

/*
 * How many decisions there were, by service and reason, for audient stats.
 * Each user has a file per service in his part of the cache, which nobody
 * else can write:
 *
 *     audience_refused 00000000000000000042
 *
 * A count that cannot be kept is lost, and nothing else happens.
 */
void count_decisions(struct cache *cache, const char *service,
    enum reason reason, uint64_t n);

/*
 * Reads those of every user whose files may be read.  True if each() heard of
 * anything.
 */
bool count_read(const char *cache_dir,
    void (
	*each)(void *arg, const char *service, const char *reason, uint64_t n),
    void *arg);

#endif
