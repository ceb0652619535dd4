/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TEST_HOST_H
#define AUDIENT_TEST_HOST_H

#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "site.h"

/*
 * A program that uses libsasl2, the system's, with the plug-ins of this
 * build: a server, a client, or both.  What it is told is kept, to be looked
 * at.  One at a time in a process; several threads may have talks with it.
 */

/* Options as in a host's option file, NULL behind the last one. */
struct option {
	const char *name;
	const char *value;
};

/*
 * Starts libsasl2's server side; returns what sasl_server_init() does.
 * options may be NULL.  An option "389" makes the host one that says yes to
 * every question for an option and gives no answer, as 389-ds does; "system"
 * loads the system's plug-ins besides.
 */
int host_open(const struct option *options);
/* The same for sasl_client_init(); the options are common to both. */
int client_open(const struct option *options);
/* The same for a plug-in that is part of the test; returns what that says. */
int client_open_with(sasl_client_plug_init_t *plugin,
    const struct option *options);
void sides_close(void); /* ends both */

/* What the host says of a connection; zero is a host with TLS. */
struct peer {
	const char *service; /* NULL: imap */
	const char *realm;
	const char *remote; /* NULL: 192.0.2.7;4711; "": not told */
	bool no_tls;
	sasl_ssf_t ssf; /* 0: 256 */
	bool says_yes;	/* its own policy for names lets everybody be anybody */
	unsigned int flags; /* of sasl_server_new() */
	unsigned int wants; /* SASL_SEC_ flags */
};

/* One exchange as the host sees it. */
struct talk {
	sasl_conn_t *conn;
	int rc;		 /* of the last step */
	const char *out; /* NULL: nothing was sent */
	unsigned int out_len;
};

void talk_open(struct talk *talk, const struct peer *peer);
/* message.ptr NULL: the client sent none */
int talk_start(struct talk *talk, const char *mech, struct span message);
int talk_step(struct talk *talk, struct span message);
const char *talk_user(const struct talk *talk);	  /* to act as; "" if none */
const char *talk_authid(const struct talk *talk); /* who it is */
/* What the peer may get to see, without "SASL(-13): …: " before it. */
const char *talk_error(const struct talk *talk);
/* The calls for a name: "FLAGS NAME" each, a newline behind it. */
const char *talk_names(void);
void talk_close(struct talk *talk);

/* The mechanisms that the host would list, between blanks. */
const char *talk_mechs(const struct talk *talk);

/* What libsasl2 and the plug-ins have logged since the last host_forget(). */
void host_forget(void);
/* The number of lines of a level; all levels: -1. */
size_t host_lines(int level);
/* Every line, "LEVEL text\n", for a look. */
const char *host_log(void);

/* n,,^Aauth=Bearer TOKEN^A^A and user=NAME^Aauth=…; freed by the caller. */
char *bearer(const char *authzid, const char *token);
char *xoauth2(const char *user, const char *token);

/*
 * A token of the site's tenant a with SITE_CLAIMS as of now; with and without
 * change them as unit_merge() does.
 */
char *token_with(const char *without, const char *with);

#endif
