/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_LIST_H
#define AUDIENT_LIST_H

#include "text.h"

/* A list of owned C strings in the order in which they were added. */
struct list {
	char **item;
	size_t n;
};

MUST_CHECK enum reason list_add(struct list *l, struct span s);
bool list_has(const struct list *l, struct span s);
void list_show(const struct list *l, struct text *t); /* "a, b or c" */
void list_free(struct list *l);			      /* leaves l empty */

/* Is want one of the space-separated words of s?  Byte for byte. */
bool words_have(struct span s, struct span want);

#endif
