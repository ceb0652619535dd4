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

/*
 * The record that the child has left, if it has.  What should be there and is
 * not, or is not what it should be, is no reason to go on without a limit.
 */
static int
take_record(pam_handle_t *pamh, struct audient *audient, bool has_note,
    struct login *taken)
{
	const enum audient_record record = login_take_over(audient, taken);
	const void *user = NULL;
	const char *problem = NULL;

	if (record == AUDIENT_RECORD_NONE && !has_note)
		return PAM_IGNORE;
	if (record == AUDIENT_RECORD_NONE)
		problem = "is not there";
	else if (record == AUDIENT_RECORD_SPOILT)
		problem = "cannot be read";
	else if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS ||
	    user == NULL || strcmp(user, taken->who.user) != 0)
		problem = "is that of another user";
	if (problem == NULL)
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_CRIT,
	    "session_limit = token: what the login has left for its session "
	    "in cache_dir %s, so the end of the token is not known: refused; "
	    "the user has to log in again.  Does something else write to "
	    "cache_dir, or clean it?",
	    problem);
	return PAM_SESSION_ERR;
}

/*
 * Of this process, or of the child that asked for the token; NULL: nobody's.
 */
static int
find_login(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    bool needs_all, const struct login **login)
{
	struct login taken;
	const bool has_note = login_take_note(pamh, &taken);
	int rc;

	if ((rc = login_recall(pamh, args, login)) != PAM_SUCCESS)
		return rc;
	if (*login != NULL) {
		if ((*login)->reason != REASON_OK)
			*login = NULL;
		return PAM_SUCCESS;
	}
	rc = has_note ? PAM_SUCCESS : PAM_IGNORE;
	if (needs_all)
		rc = take_record(pamh, audient, has_note, &taken);
	if (rc != PAM_SUCCESS)
		return rc == PAM_IGNORE ? PAM_SUCCESS : rc;
	if ((rc = login_remember(pamh, args, &taken)) != PAM_SUCCESS)
		return rc;
	return login_recall(pamh, args, login);
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
	rc = find_login(pamh, &args, audient, service.limits_sessions, &login);
	if (rc == PAM_SUCCESS && login != NULL) {
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
	if (login_recall(pamh, &args, &login) == PAM_SUCCESS && login != NULL &&
	    login->reason == REASON_OK)
		audit(pamh, &args, "close", login);
	return PAM_SUCCESS;
}
