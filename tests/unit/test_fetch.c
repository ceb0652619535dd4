/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "unit.h"

/*
 * A shell script stands in for audient-fetch, and misbehaves in every way
 * that a broken one could.
 */
#define READ_ALL  "while IFS= read -r l && [ -n \"$l\" ]; do :; done\n"
#define SAY(text) READ_ALL "printf '" text "'\n"
#define HEAD	  "audient-fetch 1\\n"
#define OK	  HEAD "result answered\\nstatus 200\\ntype application/json\\n"

#define BODY_MAX 100
#define LONG_MS	 20000 /* a deadline that is not meant to pass */
#define TEN	 "0000000000"

static char *dir, *helper;
static struct fetcher *fetcher;

static void
set_helper(const char *script)
{
	struct buf text = BUF_INIT(65536);

	assert_int_equal(buf_printf(&text, "#!/bin/sh\n%s", script), REASON_OK);
	(void)unlink(helper); /* it may still run */
	unit_write(helper, buf_span(&text), 0700);
	buf_free(&text);
}

static const struct {
	const char *name, *script;
	enum fetch_result result;
	int status;	  /* of an answer */
	const char *text; /* its body; else what is said of it */
} rows[] = {
	{ "answer", SAY(OK "length 2\\n\\n{}"), FETCH_ANSWERED, 200, "{}" },
	{ "no body", SAY(HEAD "result answered\\nstatus 404\\n\\n"),
	    FETCH_ANSWERED, 404, "" },
	{ "in another order",
	    SAY(HEAD "length 1\\nnew_key 1\\nstatus 503\\nresult answered\\n"
		     "\\nx"),
	    FETCH_ANSWERED, 503, "x" },
	{ "in pieces",
	    READ_ALL "printf 'audient'; sleep 0.02; printf -- '-fetch 1\\n"
		     "result answered\\nstatus 2'; sleep 0.02; "
		     "printf '00\\nlength 4\\n\\nab'; sleep 0.02; "
		     "printf cd\n",
	    FETCH_ANSWERED, 200, "abcd" },
	{ "the lowest status", SAY(HEAD "result answered\\nstatus 100\\n\\n"),
	    FETCH_ANSWERED, 100, "" },
	{ "the highest", SAY(HEAD "result answered\\nstatus 999\\n\\n"),
	    FETCH_ANSWERED, 999, "" },
	{ "all that we take",
	    SAY(OK "length 100\\n\\n%0100d") /* a hundred zeros */,
	    FETCH_ANSWERED, 200, TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN },
	{ "the first length", SAY(OK "length 2\\nlength 1\\n\\n{}"),
	    FETCH_ANSWERED, 200, "{}" },
	{ "the first that is one", SAY(OK "length x\\nlength 2\\n\\n{}"),
	    FETCH_ANSWERED, 200, "{}" },
	{ "empty lines in the body", SAY(OK "length 4\\n\\n\\n\\n\\n\\n"),
	    FETCH_ANSWERED, 200, "\n\n\n\n" },

	{ "not reached", SAY(HEAD "result no_answer\\nwhy refused\\n\\n"),
	    FETCH_NO_ANSWER, 0, "refused" },
	{ "bad answer", SAY(HEAD "result bad_answer\\nwhy too large\\n\\n"),
	    FETCH_BAD_ANSWER, 0, "too large" },
	{ "unknown result", SAY(HEAD "result fine\\nstatus 200\\n\\n"),
	    FETCH_NO_ANSWER, 0, "" },
	{ "no result", SAY(HEAD "status 200\\nlength 2\\n\\n{}"),
	    FETCH_NO_ANSWER, 0, "" },
	{ "wild reason",
	    SAY(HEAD "result no_answer\\nwhy a\\033[2J\\377\\n\\n"),
	    FETCH_NO_ANSWER, 0, "a\\x1b[2J\\xff" },

	{ "nothing", READ_ALL, FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "ends at once", "exit 0\n", FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "ends in shame", "exit 1\n", FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "killed", READ_ALL "kill -KILL $$\n", FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "killed halfway", SAY(OK "length 2\\n\\n{") "kill -SEGV $$\n",
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "garbage", SAY("hello\\n\\n"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "another version",
	    SAY("audient-fetch 2\\nresult answered\\nstatus 200\\n\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "Windows line ends",
	    SAY("audient-fetch 1\\r\\nresult answered\\r\\n\\r\\n\\n\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "no end of the head", SAY(HEAD "result answered\\nstatus 200\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "endless head",
	    READ_ALL "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaa; done\n",
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "body too short", SAY(OK "length 3\\n\\n{}"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "body too long", SAY(OK "length 1\\n\\n{}"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "no length", SAY(OK "\\n{}"), FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "negative length", SAY(OK "length -2\\n\\n{}"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "no number", SAY(OK "length two\\n\\n{}"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "more than we take", SAY(OK "length 5000\\n\\n"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "more than we take, and waits",
	    SAY(OK "length 101\\n\\n") "exec sleep 1000\n", FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "2^32", SAY(OK "length 4294967296\\n\\n"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "2^63", SAY(OK "length 9223372036854775808\\n\\n{}"), FETCH_NO_ANSWER,
	    0, "no valid answer" },
	{ "18 digits", SAY(OK "length 999999999999999999\\n\\n{}"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "endless body",
	    SAY(OK "length 100\\n\\n") "while :; do echo aaaaaaaa; done\n",
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "no status", SAY(HEAD "result answered\\n\\n"), FETCH_NO_ANSWER, 0,
	    "no valid answer" },
	{ "status 99", SAY(HEAD "result answered\\nstatus 99\\n\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "status 1000", SAY(HEAD "result answered\\nstatus 1000\\n\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
	{ "status -200", SAY(HEAD "result answered\\nstatus -200\\n\\n"),
	    FETCH_NO_ANSWER, 0, "no valid answer" },
};

static void
check(const char *name, int ms, enum fetch_result result, int status,
    const char *text)
{
	const struct fetch_request rq = { .url = "https://a/",
		.body_max = BODY_MAX };
	const size_t fds = unit_files();
	struct fetch_answer a;

	fetch(fetcher, &rq, clock_ms() + ms, &a);
	row_count(result == FETCH_ANSWERED);
	row_number(name, a.result, result);
	if (result == FETCH_ANSWERED) {
		row_number(name, a.status, status);
		row_true(name, span_is(buf_span(&a.body), text));
		row_true(name, a.helper_is_well);
	} else
		row_has(name, a.why.s, text);
	if (strstr(a.why.s, "in time") != NULL ||
	    strstr(a.why.s, "cannot start") != NULL)
		row_true(name, !a.helper_is_well);
	fetch_answer_clear(&a);
	row_number(name, (int64_t)unit_files(), (int64_t)fds);
	/* no child is left behind */
	row_true(name, waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		set_helper(rows[i].script);
		check(rows[i].name, LONG_MS, rows[i].result, rows[i].status,
		    rows[i].text);
	}
	rows_end();
}

/* It has to end by itself. */
static void
test_hanging(void **state)
{
	static const char *const scripts[] = { "exec sleep 1000\n",
		READ_ALL "exec sleep 1000\n",
		SAY(OK "length 50\\n\\n{") "exec sleep 1000\n",
		"trap '' TERM HUP INT\nexec sleep 1000\n",
		"exec >&- 0>&- </dev/null\nexec sleep 1000\n" };

	(void)state;
	for (size_t i = 0; i < nitems(scripts); i++) {
		set_helper(scripts[i]);
		check(scripts[i], 200, FETCH_NO_ANSWER, 0,
		    i == 4 ? "no valid answer" : "in time");
	}
	set_helper(SAY(OK "length 2\\n\\n{}"));
	check("no time at all", 0, FETCH_NO_ANSWER, 0, "no time left");
	check("a deadline long gone", -100000, FETCH_NO_ANSWER, 0,
	    "no time left");
	rows_end();
}

static void
test_no_helper(void **state)
{
	(void)state;
	(void)unlink(helper);
	check("missing", LONG_MS, FETCH_NO_ANSWER, 0, "cannot start");
	unit_write(helper, SPAN("#!/bin/sh\n"), 0600);
	check("not executable", LONG_MS, FETCH_NO_ANSWER, 0, "cannot start");
	unit_write(helper,
	    SPAN("\x7f"
		 "ELF"),
	    0700);
	check("not a program", LONG_MS, FETCH_NO_ANSWER, 0, "");
	(void)unlink(helper);
	unit_write(helper, SPAN("#!/no/such/interpreter\n"), 0700);
	check("no interpreter", LONG_MS, FETCH_NO_ANSWER, 0, "cannot start");
	rows_end();
}

/* All that the helper says of an answer. */
static void
test_values(void **state)
{
	const struct fetch_request rq = { .url = "https://a/",
		.body_max = BODY_MAX };
	struct fetch_answer a;

	(void)state;
	set_helper(SAY(HEAD "result answered\\nstatus 429\\ntype text/plain\\n"
			    "date 1800000000\\nretry_after 7\\nlimit_left 0\\n"
			    "limit_reset 1800000060\\n\\n"));
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	assert_int_equal(a.result, FETCH_ANSWERED);
	assert_int_equal(a.status, 429);
	assert_string_equal(a.type, "text/plain");
	assert_int_equal(a.date, 1800000000);
	assert_int_equal(a.retry_after, 7);
	assert_int_equal(a.limit_left, 0);
	assert_int_equal(a.limit_reset, 1800000060);
	fetch_answer_clear(&a);
	set_helper(
	    SAY(HEAD "result answered\\nstatus 200\\n"
		     "type aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\n"
		     "retry_after -7\\nlimit_left x\\n\\n"));
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	assert_string_equal(a.type, "");
	assert_int_equal(a.retry_after, 0);
	assert_int_equal(a.limit_left, -1);
	fetch_answer_clear(&a);
}

static void
left_behind_remove(const char *name)
{
	char *path = unit_path(dir, name);

	(void)unlink(path);
	free(path);
}

/* Reads the file that the helper has left. */
static struct buf
left_behind(const char *name, bool is_last)
{
	struct buf bytes = BUF_INIT(1024 * 1024);
	char *path = unit_path(dir, name), *chunk = malloc(65536);
	FILE *f = fopen(path, "rbe");
	size_t n;

	assert_non_null(f);
	assert_int_equal(buf_add_str(&bytes, ""), REASON_OK);
	while ((n = fread(chunk, 1, 65536, f)) > 0)
		assert_int_equal(buf_add(&bytes, chunk, n), REASON_OK);
	fclose(f);
	if (is_last)
		(void)unlink(path);
	free(chunk);
	free(path);
	return bytes;
}

/* A helper that keeps what it was given below our directory. */
static void
set_keeper(const char *what)
{
	struct buf script = BUF_INIT(4096);

	assert_int_equal(buf_printf(&script,
			     "%s > '%s/kept'\nprintf '" OK
			     "length 2\\n\\n{}'\n",
			     what, dir),
	    REASON_OK);
	set_helper(script.data);
	buf_free(&script);
}

static void
test_request(void **state)
{
	struct fetch_request rq = { .url = "https://a/b?c",
		.bearer = SPAN("secret"),
		.form = SPAN("d=e\n\nf"),
		.ca_file = "/ca",
		.proxy = "http://p",
		.body_max = 7 };
	struct fetch_answer a;
	struct buf kept;

	(void)state;
	set_keeper("while IFS= read -r l && [ -n \"$l\" ]; do "
		   "printf '%s\\n' \"$l\"; done");
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	assert_int_equal(a.result, FETCH_ANSWERED);
	fetch_answer_clear(&a);
	kept = left_behind("kept", true);
	assert_true(span_starts(buf_span(&kept),
	    "audient-fetch 1\nurl https://a/b?c\ntimeout_ms "));
	assert_non_null(strstr(kept.data,
	    "\nbody_max 7\nca_file /ca\nproxy http://p\nbearer secret\n"
	    "length 6\n"));
	buf_free(&kept);
	rq = (struct fetch_request){ .url = "https://a/", .body_max = 7 };
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	fetch_answer_clear(&a);
	kept = left_behind("kept", true);
	assert_true(span_ends(buf_span(&kept), "\nbody_max 7\n"));
	buf_free(&kept);
}

/* What the host has in its environment and open is none of its business. */
static void
test_surroundings(void **state)
{
	struct fetch_request rq = { .url = "https://a/",
		.bearer = SPAN("secret"),
		.body_max = 2 };
	struct fetch_answer a;
	struct buf kept;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(setenv("SSLKEYLOGFILE", "/tmp/keys", 1), 0);
	assert_int_equal(setenv("https_proxy", "http://evil", 1), 0);
	set_keeper(READ_ALL "{ /usr/bin/env; ls /proc/self/fd; "
			    "tr '\\0' ' ' </proc/$$/cmdline; }");
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	fetch_answer_clear(&a);
	unsetenv("SSLKEYLOGFILE");
	unsetenv("https_proxy");
	close(fds[0]);
	close(fds[1]);
	kept = left_behind("kept", true);
	assert_null(strstr(kept.data, "SSLKEYLOGFILE"));
	assert_null(strstr(kept.data, "proxy"));
	assert_null(strstr(kept.data, "secret"));
	assert_non_null(strstr(kept.data, "LANG=C\n"));
	assert_non_null(strstr(kept.data, "PATH=/usr/bin:/bin\n"));
	assert_null(strstr(kept.data, "\n4\n")); /* 3 is that of ls(1) */
	buf_free(&kept);
}

/* More than the pipe holds, to one that reads and one that does not. */
static void
test_large(void **state)
{
	char *form = unit_repeat('f', 120000);
	struct fetch_request rq = { .url = "https://a/",
		.form = span_of(form),
		.body_max = 60000 };
	struct fetch_answer a;

	(void)state;
	set_helper(READ_ALL "head -c 120000 | wc -c >/dev/null\n"
			    "printf '" OK "length 50000\\n\\n'\n"
			    "head -c 50000 /dev/zero\n");
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	assert_int_equal(a.result, FETCH_ANSWERED);
	assert_int_equal(a.body.len, 50000);
	fetch_answer_clear(&a);
	set_helper("exec sleep 1000\n");
	fetch(fetcher, &rq, clock_ms() + 200, &a);
	assert_int_equal(a.result, FETCH_NO_ANSWER);
	fetch_answer_clear(&a);
	set_helper("exec <&-\nprintf '" OK "length 2\\n\\n{}'\n");
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	fetch_answer_clear(&a);
	free(form);
	form = unit_repeat('f', 140000);
	rq.form = span_of(form);
	fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
	assert_int_equal(a.result, FETCH_NO_ANSWER);
	assert_string_equal(a.why.s, "the request is too large");
	fetch_answer_clear(&a);
	free(form);
}

/* A host that ignores its children, and one that blocks every signal. */
static void
test_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was;
	sigset_t all, before, now;

	(void)state;
	set_helper(SAY(OK "length 2\\n\\n{}"));
	assert_int_equal(sigaction(SIGCHLD, &ignore, &was), 0);
	check("SIGCHLD ignored", LONG_MS, FETCH_ANSWERED, 200, "{}");
	assert_int_equal(sigaction(SIGCHLD, &was, NULL), 0);
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
	check("all blocked", LONG_MS, FETCH_ANSWERED, 200, "{}");
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, &now), 0);
	for (int sig = 1; sig < 32; sig++)
		assert_int_equal(sigismember(&now, sig),
		    sig != SIGKILL && sig != SIGSTOP);
	rows_end();
}

/* Without the three standard streams, as some hosts run. */
static void
test_closed(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	set_helper(SAY(OK "length 2\\n\\n{}"));
	if ((pid = fork()) == 0) {
		const struct fetch_request rq = { .url = "https://a/",
			.body_max = 2 };
		struct fetch_answer a;

		close(0);
		close(1);
		close(2);
		fetch(fetcher, &rq, clock_ms() + LONG_MS, &a);
		_exit(a.result == FETCH_ANSWERED && a.status == 200 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/*
 * A helper that stays: it counts its answers, and a file counts helpers.
 * Behind the answer of that number it ends.
 */
static void
set_keeping(unsigned int last)
{
	struct buf script = BUF_INIT(4096);

	assert_int_equal(buf_printf(&script,
			     "echo x >> '%s/started'\n"
			     "[ \"$1\" = keep ] || exit 1\n"
			     "exec 3<&0\n( n=0\n"
			     "while IFS= read -r l; do\n"
			     "[ -n \"$l\" ] && continue\n"
			     "n=$((n + 1))\n"
			     "printf '" OK "length 1\\n\\n%%s' $n\n"
			     "[ $n = %u ] && exit\n"
			     "done ) <&3 &\n",
			     dir, last),
	    REASON_OK);
	set_helper(script.data);
	buf_free(&script);
}

static void
check_kept(const char *name, struct fetcher *keeper, const char *body,
    size_t started)
{
	const struct fetch_request rq = { .url = "https://a/",
		.body_max = BODY_MAX };
	struct fetch_answer a;
	struct buf starts;

	fetch(keeper, &rq, clock_ms() + LONG_MS, &a);
	row_number(name, a.result, FETCH_ANSWERED);
	row_true(name, span_is(buf_span(&a.body), body));
	fetch_answer_clear(&a);
	row_true(name, waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	starts = left_behind("started", false);
	row_number(name, (int64_t)starts.len / 2, (int64_t)started);
	buf_free(&starts);
}

/* Helpers that are kept serve again, and are replaced when they end. */
static void
test_kept(void **state)
{
	struct fetcher *keeper;
	const size_t fds = unit_files();

	(void)state;
	assert_int_equal(fetcher_open(&keeper, helper, true), REASON_OK);
	set_keeping(3);
	check_kept("first", keeper, "1", 1);
	check_kept("second", keeper, "2", 1);
	check_kept("third, its last", keeper, "3", 1);
	check_kept("a new one", keeper, "1", 2);
	check_kept("again", keeper, "2", 2);
	fetcher_close(keeper);
	row_number("descriptors", (int64_t)unit_files(), (int64_t)fds);
	rows_end();
}

/* The child of a host has helpers of its own. */
static void
test_kept_fork(void **state)
{
	struct fetcher *keeper;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(fetcher_open(&keeper, helper, true), REASON_OK);
	set_keeping(100);
	left_behind_remove("started");
	check_kept("parent", keeper, "1", 1);
	if ((pid = fork()) == 0) {
		const struct fetch_request rq = { .url = "https://a/",
			.body_max = BODY_MAX };
		struct fetch_answer a;

		fetcher_after_fork(keeper);
		fetch(keeper, &rq, clock_ms() + LONG_MS, &a);
		_exit(a.result == FETCH_ANSWERED &&
			    span_is(buf_span(&a.body), "1")
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	row_number("child", status, 0);
	check_kept("parent again", keeper, "2", 2);
	fetcher_close(keeper);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	dir = unit_dir();
	helper = unit_path(dir, "helper");
	return fetcher_open(&fetcher, helper, false) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	fetcher_close(fetcher);
	unit_dir_remove(dir);
	free(helper);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_hanging),
	cmocka_unit_test(test_no_helper),
	cmocka_unit_test(test_values),
	cmocka_unit_test(test_request),
	cmocka_unit_test(test_surroundings),
	cmocka_unit_test(test_large),
	cmocka_unit_test(test_signals),
	cmocka_unit_test(test_closed),
	cmocka_unit_test(test_kept),
	cmocka_unit_test(test_kept_fork),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
