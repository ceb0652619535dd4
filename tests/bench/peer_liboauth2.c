/* SPDX-License-Identifier: BSD-2-Clause */
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

static const struct peer_job *job;
static oauth2_log_t *logger;
static oauth2_cfg_token_verify_t *rules;

bool
liboauth2_open(const struct peer_job *j)
{
	char *text = json_dumps(j->jwk, 0), *wrong = NULL;

	job = j;
	logger = oauth2_init(OAUTH2_LOG_ERROR, NULL);
	if (text == NULL || logger == NULL)
		return false;
	wrong = oauth2_cfg_token_verify_add_options(logger, &rules, "jwk", text,
	    "verify.exp=required&expiry=0");
	free(text);
	return wrong == NULL;
}

bool
liboauth2_run(void *token)
{
	json_t *claims = NULL;
	bool ok;

	ok = oauth2_token_verify(logger, NULL, rules, token, &claims) &&
	    peer_claims_fit(job, claims);
	json_decref(claims);
	return ok;
}
