/* SPDX-License-Identifier: BSD-2-Clause */
#include "list.h"

#include <stdlib.h>
#include <string.h>

#define SHOW_MAX 160

enum reason
list_add(struct list *l, struct span s)
{
	char **item, *copy;

	if ((copy = strndup(s.ptr != NULL ? s.ptr : "", s.len)) == NULL)
		return REASON_OUT_OF_MEMORY;
	item = realloc(l->item, (l->n + 1) * sizeof(*item));
	if (item == NULL) {
		free(copy);
		return REASON_OUT_OF_MEMORY;
	}
	l->item = item;
	l->item[l->n++] = copy;
	return REASON_OK;
}

bool
list_has(const struct list *l, struct span s)
{
	for (size_t i = 0; i < l->n; i++)
		if (span_is(s, l->item[i]))
			return true;
	return false;
}

void
list_show(const struct list *l, struct text *t)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0)
			text_printf(t, "%s", i + 1 < l->n ? ", " : " or ");
		text_add(t, span_of(l->item[i]), SHOW_MAX);
	}
}

void
list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
	l->item = NULL;
	l->n = 0;
}

bool
words_have(struct span s, struct span want)
{
	struct span word;
	bool more;

	if (want.len == 0)
		return false;
	do {
		more = span_cut(&s, ' ', &word);
		if (span_equal(word, want))
			return true;
	} while (more);
	return false;
}
