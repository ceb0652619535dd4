/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_OPAQUE_H
#define AUDIENT_OPAQUE_H

#include "token.h"
#include "trace.h"

#define OPAQUE_ISSUER_MAX 512

/*
 * What an opaque token says of itself.  Nobody vouches for it: it serves to
 * refuse the token before anybody is asked, and to pick one of the issuers
 * that are configured, never to find another one.
 *
 * A JWE has to be one that only its issuer can open ("alg":"dir");
 * REASON_TOKEN_ENCRYPTED for one made for an API.  issuer, of
 * OPAQUE_ISSUER_MAX bytes, is "" if the token names none.
 */
MUST_CHECK enum reason opaque_read(const struct token *token,
    char issuer[OPAQUE_ISSUER_MAX], struct trace *trace);

#endif
