/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include <string.h>

#define KVSEP	 '\1'
#define KEYS_MAX 64
#define HOST_MAX 255

static bool
is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes over a name without NUL and control bytes. */
static bool
set_authzid(struct message *m, const char *name, size_t len)
{
	if (len == 0 || len > AUTHZID_MAX ||
	    !span_is_utf8((struct span){ .ptr = name, .len = len }))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == '\x7f')
			return false;
	memcpy(m->authzid, name, len);
	m->authzid[len] = '\0';
	m->has_authzid = true;
	return true;
}

/* saslname: "," is "=2C" and "=" is "=3D", in any case, and nothing else. */
static bool
take_saslname(struct span in, struct message *m)
{
	char name[AUTHZID_MAX];
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.ptr[i];

		if (c == '=') {
			const struct span code = { .ptr = in.ptr + i,
				.len = in.len - i < 3 ? in.len - i : 3 };

			if (span_is_nocase(code, "=2c"))
				c = ',';
			else if (!span_is_nocase(code, "=3d"))
				return false;
			i += 2;
		}
		if (n == sizeof(name))
			return false;
		name[n++] = c;
	}
	return set_authzid(m, name, n);
}

/*
 * gs2-header = ("n" / "y") "," [ "a=" saslname ] ",".  "y" is true, as there
 * is no variant with channel binding; "p" wants one.
 */
static bool
take_gs2_header(struct span *in, struct message *m)
{
	struct span flag, name;

	if (!span_cut(in, ',', &flag) || !span_cut(in, ',', &name))
		return false;
	if (!span_is(flag, "n") && !span_is(flag, "y"))
		return false;
	if (name.len == 0)
		return true;
	if (!span_starts(name, "a="))
		return false;
	name.ptr += 2;
	name.len -= 2;
	return take_saslname(name, m);
}

/* value = *( VCHAR / SP / HTAB / CR / LF ) */
static bool
is_value(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		const char c = s.ptr[i];

		if ((c < ' ' || c > '~') && c != '\t' && c != '\r' && c != '\n')
			return false;
	}
	return true;
}

static bool
is_key(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alpha(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* 1 to 65535, without a leading zero */
static bool
is_port(struct span s)
{
	unsigned int n = 0;

	if (s.len == 0 || s.len > 5 || s.ptr[0] == '0')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]))
			return false;
		n = 10 * n + (unsigned int)(s.ptr[i] - '0');
	}
	return n <= 65535;
}

/* A name or an address; not the whole truth, but safe to show. */
static bool
is_host(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alpha(s.ptr[i]) && !is_digit(s.ptr[i]) &&
		    memchr("-.:[]", s.ptr[i], 5) == NULL)
			return false;
	return s.len > 0 && s.len <= HOST_MAX;
}

/*
 * "Bearer" 1*SP b64token, the scheme in any case (RFC 7235 section 2.1); the
 * token, or ptr NULL.
 */
static struct span
find_token(struct span auth)
{
	const struct span none = { .ptr = NULL };
	struct span scheme;

	if (!span_cut(&auth, ' ', &scheme) || !span_is_nocase(scheme, "bearer"))
		return none;
	while (auth.len > 0 && auth.ptr[0] == ' ') {
		auth.ptr++;
		auth.len--;
	}
	return span_is_b64token(auth) ? auth : none;
}

static enum message_kind
take_auth(struct span auth, struct message *m)
{
	m->token = find_token(auth);
	if (m->token.ptr != NULL)
		return MESSAGE_TOKEN; /* so it is a value, too */
	if (!is_value(auth))
		return MESSAGE_GARBAGE;
	return auth.len == 0 ? MESSAGE_QUERY : MESSAGE_INVALID;
}

/* The keys that a message has had so far. */
struct keys {
	struct span key[KEYS_MAX];
	size_t n;
};

static bool
is_new(struct keys *seen, struct span key)
{
	if (seen->n == KEYS_MAX)
		return false;
	for (size_t i = 0; i < seen->n; i++)
		if (span_equal(seen->key[i], key))
			return false;
	seen->key[seen->n++] = key;
	return true;
}

/*
 * *kvpair kvsep: unknown keys are ignored, no key comes twice, and after the
 * closing ^A there is nothing.  seen has what came before the pairs.
 */
static enum message_kind
take_pairs(struct span in, struct keys *seen, struct message *m)
{
	struct span pair, key, auth = { .ptr = NULL };
	bool has_auth = false;

	for (;;) {
		if (!span_cut(&in, KVSEP, &pair))
			return MESSAGE_CUT;
		if (pair.len == 0)
			break;
		if (!span_cut(&pair, '=', &key) || !is_key(key) ||
		    !is_new(seen, key))
			return MESSAGE_GARBAGE;
		if (span_is(key, "auth")) {
			auth = pair;
			has_auth = true;
			continue;
		}
		if (!is_value(pair))
			return MESSAGE_GARBAGE;
		if (span_is(key, "port") && !is_port(pair))
			return MESSAGE_GARBAGE;
		if (span_is(key, "host") && is_host(pair))
			m->host = pair;
	}
	if (in.len != 0)
		return MESSAGE_GARBAGE;
	return has_auth ? take_auth(auth, m) : MESSAGE_INVALID;
}

static enum message_kind
parse_oauthbearer(struct span in, struct message *m)
{
	struct keys seen = { .n = 0 };
	struct span rest;

	if (in.len == 1 && in.ptr[0] == KVSEP)
		return MESSAGE_ACK;
	if (!take_gs2_header(&in, m))
		return MESSAGE_GARBAGE;
	if (in.len == 0)
		return MESSAGE_CUT;
	if (!span_cut(&in, KVSEP, &rest) || rest.len > 0)
		return MESSAGE_GARBAGE;
	return take_pairs(in, &seen, m);
}

/* "user=" name ^A "auth=Bearer " token ^A ^A; no escapes, user first. */
static enum message_kind
parse_xoauth2(struct span in, struct message *m)
{
	struct keys seen = { .key = { span_of("user") }, .n = 1 };
	struct span user;

	if (!span_starts(in, "user="))
		return MESSAGE_GARBAGE;
	in.ptr += 5;
	in.len -= 5;
	if (!span_cut(&in, KVSEP, &user))
		return MESSAGE_CUT;
	if (!set_authzid(m, user.ptr, user.len))
		return MESSAGE_GARBAGE;
	return take_pairs(in, &seen, m);
}

void
message_parse(enum dialect dialect, struct span in, struct message *m)
{
	memset(m, 0, sizeof(*m));
	if (in.len == 0 || in.len > MESSAGE_MAX ||
	    memchr(in.ptr, '\0', in.len) != NULL)
		return; /* MESSAGE_GARBAGE */
	switch (dialect) {
	case DIALECT_OAUTHBEARER:
		m->kind = parse_oauthbearer(in, m);
		break;
	case DIALECT_XOAUTH2:
		m->kind = parse_xoauth2(in, m);
		break;
	}
	if (m->kind != MESSAGE_TOKEN)
		*m = (struct message){ .kind = m->kind };
}

/* The other way round: "," and "=" of a name become =2C and =3D. */
static enum reason
add_saslname(struct buf *out, const char *name)
{
	enum reason reason = REASON_OK;

	for (; *name != '\0' && reason == REASON_OK; name++) {
		if (*name == ',')
			reason = buf_add_str(out, "=2C");
		else if (*name == '=')
			reason = buf_add_str(out, "=3D");
		else
			reason = buf_add(out, name, 1);
	}
	return reason;
}

static enum reason
add_pair(struct buf *out, const char *key, const char *value)
{
	if (value == NULL)
		return REASON_OK;
	return buf_printf(out, "%s=%s\1", key, value);
}

static enum reason
add_header(enum dialect dialect, const struct message_parts *parts,
    struct buf *out)
{
	enum reason reason;

	if (dialect == DIALECT_XOAUTH2)
		return buf_printf(out, "user=%s\1", parts->authzid);
	if ((reason = buf_add_str(out, "n,")) != REASON_OK)
		return reason;
	if (parts->authzid != NULL &&
	    ((reason = buf_add_str(out, "a=")) != REASON_OK ||
		(reason = add_saslname(out, parts->authzid)) != REASON_OK))
		return reason;
	if ((reason = buf_add_str(out, ",\1")) != REASON_OK ||
	    (reason = add_pair(out, "host", parts->host)) != REASON_OK)
		return reason;
	return is_port(span_of(parts->port))
	    ? add_pair(out, "port", parts->port)
	    : REASON_OK;
}

enum reason
message_write(enum dialect dialect, const struct message_parts *parts,
    struct buf *out)
{
	struct message check;
	enum reason reason;

	if (!span_is_b64token(parts->token) ||
	    (parts->host != NULL && !is_value(span_of(parts->host))) ||
	    (parts->authzid != NULL &&
		!set_authzid(&check, parts->authzid, strlen(parts->authzid))) ||
	    (parts->authzid == NULL && dialect == DIALECT_XOAUTH2))
		return REASON_NOT_A_TOKEN;
	if ((reason = add_header(dialect, parts, out)) != REASON_OK ||
	    (reason = buf_add_str(out, "auth=Bearer ")) != REASON_OK ||
	    (reason = buf_add(out, parts->token.ptr, parts->token.len)) !=
		REASON_OK)
		return reason;
	return buf_add_str(out, "\1\1");
}
