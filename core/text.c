/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char more[] = "...";

/* All or nothing: no escape sequence is ever cut in two. */
static bool
put(struct text *t, const char *s, size_t n)
{
	if (t->len + n + sizeof(more) > sizeof(t->s)) {
		if (t->len + sizeof(more) <= sizeof(t->s) &&
		    (t->len < 3 || memcmp(t->s + t->len - 3, more, 3) != 0)) {
			memcpy(t->s + t->len, more, sizeof(more));
			t->len += sizeof(more) - 1;
		}
		return false;
	}
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
	return true;
}

static bool
put_byte(struct text *t, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char esc[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	if (c < 0x20 || c > 0x7e)
		return put(t, esc, sizeof(esc));
	esc[0] = (char)c;
	return put(t, esc, 1);
}

void
text_clear(struct text *t)
{
	t->len = 0;
	t->s[0] = '\0';
}

void
text_add(struct text *t, struct span s, size_t max)
{
	const bool cut = s.len > max;

	if (cut)
		s.len = max;
	for (size_t i = 0; i < s.len; i++)
		if (!put_byte(t, (unsigned char)s.ptr[i]))
			return;
	if (cut)
		put(t, more, sizeof(more) - 1);
}

void
text_printf(struct text *t, const char *fmt, ...)
{
	char line[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_add(t, span_of(line), sizeof(line));
}
