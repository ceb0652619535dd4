/* SPDX-License-Identifier: BSD-2-Clause */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_MIN 256

struct span
span_of(const char *s)
{
	return (struct span){ .ptr = s, .len = s != NULL ? strlen(s) : 0 };
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
span_is(struct span s, const char *text)
{
	return span_equal(s, span_of(text));
}

/* Not strcasecmp(3): in Turkish it does not know that i is I. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
span_is_nocase(struct span s, const char *text)
{
	if (s.len != strlen(text))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (lower(s.ptr[i]) != lower(text[i]))
			return false;
	return true;
}

bool
span_starts(struct span s, const char *text)
{
	const size_t n = strlen(text);

	return s.len >= n && (n == 0 || memcmp(s.ptr, text, n) == 0);
}

bool
span_cut(struct span *in, char stop, struct span *head)
{
	const char *at = in->len > 0 ? memchr(in->ptr, stop, in->len) : NULL;

	*head = *in;
	if (at == NULL) {
		*in = span_of(NULL);
		return false;
	}
	head->len = (size_t)(at - in->ptr);
	in->ptr += head->len + 1;
	in->len -= head->len + 1;
	return true;
}

bool
span_ends(struct span s, const char *text)
{
	const size_t n = strlen(text);

	return s.len >= n &&
	    (n == 0 || memcmp(s.ptr + s.len - n, text, n) == 0);
}

/* Bytes that follow the first byte of a UTF-8 sequence; -1: not one. */
static int
utf8_tail(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

/* RFC 3629; overlong forms and surrogates show in the second byte. */
bool
span_is_utf8(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t len = s.len;

	while (len > 0) {
		const int tail = utf8_tail(*p);

		if (tail < 0 || len <= (size_t)tail)
			return false;
		if ((*p == 0xe0 && p[1] < 0xa0) ||
		    (*p == 0xed && p[1] > 0x9f) ||
		    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (int i = 1; i <= tail; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		p += tail + 1;
		len -= (size_t)tail + 1;
	}
	return true;
}

/* ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/", RFC 6750 section 2.1 */
/* clang-format off */
static const unsigned char token_char[256] = {
	['+'] = 1, ['-'] = 1, ['.'] = 1, ['/'] = 1, ['_'] = 1, ['~'] = 1,
	['0'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	['A'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	['a'] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};
/* clang-format on */

/* b64token = 1*( token-char ) *"=" */
bool
span_is_b64token(struct span s)
{
	unsigned char all = 1;

	while (s.len > 0 && s.ptr[s.len - 1] == '=')
		s.len--;
	/* to the end in any case: a branch less for each byte */
	for (size_t i = 0; i < s.len; i++)
		all &= token_char[(unsigned char)s.ptr[i]];
	return s.len > 0 && all != 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span
span_trim(struct span s)
{
	while (s.len > 0 && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

void
wipe_free(void *p, size_t n)
{
	if (p == NULL)
		return;
	explicit_bzero(p, n);
	free(p);
}

/* Not realloc(3): it may move the bytes and leave the old ones behind. */
static enum reason
grow(struct buf *b, size_t need)
{
	size_t alloc = b->alloc > BUF_MIN ? b->alloc : BUF_MIN;
	char *data;

	while (alloc < need)
		alloc *= 2; /* need <= max + 1, so this cannot wrap */
	if ((data = malloc(alloc)) == NULL)
		return REASON_OUT_OF_MEMORY;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	data[b->len] = '\0';
	wipe_free(b->data, b->alloc);
	b->data = data;
	b->alloc = alloc;
	return REASON_OK;
}

enum reason
buf_reserve(struct buf *b, size_t n)
{
	if (b->max > SIZE_MAX / 4 || n > b->max - b->len)
		return REASON_TOKEN_TOO_LARGE;
	if (b->len + n + 1 > b->alloc)
		return grow(b, b->len + n + 1);
	return REASON_OK;
}

enum reason
buf_add(struct buf *b, const void *p, size_t n)
{
	enum reason reason;

	if ((reason = buf_reserve(b, n)) != REASON_OK)
		return reason;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return REASON_OK;
}

enum reason
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

enum reason
buf_printf(struct buf *b, const char *fmt, ...)
{
	enum reason reason;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return REASON_INTERNAL;
	if ((reason = buf_reserve(b, (size_t)n)) != REASON_OK)
		return reason;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return REASON_OK;
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){ .ptr = b->data, .len = b->len };
}

void
buf_clear(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->alloc);
	b->len = 0;
}

void
buf_free(struct buf *b)
{
	wipe_free(b->data, b->alloc);
	b->data = NULL;
	b->len = b->alloc = 0;
}
