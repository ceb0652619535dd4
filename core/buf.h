/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_BUF_H
#define AUDIENT_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "reason.h"

#define MUST_CHECK __attribute__((warn_unused_result))
/* An entry point of a module; everything else is hidden. */
#define EXPORT __attribute__((visibility("default")))
/* Large, and written before it is read: spared the compiler's zeroes. */
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

/* Bytes that belong to somebody else; ptr may be NULL only when len is 0. */
struct span {
	const char *ptr;
	size_t len;
};

struct span span_of(const char *s); /* a C string, or NULL for nothing */
bool span_equal(struct span a, struct span b);
bool span_is(struct span s, const char *text);
bool span_is_nocase(struct span s, const char *text); /* ASCII only */
bool span_starts(struct span s, const char *text);
bool span_ends(struct span s, const char *text);
bool span_is_utf8(struct span s);     /* RFC 3629 */
bool span_is_b64token(struct span s); /* RFC 6750 section 2.1 */

/*
 * Cuts *in at the first stop byte: *head gets what stands before it and *in
 * what stands behind.  Without a stop byte *head gets all, *in nothing, and
 * the answer is false.
 */
bool span_cut(struct span *in, char stop, struct span *head);
struct span span_trim(struct span s); /* without blanks and tabs around it */

/*
 * A growing byte buffer that cannot pass its cap and that wipes whatever it
 * lets go of, so it may hold tokens and the messages that carry them.  The
 * bytes are always followed by a NUL that len does not count.
 */
struct buf {
	char *data;
	size_t len;
	size_t alloc;
	size_t max;
};

/* clang-format off */
#define BUF_INIT(cap) { .max = (cap) }
/* clang-format on */

/*
 * REASON_TOKEN_TOO_LARGE: the bytes would pass the cap; callers whose buffer
 * holds no token give it the name that fits.  On failure b is unchanged.
 */
MUST_CHECK enum reason buf_add(struct buf *b, const void *p, size_t n);
MUST_CHECK enum reason buf_add_str(struct buf *b, const char *s);
MUST_CHECK enum reason buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
MUST_CHECK enum reason buf_reserve(struct buf *b, size_t n); /* n more bytes */
struct span buf_span(const struct buf *b); /* borrowed until the next add */
void buf_clear(struct buf *b);		   /* wipes, keeps the memory */
void buf_free(struct buf *b);		   /* leaves b empty and usable */

/* free(3) for secrets: overwrites n bytes first; p may be NULL. */
void wipe_free(void *p, size_t n);

#endif
