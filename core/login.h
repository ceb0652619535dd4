/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_LOGIN_H
#define AUDIENT_LOGIN_H

#include "audient.h"

/*
 * What is handed from the process that let somebody in to the one that opens
 * the session, where the two are not the same: a record of one line per
 * value, under a name that the host chooses.
 */
MUST_CHECK enum reason login_write(const struct audient_login *login,
    struct buf *text);
bool login_read(struct span text, struct audient_login *login);

#endif
