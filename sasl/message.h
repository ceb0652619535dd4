/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_SASL_MESSAGE_H
#define AUDIENT_SASL_MESSAGE_H

#include "buf.h"

#define MESSAGE_MAX 65536 /* bytes of a message that we look at */
#define AUTHZID_MAX 255	  /* bytes, decoded */

/* Decided by the name of the mechanism, never by the message. */
enum dialect {
	DIALECT_OAUTHBEARER, /* RFC 7628 */
	DIALECT_XOAUTH2,     /* Google's and Microsoft's forerunner of it */
};

enum message_kind {
	MESSAGE_GARBAGE, /* not of the grammar: a protocol error */
	MESSAGE_CUT,	 /* starts well, but the end is missing */
	MESSAGE_INVALID, /* of the grammar, but no bearer token: RFC 6750's
			    invalid_request */
	MESSAGE_QUERY,	 /* empty "auth": the client asks what we want */
	MESSAGE_ACK,	 /* a lone ^A: an answer to a failure */
	MESSAGE_TOKEN,
};

/* All but the kind is there for MESSAGE_TOKEN only. */
struct message {
	enum message_kind kind;
	bool has_authzid;
	char authzid[AUTHZID_MAX + 1]; /* decoded, NUL-terminated */
	struct span host;  /* letters, digits and "-.:[]"; ptr NULL: none */
	struct span token; /* borrowed from the input, as the host is */
};

/*
 * Writes a client's first message.  authzid, host and port may be NULL; for
 * XOAUTH2 authzid is the mailbox and has to be there.  REASON_NOT_A_TOKEN if
 * the token has bytes that no bearer token may have, or authzid ones that no
 * name may have.  What is no port is left out, as servers
 * refuse the whole then.
 */
struct message_parts {
	const char *authzid;
	const char *host;
	const char *port;
	struct span token;
};
MUST_CHECK enum reason message_write(enum dialect dialect,
    const struct message_parts *parts, struct buf *out);

/*
 * Reads a client's first message (RFC 7628 section 3.1, RFC 5801 section 4):
 * bytes in, views out.  Knows nothing of SASL and keeps nothing.
 */
void message_parse(enum dialect dialect, struct span in,
    struct message *message);

#endif
