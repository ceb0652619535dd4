/* SPDX-License-Identifier: BSD-2-Clause */
/* The session phase: who came in with which token, and until when. */
#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"
#include "journal.h"
#include "login.h"

/* What pam_systemd(8) looks for. */
#define RUNTIME_DATA   "systemd.runtime_max_sec"
#define SYSTEMD_BOOTED "/run/systemd/system"
#define SECONDS_SIZE   24

static void
text_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

static void
tell_user(pam_handle_t *pamh, int64_t end)
{
	const time_t t = (time_t)end;
	struct tm tm;
	char when[32];

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		return;
	(void)pam_info(pamh, "This session ends at %s, with its token.", when);
}

/* The end of the token is to be the end of the session. */
static int
limit(pam_handle_t *pamh, int flags, const struct audient_login *who)
{
	const int64_t left = who->expires - (int64_t)time(NULL);
	char *seconds;

	if (who->expires == 0 || left <= 0) {
		pam_syslog(pamh, LOG_NOTICE,
		    "refused: the token has expired before the session began");
		return PAM_SESSION_ERR;
	}
	if (access(SYSTEMD_BOOTED, F_OK) != 0)
		pam_syslog(pamh, LOG_WARNING,
		    "session_limit = token: systemd does not run here, and "
		    "nothing will end the session");
	if ((seconds = malloc(SECONDS_SIZE)) == NULL)
		return PAM_BUF_ERR;
	(void)snprintf(seconds, SECONDS_SIZE, "%lld", (long long)left);
	if (pam_set_data(pamh, RUNTIME_DATA, seconds, text_free) !=
	    PAM_SUCCESS) {
		free(seconds);
		return PAM_BUF_ERR;
	}
	pam_syslog(pamh, LOG_INFO,
	    "session_limit = token: pam_systemd is asked to end the session "
	    "in %lld seconds",
	    (long long)left);
	if ((flags & (int)PAM_SILENT) == 0)
		tell_user(pamh, who->expires);
	return PAM_SUCCESS;
}

static void
audit(pam_handle_t *pamh, const struct args *args, const char *event,
    const struct login *login)
{
	struct audient_line line;
	const void *user = NULL;

	(void)pam_get_item(pamh, PAM_USER, &user);
	audient_audit_session(args->service, user != NULL ? user : "", event,
	    &login->who, &line);
	journal_log(pamh, "session", LOG_INFO, &line);
}

/* Of this process, or of the child that asked for the token. */
static const struct login *
find_login(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    bool needs_all)
{
	const struct login *login = login_recall(pamh, args);
	const void *user = NULL;
	struct login taken;

	if (login != NULL)
		return login->reason == REASON_OK ? login : NULL;
	if (needs_all ? !login_take_over(audient, &taken)
		      : !login_take_note(pamh, &taken))
		return NULL;
	if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS ||
	    user == NULL || (needs_all && strcmp(user, taken.who.user) != 0) ||
	    login_remember(pamh, args, &taken) != PAM_SUCCESS)
		return NULL;
	return login_recall(pamh, args);
}

/* Who came without a token is none of our business. */
EXPORT int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct audient_service service;
	struct audient *audient;
	const struct login *login;
	struct args args;
	int rc;

	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	if ((rc = guest_open(pamh, &args, &audient)) != PAM_SUCCESS)
		return rc;
	audient_get_service(audient, args.service, &service);
	login = find_login(pamh, &args, audient, service.limits_sessions);
	if (login != NULL) {
		if (service.limits_sessions)
			rc = limit(pamh, flags, &login->who);
		if (rc == PAM_SUCCESS)
			audit(pamh, &args, "open", login);
	}
	audient_close(audient);
	return rc;
}

EXPORT int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const struct login *login;
	struct args args;
	int rc;

	(void)flags;
	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	if ((login = login_recall(pamh, &args)) != NULL &&
	    login->reason == REASON_OK)
		audit(pamh, &args, "close", login);
	return PAM_SUCCESS;
}
