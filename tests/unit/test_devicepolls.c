/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "fakeissuer.h"
#include "oauth.h"

/*
 * The device flow, once there is a code: what each answer means for the next
 * question, when it is asked and when no more, to the millisecond.
 */
#define TOKEN  SITE_A "token"
#define DEVICE SITE_A "device"
#define CONF                                                             \
	SITE_ONE "flow = device\nclient_id = c\ntoken_endpoint = " TOKEN \
		 "\ndevice_authorization_endpoint = " DEVICE             \
		 "\ndevice_timeout = 300\n"
#define LASTS(seconds, interval)                                               \
	"{\"device_code\":\"d&c\",\"user_code\":\"ABCD-EFGH\","                \
	"\"verification_uri\":\"" SITE_A "activate\",\"expires_in\":" #seconds \
	",\"interval\":" #interval "}"
#define ANSWER                                                \
	"{\"access_token\":\"abc\",\"token_type\":\"Bearer\"" \
	",\"refresh_token\":\"def\",\"expires_in\":600}"
#define ERROR(error) \
	"{\"error\":\"" error "\",\"error_description\":\"so it is\"}"

static const struct audient_grant nobodys = { .uid = AUDIENT_NOT_ACCOUNTS };

static struct site site;
static struct audient *a;
static struct audient_device *device;
static char why[AUDIENT_LINE_MAX];

/* A flow that lasts so long, at the time 0. */
static void
begin(const struct audient_grant *grant, const char *answer)
{
	audient_device_close(device);
	site_empty_cache(&site);
	a = fakeissuer_open(&site, a, CONF, false);
	fakeissuer_start();
	fakeissuer.ms = 0;
	fakeissuer_say(200, answer);
	assert_int_equal(audient_device_start(a, grant, &device, why),
	    REASON_OK);
	fakeissuer.asked = fakeissuer.wiped = fakeissuer.slept_ms = 0;
}

static enum reason
ask(bool *again)
{
	struct audient_tokens tokens;
	enum reason reason;

	(void)snprintf(why, sizeof(why), "nothing was said");
	reason = audient_device_poll(device, &tokens, again, why);
	row_true("a token if it is fine",
	    span_is(buf_span(&tokens.access),
		reason == REASON_OK ? "abc" : "") &&
		span_is(buf_span(&tokens.refresh),
		    reason == REASON_OK ? "def" : ""));
	row_true("nothing to say if it is fine",
	    (why[0] == '\0') == (reason == REASON_OK));
	row_number("wiped", fakeissuer.wiped, fakeissuer.asked);
	audient_tokens_clear(&tokens);
	return reason;
}

/* --- answers -----------------------------------------------------------------
 */

/* What the caller said may be gone by then. */
static void
test_form(void **state)
{
	char id[] = "c&d", audience[] = "a=b";
	const struct audient_grant grant = { .client_id = id,
		.audience = audience,
		.secret = SPAN("secret"),
		.uid = AUDIENT_NOT_ACCOUNTS };
	bool again;

	(void)state;
	begin(&grant, LASTS(900, 5));
	memset(id, 'x', strlen(id));
	memset(audience, 'x', strlen(audience));
	fakeissuer_say(200, ANSWER);
	row_reason("asked", ask(&again), REASON_OK);
	row_bool("asked", again, false);
	row_text("asked", fakeissuer.form,
	    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
	    "&client_id=c%26d&device_code=d%26c");
	row_text("asked", fakeissuer.url, TOKEN);
	row_number("not before it is due", fakeissuer.slept_ms, 5000);
	rows_end();
}

static const struct answer {
	const char *name;
	int status;
	const char *body; /* NULL: none */
	int64_t limit;	  /* seconds from the answer on; 0: not said */
	enum reason want;
	bool again;
	int due, later; /* seconds until the next question, and the one after */
} answers[] = {
	{ "confirmed", 200, ANSWER, 0, REASON_OK, false, 5, 5 },

	{ "pending", 403, ERROR("authorization_pending"), 0,
	    REASON_DEVICE_UNCONFIRMED, true, 5, 5 },
	{ "pending, and a limit", 403, ERROR("authorization_pending"), 30,
	    REASON_DEVICE_UNCONFIRMED, true, 5, 5 },
	{ "slow down", 429, ERROR("slow_down"), 0, REASON_DEVICE_UNCONFIRMED,
	    true, 10, 10 },
	{ "too often", 429, ERROR("too_many_requests"), 0, REASON_RATE_LIMITED,
	    true, 10, 10 },
	{ "too often, for a while", 429, ERROR("too_many_requests"), 30,
	    REASON_RATE_LIMITED, true, 30, 10 },
	{ "too often, for a moment", 429, ERROR("too_many_requests"), 3,
	    REASON_RATE_LIMITED, true, 10, 10 },
	{ "too often, for minutes", 429, NULL, 100, REASON_RATE_LIMITED, true,
	    100, 10 },
	{ "busy", 403, ERROR("temporarily_unavailable"), 0, REASON_RATE_LIMITED,
	    true, 10, 10 },
	{ "ill", 503, NULL, 30, REASON_ISSUER_UNAVAILABLE, true, 10, 10 },
	{ "nobody there", 0, NULL, 0, REASON_ISSUER_UNAVAILABLE, true, 10, 10 },
	{ "no answer of a token endpoint", 200, "{}", 0,
	    REASON_ISSUER_UNAVAILABLE, true, 10, 10 },
	{ "no name of an error", 400, "{}", 0, REASON_ISSUER_UNAVAILABLE, true,
	    10, 10 },
	{ "declined", 403, ERROR("access_denied"), 0, REASON_DEVICE_DECLINED,
	    false, 5, 5 },
	{ "over", 403, ERROR("expired_token"), 0, REASON_DEVICE_UNCONFIRMED,
	    false, 5, 5 },
	{ "used up", 403, ERROR("invalid_grant"), 0, REASON_DEVICE_UNCONFIRMED,
	    false, 5, 5 },
	{ "no such client", 401, ERROR("invalid_client"), 0,
	    REASON_CONFIG_INVALID, false, 5, 5 },
};

static void
test_answers(void **state)
{
	bool again;

	(void)state;
	for (size_t i = 0; i < nitems(answers); i++) {
		const struct answer *row = &answers[i];

		begin(&nobodys, LASTS(900, 5));
		fakeissuer_say(row->status, row->body);
		if (row->limit > 0)
			fakeissuer.limit_until = NOW + 5 + 2 + row->limit;
		fakeissuer.takes_ms = 2000;
		again = !row->again;
		row_reason(row->name, ask(&again), row->want);
		row_bool(row->name, again, row->again);
		row_number(row->name, fakeissuer.ms, 7000);
		row_number(row->name, audient_device_due(device),
		    row->due * (int64_t)1000);
		fakeissuer_say(403, ERROR("authorization_pending"));
		fakeissuer.limit_until = 0;
		fakeissuer.takes_ms = 0;
		row_reason("afterwards", ask(&again),
		    REASON_DEVICE_UNCONFIRMED);
		row_number(row->name, audient_device_due(device),
		    row->later * (int64_t)1000);
		row_number(row->name, fakeissuer.asked, 2);
	}
	rows_end();
}

/* Never more than a minute between two questions, unless the issuer says so. */
static void
test_intervals(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *body;
		int due[6]; /* seconds, after each answer */
	} rows[] = {
		{ "slower", 400, ERROR("slow_down"),
		    { 45, 50, 55, 60, 60, 60 } },
		{ "pending", 400, ERROR("authorization_pending"),
		    { 40, 40, 40, 40, 40, 40 } },
		{ "away", 503, NULL, { 60, 60, 60, 60, 60, 60 } },
	};
	bool again;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		begin(&nobodys, LASTS(900, 40));
		row_number(rows[i].name, audient_device_due(device), 40000);
		fakeissuer_say(rows[i].status, rows[i].body);
		for (size_t j = 0; j < nitems(rows[i].due); j++) {
			row_bool(rows[i].name, ask(&again) == REASON_OK, false);
			row_number(rows[i].name, audient_device_due(device),
			    rows[i].due[j] * (int64_t)1000);
		}
	}
	rows_end();
}

/* --- its end -----------------------------------------------------------------
 */

static const struct end {
	const char *name, *answer;
	int64_t uid;
	int at; /* milliseconds from the beginning on */
	bool asks;
	int slept;
	bool again;
} ends[] = {
	{ "early", LASTS(20, 5), AUDIENT_NOT_ACCOUNTS, 0, true, 5000, true },
	{ "when it is due", LASTS(20, 5), AUDIENT_NOT_ACCOUNTS, 5000, true, 0,
	    true },
	{ "the last moment but one", LASTS(20, 5), AUDIENT_NOT_ACCOUNTS, 19999,
	    true, 0, true },
	{ "the end of the code", LASTS(20, 5), AUDIENT_NOT_ACCOUNTS, 20000,
	    false, 0, false },
	{ "behind it", LASTS(20, 5), AUDIENT_NOT_ACCOUNTS, 20001, false, 0,
	    false },
	{ "due at the end", LASTS(5, 5), AUDIENT_NOT_ACCOUNTS, 0, true, 5000,
	    false },
	{ "due behind the end", LASTS(4, 5), AUDIENT_NOT_ACCOUNTS, 0, false, 0,
	    false },
	{ "nobody limits what is no login", LASTS(900, 5), AUDIENT_NOT_ACCOUNTS,
	    899999, true, 0, true },

	/* 300 seconds, from the start that takes half a one */
	{ "a login", LASTS(900, 5), 1000, 299999, true, 0, true },
	{ "a login, at its end", LASTS(900, 5), 1000, 300000, true, 0, false },
	{ "a login, a last time", LASTS(900, 5), 1000, 300001, true, 0, false },
	{ "a short code", LASTS(20, 5), 1000, 20499, true, 0, true },
	{ "its end", LASTS(20, 5), 1000, 20500, false, 0, false },
	{ "a short code, due behind its end", LASTS(4, 5), 1000, 500, false, 0,
	    false },
};

static void
test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(ends); i++) {
		const struct end *row = &ends[i];
		const struct audient_grant grant = { .uid = row->uid };
		bool again = !row->again;

		begin(&grant, row->answer);
		fakeissuer.ms = row->at;
		fakeissuer_say(400, ERROR("authorization_pending"));
		row_reason(row->name, ask(&again), REASON_DEVICE_UNCONFIRMED);
		row_bool(row->name, again, row->again);
		row_number(row->name, fakeissuer.asked, row->asks);
		row_number(row->name, fakeissuer.slept_ms, row->slept);
	}
	rows_end();
}

/* Due behind the end of a login: not awaited, but asked if it is due by now. */
static void
test_due_behind(void **state)
{
	const struct audient_grant login = { .uid = 1000 };
	bool again;

	(void)state;
	begin(&login, LASTS(900, 5));
	fakeissuer.ms = 298000;
	fakeissuer_say(503, NULL);
	row_reason("away", ask(&again), REASON_ISSUER_UNAVAILABLE);
	row_bool("away", again, true);
	row_number("away", audient_device_due(device), 10000);
	row_reason("not awaited", ask(&again), REASON_ISSUER_UNAVAILABLE);
	row_text("not awaited", why, reason_text(REASON_ISSUER_UNAVAILABLE));
	row_bool("not awaited", again, false);
	fakeissuer.ms = 307999;
	row_reason("nor just before", ask(&again), REASON_ISSUER_UNAVAILABLE);
	row_number("nor just before", fakeissuer.asked, 1);
	fakeissuer.ms = 308000;
	fakeissuer_say(200, ANSWER);
	row_reason("due by now", ask(&again), REASON_OK);
	row_number("due by now", fakeissuer.asked, 2);
	row_bool("due by now", again, false);
	rows_end();
}

/* Too late, the last answer is told again. */
static void
test_last(void **state)
{
	bool again;

	(void)state;
	begin(&nobodys, LASTS(20, 5));
	fakeissuer_say(429, ERROR("too_many_requests"));
	row_reason("too often", ask(&again), REASON_RATE_LIMITED);
	row_text("too often", why, TOKEN ": too_many_requests: so it is");
	fakeissuer.ms = 20000;
	fakeissuer_say(200, ANSWER);
	row_reason("too late", ask(&again), REASON_RATE_LIMITED);
	row_text("too late", why, reason_text(REASON_RATE_LIMITED));
	row_bool("too late", again, false);
	row_number("too late", fakeissuer.asked, 1);
	rows_end();
}

/* Nobody ever confirms it, however often is asked. */
static void
test_sham_polls(void **state)
{
	const struct audient_grant grant = { .uid = AUDIENT_NO_ACCOUNT };
	bool again;

	(void)state;
	begin(&grant, LASTS(900, 5));
	fakeissuer_say(200, ANSWER);
	for (int i = 0; i < 59; i++) {
		row_reason("sham", ask(&again), REASON_DEVICE_UNCONFIRMED);
		row_text("sham", why, reason_text(REASON_DEVICE_UNCONFIRMED));
		row_bool("sham", again, true);
		row_number("sham", audient_device_due(device), 5000);
	}
	row_reason("too late", ask(&again), REASON_DEVICE_UNCONFIRMED);
	row_bool("too late", again, false);
	row_number("not asked", fakeissuer.asked, 0);
	row_number("all the time", fakeissuer.slept_ms, 59 * 5000);
	rows_end();
}

/* No half of a form is sent, and who was not asked can be asked again. */
static void
test_no_memory(void **state)
{
	bool again, has_failed;
	int n = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		begin(&nobodys, LASTS(900, 5));
		fakeissuer.fields = i;
		row_reason("a form", ask(&again), REASON_OUT_OF_MEMORY);
		row_bool("a form", again, true);
		row_number("a form", audient_device_due(device), 5000);
		row_number("a form", fakeissuer.asked, 0);
		row_number("reached", fakeissuer.fields, -1);
	}
	do {
		enum reason reason;

		begin(&nobodys, LASTS(900, 5));
		fakeissuer_say(200, ANSWER);
		fakeissuer.blocks = n++;
		reason = ask(&again);
		has_failed = fakeissuer.blocks < 0;
		fakeissuer.blocks = -1;
		row_reason("all or nothing", reason,
		    has_failed ? REASON_OUT_OF_MEMORY : REASON_OK);
		row_bool("all or nothing", again, fakeissuer.asked == 0);
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
	audient_device_close(device);
	audient_close(a);
	site_remove(&site);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_form),
	cmocka_unit_test(test_answers),
	cmocka_unit_test(test_intervals),
	cmocka_unit_test(test_ends),
	cmocka_unit_test(test_due_behind),
	cmocka_unit_test(test_last),
	cmocka_unit_test(test_sham_polls),
	cmocka_unit_test(test_no_memory),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
