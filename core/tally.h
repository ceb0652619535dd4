/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TALLY_H
#define AUDIENT_TALLY_H

#include "count.h"

/*
 * Counts of a host that lives long, on their way to the disk: a write per
 * decision would be most of what one costs that is remembered.  They are
 * written with a decision if the last time was a second ago, and at the end;
 * what a busy host has counted since is late, and lost if it is killed.
 */
struct tally;

MUST_CHECK enum reason tally_open(struct tally **tallyp);
void tally_close(struct tally *tally); /* NULL is fine; writes nothing */

void tally_add(struct tally *tally, struct cache *cache, const char *service,
    enum reason reason);
void tally_write(struct tally *tally, struct cache *cache);

/* The calling process is a new one: what its parent counted is the parent's. */
void tally_after_fork(struct tally *tally);

#endif
