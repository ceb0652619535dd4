/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_JSON_H
#define AUDIENT_JSON_H

#include <stdint.h>

#include "text.h"

#define JSON_DEPTH_MAX	 16
#define JSON_MEMBERS_MAX 512 /* members of all objects of a document */

/* A value inside a document; lives as long as the document does. */
struct json;

/*
 * Parses a whole document, an object, strictly (RFC 8259, RFC 7515 section
 * 4): no duplicate member, no NUL byte or \u0000, no byte after the end,
 * valid UTF-8, bounded depth and number of members.  The caller has bounded
 * the size.  On success *jsonp is owned by the caller, who frees it with
 * json_free(); REASON_TOKEN_MALFORMED or REASON_OUT_OF_MEMORY otherwise, and
 * *jsonp is NULL.
 */
MUST_CHECK enum reason json_parse(struct span text, struct json **jsonp);
void json_free(struct json *json); /* NULL is fine */

/*
 * A member of an object; NULL if v is NULL, no object, or has none of that
 * name.  Names are compared literally: "https://example.com/groups" is a
 * name, not a path.
 */
const struct json *json_get(const struct json *v, const char *name);

/* The elements of an array; 0 and NULL for anything else. */
size_t json_size(const struct json *v);
const struct json *json_item(const struct json *v, size_t i);

/* Typed values.  False, and *out untouched, if v is NULL or another type. */
bool json_as_string(const struct json *v, struct span *out);
bool json_as_integer(const struct json *v, int64_t *out);
/* RFC 7519 NumericDate: whole seconds, rounded down, up to the year 9999. */
bool json_as_date(const struct json *v, int64_t *out);
bool json_as_bool(const struct json *v, bool *out);
bool json_is_list(const struct json *v);
bool json_is_map(const struct json *v);

/* Is v the string want, or a list that has it?  Byte for byte. */
bool json_holds(const struct json *v, struct span want);

/* Shows strings, numbers and lists of them; "absent", "an object". */
void json_show(const struct json *v, struct text *t);

#endif
