/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_PEERS_H
#define AUDIENT_CLI_PEERS_H

#include "reason.h"

/* What a decision becomes on its way to the peer; static text. */
struct peers {
	const char *pam;  /* what the module returns */
	const char *sasl; /* what the plug-in returns */
	const char *ssh;  /* what somebody at the other end sees */
	const char *smtp;
	const char *imap;
	const char *ldap;
};

void peers_of(enum reason reason, struct peers *out);

#endif
