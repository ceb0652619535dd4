/* SPDX-License-Identifier: BSD-2-Clause */
#include "seen.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 256 /* by the first byte of the key */
#define WAYS 4	 /* places of a set */

struct entry {
	unsigned char key[SEEN_KEY_SIZE];
	struct seen_basis basis;
	struct seen_window window;
	uint64_t kept; /* when, counted in entries; 0: empty */
	size_t size;   /* of the answer */
};

struct seen {
	pthread_mutex_t lock;
	uint64_t count;
	struct entry entry[SETS][WAYS];
	/* apart, as most of them are never touched, and take no memory then */
	unsigned char answer[SETS][WAYS][SEEN_ANSWER_MAX];
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

	if (e->kept == 0)
		return;
	explicit_bzero(seen->answer[set][way], e->size);
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

static bool
is_usable(const struct entry *e, const unsigned char key[SEEN_KEY_SIZE],
    int64_t now, size_t size)
{
	return e->kept != 0 && CRYPTO_memcmp(e->key, key, SEEN_KEY_SIZE) == 0 &&
	    e->size == size && now >= e->window.not_before &&
	    now <= e->window.not_after;
}

bool
seen_find(struct seen *seen, const unsigned char key[SEEN_KEY_SIZE],
    int64_t now, struct seen_basis *basis, void *answer, size_t size)
{
	const struct entry *set = seen->entry[key[0]];
	bool found = false;

	if (pthread_mutex_trylock(&seen->lock) != 0)
		return false;
	for (size_t i = 0; i < WAYS && !found; i++)
		if (is_usable(&set[i], key, now, size)) {
			memcpy(answer, seen->answer[key[0]][i], size);
			*basis = set[i].basis;
			found = true;
		}
	(void)pthread_mutex_unlock(&seen->lock);
	return found;
}

/* The one with that key, an empty one, or the oldest of the set. */
static size_t
choose(const struct entry set[WAYS], const unsigned char key[SEEN_KEY_SIZE])
{
	size_t oldest = 0;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].kept != 0 &&
		    CRYPTO_memcmp(set[i].key, key, SEEN_KEY_SIZE) == 0)
			return i;
		if (set[i].kept < set[oldest].kept)
			oldest = i;
	}
	return oldest;
}

void
seen_keep(struct seen *seen, const unsigned char key[SEEN_KEY_SIZE],
    const struct seen_basis *basis, const struct seen_window *window,
    const void *answer, size_t size)
{
	struct entry *e;
	size_t way;

	if (size > SEEN_ANSWER_MAX || pthread_mutex_trylock(&seen->lock) != 0)
		return;
	way = choose(seen->entry[key[0]], key);
	e = &seen->entry[key[0]][way];
	wipe(seen, key[0], way);
	memcpy(e->key, key, SEEN_KEY_SIZE);
	e->basis = *basis;
	e->window = *window;
	memcpy(seen->answer[key[0]][way], answer, size);
	e->size = size;
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
