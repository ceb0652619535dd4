/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's plug-in runs a command in programs that have ways of their own
 * with children, signals, descriptors and threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "script.h"
#include "wrapped.h"

/* --- calls of the plug-in
 * ---------------------------------------------------------------------- */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
int __real_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_kill(pid_t pid, int number);
int __real_kill(pid_t pid, int number);
pid_t __wrap_waitpid(pid_t pid, int *status, int how);
pid_t __real_waitpid(pid_t pid, int *status, int how);
int __wrap_posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
int __real_posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
int __wrap_posix_spawnattr_init(posix_spawnattr_t *attr);
int __real_posix_spawnattr_init(posix_spawnattr_t *attr);

/* The linker sends the plug-in here.  What there is to fail or to feign: */
static enum fault { NOTHING, ACTIONS, ATTRIBUTES, POLL, CLOCK, MEMORY } fault;
static atomic_uint killed, awaited, looked, started; /* calls so far */
static unsigned int open_then; /* of 0, 1 and 2, a bit each */
static atomic_bool has_moved;  /* they are others while it waits */

static unsigned int
open_now(void)
{
	unsigned int found = 0;

	for (int i = 0; i < 3; i++)
		if (fcntl(i, F_GETFD) >= 0)
			found |= 1u << i;
	return found;
}

/* A second ends between the first look at the clock and the next one. */
int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (fault != CLOCK)
		return __real_clock_gettime(clock, ts);
	*ts = looked++ == 0 ? (struct timespec){ 0, 900000000 }
			    : (struct timespec){ 1, 100000000 };
	return 0;
}

/* None for what the child has printed. */
static atomic_bool has_printed;

void *
__wrap_malloc(size_t n)
{
	if (fault != MEMORY || !has_printed)
		return __real_malloc(n);
	has_printed = false;
	return NULL;
}

/* Not before the child has ended, and nobody has it any more. */
int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	if (n > 0 && open_now() != open_then)
		has_moved = true;
	if (fault != POLL || n == 0) {
		const int ready = __real_poll(p, n, ms);

		has_printed = ready > 0;
		return ready;
	}
	while (__real_waitpid(-1, NULL, 0) > 0)
		;
	errno = ENOMEM;
	return -1;
}

int
__wrap_kill(pid_t pid, int number)
{
	killed += number == SIGKILL;
	return __real_kill(pid, number);
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int how)
{
	awaited++;
	return __real_waitpid(pid, status, how);
}

int
__wrap_posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	started++;
	return fault == ACTIONS ? ENOMEM
				: __real_posix_spawn_file_actions_init(actions);
}

int
__wrap_posix_spawnattr_init(posix_spawnattr_t *attr)
{
	return fault == ATTRIBUTES ? ENOMEM : __real_posix_spawnattr_init(attr);
}

/* --- hosts
 * ---------------------------------------------------------------------- */

static void
on_child(int number)
{
	const int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void
ignore_children(void)
{
	(void)signal(SIGCHLD, SIG_IGN);
}

/* Takes each child, and interrupts whatever waits. */
static void
reap_children(void)
{
	const struct sigaction action = { .sa_handler = on_child };

	assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
}

/* An alarm every 20 ms. */
static void
on_alarm(int number)
{
	(void)number;
}

static void
interrupt(void)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval often = { .it_interval = { .tv_usec = 20000 },
		.it_value = { .tv_usec = 20000 } };

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static int spare[3];

static void
close_one(int fd)
{
	spare[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 300);
	assert_true(spare[fd] >= 300);
	(void)close(fd);
}

static void
close_input(void)
{
	close_one(0);
}

static void
close_error(void)
{
	close_one(2);
}

static void
close_standard(void)
{
	for (int i = 0; i < 3; i++)
		close_one(i);
}

static void
be_usual(void)
{
	const struct itimerval never = { .it_value = { .tv_usec = 0 } };

	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 3; i++)
		if (spare[i] > 0) {
			assert_int_equal(dup2(spare[i], i), i);
			(void)close(spare[i]);
			spare[i] = 0;
		}
}

static const struct host {
	const char *name;
	void (*be)(void);
	const char *script, *error;
	int rc;
} hosts[] = {
	/* no exit status: what was printed decides */
	{ "SIGCHLD ignored", ignore_children, GOOD, NULL, 0 },
	{ "SIGCHLD ignored, nothing printed", ignore_children, "exit 1",
	    "printed no token", SASL_BADPARAM },
	{ "SIGCHLD ignored, half a token", ignore_children,
	    "printf abc.; kill -9 $$", "printed no token", SASL_BADPARAM },
	{ "SIGCHLD ignored, it hangs", ignore_children,
	    "echo $$ > $HOME/pid; exec sleep 60", "did not end in time",
	    SASL_UNAVAIL },
	{ "SIGCHLD ignored, it hangs behind its end", ignore_children,
	    "echo $$ > $HOME/pid; " GOOD "; exec >&-; exec sleep 60",
	    "did not end in time", SASL_UNAVAIL },
	{ "a host that waits for every child", reap_children, GOOD, NULL, 0 },
	{ "a host that waits for every child, none printed", reap_children,
	    "exit 4", "printed no token", SASL_BADPARAM },
	{ "a host that waits for every child, words", reap_children,
	    "echo a secret", "printed no token", SASL_BADPARAM },
	{ "a host that waits for every child, it hangs", reap_children,
	    "echo $$ > $HOME/pid; exec sleep 60", "did not end in time",
	    SASL_UNAVAIL },

	{ "signals all the time", interrupt,
	    "printf abc.; sleep 0.1; printf def; sleep 0.1; echo .ghi; "
	    "exec >&-; sleep 0.1",
	    NULL, 0 },
	{ "signals all the time, it hangs", interrupt,
	    "echo $$ > $HOME/pid; exec sleep 60", "did not end in time",
	    SASL_UNAVAIL },
	{ "0 is closed", close_input, GOOD, NULL, 0 },
	{ "2 is closed", close_error, GOOD, NULL, 0 },
	{ "0, 1 and 2 are closed", close_standard, GOOD, NULL, 0 },
	{ "0, 1 and 2 are closed, and it looks", close_standard,
	    "[ $(readlink /proc/$$/fd/0) = /dev/null ] && "
	    "[ $(readlink /proc/$$/fd/2) = /dev/null ] && "
	    "[ -p /proc/$$/fd/1 ] && " GOOD,
	    NULL, 0 },
	{ "0, 1 and 2 are closed, it fails", close_standard, "exit 1",
	    "run audient token", SASL_BADPARAM },
};

static void
test_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(hosts); i++) {
		const struct host *host = &hosts[i];
		const char *said;
		int rc;

		script_put(host->script, 0755);
		host->be();
		open_then = open_now();
		has_moved = false;
		said = script_login(&rc);
		be_usual();
		/* where a thread of the host's would read or write */
		row_true(host->name, !has_moved);
		row_count(host->error == NULL);
		row_number(host->name, rc,
		    host->error == NULL ? SASL_CONTINUE : host->rc);
		row_has(host->name, said,
		    host->error == NULL ? SENT : host->error);
		script_is_gone(host->name);
	}
	rows_end();
}

/* --- calls that fail
 * ---------------------------------------------------------------------- */

static void
test_faults(void **state)
{
	static const struct {
		const char *name;
		enum fault fault;
		int rc;
		const char *said;
		bool is_awaited;
	} faults[] = {
		{ "a second ends", CLOCK, SASL_CONTINUE, SENT, true },
		{ "no memory to start it", ACTIONS, SASL_BADPARAM,
		    "cannot start " AUDIENT_COMMAND, false },
		{ "nor for that", ATTRIBUTES, SASL_BADPARAM,
		    "cannot start " AUDIENT_COMMAND, false },
		{ "no memory to wait for it", POLL, SASL_BADPARAM,
		    "audient token failed", true },
		{ "nor for what it prints", MEMORY, SASL_NOMEM, "", true },
	};

	(void)state;
	script_put(GOOD, 0755);
	for (size_t i = 0; i < nitems(faults); i++) {
		const size_t before = unit_files();
		const char *said;
		int rc;

		killed = awaited = looked = 0;
		has_printed = false;
		fault = faults[i].fault;
		said = script_login(&rc);
		fault = NOTHING;
		row_count(faults[i].rc == SASL_CONTINUE);
		row_number(faults[i].name, rc, faults[i].rc);
		row_has(faults[i].name, said, faults[i].said);
		/* neither a child of the host's, nor one that has its
		 * number: only in the last row it may still be there */
		row_true(faults[i].name,
		    killed == 0 || faults[i].fault == MEMORY);
		row_bool(faults[i].name, awaited > 0, faults[i].is_awaited);
		row_number(faults[i].name, (int64_t)unit_files(),
		    (int64_t)before);
		row_true(faults[i].name,
		    __real_waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	}
	rows_end();
}

/* --- descriptors
 * ---------------------------------------------------------------------- */

/*
 * So many descriptors may still be opened: none or one for the pipe; and, where
 * 0 and 1 are what the pipe gets first, none or one to put in their place.
 */
static const struct few {
	void (*be)(void); /* NULL: nothing is closed */
	rlim_t left;
} few[] = { { NULL, 0 }, { NULL, 1 }, { close_standard, 0 },
	{ close_standard, 1 }, { close_input, 0 }, { close_input, 1 } };

static void
check_descriptors(const struct few *row)
{
	const struct knows knows = { .authname = "alice" };
	const int lowest = row->be != NULL ? 3 : 0;
	struct rlimit usual, limit;
	struct caller caller;
	int next, rc;

	assert_int_equal(client_open_with(sasl_client_plug_init,
			     script_options),
	    SASL_OK);
	caller_open(&caller, &knows);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	assert_true((next = fcntl(0, F_DUPFD_CLOEXEC, lowest)) >= lowest);
	(void)close(next);
	if (row->be != NULL)
		row->be();
	limit = usual;
	limit.rlim_cur = (rlim_t)next + row->left;
	started = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	rc = caller_start(&caller, OB);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	be_usual();
	row_count(false);
	row_number("no descriptors", rc, SASL_BADPARAM);
	row_has("no descriptors", caller_error(&caller),
	    "cannot start " AUDIENT_COMMAND);
	row_number("nothing is started without a pipe", started, 0);
	assert_int_equal(fcntl(0, F_DUPFD_CLOEXEC, lowest), next);
	(void)close(next);
	caller_close(&caller);
	sides_close();
}

static void
test_no_descriptors(void **state)
{
	(void)state;
	script_put(GOOD, 0755);
	for (size_t i = 0; i < nitems(few); i++)
		check_descriptors(&few[i]);
	rows_end();
}

/* --- threads
 * ---------------------------------------------------------------------- */

#define THREADS 8
#define LOGINS	5

/* Counts the logins that have gone wrong; its result is that number. */
static void *
log_in(void *arg)
{
	const struct knows knows = { .authname = "alice" };
	struct caller caller;
	uintptr_t wrong = 0;

	(void)arg;
	for (int i = 0; i < LOGINS; i++) {
		caller_open(&caller, &knows);
		if (caller_start(&caller, OB) != SASL_CONTINUE ||
		    strcmp(caller.out, SENT) != 0)
			wrong++;
		caller_close(&caller);
	}
	return (void *)wrong;
}

static void
test_at_once(void **state)
{
	pthread_t threads[THREADS];
	void *wrong;

	(void)state;
	script_put("printf abc.; sleep 0.01; echo def.ghi", 0755);
	assert_int_equal(client_open_with(sasl_client_plug_init,
			     script_options),
	    SASL_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_in,
				     NULL),
		    0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		row_count(true);
		row_number("threads", (int64_t)(uintptr_t)wrong, 0);
	}
	sides_close();
	row_true("threads", waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	rows_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_no_descriptors),
		cmocka_unit_test(test_at_once),
	};

	return unit_end(
	    cmocka_run_group_tests(tests, script_open, script_close));
}
