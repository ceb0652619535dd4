/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_DENY_H
#define AUDIENT_DENY_H

#include "claims.h"

#define DENY_FILE_MAX (16 * 1024 * 1024)

/*
 * The local deny list: what is refused here although the issuer vouches for
 * it.  One entry per line:
 *
 *     sub auth0|5f7c8ec7c33c6c004bbafe82
 *     azp nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u
 *     jti 4f1g23a12aa
 *     kid CT0y_TN2mW1-nSh2Xb0dF
 *     issued-before 2026-11-21T12:00:00Z
 *     issued-before 2026-11-21T12:00:00Z sub auth0|5f7c8ec7c33c6c004bbafe82
 */
struct deny;

/*
 * Pure: reads text, which is not kept.  On failure *denyp is NULL, *line is
 * the number of the bad line and why says what is wrong with it.
 */
MUST_CHECK enum reason deny_parse(struct span text, struct deny **denyp,
    unsigned int *line, struct text *why);
void deny_free(struct deny *deny); /* NULL is fine */

/*
 * REASON_DENIED_LOCALLY if an entry names these claims or the key that signed
 * them.  Claims without "iat" count as issued before any time, and a JWT that
 * does not name its key as signed by any.
 */
MUST_CHECK enum reason deny_check(const struct deny *deny,
    const struct claims *claims, struct span kid, struct trace *trace);

#endif
