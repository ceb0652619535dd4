/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_HANDLE_H
#define AUDIENT_HANDLE_H

#include "audient.h"
#include "conf.h"
#include "keyset.h"
#include "world.h"

/* What audient.c decides with. */
struct audient {
	struct conf *conf;
	struct world world;
	struct keyset **keyset; /* one per tenant */
};

/* What a decision leaves behind for logs and people (verdict.c). */
void verdict_init(struct audient_verdict *v);
void verdict_set_key(struct audient_verdict *v, struct span kid);
void verdict_set_claims(struct audient_verdict *v, const struct claims *claims,
    int clock_tolerance);
/* The check that failed, and nothing of a user who did not get in. */
void verdict_set_trace(struct audient_verdict *v, const struct trace *trace);

#endif
