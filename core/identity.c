/* SPDX-License-Identifier: BSD-2-Clause */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 1024 /* bytes of a claim whose case is changed */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
identity_is_safe_name(struct span name)
{
	bool digits_only = true;

	if (name.len == 0 || name.len > USER_MAX)
		return false;
	if (name.len > 1 && name.ptr[name.len - 1] == '$')
		name.len--;
	if (!is_letter(name.ptr[0]) && !is_digit(name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.ptr[i];

		if (!is_digit(c))
			digits_only = false;
		if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-' &&
		    c != '@' && c != '+')
			return false;
	}
	return !digits_only;
}

static bool
copy_name(struct span s, char user[USER_MAX + 1])
{
	if (!identity_is_safe_name(s))
		return false;
	memcpy(user, s.ptr, s.len);
	user[s.len] = '\0';
	return true;
}

/*
 * An unverified address proves nothing about who reads mail there; "email"
 * is OpenID Connect's claim, with "email_verified" beside it (Core 5.1).
 */
static enum reason
check_email(const struct claims *claims, const struct identity_rules *rules,
    struct trace *trace)
{
	const struct json *v = claims_get(claims, "email_verified");
	bool verified = false;

	if (strcmp(rules->username_claim, "email") != 0)
		return REASON_OK;
	(void)json_as_bool(v, &verified);
	return trace_json(trace, "email_verified",
	    verified ? REASON_OK : REASON_USERNAME_MISSING, v, "true");
}

/* The claim's value; with lower_case it is one of lower, else borrowed. */
static enum reason
get_value(const struct claims *claims, const struct identity_rules *rules,
    char lower[VALUE_MAX], struct span *value, struct trace *trace)
{
	const struct json *v = claims_get(claims, rules->username_claim);
	char wanted[96];

	if (json_as_string(v, value) && value->len > 0) {
		(void)trace_span(trace, "username_claim", REASON_OK, *value,
		    "");
		if (rules->lower_case == 0)
			return REASON_OK;
		if (value->len > VALUE_MAX)
			return trace_text(trace, "username_case",
			    REASON_USERNAME_UNSAFE, "at most 1024 bytes",
			    "%zu bytes", value->len);
		for (size_t i = 0; i < value->len; i++)
			lower[i] = to_lower(value->ptr[i]);
		value->ptr = lower;
		return trace_span(trace, "username_case", REASON_OK, *value,
		    "");
	}
	(void)snprintf(wanted, sizeof(wanted), "a string in \"%.80s\"",
	    rules->username_claim);
	return trace_json(trace, "username_claim", REASON_USERNAME_MISSING, v,
	    wanted);
}

/* alice@example.com is alice where example.com may be stripped. */
static struct span
strip_domain(struct span value, const struct list *domains)
{
	struct span name = value;

	for (size_t n = value.len; n > 0; n--) {
		if (value.ptr[n - 1] != '@')
			continue;
		for (size_t i = 0; i < domains->n; i++)
			if (span_is_nocase((struct span){ .ptr = value.ptr + n,
					       .len = value.len - n },
				domains->item[i]))
				name.len = n - 1;
		break;
	}
	return name;
}

static struct span
strip_realm(struct span name, const char *realm)
{
	struct span rest = name, head;

	if (realm != NULL && realm[0] != '\0' && span_cut(&rest, '@', &head) &&
	    span_is_nocase(rest, realm))
		return head;
	return name;
}

enum likeness { ANOTHER, SAME, EXACT };

/*
 * Is the user of the token the one that was asked for?  Of names that are no
 * accounts the domain may be left out where everybody knows which it is; the
 * host gets the token's name even then.
 */
static enum likeness
compare(const struct identity_rules *rules, const struct account *account,
    const char *user)
{
	const struct span asked = span_of(account->name);

	if (account->name == NULL || span_is(asked, user))
		return EXACT;
	if (account->uid == UID_UNKNOWN &&
	    (span_is(strip_domain(asked, &rules->domains), user) ||
		span_equal(strip_realm(asked, account->realm),
		    strip_realm(span_of(user), account->realm))))
		return SAME;
	return ANOTHER;
}

/*
 * Of the users that the map has for value, takes the one that was asked for,
 * or the first.  False: the map says nothing about value.
 */
static bool
ask_map(const struct identity_rules *rules, struct span value,
    const struct account *account, char user[USER_MAX + 1], unsigned int *line)
{
	char next[USER_MAX + 1];
	enum likeness best = ANOTHER, likeness;
	bool found = false;
	unsigned int next_line;
	size_t at = 0;

	while (best != EXACT &&
	    usermap_next(rules->map, value, &at, next, &next_line)) {
		likeness = compare(rules, account, next);
		if (found && likeness <= best)
			continue;
		memcpy(user, next, sizeof(next));
		*line = next_line;
		best = likeness;
		found = true;
	}
	return found;
}

/* Whoever listens also hears of the users in the other lines. */
static enum reason
tell_map(const struct identity_rules *rules, struct span value,
    const char *user, unsigned int line, struct trace *trace)
{
	char next[USER_MAX + 1];
	unsigned int next_line;
	struct text found;
	size_t at = 0;

	if (trace->step == NULL)
		return REASON_OK;
	text_clear(&found);
	text_printf(&found, "%s (line %u)", user, line);
	while (usermap_next(rules->map, value, &at, next, &next_line))
		if (next_line != line)
			text_printf(&found, "; also %s (line %u)", next,
			    next_line);
	return trace_span(trace, "user_map", REASON_OK, span_of(found.s), "");
}

/* A machine is nobody's namesake: only the map can give it an account. */
static enum reason
map_value(const struct claims *claims, const struct identity_rules *rules,
    struct span value, const struct account *account, char user[USER_MAX + 1],
    struct trace *trace)
{
	const bool is_machine = policy_subject_kind(claims) == SUBJECT_MACHINE;
	unsigned int line = 0;
	struct span name;

	if (rules->user_map != NULL && rules->map == NULL)
		return trace_text(trace, "user_map", REASON_INTERNAL,
		    rules->user_map, "a map that was not read");
	if (rules->map != NULL && ask_map(rules, value, account, user, &line)) {
		if (!identity_is_safe_name(span_of(user)))
			return trace_text(trace, "user_map",
			    REASON_USERNAME_UNSAFE, "a safe name",
			    "%s (line %u)", user, line);
		return tell_map(rules, value, user, line, trace);
	}
	if (rules->map != NULL && rules->domains.n == 0)
		return trace_span(trace, "user_map", REASON_USERNAME_MISSING,
		    value, "a line in user_map");
	if (is_machine)
		return trace_span(trace, "user_map", REASON_USERNAME_MISSING,
		    value, "a line in user_map, as for every machine");
	if (claims->proof != PROOF_JWT && rules->unbound_needs_map)
		return trace_span(trace, "user_map", REASON_USERNAME_MISSING,
		    value, "a line in user_map, as for every opaque token");
	name = strip_domain(value, &rules->domains);
	if (rules->map != NULL && name.len == value.len)
		return trace_span(trace, "user_map", REASON_USERNAME_MISSING,
		    value, "a line in user_map, or one of username_domains");
	if (!copy_name(name, user))
		return trace_span(trace, "username", REASON_USERNAME_UNSAFE,
		    name, "letters, digits and . _ - @ +");
	return trace_span(trace, "username", REASON_OK, span_of(user), "");
}

/*
 * Is the name root's?  An account is what its uid says.  Where names are only
 * names the host may ignore case and cut off a domain, whichever it takes for
 * its own, or an extension: Cyrus IMAP makes its root of Root@example.com.
 */
static bool
is_root_name(const struct account *account, struct span name)
{
	struct span head;

	if (account->uid != UID_UNKNOWN)
		return span_is(name, "root");
	(void)span_cut(&name, '@', &head);
	name = head;
	(void)span_cut(&name, '+', &head);
	return span_is_nocase(head, "root");
}

/* Both names count: the host goes by either of them. */
static enum reason
check_account(const struct identity_rules *rules, const struct account *account,
    const char *user, struct trace *trace)
{
	const bool is_root = account->uid == 0 ||
	    is_root_name(account, span_of(user)) ||
	    is_root_name(account, span_of(account->name));
	char wanted[48];

	if (account->uid == UID_NO_ACCOUNT)
		return trace_text(trace, "account", REASON_USER_REFUSED,
		    "an account of this host", "no account");
	if (is_root && !rules->allow_root)
		return trace_text(trace, "account", REASON_USER_REFUSED,
		    "allow_root = yes, or another account", "root");
	if (account->uid > 0 && account->uid < rules->min_uid) {
		(void)snprintf(wanted, sizeof(wanted), "uid %lld or more",
		    (long long)rules->min_uid);
		return trace_text(trace, "account", REASON_USER_REFUSED, wanted,
		    "uid %lld", (long long)account->uid);
	}
	return REASON_OK;
}

bool
identity_opens(const struct identity_rules *rules, int64_t uid)
{
	const struct account account = { .name = "", .uid = uid };
	struct trace trace;

	trace_init(&trace);
	return check_account(rules, &account, "", &trace) == REASON_OK;
}

enum reason
identity_check(const struct claims *claims, const struct identity_rules *rules,
    const struct account *account, char user[USER_MAX + 1], bool *is_delegate,
    struct trace *trace)
{
	struct span value = { .ptr = NULL };
	char lower[VALUE_MAX] UNINITIALIZED;
	enum reason reason;

	user[0] = '\0';
	*is_delegate = false;
	if ((reason = check_email(claims, rules, trace)) != REASON_OK ||
	    (reason = get_value(claims, rules, lower, &value, trace)) !=
		REASON_OK ||
	    (reason = map_value(claims, rules, value, account, user, trace)) !=
		REASON_OK)
		return reason;
	if (compare(rules, account, user) == ANOTHER) {
		if (account->uid != UID_UNKNOWN ||
		    rules->delegation_permission == NULL ||
		    !policy_has_permission(claims,
			rules->delegation_permission) ||
		    !identity_is_safe_name(span_of(account->name)))
			return trace_span(trace, "user", REASON_USER_MISMATCH,
			    span_of(user), account->name);
		*is_delegate = true;
	}
	if ((reason = check_account(rules, account, user, trace)) != REASON_OK)
		return reason;
	return trace_span(trace, "user", REASON_OK, span_of(user), "");
}
