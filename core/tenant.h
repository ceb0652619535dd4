/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_TENANT_H
#define AUDIENT_TENANT_H

#include "alg.h"
#include "list.h"

/* Who issues tokens, and how to reach it.  Immutable once it is read. */
struct tenant {
	char *name;	     /* "" for the only one */
	unsigned int line;   /* of its section; 0: above the first one */
	struct list issuers; /* every "iss" of its tokens; the first is asked */
	char *jwks_file;     /* keys from here; no network then */

	/* NULL: what the discovery document of the first issuer says */
	char *jwks_uri;
	char *userinfo_endpoint;
	char *token_endpoint;
	char *device_authorization_endpoint;

	alg_set algorithms;
	char *ca_file; /* NULL: the system's */
	char *proxy;   /* NULL: none */

	/* seconds */
	int timeout; /* of network for one decision, all requests together */
	int keys_max_age;
	int keys_max_stale;
	int refetch_cooldown;
};

#endif
