/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_SOURCE_H
#define AUDIENT_SASL_SOURCE_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "buf.h"

/*
 * Where a client's names and its token come from: the program's callbacks, a
 * person whom the program asks, or a file.
 */
struct answers {
	const char *authzid; /* whom to act as; NULL: oneself.  borrowed */
	const char *authid;  /* borrowed */
	struct buf token;    /* owned; wiped by answers_clear() */
};

/*
 * Asks for all of it; token_file is the file with the token, or NULL for the
 * program's password.  SASL_INTERACT: the program has to show *prompts to a
 * person and come again.  In any other case *prompts is freed.
 */
int answers_get(sasl_client_params_t *cparams, const char *token_file,
    sasl_interact_t **prompts, struct answers *answers);
void answers_clear(struct answers *answers);

#endif
