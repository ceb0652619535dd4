/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_B64URL_H
#define AUDIENT_B64URL_H

#include "buf.h"

/*
 * Appends what in encodes to out.  Strict base64url of RFC 7515 section 2: no
 * padding, no white space, and unused bits are zero, so that one value has
 * only one spelling.  REASON_TOKEN_MALFORMED otherwise.
 */
MUST_CHECK enum reason b64url_decode(struct span in, struct buf *out);

/* Decoded size of n characters; 0 also for an impossible n. */
size_t b64url_size(size_t n);

#endif
