/* SPDX-License-Identifier: BSD-2-Clause */
#include "deny.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 1024

enum kind { KIND_SUB, KIND_AZP, KIND_JTI, KIND_KID, KIND_ISSUED_BEFORE };

static const char *const kinds[] = {
	[KIND_SUB] = "sub",
	[KIND_AZP] = "azp",
	[KIND_JTI] = "jti",
	[KIND_KID] = "kid",
	[KIND_ISSUED_BEFORE] = "issued-before",
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct entry {
	enum kind kind;
	unsigned int line;
	int64_t before;	   /* of KIND_ISSUED_BEFORE */
	struct span value; /* in deny->text; of issued-before: a sub, or none */
};

struct deny {
	char *text;
	struct entry *entry;
	size_t n;
	size_t alloc;
};

static enum reason
bad(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_CONFIG_INVALID;
}

static bool
take_digits(struct span *s, size_t n, int64_t *out)
{
	*out = 0;
	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->ptr[i] < '0' || s->ptr[i] > '9')
			return false;
		*out = 10 * *out + (s->ptr[i] - '0');
	}
	s->ptr += n;
	s->len -= n;
	return true;
}

static bool
take_mark(struct span *s, char c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	s->ptr++;
	s->len--;
	return true;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	/* years begin in March, so that the leap day is the last one */
	const int64_t year = m <= 2 ? y - 1 : y;
	const int64_t month = m <= 2 ? m + 9 : m - 3;

	return 365 * year + year / 4 - year / 100 + year / 400 +
	    (153 * month + 2) / 5 + d - 1 - 719468;
}

/* 2026-11-21T12:00:00Z, RFC 3339 without fraction and offset */
static bool
parse_time(struct span s, int64_t *out)
{
	int64_t y, mo, d, h, mi, sec;

	if (!take_digits(&s, 4, &y) || !take_mark(&s, '-') ||
	    !take_digits(&s, 2, &mo) || !take_mark(&s, '-') ||
	    !take_digits(&s, 2, &d) || !take_mark(&s, 'T') ||
	    !take_digits(&s, 2, &h) || !take_mark(&s, ':') ||
	    !take_digits(&s, 2, &mi) || !take_mark(&s, ':') ||
	    !take_digits(&s, 2, &sec) || !take_mark(&s, 'Z') || s.len != 0)
		return false;
	if (y < 1970 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 ||
	    mi > 59 || sec > 60)
		return false;
	*out = 86400 * days(y, mo, d) + 3600 * h + 60 * mi + sec;
	return true;
}

static enum reason
append(struct deny *deny, const struct entry *e)
{
	if (deny->n == deny->alloc) {
		const size_t alloc = deny->alloc == 0 ? 16 : 2 * deny->alloc;
		struct entry *grown =
		    reallocarray(deny->entry, alloc, sizeof(*grown));

		if (grown == NULL)
			return REASON_OUT_OF_MEMORY;
		deny->entry = grown;
		deny->alloc = alloc;
	}
	deny->entry[deny->n++] = *e;
	return REASON_OK;
}

/* "TIME" or "TIME sub VALUE" */
static enum reason
parse_issued_before(struct span s, struct entry *e, struct text *why)
{
	struct span word;

	(void)span_cut(&s, ' ', &word);
	if (!parse_time(word, &e->before))
		return bad(why,
		    "issued-before takes a time such as "
		    "2026-11-21T12:00:00Z");
	s = span_trim(s);
	if (s.len == 0)
		return REASON_OK;
	(void)span_cut(&s, ' ', &word);
	e->value = span_trim(s);
	if (!span_is(word, "sub") || e->value.len == 0)
		return bad(why,
		    "behind the time there is nothing or "
		    "\"sub\" and a subject");
	return REASON_OK;
}

static enum reason
parse_line(struct deny *deny, struct span line, unsigned int number,
    struct text *why)
{
	struct entry e = { .line = number };
	enum reason reason;
	struct span word;
	size_t kind = 0;

	line = span_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return REASON_OK;
	(void)span_cut(&line, ' ', &word);
	line = span_trim(line);
	while (kind < N_KINDS && !span_is(word, kinds[kind]))
		kind++;
	if (kind == N_KINDS)
		return bad(why,
		    "a line begins with sub, azp, jti, kid or "
		    "issued-before, and a blank");
	if (line.len == 0 || line.len > VALUE_MAX)
		return bad(why, "a value of 1 to 1024 bytes is missing");
	e.kind = (enum kind)kind;
	if (e.kind != KIND_ISSUED_BEFORE)
		e.value = line;
	else if ((reason = parse_issued_before(line, &e, why)) != REASON_OK)
		return reason;
	return append(deny, &e);
}

static enum reason
parse(struct deny *deny, struct span text, unsigned int *line, struct text *why)
{
	enum reason reason;
	struct span head;
	bool more;

	do {
		more = span_cut(&text, '\n', &head);
		++*line;
		reason = parse_line(deny, head, *line, why);
	} while (more && reason == REASON_OK);
	return reason;
}

enum reason
deny_parse(struct span text, struct deny **denyp, unsigned int *line,
    struct text *why)
{
	enum reason reason = REASON_OUT_OF_MEMORY;
	const char *fault = text_fault(text);
	struct deny *deny;

	*denyp = NULL;
	*line = 0;
	if (fault != NULL)
		return bad(why, fault);
	if ((deny = calloc(1, sizeof(*deny))) == NULL)
		return REASON_OUT_OF_MEMORY;
	deny->text = strndup(text.ptr != NULL ? text.ptr : "", text.len);
	if (deny->text != NULL)
		reason = parse(deny,
		    (struct span){ .ptr = deny->text, .len = text.len }, line,
		    why);
	if (reason != REASON_OK) {
		deny_free(deny);
		return reason;
	}
	*denyp = deny;
	return REASON_OK;
}

void
deny_free(struct deny *deny)
{
	if (deny == NULL)
		return;
	free(deny->text);
	free(deny->entry);
	free(deny);
}

/* Is one of the claim's names this value? */
static bool
claim_is(const struct claims *claims, const char *name, struct span value)
{
	struct span s;

	return json_as_string(claims_get(claims, name), &s) &&
	    span_equal(s, value);
}

static bool
matches(const struct entry *e, const struct claims *claims, struct span kid)
{
	int64_t iat = -1;

	switch (e->kind) {
	case KIND_SUB:
		return claim_is(claims, "sub", e->value);
	case KIND_AZP:
		return claim_is(claims, "azp", e->value) ||
		    claim_is(claims, "client_id", e->value) ||
		    claim_is(claims, "cid", e->value);
	case KIND_JTI:
		return claim_is(claims, "jti", e->value);
	case KIND_KID:
		/* a JWT that does not name its key may be signed by this one */
		return kid.len > 0 ? span_equal(kid, e->value)
				   : claims->proof == PROOF_JWT;
	case KIND_ISSUED_BEFORE:
		(void)json_as_date(claims_get(claims, "iat"), &iat);
		return iat < e->before &&
		    (e->value.len == 0 || claim_is(claims, "sub", e->value));
	}
	return true;
}

enum reason
deny_check(const struct deny *deny, const struct claims *claims,
    struct span kid, struct trace *trace)
{
	for (size_t i = 0; i < deny->n; i++) {
		const struct entry *e = &deny->entry[i];

		if (matches(e, claims, kid))
			return trace_text(trace, "deny_file",
			    REASON_DENIED_LOCALLY, "no entry of deny_file",
			    "line %u: %s", e->line, kinds[e->kind]);
	}
	return trace_text(trace, "deny_file", REASON_OK, "", "no entry");
}
