/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <langinfo.h>
#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>

#include "qr.h"

#define PROMPT_MAX (16 * 1024)
#define USER_SHOWN 64
#define TEXT_LINES 5 /* of the prompt, besides the QR code */

/* A login on its way. */
struct flow {
	pam_handle_t *pamh;
	const struct device_login *login;
	struct audient_device *device;
	struct audient_device_view view;
	const char *news; /* what became of the last question; NULL: none yet */
	struct buf prompt;
};

static void
debug(const struct flow *f, const char *what, const char *why)
{
	if (f->login->args->debug)
		pam_syslog(f->pamh, LOG_DEBUG, "device flow: %s%s%s", what,
		    why[0] != '\0' ? ": " : "", why);
}

/*
 * How large a code the screen has room for.  sshd knows nothing of the screen
 * at the other end; login, su and sudo run on it, in its locale.
 */
static bool
find_screen(const struct audient_service *service, struct winsize *size)
{
	if (service->draws_no_qr)
		return false;
	*size = (struct winsize){ .ws_col = 80, .ws_row = 100 };
	if (service->draws_qr)
		return true;
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 &&
	    ioctl(STDIN_FILENO, TIOCGWINSZ, size) == 0;
}

/* The name comes from a peer, and goes to a screen. */
static void
show_user(const char *user, char shown[USER_SHOWN])
{
	(void)snprintf(shown, USER_SHOWN, "%s", user);
	for (char *p = shown; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

static enum reason
write_first(struct flow *f, struct audient *audient)
{
	struct audient_service service;
	char user[USER_SHOWN];
	struct winsize size;
	enum reason reason;

	show_user(f->login->user, user);
	if ((reason = buf_printf(&f->prompt,
		 "Log in to %s (%s) as %s with a browser:\n", f->view.host,
		 f->login->args->service, user)) != REASON_OK)
		return reason;
	audient_get_service(audient, f->login->args->service, &service);
	if (f->view.whole[0] != '\0' && find_screen(&service, &size) &&
	    !qr_draw(f->view.whole, size.ws_col, size.ws_row - TEXT_LINES,
		&f->prompt))
		debug(f, "there is no room for a QR code", "");
	return REASON_OK;
}

/* Page and code come last, where they are still seen on a small screen. */
static enum reason
write_prompt(struct flow *f, struct audient *audient)
{
	enum reason reason;

	buf_clear(&f->prompt);
	reason = f->news == NULL ? write_first(f, audient)
				 : buf_printf(&f->prompt, "%s\n", f->news);
	if (reason != REASON_OK)
		return reason;
	return buf_printf(&f->prompt,
	    "  Open %s\n"
	    "  and enter the code %s\n"
	    "  but only if it was you who started this login.\n"
	    "Press Enter when you have confirmed, or q to give up "
	    "(%d seconds left): ",
	    f->view.page, f->view.user_code, f->view.seconds_left);
}

/* PAM_SUCCESS, and whether he has given up. */
static int
ask(struct flow *f, struct audient *audient, bool *gives_up)
{
	char *answer = NULL;
	int rc;

	audient_device_show(f->device, &f->view);
	if (write_prompt(f, audient) != REASON_OK)
		return PAM_BUF_ERR;
	/* With echo: sshd's password method would answer all others. */
	rc = pam_prompt(f->pamh, PAM_PROMPT_ECHO_ON, &answer, "%s",
	    f->prompt.data);
	if (rc != PAM_SUCCESS)
		return rc;
	if (answer == NULL)
		return PAM_CONV_ERR;
	*gives_up = strcmp(answer, "q") == 0 || strcmp(answer, "Q") == 0;
	wipe_free(answer, strlen(answer));
	return PAM_SUCCESS;
}

static const char *
news_of(enum reason reason)
{
	if (reason == REASON_DEVICE_UNCONFIRMED)
		return "Nobody has confirmed yet.";
	return "The issuer does not answer. Press Enter to ask it again.";
}

static int
run(struct flow *f, struct audient *audient, struct audient_tokens *tokens,
    enum reason *reason, char *why)
{
	bool again = true, gives_up;
	int rc;

	*reason = REASON_DEVICE_UNCONFIRMED;
	while (again) {
		if ((rc = ask(f, audient, &gives_up)) != PAM_SUCCESS)
			return rc;
		if (gives_up) {
			(void)snprintf(why, AUDIENT_LINE_MAX,
			    "the user gave up");
			*reason = REASON_DEVICE_UNCONFIRMED;
			return PAM_SUCCESS;
		}
		audient_tokens_clear(tokens);
		*reason = audient_device_poll(f->device, tokens, &again, why);
		debug(f, reason_name(*reason), why);
		f->news = news_of(*reason);
	}
	return PAM_SUCCESS;
}

static const char *
farewell_of(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return NULL;
	case OUTCOME_DENY:
		return reason == REASON_DEVICE_DECLINED
		    ? "The login was declined in the browser."
		    : "The login was not confirmed in time.";
	case OUTCOME_RETRY:
		return reason == REASON_RATE_LIMITED
		    ? "There are too many logins. Try again in a minute."
		    : "The issuer cannot be asked now. Try again later.";
	case OUTCOME_BROKEN:
		break;
	}
	return "This host is not set up for logins with a browser.";
}

static void
say(pam_handle_t *pamh, const struct device_login *login, const char *text)
{
	if (text != NULL && (login->flags & (int)PAM_SILENT) == 0)
		(void)pam_error(pamh, "%s", text);
}

void
device_tell(pam_handle_t *pamh, const struct device_login *login,
    enum reason reason)
{
	if (reason != REASON_OK)
		say(pamh, login,
		    "The login was confirmed, but does not open this "
		    "account.");
}

int
device_get_token(pam_handle_t *pamh, const struct device_login *login,
    struct audient *audient, struct audient_tokens *tokens, enum reason *reason,
    char why[AUDIENT_LINE_MAX])
{
	const struct audient_grant grant = { .service = login->args->service,
		.uid = login->uid };
	struct flow f = { .pamh = pamh,
		.login = login,
		.prompt = BUF_INIT(PROMPT_MAX) };
	int rc = PAM_SUCCESS;

	*reason = audient_device_start(audient, &grant, &f.device, why);
	debug(&f, "started", why);
	if (*reason == REASON_OK)
		rc = run(&f, audient, tokens, reason, why);
	if (rc == PAM_CONV_ERR)
		pam_syslog(pamh, LOG_NOTICE,
		    "the device flow needs somebody who answers prompts; with "
		    "sshd that is the method keyboard-interactive");
	if (rc == PAM_SUCCESS)
		say(pamh, login, farewell_of(*reason));
	audient_device_close(f.device);
	buf_free(&f.prompt);
	return rc;
}
