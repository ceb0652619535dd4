/* SPDX-License-Identifier: BSD-2-Clause */
#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

static const struct peer_job *job;
static cjose_jwk_t *key;

bool
cjose_open(const struct peer_job *j)
{
	char *text = json_dumps(j->jwk, 0);

	job = j;
	if (text != NULL)
		key = cjose_jwk_import(text, strlen(text), NULL);
	free(text);
	return key != NULL;
}

static bool
is_for_the_key(cjose_jws_t *jws)
{
	cjose_header_t *header = cjose_jws_get_protected(jws);
	const char *kid = cjose_header_get(header, CJOSE_HDR_KID, NULL);
	const char *alg = cjose_header_get(header, CJOSE_HDR_ALG, NULL);

	return kid != NULL && strcmp(kid, job->kid) == 0 && alg != NULL &&
	    strcmp(alg, "RS256") == 0;
}

bool
cjose_run(void *token)
{
	cjose_jws_t *jws = cjose_jws_import(token, strlen(token), NULL);
	uint8_t *text = NULL;
	size_t len = 0;
	json_t *claims = NULL;
	bool ok = false;

	if (jws == NULL)
		return false;
	if (is_for_the_key(jws) && cjose_jws_verify(jws, key, NULL) &&
	    cjose_jws_get_plaintext(jws, &text, &len, NULL)) {
		claims =
		    json_loadb((char *)text, len, JSON_REJECT_DUPLICATES, NULL);
		ok = peer_claims_fit(job, claims);
	}
	json_decref(claims);
	cjose_jws_release(jws);
	return ok;
}
