/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_EXPORT_H
#define AUDIENT_EXPORT_H

#include "policy.h"

/* Names that a claim may have in the environment begin with one of these. */
bool export_is_name(struct span name);

/*
 * Calls put with each claim that a rule names and that is there: rule->value
 * is the claim, rule->name what it is called.  Strings, whole numbers, true
 * and false, and lists of strings with blanks between them; nothing with
 * control characters in it.
 */
void export_claims(const struct claims *claims, const struct claim_rule *rules,
    size_t n, void (*put)(void *arg, const char *name, const char *value),
    void *arg);

#endif
