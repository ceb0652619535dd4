/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <string.h>

#define DATE_MAX   253402300799LL /* the last second of the year 9999 */
#define SHOW_ITEMS 8
#define SHOW_BYTES 120

bool
json_is(const struct json *v, enum json_type type)
{
	return v != NULL && v->type == type;
}

const struct json *
json_find_tagged(const struct json *object, struct span name, uint8_t tag)
{
	const struct json *member = object + 1;

	for (uint32_t i = 0; i < object->len; i++) {
		if (member->tag == tag && member->len == name.len &&
		    memcmp(member->ptr, name.ptr, name.len) == 0)
			return member + 1;
		member += 1 + member[1].span;
	}
	return NULL;
}

const struct json *
json_find(const struct json *v, struct span name)
{
	const uint8_t tag = json_tag(name);

	if (!json_is(v, JSON_OBJECT) || (v->names & json_tag_bit(tag)) == 0)
		return NULL;
	return json_find_tagged(v, name, tag);
}

size_t
json_size(const struct json *v)
{
	return json_is(v, JSON_ARRAY) ? v->len : 0;
}

const struct json *
json_first(const struct json *v)
{
	return json_size(v) > 0 ? v + 1 : NULL;
}

const struct json *
json_next(const struct json *item)
{
	return item + item->span;
}

bool
json_as_string(const struct json *v, struct span *out)
{
	if (!json_is(v, JSON_STRING))
		return false;
	out->ptr = v->ptr;
	out->len = v->len;
	return true;
}

bool
json_as_integer(const struct json *v, int64_t *out)
{
	if (!json_is(v, JSON_INTEGER))
		return false;
	*out = v->integer;
	return true;
}

/*
 * The digits of a real number and the power of ten of the last one: 1.5e3 is
 * 15 and 2.  Digits that a date cannot have are dropped.
 */
static bool
take_real(const struct json *v, int64_t *digits, int64_t *power)
{
	bool in_fraction = false;
	uint32_t i = 0;

	*digits = *power = 0;
	for (; i < v->len && v->ptr[i] != 'e' && v->ptr[i] != 'E'; i++) {
		const char c = v->ptr[i];

		if (c == '-')
			return false;
		if (c == '.') {
			in_fraction = true;
			continue;
		}
		if (*digits <= DATE_MAX) {
			*digits = 10 * *digits + (c - '0');
			*power -= in_fraction;
		} else
			*power += !in_fraction;
	}
	if (i < v->len) {
		const bool negative = v->ptr[++i] == '-';
		int64_t e = 0;

		if (v->ptr[i] == '-' || v->ptr[i] == '+')
			i++;
		for (; i < v->len && e < 100000; i++)
			e = 10 * e + (v->ptr[i] - '0');
		*power += negative ? -e : e;
	}
	return true;
}

bool
json_as_date(const struct json *v, int64_t *out)
{
	int64_t n, power = 0;

	if (json_is(v, JSON_REAL)) {
		if (!take_real(v, &n, &power))
			return false;
	} else if (!json_as_integer(v, &n))
		return false;
	for (; power > 0 && n > 0 && n <= DATE_MAX; power--)
		n *= 10;
	for (; power < 0 && n > 0; power++)
		n /= 10;
	if (n < 0 || n > DATE_MAX)
		return false;
	*out = n;
	return true;
}

bool
json_as_bool(const struct json *v, bool *out)
{
	if (!json_is(v, JSON_TRUE) && !json_is(v, JSON_FALSE))
		return false;
	*out = v->type == JSON_TRUE;
	return true;
}

bool
json_holds(const struct json *v, struct span want)
{
	const struct json *item;
	struct span s;
	size_t i;

	if (json_as_string(v, &s))
		return span_equal(s, want);
	json_each(v, i, item) if (json_as_string(item, &s) &&
	    span_equal(s, want)) return true;
	return false;
}

static void
show_one(const struct json *v, struct text *t)
{
	switch ((enum json_type)v->type) {
	case JSON_OBJECT:
		text_printf(t, "an object");
		break;
	case JSON_ARRAY:
		text_printf(t, "an array");
		break;
	case JSON_INTEGER:
		text_printf(t, "%lld", (long long)v->integer);
		break;
	case JSON_STRING:
	case JSON_REAL:
		text_add(t, (struct span){ .ptr = v->ptr, .len = v->len },
		    SHOW_BYTES);
		break;
	case JSON_TRUE:
		text_printf(t, "true");
		break;
	case JSON_FALSE:
		text_printf(t, "false");
		break;
	case JSON_NULL:
		text_printf(t, "null");
		break;
	}
}

void
json_show(const struct json *v, struct text *t)
{
	const struct json *item;
	size_t i;

	if (v == NULL) {
		text_printf(t, "absent");
		return;
	}
	if (!json_is(v, JSON_ARRAY)) {
		show_one(v, t);
		return;
	}
	text_printf(t, "[");
	json_each(v, i, item)
	{
		if (i == SHOW_ITEMS)
			break;
		if (i > 0)
			text_printf(t, ", ");
		show_one(item, t);
	}
	text_printf(t, json_size(v) > SHOW_ITEMS ? ", ...]" : "]");
}
