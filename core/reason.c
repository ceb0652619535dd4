/* SPDX-License-Identifier: BSD-2-Clause */
#include "reason.h"

#include <stddef.h>

/*
 * No switch over an enum has a default: with -Wswitch-enum the compiler
 * points at every place that forgot about a new code.
 */
enum outcome
reason_outcome(enum reason reason)
{
	switch (reason) {
	case REASON_OK:
		return OUTCOME_ALLOW;
	case REASON_NOT_A_TOKEN:
	case REASON_TOKEN_TRUNCATED:
	case REASON_TOKEN_TOO_LARGE:
	case REASON_TOKEN_MALFORMED:
	case REASON_TOKEN_ENCRYPTED:
	case REASON_OPAQUE_REFUSED:
	case REASON_ALGORITHM_REFUSED:
	case REASON_KEY_UNKNOWN:
	case REASON_KEY_UNUSABLE:
	case REASON_SIGNATURE_INVALID:
	case REASON_CLAIM_INVALID:
	case REASON_TYPE_REFUSED:
	case REASON_ISSUER_REFUSED:
	case REASON_AUDIENCE_REFUSED:
	case REASON_EXPIRED:
	case REASON_NOT_YET_VALID:
	case REASON_TOO_OLD:
	case REASON_SENDER_CONSTRAINED:
	case REASON_CLIENT_REFUSED:
	case REASON_SUBJECT_REFUSED:
	case REASON_ORGANIZATION_REFUSED:
	case REASON_SCOPE_MISSING:
	case REASON_PERMISSION_MISSING:
	case REASON_CLAIM_MISSING:
	case REASON_DENIED_LOCALLY:
	case REASON_USERNAME_MISSING:
	case REASON_USERNAME_UNSAFE:
	case REASON_USER_MISMATCH:
	case REASON_USER_REFUSED:
	case REASON_DEVICE_DECLINED:
	case REASON_DEVICE_UNCONFIRMED:
		return OUTCOME_DENY;
	case REASON_ISSUER_UNAVAILABLE:
	case REASON_RATE_LIMITED:
		return OUTCOME_RETRY;
	case REASON_CONFIG_INVALID:
	case REASON_OUT_OF_MEMORY:
	case REASON_INTERNAL:
		return OUTCOME_BROKEN;
	}
	return OUTCOME_BROKEN; /* a value outside the enum */
}

static const struct {
	const char *name;
	const char *text;
} words[] = {
	[REASON_OK] = { "ok", "the token is good" },

	[REASON_NOT_A_TOKEN] = { "not_a_token", "this is no token" },
	[REASON_TOKEN_TRUNCATED] = { "token_truncated",
	    "the token was cut off on its way" },
	[REASON_TOKEN_TOO_LARGE] = { "token_too_large",
	    "the token is too large" },
	[REASON_TOKEN_MALFORMED] = { "token_malformed",
	    "the token cannot be read" },
	[REASON_TOKEN_ENCRYPTED] = { "token_encrypted",
	    "the token is encrypted" },
	[REASON_OPAQUE_REFUSED] = { "opaque_refused",
	    "the token is opaque and names no audience" },

	[REASON_ALGORITHM_REFUSED] = { "algorithm_refused",
	    "the token's signature algorithm is not allowed" },
	[REASON_KEY_UNKNOWN] = { "key_unknown",
	    "the issuer does not list the token's key" },
	[REASON_KEY_UNUSABLE] = { "key_unusable",
	    "the token's key may not be used" },
	[REASON_SIGNATURE_INVALID] = { "signature_invalid",
	    "the token's signature is wrong" },

	[REASON_CLAIM_INVALID] = { "claim_invalid",
	    "a claim is missing or has a wrong value" },
	[REASON_TYPE_REFUSED] = { "type_refused", "this is no access token" },
	[REASON_ISSUER_REFUSED] = { "issuer_refused",
	    "the token comes from another issuer" },
	[REASON_AUDIENCE_REFUSED] = { "audience_refused",
	    "the token was issued for another audience" },
	[REASON_EXPIRED] = { "expired", "the token has expired" },
	[REASON_NOT_YET_VALID] = { "not_yet_valid",
	    "the token is not valid yet" },
	[REASON_TOO_OLD] = { "too_old", "the token was issued too long ago" },
	[REASON_SENDER_CONSTRAINED] = { "sender_constrained",
	    "the token is bound to a key of its client" },

	[REASON_CLIENT_REFUSED] = { "client_refused",
	    "the token was obtained by an application that is not allowed" },
	[REASON_SUBJECT_REFUSED] = { "subject_refused",
	    "this kind of subject is not admitted" },
	[REASON_ORGANIZATION_REFUSED] = { "organization_refused",
	    "the token's organization is not allowed" },
	[REASON_SCOPE_MISSING] = { "scope_missing",
	    "a required scope is missing" },
	[REASON_PERMISSION_MISSING] = { "permission_missing",
	    "a required permission is missing" },
	[REASON_CLAIM_MISSING] = { "claim_missing",
	    "a required claim is missing" },
	[REASON_DENIED_LOCALLY] = { "denied_locally",
	    "the local deny list names the token" },

	[REASON_USERNAME_MISSING] = { "username_missing",
	    "the token names no local user" },
	[REASON_USERNAME_UNSAFE] = { "username_unsafe",
	    "the token names a user that cannot exist here" },
	[REASON_USER_MISMATCH] = { "user_mismatch",
	    "the token belongs to another user" },
	[REASON_USER_REFUSED] = { "user_refused",
	    "this account may not be opened with a token" },

	[REASON_DEVICE_DECLINED] = { "device_declined",
	    "the login was declined in the browser" },
	[REASON_DEVICE_UNCONFIRMED] = { "device_unconfirmed",
	    "the login was not confirmed in the browser in time" },

	[REASON_ISSUER_UNAVAILABLE] = { "issuer_unavailable",
	    "the issuer cannot be asked now" },
	[REASON_RATE_LIMITED] = { "rate_limited",
	    "the issuer must not be asked again so soon" },

	[REASON_CONFIG_INVALID] = { "config_invalid",
	    "the configuration is invalid" },
	[REASON_OUT_OF_MEMORY] = { "out_of_memory", "out of memory" },
	[REASON_INTERNAL] = { "internal", "internal error" },
};

static size_t
index_of(enum reason reason)
{
	const size_t i = (size_t)reason;

	if (i >= sizeof(words) / sizeof(words[0]))
		return REASON_INTERNAL;
	return i;
}

const char *
reason_name(enum reason reason)
{
	return words[index_of(reason)].name;
}

const char *
reason_text(enum reason reason)
{
	return words[index_of(reason)].text;
}

const char *
outcome_name(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_ALLOW:
		return "allow";
	case OUTCOME_DENY:
		return "deny";
	case OUTCOME_RETRY:
		return "retry";
	case OUTCOME_BROKEN:
		return "broken";
	}
	return "broken";
}

const char *
proof_name(enum proof proof)
{
	switch (proof) {
	case PROOF_NONE:
		return "none";
	case PROOF_JWT:
		return "jwt";
	case PROOF_USERINFO:
		return "userinfo";
	}
	return "none";
}

bool
reason_is_not_allowed(enum reason reason)
{
	return reason >= REASON_CLIENT_REFUSED && reason <= REASON_USER_REFUSED;
}
