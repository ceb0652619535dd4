/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FAILING_H
#define AUDIENT_FAILING_H

#include "unit.h"

/*
 * Allocations and calls of the core to the system and to OpenSSL that can be
 * made to fail; the linker sends them here.  The n-th one fails, or that and
 * all that follow.
 */
void failing_arm(unsigned long n, bool for_good);
/* No call fails any more; has one failed? */
bool failing_disarm(void);
/* Prints how often each of them was made to fail; their number. */
unsigned int failing_show(void);

/*
 * In place of audient-fetch: the answers, in order, that the next helpers
 * give; NULL ends them, and there is none then.
 */
void failing_answers(const char *const *answers);

/* What follows -Wl,--wrap= in unit.mk is this list. */
extern const char *const failing_calls[];

#endif
