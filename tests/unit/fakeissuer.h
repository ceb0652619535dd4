/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_FAKEISSUER_H
#define AUDIENT_FAKEISSUER_H

#include "handle.h"
#include "issuer.h"
#include "site.h"
#include "unit.h"

/*
 * An issuer without a network, and a clock that stands still: the linker
 * sends questions, times, waits and allocations of grant.c and device.c here.
 */
struct fakeissuer {
	/* what the next question is answered */
	enum issuer_result result;
	int status;
	const char *body, *why;
	int64_t limit_until;
	int takes_ms; /* until then */
	/* and the one for the discovery document */
	enum issuer_result found;
	int found_status;
	const char *token, *device; /* endpoints; NULL: it has none */

	int64_t now, ms; /* what the clocks show */

	/* which one from now on is not to be had; -1: all are */
	int fields, blocks, names;

	/* what was asked, and where, how often */
	unsigned int asked, looked_up, slept_ms;
	struct issuer_question question; /* its form and URL are those below */
	char url[256], form[32 * 1024];
	int64_t lookup_deadline_ms;
	bool was_fresh_only;
	struct span asked_form;	     /* where it lies */
	unsigned int wiped;	     /* forms that were, when let go */
	char said[AUDIENT_LINE_MAX]; /* to the user, by what is below */
};
extern struct fakeissuer fakeissuer;

/* All is well from here on, and nothing was asked yet. */
void fakeissuer_start(void);
void fakeissuer_say(int status, const char *body);
/* Opens a handle; the one before is closed. */
struct audient *fakeissuer_open(const struct site *site, struct audient *before,
    const char *conf, bool is_client);

/* audient_grant_token(); refresh may be NULL. */
enum reason fakeissuer_get(struct audient *a, const struct audient_grant *grant,
    const char *refresh, struct audient_tokens *tokens);
/* The same where the tokens are of no interest; rows for what always holds. */
enum reason fakeissuer_try(struct audient *a, const struct audient_grant *grant,
    const char *refresh);

#endif
