/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_GRANT_H
#define AUDIENT_GRANT_H

#include "discovery.h"
#include "handle.h"
#include "oauth.h"

/* What the ways to a token have in common: grant.c and device.c. */

#define GRANT_FORM_MAX	(16 * 1024)
#define GRANT_SCOPE_MAX 2048

/* What is asked for, with nothing left open; borrowed. */
struct wish {
	struct audient *a;
	const struct tenant *tenant;
	const char *issuer;
	const char *client_id;
	const char *audience;
	char scope[GRANT_SCOPE_MAX]; /* "": none */
	struct span secret;
	struct endpoints endpoints; /* owned; once they are known */
};

/*
 * REASON_CONFIG_INVALID, and why says what is missing.  *wish is written in
 * every case; wish_clear() releases it.
 */
MUST_CHECK enum reason wish_make(struct audient *a,
    const struct audient_grant *grant, struct wish *wish, struct text *why);
void wish_clear(struct wish *wish);

MUST_CHECK enum reason wish_add_client(const struct wish *wish,
    struct buf *form);
MUST_CHECK enum reason wish_add_wanted(const struct wish *wish,
    struct buf *form);

enum endpoint { TOKEN_ENDPOINT, DEVICE_ENDPOINT };

/*
 * POSTs a form.  REASON_OK: there is JSON in *document, whatever its status.
 * *document is written in every case.
 */
MUST_CHECK enum reason wish_post(struct wish *wish, enum endpoint which,
    const struct buf *form, struct issuer_document *document, struct text *why);

/*
 * One question to the token endpoint.  *end is OAUTH_NONSENSE where there was
 * no answer; wait_s is for how many seconds the issuer wants to be left alone.
 */
MUST_CHECK enum reason wish_ask(struct wish *wish, const struct buf *form,
    enum oauth_end *end, int *wait_s, struct audient_tokens *tokens,
    struct text *why);

void tokens_init(struct audient_tokens *tokens);

/* Puts text, or at least what reason means, into why; returns reason. */
enum reason grant_tell(enum reason reason, const struct text *text, char *why);

#endif
