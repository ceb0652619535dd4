/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JSON_H
#define AUDIENT_JSON_H

#include <stdint.h>
#include <string.h>

#include "jsontag.h"
#include "text.h"

#define JSON_DEPTH_MAX	 16  /* values within each other */
#define JSON_MEMBERS_MAX 256 /* of one object */

enum json_type {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_INTEGER,
	JSON_REAL,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

/*
 * A value of a document: one element of the array that json_parse() filled.
 * What an object or array contains follows it there, an object's names
 * before their values.  Read it with the functions below.
 */
struct json {
	union {
		const char *ptr; /* a string's bytes, unescaped; a real's */
		int64_t integer; /* an integer's value */
		uint64_t names;	 /* an object's: which tags there are */
	};
	uint32_t len;
	uint16_t span; /* elements, with this one, that the value takes */
	uint8_t type;  /* enum json_type */
	uint8_t tag;   /* of a string: tells most of them apart at a glance */
};

/*
 * Parses a whole document, which has to be an object, strictly (RFC 8259, RFC
 * 7515 section 4): no duplicate member, no NUL byte or \u0000, no byte after
 * the end, valid UTF-8, no integer beyond 64 bits, bounded depth.  Strings
 * are unescaped where they stand, so text is changed; it has to live as long
 * as the values, of which nodes[0] is the object.  Allocates nothing.
 * REASON_TOKEN_MALFORMED also if more than max nodes would be needed.
 */
MUST_CHECK enum reason json_parse(char *text, size_t len, struct json *nodes,
    size_t max);

/* A document that brings its own memory, for where speed does not matter. */
struct json_doc {
	struct buf text;
	struct json *nodes;
};

/* clang-format off */
#define JSON_DOC_INIT { .nodes = NULL }
/* clang-format on */

/* Copies text; *doc is released with json_doc_free() in every case. */
MUST_CHECK enum reason json_doc_parse(struct span text, struct json_doc *doc);
void json_doc_free(struct json_doc *doc);

/*
 * A member of an object; NULL if v is NULL, no object, or has none of that
 * name.  Names are compared literally: "https://example.com/groups" is a
 * name, not a path.
 */
const struct json *json_find(const struct json *v, struct span name);
const struct json *json_find_tagged(const struct json *object, struct span name,
    uint8_t tag);

/* For names in the source, whose tags the compiler works out. */
static inline const struct json *
json_get(const struct json *v, const char *name)
{
	const struct span s = { .ptr = name, .len = strlen(name) };
	const uint8_t tag = json_tag(s);

	if (v == NULL || v->type != JSON_OBJECT ||
	    (v->names & json_tag_bit(tag)) == 0)
		return NULL;
	return json_find_tagged(v, s, tag);
}

/* The elements of an array; 0 and NULL for anything else. */
size_t json_size(const struct json *v);
const struct json *json_first(const struct json *v);
const struct json *json_next(const struct json *item); /* of one item */

/* clang-format off */
#define json_each(array, i, item) \
	for ((i) = 0, (item) = json_first(array); (i) < json_size(array); \
	    (i)++, (item) = json_next(item))
/* clang-format on */

/* Typed values.  False, and *out untouched, if v is NULL or another type. */
bool json_as_string(const struct json *v, struct span *out);
bool json_as_integer(const struct json *v, int64_t *out);
/* RFC 7519 NumericDate: whole seconds, rounded down, up to the year 9999. */
bool json_as_date(const struct json *v, int64_t *out);
bool json_as_bool(const struct json *v, bool *out);
bool json_is(const struct json *v, enum json_type type);

/* Is v the string want, or an array that has it?  Byte for byte. */
bool json_holds(const struct json *v, struct span want);

/* Shows strings, numbers and arrays of them; "absent", "an object". */
void json_show(const struct json *v, struct text *t);

#endif
