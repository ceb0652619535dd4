/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_DEVICE_H
#define AUDIENT_PAM_DEVICE_H

#include "guest.h"

/* Who wants to log in without a token, and confirms it in a browser. */
struct device_login {
	const struct args *args;
	const char *user;
	int64_t uid;
	int flags; /* PAM's */
};

/*
 * The device flow, from the page and the code on the user's screen to the
 * token of whoever has confirmed.  They stand inside a prompt: sshd keeps
 * everything else back until it is too late.
 *
 * PAM_SUCCESS: *reason says how it has ended.  With REASON_OK token has the
 * token, else why has a line for the log and the user has been told.  What
 * is not PAM_SUCCESS comes from the conversation.
 */
int device_get_token(pam_handle_t *pamh, const struct device_login *login,
    struct audient *audient, struct audient_tokens *tokens, enum reason *reason,
    char why[AUDIENT_LINE_MAX]);

/* How the token of device_get_token() has fared, to the user. */
void device_tell(pam_handle_t *pamh, const struct device_login *login,
    enum reason reason);

#endif
