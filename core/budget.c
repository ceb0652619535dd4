/* SPDX-License-Identifier: BSD-2-Clause */
#include "budget.h"

#define WAIT_MS 200 /* for others who take from the same bucket */

/* The mark is when the bucket was last looked at, and what was missing. */
static bool
take(struct cache *cache, const char *id, const struct budget *budget,
    int64_t now)
{
	struct cache_mark mark = cache_get_mark(cache, CACHE_USERINFO, id, now);
	int64_t back;

	if (mark.time == 0 || mark.time > now)
		mark = (struct cache_mark){ .time = now };
	back = (now - mark.time) * budget->per_minute / 60;
	if (back > 0) {
		mark.value = back >= mark.value ? 0 : mark.value - (int)back;
		/* what has not made up a whole request yet is not lost */
		mark.time = mark.value == 0
		    ? now
		    : mark.time + back * 60 / budget->per_minute;
	}
	if (mark.value >= budget->burst)
		return false;
	mark.value++;
	cache_set_mark(cache, CACHE_USERINFO, id, mark);
	return true;
}

bool
budget_take(struct cache *cache, const char *id, const struct budget *budget,
    int64_t now)
{
	const int lock = cache_lock(cache, CACHE_USERINFO, id, WAIT_MS);
	const bool ok = take(cache, id, budget, now);

	cache_unlock(lock);
	return ok;
}
