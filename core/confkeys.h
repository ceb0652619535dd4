/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_CONFKEYS_H
#define AUDIENT_CONFKEYS_H

#include "confset.h"

/* The grammar of audient.conf(5): which keys there are and what they take. */

extern const struct keyword conf_keywords[];
extern const size_t conf_n_keywords;

const struct keyword *conf_find_keyword(struct span name);

/* The keyword that name may have been meant to be, or NULL. */
const struct keyword *conf_guess_keyword(struct span name);

/* What every section starts with. */
void conf_tenant_init(struct tenant *tenant);
void conf_service_init(struct service *service);

/*
 * The second look, at the whole: required keys, tenants that exist,
 * audiences that are audiences.  Resolves the names of tenants.
 */
MUST_CHECK enum reason conf_check(struct conf *conf, struct conf_error *error);

/* As much of it as concerns those who only ask for tokens. */
MUST_CHECK enum reason conf_check_client(struct conf *conf,
    struct conf_error *error);

#endif
