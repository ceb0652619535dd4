/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLOCK_H
#define AUDIENT_CLOCK_H

#include <stdint.h>

#define CLOCK_SLACK 60 /* seconds that the clocks of one host may differ */

/*
 * A clock that shows less has lost its battery and not been set yet: every
 * token would look as if it came from the future.  2026-01-01.
 */
#define CLOCK_PLAUSIBLE 1767225600LL

/* Seconds since the epoch, by the clock that tokens are measured with. */
int64_t clock_now(void);

/* Milliseconds that no clock change moves; for deadlines. */
int64_t clock_ms(void);

/* Milliseconds left until deadline, 0 if it has passed; fits an int. */
int clock_left(int64_t deadline_ms);

#endif
