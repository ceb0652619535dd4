/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_PAMSITE_H
#define TESTS_PAMSITE_H

#include "fakepam.h"
#include "site.h"

/*
 * A host for the module: a configuration, tokens of alice's, and her account;
 * the linker sends getpwnam_r(3) here.
 */
extern struct site pamsite;
extern bool pamsite_is_gone; /* her account */

void pamsite_make(void);
void pamsite_remove(void);

/* Lines behind those of SITE_ONE, or all of them if they begin with issuer. */
void pamsite_set(const char *conf);

typedef int pamsite_entry(pam_handle_t *, int, int, const char **);
/* With config= and one more argument, or NULL; or with several, NULL last. */
int pamsite_enter(pamsite_entry *function, struct pam_handle *h,
    const char *argument, int flags);
int pamsite_enter_with(pamsite_entry *function, struct pam_handle *h,
    const char *const *arguments);

/* more: members of the claims, each with a comma in front. */
char *pamsite_mint(enum mint_key key, const char *more);

#endif
