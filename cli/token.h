/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_TOKEN_H
#define AUDIENT_CLI_TOKEN_H

#include "cli.h"

/* The parts of `audient token`.  Messages go to standard error. */

#define TOKEN_MARGIN 60 /* seconds that a kept token has to be good for */

/*
 * Tokens that are kept for the next call, in $XDG_RUNTIME_DIR/audient/, for
 * one user, for as long as he is logged in.
 */
struct store {
	int dir;  /* -1: there is no place, and nothing is kept */
	int lock; /* held from open to close, so that one call asks */
	char name[AUDIENT_GRANT_ID_SIZE];
};

/* False, after a message: there is a place, and it is not safe. */
bool store_open(struct store *store, const char *id);
void store_close(struct store *store);

/*
 * False, after a message: a file is there that others may have read or
 * written.  Without a file tokens are empty.
 */
bool store_load(struct store *store, struct audient_tokens *tokens);

/* False, after a message; the old file is then still there. */
bool store_save(struct store *store, const struct audient_tokens *tokens);

/* All of a file that holds secrets; false if it does not fit. */
bool store_read(int fd, struct buf *text);

/* Removes whatever is kept; false after a message. */
bool store_forget(void);

/* The device flow on this terminal; *tokens as audient_device_poll() says. */
enum reason login_by_device(struct audient *audient,
    const struct audient_grant *grant, bool has_qr,
    struct audient_tokens *tokens);

/* How a program wants its token. */
enum token_form {
	FORM_PLAIN,	  /* a line */
	FORM_BARE,	  /* and no end of line */
	FORM_HEADER,	  /* of HTTP */
	FORM_CURL,	  /* of curl's configuration */
	FORM_XOAUTH2,	  /* of SASL, in base64 */
	FORM_OAUTHBEARER, /* of SASL, RFC 7628, in base64 */
};
bool form_find(const char *name, enum token_form *form);

/* Writes it to standard output; user may be NULL, but for FORM_XOAUTH2. */
bool form_write(enum token_form form, struct span token, const char *user);

#endif
