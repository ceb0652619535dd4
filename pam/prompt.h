/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_PROMPT_H
#define AUDIENT_PAM_PROMPT_H

#include "args.h"
#include "audient.h"

/*
 * Programs cut what is typed at a prompt: sudo at 511 bytes, ssh at 1023, a
 * terminal at 4095.  So a token is asked for in as many parts as it needs.
 */

#define TOKEN_SIZE_MAX 16384 /* bytes; the core refuses larger ones */

struct prompt {
	struct buf token; /* whatever came, the parts put together */
	size_t last;	  /* bytes of the last answer that was not empty */
};

/* clang-format off */
#define PROMPT_INIT { .token = BUF_INIT(2 * TOKEN_SIZE_MAX) }
/* clang-format on */

/*
 * Gets the token from the stack or from the user; the caller frees p->token.
 * PAM_SUCCESS, also for something that is no token; PAM_AUTH_ERR for an empty
 * answer, unless that starts the device flow, PAM_CONV_ERR where nobody
 * answers, PAM_BUF_ERR.
 */
int prompt_token(pam_handle_t *pamh, const struct args *args,
    struct audient *audient, struct prompt *p);

/*
 * Tells the user about a refusal that is the fault of how the token was
 * entered; of any other he hears nothing.
 */
void prompt_explain(pam_handle_t *pamh, int flags, enum reason reason,
    const struct prompt *p);

#endif
