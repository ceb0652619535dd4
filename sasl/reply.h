/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_REPLY_H
#define AUDIENT_SASL_REPLY_H

#include "message.h"

#define REPLY_MAX 1024

/* The words of RFC 6750 section 3.1 that RFC 7628 section 3.2.2 asks for. */
enum reply_status {
	REPLY_INVALID_REQUEST,
	REPLY_INVALID_TOKEN,
	REPLY_INSUFFICIENT_SCOPE,
};

/*
 * Writes the JSON object that a refused client gets; returns its length.
 * issuer ends the discovery URL's host part; scope may be NULL.  XOAUTH2's
 * status is a number, and 400 is the one at which clients get a new token.
 */
size_t reply_write(enum dialect dialect, enum reply_status status,
    const char *issuer, const char *scope, char reply[REPLY_MAX]);

#endif
