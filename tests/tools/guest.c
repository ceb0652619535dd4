/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest CONFIG TOKEN-FILE
 *
 * A host that counts the spoons: what of the process is different after a
 * decision that had to start the helper and write the cache?  Prints TAP.
 * The cache of CONFIG has to be empty, and the tenant to be up.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audient.h"
#include "shot.h"

static const char *config;
static char token[65536];
static unsigned int cases;
static FILE *out; /* not standard output, which some hosts do not have */

static void
tap(bool ok, const char *what, const char *detail)
{
	(void)fprintf(out, "%s %u - %s\n", ok ? "ok" : "not ok", ++cases, what);
	if (!ok)
		(void)fprintf(out, "# %s\n", detail);
	(void)fflush(out);
}

/* One decision in this process; the name of its reason. */
static const char *
decide(void)
{
	const struct audient_options options = { .config = config };
	const struct audient_request rq = { .token = span_of(token),
		.service = "imap",
		.uid = AUDIENT_NOT_ACCOUNTS };
	static char problem[AUDIENT_LINE_MAX];
	struct audient_verdict v;
	struct audient *audient;
	const char *name;

	if (audient_open(&audient, &options, problem) != REASON_OK)
		return problem;
	name = reason_name(audient_check(audient, &rq, &v));
	audient_close(audient);
	return name;
}

static bool
is_ok(const char *name)
{
	return strcmp(name, "ok") == 0;
}

/* Makes the next decision ask the tenant: no record, no marks. */
static void
empty_cache(void)
{
	char command[4096];

	(void)snprintf(command, sizeof(command),
	    "rm -rf \"$(sed -n 's/^cache_dir = //p' '%s')\"/*", config);
	if (system(command) != 0)
		(void)fprintf(out, "# cannot empty the cache\n");
}

static void
leaves_nothing(void)
{
	static char before[SHOT_SIZE], after[SHOT_SIZE];
	const char *name;
	unsigned long error;

	ERR_put_error(ERR_LIB_USER, 0, 1, __FILE__, __LINE__);
	error = ERR_peek_error();
	empty_cache();
	take_shot(before);
	name = decide();
	take_shot(after);
	tap(is_ok(name), "a decision that starts the helper", name);
	tap(strcmp(before, after) == 0,
	    "descriptors, signals, environment, children, limits, umask, "
	    "locale: as before",
	    shot_difference(before, after));
	tap(ERR_get_error() == error && ERR_get_error() == 0,
	    "OpenSSL's errors: as before", "one more or less");
}

static void
on_child(int signal)
{
	const int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void
on_alarm(int signal)
{
	(void)signal;
}

static void
hosts_that_reap(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	const char *name;

	empty_cache(); /* which needs its children */
	(void)sigaction(SIGCHLD, &sa, NULL);
	name = decide();
	tap(is_ok(name), "in a host that ignores its children", name);
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
	empty_cache();
	sa.sa_handler = on_child;
	(void)sigaction(SIGCHLD, &sa, NULL);
	name = decide();
	tap(is_ok(name), "in a host that waits for all its children", name);
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
}

/* A signal every millisecond, and no call is restarted. */
static void
storm(void)
{
	const struct itimerval fast = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	const char *name = "ok";

	(void)sigaction(SIGALRM, &sa, NULL);
	for (int i = 0; i < 10 && is_ok(name); i++) {
		empty_cache();
		(void)setitimer(ITIMER_REAL, &fast, NULL);
		name = decide();
		(void)setitimer(ITIMER_REAL, &none, NULL);
	}
	tap(is_ok(name), "in a storm of signals, ten times", name);
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGALRM, &sa, NULL);
}

static void
without_standard_descriptors(void)
{
	const int saved[3] = { dup(0), dup(1), dup(2) };
	bool closed;
	const char *name;

	empty_cache();
	for (int i = 0; i < 3; i++)
		(void)close(i);
	name = decide();
	closed = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 &&
	    fcntl(2, F_GETFD) < 0;
	for (int i = 0; i < 3; i++) {
		(void)dup2(saved[i], i);
		(void)close(saved[i]);
	}
	tap(is_ok(name), "without descriptors 0, 1 and 2", name);
	tap(closed, "and they are still closed", "one is open");
}

static mode_t
mode_of_record(void)
{
	char command[4096], text[64] = "";
	FILE *f;

	(void)snprintf(command, sizeof(command),
	    "stat -c %%a \"$(sed -n 's/^cache_dir = //p' '%s')\"/*/keys/*-keys",
	    config);
	if ((f = popen(command, "r")) == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	(void)pclose(f);
	return (mode_t)strtoul(text, NULL, 8);
}

static void
odd_umasks(void)
{
	const mode_t want = geteuid() == 0 ? 0644 : 0600;
	const mode_t masks[] = { 0, 0777 };
	const mode_t old = umask(0);

	for (size_t i = 0; i < 2; i++) {
		const char *name;

		empty_cache();
		(void)umask(masks[i]);
		name = decide();
		(void)umask(old);
		tap(is_ok(name) && mode_of_record() == want,
		    masks[i] == 0 ? "with umask 000" : "with umask 777", name);
	}
}

static void
in_a_deleted_directory(void)
{
	char dir[] = "/tmp/audient-guest-XXXXXX";
	const char *name = "mkdtemp";

	empty_cache();
	if (mkdtemp(dir) != NULL && chdir(dir) == 0 && rmdir(dir) == 0)
		name = decide();
	tap(is_ok(name) && chdir("/") == 0, "in a directory that is gone",
	    name);
}

/* What a caller of a set-uid program may have set. */
static void
hostile_environment(void)
{
	static const char *const set[][2] = {
		{ "SSLKEYLOGFILE", "/tmp/audient-guest-keylog" },
		{ "https_proxy", "http://127.0.0.1:9" },
		{ "HTTPS_PROXY", "http://127.0.0.1:9" },
		{ "ALL_PROXY", "http://127.0.0.1:9" },
		{ "SSL_CERT_FILE", "/nonexistent" },
		{ "SSL_CERT_DIR", "/nonexistent" },
		{ "CURL_CA_BUNDLE", "/nonexistent" },
		{ "CURL_HOME", "/nonexistent" },
		{ "HOME", "/nonexistent" },
		{ "RES_OPTIONS", "timeout:9" },
		{ "HOSTALIASES", "/nonexistent" },
		{ "TZ", ":/nonexistent" },
		{ "LC_ALL", "tr_TR.UTF-8" },
	};
	const char *name;

	(void)unlink(set[0][1]);
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		(void)setenv(set[i][0], set[i][1], 1);
	empty_cache();
	name = decide();
	tap(is_ok(name), "with a hostile environment", name);
	tap(access(set[0][1], F_OK) != 0,
	    "no key log is written where SSLKEYLOGFILE points",
	    "the file is there");
}

static void
again_and_again(void)
{
	static char before[SHOT_SIZE], after[SHOT_SIZE];
	const char *name = "ok";

	(void)decide();
	take_shot(before);
	for (int i = 0; i < 1000 && is_ok(name); i++)
		name = decide();
	take_shot(after);
	tap(is_ok(name) && strcmp(before, after) == 0,
	    "opened and closed a thousand times",
	    shot_difference(before, after));
}

int
main(int argc, char **argv)
{
	FILE *f;

	if (argc != 3 || (f = fopen(argv[2], "r")) == NULL ||
	    fgets(token, sizeof(token), f) == NULL) {
		(void)fprintf(stderr, "usage: guest CONFIG TOKEN-FILE\n");
		return 2;
	}
	(void)fclose(f);
	token[strcspn(token, "\n")] = '\0';
	config = argv[1];
	out = fdopen(fcntl(1, F_DUPFD_CLOEXEC, 10), "w");
	if (out == NULL)
		return 2;
	leaves_nothing();
	hosts_that_reap();
	storm();
	without_standard_descriptors();
	odd_umasks();
	in_a_deleted_directory();
	again_and_again();
	hostile_environment();
	(void)fprintf(out, "1..%u\n", cases);
	return 0;
}
