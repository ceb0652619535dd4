/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SEEN_H
#define AUDIENT_SEEN_H

#include <stdint.h>

#include "crypto.h"

/*
 * Decisions that a host which lives long has just made: who comes again with
 * the same token, to the same service, as the same user, is let in without
 * another look at the signature, as long as nothing has changed.  Only
 * acceptances are kept, and of the token its hash.
 */
struct seen;

#define SEEN_REST_MAX	1024 /* bytes of a question besides the token */
#define SEEN_ANSWER_MAX 2048 /* and of what is kept */

/* What is asked; questions are the same if all of it is. */
struct seen_question {
	unsigned char token[SHA256_SIZE]; /* its hash */
	size_t len;			  /* of the rest */
	char rest[SEEN_REST_MAX];
};

/*
 * What a decision rests on besides the question.  It counts only while all of
 * it is the same, and at a time from not_before to not_after.
 */
struct seen_basis {
	uint64_t keys;	/* of the tenant's key set: its generation */
	uint64_t files; /* of user_map and deny_file: their generations */
};

struct seen_window {
	int64_t not_before; /* first and last second, inclusive */
	int64_t not_after;
};

MUST_CHECK enum reason seen_open(struct seen **seenp);
void seen_close(struct seen *seen); /* NULL is fine; wipes */

/*
 * Copies the answer that was kept, of size bytes, and what it rests on to
 * *basis, for the caller to compare.  False if there is nothing, or
 * nothing for the time now; or if another thread is busy here: nobody waits
 * for what is quick to do again.
 */
bool seen_find(struct seen *seen, const struct seen_question *q, int64_t now,
    struct seen_basis *basis, void *answer, size_t size);

/*
 * Keeps the answer, in the place of the one that was kept the longest.  One
 * that is too large is not kept.
 */
void seen_keep(struct seen *seen, const struct seen_question *q,
    const struct seen_basis *basis, const struct seen_window *window,
    const void *answer, size_t size);

/* The calling process is a new one: begins with nothing. */
void seen_after_fork(struct seen *seen);

#endif
