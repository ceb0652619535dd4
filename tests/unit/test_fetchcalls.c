/* SPDX-License-Identifier: BSD-2-Clause */
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "unit.h"

/*
 * What befalls a host that asks its helper, a shell script: calls that fail
 * or are interrupted, no descriptors, no standard streams, many threads.
 */
#define READ_ALL "while IFS= read -r l && [ -n \"$l\" ]; do :; done\n"
#define HEAD	 "audient-fetch 1\\nresult answered\\nstatus 200\\n"
#define ANSWER	 "printf '" HEAD "length 2\\n\\n{}'\n"
/* One that stays behind for other requests, after one more command. */
#define KEEP(command)                                                  \
	"[ \"$1\" = keep ] || exit 1\nexec 3<&0\n( " command           \
	"while IFS= read -r l; do\n[ -n \"$l\" ] && continue\n" ANSWER \
	"done ) <&3 &\n"
#define LETTERS_63 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define BODY_MAX 100
#define LONG_MS	 60000 /* a deadline that is not meant to pass */

static char *dir, *helper;
static struct fetcher *fetcher;

static void
set_helper(const char *script)
{
	struct buf text = BUF_INIT(65536);

	assert_int_equal(buf_printf(&text, "#!/bin/sh\ncd '%s' || exit\n%s",
			     dir, script),
	    REASON_OK);
	(void)unlink(helper); /* it may still run */
	unit_write(helper, buf_span(&text), 0700);
	buf_free(&text);
}

static void
ask(struct fetcher *f, struct fetch_answer *a)
{
	const struct fetch_request rq = { .url = "https://a/",
		.body_max = BODY_MAX };

	fetch(f, &rq, clock_ms() + LONG_MS, a);
}

/* What the helper has left in the file kept. */
static void
read_kept(struct buf *bytes)
{
	struct text why = { .len = 0 };
	char *path = unit_path(dir, "kept");

	assert_int_equal(file_read(path, bytes, &why), REASON_OK);
	free(path);
}

/* --- calls that fail ------------------------------------------------------
 */

enum call { NO_CALL, SEND, RECV, POLL, WAITPID };

/* What the next call of that kind answers. */
static struct fault {
	enum call call;
	int rc, error;
	bool is_late; /* not before the helper has answered */
} fault;
static unsigned int waits, kills, strangers;

ssize_t __real_send(int fd, const void *p, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t n, int flags);
ssize_t __real_recv(int fd, void *p, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *p, size_t n, int flags);
int __real_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
pid_t __real_waitpid(pid_t pid, int *status, int flags);
pid_t __wrap_waitpid(pid_t pid, int *status, int flags);
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);

static bool
is_due(enum call call)
{
	if (fault.call != call)
		return false;
	fault.call = NO_CALL;
	errno = fault.error;
	return true;
}

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	return is_due(SEND) ? fault.rc : __real_send(fd, p, n, flags);
}

ssize_t
__wrap_recv(int fd, void *p, size_t n, int flags)
{
	return is_due(RECV) ? fault.rc : __real_recv(fd, p, n, flags);
}

int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	if (n > 0 && is_due(POLL))
		return fault.rc;
	if (n > 0 && fault.is_late) {
		struct pollfd answer = { .fd = p->fd, .events = POLLIN };

		(void)__real_poll(&answer, 1, LONG_MS);
	}
	return __real_poll(p, n, ms);
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int flags)
{
	waits++;
	return is_due(WAITPID) ? fault.rc : __real_waitpid(pid, status, flags);
}

/* Who is no child of ours is none of our business. */
int
__wrap_kill(pid_t pid, int sig)
{
	siginfo_t info;

	kills++;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
		strangers++;
		return 0;
	}
	return __real_kill(pid, sig);
}

static void
test_failing(void **state)
{
	static const struct {
		const char *name;
		struct fault fault;
		const char *why; /* NULL: it is answered */
	} rows[] = {
		{ "nothing fails", { .call = NO_CALL }, NULL },
		{ "send: later", { SEND, -1, EAGAIN, false }, NULL },
		{ "send: interrupted", { SEND, -1, EINTR, false }, NULL },
		{ "send: nothing taken", { SEND, 0, EPIPE, false }, NULL },
		{ "recv: later", { RECV, -1, EAGAIN, false }, NULL },
		{ "recv: interrupted", { RECV, -1, EINTR, false }, NULL },
		{ "poll: interrupted", { POLL, -1, EINTR, false }, NULL },

		{ "send: nobody there", { SEND, -1, EPIPE, false },
		    "no valid answer" },
		{ "send: answered, and nobody there", { SEND, -1, EPIPE, true },
		    "no valid answer" },
		{ "recv: reset", { RECV, -1, ECONNRESET, false },
		    "no valid answer" },
		{ "recv: the end", { RECV, 0, EAGAIN, false },
		    "no valid answer" },
		{ "poll: no memory", { POLL, -1, ENOMEM, false },
		    "poll failed" },
	};
	struct fetch_answer a;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		/* a request with a byte too many or too few is none */
		set_helper(rows[i].fault.is_late
			? ANSWER READ_ALL
			: "IFS= read -r l\n"
			  "[ \"$l\" = 'audient-fetch 1' ] || exit\n" READ_ALL
			      ANSWER);
		fault = rows[i].fault;
		ask(fetcher, &a);
		row_bool(rows[i].name, a.result == FETCH_ANSWERED,
		    rows[i].why == NULL);
		row_true(rows[i].name, fault.call == NO_CALL);
		if (rows[i].why != NULL)
			row_has(rows[i].name, a.why.s, rows[i].why);
		fetch_answer_clear(&a);
	}
	row_number("only our own were killed", strangers, 0);
	rows_end();
}

/* --- children -------------------------------------------------------------
 */

static void
test_waiting(void **state)
{
	struct fetch_answer a;

	(void)state;
	set_helper(READ_ALL ANSWER);
	fault = (struct fault){ WAITPID, -1, EINTR, false };
	ask(fetcher, &a);
	fetch_answer_clear(&a);
	row_true("interrupted",
	    __real_waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	/* somebody else has waited for it, as far as we are told */
	fault = (struct fault){ WAITPID, -1, ECHILD, false };
	waits = 0;
	ask(fetcher, &a);
	fetch_answer_clear(&a);
	row_number("asked once", waits, 1);
	(void)__real_waitpid(-1, NULL, 0);
	rows_end();
}

/* The number of a child that is gone may be somebody else's by now. */
static void
test_gone(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was;
	struct fetch_answer a;

	(void)state;
	/* answers as soon as nobody has that number any more */
	set_helper(
	    "exec 3<&0\n( " READ_ALL
	    "while kill -0 $$ 2>&-; do sleep 0.01; done\n" ANSWER ") <&3 &\n");
	assert_int_equal(sigaction(SIGCHLD, &ignore, &was), 0);
	kills = strangers = 0;
	ask(fetcher, &a);
	assert_int_equal(sigaction(SIGCHLD, &was, NULL), 0);
	row_number("answered", a.result, FETCH_ANSWERED);
	row_number("nobody was killed", kills, 0);
	fetch_answer_clear(&a);
	rows_end();
}

/* Signals that the host blocks or ignores, and its terminal. */
static void
test_signals(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was[2];
	struct buf kept = BUF_INIT(4096);
	struct span line, rest;
	struct fetch_answer a;
	sigset_t all, before;

	(void)state;
	set_helper("grep -E '^Sig(Blk|Ign):' /proc/self/status > kept\n"
		   "cut -d' ' -f1,6 /proc/$$/stat >> kept\n" READ_ALL ANSWER);
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(sigaction(SIGPIPE, &ignore, &was[0]), 0);
	assert_int_equal(sigaction(SIGTERM, &ignore, &was[1]), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, &before), 0);
	ask(fetcher, &a);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_int_equal(sigaction(SIGPIPE, &was[0], NULL), 0);
	assert_int_equal(sigaction(SIGTERM, &was[1], NULL), 0);
	assert_int_equal(a.result, FETCH_ANSWERED);
	fetch_answer_clear(&a);
	read_kept(&kept);
	row_has("blocked", kept.data, "SigBlk:\t0000000000000000\n");
	/* those from 32 on are the C library's */
	row_has("ignored", kept.data, "SigIgn:\t");
	row_number("ignored",
	    strtoll(strstr(kept.data, "SigIgn:") + 7, NULL, 16) & 0x7fffffff,
	    0);
	rest = buf_span(&kept);
	while (span_cut(&rest, '\n', &line) && rest.len > 0)
		;
	rest = line; /* its number, and that of its session */
	row_bool("a session of its own",
	    span_cut(&rest, ' ', &line) && span_equal(line, rest), true);
	buf_free(&kept);
	rows_end();
}

/* --- descriptors ----------------------------------------------------------
 */

static int
count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 32; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* In a child that has closed all from first on; 0: it is as it should be. */
static int
ask_with(int first, rlim_t limit)
{
	const struct rlimit few = { .rlim_cur = limit, .rlim_max = limit };
	struct fetch_answer a;

	closefrom(first);
	if (setrlimit(RLIMIT_NOFILE, &few) != 0)
		return 1;
	ask(fetcher, &a);
	if (a.result != FETCH_NO_ANSWER)
		return 2;
	if (strstr(a.why.s, "no descriptors left") == NULL)
		return 3;
	return count_open() == first ? 0 : 4;
}

static void
test_no_descriptors(void **state)
{
	static const struct {
		const char *name;
		int first;
		rlim_t limit;
	} rows[] = {
		{ "none", 3, 3 },
		{ "one", 3, 4 },
		{ "none at all", 0, 0 },
		{ "no place for either", 0, 3 },
		{ "no place for the second", 0, 4 },
		{ "no place for the first", 2, 4 },
	};
	int status;
	pid_t pid;

	(void)state;
	set_helper(READ_ALL ANSWER);
	for (size_t i = 0; i < nitems(rows); i++) {
		if ((pid = fork()) == 0)
			_exit(ask_with(rows[i].first, rows[i].limit));
		assert_int_equal(__real_waitpid(pid, &status, 0), pid);
		row_count(false);
		row_number(rows[i].name, status, 0);
	}
	rows_end();
}

/* A helper that is kept is not where the host may print to. */
static int
keep_with(struct fetcher *keeper, int first)
{
	struct fetch_answer a;

	for (int fd = first; fd < 3; fd++)
		close(fd);
	ask(keeper, &a);
	if (a.result != FETCH_ANSWERED)
		return 1;
	for (int fd = first; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 2;
	return 0;
}

static void
test_standard_streams(void **state)
{
	struct fetcher *keeper;
	int status;
	pid_t pid;

	(void)state;
	set_helper(KEEP(""));
	assert_int_equal(fetcher_open(&keeper, helper, true), REASON_OK);
	for (int first = 0; first < 3; first++) {
		if ((pid = fork()) == 0)
			_exit(keep_with(keeper, first));
		assert_int_equal(__real_waitpid(pid, &status, 0), pid);
		row_number("closed", status, 0);
	}
	fetcher_close(keeper);
	rows_end();
}

/* --- threads --------------------------------------------------------------
 */

enum { ASKING = 6, KEPT = 4 };

static void *
be_thread(void *keeper)
{
	struct fetch_answer a;
	bool ok;

	ask(keeper, &a);
	ok = a.result == FETCH_ANSWERED && span_is(buf_span(&a.body), "{}");
	fetch_answer_clear(&a);
	return ok ? keeper : NULL;
}

/* Of many helpers at the same time four are kept, and serve again. */
static void
test_threads(void **state)
{
	const size_t files = unit_files();
	struct fetcher *keeper;
	pthread_t thread[ASKING];
	void *answered;

	(void)state;
	/* nobody answers before all of them are there */
	set_helper("echo x >> started\n" KEEP(
	    "while [ $(wc -l < started) -lt 6 ]; do sleep 0.01; done\n"));
	assert_int_equal(fetcher_open(&keeper, helper, true), REASON_OK);
	kills = 0;
	for (int i = 0; i < ASKING; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, be_thread,
				     keeper),
		    0);
	for (int i = 0; i < ASKING; i++) {
		assert_int_equal(pthread_join(thread[i], &answered), 0);
		row_bool("answered", answered != NULL, true);
	}
	row_number("kept", (int64_t)(unit_files() - files), KEPT);
	row_bool("again", be_thread(keeper) != NULL, true);
	row_number("still", (int64_t)(unit_files() - files), KEPT);
	row_number("nobody was killed", kills, 0);
	fetcher_close(keeper);
	row_number("let go", (int64_t)unit_files(), (int64_t)files);
	row_true("no children",
	    __real_waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	rows_end();
}

/* --- values ---------------------------------------------------------------
 */

/* What just fits, and what does not. */
static void
test_limits(void **state)
{
	static const struct {
		const char *head;
		size_t type; /* its length */
		int64_t date, left;
	} limits[] = {
		{ "type " LETTERS_63 "\\ndate 999999999999999999\\n", 63,
		    999999999999999999, -1 },
		{ "type a" LETTERS_63 "\\ndate 1000000000000000000\\n", 0, 0,
		    -1 },
		{ "date \\nlimit_left \\n", 0, 0, -1 },
		{ "date 18446744073709551617\\nlimit_left 0\\n", 0, 0, 0 },
	};
	struct fetch_answer a;

	(void)state;
	for (size_t i = 0; i < nitems(limits); i++) {
		struct buf script = BUF_INIT(4096);

		assert_int_equal(buf_printf(&script,
				     READ_ALL "printf '" HEAD "%s\\n'\n",
				     limits[i].head),
		    REASON_OK);
		set_helper(script.data);
		buf_free(&script);
		ask(fetcher, &a);
		row_number(limits[i].head, a.result, FETCH_ANSWERED);
		row_number("type", (int64_t)strlen(a.type),
		    (int64_t)limits[i].type);
		row_number("date", a.date, limits[i].date);
		row_number("limit_left", a.limit_left, limits[i].left);
		fetch_answer_clear(&a);
	}
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
	cmocka_unit_test(test_failing),
	cmocka_unit_test(test_waiting),
	cmocka_unit_test(test_gone),
	cmocka_unit_test(test_signals),
	cmocka_unit_test(test_no_descriptors),
	cmocka_unit_test(test_standard_streams),
	cmocka_unit_test(test_threads),
	cmocka_unit_test(test_limits),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
