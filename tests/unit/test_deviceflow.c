/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "budget.h"
#include "fakeissuer.h"
#include "oauth.h"

/*
 * How the device flow begins: what is sent, what is answered, and the code
 * that nobody can confirm.  The rest of it is in test_devicepolls.c.
 */
#define TOKEN  SITE_A "token"
#define DEVICE SITE_A "device"
#define CONF                                                             \
	SITE_ONE "flow = device\nclient_id = c\ntoken_endpoint = " TOKEN \
		 "\ndevice_authorization_endpoint = " DEVICE "\n"        \
		 "required_scopes = one two\ndevice_timeout = 300\n"
#define CODE "\"device_code\":\"d&c\",\"user_code\":\"ABCD-EFGH\""
#define PAGE "\"verification_uri\":\"" SITE_A "activate\""
#define WHOLE \
	",\"verification_uri_complete\":\"" SITE_A "activate?c=ABCD-EFGH\""
#define STARTED "{" CODE "," PAGE WHOLE ",\"expires_in\":900}"
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

static unsigned char randoms[8];
static ssize_t has_random;

static char budget_id[128];

ssize_t __wrap_getrandom(void *p, size_t n, unsigned int flags);
bool __real_budget_take(struct cache *cache, const char *id,
    const struct budget *budget, int64_t now);
bool __wrap_budget_take(struct cache *cache, const char *id,
    const struct budget *budget, int64_t now);

ssize_t
__wrap_getrandom(void *p, size_t n, unsigned int flags)
{
	(void)flags;
	assert_int_equal(n, sizeof(randoms));
	memcpy(p, randoms, n);
	return has_random;
}

bool
__wrap_budget_take(struct cache *cache, const char *id,
    const struct budget *budget, int64_t now)
{
	(void)snprintf(budget_id, sizeof(budget_id), "%s", id);
	return __real_budget_take(cache, id, budget, now);
}

/* Nobody was asked yet, and the budget is whole. */
static void
configure(const char *conf)
{
	site_empty_cache(&site);
	a = fakeissuer_open(&site, a, conf, false);
	fakeissuer_start();
	fakeissuer_say(200, STARTED);
	has_random = sizeof(randoms);
}

static void
close_device(void)
{
	audient_device_close(device);
	device = NULL;
}

static enum reason
start(const struct audient_grant *grant)
{
	enum reason reason;

	close_device();
	(void)snprintf(why, sizeof(why), "nothing was said");
	reason = audient_device_start(a, grant, &device, why);
	row_true("a flow if it is fine",
	    (device != NULL) == (reason == REASON_OK));
	row_true("nothing to say if it is fine",
	    (why[0] == '\0') == (reason == REASON_OK));
	return reason;
}

/* --- what is sent ------------------------------------------------------------
 */

/* The secret stays at home. */
static void
test_forms(void **state)
{
	const struct audient_grant grant = { .client_id = "c&d",
		.audience = "a=b",
		.scope = "s t",
		.secret = SPAN("secret"),
		.uid = AUDIENT_NOT_ACCOUNTS };

	(void)state;
	configure(CONF);
	row_reason("by the file", start(&nobodys), REASON_OK);
	row_text("by the file", fakeissuer.form,
	    "client_id=c&audience=https%3A%2F%2Fapi.example.com%2F"
	    "&scope=one%20two");
	row_reason("by the caller", start(&grant), REASON_OK);
	row_text("by the caller", fakeissuer.form,
	    "client_id=c%26d&audience=a%3Db&scope=s%20t");
	row_text("by the caller", fakeissuer.url, DEVICE);
	row_number("wiped", fakeissuer.wiped, 2);
	row_number("at once", fakeissuer.slept_ms, 0);
	rows_end();
}

static void
test_view(void **state)
{
	struct audient_device_view view;

	(void)state;
	configure(CONF);
	row_reason("started", start(&nobodys), REASON_OK);
	audient_device_show(device, &view);
	row_text("page", view.page, SITE_A "activate");
	row_text("whole", view.whole, SITE_A "activate?c=ABCD-EFGH");
	row_text("code", view.user_code, "ABCD-EFGH");
	row_text("host", view.host, a->host);
	row_number("left", view.seconds_left, 900);
	row_number("due", audient_device_due(device), 5000);
	fakeissuer.ms += 1;
	audient_device_show(device, &view);
	row_number("less", view.seconds_left, 899);
	row_number("due", audient_device_due(device), 4999);
	audient_device_close(NULL);
	rows_end();
}

/* --- how it begins -----------------------------------------------------------
 */

static const struct first {
	const char *name;
	int status;
	const char *body; /* NULL: none */
	enum reason want;
	const char *why;
} firsts[] = {
	{ "a code", 200, STARTED, REASON_OK, "" },

	{ "no code", 200, "{" PAGE ",\"expires_in\":9}",
	    REASON_ISSUER_UNAVAILABLE,
	    DEVICE ": the answer has no usable \"device_code\"" },
	{ "no page", 200, "{" CODE ",\"expires_in\":9}",
	    REASON_ISSUER_UNAVAILABLE,
	    DEVICE ": the answer has no usable \"verification_uri\"" },
	{ "no time", 200, "{" CODE "," PAGE "}", REASON_ISSUER_UNAVAILABLE,
	    DEVICE ": the answer has no usable \"expires_in\"" },
	{ "a token", 200, ANSWER, REASON_ISSUER_UNAVAILABLE,
	    DEVICE ": the answer has no usable \"device_code\"" },
	{ "an error's status", 403, STARTED, REASON_ISSUER_UNAVAILABLE,
	    DEVICE ": HTTP status 403" },
	{ "no such client", 401, ERROR("invalid_client"), REASON_CONFIG_INVALID,
	    DEVICE ": invalid_client: so it is" },
	{ "denied", 403, ERROR("access_denied"), REASON_CONFIG_INVALID,
	    DEVICE ": access_denied: so it is" },
	{ "pending", 400, ERROR("authorization_pending"), REASON_CONFIG_INVALID,
	    DEVICE ": authorization_pending: so it is" },
	{ "over", 400, ERROR("expired_token"), REASON_CONFIG_INVALID,
	    DEVICE ": expired_token: so it is" },
	{ "slow down", 400, ERROR("slow_down"), REASON_RATE_LIMITED,
	    DEVICE ": slow_down: so it is" },
	{ "too often", 400, ERROR("too_many_requests"), REASON_RATE_LIMITED,
	    DEVICE ": too_many_requests: so it is" },
	{ "too often, no error", 429, "{}", REASON_RATE_LIMITED,
	    DEVICE ": HTTP status 429" },
	{ "too often, no JSON", 429, NULL, REASON_RATE_LIMITED,
	    "no answer today" },
	{ "ill", 503, NULL, REASON_ISSUER_UNAVAILABLE, "no answer today" },
	{ "nobody there", 0, NULL, REASON_ISSUER_UNAVAILABLE,
	    "no answer today" },
};

static void
test_starts(void **state)
{
	const struct audient_grant login = { .uid = 1000 };

	(void)state;
	for (size_t i = 0; i < nitems(firsts); i++) {
		configure(CONF);
		fakeissuer.why = "no answer today";
		fakeissuer_say(firsts[i].status, firsts[i].body);
		row_reason(firsts[i].name, start(&login), firsts[i].want);
		row_text(firsts[i].name, why, firsts[i].why);
		row_number(firsts[i].name, fakeissuer.asked, 1);
		row_number(firsts[i].name, fakeissuer.wiped, 1);
		row_number(firsts[i].name, fakeissuer.slept_ms,
		    firsts[i].want == REASON_OK ? 500 : 0);
	}
	rows_end();
}

/* What cannot be wished for is not asked for, whoever it is. */
static void
test_incomplete(void **state)
{
	const struct audient_grant grant = { .uid = 0 };

	(void)state;
	configure(SITE_ONE);
	row_reason("no client", start(&grant), REASON_CONFIG_INVALID);
	row_text("no client", why,
	    "no client_id is given, the id of the application");
	row_number("no client", fakeissuer.asked, 0);
	rows_end();
}

/* Thirty starts, and one more every two seconds, for each issuer. */
static void
test_budget(void **state)
{
	const struct audient_grant other = { .service = "b",
		.uid = AUDIENT_NOT_ACCOUNTS };
	static const char two[] =
	    "cache_dir = %D/cache\naudience = api\nusername_claim = u\n"
	    "flow = device\nclient_id = c\n"
	    "[tenant a]\nissuer = " SITE_A "\njwks_file = %A\n"
	    "token_endpoint = " TOKEN
	    "\ndevice_authorization_endpoint = " DEVICE
	    "\n[tenant b]\nissuer = " SITE_B "\njwks_file = %B\n"
	    "token_endpoint = " TOKEN
	    "\ndevice_authorization_endpoint = " DEVICE
	    "\n[service a]\ntenant = a\n[service b]\ntenant = b\n";
	struct audient_grant one = other;
	char id[ISSUER_ID_SIZE];

	(void)state;
	one.service = "a";
	configure(two);
	assert_int_equal(issuer_id(&a->world, &a->conf->tenant[1], SITE_B, id),
	    REASON_OK);
	for (int i = 0; i < 30; i++)
		row_reason("within", start(&one), REASON_OK);
	row_reason("beyond", start(&one), REASON_RATE_LIMITED);
	row_text("beyond", why,
	    "our own budget of questions is used up for the moment");
	row_number("beyond", fakeissuer.asked, 30);
	row_reason("another issuer", start(&other), REASON_OK);
	row_has("another issuer", budget_id, id);
	row_true("of its own", strcmp(budget_id, id) != 0);
	fakeissuer.now += 2;
	row_reason("later", start(&one), REASON_OK);
	row_reason("beyond again", start(&one), REASON_RATE_LIMITED);
	row_number("beyond again", fakeissuer.asked, 32);
	rows_end();
}

/* --- accounts that no token opens --------------------------------------------
 */

/* The issuer is not asked, and nobody can tell by looking or waiting. */
static void
test_shams(void **state)
{
	static const struct {
		const char *name;
		int64_t uid;
		bool is_sham;
		int takes_ms;
		unsigned int slept_ms;
	} rows[] = {
		{ "alice", 1000, false, 0, 500 },
		{ "alice, slowly", 1000, false, 300, 200 },
		{ "alice, very slowly", 1000, false, 700, 0 },
		{ "names that are no accounts", AUDIENT_NOT_ACCOUNTS, false, 0,
		    0 },
		{ "root", 0, true, 0, 500 },
		{ "a system account", 999, true, 0, 500 },
		{ "nobody", AUDIENT_NO_ACCOUNT, true, 300, 500 },
	};
	static const unsigned char some[] = { 0, 19, 20, 39, 255, 7, 1, 18 };

	(void)state;
	memcpy(randoms, some, sizeof(some));
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct audient_grant grant = { .uid = rows[i].uid };
		struct audient_device_view view;
		const bool is_sham = rows[i].is_sham;

		configure(CONF);
		fakeissuer.takes_ms = rows[i].takes_ms;
		row_reason(rows[i].name, start(&grant), REASON_OK);
		row_number(rows[i].name, fakeissuer.asked, !is_sham);
		row_number(rows[i].name, fakeissuer.slept_ms, rows[i].slept_ms);
		audient_device_show(device, &view);
		row_text(rows[i].name, view.page, SITE_A "activate");
		row_text(rows[i].name, view.user_code,
		    is_sham ? "BZBZ-TKCX" : "ABCD-EFGH");
		row_text(rows[i].name, view.whole,
		    is_sham ? SITE_A "activate?user_code=BZBZ-TKCX"
			    : SITE_A "activate?c=ABCD-EFGH");
		row_number(rows[i].name, audient_device_due(device), 5000);
		row_number(rows[i].name, view.seconds_left,
		    rows[i].uid == AUDIENT_NOT_ACCOUNTS ? 900 : 299);
	}
	rows_end();
}

/* Whose account it may be, and for how long is waited, the service says. */
static void
test_services(void **state)
{
	static const struct {
		const char *service;
		int64_t uid;
		bool is_sham;
		int left; /* seconds */
	} rows[] = {
		{ "app", 600, false, 59 },
		{ "app", 499, true, 59 },
		{ "app", AUDIENT_NOT_ACCOUNTS, false, 900 },
		{ "other", 600, true, 299 },
		{ NULL, 600, true, 299 },
		{ NULL, 1000, false, 299 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct audient_grant grant = { .service = rows[i].service,
			.uid = rows[i].uid };
		struct audient_device_view view;

		configure(
		    CONF "[service app]\nmin_uid = 500\ndevice_timeout = 60\n");
		row_reason("a service", start(&grant), REASON_OK);
		row_number("a service", fakeissuer.asked, !rows[i].is_sham);
		audient_device_show(device, &view);
		row_number("a service", view.seconds_left, rows[i].left);
	}
	rows_end();
}

static void
test_sham_page(void **state)
{
	const struct audient_grant grant = { .uid = 0 };
	struct audient_device_view view;
	char **issuer;

	(void)state;
	configure(CONF);
	issuer = &a->conf->tenant[0].issuers.item[0];
	(*issuer)[strlen(*issuer) - 1] = '\0';
	row_reason("an issuer without a slash", start(&grant), REASON_OK);
	audient_device_show(device, &view);
	row_text("an issuer without a slash", view.page, SITE_A "activate");
	has_random = -1;
	row_reason("no random bytes", start(&grant), REASON_INTERNAL);
	has_random = 7;
	row_reason("too few", start(&grant), REASON_INTERNAL);
	row_number("at once", fakeissuer.slept_ms, 500);
	rows_end();
}

/* --- what is wanting ---------------------------------------------------------
 */

/* A flow is whole, or there is none; nothing is sent in part. */
static void
test_no_memory(void **state)
{
	struct audient_device_view view;
	bool has_failed;
	int n = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		configure(CONF);
		fakeissuer.fields = i;
		row_reason("a form", start(&nobodys), REASON_OUT_OF_MEMORY);
		row_number("a form", fakeissuer.asked, 0);
		row_number("reached", fakeissuer.fields, -1);
	}
	configure(CONF);
	fakeissuer.names = 0;
	row_bool("no name for the budget", start(&nobodys) == REASON_OK, false);
	row_number("no name for the budget", fakeissuer.asked, 0);
	do {
		enum reason reason;

		configure(CONF);
		fakeissuer.blocks = n++;
		reason = start(&nobodys);
		has_failed = fakeissuer.blocks < 0;
		fakeissuer.blocks = -1;
		/* the budget is spent, and not told from want of memory */
		row_bool("all or nothing", reason == REASON_OK, !has_failed);
		row_true("all or nothing",
		    !has_failed || reason == REASON_OUT_OF_MEMORY ||
			(reason == REASON_RATE_LIMITED &&
			    fakeissuer.asked == 0));
	} while (has_failed && n < 100);
	audient_device_show(device, &view);
	row_text("all", view.user_code, "ABCD-EFGH");
	row_true("each of them", n > 5);
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
	cmocka_unit_test(test_forms),
	cmocka_unit_test(test_view),
	cmocka_unit_test(test_starts),
	cmocka_unit_test(test_incomplete),
	cmocka_unit_test(test_budget),
	cmocka_unit_test(test_shams),
	cmocka_unit_test(test_services),
	cmocka_unit_test(test_sham_page),
	cmocka_unit_test(test_no_memory),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
