/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define PERIOD_MS 1000
#define LINES_MAX 16
#define NAME_SIZE 66 /* of a service: one more than count takes */

struct line {
	char service[NAME_SIZE]; /* what is cut is no name either */
	enum reason reason;
	uint64_t n;
};

struct lines {
	struct line line[LINES_MAX];
	size_t n;
};

struct tally {
	pthread_mutex_t lock; /* of what follows */
	struct lines lines;
	int64_t written_ms; /* 0: not yet */
};

enum reason
tally_open(struct tally **tallyp)
{
	struct tally *tally;

	*tallyp = NULL;
	if ((tally = calloc(1, sizeof(*tally))) == NULL)
		return REASON_OUT_OF_MEMORY;
	if (pthread_mutex_init(&tally->lock, NULL) != 0) {
		free(tally);
		return REASON_OUT_OF_MEMORY;
	}
	*tallyp = tally;
	return REASON_OK;
}

void
tally_close(struct tally *tally)
{
	if (tally == NULL)
		return;
	(void)pthread_mutex_destroy(&tally->lock);
	free(tally);
}

/* False: there is no room. */
static bool
add(struct lines *lines, const char *service, enum reason reason)
{
	struct line *line = lines->line;
	const size_t len = strnlen(service, NAME_SIZE - 1);

	for (; line < lines->line + lines->n; line++)
		if (line->reason == reason &&
		    strncmp(line->service, service, NAME_SIZE - 1) == 0) {
			line->n++;
			return true;
		}
	if (lines->n == LINES_MAX)
		return false;
	lines->n++;
	memcpy(line->service, service, len);
	line->service[len] = '\0';
	line->reason = reason;
	line->n = 1;
	return true;
}

static void
take(struct tally *tally, struct lines *lines)
{
	memcpy(lines, &tally->lines, sizeof(*lines));
	tally->lines.n = 0;
	tally->written_ms = clock_ms();
}

static void
write_lines(const struct lines *lines, struct cache *cache)
{
	for (size_t i = 0; i < lines->n; i++)
		count_decisions(cache, lines->line[i].service,
		    lines->line[i].reason, lines->line[i].n);
}

void
tally_add(struct tally *tally, struct cache *cache, const char *service,
    enum reason reason)
{
	struct lines ripe UNINITIALIZED;
	bool is_full;

	ripe.n = 0;
	(void)pthread_mutex_lock(&tally->lock);
	is_full = !add(&tally->lines, service, reason);
	if (is_full || tally->written_ms == 0 ||
	    clock_ms() - tally->written_ms >= PERIOD_MS)
		take(tally, &ripe);
	if (is_full)
		(void)add(&tally->lines, service, reason);
	(void)pthread_mutex_unlock(&tally->lock);
	write_lines(&ripe, cache);
}

void
tally_write(struct tally *tally, struct cache *cache)
{
	struct lines ripe UNINITIALIZED;

	(void)pthread_mutex_lock(&tally->lock);
	take(tally, &ripe);
	(void)pthread_mutex_unlock(&tally->lock);
	write_lines(&ripe, cache);
}

void
tally_after_fork(struct tally *tally)
{
	(void)pthread_mutex_init(&tally->lock, NULL);
	tally->lines.n = 0;
	tally->written_ms = 0;
}
