/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define DOC_MAX	  (1024 * 1024)
#define DOC_NODES 8192

#define DIGITS_MAX 19 /* of a 64-bit integer */

/* What is left to read, and where values go. */
struct parser {
	char *p;
	char *end;
	struct json *nodes;
	size_t n;
	size_t max;
};

static bool parse_value(struct parser *x, int depth);

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* There is seldom any, and nothing that may follow it is below it. */
static inline void
skip_space(struct parser *x)
{
	while (x->p < x->end && *x->p <= ' ' && is_space(*x->p))
		x->p++;
}

static inline bool
is_next(const struct parser *x, char c)
{
	return x->p < x->end && *x->p == c;
}

/* Is c next, after white space?  Then it is used up. */
static inline bool
take(struct parser *x, char c)
{
	skip_space(x);
	if (!is_next(x, c))
		return false;
	x->p++;
	return true;
}

static struct json *
add(struct parser *x, enum json_type type)
{
	struct json *v;

	if (x->n == x->max || x->n == UINT16_MAX)
		return NULL;
	v = &x->nodes[x->n++];
	*v = (struct json){ .type = (uint8_t)type, .span = 1 };
	return v;
}

static bool
take_word(struct parser *x, const char *word, enum json_type type)
{
	const size_t n = strlen(word);

	if ((size_t)(x->end - x->p) < n || memcmp(x->p, word, n) != 0)
		return false;
	x->p += n;
	return add(x, type) != NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX at p, which is inside the text. */
static long
take_hex(const struct parser *x, const char *p)
{
	long unit = 0;

	if (x->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static char *
put_utf8(char *out, long c)
{
	if (c < 0x80) {
		*out++ = (char)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (char)(0xe0 | c >> 12);
		} else {
			*out++ = (char)(0xf0 | c >> 18);
			*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (c & 0x3f));
	return out;
}

/* \uXXXX, with its other half if it is a surrogate; neither NUL nor a half. */
static char *
take_unicode(struct parser *x, char *out)
{
	long c = take_hex(x, x->p), low;

	x->p += 4;
	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (x->end - x->p < 6 || x->p[0] != '\\' || x->p[1] != 'u')
			return NULL;
		low = take_hex(x, x->p + 2);
		x->p += 6;
		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(out, c);
}

/* What follows a backslash; what it stands for is never longer. */
static char *
take_escape(struct parser *x, char *out)
{
	static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at;

	if (x->p == x->end || *x->p == '\0')
		return NULL;
	if (*x->p == 'u') {
		x->p++;
		return x->end - x->p < 4 ? NULL : take_unicode(x, out);
	}
	if ((at = strchr(escapes, *x->p)) == NULL)
		return NULL;
	x->p++;
	*out++ = meant[at - escapes];
	return out;
}

#define EACH(byte) ((byte)*0x0101010101010101ULL)
#define TOP_BITS   EACH(0x80ULL)

/* Borrows even beyond the top, which the sanitizers are not to report. */
static inline uint64_t
minus(uint64_t a, uint64_t b)
{
	uint64_t difference;

	(void)__builtin_sub_overflow(a, b, &difference);
	return difference;
}

/*
 * Of eight bytes, the first one lowest: the lowest bit that is set is the top
 * bit of the first byte that is below 0x20, above 0x7f, '"' or '\\'.  A byte
 * behind that one may have a bit that it should not, by what was borrowed.
 */
static inline uint64_t
find_special(uint64_t w)
{
	return (w | minus(w, EACH(0x20ULL)) |
		   minus(w ^ EACH(0x22ULL), EACH(1ULL)) |
		   minus(w ^ EACH(0x5cULL), EACH(1ULL))) &
	    TOP_BITS;
}

static inline bool
is_plain(char c)
{
	const unsigned char u = (unsigned char)c;

	return u >= 0x20 && u < 0x80 && u != '"' && u != '\\';
}

/* The end of the bytes that stand for themselves. */
static inline char *
skip_plain(char *p, const char *end)
{
	uint64_t w;

	for (; end - p >= 8; p += 8) {
		memcpy(&w, p, 8);
		if ((w = find_special(le64toh(w))) != 0)
			return p + __builtin_ctzll(w) / 8;
	}
	while (p < end && is_plain(*p))
		p++;
	return p;
}

/* The rest of a string that has escapes, or letters beyond ASCII. */
static char *
unescape(struct parser *x)
{
	char *out = x->p;

	for (; x->p < x->end && *x->p != '"';) {
		if ((unsigned char)*x->p < 0x20)
			return NULL;
		if (*x->p != '\\')
			*out++ = *x->p++;
		else {
			x->p++;
			if ((out = take_escape(x, out)) == NULL)
				return NULL;
		}
	}
	return out;
}

/* What follows the quote that begins it. */
static bool
parse_string(struct parser *x)
{
	struct json *v = add(x, JSON_STRING);
	char *const start = x->p;
	char *end = skip_plain(start, x->end);
	bool is_ascii = true;
	struct span s;

	if (v == NULL)
		return false;
	x->p = end;
	if (!is_next(x, '"')) {
		is_ascii = false;
		if ((end = unescape(x)) == NULL || x->p == x->end)
			return false;
	}
	x->p++; /* the quote that ends it */
	s = (struct span){ .ptr = start, .len = (size_t)(end - start) };
	v->ptr = s.ptr;
	v->len = (uint32_t)s.len;
	v->tag = json_tag(s);
	return is_ascii || span_is_utf8(s);
}

static size_t
skip_digits(struct parser *x)
{
	const char *start = x->p;

	while (x->p < x->end && *x->p >= '0' && *x->p <= '9')
		x->p++;
	return (size_t)(x->p - start);
}

/* RFC 8259 section 6; *is_real says whether it has a fraction or exponent. */
static bool
skip_number(struct parser *x, bool *is_real)
{
	size_t digits;
	bool zero;

	*is_real = false;
	if (x->p < x->end && *x->p == '-')
		x->p++;
	zero = x->p < x->end && *x->p == '0';
	digits = skip_digits(x);
	if (digits == 0 || (zero && digits > 1))
		return false;
	if (x->p < x->end && *x->p == '.') {
		*is_real = true;
		x->p++;
		if (skip_digits(x) == 0)
			return false;
	}
	if (x->p < x->end && (*x->p == 'e' || *x->p == 'E')) {
		*is_real = true;
		x->p++;
		if (x->p < x->end && (*x->p == '+' || *x->p == '-'))
			x->p++;
		if (skip_digits(x) == 0)
			return false;
	}
	return true;
}

/* False if the digits, and perhaps a sign before them, are beyond 64 bits. */
static bool
to_integer(const char *p, const char *end, int64_t *out)
{
	const bool negative = *p == '-';
	uint64_t n = 0;

	if (negative)
		p++;
	if (end - p > DIGITS_MAX)
		return false;
	while (p < end)
		n = 10 * n + (uint64_t)(*p++ - '0');
	if (n > (uint64_t)INT64_MAX + negative)
		return false;
	*out = n > INT64_MAX ? INT64_MIN : negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool
parse_number(struct parser *x)
{
	struct json *v = add(x, JSON_INTEGER);
	char *start = x->p;
	bool is_real;

	if (v == NULL || !skip_number(x, &is_real))
		return false;
	if (!is_real)
		return to_integer(start, x->p, &v->integer);
	v->type = JSON_REAL;
	v->ptr = start;
	v->len = (uint32_t)(x->p - start);
	return true;
}

/* Has the object a member of the last one's name already? */
static bool
is_duplicate(struct json *object, const struct json *name)
{
	const struct json *other = object + 1;

	if ((object->names & json_tag_bit(name->tag)) == 0) {
		object->names |= json_tag_bit(name->tag);
		return false;
	}
	while (other < name) {
		if (other->tag == name->tag && other->len == name->len &&
		    memcmp(other->ptr, name->ptr, name->len) == 0)
			return true;
		other += 1 + other[1].span;
	}
	return false;
}

static bool
parse_object(struct parser *x, int depth)
{
	const size_t at = x->n;
	struct json *v = add(x, JSON_OBJECT);
	size_t members = 0;

	if (v == NULL)
		return false;
	v->names = 0;
	x->p++; /* the brace */
	if (!take(x, '}')) {
		do {
			const size_t name = x->n;

			if (++members > JSON_MEMBERS_MAX || !take(x, '"') ||
			    !parse_string(x) ||
			    is_duplicate(v, &x->nodes[name]) || !take(x, ':') ||
			    !parse_value(x, depth + 1))
				return false;
		} while (take(x, ','));
		if (!take(x, '}'))
			return false;
	}
	v->len = (uint32_t)members;
	v->span = (uint16_t)(x->n - at);
	return true;
}

static bool
parse_array(struct parser *x, int depth)
{
	const size_t at = x->n;
	struct json *v = add(x, JSON_ARRAY);
	uint32_t items = 0;

	if (v == NULL)
		return false;
	x->p++; /* the bracket */
	if (!take(x, ']')) {
		do {
			if (!parse_value(x, depth + 1))
				return false;
			items++;
		} while (take(x, ','));
		if (!take(x, ']'))
			return false;
	}
	v->len = items;
	v->span = (uint16_t)(x->n - at);
	return true;
}

static bool
parse_value(struct parser *x, int depth)
{
	skip_space(x);
	if (x->p == x->end || depth > JSON_DEPTH_MAX)
		return false;
	switch (*x->p) {
	case '{':
		return parse_object(x, depth);
	case '[':
		return parse_array(x, depth);
	case '"':
		x->p++;
		return parse_string(x);
	case 't':
		return take_word(x, "true", JSON_TRUE);
	case 'f':
		return take_word(x, "false", JSON_FALSE);
	case 'n':
		return take_word(x, "null", JSON_NULL);
	default:
		return parse_number(x);
	}
}

enum reason
json_parse(char *text, size_t len, struct json *nodes, size_t max)
{
	struct parser x = { .p = text,
		.end = text + len,
		.nodes = nodes,
		.max = max };

	if (len == 0 || len > UINT32_MAX)
		return REASON_TOKEN_MALFORMED;
	skip_space(&x);
	if (x.p == x.end || *x.p != '{' || !parse_value(&x, 1))
		return REASON_TOKEN_MALFORMED;
	skip_space(&x);
	return x.p == x.end ? REASON_OK : REASON_TOKEN_MALFORMED;
}

enum reason
json_doc_parse(struct span text, struct json_doc *doc)
{
	size_t max = DOC_NODES;
	enum reason reason;

	*doc = (struct json_doc){ .text = BUF_INIT(DOC_MAX) };
	if ((reason = buf_add(&doc->text, text.ptr, text.len)) != REASON_OK)
		return reason == REASON_OUT_OF_MEMORY ? reason
						      : REASON_TOKEN_MALFORMED;
	/* the shortest value and what parts it from the next: two bytes */
	if (max > text.len / 2 + 1)
		max = text.len / 2 + 1;
	doc->nodes = reallocarray(NULL, max, sizeof(*doc->nodes));
	if (doc->nodes == NULL)
		return REASON_OUT_OF_MEMORY;
	return json_parse(doc->text.data, doc->text.len, doc->nodes, max);
}

void
json_doc_free(struct json_doc *doc)
{
	buf_free(&doc->text);
	free(doc->nodes);
	doc->nodes = NULL;
}
