/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_LOGIN_H
#define AUDIENT_PAM_LOGIN_H

#include "args.h"
#include "audient.h"

/* What the authentication found out, for the account and session phases. */
struct login {
	enum reason reason;
	struct audient_login who; /* of REASON_OK */
};

/* For what is called in this process; PAM_SUCCESS or PAM_BUF_ERR. */
int login_remember(pam_handle_t *pamh, const struct args *args,
    const struct login *login);

/* NULL: no token was asked for.  Borrowed from the PAM handle. */
const struct login *login_recall(pam_handle_t *pamh, const struct args *args);

/*
 * sshd asks for the token in a child of the process that opens the session,
 * and PAM's own memory goes with the child.  The record is named after that
 * process, so no user has a say in it.
 */
bool login_is_in_child(void);
bool login_hand_over(struct audient *audient, const struct login *login);
bool login_take_over(struct audient *audient, struct login *login);

#endif
