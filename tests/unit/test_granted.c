/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakeissuer.h"
#include "grant.h"

/* What the answers to a request for a token mean, and where it is sent. */
#define TOKEN  SITE_A "token"
#define DEVICE SITE_A "device"
#define BASE                                                              \
	"issuer = " SITE_A "\ncache_dir = %D/cache\naudience = " SITE_API \
	"\nclient_id = c\n"
#define CONF BASE "token_endpoint = " TOKEN "\n"
#define ANSWER                                                \
	"{\"access_token\":\"abc\",\"token_type\":\"Bearer\"" \
	",\"refresh_token\":\"def\",\"expires_in\":600}"
#define NO_TIME "{\"access_token\":\"abc\",\"token_type\":\"bearer\"}"
#define ERROR(error) \
	"{\"error\":\"" error "\",\"error_description\":\"so it is\"}"

static struct site site;
static struct audient *a;

static void
configure(const char *conf)
{
	a = fakeissuer_open(&site, a, conf, true);
	fakeissuer_start();
}

static const struct answer {
	const char *name;
	int status;
	const char *body; /* NULL: none */
	enum reason want, refreshed;
	const char *why;
} answers[] = {
	{ "a token", 200, ANSWER, REASON_OK, REASON_OK, "" },
	{ "without a time", 200, NO_TIME, REASON_OK, REASON_OK, "" },

	{ "pending", 403, ERROR("authorization_pending"),
	    REASON_DEVICE_UNCONFIRMED, REASON_DEVICE_UNCONFIRMED,
	    TOKEN ": authorization_pending: so it is" },
	{ "slow down", 429, ERROR("slow_down"), REASON_DEVICE_UNCONFIRMED,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": slow_down: so it is" },
	{ "expired", 403, ERROR("expired_token"), REASON_CONFIG_INVALID,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": expired_token: so it is" },
	{ "used up", 403, ERROR("invalid_grant"), REASON_CONFIG_INVALID,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": invalid_grant: so it is" },
	{ "denied", 403, ERROR("access_denied"), REASON_CONFIG_INVALID,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": access_denied: so it is" },
	{ "wrong secret", 401, ERROR("invalid_client"), REASON_CONFIG_INVALID,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": invalid_client: so it is" },
	{ "nothing known", 400, ERROR("what"), REASON_CONFIG_INVALID,
	    REASON_DEVICE_UNCONFIRMED, TOKEN ": what: so it is" },
	{ "too often", 429, ERROR("too_many_requests"), REASON_RATE_LIMITED,
	    REASON_RATE_LIMITED, TOKEN ": too_many_requests: so it is" },
	{ "too often, no error", 429, "{}", REASON_RATE_LIMITED,
	    REASON_RATE_LIMITED, TOKEN ": HTTP status 429" },
	{ "too often, no JSON", 429, NULL, REASON_RATE_LIMITED,
	    REASON_RATE_LIMITED, "no answer today" },
	{ "ill", 503, NULL, REASON_ISSUER_UNAVAILABLE,
	    REASON_ISSUER_UNAVAILABLE, "no answer today" },
	{ "nobody there", 0, NULL, REASON_ISSUER_UNAVAILABLE,
	    REASON_ISSUER_UNAVAILABLE, "no answer today" },
	{ "an error without a name", 400, "{}", REASON_ISSUER_UNAVAILABLE,
	    REASON_ISSUER_UNAVAILABLE, TOKEN ": HTTP status 400" },
	{ "no token", 200, "{\"token_type\":\"Bearer\"}",
	    REASON_ISSUER_UNAVAILABLE, REASON_ISSUER_UNAVAILABLE,
	    TOKEN ": the answer has no usable \"access_token\"" },
	{ "no bearer", 200,
	    "{\"access_token\":\"abc\",\"token_type\":\"DPoP\"}",
	    REASON_ISSUER_UNAVAILABLE, REASON_ISSUER_UNAVAILABLE,
	    TOKEN ": token_type is DPoP, not Bearer" },
	{ "a token with an error's status", 403, ANSWER,
	    REASON_ISSUER_UNAVAILABLE, REASON_ISSUER_UNAVAILABLE,
	    TOKEN ": HTTP status 403" },
};

static void
test_answers(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };

	(void)state;
	configure(CONF);
	for (size_t i = 0; i < 2 * nitems(answers); i++) {
		const struct answer *row = &answers[i / 2];
		const bool is_refresh = i % 2 == 1;

		fakeissuer_start();
		fakeissuer_say(row->status, row->body);
		row_reason(row->name,
		    fakeissuer_try(a, &grant, is_refresh ? "r" : NULL),
		    is_refresh ? row->refreshed : row->want);
		row_text(row->name, fakeissuer.said, row->why);
		row_number(row->name, fakeissuer.asked, 1);
	}
	rows_end();
}

/* Too long a token is none, and too long a refresh token is left out. */
static void
test_long_tokens(void **state)
{
	static const struct {
		size_t access, refresh;
		enum reason want;
	} rows[] = {
		{ OAUTH_TOKEN_MAX, OAUTH_REFRESH_MAX, REASON_OK },
		{ 1, OAUTH_REFRESH_MAX + 1, REASON_OK },
		{ OAUTH_TOKEN_MAX + 1, 1, REASON_ISSUER_UNAVAILABLE },
	};
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct audient_tokens t;

	(void)state;
	configure(CONF);
	for (size_t i = 0; i < nitems(rows); i++) {
		const size_t refresh = rows[i].refresh;
		char *s = unit_repeat('a', rows[i].access);
		char *r = unit_repeat('r', refresh), *body;

		assert_true(asprintf(&body,
				"{\"access_token\":\"%s\",\"token_type\":"
				"\"Bearer\",\"refresh_token\":\"%s\"}",
				s, r) > 0);
		fakeissuer_start();
		fakeissuer_say(200, body);
		row_reason("long", fakeissuer_get(a, &grant, NULL, &t),
		    rows[i].want);
		row_number("access", (int64_t)t.access.len,
		    rows[i].want == REASON_OK ? (int64_t)rows[i].access : 0);
		row_number("refresh", (int64_t)t.refresh.len,
		    rows[i].want == REASON_OK && refresh <= OAUTH_REFRESH_MAX
			? (int64_t)refresh
			: 0);
		audient_tokens_clear(&t);
		free(s);
		free(r);
		free(body);
	}
	rows_end();
}

/* A token's life begins when it arrives. */
static void
test_tokens(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct audient_tokens t;

	(void)state;
	configure(CONF);
	fakeissuer_say(200, ANSWER);
	fakeissuer.takes_ms = 3000;
	row_reason("all of it", fakeissuer_get(a, &grant, NULL, &t), REASON_OK);
	row_bool("access", span_is(buf_span(&t.access), "abc"), true);
	row_bool("refresh", span_is(buf_span(&t.refresh), "def"), true);
	row_number("until", t.expires, NOW + 3 + 600);
	audient_tokens_clear(&t);
	row_number("cleared", t.expires, 0);
	row_true("cleared", t.access.data == NULL && t.refresh.data == NULL);
	fakeissuer_say(200, NO_TIME);
	row_reason("less", fakeissuer_get(a, &grant, NULL, &t), REASON_OK);
	row_number("no refresh", (int64_t)t.refresh.len, 0);
	row_number("not said", t.expires, 0);
	audient_tokens_clear(&t);
	fakeissuer_say(403, ERROR("access_denied"));
	t.expires = 1;
	row_reason("none", fakeissuer_get(a, &grant, NULL, &t),
	    REASON_CONFIG_INVALID);
	row_number("none", t.expires, 0);
	audient_tokens_clear(&t);
	rows_end();
}

static const struct pause {
	const char *name;
	int status;
	const char *body;
	int64_t limit; /* from the question on */
	enum reason want;
	int wait;
	enum oauth_end end;
} pauses[] = {
	{ "confirmed", 200, ANSWER, 9, REASON_OK, 0, OAUTH_TOKEN },
	{ "a while", 429, ERROR("too_many_requests"), 9, REASON_RATE_LIMITED, 7,
	    OAUTH_LIMITED },
	{ "a second", 429, ERROR("too_many_requests"), 3, REASON_RATE_LIMITED,
	    1, OAUTH_LIMITED },
	{ "until now", 429, ERROR("too_many_requests"), 2, REASON_RATE_LIMITED,
	    0, OAUTH_LIMITED },
	{ "until just now", 429, ERROR("too_many_requests"), 1,
	    REASON_RATE_LIMITED, 0, OAUTH_LIMITED },
	{ "not said", 429, ERROR("too_many_requests"), -NOW,
	    REASON_RATE_LIMITED, 0, OAUTH_LIMITED },
	{ "a while, no JSON", 429, NULL, 9, REASON_RATE_LIMITED, 7,
	    OAUTH_NONSENSE },
	{ "ill for a while", 503, NULL, 9, REASON_ISSUER_UNAVAILABLE, 0,
	    OAUTH_NONSENSE },
	{ "pending", 403, ERROR("authorization_pending"), 9,
	    REASON_DEVICE_UNCONFIRMED, 0, OAUTH_PENDING },
	{ "declined", 403, ERROR("access_denied"), 9, REASON_DEVICE_DECLINED, 0,
	    OAUTH_DECLINED },
	{ "over", 403, ERROR("expired_token"), 9, REASON_DEVICE_UNCONFIRMED, 0,
	    OAUTH_OVER },
	{ "refused", 403, ERROR("unauthorized_client"), 9,
	    REASON_CONFIG_INVALID, 0, OAUTH_REFUSED },
};

/* How long the issuer wants to be left alone, from its answer on. */
static void
test_waits(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct buf form = BUF_INIT(16);
	struct text text;
	struct wish wish;

	(void)state;
	configure(CONF);
	text_clear(&text);
	assert_int_equal(wish_make(a, &grant, &wish, &text), REASON_OK);
	assert_int_equal(buf_add_str(&form, "a=b"), REASON_OK);
	for (size_t i = 0; i < nitems(pauses); i++) {
		enum oauth_end end = OAUTH_TOKEN;
		struct audient_tokens tokens;
		int wait = -1;

		tokens_init(&tokens);
		fakeissuer_start();
		fakeissuer_say(pauses[i].status, pauses[i].body);
		fakeissuer.takes_ms = 2000;
		fakeissuer.limit_until = NOW + pauses[i].limit;
		row_reason(pauses[i].name,
		    wish_ask(&wish, &form, &end, &wait, &tokens, &text),
		    pauses[i].want);
		row_number(pauses[i].name, wait, pauses[i].wait);
		row_number(pauses[i].name, end, pauses[i].end);
		row_text(pauses[i].name, fakeissuer.form, "a=b");
		audient_tokens_clear(&tokens);
	}
	wish_clear(&wish);
	buf_free(&form);
	rows_end();
}

/* --- where -------------------------------------------------------------------
 */

static const struct place {
	const char *name, *conf;
	enum issuer_result found;
	int status;
	const char *token, *device; /* of the document */
	enum endpoint which;
	enum reason want;
	const char *url, *why;
	unsigned int looked_up; /* by two requests */
} places[] = {
	{ "of the file", CONF, ISSUER_OK, 200, SITE_B, SITE_B, TOKEN_ENDPOINT,
	    REASON_OK, TOKEN, TOKEN ": ", 0 },
	{ "of the file, a device's",
	    BASE "device_authorization_endpoint = " DEVICE "\n", ISSUER_OK, 200,
	    SITE_B, SITE_B, DEVICE_ENDPOINT, REASON_OK, DEVICE, DEVICE ": ",
	    0 },
	{ "of the document", BASE, ISSUER_OK, 200, TOKEN, DEVICE,
	    TOKEN_ENDPOINT, REASON_OK, TOKEN, TOKEN ": ", 1 },
	{ "of the document, a device's", CONF, ISSUER_OK, 200, TOKEN, DEVICE,
	    DEVICE_ENDPOINT, REASON_OK, DEVICE, DEVICE ": ", 1 },

	{ "none in the document", BASE, ISSUER_OK, 200, NULL, DEVICE,
	    TOKEN_ENDPOINT, REASON_CONFIG_INVALID, "",
	    "the discovery document of " SITE_A " has no token_endpoint", 2 },
	{ "none in the document, a device's", CONF, ISSUER_OK, 200, TOKEN, NULL,
	    DEVICE_ENDPOINT, REASON_CONFIG_INVALID, "",
	    "the discovery document of " SITE_A
	    " has no device_authorization_endpoint",
	    2 },
	{ "no document", BASE, ISSUER_NO_ANSWER, 503, TOKEN, DEVICE,
	    TOKEN_ENDPOINT, REASON_ISSUER_UNAVAILABLE, "", "no document today",
	    2 },
	{ "not its own", BASE, ISSUER_BAD_ANSWER, 200, TOKEN, DEVICE,
	    TOKEN_ENDPOINT, REASON_ISSUER_UNAVAILABLE, "", "no document today",
	    2 },
	{ "asked too often", BASE, ISSUER_NO_ANSWER, 429, TOKEN, DEVICE,
	    TOKEN_ENDPOINT, REASON_RATE_LIMITED, "", "no document today", 2 },
};

static void
post(struct wish *wish, const struct place *row, const struct buf *form)
{
	struct issuer_document document;
	struct text text;

	text_clear(&text);
	row_reason(row->name,
	    wish_post(wish, row->which, form, &document, &text), row->want);
	row_text(row->name, text.s, row->why);
	row_true(row->name,
	    (document.doc.nodes != NULL) == (row->want == REASON_OK));
	row_text(row->name, fakeissuer.url, row->url);
	issuer_document_clear(&document);
}

/* Once found it is kept; the document is looked at within the same time. */
static void
test_places(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct buf form = BUF_INIT(16);
	struct wish wish;
	struct text text;

	(void)state;
	assert_int_equal(buf_add_str(&form, "a=b"), REASON_OK);
	for (size_t i = 0; i < nitems(places); i++) {
		const struct place *row = &places[i];

		configure(row->conf);
		text_clear(&text);
		assert_int_equal(wish_make(a, &grant, &wish, &text), REASON_OK);
		fakeissuer.found = row->found;
		fakeissuer.found_status = row->status;
		fakeissuer.token = row->token;
		fakeissuer.device = row->device;
		fakeissuer.was_fresh_only = true;
		post(&wish, row, &form);
		if (row->looked_up > 0) {
			row_bool(row->name, fakeissuer.was_fresh_only, false);
			row_number(row->name, fakeissuer.lookup_deadline_ms,
			    fakeissuer.ms +
				wish.tenant->timeout * (int64_t)1000);
		}
		post(&wish, row, &form);
		row_number(row->name, fakeissuer.looked_up, row->looked_up);
		row_number(row->name, fakeissuer.asked,
		    row->want == REASON_OK ? 2 : 0);
		wish_clear(&wish);
		row_true(row->name, wish.endpoints.token == NULL);
	}
	buf_free(&form);
	rows_end();
}

/* A token that there is no memory for is not the issuer's fault. */
static void
test_no_memory(void **state)
{
	const struct audient_grant grant = { .secret = SPAN("s") };
	struct audient_tokens tokens;
	bool has_failed;
	int n = 0;

	(void)state;
	configure(CONF);
	do {
		enum reason reason;

		fakeissuer_start();
		fakeissuer_say(200, ANSWER);
		fakeissuer.blocks = n++;
		reason = fakeissuer_get(a, &grant, NULL, &tokens);
		has_failed = fakeissuer.blocks < 0;
		fakeissuer.blocks = -1;
		row_reason("all or nothing", reason,
		    has_failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		row_true("all or nothing",
		    (tokens.refresh.len > 0) == !has_failed &&
			(tokens.access.len > 0) == !has_failed);
		audient_tokens_clear(&tokens);
	} while (has_failed && n < 100);
	row_true("each of them", n > 3);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	site_make(&site);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(a);
	site_remove(&site);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_answers),
	cmocka_unit_test(test_long_tokens),
	cmocka_unit_test(test_tokens),
	cmocka_unit_test(test_waits),
	cmocka_unit_test(test_places),
	cmocka_unit_test(test_no_memory),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
