/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_USERMAP_H
#define AUDIENT_USERMAP_H

#include "text.h"

#define USERMAP_FILE_MAX (16 * 1024 * 1024)
#define USER_MAX	 255 /* bytes of a local user name */

/*
 * A map from the value of a claim to local users, in the manner of
 * PostgreSQL's pg_ident.conf.  One pair per line:
 *
 *     auth0|5f7c8ec7c33c6c004bbafe82    alice
 *     "Alice Smith"                     alice
 *     /^([a-z]+)@example\.com$          \1
 *
 * A value that begins with '/' is a POSIX extended regular expression, which
 * has to match the whole claim; \1 to \9 stand for what its groups matched.
 * The same value may appear with several users and the other way round.
 */
struct usermap;

/*
 * Pure: reads text, of which it keeps a copy.  On failure *mapp is NULL, *line
 * is the number of the bad line and why says what is wrong with it.
 */
MUST_CHECK enum reason usermap_parse(struct span text, struct usermap **mapp,
    unsigned int *line, struct text *why);
void usermap_free(struct usermap *map); /* NULL is fine */

/*
 * The next user, from position *at on (0 at first), that value maps to; false
 * when there is no more.  user gets at most USER_MAX bytes and a NUL, and is
 * not checked for anything; *line is the number of the line that said so.
 */
bool usermap_next(const struct usermap *map, struct span value, size_t *at,
    char user[USER_MAX + 1], unsigned int *line);

/*
 * Hears of every value that stands in several lines: with the same user once
 * more (first is the line that has them already), or with another user (first
 * is the line that counts if nobody in particular is asked for).
 */
MUST_CHECK enum reason usermap_repeats(const struct usermap *map,
    void (*each)(void *arg, unsigned int line, unsigned int first,
	bool is_same_user),
    void *arg);

#endif
