/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "cli.h"

static const struct {
	enum reason reason;
	const char *check; /* NULL: any */
	const char *advice;
} table[] = {
	{ REASON_NOT_A_TOKEN, NULL,
	    "Give the access token itself: three parts with two dots between "
	    "them, beginning with \"eyJ\"." },
	{ REASON_TOKEN_TRUNCATED, NULL,
	    "Something between the user and this host cut it: ssh keeps 1023 "
	    "bytes of an answer, sudo 511, a terminal 4095.  Enter the token "
	    "in parts." },
	{ REASON_TOKEN_TOO_LARGE, NULL,
	    "Tokens of more than 16 KiB are not looked at.  Remove custom "
	    "claims or permissions from the token." },
	{ REASON_TOKEN_ENCRYPTED, NULL,
	    "The API encrypts its access tokens.  Switch off JSON Web "
	    "Encryption in the settings of the API." },
	{ REASON_OPAQUE_REFUSED, NULL,
	    "No audience was asked for, so the token is opaque: add "
	    "audience=<identifier of the API> to the authorize or token "
	    "request, or set a Default Audience for the tenant." },
	{ REASON_ALGORITHM_REFUSED, NULL,
	    "The API signs with an algorithm that is not in \"algorithms\".  "
	    "If it is HS256, recreate the API with RS256: whoever can check "
	    "an HS256 token can also forge one." },
	{ REASON_KEY_UNKNOWN, NULL,
	    "The token comes from another tenant, or its key has been "
	    "revoked.  Compare \"domain\" with the tenant that issued it; get "
	    "a new token after a key rotation." },
	{ REASON_KEY_UNUSABLE, NULL,
	    "The issuer publishes a key that is too weak or not meant for "
	    "this.  Rotate the signing key of the tenant." },
	{ REASON_SIGNATURE_INVALID, NULL,
	    "The token was changed or damaged on its way.  Copy it again." },
	{ REASON_TYPE_REFUSED, NULL,
	    "This is an ID token or another token signed by the tenant.  Use "
	    "\"access_token\" of the token response, not \"id_token\"." },
	{ REASON_ISSUER_REFUSED, NULL,
	    "Issuers are compared byte for byte, with the slash at the end.  "
	    "A token that was requested at a custom domain has that domain "
	    "as its issuer: add it with a line \"issuer = https://...\"." },
	{ REASON_AUDIENCE_REFUSED, NULL,
	    "The token is for another API.  Ask for it with "
	    "audience=<identifier of the API of this service>; audiences are "
	    "compared byte for byte, with the slash at the end." },
	{ REASON_EXPIRED, NULL, "Get a new token." },
	{ REASON_NOT_YET_VALID, NULL,
	    "Compare this host's clock with the issuer's (timedatectl, "
	    "chronyc)." },
	{ REASON_TOO_OLD, NULL,
	    "The token is older than \"max_token_age\".  Get a new one." },
	{ REASON_SENDER_CONSTRAINED, NULL,
	    "The token is bound to its client by DPoP or mTLS, which cannot "
	    "be used here.  Switch off sender-constraining for the API." },
	{ REASON_CLIENT_REFUSED, NULL,
	    "The application that got the token is not in \"clients\"." },
	{ REASON_SUBJECT_REFUSED, NULL,
	    "\"subjects\" does not admit this kind of subject.  A token of "
	    "the client credentials grant is of kind \"machines\"." },
	{ REASON_ORGANIZATION_REFUSED, NULL,
	    "Add the organization to \"organizations\", or let the user log "
	    "in through an allowed one." },
	{ REASON_SCOPE_MISSING, NULL,
	    "Ask for the scope when requesting the token, and define it as a "
	    "permission of the API." },
	{ REASON_PERMISSION_MISSING, NULL,
	    "Give the user the permission, and switch on \"Enable RBAC\" and "
	    "\"Add Permissions in the Access Token\" for the API." },
	{ REASON_CLAIM_MISSING, NULL,
	    "An Action of the tenant has to put the claim into the access "
	    "token, with the value that \"required_claim\" asks for." },
	{ REASON_USERNAME_MISSING, "email_verified",
	    "\"email\" is used only with \"email_verified\": true, and an "
	    "Action has to put both into the access token." },
	{ REASON_USERNAME_MISSING, "user_map",
	    "Add a line for this value to the file of \"user_map\"." },
	{ REASON_USERNAME_MISSING, NULL,
	    "An Action of the tenant has to put the claim into the access "
	    "token, under exactly the name of \"username_claim\"." },
	{ REASON_USERNAME_UNSAFE, NULL,
	    "Correct the value at the tenant, or map it to a local name with "
	    "\"user_map\"." },
	{ REASON_USER_MISMATCH, NULL,
	    "Log in as the user that the token names, or map the token to "
	    "this user with \"user_map\"." },
	{ REASON_USER_REFUSED, NULL,
	    "Root and accounts below \"min_uid\" are closed to tokens unless "
	    "the configuration opens them." },
	{ REASON_ISSUER_UNAVAILABLE, NULL,
	    "See whether this host reaches the issuer (DNS, port 443, CA "
	    "certificates): audient keys refresh" },
	{ REASON_RATE_LIMITED, NULL,
	    "The tenant's rate limit is used up.  Wait, and look for what "
	    "asks so often." },
	{ REASON_CONFIG_INVALID, NULL,
	    "Add a [service NAME] section, or the missing key above the "
	    "first section." },
};

const char *
advice_for(const struct audient_verdict *v)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].reason == v->reason &&
		    (table[i].check == NULL ||
			(v->check != NULL &&
			    strcmp(table[i].check, v->check) == 0)))
			return table[i].advice;
	return "";
}
