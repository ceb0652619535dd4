/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_KEEPER_H
#define AUDIENT_CLI_KEEPER_H

#include "buf.h"

/*
 * ssh starts its askpass anew for every prompt, and a command that is asked
 * again may print another token: parts of two tokens make none.  So a process
 * of ours keeps the first one in its memory, and hands it to askpasses of the
 * same user and the same ssh.  It goes when ssh does, or after two minutes.
 */

/* Forks the keeper; without one there is only the first part. */
bool keeper_start(struct buf *token);

/* Gets the token that an earlier askpass of this ssh has kept; or false. */
bool keeper_ask(struct buf *token);

#endif
