/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM module that lets in who has an Auth0 access token; pam_audient(8). */
#include <security/pam_ext.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "device.h"
#include "guest.h"
#include "journal.h"
#include "login.h"
#include "prompt.h"

/*
 * Microseconds that who is refused waits; as many as pam_unix(8) asks for, as
 * libpam takes the longest time of a stack.
 */
#define FAIL_DELAY 2000000

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

static void
on_step(void *arg, const struct audient_step *s)
{
	pam_syslog(arg, LOG_DEBUG, "%s: %s: %s%s%s", s->check,
	    s->reason == REASON_OK ? "passed" : reason_name(s->reason),
	    s->found, s->wanted[0] != '\0' ? ", wanted " : "", s->wanted);
}

/* What sshd, login and sudo put into the environment of the session. */
static void
on_export(void *arg, const char *name, const char *value)
{
	struct buf pair = BUF_INIT(8192);

	if (buf_printf(&pair, "%s=%s", name, value) == REASON_OK)
		(void)pam_putenv(arg, pair.data);
	buf_free(&pair);
}

/* The line in the log that every decision gets. */
static void
report(pam_handle_t *pamh, struct audient *audient, struct audient_request *rq,
    const struct audient_verdict *verdict)
{
	const void *rhost = NULL;
	struct audient_line line;

	(void)pam_get_item(pamh, PAM_RHOST, &rhost);
	rq->rhost = rhost;
	audient_audit(audient, rq, verdict, &line);
	journal_log(pamh, "auth", level_of(verdict->reason), &line);
}

static enum reason
check(pam_handle_t *pamh, const struct device_login *d, struct audient *audient,
    struct span token, struct login *login)
{
	struct audient_request rq = { .token = token,
		.service = d->args->service,
		.user = d->user,
		.uid = d->uid,
		.exported = on_export,
		.exported_arg = pamh };
	struct audient_verdict verdict;

	if (d->args->debug) {
		rq.step = on_step;
		rq.step_arg = pamh;
	}
	login->reason = audient_check(audient, &rq, &verdict);
	report(pamh, audient, &rq, &verdict);
	if (login->reason == REASON_OK)
		audient_login(audient, &rq, &verdict, &login->who);
	return login->reason;
}

/* For a session that another process opens. */
static int
hand_over(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    const struct login *login)
{
	const enum login_place place = login_place();
	struct audient_service service;

	audient_get_service(audient, args->service, &service);
	if (place == LOGIN_HERE)
		return PAM_SUCCESS;
	if (!service.limits_sessions) {
		if (place == LOGIN_IN_CHILD)
			(void)login_leave_note(pamh, login);
		return PAM_SUCCESS;
	}
	if (place == LOGIN_SOMEWHERE) {
		pam_syslog(pamh, LOG_CRIT,
		    "session_limit = token: /proc does not say whether another "
		    "process opens the session; is it mounted?");
		return PAM_SERVICE_ERR;
	}
	if (login_hand_over(audient, login) && login_leave_note(pamh, login))
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_CRIT,
	    "session_limit = token: the end of the token cannot be kept for "
	    "the session; is cache_dir writable?");
	return PAM_SERVICE_ERR;
}

/* For the phases that follow, in whatever process they run. */
static int
keep(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    const struct login *login)
{
	int rc;

	if (login->reason == REASON_OK &&
	    (rc = hand_over(pamh, args, audient, login)) != PAM_SUCCESS)
		return rc;
	return login_remember(pamh, args, login);
}

static int
check_entered(pam_handle_t *pamh, const struct device_login *d,
    struct audient *audient, const struct prompt *p, struct login *login)
{
	const struct span token = buf_span(&p->token);
	const int rc = guest_code(check(pamh, d, audient, token, login));

	prompt_explain(pamh, d->flags, login->reason, p);
	/* perhaps a password, for the next module of the stack */
	if (login->reason == REASON_NOT_A_TOKEN ||
	    (login->reason == REASON_OPAQUE_REFUSED &&
		!span_starts(token, "eyJ")))
		(void)pam_set_item(pamh, PAM_AUTHTOK, p->token.data);
	return rc;
}

/* The token of whoever has confirmed in a browser is a token like others. */
static int
check_confirmed(pam_handle_t *pamh, const struct device_login *d,
    struct audient *audient, struct login *login)
{
	struct audient_request rq = { .service = d->args->service,
		.user = d->user,
		.uid = d->uid };
	struct audient_tokens tokens = { .access = BUF_INIT(0) };
	struct audient_verdict verdict = { .check = "device" };
	char why[AUDIENT_LINE_MAX];
	int rc;

	rc = device_get_token(pamh, d, audient, &tokens, &verdict.reason, why);
	if (rc == PAM_SUCCESS && verdict.reason == REASON_OK) {
		verdict.reason =
		    check(pamh, d, audient, buf_span(&tokens.access), login);
		device_tell(pamh, d, verdict.reason);
		rc = guest_code(verdict.reason);
	} else if (rc == PAM_SUCCESS) {
		(void)snprintf(verdict.found, sizeof(verdict.found), "%.400s",
		    why);
		login->reason = verdict.reason;
		report(pamh, audient, &rq, &verdict);
		rc = guest_code(verdict.reason);
	}
	audient_tokens_clear(&tokens);
	return rc;
}

static int
authenticate(pam_handle_t *pamh, int flags, const struct args *args,
    const char *user, struct audient *audient)
{
	const struct device_login d = { .args = args,
		.user = user,
		.uid = guest_uid(user),
		.flags = flags };
	struct prompt p = PROMPT_INIT;
	struct login login = { .reason = REASON_NOT_A_TOKEN };
	int rc = PAM_SUCCESS, kept;
	bool has_entered;

	if (!args->device_only)
		rc = prompt_token(pamh, args, audient, &p);
	if (rc == PAM_SUCCESS && p.token.len > 0)
		rc = check_entered(pamh, &d, audient, &p, &login);
	else if (rc == PAM_SUCCESS)
		rc = check_confirmed(pamh, &d, audient, &login);
	has_entered = p.token.len > 0 || login.reason != REASON_NOT_A_TOKEN;
	if (rc != PAM_SUCCESS && !has_entered)
		pam_syslog(pamh, LOG_NOTICE, "no token: %s",
		    pam_strerror(pamh, rc));
	buf_free(&p.token);
	kept = keep(pamh, args, audient, &login);
	if (rc == PAM_SUCCESS)
		rc = kept;
	/* for what is no token, too: sshd has no other for unknown names */
	if (rc != PAM_SUCCESS && has_entered && !args->nodelay)
		(void)pam_fail_delay(pamh, FAIL_DELAY);
	return rc;
}

/* Where the token comes from; use_first_pass leaves nothing to ask. */
static void
choose_flow(struct audient *audient, struct args *args)
{
	struct audient_service service;

	audient_get_service(audient, args->service, &service);
	args->offers_device = service.takes_device && !args->use_first_pass;
	args->device_only = args->offers_device && !service.takes_tokens;
}

EXPORT int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct audient *audient;
	struct args args;
	const char *user = NULL;
	int rc;

	if ((rc = args_parse(pamh, argc, argv, &args)) != PAM_SUCCESS)
		return rc;
	if ((rc = pam_get_user(pamh, &user, NULL)) != PAM_SUCCESS)
		return rc;
	if (user == NULL || user[0] == '\0')
		return PAM_USER_UNKNOWN;
	if ((rc = guest_open(pamh, &args, &audient)) != PAM_SUCCESS)
		return rc;
	choose_flow(audient, &args);
	rc = authenticate(pamh, flags, &args, user, audient);
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
