/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_SOURCE_H
#define AUDIENT_SASL_SOURCE_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "command.h"

/*
 * Where a client's names and its token come from: the program's callbacks, a
 * person whom the program asks, a file, or a command.
 */

/* Of the token; both NULL: the program's password is it. */
struct source {
	const char *file;	       /* absolute path */
	const struct command *command; /* that prints it */
	bool is_guess; /* nobody has said so: it may be a real password */
};

struct answers {
	const char *authzid; /* whom to act as; NULL: oneself.  borrowed */
	const char *authid;  /* borrowed */
	struct buf token;    /* owned; wiped by answers_clear() */
};

/*
 * Asks for all of it.  SASL_INTERACT: the program has to show *prompts to a
 * person and come again.  In any other case *prompts is freed.
 */
int answers_get(sasl_client_params_t *cparams, const struct source *source,
    sasl_interact_t **prompts, struct answers *answers);
void answers_clear(struct answers *answers);

#endif
