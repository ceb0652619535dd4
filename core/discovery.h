/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_DISCOVERY_H
#define AUDIENT_DISCOVERY_H

#include "issuer.h"

/* Where an issuer has its endpoints; owned strings, NULL if it has none. */
struct endpoints {
	char *jwks_uri;
	char *userinfo;
	char *token;
	char *device_authorization;
};

/*
 * What the configuration says, completed by the discovery document (OpenID
 * Connect Discovery 1.0 section 4, RFC 8414) of one of the tenant's issuers,
 * whose "issuer" has to be that one, byte for byte.  The document is kept on
 * disk for a day; fresh_only asks for it again.  *endpoints is written in
 * every case; endpoints_clear() releases it.  document says what went wrong.
 */
MUST_CHECK enum issuer_result discovery_get(const struct world *world,
    const struct tenant *tenant, const char *issuer, bool fresh_only,
    int64_t deadline_ms, struct endpoints *endpoints,
    struct issuer_document *document);
void endpoints_clear(struct endpoints *endpoints);

#endif
