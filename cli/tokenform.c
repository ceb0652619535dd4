/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "token.h"

#define TEXT_MAX (64 * 1024)

static const char *const names[] = {
	[FORM_PLAIN] = "plain",
	[FORM_BARE] = "bare",
	[FORM_HEADER] = "header",
	[FORM_CURL] = "curl",
	[FORM_XOAUTH2] = "xoauth2",
	[FORM_OAUTHBEARER] = "oauthbearer",
};

bool
form_find(const char *name, enum token_form *form)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*form = (enum token_form)i;
			return true;
		}
	return false;
}

/* RFC 4648 section 4 */
static enum reason
add_base64(struct buf *out, struct span in)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	enum reason reason = REASON_OK;

	for (size_t i = 0; i < in.len && reason == REASON_OK; i += 3) {
		const size_t n = in.len - i < 3 ? in.len - i : 3;
		unsigned int bits = 0;
		char four[4] = "====";

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 |
			    (j < n ? (unsigned char)in.ptr[i + j] : 0);
		for (size_t j = 0; j <= n; j++)
			four[j] = letters[bits >> (18 - 6 * j) & 63];
		reason = buf_add(out, four, sizeof(four));
	}
	return reason == REASON_OK ? buf_add(out, "\n", 1) : reason;
}

/* RFC 5801 section 4: "," and "=" would end the name. */
static enum reason
add_name(struct buf *out, const char *user)
{
	enum reason reason = REASON_OK;

	for (; *user != '\0' && reason == REASON_OK; user++)
		if (*user == ',')
			reason = buf_add_str(out, "=2C");
		else if (*user == '=')
			reason = buf_add_str(out, "=3D");
		else
			reason = buf_add(out, user, 1);
	return reason;
}

static enum reason
add_sasl(struct buf *out, enum token_form form, struct span token,
    const char *user)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	enum reason reason = REASON_OK;

	if (form == FORM_XOAUTH2)
		reason = buf_printf(&text, "user=%s\001", user);
	else if (user == NULL)
		reason = buf_add_str(&text, "n,,\001");
	else if ((reason = buf_add_str(&text, "n,a=")) == REASON_OK &&
	    (reason = add_name(&text, user)) == REASON_OK)
		reason = buf_add_str(&text, ",\001");
	if (reason == REASON_OK &&
	    (reason = buf_add_str(&text, "auth=Bearer ")) == REASON_OK &&
	    (reason = buf_add(&text, token.ptr, token.len)) == REASON_OK &&
	    (reason = buf_add_str(&text, "\001\001")) == REASON_OK)
		reason = add_base64(out, buf_span(&text));
	buf_free(&text);
	return reason;
}

/* The token has letters of RFC 6750 only, so nothing needs quoting. */
static enum reason
add_around(struct buf *out, const char *before, struct span token,
    const char *behind)
{
	enum reason reason;

	if ((reason = buf_add_str(out, before)) != REASON_OK ||
	    (reason = buf_add(out, token.ptr, token.len)) != REASON_OK)
		return reason;
	return buf_add_str(out, behind);
}

static enum reason
add_form(struct buf *out, enum token_form form, struct span token,
    const char *user)
{
	switch (form) {
	case FORM_PLAIN:
		return add_around(out, "", token, "\n");
	case FORM_BARE:
		return add_around(out, "", token, "");
	case FORM_HEADER:
		return add_around(out, "Authorization: Bearer ", token, "\n");
	case FORM_CURL:
		return add_around(out, "oauth2-bearer = \"", token, "\"\n");
	case FORM_XOAUTH2:
	case FORM_OAUTHBEARER:
		return add_sasl(out, form, token, user);
	}
	return REASON_INTERNAL;
}

bool
form_write(enum token_form form, struct span token, const char *user)
{
	struct buf out = BUF_INIT(2 * TEXT_MAX);
	size_t done = 0;
	bool ok = add_form(&out, form, token, user) == REASON_OK;

	while (ok && done < out.len) {
		const ssize_t n =
		    write(STDOUT_FILENO, out.data + done, out.len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			ok = false;
	}
	buf_free(&out);
	if (!ok)
		(void)fprintf(stderr, "audient token: standard output: %s\n",
		    strerror(errno));
	return ok;
}
