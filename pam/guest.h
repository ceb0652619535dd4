/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_PAM_GUEST_H
#define AUDIENT_PAM_GUEST_H

#include "args.h"
#include "audient.h"

/* What every entry point needs of its host. */

/* PAM_SUCCESS, or the code of the reason, which is then in the log. */
int guest_open(pam_handle_t *pamh, const struct args *args,
    struct audient **audient);

/* What PAM is told of a reason. */
int guest_code(enum reason reason);

/* The uid of the account, or AUDIENT_NO_ACCOUNT. */
int64_t guest_uid(const char *user);

#endif
