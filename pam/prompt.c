/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt.h"

#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define PARTS_MAX 48 /* of 511 bytes: more than the largest token */

static const struct {
	size_t len;
	const char *who;
} edges[] = {
	{ 511, "sudo and old programs do" },
	{ 1023, "ssh does" },
	{ 4095, "a terminal does" },
};

const char *
prompt_who_cuts(size_t len)
{
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (edges[i].len == len)
			return edges[i].who;
	return NULL;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What people copy along: blanks, quotes, the name of the scheme. */
static struct span
strip(struct span s)
{
	while (s.len > 0 && is_space(s.ptr[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_space(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	if (s.len > 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') &&
	    s.ptr[s.len - 1] == s.ptr[0]) {
		s.ptr++;
		s.len -= 2;
	}
	if (s.len > 10 &&
	    span_is_nocase((struct span){ .ptr = s.ptr, .len = 7 },
		"bearer ") &&
	    span_starts((struct span){ .ptr = s.ptr + 7, .len = s.len - 7 },
		"eyJ")) {
		s.ptr += 7;
		s.len -= 7;
	}
	return s;
}

/*
 * A part of a token: white space inside can only have come from the screen
 * it was copied from.  What does not look like a token, such as a password,
 * stays as it is.
 */
static enum reason
add_part(struct buf *token, const char *answer)
{
	struct span s = span_of(answer);
	enum reason reason = REASON_OK;

	if (token->len == 0) {
		const struct span stripped = strip(s);

		if (!span_starts(stripped, "eyJ"))
			return buf_add(token, s.ptr, s.len);
		s = stripped;
	}
	for (size_t i = 0; i < s.len && reason == REASON_OK; i++)
		if (!is_space(s.ptr[i]))
			reason = buf_add(token, s.ptr + i, 1);
	return reason;
}

/* What is too large stays too large: no prefix is ever looked at. */
static int
take_part(struct buf *token, const char *answer)
{
	const enum reason reason = add_part(token, answer);

	if (reason == REASON_OK)
		return PAM_SUCCESS;
	if (reason != REASON_TOKEN_TOO_LARGE)
		return PAM_BUF_ERR;
	while (token->len <= TOKEN_SIZE_MAX)
		if (buf_add(token, ".", 1) != REASON_OK)
			return PAM_BUF_ERR;
	return PAM_SUCCESS;
}

static void
drop(char *answer)
{
	if (answer != NULL)
		wipe_free(answer, strlen(answer));
}

/* Has the last answer to be followed by another one? */
static bool
wants_more(struct audient *audient, const char *service,
    const struct buf *token, const char *answer)
{
	switch (audient_completeness(audient, service, buf_span(token))) {
	case AUDIENT_COMPLETE:
		return false;
	case AUDIENT_INCOMPLETE:
		return true;
	case AUDIENT_UNSURE:
		return prompt_who_cuts(strlen(answer)) != NULL;
	}
	return false;
}

static int
ask(pam_handle_t *pamh, const struct args *args, int part, char **answer)
{
	int rc;

	*answer = NULL;
	rc = part == 1
	    ? pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, answer, "%s",
		  args->offers_device
		      ? "Access token (or just Enter, to use a browser): "
		      : "Access token: ")
	    : pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, answer,
		  "Access token, part %d: ", part);
	if (rc == PAM_SUCCESS && *answer == NULL)
		return PAM_AUTH_ERR;
	return rc;
}

/*
 * sshd's "password" method answers every prompt with the same password, and
 * an askpass that knows no parts does the same: a part that comes twice is
 * the end.
 */
static int
ask_parts(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    struct buf *token)
{
	char *last = NULL, *answer = NULL;
	int rc = PAM_SUCCESS;

	for (int part = 1; part <= PARTS_MAX; part++) {
		if ((rc = ask(pamh, args, part, &answer)) != PAM_SUCCESS)
			break;
		if (answer[0] == '\0' ||
		    (last != NULL && strcmp(last, answer) == 0))
			break;
		if ((rc = take_part(token, answer)) != PAM_SUCCESS ||
		    token->len > TOKEN_SIZE_MAX)
			break;
		if (!wants_more(audient, args->service, token, answer))
			break;
		drop(last);
		last = answer;
		answer = NULL; /* transferred */
	}
	drop(last);
	drop(answer);
	return rc;
}

/* What an earlier module of the stack has got from the user. */
static int
take_first_pass(pam_handle_t *pamh, struct buf *token)
{
	const void *item = NULL;
	int rc;

	if ((rc = pam_get_item(pamh, PAM_AUTHTOK, &item)) != PAM_SUCCESS)
		return rc;
	if (item == NULL)
		return PAM_SUCCESS;
	return take_part(token, item);
}

int
prompt_token(pam_handle_t *pamh, const struct args *args,
    struct audient *audient, struct buf *token)
{
	int rc = PAM_SUCCESS;

	if (args->use_first_pass || args->try_first_pass)
		rc = take_first_pass(pamh, token);
	if (rc == PAM_SUCCESS && token->len == 0 && !args->use_first_pass)
		rc = ask_parts(pamh, args, audient, token);
	if (rc == PAM_CONV_ERR && strncmp(args->service, "sudo", 4) == 0)
		pam_syslog(pamh, LOG_NOTICE,
		    "sudo takes no answer of more than 511 bytes: the token "
		    "has to be entered in shorter parts");
	if (rc == PAM_SUCCESS && token->len == 0 && !args->offers_device)
		return PAM_AUTH_ERR;
	return rc;
}
