/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"

#include <limits.h>
#include <time.h>

_Static_assert(sizeof(time_t) >= 8, "tokens outlive a 32-bit time_t");

int64_t
clock_now(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t
clock_ms(void)
{
	struct timespec ts = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
clock_left(int64_t deadline_ms)
{
	const int64_t left = deadline_ms - clock_ms();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}
