/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CLI_ADVICE_H
#define AUDIENT_CLI_ADVICE_H

#include "admin.h"

#define ADVICE_MAX 1024

/* What is known about a decision; everything but the reason may be empty. */
struct case_file {
	enum reason reason;
	const char *check;  /* that failed, or NULL */
	const char *found;  /* of that check */
	const char *wanted; /* of that check */
	const char *client; /* that the token names */
	const char *user;   /* who was asked for, or NULL */
	const char *service;
	const char *config;		     /* the file */
	const struct audient_rules *rules;   /* of the service, or NULL */
	const struct audient_tenant *tenant; /* its first one, or NULL */
};

/* The next thing to do, never empty.  There is something for every reason. */
void advise(const struct case_file *c, char out[ADVICE_MAX]);

/* Of these reasons, which lie in what the tenant puts into the token. */
void advise_on_claim(const struct case_file *c, char out[ADVICE_MAX]);
void advise_on_age(const struct case_file *c, char out[ADVICE_MAX]);
void advise_on_missing_claim(const struct case_file *c, char out[ADVICE_MAX]);
void advise_on_missing_name(const struct case_file *c, char out[ADVICE_MAX]);

/*
 * What to do about an issuer that cannot be asked, from the line that says
 * why; never NULL.
 */
const char *advise_on_network(const char *why);

#endif
