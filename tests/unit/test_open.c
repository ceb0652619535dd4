/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audient.h"
#include "site.h"
#include "unit.h"

static struct site site;

static enum reason
open_as(const char *service, struct audient **audientp, char *problem)
{
	const struct audient_options options = { .config = site.conf,
		.service = service };

	return audient_open(audientp, &options, problem);
}

/* What audient_open() says of a configuration and a map. */
static const struct {
	const char *name;
	const char *conf, *map, *service;
	enum reason want;
	const char *file, *what; /* which file is blamed, and for what */
} rows[] = {
	{ "good", SITE_ONE, NULL, NULL, REASON_OK, "", "" },
	{ "good, with a map", SITE_ONE "user_map = %M\n", "a b\n", NULL,
	    REASON_OK, "", "" },
	{ "another service's map is of no interest",
	    SITE_ONE "[service imap]\nuser_map = %M\n", "bad\n", "sshd",
	    REASON_OK, "", "" },
	{ "sudo's map for sudo-i", SITE_ONE "[service sudo]\nuser_map = %M\n",
	    "a b\n", "sudo-i", REASON_OK, "", "" },
	{ "bad line", SITE_ONE "x = y\n", NULL, NULL, REASON_CONFIG_INVALID,
	    "audient.conf", ":6: unknown key" },
	{ "bad value", SITE_ONE "min_uid = 0\n", NULL, NULL,
	    REASON_CONFIG_INVALID, "audient.conf", ":6: min_uid: " },
	{ "nothing in it", "\n", NULL, NULL, REASON_CONFIG_INVALID,
	    "audient.conf", ": no tenant is named" },
	{ "bad map", SITE_ONE "user_map = %M\n", "a b\n\nbad\n", NULL,
	    REASON_CONFIG_INVALID, "users", ":3: a line has" },
	{ "no map", SITE_ONE "user_map = %M.none\n", NULL, NULL,
	    REASON_CONFIG_INVALID, "users.none", ": it does not exist" },
	{ "the map is a directory", SITE_ONE "user_map = %D/.\n", NULL, NULL,
	    REASON_CONFIG_INVALID, "/.", ": it is not a regular file" },
	{ "a section's map is bad", SITE_ONE "[service imap]\nuser_map = %M\n",
	    "bad\n", NULL, REASON_CONFIG_INVALID, "users", ":1: " },
	{ "the service's own map is bad",
	    SITE_ONE "[service imap]\nuser_map = %M\n", "bad\n", "imap",
	    REASON_CONFIG_INVALID, "users", ":1: " },
	{ "sudo's map is bad for sudo-i",
	    SITE_ONE "[service sudo]\nuser_map = %M\n", "bad\n", "sudo-i",
	    REASON_CONFIG_INVALID, "users", ":1: " },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		char problem[AUDIENT_LINE_MAX];
		struct audient *audient = (void *)1;

		site_configure(&site, rows[i].conf);
		if (rows[i].map != NULL)
			unit_write(site.map, span_of(rows[i].map), 0600);
		row_reason(rows[i].name,
		    open_as(rows[i].service, &audient, problem), rows[i].want);
		row_has(rows[i].name, problem, rows[i].file);
		row_has(rows[i].name, problem, rows[i].what);
		row_true(rows[i].name,
		    (audient != NULL) == (rows[i].want == REASON_OK));
		row_true(rows[i].name,
		    (problem[0] == '\0') == (rows[i].want == REASON_OK));
		audient_close(audient);
	}
	audient_close(NULL);
	rows_end();
}

static void
expect(const char *name, const char *config, const char *what)
{
	const struct audient_options options = { .config = config };
	char problem[AUDIENT_LINE_MAX];
	struct audient *audient = (void *)1;

	row_reason(name, audient_open(&audient, &options, problem),
	    REASON_CONFIG_INVALID);
	row_has(name, problem, what);
	row_true(name, audient == NULL);
}

/* The file and the directory that it is in. */
static void
test_file(void **state)
{
	char *link, *huge;

	(void)state;
	site_configure(&site, SITE_ONE);
	expect("relative", "audient.conf",
	    "audient.conf: the path must be absolute");
	assert_int_equal(chmod(site.conf, 0664), 0);
	expect("others can write it", site.conf, "others can write it");
	assert_int_equal(chmod(site.conf, 0600), 0);
	assert_int_equal(chmod(site.dir, 0777), 0);
	expect("others can write its directory", site.conf,
	    "others can write its directory");
	assert_int_equal(chmod(site.dir, 0700), 0);
	link = unit_path(site.dir, "link");
	assert_int_equal(symlink(site.conf, link), 0);
	expect("symbolic link", link, "it is a symbolic link");
	free(link);
	huge = unit_repeat('\n', 65537);
	unit_write(site.conf, span_of(huge), 0600);
	expect("too large", site.conf, "it is too large");
	free(huge);
	row_bool("configured", audient_is_configured(site.conf), true);
	assert_int_equal(unlink(site.conf), 0);
	expect("missing", site.conf, "it does not exist");
	row_bool("not configured", audient_is_configured(site.conf), false);
	rows_end();
}

/* As somebody who is not root; what is_configured() says, or -1. */
static int
asked_as_nobody(const char *path)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(setresuid(65534, 65534, 65534) != 0 ? 2
			: audient_is_configured(path)	  ? 1
							  : 0);
	assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status) < 2 ? WEXITSTATUS(status) : -1;
}

/* Absent is only what is not there; elsewhere somebody may have made it. */
static void
test_configured(void **state)
{
	char *below;

	(void)state;
	site_configure(&site, SITE_ONE);
	below = unit_path(site.conf, "x");
	row_bool("there", audient_is_configured(site.conf), true);
	row_bool("a file for a directory", audient_is_configured(below), false);
	free(below);
	row_bool("no such directory",
	    audient_is_configured("/nonexistent/audient.conf"), false);
	if (!unit_is_root()) {
		print_message("not tested without root: other users\n");
		rows_end();
		return;
	}
	assert_int_equal(chmod(site.dir, 0755), 0);
	row_number("a file that one may not read", asked_as_nobody(site.conf),
	    1);
	assert_int_equal(chmod(site.dir, 0700), 0);
	row_number("a directory that one may not enter",
	    asked_as_nobody(site.conf), 1);
	assert_int_equal(unlink(site.conf), 0);
	row_number("and nothing in it", asked_as_nobody(site.conf), 1);
	assert_int_equal(chmod(site.dir, 0755), 0);
	row_number("not there", asked_as_nobody(site.conf), 0);
	assert_int_equal(chmod(site.dir, 0700), 0);
	rows_end();
}

/* A key file that is no good is trouble of ours, not of the token. */
static void
test_key_file(void **state)
{
	static const struct {
		const char *name;
		struct span bytes;
		mode_t mode;
	} files[] = {
		{ "empty", BYTES(""), 0600 },
		{ "not JSON", BYTES("keys"), 0600 },
		{ "no set", BYTES("{}"), 0600 },
		{ "no keys", BYTES("{\"keys\":[]}"), 0600 },
		{ "NUL behind", BYTES("{\"keys\":[]}\0"), 0600 },
		{ "symmetric",
		    BYTES("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQ\"}]}"),
		    0600 },
		{ "others can write it", BYTES("{\"keys\":[]}"), 0666 },
	};
	char *token =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	const struct audient_request rq = { .token = span_of(token),
		.service = "sshd",
		.uid = 1000,
		.at = NOW };
	char problem[AUDIENT_LINE_MAX];
	struct audient_verdict v;
	struct audient *audient;

	(void)state;
	site_configure(&site, SITE_ONE);
	assert_int_equal(open_as(NULL, &audient, problem), REASON_OK);
	for (size_t i = 0; i < nitems(files); i++) {
		unit_write(site.jwks_a, files[i].bytes, files[i].mode);
		row_reason(files[i].name, audient_check(audient, &rq, &v),
		    REASON_CONFIG_INVALID);
		row_text(files[i].name, v.check, "key");
		row_has(files[i].name, v.found, "a.json: ");
		row_true(files[i].name,
		    audient_keys_refresh(audient, true) ==
			REASON_CONFIG_INVALID);
	}
	assert_int_equal(unlink(site.jwks_a), 0);
	row_reason("missing", audient_check(audient, &rq, &v),
	    REASON_CONFIG_INVALID);
	audient_close(audient);
	free(token);
	rows_end();
}

/* Once read, the keys serve for a while even if the file goes bad. */
static void
test_key_file_later(void **state)
{
	char *token =
	    mint_token(MINT_RSA, ALG_RS256, SITE_HEADER, SITE_CLAIMS, NULL);
	const struct audient_request rq = { .token = span_of(token),
		.service = "sshd",
		.uid = 1000,
		.at = NOW };
	char problem[AUDIENT_LINE_MAX];
	struct audient_verdict v;
	struct audient *audient;

	(void)state;
	site_configure(&site, SITE_ONE);
	assert_int_equal(open_as(NULL, &audient, problem), REASON_OK);
	assert_int_equal(audient_check(audient, &rq, &v), REASON_OK);
	unit_write(site.jwks_a, SPAN("{}"), 0600);
	assert_int_equal(audient_check(audient, &rq, &v), REASON_OK);
	assert_int_equal(audient_keys_refresh(audient, false),
	    REASON_CONFIG_INVALID);
	assert_int_equal(audient_check(audient, &rq, &v), REASON_OK);
	audient_keys_flush(audient);
	assert_int_equal(audient_check(audient, &rq, &v),
	    REASON_CONFIG_INVALID);
	audient_close(audient);
	free(token);
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
	site_remove(&site);
	mint_end();
	return 0;
}

#define WITH_SITE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_SITE(test_rows),
	WITH_SITE(test_file),
	WITH_SITE(test_configured),
	WITH_SITE(test_key_file),
	WITH_SITE(test_key_file_later),
};

UNIT_MAIN(tests)
