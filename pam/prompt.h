/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_PROMPT_H
#define AUDIENT_PAM_PROMPT_H

#include "args.h"
#include "audient.h"

/*
 * Programs cut what is typed at a prompt: sudo at 511 bytes, ssh at 1023, a
 * terminal at 4095.  So a token is asked for in as many parts as it needs.
 */

/*
 * Gets the token from the stack or from the user and puts it into token,
 * whose cap is 2 * TOKEN_SIZE_MAX.  PAM_SUCCESS, also for something that is no
 * token; PAM_AUTH_ERR for an empty answer, unless that starts the device flow,
 * PAM_CONV_ERR, PAM_BUF_ERR, ….
 */
int prompt_token(pam_handle_t *pamh, const struct args *args,
    struct audient *audient, struct buf *token);

#define TOKEN_SIZE_MAX 16384 /* bytes; the core refuses larger ones */

/* Who cuts at such a length: "ssh does"; or NULL. */
const char *prompt_who_cuts(size_t len);

#endif
