/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_HANDLE_H
#define AUDIENT_HANDLE_H

#include "audient.h"
#include "conf.h"
#include "forked.h"
#include "keyset.h"
#include "seen.h"
#include "tally.h"
#include "watch.h"
#include "world.h"

/* The files of one service that are read again when they change. */
struct service_files {
	struct watched *user_map; /* NULL: not configured, or not needed */
	struct watched *deny_file;
};

#define HANDLE_HOST_SIZE 256

/* What audient.c decides with. */
struct audient {
	char host[HANDLE_HOST_SIZE]; /* this one's name, in lower case */
	struct conf *conf;
	struct world world;
	struct keyset **keyset;	     /* one per tenant */
	struct service_files *files; /* one per service */
	struct seen *seen;	     /* NULL: the host does not live long */
	struct tally *tally;	     /* likewise */
	struct forked forked; /* into a process that it is not ready for? */
};

/* Puts things in order in a child of the process that opened them. */
void audient_after_fork(struct audient *a);

/* What a decision leaves behind for logs and people (verdict.c). */
void verdict_init(struct audient_verdict *v);
/* The token's name in the log; digest is its SHA-256. */
void verdict_set_token(struct audient_verdict *v, struct span token,
    const unsigned char digest[SHA256_SIZE]);
void verdict_set_key(struct audient_verdict *v, struct span kid);
void verdict_set_claims(struct audient_verdict *v, const struct claims *claims);
/* The check that failed, and nothing of a user who did not get in. */
void verdict_set_trace(struct audient_verdict *v, const struct trace *trace);

#endif
