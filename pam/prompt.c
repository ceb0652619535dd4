/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#define PARTS_MAX 48 /* of 511 bytes: more than the largest token */

struct edge {
	size_t len;
	const char *who;
	const char *cure;
};

static const struct edge edges[] = {
	{ 511, "sudo", ", or use audient-askpass" },
	{ 1023, "ssh", ", or use audient-askpass" },
	{ 4095, "a terminal", "" },
};

/* Where an answer of that length may have been cut, or NULL. */
static const struct edge *
edge_at(size_t len)
{
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (edges[i].len == len)
			return &edges[i];
	return NULL;
}

/* What no token has, and what people copy along. */
static bool
is_wrapping(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '"' ||
	    c == '\'';
}

static struct span
skip(struct span s, const char *word)
{
	const size_t n = strlen(word);

	if (s.len >= n &&
	    span_is_nocase((struct span){ .ptr = s.ptr, .len = n }, word)) {
		s.ptr += n;
		s.len -= n;
	}
	while (s.len > 0 && is_wrapping(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	return s;
}

/*
 * A part of a token: blanks, line breaks and quotes inside can only have come
 * from where it was copied.  What does not look like a token, such as a
 * password, stays as it is.
 */
static enum reason
add_part(struct buf *token, const char *answer)
{
	struct span s = span_of(answer);
	enum reason reason = REASON_OK;

	if (token->len == 0) {
		const struct span bare =
		    skip(skip(skip(s, ""), "authorization:"), "bearer ");

		if (!span_starts(bare, "eyJ"))
			return buf_add(token, s.ptr, s.len);
		s = bare;
	}
	while (s.len > 0 && reason == REASON_OK) {
		size_t n = 0;

		while (n < s.len && !is_wrapping(s.ptr[n]))
			n++;
		reason = buf_add(token, s.ptr, n);
		s = skip((struct span){ .ptr = s.ptr + n, .len = s.len - n },
		    "");
	}
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
		return edge_at(strlen(answer)) != NULL;
	}
	return false;
}

/* Whatever a conversation fails with, to PAM it is one thing. */
static int
ask(pam_handle_t *pamh, const char *question, char **answer)
{
	int rc;

	*answer = NULL;
	rc = pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, answer, "%s: ", question);
	if (rc == PAM_SUCCESS && *answer == NULL)
		return PAM_CONV_ERR;
	return rc == PAM_SUCCESS || rc == PAM_BUF_ERR ? rc : PAM_CONV_ERR;
}

/*
 * sudo throws an answer of more than 511 bytes away, and lets a module say
 * nothing but a prompt.  After Ctrl-C it fails the second one by itself.
 */
static int
ask_part(pam_handle_t *pamh, const struct args *args, int part, char **answer)
{
	char question[64] = "Access token";
	int rc;

	if (part > 1)
		(void)snprintf(question, sizeof(question),
		    "Access token, part %d", part);
	else if (args->offers_device)
		(void)snprintf(question, sizeof(question),
		    "Access token (or just Enter, to use a browser)");
	rc = ask(pamh, question, answer);
	if (rc != PAM_CONV_ERR || strncmp(args->service, "sudo", 4) != 0)
		return rc;
	pam_syslog(pamh, LOG_NOTICE,
	    "sudo passed no answer on, as it does after Ctrl-C or if there are "
	    "more than 511 bytes: asking once more");
	(void)snprintf(question, sizeof(question),
	    "Access token, part %d, of at most 511 bytes", part);
	return ask(pamh, question, answer);
}

/*
 * sshd's "password" method answers every prompt with the same password, and
 * an askpass that knows no parts does the same: a part that comes twice is
 * the end.
 */
static int
ask_parts(pam_handle_t *pamh, const struct args *args, struct audient *audient,
    struct prompt *p)
{
	char *last = NULL, *answer = NULL;
	int rc = PAM_SUCCESS;

	for (int part = 1; part <= PARTS_MAX; part++) {
		if ((rc = ask_part(pamh, args, part, &answer)) != PAM_SUCCESS)
			break;
		if (answer[0] == '\0' ||
		    (last != NULL && strcmp(last, answer) == 0))
			break;
		p->last = strlen(answer);
		if ((rc = take_part(&p->token, answer)) != PAM_SUCCESS ||
		    p->token.len > TOKEN_SIZE_MAX)
			break;
		if (!wants_more(audient, args->service, &p->token, answer))
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
take_first_pass(pam_handle_t *pamh, struct prompt *p)
{
	const void *item = NULL;
	int rc;

	if ((rc = pam_get_item(pamh, PAM_AUTHTOK, &item)) != PAM_SUCCESS)
		return rc;
	if (item == NULL)
		return PAM_SUCCESS;
	p->last = strlen(item);
	return take_part(&p->token, item);
}

int
prompt_token(pam_handle_t *pamh, const struct args *args,
    struct audient *audient, struct prompt *p)
{
	int rc = PAM_SUCCESS;

	if (args->use_first_pass || args->try_first_pass)
		rc = take_first_pass(pamh, p);
	if (rc == PAM_SUCCESS && p->token.len == 0 && !args->use_first_pass)
		rc = ask_parts(pamh, args, audient, p);
	if (rc == PAM_SUCCESS && p->token.len == 0 && !args->offers_device)
		return PAM_AUTH_ERR;
	return rc;
}

/* A token with something around it that we cannot tell from a password. */
static bool
has_token_inside(const struct buf *b)
{
	return strstr(b->data, "eyJ") != NULL && strchr(b->data, '.') != NULL;
}

void
prompt_explain(pam_handle_t *pamh, int flags, enum reason reason,
    const struct prompt *p)
{
	const struct edge *edge = edge_at(p->last);

	if ((flags & (int)PAM_SILENT) != 0)
		return;
	if (reason == REASON_NOT_A_TOKEN && has_token_inside(&p->token))
		(void)pam_error(pamh,
		    "There is more than a token. Enter what begins with eyJ, "
		    "and nothing else.");
	if (reason != REASON_TOKEN_TRUNCATED)
		return;
	if (edge != NULL)
		(void)pam_error(pamh,
		    "The token was cut: %s passes on %zu bytes of an answer. "
		    "Enter it in parts%s.",
		    edge->who, edge->len, edge->cure);
	else
		(void)pam_error(pamh,
		    "The token is incomplete: %zu bytes arrived.",
		    p->token.len);
}
