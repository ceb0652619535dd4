/* SPDX-License-Identifier: BSD-2-Clause */
#include "once.h"

#include <string.h>

#define KEEP	   86400 /* seconds beyond its end, for clocks set back */
#define UNTOLD	   (366 * 86400LL)
#define FOREVER	   ((int64_t)1 << 40)
#define NAME_BYTES 1024

/*
 * What is signed of a token.  Whoever has an ECDSA signature can make another
 * one that fits as well, so the signature does not tell tokens apart.
 */
static struct span
signed_part(struct span token)
{
	const char *dot = memrchr(token.ptr, '.', token.len);

	if (dot != NULL)
		token.len = (size_t)(dot - token.ptr);
	return token;
}

/* Names the pair of service and token. */
static bool
make_id(const struct world *world, const struct once *use,
    char id[SHA256_HEX_SIZE])
{
	const struct span part = signed_part(use->token);
	struct buf text = BUF_INIT(part.len + NAME_BYTES);
	bool ok;

	ok = buf_printf(&text, "%.255s\n", use->service) == REASON_OK &&
	    buf_add(&text, part.ptr, part.len) == REASON_OK &&
	    crypto_sha256_hex(&world->crypto, buf_span(&text), id) == REASON_OK;
	buf_free(&text);
	return ok;
}

/*
 * How late it is at least.  A clock that runs ahead for a while must not cost
 * the marks of tokens that are good again once it is right; when the tenant
 * issued this token is a time that has been.  It does not tell of opaque ones:
 * for them our clock counts, and a year less.
 */
static int64_t
certain(const struct once *use)
{
	return use->issued != 0 ? use->issued : use->now - UNTOLD;
}

enum reason
once_take(const struct world *world, const struct once *use,
    struct trace *trace)
{
	static const char wanted[] = "a token that was not used here before";
	enum cache_taking taking;
	char id[SHA256_HEX_SIZE];

	if (!make_id(world, use, id))
		return REASON_OUT_OF_MEMORY;
	if (use->is_rehearsal)
		taking = cache_is_taken(world->cache, CACHE_USED, id)
		    ? CACHE_TAKEN_BEFORE
		    : CACHE_TAKEN_NOW;
	else {
		taking = cache_take(world->cache, CACHE_USED, id, use->until);
		cache_sweep(world->cache, CACHE_USED, use->now,
		    &(const struct cache_limits){ .max_age = KEEP + use->now -
			    certain(use),
			.max_ahead = FOREVER,
			.max = SIZE_MAX });
	}
	switch (taking) {
	case CACHE_TAKEN_NOW:
		return trace_text(trace, "single_use", REASON_OK, wanted,
		    "first use");
	case CACHE_TAKEN_BEFORE:
		return trace_text(trace, "single_use", REASON_DENIED_LOCALLY,
		    wanted, "it has opened %s once", use->service);
	case CACHE_CANNOT_TAKE:
		break;
	}
	return trace_text(trace, "single_use", REASON_INTERNAL,
	    "a cache_dir that can be written to",
	    "no place to remember that the token was used");
}
