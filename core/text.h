/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEXT_H
#define AUDIENT_TEXT_H

#include "buf.h"

#define TEXT_MAX 512

/*
 * A short text for people and logs.  Whatever goes in, s is NUL-terminated
 * printable ASCII: other bytes become \xNN, and what does not fit is cut off
 * and marked with "...".  It cannot fail, so it can report failures.
 */
struct text {
	size_t len;
	bool is_full; /* it ends in "...", and nothing is added any more */
	char s[TEXT_MAX];
};

void text_clear(struct text *t);
void text_printf(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Bytes of unknown origin; at most max of them are shown. */
void text_add(struct text *t, struct span s, size_t max);

/*
 * What editors and other systems leave in files of lines, in words for the
 * administrator: NUL bytes, carriage returns, a byte order mark.  NULL: none.
 */
const char *text_fault(struct span lines);

#endif
