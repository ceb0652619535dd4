/* SPDX-License-Identifier: BSD-2-Clause */
#include "export.h"

#include <string.h>

#define VALUE_MAX 4096

/* No claim is to be PATH or LD_PRELOAD. */
bool
export_is_name(struct span name)
{
	static const char *const starts[] = { "AUDIENT_", "AUTH0_", "OIDC_" };
	bool ok = false;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (span_starts(name, starts[i]) &&
		    name.len > strlen(starts[i]) && name.len <= 64)
			ok = true;
	for (size_t i = 0; i < name.len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
			name.ptr[i]) == NULL)
			ok = false;
	return ok;
}

static bool
add(struct buf *text, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return buf_add(text, s.ptr, s.len) == REASON_OK;
}

/* A list is only one with words that blanks keep apart. */
static bool
add_list(struct buf *text, const struct json *list)
{
	const struct json *v;
	struct span s;
	size_t i;

	json_each(list, i, v)
	{
		if (!json_as_string(v, &s) ||
		    memchr(s.ptr, ' ', s.len) != NULL ||
		    (text->len > 0 && buf_add(text, " ", 1) != REASON_OK) ||
		    !add(text, s))
			return false;
	}
	return true;
}

static bool
add_value(struct buf *text, const struct json *v)
{
	struct span s;
	int64_t n;
	bool b;

	if (json_as_string(v, &s))
		return add(text, s);
	if (json_as_bool(v, &b))
		return buf_add_str(text, b ? "true" : "false") == REASON_OK;
	if (json_as_integer(v, &n))
		return buf_printf(text, "%lld", (long long)n) == REASON_OK;
	return json_is(v, JSON_ARRAY) && add_list(text, v);
}

void
export_claims(const struct claims *claims, const struct claim_rule *rules,
    size_t n, void (*put)(void *arg, const char *name, const char *value),
    void *arg)
{
	for (size_t i = 0; i < n; i++) {
		const struct json *v = claims_get(claims, rules[i].value);
		struct buf text = BUF_INIT(VALUE_MAX);

		if (v != NULL && add_value(&text, v) && text.len > 0)
			put(arg, rules[i].name, text.data);
		buf_free(&text);
	}
}
