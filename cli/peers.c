/* SPDX-License-Identifier: BSD-2-Clause */
#include "peers.h"

#define SMTP_REFUSED "535 5.7.8, authentication failed"
#define SMTP_LATER   "454 4.7.0, temporary authentication failure"

static const struct peers allowed = {
	.pam = "PAM_SUCCESS",
	.sasl = "SASL_OK",
	.ssh = "the session",
	.smtp = "235 2.7.0, authentication successful",
	.imap = "OK",
	.ldap = "0 success",
};

static const struct peers denied = {
	.pam = "PAM_AUTH_ERR",
	.sasl = "invalid_token, then SASL_BADAUTH",
	.ssh = "Permission denied; may try again",
	.smtp = SMTP_REFUSED,
	.imap = "NO, authentication failure",
	.ldap = "49 invalidCredentials",
};

static const struct peers later = {
	.pam = "PAM_AUTHINFO_UNAVAIL",
	.sasl = "SASL_UNAVAIL",
	.ssh = "Permission denied; may try again",
	.smtp = SMTP_LATER,
	.imap = "NO, and the client keeps its token",
	.ldap = "52 unavailable",
};

static const struct peers broken = {
	.pam = "PAM_SERVICE_ERR",
	.sasl = "SASL_FAIL",
	.ssh = "Permission denied",
	.smtp = SMTP_LATER,
	.imap = "NO, generic failure",
	.ldap = "80 other",
};

/* A good token of somebody who is not admitted. */
static void
refine(enum reason reason, struct peers *p)
{
	if (reason_is_not_allowed(reason)) {
		p->pam = "PAM_MAXTRIES";
		p->ssh = "Permission denied; no second prompt";
	}
	if (reason == REASON_SCOPE_MISSING ||
	    reason == REASON_PERMISSION_MISSING)
		p->sasl = "insufficient_scope, then SASL_BADAUTH";
	if (reason == REASON_USER_MISMATCH) {
		p->sasl = "SASL_NOAUTHZ";
		p->ldap = "50 insufficientAccessRights";
	}
}

void
peers_of(enum reason reason, struct peers *out)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		*out = allowed;
		return;
	case OUTCOME_DENY:
		*out = denied;
		refine(reason, out);
		return;
	case OUTCOME_RETRY:
		*out = later;
		if (reason == REASON_RATE_LIMITED)
			out->sasl = "SASL_TRYAGAIN";
		return;
	case OUTCOME_BROKEN:
		break;
	}
	*out = broken;
	if (reason == REASON_OUT_OF_MEMORY) {
		out->pam = "PAM_BUF_ERR";
		out->sasl = "SASL_NOMEM";
	}
}
