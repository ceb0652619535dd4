/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "explain.h"

#define COLUMN_CHECK 22 /* of what a check has found */
#define COLUMN_TEXT  11 /* of what is said at the end */

/* The stages of a decision, by the names of their checks. */
static const struct {
	const char *stage;
	const char *checks; /* with blanks around each */
} stages[] = {
	{ "The bytes", " token " },
	{ "The signature", " header algorithm type key signature " },
	{ "The issuer's word", " userinfo " },
	{ "The claims",
	    " payload clock issuer kind audience sub azp client_id jti gty exp "
	    "iat nbf age binding " },
	{ "The policy",
	    " subject client organization scope permission auth_time acr amr "
	    "deny_file " },
	{ "The identity",
	    " email_verified username_claim username_case user_map username "
	    "account user " },
	{ "This host", " configuration single_use " },
};
#define N_STAGES (sizeof(stages) / sizeof(stages[0]))

/* A check that has no stage, such as a required claim, stays in the last. */
static const char *
stage_of(const char *check)
{
	char word[64];

	(void)snprintf(word, sizeof(word), " %.60s ", check);
	for (size_t i = 0; i < N_STAGES; i++)
		if (strstr(stages[i].checks, word) != NULL)
			return stages[i].stage;
	return NULL;
}

static void
add_json(struct explanation *x, const struct audient_step *s)
{
	(void)json_array_append_new(x->checks,
	    json_pack("{s:s, s:b, s:s, s:s, s:s}", "check", s->check, "passed",
		s->reason == REASON_OK, "reason", reason_name(s->reason),
		"found", s->found, "wanted", s->wanted));
}

void
explain_begin(struct explanation *x)
{
	char line[512];

	if (x->is_json)
		return;
	(void)snprintf(line, sizeof(line), "A token of %zu bytes for %.80s, %s",
	    x->rq.token.len, x->rq.service,
	    x->rq.user != NULL ? "as " : "as whomever it names");
	if (x->rq.user != NULL)
		(void)snprintf(line + strlen(line), sizeof(line) - strlen(line),
		    "%s %.80s", x->are_names ? "the user" : "the account",
		    x->rq.user);
	term_title(&x->term, line);
}

void
explain_step(struct explanation *x, const struct audient_step *s)
{
	const bool ok = s->reason == REASON_OK;
	const char *stage = stage_of(s->check);
	char head[32];

	if (x->is_json) {
		add_json(x, s);
		return;
	}
	if (stage != NULL && stage != x->stage) {
		term_put(&x->term, 1, STYLE_TITLE, stage, 0, "");
		x->stage = stage;
	}
	(void)snprintf(head, sizeof(head), "%-4s %.24s", ok ? "ok" : "FAIL",
	    s->check);
	term_put(&x->term, 2, ok ? STYLE_GOOD : STYLE_BAD, head, COLUMN_CHECK,
	    s->found[0] != '\0' ? s->found : "-");
	if (!ok && s->wanted[0] != '\0')
		term_put(&x->term, 2, STYLE_PLAIN, "     wanted", COLUMN_CHECK,
		    s->wanted);
}

static void
put(const struct explanation *x, const char *head, const char *text)
{
	if (text[0] != '\0')
		term_put(&x->term, 0, STYLE_TITLE, head, COLUMN_TEXT, text);
}

static enum style
style_of(enum reason reason)
{
	switch (reason_outcome(reason)) {
	case OUTCOME_ALLOW:
		return STYLE_GOOD;
	case OUTCOME_RETRY:
		return STYLE_WARN;
	case OUTCOME_DENY:
	case OUTCOME_BROKEN:
		break;
	}
	return STYLE_BAD;
}

static void
put_reason(const struct explanation *x, enum reason reason)
{
	char line[256];

	(void)snprintf(line, sizeof(line), "%s: %s", reason_name(reason),
	    reason_text(reason));
	term_put(&x->term, 0, style_of(reason),
	    outcome_name(reason_outcome(reason)), COLUMN_TEXT, line);
}

static void
put_told(const struct explanation *x)
{
	const struct peers *p = &x->peers;
	const struct {
		const char *who;
		const char *what;
	} told[] = {
		{ "PAM", p->pam },
		{ "ssh", p->ssh },
		{ "SASL", p->sasl },
		{ "SMTP", p->smtp },
		{ "IMAP", p->imap },
		{ "LDAP", p->ldap },
	};

	term_title(&x->term, "What the other side is told");
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		term_put(&x->term, 2, STYLE_PLAIN, told[i].who, COLUMN_TEXT,
		    told[i].what);
	term_title(&x->term, "What to do next");
	term_put(&x->term, 2, STYLE_PLAIN, "", 2, x->advice);
}

void
explain_text(const struct explanation *x)
{
	const struct audient_verdict *v = &x->verdict;
	json_t *warning;
	size_t i;

	(void)putchar('\n');
	put_reason(x, v->reason);
	if (reason_outcome(v->reason) != OUTCOME_RETRY)
		json_array_foreach (x->warnings, i, warning)
			put(x, "warning", json_string_value(warning));
	put(x, "user", v->user);
	put(x, "subject", v->subject);
	put(x, "client", v->client);
	put(x, "token", x->token_id);
	put(x, "proof",
	    v->proof == PROOF_USERINFO
		? "userinfo: the issuer's word, bound to no audience"
		: proof_name(v->proof));
	if (v->reason == REASON_OK && x->rq.user == NULL)
		put(x, "note",
		    "The name was found and compared with nobody's: say "
		    "--user NAME to see what a login as NAME would get.");
	(void)putchar('\n');
	put_told(x);
}

static json_t *
pack_peers(const struct peers *p)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "pam", p->pam, "ssh",
	    p->ssh, "sasl", p->sasl, "smtp", p->smtp, "imap", p->imap, "ldap",
	    p->ldap);
}

bool
explain_json(const struct explanation *x)
{
	const struct audient_verdict *v = &x->verdict;

	return print_json(json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, "
				    "s:s, s:s, s:s, s:s, "
				    "s:s, s:b, s:o, s:s, s:I, s:O, s:O}",
	    "verdict", outcome_name(reason_outcome(v->reason)), "reason",
	    reason_name(v->reason), "text", reason_text(v->reason), "user",
	    v->user[0] != '\0' ? v->user : NULL, "subject", v->subject,
	    "client", v->client, "proof", proof_name(v->proof), "key", v->key,
	    "token", x->token_id, "service", x->rq.service, "users",
	    x->are_names ? "names" : "accounts", "pam", x->peers.pam, "sasl",
	    x->peers.sasl, "compared", x->rq.user != NULL, "peers",
	    pack_peers(&x->peers), "advice", x->advice, "expires",
	    (json_int_t)v->expires, "checks", x->checks, "warnings",
	    x->warnings));
}

bool
explain_reason(const struct explanation *x, enum reason reason)
{
	if (x->is_json)
		return print_json(json_pack("{s:s, s:s, s:s, s:o, s:s}",
		    "verdict", outcome_name(reason_outcome(reason)), "reason",
		    reason_name(reason), "text", reason_text(reason), "peers",
		    pack_peers(&x->peers), "advice", x->advice));
	put_reason(x, reason);
	(void)putchar('\n');
	put_told(x);
	return true;
}
