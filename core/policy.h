/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_POLICY_H
#define AUDIENT_POLICY_H

#include "claims.h"

/* Kinds of subject; a token is of one kind. */
enum subject_kind {
	SUBJECT_USER,
	SUBJECT_MACHINE,   /* a client acting for itself */
	SUBJECT_ANONYMOUS, /* Auth0's anonymous sessions */
	SUBJECT_DELEGATED, /* somebody acts for a user: "act" is there */
};
#define SUBJECT_KINDS	  (SUBJECT_DELEGATED + 1)
#define SUBJECT_BIT(kind) (1U << (unsigned int)(kind))

struct claim_rule {
	char *name;
	char *value;
};

/* Empty lists ask for nothing. */
struct policy_rules {
	struct list scopes;	   /* all of them, in "scope" */
	struct list permissions;   /* all of them, in "permissions" */
	struct claim_rule *claims; /* all of them */
	size_t n_claims;
	struct list clients; /* one of them is azp and client_id, or cid */
	struct list organizations; /* one of them is org_id or org_name */
	bool any_organization;
	unsigned int subjects; /* SUBJECT_BIT()s */
};

enum subject_kind policy_subject_kind(const struct claims *claims);
const char *policy_subject_name(enum subject_kind kind);
bool policy_find_subject(struct span name, enum subject_kind *kind);

/* May the bearer of these accepted claims use the service at all? */
MUST_CHECK enum reason policy_check(const struct claims *claims,
    const struct policy_rules *rules, struct trace *trace);

/* Does "permissions" have this one? */
bool policy_has_permission(const struct claims *claims, const char *want);

#endif
