/* SPDX-License-Identifier: BSD-2-Clause */
#include "oauth.h"

#include <string.h>

#define ERROR_SHOWN	   60
#define DESCRIPTION_SHOWN  200
#define TOKEN_LIFETIME_MAX 31536000 /* seconds; more is a mistake */

/* What needs no escape in a form, whichever standard one reads. */
static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static enum reason
add_escaped(struct buf *form, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char escape[3] = { '%', hex[(unsigned char)c >> 4],
		hex[(unsigned char)c & 15] };

	return is_unreserved(c) ? buf_add(form, &c, 1)
				: buf_add(form, escape, sizeof(escape));
}

enum reason
oauth_add_field(struct buf *form, const char *name, struct span value)
{
	enum reason reason = REASON_OK;

	if ((form->len > 0 && (reason = buf_add(form, "&", 1)) != REASON_OK) ||
	    (reason = buf_add_str(form, name)) != REASON_OK ||
	    (reason = buf_add(form, "=", 1)) != REASON_OK)
		return reason;
	for (size_t i = 0; i < value.len && reason == REASON_OK; i++)
		reason = add_escaped(form, value.ptr[i]);
	return reason;
}

static bool
is_visible(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return true;
}

static bool
is_code(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_unreserved(s.ptr[i]) || s.ptr[i] == '.' ||
		    s.ptr[i] == '_')
			return false;
	return true;
}

/* A string of 1 to max bytes. */
static bool
take_string(const struct json *answer, const char *name, size_t max,
    struct span *s)
{
	return json_as_string(json_get(answer, name), s) && s->len > 0 &&
	    s->len <= max;
}

/* One above 0; else *n stays as it is. */
static bool
take_number(const struct json *answer, const char *name, int64_t *n)
{
	int64_t found;

	if (!json_as_integer(json_get(answer, name), &found) || found <= 0)
		return false;
	*n = found;
	return true;
}

static void
copy(char *to, struct span s)
{
	memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
}

/* "https://host" of a URL, the port included. */
static struct span
origin_of(struct span url)
{
	const size_t skip = strlen("https://");
	size_t n = skip;

	while (n < url.len && url.ptr[n] != '/' && url.ptr[n] != '?')
		n++;
	return (struct span){ .ptr = url.ptr, .len = n };
}

/*
 * The address with the code in it goes into a QR code, where nobody reads
 * it: it has to lead to the page that is shown beside it.
 */
static void
take_whole(const struct json *answer, struct span page,
    struct oauth_device *device)
{
	struct span whole;

	if (take_string(answer, "verification_uri_complete", OAUTH_PAGE_MAX,
		&whole) &&
	    issuer_is_url(whole) &&
	    span_equal(origin_of(whole), origin_of(page)))
		copy(device->whole, whole);
}

static void
take_times(const struct json *answer, int64_t lifetime,
    struct oauth_device *device)
{
	int64_t interval = OAUTH_INTERVAL;

	(void)take_number(answer, "interval", &interval);
	device->interval =
	    interval > OAUTH_INTERVAL_MAX ? OAUTH_INTERVAL_MAX : (int)interval;
	device->lifetime =
	    lifetime > OAUTH_LIFETIME_MAX ? OAUTH_LIFETIME_MAX : (int)lifetime;
}

enum reason
oauth_read_device(const struct json *answer, struct oauth_device *device,
    struct text *why)
{
	struct span code, user_code, page;
	const char *wrong = NULL;
	int64_t lifetime;

	*device = (struct oauth_device){ .code = BUF_INIT(OAUTH_CODE_MAX) };
	if (!take_string(answer, "device_code", OAUTH_CODE_MAX, &code) ||
	    !is_visible(code))
		wrong = "device_code";
	else if (!take_string(answer, "user_code", OAUTH_USER_CODE_MAX,
		     &user_code) ||
	    !is_code(user_code))
		wrong = "user_code";
	else if (!take_string(answer, "verification_uri", OAUTH_PAGE_MAX,
		     &page) ||
	    !issuer_is_url(page))
		wrong = "verification_uri";
	else if (!take_number(answer, "expires_in", &lifetime))
		wrong = "expires_in";
	if (wrong != NULL) {
		text_printf(why, "the answer has no usable \"%s\"", wrong);
		return REASON_ISSUER_UNAVAILABLE;
	}
	if (buf_add(&device->code, code.ptr, code.len) != REASON_OK)
		return REASON_OUT_OF_MEMORY;
	copy(device->user_code, user_code);
	copy(device->page, page);
	take_whole(answer, page, device);
	take_times(answer, lifetime, device);
	return REASON_OK;
}

void
oauth_device_clear(struct oauth_device *device)
{
	buf_free(&device->code);
}

static const struct {
	const char *error;
	enum oauth_end end;
} errors[] = {
	{ "authorization_pending", OAUTH_PENDING },
	{ "slow_down", OAUTH_SLOW_DOWN },
	{ "too_many_requests", OAUTH_LIMITED },
	{ "temporarily_unavailable", OAUTH_LIMITED },
	{ "access_denied", OAUTH_DECLINED },
	{ "expired_token", OAUTH_OVER },
	{ "invalid_grant", OAUTH_OVER },
};

static enum oauth_end
read_error(int status, const struct json *answer, struct text *why)
{
	struct span error, description;

	if (!take_string(answer, "error", SIZE_MAX, &error)) {
		text_printf(why, "HTTP status %d", status);
		return status == 429 ? OAUTH_LIMITED : OAUTH_NONSENSE;
	}
	text_add(why, error, ERROR_SHOWN);
	if (json_as_string(json_get(answer, "error_description"),
		&description)) {
		text_printf(why, ": ");
		text_add(why, description, DESCRIPTION_SHOWN);
	}
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (span_is(error, errors[i].error))
			return errors[i].end;
	return status == 429 ? OAUTH_LIMITED : OAUTH_REFUSED;
}

/* DPoP and mTLS bind a token to a key, which nobody here could prove. */
static bool
is_bearer(const struct json *answer, struct text *why)
{
	struct span type = { .ptr = NULL };

	if (json_as_string(json_get(answer, "token_type"), &type) &&
	    span_is_nocase(type, "bearer"))
		return true;
	text_printf(why, "token_type is ");
	json_show(json_get(answer, "token_type"), why);
	text_printf(why, ", not Bearer");
	return false;
}

enum oauth_end
oauth_read_token(int status, const struct json *answer,
    struct oauth_tokens *tokens, struct text *why)
{
	struct span access, refresh;

	*tokens = (struct oauth_tokens){ .access = BUF_INIT(OAUTH_TOKEN_MAX),
		.refresh = BUF_INIT(OAUTH_REFRESH_MAX) };
	if (status != 200)
		return read_error(status, answer, why);
	if (!take_string(answer, "access_token", OAUTH_TOKEN_MAX, &access) ||
	    !span_is_b64token(access)) {
		text_printf(why, "the answer has no usable \"access_token\"");
		return OAUTH_NONSENSE;
	}
	if (!is_bearer(answer, why))
		return OAUTH_NONSENSE;
	if (!take_string(answer, "refresh_token", OAUTH_REFRESH_MAX,
		&refresh) ||
	    !is_visible(refresh))
		refresh = span_of(NULL); /* it is not vital */
	if (take_number(answer, "expires_in", &tokens->lifetime) &&
	    tokens->lifetime > TOKEN_LIFETIME_MAX)
		tokens->lifetime = TOKEN_LIFETIME_MAX;
	if (buf_add(&tokens->access, access.ptr, access.len) != REASON_OK ||
	    buf_add(&tokens->refresh, refresh.ptr, refresh.len) != REASON_OK) {
		oauth_tokens_clear(tokens);
		return OAUTH_NO_MEMORY;
	}
	return OAUTH_TOKEN;
}

void
oauth_tokens_clear(struct oauth_tokens *tokens)
{
	buf_free(&tokens->access);
	buf_free(&tokens->refresh);
}
