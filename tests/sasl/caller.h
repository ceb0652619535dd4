/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEST_CALLER_H
#define AUDIENT_TEST_CALLER_H

#include "host.h"

/* What a client program knows, and how it says so. */
struct knows {
	const char *user;     /* to act as; NULL: it cannot say */
	const char *authname; /* NULL: it cannot say */
	const char *token;    /* its password; NULL: it cannot say */
	bool asks;    /* it shows questions to a person, as ldapsearch does */
	bool may_ask; /* it could, but has callbacks for all of it */
	unsigned int wants; /* SASL_SEC_ flags */
	sasl_ssf_t ssf;
	const char *remote;  /* of the server: "192.0.2.1;993" */
	const char *server;  /* NULL: mail.example.com */
	const char *service; /* NULL: imap */
};

/* One exchange as a client program sees it. */
struct caller {
	const struct knows *knows;
	sasl_conn_t *conn;
	sasl_callback_t callbacks[7];
	int rc;
	const char *mech;
	const char *out;
	unsigned int out_len;
	size_t questions; /* that were put to a person */
	struct buf secret;
};

void caller_open(struct caller *caller, const struct knows *knows);
/* mechs is the server's list, or the one mechanism that was asked for. */
int caller_start(struct caller *caller, const char *mechs);
int caller_step(struct caller *caller, struct span challenge);
const char *caller_error(const struct caller *caller);
void caller_close(struct caller *caller);

#endif
