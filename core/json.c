/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define DATE_MAX   253402300799LL /* the last second of the year 9999 */
#define SHOW_ITEMS 8
#define SHOW_BYTES 120

/* json.h keeps jansson's types to this file. */
static const json_t *
inside(const struct json *v)
{
	return (const json_t *)(const void *)v;
}

static const struct json *
outside(const json_t *v)
{
	return (const struct json *)(const void *)v;
}

/*
 * jansson lets a NUL pass at the end of a document, nests 2048 deep, and
 * bounds nothing else: what a parser must not even start on is found here.
 */
static bool
is_bounded(struct span text)
{
	size_t depth = 0, members = 0;
	bool quoted = false;

	if (text.len == 0 || memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == ':' && ++members > JSON_MEMBERS_MAX)
			return false;
		else if ((c == '{' || c == '[') && ++depth > JSON_DEPTH_MAX)
			return false;
		else if ((c == '}' || c == ']') && depth-- == 0)
			return false;
	}
	return true;
}

/* What jansson is given, and whether it was short of memory. */
struct source {
	struct span rest;
	bool is_starved;
};

/*
 * jansson does not look whether its buffer for a string or a number could
 * grow: if not, a byte is lost, and the rest is parsed as if it were whole.
 * So it gets one byte at a time, and none after an allocation that failed.
 */
static size_t
next_byte(void *buffer, size_t size, void *arg)
{
	struct source *source = arg;

	(void)size;
	if (errno == ENOMEM)
		source->is_starved = true;
	if (source->is_starved || source->rest.len == 0)
		return 0;
	*(char *)buffer = *source->rest.ptr++;
	source->rest.len--;
	return 1;
}

enum reason
json_parse(struct span text, struct json **jsonp)
{
	struct source source = { .rest = text };
	const int errno_was = errno;
	json_t *root;

	*jsonp = NULL;
	if (!is_bounded(text))
		return REASON_TOKEN_MALFORMED;
	errno = 0;
	root = json_load_callback(next_byte, &source, JSON_REJECT_DUPLICATES,
	    NULL);
	if (errno == ENOMEM)
		source.is_starved = true;
	errno = errno_was;
	if (source.is_starved) {
		json_decref(root);
		return REASON_OUT_OF_MEMORY;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		return REASON_TOKEN_MALFORMED;
	}
	*jsonp = (struct json *)(void *)root;
	return REASON_OK;
}

void
json_free(struct json *json)
{
	json_decref((json_t *)(void *)json);
}

const struct json *
json_get(const struct json *v, const char *name)
{
	return outside(json_object_get(inside(v), name));
}

size_t
json_size(const struct json *v)
{
	return json_array_size(inside(v));
}

const struct json *
json_item(const struct json *v, size_t i)
{
	return outside(json_array_get(inside(v), i));
}

bool
json_as_string(const struct json *v, struct span *out)
{
	if (!json_is_string(inside(v)))
		return false;
	out->ptr = json_string_value(inside(v));
	out->len = json_string_length(inside(v));
	return true;
}

bool
json_as_integer(const struct json *v, int64_t *out)
{
	if (!json_is_integer(inside(v)))
		return false;
	*out = json_integer_value(inside(v));
	return true;
}

bool
json_as_date(const struct json *v, int64_t *out)
{
	int64_t whole;
	double real;

	if (json_is_real(inside(v))) {
		real = json_real_value(inside(v));
		/* false for NaN as well */
		if (!(real >= 0.0 && real <= (double)DATE_MAX))
			return false;
		*out = (int64_t)real; /* rounds down, as real >= 0 */
		return true;
	}
	if (!json_as_integer(v, &whole) || whole < 0 || whole > DATE_MAX)
		return false;
	*out = whole;
	return true;
}

bool
json_as_bool(const struct json *v, bool *out)
{
	if (!json_is_boolean(inside(v)))
		return false;
	*out = json_is_true(inside(v));
	return true;
}

bool
json_is_list(const struct json *v)
{
	return json_is_array(inside(v));
}

bool
json_is_map(const struct json *v)
{
	return json_is_object(inside(v));
}

bool
json_holds(const struct json *v, struct span want)
{
	struct span s;

	if (json_as_string(v, &s))
		return span_equal(s, want);
	for (size_t i = 0; i < json_size(v); i++)
		if (json_as_string(json_item(v, i), &s) && span_equal(s, want))
			return true;
	return false;
}

static void
show_one(const json_t *v, struct text *t)
{
	struct span s;

	if (json_as_string(outside(v), &s))
		text_add(t, s, SHOW_BYTES);
	else if (json_is_integer(v))
		text_printf(t, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		text_printf(t, "%g", json_real_value(v));
	else if (json_is_boolean(v))
		text_printf(t, "%s", json_is_true(v) ? "true" : "false");
	else if (json_is_null(v))
		text_printf(t, "null");
	else
		text_printf(t, "%s",
		    json_is_array(v) ? "an array" : "an object");
}

void
json_show(const struct json *v, struct text *t)
{
	const size_t n = json_size(v);

	if (v == NULL) {
		text_printf(t, "absent");
		return;
	}
	if (!json_is_list(v)) {
		show_one(inside(v), t);
		return;
	}
	text_printf(t, "[");
	for (size_t i = 0; i < n && i < SHOW_ITEMS; i++) {
		if (i > 0)
			text_printf(t, ", ");
		show_one(inside(json_item(v, i)), t);
	}
	text_printf(t, n > SHOW_ITEMS ? ", ...]" : "]");
}
