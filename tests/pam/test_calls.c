/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module without libpam, whose place is taken by what follows: what
 * happens if any one call fails, of libpam or malloc(3), and sessions before
 * and after the end of their token.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fakedevice.h"
#include "site.h"

#define TEXTS_MAX   16384
#define ANSWERS_MAX 4

static time_t start, now; /* of the tests; for the module */
static bool has_systemd;

/* --- the host: alice is 1000, time stands still, and the linker sends here -
 */

time_t __wrap_time(time_t *t);
int __wrap_getpwnam_r(const char *name, struct passwd *pw, char *text,
    size_t size, struct passwd **found);
pid_t __wrap_getppid(void);
int __real_access(const char *path, int how);
int __wrap_access(const char *path, int how);

time_t
__wrap_time(time_t *t)
{
	assert_null(t);
	return now;
}

int
__wrap_getpwnam_r(const char *name, struct passwd *pw, char *text, size_t size,
    struct passwd **found)
{
	(void)text;
	(void)size;
	*found = NULL;
	if (fakepam_fails())
		return EIO;
	memset(pw, 0, sizeof(*pw));
	pw->pw_uid = 1000;
	if (strcmp(name, "alice") == 0)
		*found = pw;
	return 0;
}

/* As in sshd, which asks in a child; here it is its own. */
pid_t
__wrap_getppid(void)
{
	return getpid();
}

int
__wrap_access(const char *path, int how)
{
	if (strcmp(path, "/run/systemd/system") != 0)
		return __real_access(path, how);
	return has_systemd ? 0 : -1;
}

/* --- tokens and logins -----------------------------------------------------
 */

#define TIME_LEFT 600
#define EXPORTED  "export_claim = AUDIENT_SUB sub\n"
#define LIMITED	  "session_limit = token\n"
#define CLIENT                                    \
	"client_id = c\ntoken_endpoint = " SITE_A \
	"token\ndevice_authorization_endpoint = " SITE_A "device\n"
#define DEVICE "flow = device\n" CLIENT
#define BOTH   "flow = token-or-device\n" CLIENT

enum who { GOOD, FORGED, BOB, N_WHO };
static char *tokens[N_WHO];
static struct site site;
static char config[256];

static void
set_host(const char *conf)
{
	struct buf text = BUF_INIT(TEXTS_MAX);

	assert_int_equal(buf_printf(&text, "%sclock_tolerance = 0\n%s",
			     SITE_ONE, conf),
	    REASON_OK);
	site_configure(&site, text.data);
	buf_free(&text);
	site_empty_cache(&site);
	(void)snprintf(config, sizeof(config), "config=%s", site.conf);
	now = start;
	fakepam_arm(0);
	fakedevice = (struct fakedevice){ .confirmed = tokens[GOOD] };
}

struct login_codes {
	int auth, account, open, close;
};

typedef int entry(pam_handle_t *, int, int, const char **);

static int
enter(entry *function, struct pam_handle *h, const char *argument, int flags)
{
	const char *argv[] = { config, argument };

	return function(h, flags, argument != NULL ? 2 : 1, argv);
}

static struct login_codes
log_in(struct pam_handle *h, const char *argument, int flags)
{
	return (struct login_codes){
		.auth = enter(pam_sm_authenticate, h, argument, flags),
		.account = enter(pam_sm_acct_mgmt, h, argument, flags),
		.open = enter(pam_sm_open_session, h, argument, flags),
		.close = enter(pam_sm_close_session, h, argument, flags),
	};
}

/* --- any one call fails ----------------------------------------------------
 */

static const struct scenario {
	const char *name, *conf, *argument;
	const char *first, *second; /* answers; "GOOD" and the like: a token */
	const char *authtok;
	const enum reason *polls;
	bool is_good;
} scenarios[] = {
	{ "a good token", EXPORTED, NULL, "GOOD", NULL, NULL, NULL, true },
	{ "a good token, debug", EXPORTED, "debug", "GOOD", NULL, NULL, NULL,
	    true },
	{ "a session with an end", LIMITED, NULL, "GOOD", NULL, NULL, NULL,
	    true },
	{ "an earlier module has asked", "", "use_first_pass", NULL, NULL,
	    "GOOD", NULL, true },
	{ "confirmed", DEVICE, "debug", "", NULL, NULL,
	    (const enum reason[]){ REASON_OK }, true },
	{ "a good token, by choice", BOTH, NULL, "GOOD", NULL, NULL, NULL,
	    true },
	{ "confirmed, by choice", BOTH, NULL, "", "", NULL,
	    (const enum reason[]){ REASON_OK }, true },
	{ "forged", EXPORTED, NULL, "FORGED", NULL, NULL, NULL, false },
	{ "forged, debug", EXPORTED, "debug", "FORGED", NULL, NULL, NULL,
	    false },
	{ "somebody else's", LIMITED, NULL, "BOB", NULL, NULL, NULL, false },
	{ "a password", "", NULL, "sesame", NULL, NULL, NULL, false },
	{ "no answer", "", NULL, NULL, NULL, NULL, NULL, false },
	{ "nobody has asked", "", "use_first_pass", NULL, NULL, NULL, NULL,
	    false },
	{ "somebody else's, before", "", "try_first_pass", NULL, NULL, "BOB",
	    NULL, false },
	{ "declined", DEVICE, NULL, "", NULL, NULL,
	    (const enum reason[]){ REASON_DEVICE_DECLINED }, false },
	{ "late", DEVICE, NULL, "", NULL, NULL,
	    (const enum reason[]){ REASON_DEVICE_UNCONFIRMED, REASON_INTERNAL },
	    false },
	{ "given up", DEVICE, NULL, "q", NULL, NULL, NULL, false },
	{ "no answer to the code", DEVICE, NULL, NULL, NULL, NULL, NULL,
	    false },
};

static const char *
word(const char *text)
{
	static const char *const names[N_WHO] = { "GOOD", "FORGED", "BOB" };

	for (size_t i = 0; text != NULL && i < N_WHO; i++)
		if (strcmp(text, names[i]) == 0)
			return tokens[i];
	return text;
}

static bool
check_failing(const struct scenario *s, unsigned long n)
{
	bool has_failed;
	const char *const answers[ANSWERS_MAX] = { word(s->first),
		word(s->second) };
	struct pam_handle h = { .service = "app",
		.user = "alice",
		.answers = answers };
	struct login_codes got;
	char name[64];

	if (s->authtok != NULL)
		h.authtok = strdup(word(s->authtok));
	fakedevice.polls = s->polls;
	(void)snprintf(name, sizeof(name), "%s, call %lu", s->name, n);
	fakepam_arm(n);
	got = log_in(&h, s->argument, 0);
	has_failed = fakepam_disarm();
	row_bool(name, got.auth == PAM_SUCCESS && got.account == PAM_SUCCESS,
	    s->is_good && got.auth == PAM_SUCCESS &&
		got.account == PAM_SUCCESS);
	row_true(name, s->is_good || got.auth != PAM_SUCCESS);
	row_true(name, got.auth != PAM_IGNORE);
	if (!has_failed && s->is_good) {
		row_number(name, got.auth, PAM_SUCCESS);
		row_number(name, got.account, PAM_SUCCESS);
		row_number(name, got.open, PAM_SUCCESS);
	}
	fakepam_end(&h);
	return has_failed;
}

static void
test_failing(void **state)
{
	(void)state;
	has_systemd = true;
	for (size_t i = 0; i < nitems(scenarios); i++) {
		unsigned long n = 0;

		set_host(scenarios[i].conf);
		while (check_failing(&scenarios[i], ++n))
			;
		assert_true(n > 5); /* there was something to fail */
	}
	rows_end();
}

/* --- sessions, in the process that has asked and in another ------------------
 */

static const struct session {
	const char *name, *conf, *answer;
	bool is_other; /* the process that opens it, and then: */
	const char *user;
	int later;
	bool has_systemd;
	int flags, want;
	const char *logged, *told;
} sessions[] = {
	{ "no limit", "", "GOOD", false, "alice", 0, true, 0, PAM_SUCCESS,
	    "session=open", "" },
	{ "no limit, another process", "", "GOOD", true, "alice", 0, true, 0,
	    PAM_SUCCESS, "session=open", "" },
	{ "a limit", LIMITED, "GOOD", false, "alice", 0, true, 0, PAM_SUCCESS,
	    "in 600 seconds", "This session ends at 2" },
	{ "a limit, silently", LIMITED, "GOOD", false, "alice", 0, true,
	    (int)PAM_SILENT, PAM_SUCCESS, "in 600 seconds", "" },
	{ "a limit, another process", LIMITED, "GOOD", true, "alice", 0, true,
	    0, PAM_SUCCESS, "in 600 seconds", "This session ends" },
	{ "nobody ends it", LIMITED, "GOOD", false, "alice", 0, false, 0,
	    PAM_SUCCESS, "nothing will end the session", "This session ends" },
	{ "one second is left", LIMITED, "GOOD", false, "alice", TIME_LEFT - 1,
	    true, 0, PAM_SUCCESS, "in 1 seconds", "This session ends" },
	{ "none is left", LIMITED, "GOOD", false, "alice", TIME_LEFT, true, 0,
	    PAM_SESSION_ERR, "expired before the session began", "" },
	{ "none is left, another process", LIMITED, "GOOD", true, "alice",
	    TIME_LEFT, true, 0, PAM_SESSION_ERR,
	    "expired before the session began", "" },
	{ "a record of somebody else", LIMITED, "GOOD", true, "bob", 0, true, 0,
	    PAM_SESSION_ERR, "is that of another user", "" },
	{ "no user in the session", LIMITED, "GOOD", true, NULL, 0, true, 0,
	    PAM_SESSION_ERR, "is that of another user", "" },
	{ "a refused token", LIMITED, "FORGED", false, "alice", 0, true, 0,
	    PAM_SUCCESS, "", "" },
	{ "a password", "", "sesame", true, "alice", 0, true, 0, PAM_SUCCESS,
	    "", "" },
};

static void
check_session(const struct session *s)
{
	const char *const answers[ANSWERS_MAX] = { word(s->answer) };
	struct pam_handle h = { .service = "app",
		.user = "alice",
		.answers = answers };
	struct pam_handle other = { .service = "app" };
	struct pam_handle *opens = s->is_other ? &other : &h;

	has_systemd = s->has_systemd;
	set_host(s->conf);
	(void)enter(pam_sm_authenticate, &h, NULL, 0);
	if (s->is_other && h.note != NULL)
		other.note = strdup(h.note);
	opens->user = s->user;
	h.logged[0] = h.told[0] = '\0';
	now += s->later;
	row_number(s->name, enter(pam_sm_open_session, opens, NULL, s->flags),
	    s->want);
	row_count(s->logged[0] != '\0' && s->want == PAM_SUCCESS);
	row_has(s->name, opens->logged, s->logged);
	row_true(s->name,
	    s->logged[0] != '\0' || strstr(opens->logged, "session=") == NULL);
	row_has(s->name, opens->told, s->told);
	row_true(s->name, (opens->told[0] == '\0') == (s->told[0] == '\0'));
	fakepam_end(&h);
	fakepam_end(&other);
}

static void
test_sessions(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(sessions); i++)
		check_session(&sessions[i]);
	rows_end();
}

/* --- what comes into the account phase ---------------------------------------
 */

static void
test_account(void **state)
{
	static const struct {
		const char *name, *user;
		int later, want;
	} rows[] = {
		{ "as it was", "alice", 0, PAM_SUCCESS },
		{ "one second is left", "alice", TIME_LEFT - 1, PAM_SUCCESS },
		{ "none is left", "alice", TIME_LEFT, PAM_PERM_DENIED },
		{ "another user", "bob", 0, PAM_PERM_DENIED },
		{ "no user", NULL, 0, PAM_USER_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *const answers[] = { tokens[GOOD], NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		set_host("");
		row_number(rows[i].name,
		    enter(pam_sm_authenticate, &h, NULL, 0), PAM_SUCCESS);
		h.user = rows[i].user;
		now += rows[i].later;
		row_number(rows[i].name, enter(pam_sm_acct_mgmt, &h, NULL, 0),
		    rows[i].want);
		row_count(rows[i].want == PAM_SUCCESS);
		fakepam_end(&h);
	}
	rows_end();
}

static char *
mint(enum mint_key key, const char *user)
{
	struct buf claims = BUF_INIT(FAKEPAM_TEXT);
	char *token;

	assert_int_equal(buf_printf(&claims,
			     "{\"iss\":\"" SITE_A "\",\"aud\":\"" SITE_API "\","
			     "\"sub\":\"auth0|%s\",\"azp\":\"c\",\"user\":\"%"
			     "s\","
			     "\"iat\":%lld,\"exp\":%lld}",
			     user, user, (long long)start - 60,
			     (long long)start + TIME_LEFT),
	    REASON_OK);
	token = mint_token(key, ALG_RS256, SITE_HEADER, claims.data, NULL);
	buf_free(&claims);
	return token;
}

static int
set_up(void **state)
{
	(void)state;
	start = (time_t)clock_now();
	tokens[GOOD] = mint(MINT_RSA, "alice");
	tokens[FORGED] = mint(MINT_RSA_OTHER, "alice");
	tokens[BOB] = mint(MINT_RSA, "bob");
	site_make(&site);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	site_remove(&site);
	mint_end();
	for (size_t i = 0; i < nitems(tokens); i++)
		free(tokens[i]);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_failing),
	cmocka_unit_test(test_sessions),
	cmocka_unit_test(test_account),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
