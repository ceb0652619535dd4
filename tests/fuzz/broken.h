/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FUZZ_BROKEN_H
#define AUDIENT_FUZZ_BROKEN_H

#include <stdbool.h>

/*
 * A host in which things fail: allocations, files, clocks, OpenSSL.  Between
 * broken_begin() and broken_end() it is NOW, there is one account, alice of
 * uid 1000, and the n-th of those calls fails, or that and all that follow.
 */
void broken_begin(unsigned long n, bool for_good);
void broken_end(void);

/* Memory that is always there. */
char *broken_strndup(const char *s, unsigned long n);

#endif
