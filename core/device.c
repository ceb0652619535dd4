/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "budget.h"
#include "clock.h"
#include "grant.h"

/* A stranger's page has to take as long to appear as a friend's. */
#define START_FLOOR_MS 500

/* Auth0 allows five a second for each address, and the tenant much less. */
static const struct budget device_budget = { .burst = 30, .per_minute = 30 };

static const char device_type[] =
    "urn:ietf:params:oauth:grant-type:device_code";

struct audient_device {
	struct wish wish;
	char *strings[2]; /* that the wish borrows: client id, audience */
	struct oauth_device flow;
	bool is_sham; /* nobody can confirm it, and nobody is asked */
	int64_t due_ms;
	int64_t code_end_ms; /* when the code is of no use any more */
	int64_t end_ms;	     /* when nobody waits any more */
	enum reason last;    /* what came of the last question */
};

/* The caller's strings may be gone by the time that we ask again. */
static enum reason
keep_wish(struct audient_device *d)
{
	d->strings[0] = strdup(d->wish.client_id);
	d->strings[1] = strdup(d->wish.audience);
	if (d->strings[0] == NULL || d->strings[1] == NULL)
		return REASON_OUT_OF_MEMORY;
	d->wish.client_id = d->strings[0];
	d->wish.audience = d->strings[1];
	d->wish.secret = span_of(NULL); /* the client is a public one */
	return REASON_OK;
}

static bool
may_ask(struct audient_device *d, struct text *why)
{
	char id[ISSUER_ID_SIZE], name[ISSUER_ID_SIZE + 8];
	const struct world *world = &d->wish.a->world;

	if (issuer_id(world, d->wish.tenant, d->wish.issuer, id) != REASON_OK)
		return false;
	(void)snprintf(name, sizeof(name), "device-%s", id);
	if (budget_take(world->cache, name, &device_budget, clock_now()))
		return true;
	text_printf(why,
	    "our own budget of questions is used up for the moment");
	return false;
}

static enum reason
read_start(struct audient_device *d, const struct issuer_document *document,
    struct text *why)
{
	struct oauth_tokens none;
	enum oauth_end end;

	if (document->status == 200)
		return oauth_read_device(document->doc.nodes, &d->flow, why);
	end =
	    oauth_read_token(document->status, document->doc.nodes, &none, why);
	oauth_tokens_clear(&none);
	/* whatever it is called, it is this request that is wrong */
	return end == OAUTH_LIMITED || end == OAUTH_SLOW_DOWN
	    ? REASON_RATE_LIMITED
	    : end == OAUTH_NONSENSE ? REASON_ISSUER_UNAVAILABLE
				    : REASON_CONFIG_INVALID;
}

static enum reason
ask_start(struct audient_device *d, struct text *why)
{
	struct issuer_document document = { .status = 0 };
	struct buf form = BUF_INIT(GRANT_FORM_MAX);
	enum reason reason;

	if (!may_ask(d, why))
		return REASON_RATE_LIMITED;
	if ((reason = wish_add_client(&d->wish, &form)) == REASON_OK &&
	    (reason = wish_add_wanted(&d->wish, &form)) == REASON_OK &&
	    (reason = wish_post(&d->wish, DEVICE_ENDPOINT, &form, &document,
		 why)) == REASON_OK)
		reason = read_start(d, &document, why);
	issuer_document_clear(&document);
	buf_free(&form);
	return reason;
}

/* What Auth0 would have said, but for the issuer's part in it. */
static enum reason
pretend(struct audient_device *d)
{
	static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
	unsigned char random[8];
	const char *slash = span_ends(span_of(d->wish.issuer), "/") ? "" : "/";
	char *p = d->flow.user_code;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return REASON_INTERNAL;
	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == 4)
			*p++ = '-';
		*p++ = letters[random[i] % (sizeof(letters) - 1)];
	}
	(void)snprintf(d->flow.page, sizeof(d->flow.page), "%s%sactivate",
	    d->wish.issuer, slash);
	(void)snprintf(d->flow.whole, sizeof(d->flow.whole),
	    "%.200s?user_code=%s", d->flow.page, d->flow.user_code);
	d->flow.lifetime = 900;
	d->flow.interval = OAUTH_INTERVAL;
	d->is_sham = true;
	return REASON_OK;
}

static enum reason
start(struct audient_device *d, const struct audient_grant *grant,
    struct text *why)
{
	const struct service *v = conf_service(d->wish.a->conf,
	    grant->service != NULL ? grant->service : "");
	const int64_t begin_ms = clock_ms();
	const bool is_login = grant->uid != AUDIENT_NOT_ACCOUNTS;
	enum reason reason;
	int64_t now_ms;

	reason = is_login && !identity_opens(&v->identity, grant->uid)
	    ? pretend(d)
	    : ask_start(d, why);
	if (reason == REASON_OK && is_login)
		(void)poll(NULL, 0, clock_left(begin_ms + START_FLOOR_MS));
	now_ms = clock_ms();
	d->last = REASON_DEVICE_UNCONFIRMED;
	d->due_ms = now_ms + (int64_t)d->flow.interval * 1000;
	d->code_end_ms = now_ms + (int64_t)d->flow.lifetime * 1000;
	d->end_ms = d->code_end_ms;
	if (is_login && d->end_ms > begin_ms + (int64_t)v->flow.timeout * 1000)
		d->end_ms = begin_ms + (int64_t)v->flow.timeout * 1000;
	return reason;
}

enum reason
audient_device_start(struct audient *a, const struct audient_grant *grant,
    struct audient_device **devicep, char *why)
{
	struct audient_device *d;
	enum reason reason;
	struct text text;

	*devicep = NULL;
	text_clear(&text);
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return grant_tell(REASON_OUT_OF_MEMORY, &text, why);
	if ((reason = wish_make(a, grant, &d->wish, &text)) == REASON_OK &&
	    (reason = keep_wish(d)) == REASON_OK)
		reason = start(d, grant, &text);
	if (reason == REASON_OK)
		*devicep = d;
	else
		audient_device_close(d);
	return grant_tell(reason, &text, why);
}

void
audient_device_close(struct audient_device *d)
{
	if (d == NULL)
		return;
	oauth_device_clear(&d->flow);
	wish_clear(&d->wish);
	free(d->strings[0]);
	free(d->strings[1]);
	free(d);
}

void
audient_device_show(const struct audient_device *d,
    struct audient_device_view *out)
{
	*out = (struct audient_device_view){ .page = d->flow.page,
		.whole = d->flow.whole,
		.user_code = d->flow.user_code,
		.host = d->wish.a->host,
		.seconds_left = clock_left(d->end_ms) / 1000 };
}

int
audient_device_due(const struct audient_device *d)
{
	return clock_left(d->due_ms);
}

static enum reason
write_poll(const struct audient_device *d, struct buf *form)
{
	enum reason reason;

	if ((reason = oauth_add_field(form, "grant_type",
		 span_of(device_type))) != REASON_OK ||
	    (reason = wish_add_client(&d->wish, form)) != REASON_OK)
		return reason;
	return oauth_add_field(form, "device_code", buf_span(&d->flow.code));
}

/* The next question comes later, the longer the less we are wanted. */
static void
slow_down(struct audient_device *d, int seconds)
{
	d->flow.interval += seconds;
	if (d->flow.interval > OAUTH_INTERVAL_MAX)
		d->flow.interval = OAUTH_INTERVAL_MAX;
}

/* What the answer means for the next question. */
static bool
may_ask_again(struct audient_device *d, enum reason reason, enum oauth_end end)
{
	if (end == OAUTH_SLOW_DOWN)
		slow_down(d, 5); /* RFC 8628 section 3.5: for good */
	else if (reason == REASON_ISSUER_UNAVAILABLE ||
	    reason == REASON_RATE_LIMITED)
		slow_down(d, d->flow.interval);
	return end == OAUTH_PENDING || end == OAUTH_SLOW_DOWN ||
	    reason == REASON_ISSUER_UNAVAILABLE ||
	    reason == REASON_RATE_LIMITED;
}

static enum reason
ask_poll(struct audient_device *d, struct audient_tokens *tokens, bool *again,
    struct text *why)
{
	struct buf form = BUF_INIT(GRANT_FORM_MAX);
	enum oauth_end end = OAUTH_PENDING;
	enum reason reason;
	int wait_s = 0;

	if (d->is_sham)
		reason = REASON_DEVICE_UNCONFIRMED;
	else if ((reason = write_poll(d, &form)) == REASON_OK)
		reason = wish_ask(&d->wish, &form, &end, &wait_s, tokens, why);
	*again = may_ask_again(d, reason, end);
	/* counted from the answer, as Auth0 does */
	if (wait_s < d->flow.interval)
		wait_s = d->flow.interval;
	d->due_ms = clock_ms() + (int64_t)wait_s * 1000;
	d->last = reason;
	buf_free(&form);
	return reason;
}

enum reason
audient_device_poll(struct audient_device *d, struct audient_tokens *tokens,
    bool *again, char *why)
{
	const int64_t now_ms = clock_ms();
	enum reason reason;
	struct text text;

	text_clear(&text);
	tokens_init(tokens);
	*again = false;
	if (now_ms >= d->code_end_ms ||
	    (d->due_ms > now_ms && d->due_ms > d->end_ms))
		return grant_tell(d->last, &text, why);
	(void)poll(NULL, 0, clock_left(d->due_ms));
	reason = ask_poll(d, tokens, again, &text);
	*again = *again && clock_left(d->end_ms) > 0;
	return grant_tell(reason, &text, why);
}
