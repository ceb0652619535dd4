/* SPDX-License-Identifier: BSD-2-Clause */
#include "login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "site.h"
#include "unit.h"

static const struct audient_login good = { .user = "alice",
	.subject = "auth0|alice",
	.client = "client",
	.token_id = "0123456789ab",
	.expires = NOW };

static bool
is_same(const struct audient_login *a, const struct audient_login *b)
{
	return strcmp(a->user, b->user) == 0 &&
	    strcmp(a->subject, b->subject) == 0 &&
	    strcmp(a->client, b->client) == 0 &&
	    strcmp(a->token_id, b->token_id) == 0 && a->expires == b->expires;
}

static void
test_round(void **state)
{
	struct audient_login all = { .expires = INT64_MAX }, got;
	struct audient_login logins[3];
	struct buf text = BUF_INIT(4096);

	(void)state;
	memset(all.user, 'u', sizeof(all.user) - 1);
	memset(all.subject, 's', sizeof(all.subject) - 1);
	memset(all.client, 'c', sizeof(all.client) - 1);
	memset(all.token_id, '0', sizeof(all.token_id) - 1);
	logins[0] = good;
	logins[1] = (struct audient_login){ .user = "" };
	logins[2] = all;
	for (size_t i = 0; i < nitems(logins); i++) {
		buf_clear(&text);
		row_reason("write", login_write(&logins[i], &text), REASON_OK);
		row_bool("read", login_read(buf_span(&text), &got), true);
		row_true("the same", is_same(&logins[i], &got));
	}
	buf_free(&text);
	rows_end();
}

#define LINES "alice\nauth0|alice\nclient\n0123456789ab\n"

static void
test_read(void **state)
{
	static const struct {
		const char *name;
		struct span text;
		bool want;
	} texts[] = {
		{ "good", BYTES(LINES "1800000000\n"), true },
		{ "no time", BYTES(LINES "0\n"), true },
		{ "nothing", BYTES(""), false },
		{ "only lines", BYTES("\n\n\n\n\n"), false },
		{ "no last newline", BYTES(LINES "1800000000"), false },
		{ "a line too few", BYTES("alice\nclient\nx\n1800000000\n"),
		    false },
		{ "a line too many", BYTES(LINES "1800000000\n\n"), false },
		{ "a byte too many", BYTES(LINES "1800000000\nx"), false },
		{ "time empty", BYTES(LINES "\n"), false },
		{ "time negative", BYTES(LINES "-1\n"), false },
		{ "time a word", BYTES(LINES "never\n"), false },
		{ "time with a tail", BYTES(LINES "1800000000x\n"), false },
		{ "time too long", BYTES(LINES "000000000000000001800000000\n"),
		    false },
		{ "token id too long",
		    BYTES("alice\nauth0|alice\nclient\n0123456789abc\n1\n"),
		    false },
	};
	struct audient_login got;
	char *user = unit_repeat('u', AUDIENT_NAME_MAX + 1), *text;

	(void)state;
	for (size_t i = 0; i < nitems(texts); i++) {
		const struct span s = unit_exact(texts[i].text);

		row_bool(texts[i].name, login_read(s, &got), texts[i].want);
		unit_free(s);
	}
	assert_true(asprintf(&text, "%s\n\n\n\n0\n", user) > 0);
	row_bool("user too long", login_read(span_of(text), &got), false);
	free(text);
	free(user);
	rows_end();
}

static struct site site;
static struct audient *audient;

/* From one process to another, which is the same one here. */
static void
test_keep(void **state)
{
	const struct audient_login other = { .user = "bob" };
	struct audient_login got;

	(void)state;
	row_number("nothing there", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_NONE);
	row_bool("kept", audient_login_keep(audient, "1-2", &good), true);
	row_bool("kept", audient_login_keep(audient, "1-3", &other), true);
	row_number("another", audient_login_take(audient, "1-4", &got),
	    AUDIENT_RECORD_NONE);
	row_number("taken", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_TAKEN);
	row_true("the same", is_same(&got, &good));
	row_number("taken before", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_NONE);
	row_bool("kept", audient_login_keep(audient, "1-3", &good), true);
	row_number("replaced", audient_login_take(audient, "1-3", &got),
	    AUDIENT_RECORD_TAKEN);
	row_true("the same", is_same(&got, &good));
	rows_end();
}

/* Not a record, and not there. */
static void
test_spoilt(void **state)
{
	struct audient_login got;
	char *path;

	(void)state;
	assert_true(audient_login_keep(audient, "1-2", &good));
	assert_true(asprintf(&path, "%s/cache/%u/login/1-2", site.dir,
			(unsigned int)geteuid()) > 0);
	unit_write(path, SPAN(LINES "1800000000\n"), 0600);
	row_number("not ours", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_SPOILT);
	row_true("gone", access(path, F_OK) != 0);
	assert_true(audient_login_keep(audient, "1-2", &good));
	site_empty_cache(&site);
	row_number("gone", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_NONE);
	free(path);
	rows_end();
}

static void
test_no_directory(void **state)
{
	struct audient_login got;
	char *path = unit_path(site.dir, "cache");

	(void)state;
	unit_dir_remove(path);
	row_bool("keep", audient_login_keep(audient, "1-2", &good), false);
	row_number("take", audient_login_take(audient, "1-2", &got),
	    AUDIENT_RECORD_NONE);
	rows_end();
}

static int
set_up(void **state)
{
	struct audient_options options = { .config = NULL };
	char problem[AUDIENT_LINE_MAX];

	(void)state;
	site_make(&site);
	site_configure(&site, SITE_ONE);
	options.config = site.conf;
	return audient_open(&audient, &options, problem) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	audient_close(audient);
	site_remove(&site);
	mint_end();
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_round),
	cmocka_unit_test(test_read),
	WITH_SITE(test_keep),
	WITH_SITE(test_spoilt),
	WITH_SITE(test_no_directory),
};

UNIT_MAIN(tests)
