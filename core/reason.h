/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_REASON_H
#define AUDIENT_REASON_H

#include <stdbool.h>

/*
 * Why a token was refused.  REASON_OK is zero and is the only value that lets
 * anyone in.  The names are part of the interface (logs, `audient explain
 * --json`, the manual): add at the end of a group, never rename.
 */
enum reason {
	REASON_OK = 0,

	/* the bytes */
	REASON_NOT_A_TOKEN,	/* a password, junk, nothing */
	REASON_TOKEN_TRUNCATED, /* the start of a token */
	REASON_TOKEN_TOO_LARGE, /* longer than we are willing to look at */
	REASON_TOKEN_MALFORMED, /* looks like a token and cannot be read */
	REASON_TOKEN_ENCRYPTED, /* a JWE for an API; nobody here has the key */
	REASON_OPAQUE_REFUSED,	/* opaque, and the service wants a JWT */

	/* the signature */
	REASON_ALGORITHM_REFUSED, /* not in the list of allowed algorithms */
	REASON_KEY_UNKNOWN,	  /* the issuer does not list that key */
	REASON_KEY_UNUSABLE, /* listed, but weak, ambiguous or not for this */
	REASON_SIGNATURE_INVALID, /* not signed by that key */

	/* the claims */
	REASON_CLAIM_INVALID,	   /* a claim is missing or of the wrong type */
	REASON_TYPE_REFUSED,	   /* a signed JWT, but no access token */
	REASON_ISSUER_REFUSED,	   /* issued by somebody else */
	REASON_AUDIENCE_REFUSED,   /* issued for somebody else */
	REASON_EXPIRED,		   /* past its exp */
	REASON_NOT_YET_VALID,	   /* before its nbf or iat */
	REASON_TOO_OLD,		   /* issued longer ago than we accept */
	REASON_SENDER_CONSTRAINED, /* bound to a key that we cannot ask for */

	/* the policy */
	REASON_CLIENT_REFUSED,	     /* asked for by another application */
	REASON_SUBJECT_REFUSED,	     /* not the kind of subject we admit */
	REASON_ORGANIZATION_REFUSED, /* another organization's member */
	REASON_SCOPE_MISSING,	     /* a required scope was not granted */
	REASON_PERMISSION_MISSING,   /* a required permission was not granted */
	REASON_CLAIM_MISSING,	     /* a required claim does not say so */
	REASON_DENIED_LOCALLY,	     /* on the local deny list */

	/* the identity */
	REASON_USERNAME_MISSING, /* no local name can be found for the token */
	REASON_USERNAME_UNSAFE,	 /* a name that no local account may have */
	REASON_USER_MISMATCH,	 /* a good token, for another account */
	REASON_USER_REFUSED,	 /* root, a system account, or no account */

	/* the device flow */
	REASON_DEVICE_DECLINED,	   /* somebody said no in the browser */
	REASON_DEVICE_UNCONFIRMED, /* nobody said yes in time */

	/* the issuer */
	REASON_ISSUER_UNAVAILABLE, /* cannot be asked now */
	REASON_RATE_LIMITED,	   /* does not want to be asked now */

	/* ourselves */
	REASON_CONFIG_INVALID, /* missing or invalid configuration */
	REASON_OUT_OF_MEMORY,  /* an allocation failed */
	REASON_INTERNAL,       /* a bug, or a call that cannot fail did */
};

/* What the caller has to do about it. */
enum outcome {
	OUTCOME_ALLOW,	/* let in */
	OUTCOME_DENY,	/* the token or the user is at fault */
	OUTCOME_RETRY,	/* the issuer cannot be asked now */
	OUTCOME_BROKEN, /* configuration, memory, bug: tell the administrator */
};

/* What a verdict rests on. */
enum proof {
	PROOF_NONE,
	PROOF_JWT,	/* a signature, checked here; bound to an audience */
	PROOF_USERINFO, /* the word of the issuer; not bound to an audience */
};

/* All of these take any value and return static text, never NULL. */
enum outcome reason_outcome(enum reason reason);
const char *reason_name(enum reason reason);	/* "audience_refused" */
const char *reason_text(enum reason reason);	/* a clause, for people */
const char *outcome_name(enum outcome outcome); /* "deny" */
const char *proof_name(enum proof proof);	/* "jwt" */

/*
 * The token is genuine, current and ours; its bearer is just not admitted
 * here.  Asking again cannot help.
 */
bool reason_is_not_allowed(enum reason reason);

#endif
