/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <syslog.h>

#define PASSWD_SIZE 8192

int
guest_code(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return PAM_SUCCESS;
	case OUTCOME_DENY:
		/* no use in asking for another token */
		return reason_is_not_allowed(reason) ? PAM_MAXTRIES
						     : PAM_AUTH_ERR;
	case OUTCOME_RETRY:
		return PAM_AUTHINFO_UNAVAIL;
	case OUTCOME_BROKEN:
		return reason == REASON_OUT_OF_MEMORY ? PAM_BUF_ERR
						      : PAM_SERVICE_ERR;
	}
	return PAM_SERVICE_ERR;
}

static void
on_log(void *arg, bool is_warning, const char *text)
{
	pam_syslog(arg, is_warning ? LOG_WARNING : LOG_DEBUG, "%s", text);
}

int
guest_open(pam_handle_t *pamh, const struct args *args,
    struct audient **audient)
{
	const struct audient_options options = { .config = args->config,
		.service = args->service,
		.log = { .line = on_log, .arg = pamh } };
	char problem[AUDIENT_LINE_MAX];
	enum reason reason;

	if ((reason = audient_open(audient, &options, problem)) == REASON_OK)
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_CRIT, "%s: %s", reason_name(reason), problem);
	return guest_code(reason);
}

int64_t
guest_uid(const char *user)
{
	char text[PASSWD_SIZE] UNINITIALIZED;
	struct passwd pw, *found = NULL;

	if (getpwnam_r(user, &pw, text, sizeof(text), &found) != 0 ||
	    found == NULL)
		return AUDIENT_NO_ACCOUNT;
	return pw.pw_uid;
}
