/* SPDX-License-Identifier: BSD-2-Clause */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "handle.h"

#define RECORD_MAX 4096
#define KEEP_AGE   3600 /* seconds; a session is opened long before that */
#define KEEP_MAX   4096

/* One lock for all, as no name is used by two. */
#define LOCK_ID	     "all"
#define LOCK_WAIT_MS 1000

/* The values are escaped already, so none of them has a newline. */
enum reason
login_write(const struct audient_login *login, struct buf *text)
{
	return buf_printf(text, "%s\n%s\n%s\n%s\n%lld\n", login->user,
	    login->subject, login->client, login->token_id,
	    (long long)login->expires);
}

static bool
take_line(struct span *text, char *out, size_t size)
{
	struct span line;

	if (!span_cut(text, '\n', &line) || line.len >= size)
		return false;
	if (line.len > 0)
		memcpy(out, line.ptr, line.len);
	out[line.len] = '\0';
	return true;
}

bool
login_read(struct span text, struct audient_login *login)
{
	char digits[24], *end;

	if (!take_line(&text, login->user, sizeof(login->user)) ||
	    !take_line(&text, login->subject, sizeof(login->subject)) ||
	    !take_line(&text, login->client, sizeof(login->client)) ||
	    !take_line(&text, login->token_id, sizeof(login->token_id)) ||
	    !take_line(&text, digits, sizeof(digits)) || text.len != 0)
		return false;
	login->expires = strtoll(digits, &end, 10);
	return digits[0] != '\0' && *end == '\0' && login->expires >= 0;
}

bool
audient_login_keep(struct audient *a, const char *id,
    const struct audient_login *login)
{
	struct cache *cache = a->world.cache;
	struct buf text = BUF_INIT(RECORD_MAX);
	const int lock = cache_lock(cache, CACHE_LOGIN, LOCK_ID, LOCK_WAIT_MS);
	bool ok;

	ok = login_write(login, &text) == REASON_OK &&
	    cache_store(cache, CACHE_LOGIN, id, lock, buf_span(&text));
	cache_unlock(lock);
	buf_free(&text);
	cache_sweep(cache, CACHE_LOGIN, clock_now(),
	    &(const struct cache_limits){ .max_age = KEEP_AGE,
		.max_ahead = KEEP_AGE,
		.max = KEEP_MAX });
	return ok;
}

enum audient_record
audient_login_take(struct audient *a, const char *id,
    struct audient_login *login)
{
	struct buf text = BUF_INIT(RECORD_MAX);
	bool ok, was_there;

	ok = cache_load(a->world.cache, CACHE_LOGIN, CACHE_OWN, id, &text) &&
	    login_read(buf_span(&text), login);
	was_there = cache_remove(a->world.cache, CACHE_LOGIN, id);
	buf_free(&text);
	if (ok)
		return AUDIENT_RECORD_TAKEN;
	return was_there ? AUDIENT_RECORD_SPOILT : AUDIENT_RECORD_NONE;
}
