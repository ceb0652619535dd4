/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a login leaves for its session in another process, on disk, and what
 * may become of it on the way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pamsite.h"

pid_t __wrap_getppid(void);

static char *token;

/* As in sshd, which asks in a child; here it is its own. */
pid_t
__wrap_getppid(void)
{
	return getpid();
}

/*
 * What the child has left is spoilt before the session takes it, or the note
 * is that says so: then no session opens that would have no end.
 */
static const struct {
	const char *name, *command; /* $f: the record */
	bool has_note;
	int want;
	const char *logged;
} rows[] = {
	{ "as it was left", ":", true, PAM_SUCCESS, "session=open" },
	{ "without its note", ":", false, PAM_SUCCESS, "session=open" },
	{ "gone", "rm $f", true, PAM_SESSION_ERR, "is not there" },
	{ "gone, and the note as well", "rm $f", false, PAM_SUCCESS, "" },
	{ "all of the cache gone", "rm -r $PWD", true, PAM_SESSION_ERR,
	    "is not there" },
	{ "a directory", "rm $f && mkdir $f", true, PAM_SESSION_ERR,
	    "is not there" },
	{ "cut", "truncate -s -1 $f", true, PAM_SESSION_ERR, "cannot be read" },
	{ "cut, without its note", "truncate -s -1 $f", false, PAM_SESSION_ERR,
	    "cannot be read" },
	{ "empty", ": > $f", true, PAM_SESSION_ERR, "cannot be read" },
	{ "empty, without its note", ": > $f", false, PAM_SESSION_ERR,
	    "cannot be read" },
	{ "open to all", "chmod 666 $f", true, PAM_SESSION_ERR,
	    "cannot be read" },
	{ "open to all, without its note", "chmod 666 $f", false,
	    PAM_SESSION_ERR, "cannot be read" },
	{ "a link", "mv $f x && ln -s x $f", true, PAM_SESSION_ERR,
	    "cannot be read" },
	{ "changed", "sed -i s/^1/2/ $f", true, PAM_SESSION_ERR,
	    "cannot be read" },
};

static void
test_spoilt(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const char *const answers[] = { token, NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };
		struct pam_handle other = { .service = "app", .user = "alice" };
		char *command;

		pamsite_set("session_limit = token\n");
		row_number(rows[i].name,
		    pamsite_enter(pam_sm_authenticate, &h, NULL, 0),
		    PAM_SUCCESS);
		row_has(rows[i].name, h.note, "AUDIENT_LOGIN=");
		if (rows[i].has_note)
			other.note = strdup(h.note);
		assert_true(asprintf(&command,
				"cd '%s'/cache/*/login && f=$(ls -d *-*) && %s",
				pamsite.dir, rows[i].command) > 0);
		assert_int_equal(system(command), 0);
		free(command);
		row_number(rows[i].name,
		    pamsite_enter(pam_sm_open_session, &other, NULL, 0),
		    rows[i].want);
		row_count(rows[i].want == PAM_SUCCESS);
		row_has(rows[i].name, other.logged, rows[i].logged);
		row_true(rows[i].name,
		    (strstr(other.logged,
			 "the user has to log in again.  Does "
			 "something else write to cache_dir, "
			 "or clean it?") != NULL) ==
			(rows[i].want == PAM_SESSION_ERR));
		row_true(rows[i].name,
		    fakepam_has_data(&other, "systemd.runtime_max_sec") ==
			(strcmp(rows[i].logged, "session=open") == 0));
		row_true(rows[i].name, other.note == NULL);
		fakepam_end(&h);
		fakepam_end(&other);
	}
	rows_end();
}

/* Without its note a record that is lost would not be missed. */
static void
test_note(void **state)
{
	unsigned long n = 0;
	bool has_failed;

	(void)state;
	do {
		const char *const answers[] = { token, NULL };
		struct pam_handle h = { .service = "app",
			.user = "alice",
			.answers = answers };
		int rc;

		pamsite_set("session_limit = token\n");
		fakepam_arm(++n);
		rc = pamsite_enter(pam_sm_authenticate, &h, NULL, 0);
		has_failed = fakepam_disarm();
		row_true("note", rc != PAM_SUCCESS || h.note != NULL);
		row_true("note", has_failed || rc == PAM_SUCCESS);
		fakepam_end(&h);
	} while (has_failed);
	row_true("note", n > 2);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	pamsite_make();
	token = pamsite_mint(MINT_RSA, "");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(token);
	pamsite_remove();
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_spoilt),
	cmocka_unit_test(test_note),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
