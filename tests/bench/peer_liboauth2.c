/* SPDX-License-Identifier: BSD-2-Clause */
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

#define URL_SIZE 512

static const struct peer_job *job;
static oauth2_log_t *logger;
/* The key given; keys from the tenant, kept; a token kept. */
static oauth2_cfg_token_verify_t *by_key, *by_url, *seen;

/*
 * The rules without a name for their cache come first: the library does not
 * look for the one without a name among others.
 */
bool
liboauth2_open(const struct peer_job *j)
{
	char *text = json_dumps(j->jwk, 0), url[URL_SIZE];
	bool ok;

	job = j;
	logger = oauth2_init(OAUTH2_LOG_ERROR, NULL);
	(void)snprintf(url, sizeof(url), "%s.well-known/jwks.json", j->issuer);
	ok = text != NULL && logger != NULL &&
	    oauth2_cfg_token_verify_add_options(logger, &by_key, "jwk", text,
		"verify.exp=required&expiry=0") == NULL &&
	    oauth2_cfg_token_verify_add_options(logger, &by_url, "jwks_uri",
		url,
		"verify.exp=required&expiry=0&jwks_uri.ssl_verify=false") ==
		NULL &&
	    oauth2_cfg_set_cache(logger, NULL, "shm", "name=seen") == NULL &&
	    oauth2_cfg_token_verify_add_options(logger, &seen, "jwk", text,
		"verify.exp=required&verify.cache=seen") == NULL;
	free(text);
	return ok;
}

static bool
accepts(oauth2_cfg_token_verify_t *rules, const char *token)
{
	json_t *claims = NULL;
	bool ok;

	ok = oauth2_token_verify(logger, NULL, rules, token, &claims) &&
	    peer_claims_fit(job, claims);
	json_decref(claims);
	return ok;
}

bool
liboauth2_run(void *token)
{
	return accepts(by_key, token);
}

bool
liboauth2_url_run(void *token)
{
	return accepts(by_url, token);
}

bool
liboauth2_seen_run(void *token)
{
	return accepts(seen, token);
}
