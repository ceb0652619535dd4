/* SPDX-License-Identifier: BSD-2-Clause */
#include "grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define ANSWER_MAX (64 * 1024)

static enum reason
missing(struct text *why, const char *what)
{
	text_printf(why, "%s", what);
	return REASON_CONFIG_INVALID;
}

static enum reason
join(const struct list *words, char scope[GRANT_SCOPE_MAX], struct text *why)
{
	size_t len = 0;

	scope[0] = '\0';
	for (size_t i = 0; i < words->n; i++) {
		const int n = snprintf(scope + len, GRANT_SCOPE_MAX - len,
		    "%s%s", i > 0 ? " " : "", words->item[i]);

		if (n < 0 || (size_t)n >= GRANT_SCOPE_MAX - len)
			return missing(why, "the scope is too long");
		len += (size_t)n;
	}
	return REASON_OK;
}

static enum reason
choose_scope(const struct audient_grant *grant, const struct service *v,
    char scope[GRANT_SCOPE_MAX], struct text *why)
{
	int n;

	if (grant->scope == NULL)
		return join(v->flow.scope.n > 0 ? &v->flow.scope
						: &v->policy.scopes,
		    scope, why);
	n = snprintf(scope, GRANT_SCOPE_MAX, "%s", grant->scope);
	return n >= 0 && n < GRANT_SCOPE_MAX
	    ? REASON_OK
	    : missing(why, "the scope is too long");
}

enum reason
wish_make(struct audient *a, const struct audient_grant *grant,
    struct wish *wish, struct text *why)
{
	const struct service *v =
	    conf_service(a->conf, grant->service != NULL ? grant->service : "");

	*wish = (struct wish){ .a = a,
		.client_id = grant->client_id != NULL ? grant->client_id
						      : v->flow.client_id,
		.audience = grant->audience,
		.secret = grant->secret };
	for (size_t i = 0; i < a->conf->n_tenants; i++)
		if (v->tenants == 1U << i)
			wish->tenant = &a->conf->tenant[i];
	if (wish->tenant == NULL)
		return missing(why,
		    "there are several tenants, and the service names none "
		    "or more than one");
	wish->issuer = wish->tenant->issuers.item[0];
	if (wish->audience == NULL && v->claims.audiences.n == 1)
		wish->audience = v->claims.audiences.item[0];
	if (wish->audience == NULL)
		return missing(why,
		    v->claims.audiences.n == 0
			? "no audience is given, the identifier of the API"
			: "there are several audiences, and one is needed");
	if (wish->client_id == NULL)
		return missing(why,
		    "no client_id is given, the id of the application");
	return choose_scope(grant, v, wish->scope, why);
}

void
wish_clear(struct wish *wish)
{
	endpoints_clear(&wish->endpoints);
}

/* What every request begins with. */
enum reason
wish_add_client(const struct wish *wish, struct buf *form)
{
	enum reason reason;

	if ((reason = oauth_add_field(form, "client_id",
		 span_of(wish->client_id))) != REASON_OK ||
	    wish->secret.len == 0)
		return reason;
	return oauth_add_field(form, "client_secret", wish->secret);
}

enum reason
wish_add_wanted(const struct wish *wish, struct buf *form)
{
	enum reason reason;

	if ((reason = oauth_add_field(form, "audience",
		 span_of(wish->audience))) != REASON_OK ||
	    wish->scope[0] == '\0')
		return reason;
	return oauth_add_field(form, "scope", span_of(wish->scope));
}

static char **
endpoint_of(struct endpoints *endpoints, enum endpoint which)
{
	return which == TOKEN_ENDPOINT ? &endpoints->token
				       : &endpoints->device_authorization;
}

static const char *
endpoint_set(const struct tenant *t, enum endpoint which)
{
	return which == TOKEN_ENDPOINT ? t->token_endpoint
				       : t->device_authorization_endpoint;
}

/* The file may know an endpoint without anybody being asked. */
static enum reason
find_endpoint(struct wish *wish, enum endpoint which, int64_t deadline_ms,
    const char **url, struct text *why)
{
	struct issuer_document document;
	enum reason reason = REASON_OK;

	if ((*url = endpoint_set(wish->tenant, which)) != NULL ||
	    (*url = *endpoint_of(&wish->endpoints, which)) != NULL)
		return REASON_OK;
	endpoints_clear(&wish->endpoints);
	if (discovery_get(&wish->a->world, wish->tenant, wish->issuer, false,
		deadline_ms, &wish->endpoints, &document) != ISSUER_OK) {
		text_add(why, span_of(document.why.s), TEXT_MAX);
		reason = document.status == 429 ? REASON_RATE_LIMITED
						: REASON_ISSUER_UNAVAILABLE;
	} else if ((*url = *endpoint_of(&wish->endpoints, which)) == NULL) {
		text_printf(why,
		    "the discovery document of %s has no %s_endpoint",
		    wish->issuer,
		    which == TOKEN_ENDPOINT ? "token" : "device_authorization");
		reason = REASON_CONFIG_INVALID;
	}
	issuer_document_clear(&document);
	return reason;
}

enum reason
wish_post(struct wish *wish, enum endpoint which, const struct buf *form,
    struct issuer_document *document, struct text *why)
{
	struct issuer_question question = { .tenant = wish->tenant,
		.form = buf_span(form),
		.takes_errors = true,
		.size_max = ANSWER_MAX,
		.deadline_ms =
		    clock_ms() + (int64_t)wish->tenant->timeout * 1000 };
	enum reason reason;

	*document = (struct issuer_document){ .status = 0 };
	if ((reason = find_endpoint(wish, which, question.deadline_ms,
		 &question.url, why)) != REASON_OK)
		return reason;
	if (issuer_get(&wish->a->world, &question, document) == ISSUER_OK) {
		text_printf(why, "%s: ", question.url);
		return REASON_OK;
	}
	text_add(why, span_of(document->why.s), TEXT_MAX);
	return document->status == 429 ? REASON_RATE_LIMITED
				       : REASON_ISSUER_UNAVAILABLE;
}

static enum reason
reason_of(enum oauth_end end)
{
	switch (end) {
	case OAUTH_TOKEN:
		return REASON_OK;
	case OAUTH_PENDING:
	case OAUTH_SLOW_DOWN:
	case OAUTH_OVER:
		return REASON_DEVICE_UNCONFIRMED;
	case OAUTH_LIMITED:
		return REASON_RATE_LIMITED;
	case OAUTH_DECLINED:
		return REASON_DEVICE_DECLINED;
	case OAUTH_REFUSED:
		return REASON_CONFIG_INVALID;
	case OAUTH_NONSENSE:
		return REASON_ISSUER_UNAVAILABLE;
	case OAUTH_NO_MEMORY:
		return REASON_OUT_OF_MEMORY;
	}
	return REASON_INTERNAL;
}

enum reason
wish_ask(struct wish *wish, const struct buf *form, enum oauth_end *end,
    int *wait_s, struct audient_tokens *tokens, struct text *why)
{
	struct issuer_document document;
	struct oauth_tokens answer;
	enum reason reason;
	int64_t now;

	*end = OAUTH_NONSENSE;
	reason = wish_post(wish, TOKEN_ENDPOINT, form, &document, why);
	now = clock_now();
	if (reason == REASON_OK) {
		*end = oauth_read_token(document.status, document.doc.nodes,
		    &answer, why);
		reason = reason_of(*end);
		tokens->access = answer.access;	  /* transferred */
		tokens->refresh = answer.refresh; /* transferred */
		if (answer.lifetime > 0)
			tokens->expires = now + answer.lifetime;
	}
	*wait_s = reason == REASON_RATE_LIMITED && document.limit_until > now
	    ? (int)(document.limit_until - now)
	    : 0;
	issuer_document_clear(&document);
	return reason;
}

void
tokens_init(struct audient_tokens *tokens)
{
	*tokens = (struct audient_tokens){ .access = BUF_INIT(0),
		.refresh = BUF_INIT(0) };
}

void
audient_tokens_clear(struct audient_tokens *tokens)
{
	buf_free(&tokens->access);
	buf_free(&tokens->refresh);
	tokens->expires = 0;
}

enum reason
grant_tell(enum reason reason, const struct text *text, char *why)
{
	const char *said = text->len > 0 ? text->s : reason_text(reason);

	if (reason == REASON_TOKEN_TOO_LARGE) {
		reason = REASON_CONFIG_INVALID;
		said = "the request is too large; shorten client_id or scope";
	}
	(void)snprintf(why, AUDIENT_LINE_MAX, "%s",
	    reason == REASON_OK ? "" : said);
	return reason;
}

static enum reason
write_grant(const struct wish *wish, struct span refresh, struct buf *form)
{
	const bool is_refresh = refresh.len > 0;
	enum reason reason;

	if ((reason = oauth_add_field(form, "grant_type",
		 span_of(is_refresh ? "refresh_token"
				    : "client_credentials"))) != REASON_OK ||
	    (reason = wish_add_client(wish, form)) != REASON_OK)
		return reason;
	/* what is refreshed was wished for when it was first asked for */
	return is_refresh ? oauth_add_field(form, "refresh_token", refresh)
			  : wish_add_wanted(wish, form);
}

enum reason
audient_grant_token(struct audient *a, const struct audient_grant *grant,
    struct span refresh, struct audient_tokens *tokens, char *why)
{
	struct buf form = BUF_INIT(GRANT_FORM_MAX);
	enum oauth_end end;
	enum reason reason;
	struct wish wish;
	struct text text;
	int wait_s;

	text_clear(&text);
	tokens_init(tokens);
	if ((reason = wish_make(a, grant, &wish, &text)) == REASON_OK &&
	    (reason = write_grant(&wish, refresh, &form)) == REASON_OK) {
		reason = wish_ask(&wish, &form, &end, &wait_s, tokens, &text);
		if (end == OAUTH_DECLINED || end == OAUTH_OVER ||
		    end == OAUTH_REFUSED)
			reason = refresh.len > 0 ? REASON_DEVICE_UNCONFIRMED
						 : REASON_CONFIG_INVALID;
	}
	wish_clear(&wish);
	buf_free(&form);
	return grant_tell(reason, &text, why);
}

enum reason
audient_grant_id(struct audient *a, const struct audient_grant *grant,
    char id[AUDIENT_GRANT_ID_SIZE], char *why)
{
	struct buf form = BUF_INIT(GRANT_FORM_MAX);
	char hex[SHA256_HEX_SIZE];
	enum reason reason;
	struct wish wish;
	struct text text;

	text_clear(&text);
	id[0] = '\0';
	if ((reason = wish_make(a, grant, &wish, &text)) == REASON_OK &&
	    (reason = oauth_add_field(&form, "issuer", span_of(wish.issuer))) ==
		REASON_OK &&
	    (reason = oauth_add_field(&form, "client_id",
		 span_of(wish.client_id))) == REASON_OK &&
	    (reason = oauth_add_field(&form, "by",
		 span_of(wish.secret.len > 0 ? "secret" : "device"))) ==
		REASON_OK &&
	    (reason = wish_add_wanted(&wish, &form)) == REASON_OK &&
	    (reason = crypto_sha256_hex(&a->world.crypto, buf_span(&form),
		 hex)) == REASON_OK)
		(void)snprintf(id, AUDIENT_GRANT_ID_SIZE, "%.32s", hex);
	wish_clear(&wish);
	buf_free(&form);
	return grant_tell(reason, &text, why);
}
