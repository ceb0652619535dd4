/* SPDX-License-Identifier: BSD-2-Clause */
#include "seen.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 256 /* by what is asked */
#define WAYS 4	 /* places of a set */

struct entry {
	unsigned char token[SHA256_SIZE];
	struct seen_basis basis;
	struct seen_window window;
	uint64_t kept; /* when, counted in entries; 0: empty */
	size_t len;    /* of the question's rest */
	size_t size;   /* of the answer */
};

struct texts {
	char rest[SEEN_REST_MAX];
	unsigned char answer[SEEN_ANSWER_MAX];
};

struct seen {
	pthread_mutex_t lock;
	uint64_t count;
	struct entry entry[SETS][WAYS];
	/* apart, as most of them are never touched, and take no memory then */
	struct texts texts[SETS][WAYS];
};

enum reason
seen_open(struct seen **seenp)
{
	struct seen *seen;

	*seenp = NULL;
	if ((seen = calloc(1, sizeof(*seen))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if (pthread_mutex_init(&seen->lock, NULL) != 0) {
		free(seen);
		return REASON_OUT_OF_MEMORY;
	}
	*seenp = seen;
	return REASON_OK;
}

static void
wipe(struct seen *seen, size_t set, size_t way)
{
	struct entry *e = &seen->entry[set][way];
	struct texts *t = &seen->texts[set][way];

	if (e->kept == 0)
		return;
	explicit_bzero(t->rest, e->len);
	explicit_bzero(t->answer, e->size);
	explicit_bzero(e, sizeof(*e));
}

static void
clear(struct seen *seen)
{
	for (size_t i = 0; i < SETS && seen->count > 0; i++)
		for (size_t j = 0; j < WAYS; j++)
			wipe(seen, i, j);
}

void
seen_close(struct seen *seen)
{
	if (seen == NULL)
		return;
	clear(seen);
	(void)pthread_mutex_destroy(&seen->lock);
	free(seen);
}

/* One token may be shown for many users. */
static size_t
set_of(const struct seen_question *q)
{
	size_t sum = q->token[0];

	for (size_t i = 0; i < q->len; i++)
		sum += (unsigned char)q->rest[i];
	return sum % SETS;
}

static bool
is_same(const struct entry *e, const struct texts *t,
    const struct seen_question *q)
{
	return e->kept != 0 && e->len == q->len &&
	    CRYPTO_memcmp(e->token, q->token, SHA256_SIZE) == 0 &&
	    CRYPTO_memcmp(t->rest, q->rest, q->len) == 0;
}

static bool
is_usable(const struct entry *e, int64_t now, size_t size)
{
	return e->size == size && now >= e->window.not_before &&
	    now <= e->window.not_after;
}

bool
seen_find(struct seen *seen, const struct seen_question *q, int64_t now,
    struct seen_basis *basis, void *answer, size_t size)
{
	const size_t set = set_of(q);
	const struct entry *e = seen->entry[set];
	const struct texts *t = seen->texts[set];
	bool found = false;

	if (pthread_mutex_trylock(&seen->lock) != 0)
		return false;
	for (size_t i = 0; i < WAYS && !found; i++)
		if (is_same(&e[i], &t[i], q) && is_usable(&e[i], now, size)) {
			memcpy(answer, t[i].answer, size);
			*basis = e[i].basis;
			found = true;
		}
	(void)pthread_mutex_unlock(&seen->lock);
	return found;
}

/* The one with that question, an empty one, or the oldest of the set. */
static size_t
choose(const struct entry e[WAYS], const struct texts t[WAYS],
    const struct seen_question *q)
{
	size_t oldest = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (is_same(&e[i], &t[i], q))
			return i;
		if (e[i].kept < e[oldest].kept)
			oldest = i;
	}
	return oldest;
}

void
seen_keep(struct seen *seen, const struct seen_question *q,
    const struct seen_basis *basis, const struct seen_window *window,
    const void *answer, size_t size)
{
	const size_t set = set_of(q);
	struct entry *e;
	struct texts *t;
	size_t way;

	if (size > SEEN_ANSWER_MAX || pthread_mutex_trylock(&seen->lock) != 0)
		return;
	way = choose(seen->entry[set], seen->texts[set], q);
	wipe(seen, set, way);
	e = &seen->entry[set][way];
	t = &seen->texts[set][way];
	memcpy(e->token, q->token, SHA256_SIZE);
	e->basis = *basis;
	e->window = *window;
	e->len = q->len;
	memcpy(t->rest, q->rest, q->len);
	e->size = size;
	memcpy(t->answer, answer, size);
	e->kept = ++seen->count;
	(void)pthread_mutex_unlock(&seen->lock);
}

/* Another thread, which is not here, may have been at work in an entry. */
void
seen_after_fork(struct seen *seen)
{
	(void)pthread_mutex_init(&seen->lock, NULL);
	clear(seen);
}
