/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "audient.h"
#include "site.h"
#include "unit.h"

/*
 * Tokens that only their issuer can read, from the question to the verdict:
 * which tenant is asked, for whom, and for whom nobody is.
 */
#define HEAD                                               \
	"audience = " SITE_API "\nusername_claim = user\n" \
	"cache_dir = %D/cache\nfetch_helper = %D/h\n"      \
	"opaque_tokens = accept-unbound\n"                 \
	"required_claim = team staff\nuserinfo_max_age = 0\n"
#define ONE                                          \
	HEAD "issuer = " SITE_A "\njwks_file = %A\n" \
	     "userinfo_endpoint = " SITE_A "userinfo\n"
#define TWO                                                  \
	HEAD "tenant = a b\n[tenant a]\nissuer = " SITE_A    \
	     "\njwks_file = %A\nuserinfo_endpoint = " SITE_A \
	     "userinfo\n[tenant b]\nissuer = " SITE_B        \
	     "\njwks_file = %B\nuserinfo_endpoint = " SITE_B \
	     "userinfo\n[service only-b]\ntenant = b\n"
#define OLD   "hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp"
#define ALICE "{\"sub\":\"auth0|alice\",\"user\":\"alice\",\"team\":\"staff\"}"

static const struct row {
	const char *name, *conf, *service;
	const char *issuer; /* that the token names; NULL: it names none */
	int64_t uid;
	enum reason want;
	unsigned int asked; /* how often somebody was asked */
} rows[] = {
	{ "one tenant", ONE, "imap", NULL, AUDIENT_NOT_ACCOUNTS, REASON_OK, 1 },
	{ "one tenant, named", ONE, "imap", SITE_A, 1000, REASON_OK, 1 },
	{ "one tenant, another named", ONE, "imap", SITE_B, 1000,
	    REASON_ISSUER_REFUSED, 0 },
	{ "for root", ONE, "imap", NULL, 0, REASON_OPAQUE_REFUSED, 0 },
	{ "for sudo", ONE, "sudo", NULL, 1000, REASON_OPAQUE_REFUSED, 0 },
	{ "for nobody's account", ONE, "imap", NULL, AUDIENT_NO_ACCOUNT,
	    REASON_USER_REFUSED, 1 },
	{ "for somebody without access", ONE, "imap", NULL, 1,
	    REASON_USER_REFUSED, 1 },
	{ "two tenants, none named", TWO, "imap", NULL, 1000,
	    REASON_ISSUER_REFUSED, 0 },
	{ "two tenants, the first named", TWO, "imap", SITE_A, 1000, REASON_OK,
	    1 },
	{ "two tenants, the second named", TWO, "imap", SITE_B, 1000, REASON_OK,
	    1 },
	{ "two tenants, a third named", TWO, "imap", "https://c.example.com/",
	    1000, REASON_ISSUER_REFUSED, 0 },
	{ "a service of the second, none named", TWO, "only-b", NULL, 1000,
	    REASON_OK, 1 },
	{ "a service of the second, the first named", TWO, "only-b", SITE_A,
	    1000, REASON_ISSUER_REFUSED, 0 },
};

static struct site site;

static char *
token_of(const char *issuer)
{
	struct buf header = BUF_INIT(1024), text = BUF_INIT(2048);
	char *coded;

	if (issuer == NULL)
		return strdup(OLD);
	assert_int_equal(buf_printf(&header,
			     "{\"alg\":\"dir\",\"enc\":\"A256GCM\","
			     "\"iss\":\"%s\"}",
			     issuer),
	    REASON_OK);
	coded = mint_b64url(header.data, header.len);
	assert_int_equal(buf_printf(&text,
			     "%s..QUFBQUFBQUFBQUFB.QUFBQUFBQUFBQUFB."
			     "QUFBQUFBQUFBQUFBQUFBQQ",
			     coded),
	    REASON_OK);
	free(coded);
	coded = strndup(text.data, text.len);
	buf_free(&header);
	buf_free(&text);
	return coded;
}

static struct audient *
open_site(const char *conf)
{
	const struct audient_options options = { .config = site.conf };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient;

	site_empty_cache(&site);
	site_configure(&site, conf);
	if (audient_open(&audient, &options, problem) != REASON_OK)
		fail_msg("%s", problem);
	return audient;
}

static enum reason
ask(struct audient *audient, const struct row *row, struct audient_verdict *v)
{
	char *token = token_of(row->issuer);
	const struct audient_request rq = { .token = span_of(token),
		.service = row->service,
		.user = "alice",
		.uid = row->uid };
	const enum reason reason = audient_check(audient, &rq, v);

	free(token);
	return reason;
}

static void
test_rows(void **state)
{
	struct audient_verdict v;

	(void)state;
	site_answer(&site, "info", 200, "application/json", ALICE);
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct row *row = &rows[i];
		struct audient *audient = open_site(row->conf);

		site_issuer(&site);
		row_reason(row->name, ask(audient, row, &v), row->want);
		row_text(row->name, v.user,
		    row->want == REASON_OK ? "alice" : "");
		row_number(row->name, site_asked(&site), row->asked);
		audient_close(audient);
	}
	rows_end();
}

static void
test_refused(void **state)
{
	struct audient *audient = open_site(ONE);
	struct audient_verdict v;

	(void)state;
	site_issuer(&site);
	site_answer(&site, "info", 401, "application/json", "{}");
	row_reason("401", ask(audient, &rows[0], &v), REASON_OPAQUE_REFUSED);
	row_text("401", v.user, "");
	site_answer(&site, "info", 200, NULL, NULL);
	row_reason("silence", ask(audient, &rows[0], &v),
	    REASON_ISSUER_UNAVAILABLE);
	audient_close(audient);
	rows_end();
}

static void
test_one_use(void **state)
{
	struct audient *audient = open_site(ONE "single_use = yes\n");
	struct audient_verdict v;

	(void)state;
	site_issuer(&site);
	site_answer(&site, "info", 200, "application/json", ALICE);
	row_reason("one use", ask(audient, &rows[0], &v), REASON_OK);
	row_reason("one use, again", ask(audient, &rows[0], &v),
	    REASON_DENIED_LOCALLY);
	audient_close(audient);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_one_use),
	};
	int rc;

	site_make(&site);
	rc = unit_end(cmocka_run_group_tests(tests, NULL, NULL));
	site_remove(&site);
	mint_end();
	return rc;
}
