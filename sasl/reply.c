/* SPDX-License-Identifier: BSD-2-Clause */
#include "reply.h"

#include <stdio.h>
#include <string.h>

#define SCOPE_MAX 128

static const char *
word_of(enum reply_status status)
{
	switch (status) {
	case REPLY_INVALID_REQUEST:
		return "invalid_request";
	case REPLY_INVALID_TOKEN:
		return "invalid_token";
	case REPLY_INSUFFICIENT_SCOPE:
		return "insufficient_scope";
	}
	return "invalid_token";
}

static const char *
number_of(enum reply_status status)
{
	return status == REPLY_INSUFFICIENT_SCOPE ? "403" : "400";
}

/* scope-token, RFC 6749 section 3.3: needs no escaping in JSON */
static bool
is_scope(const char *s)
{
	if (s == NULL || s[0] == '\0' || strlen(s) > SCOPE_MAX)
		return false;
	for (; *s != '\0'; s++)
		if (*s < '!' || *s > '~' || *s == '"' || *s == '\\')
			return false;
	return true;
}

/* What does not fit, with the brace that closes it all, is left out. */
static size_t
add(char reply[REPLY_MAX], size_t at, const char *before, const char *text,
    size_t len, const char *after)
{
	const int n = snprintf(reply + at, REPLY_MAX - at, "%s%.*s%s", before,
	    (int)len, text, after);

	return n > 0 && (size_t)n < REPLY_MAX - 1 - at ? at + (size_t)n : at;
}

size_t
reply_write(enum dialect dialect, enum reply_status status, const char *issuer,
    const char *scope, char reply[REPLY_MAX])
{
	size_t len = issuer != NULL ? strlen(issuer) : 0, at = 0;
	const char *word = word_of(status);

	switch (dialect) {
	case DIALECT_OAUTHBEARER:
		at = add(reply, at, "{\"status\":\"", word, strlen(word), "\"");
		break;
	case DIALECT_XOAUTH2:
		at = add(reply, at, "{\"status\":\"", number_of(status), 3,
		    "\",\"schemes\":\"bearer\"");
		break;
	}
	if (is_scope(scope))
		at =
		    add(reply, at, ",\"scope\":\"", scope, strlen(scope), "\"");
	if (len > 0 && issuer[len - 1] == '/')
		len--;
	if (len > 0 && dialect == DIALECT_OAUTHBEARER)
		at = add(reply, at, ",\"openid-configuration\":\"", issuer, len,
		    "/.well-known/openid-configuration\"");
	reply[at++] = '}';
	reply[at] = '\0';
	return at;
}
