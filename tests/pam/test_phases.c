/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module without libpam, as in test_calls: the arguments of its line, what
 * it writes into the log and the environment, and how a login gets from one
 * phase to the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam/login.h"
#include "pamsite.h"

#define PARENT	  4711 /* who opens the session */
#define PARENT_FD 7000 /* its /proc/PID/stat */

/* The linker sends these here. */
pid_t __wrap_getppid(void);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_stat64(const char *path, struct stat *st);
int __wrap_stat64(const char *path, struct stat *st);
bool __wrap_audient_login_keep(struct audient *audient, const char *id,
    const struct audient_login *login);
enum audient_record __wrap_audient_login_take(struct audient *audient,
    const char *id, struct audient_login *login);

/* What the system says of the process that opens the session. */
static struct {
	int fd;		     /* of its state, or -1 */
	const char *text;    /* that is in there; NULL: it cannot be read */
	size_t most;	     /* bytes that were asked for */
	bool has_no_stat[2]; /* of our program, of the other one */
	dev_t dev;	     /* of the other one; ours are 1 and 1 */
	ino_t ino;
	pid_t parent;
} other = { .parent = PARENT };
static char kept_id[64];

pid_t
__wrap_getppid(void)
{
	return other.parent;
}

int
__wrap_open64(const char *path, int flags, ...)
{
	if (strcmp(path, "/proc/4711/stat") == 0)
		return other.fd;
	return __real_open64(path, flags, 0600);
}

ssize_t
__wrap_read(int fd, void *bytes, size_t n)
{
	if (fd != other.fd)
		return __real_read(fd, bytes, n);
	other.most = n;
	if (other.text == NULL)
		return -1;
	n = strnlen(other.text, n);
	memcpy(bytes, other.text, n);
	return (ssize_t)n;
}

int
__wrap_close(int fd)
{
	return fd == other.fd ? 0 : __real_close(fd);
}

int
__wrap_stat64(const char *path, struct stat *st)
{
	const bool is_other = strcmp(path, "/proc/4711/exe") == 0;

	if (!is_other && strcmp(path, "/proc/self/exe") != 0)
		return __real_stat64(path, st);
	st->st_dev = is_other ? other.dev : 1;
	st->st_ino = is_other ? other.ino : 1;
	return other.has_no_stat[is_other] ? -1 : 0;
}

bool
__wrap_audient_login_keep(struct audient *audient, const char *id,
    const struct audient_login *login)
{
	(void)audient;
	(void)login;
	(void)snprintf(kept_id, sizeof(kept_id), "%s", id);
	return true;
}

enum audient_record
__wrap_audient_login_take(struct audient *audient, const char *id,
    struct audient_login *login)
{
	(void)audient;
	(void)id;
	memset(login, 0, sizeof(*login));
	return AUDIENT_RECORD_NONE;
}

static char *tokens[3];

static const char *
word(const char *text)
{
	static const char *const names[] = { "GOOD", "FORGED", "LARGE" };

	for (size_t i = 0; i < nitems(names); i++)
		if (strcmp(text, names[i]) == 0)
			return tokens[i];
	return text;
}

/* --- what the administrator has written ------------------------------------
 */

static void
test_arguments(void **state)
{
	static const struct {
		const char *name, *arguments[3];
		int want;
		const char *logged;
	} lines[] = {
		{ "debug", { "debug" }, PAM_SUCCESS,
		    "signature: passed: 342 letters" },
		{ "a service", { "service=imap" }, PAM_SUCCESS,
		    "service=imap " },
		{ "a service without a name", { "service=", NULL },
		    PAM_SERVICE_ERR, "\"service=\" needs a name" },
		{ "two services", { "service=a", "service=a" }, PAM_SERVICE_ERR,
		    "is there twice" },
		{ "debug twice", { "debug", "debug" }, PAM_SERVICE_ERR,
		    "\"debug\" is there twice" },
		{ "nodelay", { "nodelay" }, PAM_SUCCESS, "reason=ok" },
		{ "nodelay twice", { "nodelay", "nodelay" }, PAM_SERVICE_ERR,
		    "\"nodelay\" is there twice" },
		{ "two configurations", { "config=/a" }, PAM_SERVICE_ERR,
		    "is there twice" },
		{ "a path that is none", { "config=a" }, PAM_SERVICE_ERR, "" },
		{ "unknown", { "Debug" }, PAM_SERVICE_ERR,
		    "\"Debug\" is not known" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(lines); i++) {
		const char *const answers[] = { tokens[0], NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		pamsite_set("");
		row_number(lines[i].name,
		    pamsite_enter_with(pam_sm_authenticate, &h,
			lines[i].arguments),
		    lines[i].want);
		row_count(lines[i].want == PAM_SUCCESS);
		row_has(lines[i].name, h.logged, lines[i].logged);
		fakepam_end(&h);
	}
	rows_end();
}

/* Who is refused waits, and nobody else does. */
static void
test_delay(void **state)
{
	static const struct {
		const char *name, *answer, *argument;
		int code; /* of the prompt */
		unsigned int want;
	} rows[] = {
		{ "a good token", "GOOD", NULL, PAM_SUCCESS, 0 },
		{ "a forged token", "FORGED", NULL, PAM_SUCCESS, 2000000 },
		{ "a forged token, nodelay", "FORGED", "nodelay", PAM_SUCCESS,
		    0 },
		{ "a password", "sesame", NULL, PAM_SUCCESS, 2000000 },
		{ "a password, nodelay", "sesame", "nodelay", PAM_SUCCESS, 0 },
		{ "an empty answer", "", NULL, PAM_SUCCESS, 0 },
		{ "no answer", "", NULL, PAM_CONV_ERR, 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *const answers[] = { word(rows[i].answer), NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers,
			.code = rows[i].code };

		pamsite_set("");
		(void)pamsite_enter(pam_sm_authenticate, &h, rows[i].argument,
		    0);
		row_number(rows[i].name, h.delay, rows[i].want);
		row_count(rows[i].want == 0);
		fakepam_end(&h);
	}
	rows_end();
}

/* Each step says what was found, and only a refusal what was wanted. */
static void
test_debug(void **state)
{
	const char *const answers[] = { tokens[0], NULL };
	struct pam_handle h = { .service = "app",
		.user = "mallory",
		.answers = answers };

	(void)state;
	pamsite_set("");
	row_number("debug", pamsite_enter(pam_sm_authenticate, &h, "debug", 0),
	    PAM_MAXTRIES);
	row_has("debug", h.logged, "signature: passed: 342 letters");
	row_true("debug", strstr(h.logged, "342 letters, wanted") == NULL);
	row_has("debug", h.logged, "user_mismatch: alice, wanted mallory");
	fakepam_end(&h);
	rows_end();
}

/* --- later phases -----------------------------------------------------------
 */

static void
test_later(void **state)
{
	static const struct {
		const char *name, *answer, *account;
		bool gone;
		int want;
		const char *opened, *closed;
	} logins[] = {
		{ "a token", "GOOD", "alice", false, PAM_SUCCESS,
		    "user=alice session=open subject=auth0|alice",
		    "user=alice session=close subject=auth0|alice" },
		{ "the account is gone", "GOOD", "alice", true,
		    PAM_USER_UNKNOWN, "user=alice session=open",
		    "session=close" },
		{ "another account", "GOOD", "bob", false, PAM_PERM_DENIED,
		    "user=bob session=open", "session=close" },
		{ "no account", "GOOD", NULL, false, PAM_USER_UNKNOWN,
		    "user=\"\" session=open", "session=close" },
		{ "a forged token", "FORGED", "alice", false, PAM_PERM_DENIED,
		    "", "" },
		{ "a password", "sesame", "alice", false, PAM_IGNORE, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(logins); i++) {
		const char *const answers[] = { word(logins[i].answer), NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		pamsite_set("");
		(void)pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		h.user = logins[i].account;
		pamsite_is_gone = logins[i].gone;
		row_number(logins[i].name,
		    pamsite_enter(pam_sm_acct_mgmt, &h, NULL, 0),
		    logins[i].want);
		row_count(logins[i].want == PAM_SUCCESS);
		h.logged[0] = '\0';
		row_number(logins[i].name,
		    pamsite_enter(pam_sm_open_session, &h, NULL, 0),
		    PAM_SUCCESS);
		row_has(logins[i].name, h.logged, logins[i].opened);
		row_true(logins[i].name,
		    (h.logged[0] == '\0') == (logins[i].opened[0] == '\0'));
		h.logged[0] = '\0';
		row_number(logins[i].name,
		    pamsite_enter(pam_sm_close_session, &h, NULL, 0),
		    PAM_SUCCESS);
		row_has(logins[i].name, h.logged, logins[i].closed);
		row_true(logins[i].name,
		    (h.logged[0] == '\0') == (logins[i].closed[0] == '\0'));
		fakepam_end(&h);
	}
	rows_end();
}
/* A claim that is too large for the environment is not there. */
static void
test_exported(void **state)
{
	static const struct {
		const char *name, *token;
		size_t len; /* of the variable, 0: none */
	} rows[] = {
		{ "a claim", "GOOD", 13 },
		{ "none of that name", "FORGED", 0 },
		{ "a large one", "LARGE", 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *const answers[] = { word(rows[i].token), NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		pamsite_set(rows[i].len != 0 ? "export_claim = AUTH0_SUB sub\n"
					     : "export_claim = AUTH0_P p\n");
		(void)pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		row_true(rows[i].name, (h.note != NULL) == (rows[i].len != 0));
		if (h.note != NULL)
			row_text(rows[i].name, h.note, "AUTH0_SUB=auth0|alice");
		fakepam_end(&h);
	}
	rows_end();
}

/* Is the process that opens the session another one of this program? */
static void
test_programs(void **state)
{
	static const struct {
		const char *name;
		bool has_no_stat[2];
		dev_t dev;
		ino_t ino;
		enum login_place want;
	} rows[] = {
		{ "the same", { false, false }, 1, 1, LOGIN_IN_CHILD },
		{ "another one", { false, false }, 1, 2, LOGIN_HERE },
		{ "on another disk", { false, false }, 2, 1, LOGIN_HERE },
		{ "we cannot be seen", { true, false }, 1, 1, LOGIN_SOMEWHERE },
		{ "it cannot be seen", { false, true }, 1, 1, LOGIN_SOMEWHERE },
		{ "neither can be seen", { true, true }, 1, 1,
		    LOGIN_SOMEWHERE },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		memcpy(other.has_no_stat, rows[i].has_no_stat,
		    sizeof(other.has_no_stat));
		other.dev = rows[i].dev;
		other.ino = rows[i].ino;
		row_number(rows[i].name, login_place(), rows[i].want);
		row_count(rows[i].want == LOGIN_IN_CHILD);
	}
	other.parent = 0;
	row_number("from outside", login_place(), LOGIN_HERE);
	other.parent = PARENT;
	memset(&other, 0, sizeof(other));
	other.fd = -1;
	other.parent = PARENT;
	rows_end();
}

/* What a note in PAM's environment may be, and what is made of it. */
static void
test_notes(void **state)
{
	static const struct {
		const char *name, *note;
		bool want;
		const char *id;
	} notes[] = {
		{ "an identifier", "AUDIENT_LOGIN=0123456789ab", true,
		    "0123456789ab" },
		{ "none", NULL, false, "" },
		{ "an empty one", "AUDIENT_LOGIN=", true, "" },
		{ "a short one", "AUDIENT_LOGIN=0123456789a", true, "" },
		{ "a long one", "AUDIENT_LOGIN=0123456789abc", true, "" },
		{ "capitals", "AUDIENT_LOGIN=0123456789AB", true, "" },
		{ "a blank in it", "AUDIENT_LOGIN=01234567 9ab", true, "" },
	};

	(void)state;
	for (size_t i = 0; i < nitems(notes); i++) {
		struct pam_handle h = { .note = notes[i].note != NULL
			    ? strdup(notes[i].note)
			    : NULL };
		struct login login = { .reason = REASON_INTERNAL };

		row_bool(notes[i].name, login_take_note(&h, &login),
		    notes[i].want);
		if (notes[i].want)
			row_text(notes[i].name, login.who.token_id,
			    notes[i].id);
		row_true(notes[i].name, h.note == NULL);
		fakepam_end(&h);
	}
	rows_end();
}

#define TO_21 " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"

/* The name of a process, from what /proc says of it. */
static void
test_processes(void **state)
{
	static const struct {
		const char *name;
		int fd;
		const char *text;
		bool want;
		const char *id;
	} rows[] = {
		{ "a process", PARENT_FD, "4711 (sshd)" TO_21 " 815 23 24\n",
		    true, "4711-815" },
		{ "unreadable", PARENT_FD, NULL, false, "" },
		{ "file zero", 0, "4711 (sshd)" TO_21 " 815 23 24\n", true,
		    "4711-815" },
		{ "a name to deceive", PARENT_FD,
		    "4711 (a) S 1 (b)" TO_21 " 815 23\n", true, "4711-815" },
		{ "nothing behind it", PARENT_FD, "4711 (sshd)" TO_21 " 815",
		    true, "4711-815" },
		{ "too little", PARENT_FD, "4711 (sshd)" TO_21, false, "" },
		{ "far too little", PARENT_FD, "4711 (sshd)", false, "" },
		{ "no name", PARENT_FD, "4711 sshd" TO_21 " 815 23\n", false,
		    "" },
		{ "empty", PARENT_FD, "", false, "" },
		{ "not there", -1, NULL, false, "" },
	};
	const struct login login = { .reason = REASON_OK };

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		kept_id[0] = '\0';
		other.fd = rows[i].fd;
		other.text = rows[i].text;
		other.most = 0;
		row_bool(rows[i].name, login_hand_over(NULL, &login),
		    rows[i].want);
		row_text(rows[i].name, kept_id, rows[i].id);
		row_true(rows[i].name,
		    other.most == (rows[i].fd >= 0 ? 1023 : 0));
	}
	memset(&other, 0, sizeof(other));
	other.fd = -1;
	other.parent = PARENT;
	rows_end();
}

/* Who opens the session is not to be found out: a limit would be none. */
static void
test_no_proc(void **state)
{
	static const struct {
		const char *name, *conf;
		bool has_no_stat[2];
		int want;
	} rows[] = {
		{ "seen", "session_limit = token\n", { false, false },
		    PAM_SUCCESS },
		{ "we are not", "session_limit = token\n", { true, false },
		    PAM_SERVICE_ERR },
		{ "it is not", "session_limit = token\n", { false, true },
		    PAM_SERVICE_ERR },
		{ "nobody is", "session_limit = token\n", { true, true },
		    PAM_SERVICE_ERR },
		{ "nobody is, no limit", "", { true, true }, PAM_SUCCESS },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *const answers[] = { tokens[0], NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };

		pamsite_set(rows[i].conf);
		memcpy(other.has_no_stat, rows[i].has_no_stat,
		    sizeof(other.has_no_stat));
		row_number(rows[i].name,
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    rows[i].want);
		row_count(rows[i].want == PAM_SUCCESS);
		row_true(rows[i].name,
		    (strstr(h.logged, "/proc does not say") == NULL) ==
			(rows[i].want == PAM_SUCCESS));
		fakepam_end(&h);
	}
	memset(other.has_no_stat, 0, sizeof(other.has_no_stat));
	rows_end();
}

/* A session whose end nobody was told of does not begin. */
static void
test_limits(void **state)
{
	unsigned long n = 0;
	bool has_failed;

	(void)state;
	do {
		const char *const answers[] = { tokens[0], NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };
		bool is_limited;
		int rc;

		pamsite_set("session_limit = token\n");
		(void)pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		h.logged[0] = '\0';
		fakepam_arm(++n);
		rc = pamsite_enter(pam_sm_open_session, &h, NULL, 0);
		has_failed = fakepam_disarm();
		is_limited = fakepam_has_data(&h, "systemd.runtime_max_sec");
		row_true("limit", rc != PAM_SUCCESS || is_limited);
		row_true("limit", has_failed || is_limited);
		fakepam_end(&h);
	} while (has_failed);
	row_true("limit", n > 2);
	rows_end();
}

static int
set_up(void **state)
{
	char *large = unit_repeat('p', 8192);
	struct buf more = BUF_INIT(16384);

	(void)state;
	other.fd = -1;
	pamsite_make();
	assert_int_equal(buf_printf(&more, ",\"p\":\"%s\"", large), REASON_OK);
	tokens[0] = pamsite_mint(MINT_RSA, "");
	tokens[1] = pamsite_mint(MINT_RSA_OTHER, "");
	tokens[2] = pamsite_mint(MINT_RSA, more.data);
	buf_free(&more);
	free(large);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(tokens); i++)
		free(tokens[i]);
	pamsite_remove();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_arguments),
	cmocka_unit_test(test_delay),
	cmocka_unit_test(test_debug),
	cmocka_unit_test(test_later),
	cmocka_unit_test(test_exported),
	cmocka_unit_test(test_programs),
	cmocka_unit_test(test_notes),
	cmocka_unit_test(test_processes),
	cmocka_unit_test(test_no_proc),
	cmocka_unit_test(test_limits),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
