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

/*
 * PAM_SUCCESS, or what libpam says.  NULL: no token was asked for.  Borrowed
 * from the PAM handle.
 */
int login_recall(pam_handle_t *pamh, const struct args *args,
    const struct login **login);

/*
 * sshd asks for the token in a child of the process that opens the session,
 * and PAM's own memory goes with the child.
 */
enum login_place {
	LOGIN_HERE,
	LOGIN_IN_CHILD,
	LOGIN_SOMEWHERE, /* /proc does not say */
};
enum login_place login_place(void);

/*
 * The token's identifier in PAM's environment: enough for the log, and the
 * sign that there has to be a record.  What is taken is gone from there.
 */
bool login_leave_note(pam_handle_t *pamh, const struct login *login);
bool login_take_note(pam_handle_t *pamh, struct login *login);

/*
 * The whole of it, on disk, for what must hold: the record is named after the
 * process that opens the session, so no user has a say in it.
 */
bool login_hand_over(struct audient *audient, const struct login *login);
enum audient_record login_take_over(struct audient *audient,
    struct login *login);

#endif
