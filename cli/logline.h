/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_LOGLINE_H
#define AUDIENT_CLI_LOGLINE_H

#include "buf.h"

/*
 * A line of a system's log that tells of a decision.  Pure.  Only what the
 * modules themselves have written counts: a user name that looks like such a
 * line, in the message of another program, is none.
 */

#define LOGLINE_PAIRS 32

struct logline {
	char *text; /* owned; the others lie in it */
	const char *time;
	size_t n;
	struct {
		const char *key;
		const char *value;
	} pair[LOGLINE_PAIRS];
};

/* False: it tells of no decision, or there is no memory; *out is zeros. */
bool logline_parse(const char *line, struct logline *out);
void logline_clear(struct logline *line);

/* "" if there is no such field. */
const char *logline_get(const struct logline *line, const char *key);

#endif
