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
	void *answer;  /* owned */
	size_t size;
};

struct seen {
	pthread_mutex_t lock;
	uint64_t count;
	struct entry entry[SETS][WAYS];
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
entry_clear(struct entry *e)
{
	wipe_free(e->answer, e->size);
	explicit_bzero(e, sizeof(*e));
}

static void
clear(struct seen *seen)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			entry_clear(&seen->entry[i][j]);
}

void
seen_close(struct seen *seen)
{
	if (seen == NULL)
		return;
	if (seen->count > 0)
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
			memcpy(answer, set[i].answer, size);
			*basis = set[i].basis;
			found = true;
		}
	(void)pthread_mutex_unlock(&seen->lock);
	return found;
}

/* The one with that key, an empty one, or the oldest of the set. */
static struct entry *
choose(struct entry set[WAYS], const unsigned char key[SEEN_KEY_SIZE])
{
	struct entry *oldest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].kept != 0 &&
		    CRYPTO_memcmp(set[i].key, key, SEEN_KEY_SIZE) == 0)
			return &set[i];
		if (set[i].kept < oldest->kept)
			oldest = &set[i];
	}
	return oldest;
}

void
seen_keep(struct seen *seen, const unsigned char key[SEEN_KEY_SIZE],
    const struct seen_basis *basis, const struct seen_window *window,
    const void *answer, size_t size)
{
	struct entry *e;
	void *copy;

	if ((copy = malloc(size)) == NULL)
		return;
	memcpy(copy, answer, size);
	if (pthread_mutex_trylock(&seen->lock) != 0) {
		wipe_free(copy, size);
		return;
	}
	e = choose(seen->entry[key[0]], key);
	entry_clear(e);
	memcpy(e->key, key, SEEN_KEY_SIZE);
	e->basis = *basis;
	e->window = *window;
	e->kept = ++seen->count;
	e->answer = copy;
	e->size = size;
	(void)pthread_mutex_unlock(&seen->lock);
}

/*
 * The fork may have come while another thread, which is not here, was at
 * work: what it was about to change is left alone, even if it leaks.
 */
void
seen_after_fork(struct seen *seen)
{
	(void)pthread_mutex_init(&seen->lock, NULL);
	if (seen->count > 0)
		memset(seen->entry, 0, sizeof(seen->entry));
}
