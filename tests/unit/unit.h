/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_UNIT_H
#define AUDIENT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h> /* wants the ones above */

#include "buf.h"

struct json; /* of core/json.h */

/* What the tables of these tests have in common. */

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

#define NOW 1800000000 /* when all of it happens */

/*
 * One row of a table: got and want are compared, and a difference is told
 * with the row's name.  The test goes on, so that one run shows all rows that
 * fail, until rows_end() fails it.  A row is good if it wants REASON_OK, true.
 */
void row_reason(const char *name, enum reason got, enum reason want);
void row_bool(const char *name, bool got, bool want);
/* These belong to a row that is counted elsewhere. */
void row_true(const char *name, bool got);
void row_text(const char *name, const char *got, const char *want);
void row_has(const char *name, const char *got, const char *part);
void row_number(const char *name, int64_t got, int64_t want);
void row_count(bool is_good);
void rows_end(void);

/* Prints how many rows there were; returns rc. */
int unit_end(int rc);
#define UNIT_MAIN(tests)                                                    \
	int main(void)                                                      \
	{                                                                   \
		return unit_end(cmocka_run_group_tests(tests, NULL, NULL)); \
	}

/*
 * The object base with the members of with put in, and without the member of
 * that name; unit_json_free() frees it.  with and without may be NULL.
 */
const struct json *unit_json(const char *base, const char *without,
    const char *with);
/* The same as text, which the caller frees. */
char *unit_merge(const char *base, const char *without, const char *with);
/* The document as it stands; NULL if it is refused. */
const struct json *unit_parse(struct span text);
void unit_json_free(const struct json *json); /* NULL is fine */

/* The bytes of a literal, its NUL not counted but others inside it. */
/* clang-format off */
#define BYTES(literal) { .ptr = (literal), .len = sizeof(literal) - 1 }
/* clang-format on */
#define SPAN(literal) ((struct span)BYTES(literal))

/* n times c, and a NUL; the caller frees it. */
char *unit_repeat(char c, size_t n);

/*
 * s with nothing behind it: who reads a byte more is ended by SIGSEGV.
 * unit_free() frees it.
 */
struct span unit_exact(struct span s);
void unit_free(struct span s);

bool unit_is_root(void);

/*
 * A new directory of our own, mode 0700, in /tmp or $TMPDIR, and the removal
 * of all that is in it; the caller frees the path.
 */
char *unit_dir(void);
void unit_dir_remove(char *dir);

/* dir/name, the caller frees it. */
char *unit_path(const char *dir, const char *name);
void unit_write(const char *path, struct span bytes, mode_t mode);

/* How many descriptors are open, with a few that never change. */
size_t unit_files(void);

#endif
