/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_H
#define AUDIENT_CLI_H

#include "audient.h"

/* What a script may rely on; audient(1). */
enum {
	EXIT_ALLOW = 0,
	EXIT_DENY = 1,
	EXIT_USAGE = 2,
	EXIT_RETRY = 3,
	EXIT_BROKEN = 4,
};

/* Each gets its own name as argv[0]; they return the exit status. */
int cmd_explain(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_verify(int argc, char **argv);

int exit_of(enum reason reason);

/* Complains about the command line, on standard error: EXIT_USAGE. */
int usage(const char *command, const char *synopsis);

/*
 * Reads all of a file, or of standard input if path is NULL or "-", into out,
 * up to its cap.  False, after a message, if that fails.
 */
bool read_input(const char *path, struct buf *out);

/* The same for a token, without the white space around it. */
bool read_token(const char *path, struct buf *out);

/* audient_open() with warnings to standard error; NULL after a message. */
struct audient *open_config(const char *config, const char *service);

/* What to do about a refusal; "" if there is nothing to say. */
const char *advice_for(const struct audient_verdict *verdict);

#endif
