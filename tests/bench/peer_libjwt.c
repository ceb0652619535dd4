/* SPDX-License-Identifier: BSD-2-Clause */
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

static const struct peer_job *job;
static int pem_len;

bool
libjwt_open(const struct peer_job *j)
{
	job = j;
	pem_len = (int)strlen(j->pem);
	return true;
}

/* The key is read from PEM for each token: it takes no other. */
bool
libjwt_run(void *token)
{
	const char *kid;
	json_t *claims;
	char *text;
	jwt_t *jwt = NULL;
	bool ok;

	if (jwt_decode(&jwt, token, (const unsigned char *)job->pem, pem_len) !=
	    0)
		return false;
	kid = jwt_get_header(jwt, "kid");
	text = jwt_get_grants_json(jwt, NULL);
	claims = text != NULL ? json_loads(text, 0, NULL) : NULL;
	ok = kid != NULL && strcmp(kid, job->kid) == 0 &&
	    jwt_get_alg(jwt) == JWT_ALG_RS256 && peer_claims_fit(job, claims);
	json_decref(claims);
	free(text);
	jwt_free(jwt);
	return ok;
}
