/* SPDX-License-Identifier: BSD-2-Clause */
#include <rhonabwy.h>
#include <string.h>

#include "peers.h"

static const struct peer_job *job;
static jwk_t *key;

bool
rhonabwy_open(const struct peer_job *j)
{
	char *text = json_dumps(j->jwk, 0);

	job = j;
	if (text == NULL || r_global_init() != RHN_OK ||
	    r_jwk_init(&key) != RHN_OK)
		return false;
	return r_jwk_import_from_json_str(key, text) == RHN_OK;
}

bool
rhonabwy_run(void *token)
{
	jwt_t *jwt = NULL;
	json_t *claims = NULL;
	const char *kid;
	bool ok;

	if (r_jwt_init(&jwt) != RHN_OK)
		return false;
	ok = r_jwt_parse(jwt, token, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
	    r_jwt_get_sign_alg(jwt) == R_JWA_ALG_RS256 &&
	    (kid = r_jwt_get_header_str_value(jwt, "kid")) != NULL &&
	    strcmp(kid, job->kid) == 0 &&
	    r_jwt_verify_signature(jwt, key, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
	    (claims = r_jwt_get_full_claims_json_t(jwt)) != NULL &&
	    peer_claims_fit(job, claims);
	json_decref(claims);
	r_jwt_free(jwt);
	return ok;
}
