/* SPDX-License-Identifier: BSD-2-Clause */
#include <jose/b64.h>
#include <jose/jws.h>
#include <string.h>

#include "peers.h"

static const struct peer_job *job;

bool
jose_open(const struct peer_job *j)
{
	job = j;
	return true;
}

/* It wants the token as an object of its three parts. */
static json_t *
take_apart(const char *token)
{
	const size_t header = strcspn(token, ".");
	const char *text = token + header + 1;
	const size_t len = strcspn(text, ".");

	return json_pack("{s:s%,s:s%,s:s}", "protected", token, header,
	    "payload", text, len, "signature", text + len + 1);
}

bool
jose_run(void *token)
{
	json_t *jws = take_apart(token), *header = NULL, *claims = NULL;
	const char *kid = NULL, *alg = NULL;
	bool ok;

	header = jose_b64_dec_load(json_object_get(jws, "protected"));
	ok = header != NULL &&
	    json_unpack(header, "{s:s,s:s}", "kid", &kid, "alg", &alg) == 0 &&
	    strcmp(kid, job->kid) == 0 && strcmp(alg, "RS256") == 0 &&
	    jose_jws_ver(NULL, jws, NULL, job->jwk, false) &&
	    (claims = jose_b64_dec_load(json_object_get(jws, "payload"))) !=
		NULL &&
	    peer_claims_fit(job, claims);
	json_decref(claims);
	json_decref(header);
	json_decref(jws);
	return ok;
}
