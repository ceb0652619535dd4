/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>

#include "peers.h"

static bool
is(const json_t *value, const char *wanted)
{
	return json_is_string(value) &&
	    strcmp(json_string_value(value), wanted) == 0;
}

bool
peer_claims_fit(const struct peer_job *job, const json_t *claims)
{
	const json_t *aud = json_object_get(claims, "aud"), *v;
	bool found = is(aud, job->audience);
	size_t i;

	json_array_foreach (aud, i, v)
		found = found || is(v, job->audience);
	return found && is(json_object_get(claims, "iss"), job->issuer) &&
	    json_integer_value(json_object_get(claims, "exp")) > time(NULL);
}
