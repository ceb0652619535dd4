/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_DENYTEXT_H
#define AUDIENT_CLI_DENYTEXT_H

#include "buf.h"

#define DENY_ENTRY_MAX 2048
#define DENY_TEXT_MAX  (16 * 1024 * 1024)

/* The text of a deny_file, as lines of a person who may have added comments. */

/* An entry without superfluous blanks; false if it is none. */
bool deny_normalize(struct span line, char out[DENY_ENTRY_MAX]);

/* The number of the line that is this entry, or 0. */
unsigned int deny_find(struct span text, const char *entry);

/* text and the entry, with a comment before it unless that is NULL. */
MUST_CHECK enum reason deny_append(struct span text, const char *comment,
    const char *entry, struct buf *out);

/* text without the lines that are this entry. */
MUST_CHECK enum reason deny_without(struct span text, const char *entry,
    struct buf *out);

/* Calls each() for every entry. */
void deny_each(struct span text,
    void (*each)(void *arg, unsigned int line, const char *entry), void *arg);

#endif
