/* SPDX-License-Identifier: BSD-2-Clause */
#include "keyset.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "keysource.h"

#define SKEW_TOLD 60 /* seconds of difference that are worth a warning */

/* Values of the mark on disk: how the last question to the issuer ended. */
enum mark { MARK_NO_ANSWER, MARK_BAD_ANSWER, MARK_ANSWERED, MARK_LIMITED };

struct keyset {
	const struct tenant *tenant;
	const struct world *world;
	struct keysource source;
	pthread_mutex_t refresh; /* held by the thread that asks the issuer */
	pthread_mutex_t lock;	 /* of what follows; never held for long */
	struct keyring ring;	 /* keys NULL: none yet */
	uint64_t generation;	 /* of ring */
	struct cache_mark mark;	 /* ours, in case the disk keeps none */
};

/* What became of an attempt to get a newer set. */
enum refresh {
	REFRESH_DONE,	    /* by us or by somebody else */
	REFRESH_NO_ANSWER,  /* now, or when last asked a moment ago */
	REFRESH_BAD_ANSWER, /* likewise */
	REFRESH_TOO_SOON,   /* asked a moment ago, and it answered */
	REFRESH_LIMITED,    /* no answer but "too many requests" */
};

static bool
init_locks(struct keyset *ks)
{
	if (pthread_mutex_init(&ks->lock, NULL) != 0)
		return false;
	if (pthread_mutex_init(&ks->refresh, NULL) == 0)
		return true;
	(void)pthread_mutex_destroy(&ks->lock);
	return false;
}

enum reason
keyset_open(struct keyset **keysetp, const struct tenant *tenant,
    const struct world *world)
{
	struct keyset *ks;

	*keysetp = NULL;
	if ((ks = calloc(1, sizeof(*ks))) == NULL)
		return REASON_OUT_OF_MEMORY;
	ks->tenant = tenant;
	ks->world = world;
	ks->source = (struct keysource){ .tenant = tenant, .world = world };
	if (!init_locks(ks)) {
		free(ks);
		return REASON_OUT_OF_MEMORY;
	}
	*keysetp = ks;
	return REASON_OK;
}

void
keyset_close(struct keyset *ks)
{
	if (ks == NULL)
		return;
	keys_release(ks->ring.keys);
	(void)pthread_mutex_destroy(&ks->refresh);
	(void)pthread_mutex_destroy(&ks->lock);
	free(ks);
}

/*
 * The fork may have come while another thread, which is not here, was at
 * work: what it was about to change is left alone, even if it leaks.
 */
void
keyset_after_fork(struct keyset *ks)
{
	(void)init_locks(ks);
	ks->ring = (struct keyring){ .keys = NULL };
	ks->generation++;
}

/*
 * When the set at hand was fetched, 0 if there is none.  One from a time to
 * come counts as none: the clock was put back, and its age is not known.
 */
static int64_t
time_of_ring(const struct keyset *ks)
{
	return ks->ring.fetched <= clock_now() + CLOCK_SLACK ? ks->ring.fetched
							     : 0;
}

/* Takes the set over unless the one at hand is newer. */
static void
adopt(struct keyset *ks, struct keyring *ring)
{
	struct keys *old = ring->keys;

	(void)pthread_mutex_lock(&ks->lock);
	if (ks->ring.keys == NULL || ring->fetched >= time_of_ring(ks)) {
		old = ks->ring.keys;
		ks->ring = *ring;
		ks->generation++;
	}
	(void)pthread_mutex_unlock(&ks->lock);
	keys_release(old);
	ring->keys = NULL; /* transferred */
}

static int64_t
fetched_at(struct keyset *ks)
{
	int64_t fetched;

	(void)pthread_mutex_lock(&ks->lock);
	fetched = time_of_ring(ks);
	(void)pthread_mutex_unlock(&ks->lock);
	return fetched;
}

static bool
is_younger(int64_t fetched, int seconds)
{
	const int64_t age = clock_now() - fetched;

	return fetched != 0 && age >= -CLOCK_SLACK && age < seconds;
}

static bool
is_fresh(const struct keyset *ks, int64_t fetched)
{
	return is_younger(fetched, ks->tenant->keys_max_age);
}

/* Holding the lock. */
static uint64_t
generation_of(const struct keyset *ks)
{
	return is_fresh(ks, ks->ring.fetched) ? ks->generation : 0;
}

uint64_t
keyset_generation(struct keyset *ks)
{
	uint64_t generation;

	(void)pthread_mutex_lock(&ks->lock);
	generation = generation_of(ks);
	(void)pthread_mutex_unlock(&ks->lock);
	return generation;
}

/* Set and generation together: later it may be another set's. */
static struct keys *
peek(struct keyset *ks, int64_t *fetched, uint64_t *generation)
{
	struct keys *keys = NULL;

	*fetched = 0;
	(void)pthread_mutex_lock(&ks->lock);
	*generation = generation_of(ks);
	if (ks->ring.keys != NULL) {
		keys = keys_hold(ks->ring.keys);
		*fetched = ks->ring.fetched;
	}
	(void)pthread_mutex_unlock(&ks->lock);
	return keys;
}

struct keys *
keyset_peek(struct keyset *ks, int64_t *fetched)
{
	uint64_t generation;

	return peek(ks, fetched, &generation);
}

bool
keyset_skew(struct keyset *ks, int64_t *seconds)
{
	bool known;

	(void)pthread_mutex_lock(&ks->lock);
	known = ks->ring.has_skew;
	*seconds = ks->ring.skew;
	(void)pthread_mutex_unlock(&ks->lock);
	return known;
}

void
keyset_load(struct keyset *ks)
{
	struct keyring ring;
	struct text why;

	text_clear(&why);
	if (ks->tenant->jwks_file != NULL) {
		if (keysource_read_file(&ks->source, &ring, &why) == REASON_OK)
			adopt(ks, &ring);
		return;
	}
	if (keysource_load(&ks->source, CACHE_OWN, fetched_at(ks), &ring))
		adopt(ks, &ring);
	if (keysource_load(&ks->source, CACHE_ROOT, fetched_at(ks), &ring))
		adopt(ks, &ring);
}

/* Without memory for a name it is as if the issuer had not answered. */
static struct cache_mark
get_mark(struct keyset *ks)
{
	struct cache_mark disk = { .time = clock_now(),
		.value = MARK_NO_ANSWER };
	struct cache_mark mark;
	char name[KEYSOURCE_NAME_SIZE];

	if (keysource_name(&ks->source, name))
		disk = cache_get_mark(ks->world->cache, CACHE_KEYS, name,
		    clock_now());
	(void)pthread_mutex_lock(&ks->lock);
	mark = ks->mark;
	(void)pthread_mutex_unlock(&ks->lock);
	return disk.time > mark.time ? disk : mark;
}

static void
set_mark(struct keyset *ks, enum mark value)
{
	const struct cache_mark mark = { .time = clock_now(),
		.value = (int)value };
	char name[KEYSOURCE_NAME_SIZE];

	(void)pthread_mutex_lock(&ks->lock);
	ks->mark = mark;
	(void)pthread_mutex_unlock(&ks->lock);
	if (keysource_name(&ks->source, name))
		cache_set_mark(ks->world->cache, CACHE_KEYS, name, mark);
}

/* May the issuer be asked?  If not, how did it end the last time? */
static bool
may_ask(struct keyset *ks, enum refresh *last)
{
	const struct cache_mark mark = get_mark(ks);
	const int64_t ago = clock_now() - mark.time;

	if (mark.time == 0 || ago < -CLOCK_SLACK ||
	    ago >= ks->tenant->refetch_cooldown)
		return true;
	/* It answered, and the set is gone: no disk to keep it on. */
	if (mark.value == MARK_ANSWERED && fetched_at(ks) == 0)
		return true;
	switch (mark.value) {
	case MARK_ANSWERED:
		*last = REFRESH_TOO_SOON;
		break;
	case MARK_BAD_ANSWER:
		*last = REFRESH_BAD_ANSWER;
		break;
	case MARK_LIMITED:
		*last = REFRESH_LIMITED;
		break;
	default:
		*last = REFRESH_NO_ANSWER;
		break;
	}
	return false;
}

static void
warn_of_skew(const struct keyset *ks, const struct keyring *ring)
{
	if (ring->has_skew &&
	    (ring->skew > SKEW_TOLD || ring->skew < -SKEW_TOLD))
		log_warning(&ks->world->log,
		    "the clock of this host is %lld seconds %s that of %s; "
		    "tokens are judged by it",
		    (long long)(ring->skew < 0 ? -ring->skew : ring->skew),
		    ring->skew < 0 ? "ahead of" : "behind",
		    ks->tenant->issuers.item[0]);
}

/* Asks the issuer.  The mark goes first: a crash must not unlimit us. */
static enum refresh
ask(struct keyset *ks, int lock, int64_t deadline_ms, struct text *why)
{
	enum refresh done = REFRESH_NO_ANSWER;
	struct keyring ring;
	int status;

	set_mark(ks, MARK_NO_ANSWER);
	switch (keysource_ask(&ks->source, lock, deadline_ms, &ring, &status,
	    why)) {
	case ISSUER_OK:
		set_mark(ks, MARK_ANSWERED);
		warn_of_skew(ks, &ring);
		adopt(ks, &ring);
		return REFRESH_DONE;
	case ISSUER_BAD_ANSWER:
		set_mark(ks, MARK_BAD_ANSWER);
		done = REFRESH_BAD_ANSWER;
		break;
	case ISSUER_NO_ANSWER:
		if (status != 429)
			break;
		set_mark(ks, MARK_LIMITED);
		done = REFRESH_LIMITED;
		break;
	}
	log_warning(&ks->world->log, "keys of %s: %s",
	    ks->tenant->issuers.item[0], why->s);
	return done;
}

/* Under the lock, if there is one: what somebody else did meanwhile counts. */
static enum refresh
refresh_locked(struct keyset *ks, int lock, int64_t have, bool is_forced,
    int64_t deadline_ms, struct text *why)
{
	enum refresh last = REFRESH_DONE;

	keyset_load(ks);
	if (!is_forced && fetched_at(ks) > have)
		return REFRESH_DONE;
	if (!is_forced && !may_ask(ks, &last)) {
		text_printf(why,
		    "the issuer was asked less than %d seconds ago",
		    ks->tenant->refetch_cooldown);
		return last;
	}
	if (clock_left(deadline_ms) == 0) {
		text_printf(why, "there is no time left to ask the issuer");
		return REFRESH_NO_ANSWER;
	}
	return ask(ks, lock, deadline_ms, why);
}

/*
 * Gets a set that is newer than the one fetched at have, unless the cooldown
 * forbids it.  Threads queue at the mutex, processes at the lock; who comes
 * second finds what the first one got.
 */
static enum refresh
refresh(struct keyset *ks, int64_t have, bool is_forced, int64_t deadline_ms,
    struct text *why)
{
	const struct timespec until = { .tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000 };
	char name[KEYSOURCE_NAME_SIZE];
	enum refresh done;
	int lock;

	if (!keysource_name(&ks->source, name)) {
		text_printf(why, "%s", reason_text(REASON_OUT_OF_MEMORY));
		return REFRESH_NO_ANSWER;
	}
	if (pthread_mutex_clocklock(&ks->refresh, CLOCK_MONOTONIC, &until) !=
	    0) {
		text_printf(why, "another thread is still asking the issuer");
		return REFRESH_NO_ANSWER;
	}
	lock = cache_lock(ks->world->cache, CACHE_KEYS, name,
	    clock_left(deadline_ms));
	done = refresh_locked(ks, lock, have, is_forced, deadline_ms, why);
	cache_unlock(lock);
	(void)pthread_mutex_unlock(&ks->refresh);
	return done;
}

/* The set may be used although it is old. */
static bool
may_serve(const struct keyset *ks, enum refresh done, int64_t fetched)
{
	if (is_fresh(ks, fetched))
		return true;
	return (done == REFRESH_NO_ANSWER || done == REFRESH_LIMITED) &&
	    is_younger(fetched, ks->tenant->keys_max_stale);
}

/* What a search came to; holds found.keys. */
struct lookup {
	struct keyset_key found;
	int64_t fetched;
	const char *why; /* borrowed from the keys, or static */
};

/* In the set at hand, whatever its age. */
static enum reason
look_up(struct keyset *ks, const struct jws_header *header, struct lookup *l)
{
	l->found.key = NULL;
	l->why = "no key set at hand";
	if ((l->found.keys = peek(ks, &l->fetched, &l->found.generation)) ==
	    NULL)
		return REASON_KEY_UNKNOWN;
	return keys_find(l->found.keys, header, &l->found.key, &l->why);
}

/* The same after the issuer was asked, or could not be. */
static enum reason
look_further(struct keyset *ks, const struct jws_header *header,
    int64_t deadline_ms, struct lookup *l, struct text *problem)
{
	const enum refresh done =
	    refresh(ks, l->fetched, false, deadline_ms, problem);
	enum reason reason;

	keys_release(l->found.keys);
	reason = look_up(ks, header, l);
	if (may_serve(ks, done, l->fetched) &&
	    (reason != REASON_KEY_UNKNOWN || done == REFRESH_DONE ||
		done == REFRESH_TOO_SOON))
		return reason;
	l->why = problem->s;
	return done == REFRESH_LIMITED ? REASON_RATE_LIMITED
				       : REASON_ISSUER_UNAVAILABLE;
}

static enum reason
tell(const struct keyset *ks, const struct jws_header *header,
    enum reason reason, const struct lookup *l, struct trace *trace)
{
	struct text found;

	if (reason == REASON_OK && trace->step == NULL)
		return reason;
	text_clear(&found);
	text_printf(&found, "kid ");
	text_add(&found, header->kid.len > 0 ? header->kid : span_of("absent"),
	    80);
	if (l->fetched != 0)
		text_printf(&found, ", keys of %s, %lld seconds old",
		    ks->tenant->issuers.item[0],
		    (long long)(clock_now() - l->fetched));
	if (reason != REASON_OK)
		text_printf(&found, ": %s", l->why);
	return trace_span(trace, "key", reason, span_of(found.s), "");
}

/* Memory is filled from disk, or from the administrator's file. */
static enum reason
refill(struct keyset *ks, struct text *problem)
{
	struct keyring ring;
	enum reason reason;

	if (is_fresh(ks, fetched_at(ks)))
		return REASON_OK;
	if (ks->tenant->jwks_file == NULL) {
		keyset_load(ks);
		return REASON_OK;
	}
	if ((reason = keysource_read_file(&ks->source, &ring, problem)) ==
	    REASON_OK)
		adopt(ks, &ring);
	return reason;
}

enum reason
keyset_find(struct keyset *ks, const struct jws_header *header,
    int64_t deadline_ms, struct keyset_key *found, struct trace *trace)
{
	struct lookup l = { .fetched = 0 };
	struct text problem;
	enum reason reason;

	*found = (struct keyset_key){ .keys = NULL };
	text_clear(&problem);
	if ((reason = refill(ks, &problem)) != REASON_OK) {
		l.why = problem.s;
		return tell(ks, header, reason, &l, trace);
	}
	reason = look_up(ks, header, &l);
	if (ks->tenant->jwks_file == NULL &&
	    (reason == REASON_KEY_UNKNOWN || !is_fresh(ks, l.fetched)))
		reason = look_further(ks, header, deadline_ms, &l, &problem);
	reason = tell(ks, header, reason, &l, trace);
	if (reason == REASON_OK) {
		*found = l.found;
		l.found.keys = NULL; /* transferred */
	}
	keys_release(l.found.keys);
	return reason;
}

bool
keyset_knows(struct keyset *ks, const struct jws_header *header,
    size_t *letters)
{
	struct lookup l = { .fetched = 0 };
	struct text problem;
	enum reason reason;

	text_clear(&problem);
	if (refill(ks, &problem) != REASON_OK)
		return false;
	reason = look_up(ks, header, &l);
	if (reason == REASON_OK && letters != NULL)
		*letters = key_signature_letters(l.found.key);
	keys_release(l.found.keys);
	return reason != REASON_KEY_UNKNOWN;
}

enum reason
keyset_refresh(struct keyset *ks, bool is_forced, int64_t deadline_ms,
    struct text *why)
{
	struct keyring ring;
	enum refresh done;
	enum reason reason;

	if (ks->tenant->jwks_file != NULL) {
		if ((reason = keysource_read_file(&ks->source, &ring, why)) ==
		    REASON_OK)
			adopt(ks, &ring);
		return reason;
	}
	keyset_load(ks);
	done = refresh(ks, fetched_at(ks), is_forced, deadline_ms, why);
	if (done == REFRESH_DONE || done == REFRESH_TOO_SOON)
		return REASON_OK;
	return done == REFRESH_LIMITED ? REASON_RATE_LIMITED
				       : REASON_ISSUER_UNAVAILABLE;
}

void
keyset_flush(struct keyset *ks)
{
	char name[KEYSOURCE_NAME_SIZE];
	struct keys *old;

	(void)pthread_mutex_lock(&ks->lock);
	old = ks->ring.keys;
	ks->ring = (struct keyring){ .keys = NULL };
	ks->mark = (struct cache_mark){ .time = 0 };
	ks->generation++;
	(void)pthread_mutex_unlock(&ks->lock);
	keys_release(old);
	if (keysource_name(&ks->source, name))
		(void)cache_remove(ks->world->cache, CACHE_KEYS, name);
}
