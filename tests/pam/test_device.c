/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device flow of the module, without libpam and without a network: every
 * end of it, what the user sees of it and on which screen.
 */
#include <stdlib.h>
#include <string.h>

#include "fakedevice.h"
#include "pamsite.h"

#define POLLS_MAX 4
#define DEVICE                                                   \
	"flow = device\nclient_id = c\ntoken_endpoint = " SITE_A \
	"token\ndevice_authorization_endpoint = " SITE_A "device\n"
#define ALWAYS DEVICE "device_qr = always\n"
#define NEVER  DEVICE "device_qr = never\n"
#define DRAWN  "\xe2\x96\x88"	   /* a full block */
#define PLAIN  "browser:\n  Open " /* nothing is drawn between the lines */
#define FIRST  "Log in to host (app) as alice with a browser:\n"
#define SECOND                                                              \
	"  Open " FAKEDEVICE_PAGE "\n  and enter the code " FAKEDEVICE_CODE \
	"\n  but only if it was you who started this login.\n"

static char *good, *forged;

#define ANSWERS(...)              \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* --- its ends ----------------------------------------------------------------
 */

static const struct row {
	const char *name, *user;
	const char *const *answers;
	enum reason start;
	enum reason polls[POLLS_MAX];
	bool is_forged;
	int code, flags, want;
	const char *told, *asked;
} rows[] = {
	{ "confirmed", "alice", ANSWERS(""), REASON_OK, { REASON_OK }, false,
	    PAM_SUCCESS, 0, PAM_SUCCESS, "", FIRST SECOND },
	{ "confirmed late", "alice", ANSWERS("", ""), REASON_OK,
	    { REASON_DEVICE_UNCONFIRMED, REASON_OK }, false, PAM_SUCCESS, 0,
	    PAM_SUCCESS, "", "Nobody has confirmed yet.\n" SECOND },
	{ "another answer than q", "alice", ANSWERS("quit", "no", ""),
	    REASON_OK,
	    { REASON_DEVICE_UNCONFIRMED, REASON_DEVICE_UNCONFIRMED, REASON_OK },
	    false, PAM_SUCCESS, 0, PAM_SUCCESS, "", SECOND },
	{ "the issuer is away once", "alice", ANSWERS("", ""), REASON_OK,
	    { REASON_ISSUER_UNAVAILABLE, REASON_OK }, false, PAM_SUCCESS, 0,
	    PAM_SUCCESS, "", "The issuer does not answer." },

	{ "declined", "alice", ANSWERS(""), REASON_OK,
	    { REASON_DEVICE_DECLINED }, false, PAM_SUCCESS, 0, PAM_AUTH_ERR,
	    "declined in the browser", FIRST },
	{ "declined, silently", "alice", ANSWERS(""), REASON_OK,
	    { REASON_DEVICE_DECLINED }, false, PAM_SUCCESS, (int)PAM_SILENT,
	    PAM_AUTH_ERR, "", FIRST },
	{ "not in time", "alice", ANSWERS(""), REASON_OK,
	    { REASON_DEVICE_UNCONFIRMED, REASON_INTERNAL }, false, PAM_SUCCESS,
	    0, PAM_AUTH_ERR, "not confirmed in time", FIRST },
	{ "q", "alice", ANSWERS("q"), REASON_OK, { REASON_OK }, false,
	    PAM_SUCCESS, 0, PAM_AUTH_ERR, "not confirmed in time", FIRST },
	{ "Q", "alice", ANSWERS("Q"), REASON_OK, { REASON_OK }, false,
	    PAM_SUCCESS, 0, PAM_AUTH_ERR, "not confirmed in time", FIRST },
	{ "Enter, and then q", "alice", ANSWERS("", "q"), REASON_OK,
	    { REASON_ISSUER_UNAVAILABLE, REASON_OK }, false, PAM_SUCCESS, 0,
	    PAM_AUTH_ERR, "not confirmed in time", FIRST },
	{ "nobody there", "alice", ANSWERS(NULL), REASON_OK, { REASON_OK },
	    false, PAM_SUCCESS, 0, PAM_CONV_ERR, "", FIRST },
	{ "a conversation that fails", "alice", ANSWERS(""), REASON_OK,
	    { REASON_OK }, false, PAM_BUF_ERR, 0, PAM_BUF_ERR, "", FIRST },
	{ "for an account that there is not", "mallory", ANSWERS(""), REASON_OK,
	    { REASON_OK }, false, PAM_SUCCESS, 0, PAM_MAXTRIES,
	    "does not open this account", "as mallory with" },
	{ "a forged token", "alice", ANSWERS(""), REASON_OK, { REASON_OK },
	    true, PAM_SUCCESS, 0, PAM_AUTH_ERR, "does not open this account",
	    FIRST },
	{ "too many", "alice", ANSWERS(NULL), REASON_RATE_LIMITED,
	    { REASON_OK }, false, PAM_SUCCESS, 0, PAM_AUTHINFO_UNAVAIL,
	    "too many logins", "" },
	{ "the issuer is away", "alice", ANSWERS(NULL),
	    REASON_ISSUER_UNAVAILABLE, { REASON_OK }, false, PAM_SUCCESS, 0,
	    PAM_AUTHINFO_UNAVAIL, "cannot be asked now", "" },
	{ "not set up", "alice", ANSWERS(NULL), REASON_CONFIG_INVALID,
	    { REASON_OK }, false, PAM_SUCCESS, 0, PAM_SERVICE_ERR, "not set up",
	    "" },
};

static void
check_row(const struct row *row)
{
	struct pam_handle h = { .service = "app",
		.user = row->user,
		.code = row->code,
		.answers = row->answers };

	fakedevice = (struct fakedevice){ .start = row->start,
		.polls = row->polls,
		.confirmed = row->is_forged ? forged : good };
	row_number(row->name,
	    pamsite_enter(pam_sm_authenticate, &h, NULL, row->flags),
	    row->want);
	row_count(row->want == PAM_SUCCESS);
	row_has(row->name, h.told, row->told);
	row_true(row->name, (h.told[0] == '\0') == (row->told[0] == '\0'));
	row_has(row->name, h.asked, row->asked);
	row_true(row->name, (h.asked[0] == '\0') == (row->asked[0] == '\0'));
	/* only there it is the method that is wrong */
	row_true(row->name,
	    (strstr(h.logged, "keyboard-interactive") != NULL) ==
		(row->want == PAM_CONV_ERR));
	row_true(row->name, strstr(h.logged, "device flow: ") == NULL);
	fakepam_end(&h);
}

static void
test_rows(void **state)
{
	(void)state;
	pamsite_set(DEVICE);
	for (size_t i = 0; i < nitems(rows); i++)
		check_row(&rows[i]);
	rows_end();
}

/* A prompt that there is no memory for is not shown in part. */
static void
test_no_memory(void **state)
{
	static const enum reason polls[] = { REASON_DEVICE_UNCONFIRMED,
		REASON_OK };
	unsigned long n = 0;
	bool has_failed;

	(void)state;
	pamsite_set(DEVICE);
	do {
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = ANSWERS("", "") };
		const char *second;
		int rc;

		fakedevice =
		    (struct fakedevice){ .polls = polls, .confirmed = good };
		fakepam_arm(++n);
		rc = pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		has_failed = fakepam_disarm();
		row_count(!has_failed);
		row_true("no memory", has_failed || rc == PAM_SUCCESS);
		second = strstr(h.asked, "Nobody has confirmed yet.");
		row_true("no memory",
		    h.asked[0] == '\0' ||
			strstr(h.asked, FIRST SECOND) == h.asked);
		row_true("no memory",
		    h.given < 2 ||
			(second != NULL && strstr(second, SECOND) != NULL));
		fakepam_end(&h);
	} while (has_failed);
	row_true("no memory", n > 10);
	rows_end();
}

/* --- what is seen --------------------------------------------------------- */

#define NO_ROOM "device flow: there is no room for a QR code"

static const struct screen {
	const char *name, *conf;
	int rows;
	const char *codeset, *whole;
	const char *asked;
	bool has_room; /* or nothing is to be drawn */
} screens[] = {
	{ "a large one", DEVICE, 60, NULL, NULL, DRAWN, true },
	{ "none", DEVICE, 0, NULL, NULL, PLAIN, true },
	{ "a small one", DEVICE, 4, NULL, NULL, PLAIN, false },
	{ "not for the code", DEVICE, 12, NULL, NULL, PLAIN, false },
	{ "not in this locale", DEVICE, 60, "ANSI_X3.4-1968", NULL, PLAIN,
	    true },
	{ "none of both", DEVICE, 0, "ANSI_X3.4-1968", NULL, PLAIN, true },
	{ "no code wanted", NEVER, 60, NULL, NULL, PLAIN, true },
	{ "a code in any case", ALWAYS, 0, "ANSI_X3.4-1968", NULL, DRAWN,
	    true },
	{ "a page without a code in it", ALWAYS, 60, NULL, "", PLAIN, true },
};

static void
test_screens(void **state)
{
	static const enum reason polls[] = { REASON_OK };

	(void)state;
	for (size_t i = 0; i < nitems(screens); i++) {
		const struct screen *s = &screens[i];
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = ANSWERS("") };

		pamsite_set(s->conf);
		fakedevice = (struct fakedevice){ .polls = polls,
			.confirmed = good,
			.whole = s->whole,
			.codeset = s->codeset,
			.rows = s->rows };
		row_number(s->name,
		    pamsite_enter(pam_sm_authenticate, &h, "debug", 0),
		    PAM_SUCCESS);
		row_count(true);
		row_has(s->name, h.asked, s->asked);
		row_true(s->name, strstr(h.asked, SECOND) != NULL);
		row_has(s->name, h.logged, "device flow: started: a line");
		row_true(s->name,
		    (strstr(h.logged, NO_ROOM) == NULL) == s->has_room);
		fakepam_end(&h);
	}
	rows_end();
}

/* The peer has chosen the name; nothing in it moves the cursor. */
static void
test_users(void **state)
{
	static const struct {
		const char *user, *shown;
	} users[] = {
		{ "mallory", "as mallory with" },
		{ "a b~c", "as a b~c with" },
		{ "\x1b[2Jroot", "as ?[2Jroot with" },
		{ "a\nb\x1f\x7f", "as a?b?? with" },
		{ "\xc3\xa4\xff", "as ??? with" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "bbbccc",
		    "aabbb with" },
	};

	(void)state;
	pamsite_set(DEVICE);
	for (size_t i = 0; i < nitems(users); i++) {
		struct pam_handle h = { .service = "app",
			.user = users[i].user,
			.answers = ANSWERS("q") };

		fakedevice = (struct fakedevice){ .rows = 0 };
		row_number(users[i].shown,
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    PAM_AUTH_ERR);
		row_count(false);
		row_has(users[i].shown, h.asked, users[i].shown);
		fakepam_end(&h);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	pamsite_make();
	good = pamsite_mint(MINT_RSA, "");
	forged = pamsite_mint(MINT_RSA_OTHER, "");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(good);
	free(forged);
	pamsite_remove();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_no_memory),
	cmocka_unit_test(test_screens),
	cmocka_unit_test(test_users),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
