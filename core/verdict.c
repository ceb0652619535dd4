/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "count.h"
#include "handle.h"

#define VALUE_SHOWN 160

void
verdict_init(struct audient_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->reason = REASON_INTERNAL;
}

static void
put(char word[AUDIENT_WORD_MAX + 1], struct span s)
{
	struct text text UNINITIALIZED;

	text_clear(&text);
	text_add(&text, s, AUDIENT_NAME_MAX + 1);
	memcpy(word, text.s, text.len + 1);
}

/* The hash of what may be a password would help to guess it. */
static bool
has_id(struct span token)
{
	return span_starts(token, "eyJ");
}

void
audient_token_id(const struct audient *a, struct span token,
    char id[AUDIENT_TOKEN_ID_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	id[0] = '\0';
	if (has_id(token) &&
	    crypto_sha256(&a->world.crypto, token, digest) == REASON_OK)
		crypto_hex(digest, id, AUDIENT_TOKEN_ID_SIZE);
}

void
verdict_set_token(struct audient_verdict *v, struct span token,
    const unsigned char digest[SHA256_SIZE])
{
	if (has_id(token))
		crypto_hex(digest, v->token_id, AUDIENT_TOKEN_ID_SIZE);
}

void
verdict_set_key(struct audient_verdict *v, struct span kid)
{
	put(v->key, kid);
}

void
verdict_set_claims(struct audient_verdict *v, const struct claims *claims)
{
	struct span sub = { .ptr = NULL };

	v->proof = claims->proof;
	(void)json_as_string(claims_get(claims, "sub"), &sub);
	put(v->subject, sub);
	put(v->client, claims_client(claims));
}

void
verdict_set_trace(struct audient_verdict *v, const struct trace *trace)
{
	if (v->reason == REASON_OK)
		return;
	v->user[0] = '\0';
	v->is_delegate = false;
	v->check = trace->failed;
	(void)snprintf(v->found, sizeof(v->found), "%s", trace->found.s);
	(void)snprintf(v->wanted, sizeof(v->wanted), "%s", trace->wanted.s);
}

/* Built where it stands: want of memory must not cost us the audit line. */
static void
add(struct audient_line *line, const char *s, size_t n)
{
	const size_t left = AUDIENT_LINE_MAX - 1 - line->len;

	if (n > left)
		n = left;
	memcpy(line->text + line->len, s, n);
	line->len += n;
	line->text[line->len] = '\0';
}

/* The value is what the line has of it, from start to its end. */
static void
note(struct audient_line *line, const char *key, size_t start)
{
	if (start == AUDIENT_LINE_MAX - 1 || line->n_pairs == AUDIENT_PAIRS_MAX)
		return; /* the line is full */
	line->pairs[line->n_pairs++] = (struct audient_pair){ .key = key,
		.value = { .ptr = line->text + start,
		    .len = line->len - start } };
}

/* key=value, in quotes if it could be taken for something else */
static void
pair(struct audient_line *line, const char *key, struct span value)
{
	struct text text UNINITIALIZED;
	size_t start;

	text_clear(&text);
	text_add(&text, value, VALUE_SHOWN);
	if (line->len > 0)
		add(line, " ", 1);
	add(line, key, strlen(key));
	add(line, "=", 1);
	if (text.len > 0 && strpbrk(text.s, " \"=") == NULL) {
		start = line->len;
		add(line, text.s, text.len);
		note(line, key, start);
		return;
	}
	add(line, "\"", 1);
	start = line->len;
	for (const char *p = text.s; *p != '\0'; p++)
		add(line, *p == '"' ? "'" : p, 1);
	note(line, key, start);
	add(line, "\"", 1);
}

static void
line_init(struct audient_line *line)
{
	line->text[0] = '\0';
	line->len = 0;
	line->n_pairs = 0;
}

static void
pair_if(struct audient_line *line, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		pair(line, key, span_of(value));
}

static void
get_id(const struct audient *a, const struct audient_request *rq,
    const struct audient_verdict *v, char id[AUDIENT_TOKEN_ID_SIZE])
{
	if (v->token_id[0] != '\0')
		memcpy(id, v->token_id, sizeof(v->token_id));
	else
		audient_token_id(a, rq->token, id);
}

void
audient_audit(const struct audient *a, const struct audient_request *rq,
    const struct audient_verdict *v, struct audient_line *line)
{
	const enum outcome outcome = reason_outcome(v->reason);
	char id[AUDIENT_TOKEN_ID_SIZE];

	if (a->tally != NULL)
		tally_add(a->tally, a->world.cache, rq->service, v->reason);
	else
		count_decisions(a->world.cache, rq->service, v->reason, 1);
	get_id(a, rq, v, id);
	line_init(line);
	pair(line, "service", span_of(rq->service));
	pair_if(line, "user",
	    v->user[0] != '\0'			? v->user
		: rq->uid == AUDIENT_NO_ACCOUNT ? "(no account)"
						: rq->user);
	if (v->is_delegate)
		pair_if(line, "acts_for", rq->user);
	pair(line, "verdict", span_of(outcome_name(outcome)));
	pair(line, "reason", span_of(reason_name(v->reason)));
	pair_if(line, "subject", v->subject);
	pair_if(line, "client", v->client);
	pair_if(line, "token", id);
	pair_if(line, "key", v->key);
	if (v->proof != PROOF_NONE)
		pair(line, "proof", span_of(proof_name(v->proof)));
	if (v->proof == PROOF_USERINFO)
		pair(line, "audience", span_of("unbound"));
	pair_if(line, "rhost", rq->rhost);
	if (outcome != OUTCOME_ALLOW) {
		pair_if(line, "check", v->check);
		pair_if(line, "found", v->found);
		/* people type passwords into the wrong field, too */
		if (rq->uid != AUDIENT_NO_ACCOUNT)
			pair_if(line, "wanted", v->wanted);
	}
}

void
audient_login(const struct audient *a, const struct audient_request *rq,
    const struct audient_verdict *v, struct audient_login *login)
{
	memset(login, 0, sizeof(*login));
	memcpy(login->user, v->user, sizeof(login->user));
	memcpy(login->subject, v->subject, sizeof(login->subject));
	memcpy(login->client, v->client, sizeof(login->client));
	get_id(a, rq, v, login->token_id);
	login->expires = v->expires;
}

void
audient_audit_session(const char *service, const char *user, const char *event,
    const struct audient_login *login, struct audient_line *line)
{
	char expires[24];

	line_init(line);
	pair(line, "service", span_of(service));
	pair(line, "user", span_of(user));
	pair(line, "session", span_of(event));
	pair_if(line, "subject", login->subject);
	pair_if(line, "client", login->client);
	pair_if(line, "token", login->token_id);
	if (login->expires != 0) {
		(void)snprintf(expires, sizeof(expires), "%lld",
		    (long long)login->expires);
		pair(line, "expires", span_of(expires));
	}
}
