/* SPDX-License-Identifier: BSD-2-Clause */
/* The account phase: does the decision still hold? */
#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "guest.h"
#include "login.h"

/* Somebody else let the user in, by key or password: is that enough? */
static int
check_tokenless(pam_handle_t *pamh, const struct args *args)
{
	struct audient_service service;
	struct audient *audient;
	int rc;

	if ((rc = guest_open(pamh, args, &audient)) != PAM_SUCCESS)
		return rc;
	audient_get_service(audient, args->service, &service);
	rc = service.denies_tokenless ? PAM_PERM_DENIED : PAM_IGNORE;
	audient_close(audient);
	if (rc == PAM_PERM_DENIED)
		pam_syslog(pamh, LOG_NOTICE,
		    "refused: the login used no token, and "
		    "tokenless_account = deny");
	return rc;
}

static int
check_login(pam_handle_t *pamh, const struct login *login)
{
	const char *user = NULL;

	if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || user == NULL)
		return PAM_USER_UNKNOWN;
	if (strcmp(user, login->who.user) != 0) {
		pam_syslog(pamh, LOG_WARNING,
		    "refused: another module has changed the user since the "
		    "token was checked");
		return PAM_PERM_DENIED;
	}
	if (guest_uid(user) == AUDIENT_NO_ACCOUNT)
		return PAM_USER_UNKNOWN;
	if (login->who.expires != 0 && time(NULL) >= login->who.expires) {
		pam_syslog(pamh, LOG_NOTICE,
		    "refused: the token has expired since it was checked");
		return PAM_PERM_DENIED;
	}
	return PAM_SUCCESS;
}

/*
 * The account phase comes after somebody has authenticated the user.  If that
 * was us, the decision has to hold still; if we refused a token, it was not
 * us, and the stack must not have gone on.
 */
EXPORT int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct login *login;
	struct args args;
	int rc;

	(void)flags;
	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	if ((rc = login_recall(pamh, &args, &login)) != PAM_SUCCESS)
		return rc;
	if (login == NULL)
		return check_tokenless(pamh, &args);
	if (login->reason == REASON_OK)
		return check_login(pamh, login);
	if (login->reason == REASON_NOT_A_TOKEN ||
	    login->reason == REASON_DEVICE_UNCONFIRMED ||
	    login->reason == REASON_OPAQUE_REFUSED ||
	    reason_outcome(login->reason) == OUTCOME_RETRY)
		return check_tokenless(pamh, &args);
	pam_syslog(pamh, LOG_WARNING,
	    "refused: the token was refused (%s), and the stack went on; see "
	    "pam_audient(8) for control words",
	    reason_name(login->reason));
	return PAM_PERM_DENIED;
}
