/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in called by hand: versions, places, memory that runs out,
 * steps that libsasl2 would not take, and whose the file with the token is.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "byhand.h"

/* --- loading
 * ---------------------------------------------------------------------- */

void __wrap_sasl_version_info(const char **implementation, const char **version,
    int *major, int *minor, int *step, int *patch);

static int major = SASL_VERSION_MAJOR, minor = SASL_VERSION_MINOR;

void
__wrap_sasl_version_info(const char **implementation, const char **version,
    int *ours, int *less, int *step_number, int *patch)
{
	assert_true(implementation == NULL && version == NULL &&
	    step_number == NULL && patch == NULL);
	*ours = major;
	*less = minor;
}

static void
test_versions(void **state)
{
	int version = 0;

	(void)state;
	hand_reset(NULL);
	for (int max = 0; max < SASL_CLIENT_PLUG_VERSION; max++) {
		row_count(false);
		row_number("an old library",
		    sasl_client_plug_init(&utils, max, &version, &list, &count),
		    SASL_BADVERS);
	}
	major++;
	row_number("the next major release", hand_load(), SASL_BADVERS);
	major--;
	minor++;
	row_number("the next minor release", hand_load(), SASL_BADVERS);
	minor--;
	row_number("a newer library",
	    sasl_client_plug_init(&utils, SASL_CLIENT_PLUG_VERSION + 1,
		&version, &list, &count),
	    SASL_OK);
	row_number("and what it is told", version, SASL_CLIENT_PLUG_VERSION);
	hand_unload("versions");
	rows_end();
}

/* How many questions a mechanism has by itself tells which place it is. */
static void
test_places(void **state)
{
	static const struct {
		const char *name;
		int rc;
		const char *option, *variable;
		int64_t prompts; /* 0: it is not loaded */
	} rows[] = {
		{ "nobody has said", SASL_OK, NULL, NULL, 3 },
		{ "an option", SASL_OK, "-", "/x", 2 },
		{ "an empty option", SASL_OK, "", "/x", 3 },
		{ "no option", SASL_FAIL, NULL, "/x", 1 },
		{ "no option, and it has left something", SASL_FAIL, "-", "/x",
		    1 },
		{ "an option without a value", SASL_OK, NULL, "/x", 1 },
		{ "an empty variable", SASL_OK, NULL, "", 3 },
		{ "the command", SASL_OK, "audient", NULL, 1 },
		{ "a relative path", SASL_OK, "x/-", NULL, 0 },
		{ "the same in the environment", SASL_FAIL, NULL, "x", 0 },
	};

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		int64_t n = 0;

		hand_reset(rows[i].option);
		hand.place_rc = rows[i].rc;
		if (rows[i].variable != NULL)
			(void)setenv("AUDIENT_TOKEN_FILE", rows[i].variable, 1);
		row_number(rows[i].name, hand_load(),
		    rows[i].prompts > 0 ? SASL_OK : SASL_BADPARAM);
		(void)unsetenv("AUDIENT_TOKEN_FILE");
		row_count(rows[i].prompts > 0);
		row_number(rows[i].name, count, rows[i].prompts > 0 ? 2 : 0);
		row_true(rows[i].name, (list == NULL) == (count == 0));
		row_has(rows[i].name, hand.log,
		    rows[i].prompts > 0 ? "" : "AUDIENT_TOKEN_FILE is none of");
		if (count > 0)
			while (list[0].required_prompts[n] != SASL_CB_LIST_END)
				n++;
		row_number(rows[i].name, n, rows[i].prompts);
		hand_unload(rows[i].name);
	}
	rows_end();
}

/* What libsasl2 decides with: too many flags, and a better one is not taken. */
static void
test_claims(void **state)
{
	static const char *const names[] = { "OAUTHBEARER", "XOAUTH2" };

	(void)state;
	hand_reset(NULL);
	assert_int_equal(hand_load(), SASL_OK);
	for (int i = 0; i < count; i++) {
		row_count(true);
		row_text("name", list[i].mech_name, names[i]);
		row_number(names[i], list[i].max_ssf, 0);
		row_number(names[i], list[i].security_flags,
		    SASL_SEC_NOANONYMOUS);
		row_number(names[i], list[i].features,
		    SASL_FEAT_WANT_CLIENT_FIRST | SASL_FEAT_ALLOWS_PROXY);
	}
	hand_unload("claims");
	rows_end();
}

/* --- memory
 * ---------------------------------------------------------------------- */

static char *dir, *file;

static void
test_no_memory_to_load(void **state)
{
	const char *const places[] = { NULL, "-", file, "audient" };

	(void)state;
	assert_int_equal(setenv("HOME", "/h", 1), 0);
	for (size_t i = 0; i < nitems(places); i++) {
		long n = 0;
		int rc;

		do {
			hand_reset(places[i]);
			granted = n++;
			rc = hand_load();
			row_count(false);
			row_number("rc", rc, has_failed ? SASL_NOMEM : SASL_OK);
			row_number("mechanisms", count, has_failed ? 0 : 2);
			row_true("list", (list == NULL) == has_failed);
			hand_unload("load");
		} while (has_failed);
		/* the plug-in, and what says where the token is */
		row_true("something has failed", n > (i < 2 ? 1 : 2));
	}
	rows_end();
}

/* The exchange, the token, the message, and questions to a person. */
static void
test_no_memory_to_start(void **state)
{
	const char *const places[] = { "-", file, NULL };
	sasl_interact_t *prompts;
	struct run run;

	(void)state;
	for (size_t i = 0; i < nitems(places); i++) {
		long n = 0;
		int rc;

		do {
			hand_reset(places[i]);
			hand.token.rc =
			    places[i] == NULL ? SASL_INTERACT : SASL_OK;
			assert_int_equal(hand_load(), SASL_OK);
			granted = n++;
			prompts = NULL;
			rc = run_start(&run, &prompts);
			granted = -1;
			row_count(false);
			row_number("rc", rc,
			    has_failed		    ? SASL_NOMEM
				: places[i] == NULL ? SASL_INTERACT
						    : SASL_CONTINUE);
			row_text("error", hand.error, "");
			row_true("prompts",
			    (prompts != NULL) == (rc == SASL_INTERACT));
			if (prompts != NULL)
				utils.free(prompts);
			run_end(&run);
			hand_unload("start");
		} while (has_failed);
		row_true("something has failed", n > 2);
	}
	rows_end();
}

/* --- steps
 * ---------------------------------------------------------------------- */

/* Steps in an order, or with bytes, that libsasl2 would not have. */
static void
test_steps(void **state)
{
	static const struct {
		const char *name, *in;
		unsigned int len;
		int rc;
		const char *error;
	} steps[] = {
		{ "the end", NULL, 0, SASL_OK, "" },
		{ "no bytes, but a length", NULL, 5, SASL_OK, "" },
		{ "bytes, but no length", "x", 0, SASL_OK, "" },
		{ "one byte", "x", 1, SASL_CONTINUE,
		    "the server refused the token: x" },
		{ "no byte behind it", "ab{", 2, SASL_CONTINUE,
		    "the server refused the token: ab" },
	};
	struct run run;

	(void)state;
	hand_reset("-");
	assert_int_equal(hand_load(), SASL_OK);
	list[0].mech_dispose(NULL, &utils);
	for (size_t i = 0; i < nitems(steps); i++) {
		hand.error[0] = '\0';
		assert_int_equal(run_start(&run, NULL), SASL_CONTINUE);
		row_number(steps[i].name, run.oparams.doneflag, 0);
		row_count(steps[i].rc == SASL_OK);
		row_number(steps[i].name,
		    run_step(&run, steps[i].in, steps[i].len, NULL),
		    steps[i].rc);
		row_text(steps[i].name, hand.error, steps[i].error);
		row_number(steps[i].name, run.len,
		    steps[i].rc == SASL_OK ? 0 : 1);
		row_number(steps[i].name, run.oparams.doneflag,
		    steps[i].rc == SASL_OK);
		if (steps[i].rc != SASL_OK)
			row_number(steps[i].name, run_step(&run, NULL, 0, NULL),
			    SASL_BADPROT);
		run_end(&run);
	}
	hand_unload("steps");
	rows_end();
}

/* --- the file, and who may read it
 * ---------------------------------------------------------------------- */

#define US    12345 /* who runs the program */
#define GROUP 12346 /* to which we belong */
#define THEM  12347

static const struct owner {
	const char *name;
	uid_t uid;
	mode_t mode;
	const char *error; /* NULL: none */
} owners[] = {
	{ "ours", US, 0600, NULL },
	{ "root's, for the group", 0, 0640, NULL },
	{ "another user's, for the group", THEM, 0640,
	    "the token file belongs to somebody else" },
	{ "root's, not for us", 0, 0600, "the token file cannot be opened" },
	{ "ours, for all", US, 0604,
	    "the token file is open to others: chmod 600" },
};

/* In a process of its own: is it as it should be? */
static bool
is_as_wanted(const struct owner *owner)
{
	struct run run;
	int rc;

	if (setegid(GROUP) != 0 || seteuid(US) != 0)
		return false;
	rc = run_start(&run, NULL);
	run_end(&run);
	if (owner->error == NULL)
		return rc == SASL_CONTINUE;
	return rc == SASL_BADPARAM && strcmp(hand.error, owner->error) == 0;
}

static void
test_owners(void **state)
{
	char *path;

	(void)state;
	if (!unit_is_root()) {
		print_message("not tested without root\n");
		skip();
	}
	path = unit_path(dir, "owned");
	assert_int_equal(chmod(dir, 0711), 0);
	hand_reset(path);
	assert_int_equal(hand_load(), SASL_OK);
	for (size_t i = 0; i < nitems(owners); i++) {
		const struct owner *owner = &owners[i];
		int status;
		pid_t child;

		unit_write(path, SPAN(TOKEN), owner->mode);
		assert_int_equal(chown(path, owner->uid, GROUP), 0);
		if ((child = fork()) == 0)
			_exit(is_as_wanted(owner) ? 0 : 1);
		assert_int_equal(waitpid(child, &status, 0), child);
		row_count(owner->error == NULL);
		row_number(owner->name, status, 0);
		(void)unlink(path);
	}
	hand_unload("owners");
	free(path);
	rows_end();
}

/* A program that has closed its standard input: the file becomes it. */
static void
test_closed(void **state)
{
	const int spare = fcntl(0, F_DUPFD_CLOEXEC, 300);
	struct run run;
	int rc;

	(void)state;
	hand_reset(file);
	assert_int_equal(hand_load(), SASL_OK);
	(void)close(0);
	rc = run_start(&run, NULL);
	row_true("closed behind it", fcntl(0, F_GETFD) < 0);
	if (spare >= 0) {
		assert_int_equal(dup2(spare, 0), 0);
		(void)close(spare);
	}
	row_count(true);
	row_number("standard input is closed", rc, SASL_CONTINUE);
	run_end(&run);
	hand_unload("closed");
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	dir = unit_dir();
	file = unit_path(dir, "token");
	unit_write(file, SPAN(TOKEN), 0600);
	return unsetenv("AUDIENT_TOKEN_FILE");
}

static int
tear_down(void **state)
{
	free(file);
	unit_dir_remove(dir);
	return hand_close(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_no_memory_to_load),
		cmocka_unit_test(test_no_memory_to_start),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_closed),
	};

	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
