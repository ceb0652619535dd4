/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program loads the plug-in: with a good configuration, a bad one or none,
 * with options and without, before a fork; and what happens when things go
 * wrong behind its back.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wallet.h"

/* What an administrator has to look at. */
static size_t
complaints(void)
{
	return host_lines(SASL_LOG_ERR) + host_lines(SASL_LOG_FAIL) +
	    host_lines(SASL_LOG_WARN) + host_lines(SASL_LOG_NOTE);
}

static int
start(const struct peer *peer, const char *in)
{
	struct talk talk;
	int rc;

	talk_open(&talk, peer);
	rc = talk_start(&talk, OB, span_of(in));
	talk_close(&talk);
	return rc;
}

/* One text of a configuration, and what is said about it. */
static const struct row {
	const char *name;
	const char *conf; /* NULL: the file is not there */
	const char *service;
	bool is_offered;
	const char *log; /* the one line of complaint; NULL: none */
} rows[] = {
	{ "good", SITE_ONE, "imap", true, NULL },
	{ "good for one service",
	    "issuer = " SITE_A "\njwks_file = %A\ncache_dir = %D/cache\n"
	    "username_claim = user\n[service imap]\naudience = " SITE_API "\n",
	    "imap", true, NULL },
	{ "not for another one",
	    "issuer = " SITE_A "\njwks_file = %A\ncache_dir = %D/cache\n"
	    "username_claim = user\n[service imap]\naudience = " SITE_API "\n",
	    "smtp", false,
	    "OAUTHBEARER and XOAUTH2 are not offered: for the service "
	    "\"smtp\" the key \"audience\" is missing in audient.conf" },
	{ "no claim for another one",
	    "issuer = " SITE_A "\njwks_file = %A\ncache_dir = %D/cache\n"
	    "audience = " SITE_API "\n[service imap]\nusername_claim = user\n",
	    "smtp", false, "the key \"username_claim\" is missing" },
	{ "no such file", NULL, "imap", false, "/audient.conf" },
	{ "unknown key", SITE_ONE "color = red\n", "imap", false,
	    "/audient.conf:6:" },
	{ "unknown section", SITE_ONE "[servise imap]\n", "imap", false,
	    "/audient.conf:6:" },
	{ "no value", SITE_ONE "tls =\n", "imap", false, "/audient.conf:6:" },
	{ "bad value", SITE_ONE "tls = no\n", "imap", false,
	    "/audient.conf:6:" },
	{ "no audience",
	    "issuer = " SITE_A "\njwks_file = %A\nusername_claim = user\n",
	    "imap", false, "audience" },
	{ "empty file", "", "imap", false, "/audient.conf" },
	{ "binary",
	    "\x7f"
	    "ELF\2\1\1\n",
	    "imap", false, "/audient.conf:1:" },
	{ "no such map", SITE_ONE "user_map = %M\n", "imap", false, "/users" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const struct row *row = &rows[i];
		const struct peer peer = { .service = row->service };
		struct talk talk;

		if (row->conf != NULL)
			site_configure(&site, row->conf);
		else
			assert_int_equal(unlink(site.conf), 0);
		row_number(row->name, host_open(options), SASL_OK);
		/* said once, however many connections there are */
		for (int n = 0; n < 3; n++) {
			talk_open(&talk, &peer);
			row_text(row->name, talk_mechs(&talk),
			    row->is_offered ? OB " " X2 : "");
			talk_close(&talk);
		}
		row_count(row->is_offered);
		row_number(row->name, (int64_t)complaints(), row->log != NULL);
		row_number(row->name, (int64_t)host_lines(SASL_LOG_ERR),
		    row->log != NULL);
		if (row->log != NULL)
			row_has(row->name, host_log(), row->log);
		sides_close();
	}
	site_configure(&site, SITE_ONE);
	rows_end();
}

/* Where nobody wrote a configuration nobody hears of us. */
static void
test_unconfigured(void **state)
{
	static const struct option no_answer[] = { { "389", "" },
		{ NULL, NULL } };
	static const struct option empty[] = { { "audient_config", "" },
		{ "audient_service", "" }, { NULL, NULL } };
	static const struct option *const given[] = { NULL, no_answer, empty };
	const struct peer peer = { .service = NULL };
	struct talk talk;

	(void)state;
	if (access(CONFIG_FILE, F_OK) == 0) {
		print_message("not tested: this host has a " CONFIG_FILE "\n");
		skip();
	}
	for (size_t i = 0; i < nitems(given); i++) {
		row_number("open", host_open(given[i]), SASL_OK);
		talk_open(&talk, &peer);
		row_text("mechanisms", talk_mechs(&talk), "");
		row_count(false);
		row_number("complaints", (int64_t)complaints(), 0);
		row_true("start", talk_start(&talk, OB, SPAN("x")) != SASL_OK);
		talk_close(&talk);
		sides_close();
	}
	rows_end();
}

/* Over the system's place for configurations, for this process alone. */
static bool
cover_config(const char *config)
{
	char *above = strdup(config), *etc;

	assert_non_null(above);
	*strrchr(above, '/') = '\0';
	etc = strdup(above);
	assert_non_null(etc);
	*strrchr(etc, '/') = '\0';
	return unshare(CLONE_NEWNS) == 0 &&
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("audient", etc, "tmpfs", 0, NULL) == 0 &&
	    mkdir(above, 0700) == 0;
}

#define CANNOT 77 /* exit status: the test needs more than it has */

/* One that a service may not enter is a mistake, and no absence. */
static int
load_without_access(void)
{
	char *plugin =
	    unit_path(getenv("AUDIENT_BUILD") != NULL ? getenv("AUDIENT_BUILD")
						      : ".",
		".libs/libaudient.so");
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	struct talk talk;
	bool ok;

	if (!cover_config(CONFIG_FILE) || seteuid(65534) != 0 ||
	    faccessat(AT_FDCWD, plugin, R_OK, AT_EACCESS) != 0 ||
	    faccessat(AT_FDCWD, tmp, W_OK | X_OK, AT_EACCESS) != 0)
		return CANNOT;
	free(plugin);
	ok = host_open(NULL) == SASL_OK;
	talk_open(&talk, &(struct peer){ .service = NULL });
	ok = ok && talk_mechs(&talk)[0] == '\0' && complaints() == 1 &&
	    host_lines(SASL_LOG_ERR) == 1 &&
	    strstr(host_log(), CONFIG_FILE ": ") != NULL;
	if (!ok)
		print_message("%s", host_log());
	talk_close(&talk);
	sides_close();
	return ok ? 0 : 1;
}

static void
test_no_access(void **state)
{
	pid_t child;
	int status = 0;

	(void)state;
	row_count(false);
	if ((child = fork()) == 0)
		_exit(load_without_access());
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT) {
		print_message(
		    "not tested: needs root, and directories of build "
		    "and temporary files that others may enter\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The option file of the host may name another section. */
static void
test_service_option(void **state)
{
	static const struct service {
		const char *given;
		int rc;
	} services[] = {
		{ "imap", SASL_OK },
		{ "smtp", SASL_CONTINUE }, /* scope missing */
		{ "nobody-wrote-a-section", SASL_OK },
		/* as long as a name may be */
		{ "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddd"
		  "ddddddd",
		    SASL_OK },
	};
	const struct peer ldap = { .service = "ldap" };
	char *in = bearer("u:alice", tokens[GOOD]);

	(void)state;
	site_configure(&site, WALLET_CONF);
	for (size_t i = 0; i < nitems(services); i++) {
		const struct option with[] = {
			{ "audient_config", site.conf },
			{ "audient_service", services[i].given },
			{ NULL, NULL },
		};

		assert_int_equal(host_open(with), SASL_OK);
		row_count(services[i].rc == SASL_OK);
		/* the host still speaks LDAP, whatever the section */
		row_number(services[i].given, start(&ldap, in), services[i].rc);
		sides_close();
	}
	free(in);
	rows_end();
}

static void
test_long_service(void **state)
{
	char *name = unit_repeat('x', 65);
	const struct option with[] = { { "audient_config", site.conf },
		{ "audient_service", name }, { NULL, NULL } };
	const struct peer peer = { .service = NULL };
	struct talk talk;

	(void)state;
	assert_int_equal(host_open(with), SASL_OK);
	talk_open(&talk, &peer);
	assert_string_equal(talk_mechs(&talk), "");
	talk_close(&talk);
	assert_non_null(strstr(host_log(), "audient_service is too long"));
	sides_close();
	free(name);
	row_count(false);
}

/* The issuer cannot be asked: the client keeps its token, and comes again. */
static void
test_trouble(void **state)
{
	static const char *const confs[] = {
		/* no helper, no network, no keys */
		"issuer = " SITE_A "\ncache_dir = %D/cache\n"
		"fetch_helper = %D/nothing\naudience = " SITE_API "\n"
		"username_claim = user\ntimeout = 1\n",
		/* a helper that says nothing */
		"issuer = " SITE_A "\ncache_dir = %D/cache\n"
		"fetch_helper = /bin/true\naudience = " SITE_API "\n"
		"username_claim = user\ntimeout = 1\n",
	};
	const struct peer peer = { .service = NULL };
	char *in = bearer(NULL, tokens[GOOD]);

	(void)state;
	for (size_t i = 0; i < nitems(confs); i++) {
		struct talk talk;

		site_empty_cache(&site);
		site_configure(&site, confs[i]);
		assert_int_equal(host_open(options), SASL_OK);
		talk_open(&talk, &peer);
		row_count(false);
		row_number("rc", talk_start(&talk, OB, span_of(in)),
		    SASL_UNAVAIL);
		row_number("no challenge", talk.out_len, 0);
		row_text("error", talk_error(&talk),
		    "the token cannot be checked now");
		row_has("log", host_log(), "reason=issuer_unavailable");
		row_true("level",
		    host_lines(SASL_LOG_ERR) > 0 &&
			host_lines(SASL_LOG_FAIL) == 0);
		talk_close(&talk);
		sides_close();
	}
	site_configure(&site, SITE_ONE);
	free(in);
	rows_end();
}

/* We are at fault: not the token, and not the client's to try again soon. */
static void
test_broken(void **state)
{
	const struct peer peer = { .service = NULL };
	char *in = bearer(NULL, tokens[GOOD]);
	struct talk talk;

	(void)state;
	unit_write(site.map, span_of("alice alice\n"), 0600);
	site_configure(&site, SITE_ONE "user_map = %M\n");
	assert_int_equal(host_open(options), SASL_OK);
	assert_int_equal(start(&peer, in), SASL_OK);
	unit_write(site.map, span_of("alice\n"), 0600);
	host_forget();
	talk_open(&talk, &peer);
	assert_int_equal(talk_start(&talk, OB, span_of(in)), SASL_FAIL);
	assert_int_equal(talk.out_len, 0);
	assert_string_equal(talk_error(&talk), "the token cannot be checked");
	assert_non_null(strstr(host_log(), "reason=config_invalid"));
	assert_true(host_lines(SASL_LOG_ERR) > 0);
	talk_close(&talk);
	/* mended, and everything is as before */
	unit_write(site.map, span_of("alice alice\n"), 0600);
	assert_int_equal(start(&peer, in), SASL_OK);
	sides_close();
	site_configure(&site, SITE_ONE);
	free(in);
	row_count(false);
}

/* Exim asks in a child for each login; Cyrus IMAP serves many in one. */
static void
test_fork(void **state)
{
	const struct peer peer = { .service = NULL };
	char *good = bearer(NULL, tokens[GOOD]);
	char *bad = bearer(NULL, tokens[EXPIRED]);
	pid_t child[8];
	int status;

	(void)state;
	assert_int_equal(host_open(options), SASL_OK);
	for (size_t i = 0; i < nitems(child); i++) {
		/* the first half before anybody has decided anything */
		if (i == nitems(child) / 2)
			assert_int_equal(start(&peer, good), SASL_OK);
		if ((child[i] = fork()) == 0) {
			bool ok = true;

			for (int n = 0; n < 20; n++)
				ok = start(&peer, good) == SASL_OK &&
				    start(&peer, bad) == SASL_CONTINUE && ok;
			(void)sasl_server_done();
			_exit(ok ? 0 : 1);
		}
		assert_true(child[i] > 0);
	}
	for (size_t i = 0; i < nitems(child); i++) {
		row_count(true);
		row_true("child", waitpid(child[i], &status, 0) == child[i]);
		row_number("status", status, 0);
	}
	row_number("parent", start(&peer, good), SASL_OK);
	sides_close();
	free(good);
	free(bad);
	rows_end();
}

static int64_t
count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int64_t n = 0;
	int c;

	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	(void)fclose(f);
	return n;
}

/*
 * A program that ends SASL and begins again, as libvirt's clients do.  Each
 * time the plug-in is loaded and unloaded.
 */
static void
test_again(void **state)
{
	const struct peer peer = { .service = NULL };
	char *in = bearer(NULL, tokens[GOOD]);
	int64_t maps_then = 0;
	size_t files_then = 0;

	(void)state;
	row_count(true);
	for (int n = 0; n < 200; n++) {
		row_number("open", host_open(options), SASL_OK);
		row_number("start", start(&peer, in), SASL_OK);
		sides_close();
		if (n == 10) {
			maps_then = count_maps();
			files_then = unit_files();
		}
	}
	row_true("memory", count_maps() < maps_then + 100);
	row_true("descriptors", unit_files() == files_then);
	free(in);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unconfigured),
		cmocka_unit_test(test_no_access),
		cmocka_unit_test(test_service_option),
		cmocka_unit_test(test_long_service),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_again),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, wallet_open, wallet_close));
}
