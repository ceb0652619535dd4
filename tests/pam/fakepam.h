/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FAKEPAM_H
#define TESTS_FAKEPAM_H

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "unit.h"

/*
 * In place of libpam: one user, an answer to each prompt, and every call can
 * be made to fail.
 */
#define FAKEPAM_TEXT 16384
#define FAKEPAM_DATA 4

struct pam_handle {
	const char *service;
	const char *user;
	const char *const *answers; /* to prompts, in order; NULL: no answer */
	int code;		    /* what all prompts end with instead */
	unsigned int given;	    /* answers so far */
	unsigned int delay;	    /* that was asked for */
	char *authtok;
	char *note; /* its one variable */
	struct {
		char *name;
		void *data;
		void (*cleanup)(pam_handle_t *, void *, int);
	} data[FAKEPAM_DATA];
	char told[FAKEPAM_TEXT];   /* errors and information */
	char asked[FAKEPAM_TEXT];  /* prompts */
	char logged[FAKEPAM_TEXT]; /* lines for syslog */
};

void fakepam_end(struct pam_handle *h);
bool fakepam_has_data(const struct pam_handle *h, const char *name);

/* The n-th call from here on fails; 0: none does. */
void fakepam_arm(unsigned long n);
/* No call fails any more; has one failed? */
bool fakepam_disarm(void);
/* For calls that are none of libpam's: is it this one? */
bool fakepam_fails(void);

#endif
