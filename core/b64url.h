/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_B64URL_H
#define AUDIENT_B64URL_H

#include "buf.h"

/*
 * Writes what in encodes to out, at most max bytes, and their number to *len.
 * Strict base64url of RFC 7515 section 2: no padding, no white space, and
 * unused bits are zero, so that one value has only one spelling; otherwise
 * REASON_TOKEN_MALFORMED.  REASON_TOKEN_TOO_LARGE if max is too small.
 */
MUST_CHECK enum reason b64url_decode(struct span in, void *out, size_t max,
    size_t *len);

/* Decoded size of n letters; 0 also for an impossible n. */
size_t b64url_size(size_t n);

/* Nothing but letters of base64url, RFC 4648 section 5, of any number. */
bool b64url_is_text(struct span s);

#endif
