/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char more[] = "...";

#define ROOM (TEXT_MAX - sizeof(more)) /* the last bytes are for "..." */

/* All or nothing. */
static bool
put(struct text *t, const char *s, size_t n)
{
	if (t->is_full || n > ROOM - t->len)
		return false;
	memcpy(t->s + t->len, s, n);
	t->len += n;
	t->s[t->len] = '\0';
	return true;
}

static void
fill_up(struct text *t)
{
	if (t->is_full)
		return;
	t->is_full = true;
	memcpy(t->s + t->len, more, sizeof(more));
	t->len += sizeof(more) - 1;
}

static bool
put_byte(struct text *t, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char esc[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };
	bool fits;

	if (c < 0x20 || c > 0x7e)
		fits = put(t, esc, sizeof(esc));
	else {
		esc[0] = (char)c;
		fits = put(t, esc, 1);
	}
	if (!fits)
		fill_up(t);
	return fits;
}

void
text_clear(struct text *t)
{
	t->len = 0;
	t->is_full = false;
	t->s[0] = '\0';
}

/* How many bytes at the start of s can stay as they are. */
static size_t
plain_run(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] >= ' ' && s.ptr[n] <= '~')
		n++;
	return n;
}

void
text_add(struct text *t, struct span s, size_t max)
{
	const bool cut = s.len > max;
	size_t n;

	if (cut)
		s.len = max;
	for (; s.len > 0; s.ptr += n, s.len -= n) {
		n = plain_run(s);
		if (n > 0 && put(t, s.ptr, n))
			continue;
		n = 1; /* one that needs escaping, or the last one to fit */
		if (!put_byte(t, (unsigned char)s.ptr[0]))
			return;
	}
	if (cut && !put(t, more, sizeof(more) - 1))
		fill_up(t);
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

const char *
text_fault(struct span lines)
{
	if (lines.len == 0)
		return NULL;
	if (span_starts(lines, "\xef\xbb\xbf"))
		return "the file begins with a byte order mark; save it "
		       "without";
	if (memchr(lines.ptr, '\0', lines.len) != NULL)
		return "the file has a NUL byte";
	if (memchr(lines.ptr, '\r', lines.len) != NULL)
		return "the file has carriage returns; convert it to Unix "
		       "line ends";
	return NULL;
}
