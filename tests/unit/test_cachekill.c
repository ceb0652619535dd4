/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "unit.h"

/*
 * A record is stored whole or not at all, whenever the writer is killed and
 * whatever call fails.  The linker sends the calls of the writer here; the
 * n-th one is where it happens.
 */
#define ID "record"

enum fault {
	KILL_BEFORE, /* SIGKILL instead of the call */
	KILL_AFTER,
	KILL_HALFWAY, /* of a write */
	FAIL,	      /* the call fails */
	INTERRUPT,    /* write: EINTR, once */
	SHORT,	      /* write: a byte at a time, from then on */
};

static enum fault fault;
static int countdown; /* calls until it happens; 0: never */
static int calls;     /* so far */

/* Of the file that is on the disk for good: which one, and how much of it. */
static struct stat lasting;
static int renamed, renamed_early;

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);
int __real_unlinkat(int dir, const char *name, int flags);
int __wrap_unlinkat(int dir, const char *name, int flags);

/* Is it this one? */
static bool
is_due(void)
{
	calls++;
	if (countdown == 0 || --countdown != 0)
		return false;
	if (fault == KILL_BEFORE)
		(void)kill(getpid(), SIGKILL);
	return true;
}

static int
after(bool due, int rc)
{
	if (due && fault == KILL_AFTER)
		(void)kill(getpid(), SIGKILL);
	return rc;
}

static bool
fails(bool due)
{
	if (!due || fault != FAIL)
		return false;
	errno = EIO;
	return true;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	const bool due = is_due();

	if (fails(due))
		return -1;
	if (due && fault == INTERRUPT) {
		errno = EINTR;
		return -1;
	}
	if (due && fault == KILL_HALFWAY) {
		(void)!__real_write(fd, p, n / 2);
		(void)kill(getpid(), SIGKILL);
	}
	if (due && fault == SHORT) {
		countdown = 1;
		return __real_write(fd, p, 1);
	}
	return after(due, 0) + __real_write(fd, p, n);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	const bool due = is_due();

	return fails(due) ? -1 : after(due, __real_fchmod(fd, mode));
}

int
__wrap_fsync(int fd)
{
	const bool due = is_due();

	if (fails(due))
		return -1;
	(void)fstat(fd, &lasting);
	return after(due, __real_fsync(fd));
}

int
__wrap_close(int fd)
{
	const bool due = is_due();
	const int rc = __real_close(fd);

	return fails(due) ? -1 : after(due, rc);
}

int
__wrap_renameat(int from, const char *old, int to, const char *new)
{
	const bool due = is_due();
	struct stat st;

	if (fails(due))
		return -1;
	renamed++;
	if (fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_ino != lasting.st_ino || st.st_size != lasting.st_size)
		renamed_early++;
	return after(due, __real_renameat(from, old, to, new));
}

int
__wrap_unlinkat(int dir, const char *name, int flags)
{
	const bool due = is_due();

	return fails(due) ? -1 : after(due, __real_unlinkat(dir, name, flags));
}

static struct crypto crypto;
static char *base, *bodies[2];
static struct cache *cache;

static bool
store(const char *body)
{
	const int lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	bool ok;

	assert_true(lock >= 0);
	ok = cache_store(cache, CACHE_KEYS, ID, lock, span_of(body));
	cache_unlock(lock);
	return ok;
}

/* 0: the old one, 1: the new one, -1: anything else */
static int
which(void)
{
	struct buf body = BUF_INIT(1024 * 1024);
	int found = -1;

	if (cache_load(cache, CACHE_KEYS, CACHE_OWN, ID, &body))
		for (int i = 0; i < 2; i++)
			if (span_is(buf_span(&body), bodies[i]))
				found = i;
	buf_free(&body);
	return found;
}

/* True while there is such a call to fail at. */
static bool
run(enum fault what, int n)
{
	bool ok, happened;

	assert_true(store(bodies[0]));
	fault = what;
	countdown = n;
	ok = store(bodies[1]);
	happened = what == SHORT ? countdown != n : countdown == 0;
	countdown = 0;
	row_true("a true answer", which() == (ok ? 1 : 0));
	return happened;
}

static bool
run_and_die(enum fault what, int n)
{
	int status;
	pid_t pid;

	assert_true(store(bodies[0]));
	if ((pid = fork()) == 0) {
		fault = what;
		countdown = n;
		_exit(store(bodies[1]) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	row_bool("old or new", which() < 0, false);
	/* and the next one gets on with it */
	row_true("stores again", store(bodies[1]));
	row_number("stored again", which(), 1);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void
test_killed(void **state)
{
	static const enum fault faults[] = { KILL_BEFORE, KILL_AFTER,
		KILL_HALFWAY };

	(void)state;
	for (size_t i = 0; i < nitems(faults); i++) {
		int n = 1, died = 0;

		/* only some of the calls are a write, to be cut in half */
		for (; n <= 40; n++)
			if (run_and_die(faults[i], n))
				died++;
		assert_true(died >= (faults[i] == KILL_HALFWAY ? 1 : 8));
		assert_true(died < 40);
	}
	rows_end();
}

static void
test_failing(void **state)
{
	int n = 1;

	(void)state;
	while (run(FAIL, n))
		n++;
	assert_true(n > 8);
	rows_end();
}

/* A record with its name, but without its bytes, must not outlive a crash. */
static void
test_lasting(void **state)
{
	(void)state;
	renamed = renamed_early = 0;
	for (int i = 0; i < 4; i++) {
		memset(&lasting, 0, sizeof(lasting));
		row_true("stored", store(bodies[i % 2]));
		row_number("renamed", renamed, i + 1);
		row_number("before it was on the disk", renamed_early, 0);
	}
	rows_end();
}

static void
test_writes(void **state)
{
	(void)state;
	for (int n = 1; n < 12; n++) {
		(void)run(INTERRUPT, n);
		row_number("interrupted", which(), 1);
	}
	for (int n = 1; n < 12; n++) {
		(void)run(SHORT, n);
		row_number("a byte at a time", which(), 1);
	}
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
	bodies[0] = unit_repeat('o', 5000);
	bodies[1] = unit_repeat('n', 7000);
	return crypto_open(&crypto) == REASON_OK &&
		cache_open(&cache, base, &crypto, true) == REASON_OK
	    ? 0
	    : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	cache_close(cache);
	crypto_close(&crypto);
	unit_dir_remove(base);
	free(bodies[0]);
	free(bodies[1]);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_killed),
	cmocka_unit_test(test_failing),
	cmocka_unit_test(test_lasting),
	cmocka_unit_test(test_writes),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
