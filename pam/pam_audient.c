/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM module that lets in who has an Auth0 access token; pam_audient(8). */
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "audient.h"
#include "prompt.h"

#define PASSWD_SIZE 8192
#define DATA_SIZE   128

/*
 * What authenticate found out, for acct_mgmt.  sshd calls both in one
 * process; what it calls later may run in another one and gets nothing.
 */
struct login {
	enum reason reason;
	char user[AUDIENT_NAME_MAX + 1];
	int64_t expires;
};

static void
login_free(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/* Two lines with different service= arguments do not share a login. */
static void
data_name(const struct args *args, char name[DATA_SIZE])
{
	(void)snprintf(name, DATA_SIZE, "pam_audient:%s", args->service);
}

static int
to_pam(enum reason reason)
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

static int
level_of(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return LOG_INFO;
	case OUTCOME_DENY:
		return LOG_NOTICE;
	case OUTCOME_RETRY:
		return LOG_ERR;
	case OUTCOME_BROKEN:
		return LOG_CRIT;
	}
	return LOG_CRIT;
}

struct log_arg {
	pam_handle_t *pamh;
	bool debug;
};

static void
on_log(void *arg, bool is_warning, const char *text)
{
	const struct log_arg *log = arg;

	if (is_warning || log->debug)
		pam_syslog(log->pamh, is_warning ? LOG_WARNING : LOG_DEBUG,
		    "%s", text);
}

static void
on_step(void *arg, const struct audient_step *s)
{
	const struct log_arg *log = arg;

	pam_syslog(log->pamh, LOG_DEBUG, "%s: %s: %s%s%s", s->check,
	    s->reason == REASON_OK ? "passed" : reason_name(s->reason),
	    s->found, s->wanted[0] != '\0' ? ", wanted " : "", s->wanted);
}

static int
open_audient(pam_handle_t *pamh, const struct args *args, struct log_arg *log,
    struct audient **audient)
{
	const struct audient_options options = { .config = args->config,
		.service = args->service,
		.log = { .line = on_log, .arg = log } };
	char problem[AUDIENT_LINE_MAX];
	enum reason reason;

	if ((reason = audient_open(audient, &options, problem)) == REASON_OK)
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_CRIT, "%s: %s", reason_name(reason), problem);
	return to_pam(reason);
}

/* The uid of the account, or that there is none. */
static int64_t
find_uid(const char *user)
{
	char text[PASSWD_SIZE] UNINITIALIZED;
	struct passwd pw, *found = NULL;

	if (getpwnam_r(user, &pw, text, sizeof(text), &found) != 0 ||
	    found == NULL)
		return AUDIENT_NO_ACCOUNT;
	return pw.pw_uid;
}

static enum reason
check(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    const char *user, struct span token, struct log_arg *log,
    struct login *login)
{
	const void *rhost = NULL;
	const int64_t uid = find_uid(user);
	struct audient_request rq = { .token = token,
		.service = args->service,
		.user = user,
		.uid = uid,
		/* a stranger's name costs the tenant nothing */
		.is_offline = uid == AUDIENT_NO_ACCOUNT };
	struct audient_verdict verdict;
	char line[AUDIENT_LINE_MAX];

	(void)pam_get_item(pamh, PAM_RHOST, &rhost);
	rq.rhost = rhost;
	if (args->debug) {
		rq.step = on_step;
		rq.step_arg = log;
	}
	login->reason = audient_check(audient, &rq, &verdict);
	audient_audit(audient, &rq, &verdict, line);
	pam_syslog(pamh, level_of(login->reason), "%s", line);
	memcpy(login->user, verdict.user, sizeof(login->user));
	login->expires = verdict.expires;
	return login->reason;
}

static int
remember(pam_handle_t *pamh, const struct args *args, const struct login *login)
{
	struct login *copy;
	char name[DATA_SIZE];

	if ((copy = malloc(sizeof(*copy))) == NULL)
		return PAM_BUF_ERR;
	*copy = *login;
	data_name(args, name);
	if (pam_set_data(pamh, name, copy, login_free) == PAM_SUCCESS)
		return PAM_SUCCESS;
	free(copy);
	return PAM_BUF_ERR;
}

static int
authenticate(pam_handle_t *pamh, int flags, const struct args *args,
    const char *user, struct audient *audient, struct log_arg *log)
{
	struct prompt p = PROMPT_INIT;
	struct login login = { .reason = REASON_NOT_A_TOKEN };
	int rc, kept;

	rc = prompt_token(pamh, args, audient, &p);
	if (rc == PAM_SUCCESS) {
		rc = to_pam(check(pamh, args, audient, user, buf_span(&p.token),
		    log, &login));
		prompt_explain(pamh, flags, login.reason, &p);
		/* perhaps a password, for the next module of the stack */
		if (login.reason == REASON_NOT_A_TOKEN ||
		    (login.reason == REASON_OPAQUE_REFUSED &&
			!span_starts(buf_span(&p.token), "eyJ")))
			(void)pam_set_item(pamh, PAM_AUTHTOK, p.token.data);
	} else
		pam_syslog(pamh, LOG_NOTICE, "no token: %s",
		    pam_strerror(pamh, rc));
	buf_free(&p.token);
	kept = remember(pamh, args, &login);
	return rc == PAM_SUCCESS ? kept : rc;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct audient *audient;
	struct log_arg log;
	struct args args;
	const char *user = NULL;
	int rc;

	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	if ((rc = pam_get_user(pamh, &user, NULL)) != PAM_SUCCESS)
		return rc;
	if (user == NULL || user[0] == '\0')
		return PAM_USER_UNKNOWN;
	log = (struct log_arg){ .pamh = pamh, .debug = args.debug };
	if ((rc = open_audient(pamh, &args, &log, &audient)) != PAM_SUCCESS)
		return rc;
	rc = authenticate(pamh, flags, &args, user, audient, &log);
	audient_close(audient);
	return rc;
}

/* A token gives no credential to the process. */
EXPORT int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

/* Somebody else let the user in, by key or password: is that enough? */
static int
check_tokenless(pam_handle_t *pamh, const struct args *args)
{
	struct log_arg log = { .pamh = pamh, .debug = args->debug };
	struct audient_service service;
	struct audient *audient;
	int rc;

	if ((rc = open_audient(pamh, args, &log, &audient)) != PAM_SUCCESS)
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
	if (strcmp(user, login->user) != 0) {
		pam_syslog(pamh, LOG_WARNING,
		    "refused: another module has changed the user since the "
		    "token was checked");
		return PAM_PERM_DENIED;
	}
	if (find_uid(user) == AUDIENT_NO_ACCOUNT)
		return PAM_USER_UNKNOWN;
	if (login->expires != 0 && time(NULL) >= login->expires) {
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
	const void *data = NULL;
	const struct login *login;
	char name[DATA_SIZE];
	struct args args;
	int rc;

	(void)flags;
	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	data_name(&args, name);
	if (pam_get_data(pamh, name, &data) != PAM_SUCCESS || data == NULL)
		return check_tokenless(pamh, &args);
	login = data;
	if (login->reason == REASON_OK)
		return check_login(pamh, login);
	if (login->reason == REASON_NOT_A_TOKEN ||
	    login->reason == REASON_OPAQUE_REFUSED ||
	    reason_outcome(login->reason) == OUTCOME_RETRY)
		return check_tokenless(pamh, &args);
	pam_syslog(pamh, LOG_WARNING,
	    "refused: the token was refused (%s), and the stack went on; see "
	    "pam_audient(8) for control words",
	    reason_name(login->reason));
	return PAM_PERM_DENIED;
}
