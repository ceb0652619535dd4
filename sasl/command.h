/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_COMMAND_H
#define AUDIENT_SASL_COMMAND_H

#include "buf.h"

/*
 * `audient token --batch`, which prints a token that is kept, or has it
 * refreshed, and asks nobody.  Its path is fixed when this is built.
 */

#define COMMAND_VARIABLES 3

/* Immutable once it is made: threads may share it. */
struct command {
	struct buf variable[COMMAND_VARIABLES]; /* "NAME=value", or empty */
};

/*
 * Reads the few variables that the command needs, so that none is read later.
 * In a set-uid program none has an effect.  command is to be freed even if
 * this fails, which it does for want of memory only.
 */
MUST_CHECK enum reason command_init(struct command *command);
void command_free(struct command *command);

enum command_end {
	COMMAND_OK,
	COMMAND_NOT_STARTED, /* it is not there, most likely */
	COMMAND_NO_TOKEN,    /* somebody has to log in */
	COMMAND_RETRY,	     /* the issuer cannot be asked now */
	COMMAND_FAILED,
	COMMAND_SLOW,
	COMMAND_TOO_LONG, /* more than out can have */
	COMMAND_NO_MEMORY,
};

/*
 * Runs it for a service and adds what it prints to out, whose cap counts.
 * COMMAND_OK says that it has ended well as far as can be known: a host that
 * takes no notice of its children, or of each, leaves us no exit status.
 */
MUST_CHECK enum command_end command_run(const struct command *command,
    const char *service, struct buf *out);

#endif
