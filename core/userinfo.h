/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_USERINFO_H
#define AUDIENT_USERINFO_H

#include "tenant.h"
#include "trace.h"
#include "world.h"

/*
 * Opaque tokens: the issuer's /userinfo (OpenID Connect Core section 5.3) is
 * asked whose they are.  It answers for any application of the tenant, so
 * what it says proves the tenant, the subject and that the token lives, but
 * no audience.
 *
 * Answers are kept on disk, under the hash of token and issuer, for all
 * processes of the user; one of them asks while the others wait.  The rate
 * limits of the issuer and a budget below them hold for all processes too.
 */

struct userinfo_question {
	const struct tenant *tenant;
	const char *issuer; /* one of the tenant's */
	struct span token;
	int max_age; /* seconds that a good answer may be old */
	int64_t deadline_ms;
};

struct userinfo_answer {
	struct json_doc doc;	   /* owned */
	const struct json *claims; /* in doc; "sub" is there */
	int64_t asked;		   /* when the issuer said so */
};

/*
 * REASON_OK; REASON_OPAQUE_REFUSED if the issuer does not accept the token;
 * REASON_CLAIM_INVALID for an answer without a subject;
 * REASON_ISSUER_UNAVAILABLE, REASON_RATE_LIMITED, REASON_OUT_OF_MEMORY.
 * *answer is written in every case; userinfo_answer_clear() releases it.
 */
MUST_CHECK enum reason userinfo_get(const struct world *world,
    const struct userinfo_question *question, struct userinfo_answer *answer,
    struct trace *trace);
void userinfo_answer_clear(struct userinfo_answer *answer);

#endif
