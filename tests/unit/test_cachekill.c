/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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
	NOTHING,      /* write: takes none, from then on */
	LOSE,	      /* close: what was written is not there */
};

static enum fault fault;
static int countdown; /* calls until it happens; 0: never */
static int calls;     /* so far */

/* Of the file that is on the disk for good: which one, and how much of it. */
static struct stat lasting;
static int renamed, renamed_early, synced;

static int idle; /* writes that took nothing */

/* What becomes of the next lock. */
static enum lock_fault { FINE, SWEPT, UNKNOWN, INTERRUPTED } at_lock;
static int locks; /* asked for */

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
int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);

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
	if (due && fault == NOTHING) {
		countdown = 1;
		assert_true(++idle < 100);
		errno = EINTR; /* of a call before */
		return 0;
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
	synced++;
	return after(due, __real_fsync(fd));
}

int
__wrap_close(int fd)
{
	const bool due = is_due();
	const bool lost = due && fault == LOSE && ftruncate(fd, 0) == 0;
	const int rc = __real_close(fd);

	return fails(due) || lost ? -1 : after(due, rc);
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

static void
remove_lock(void)
{
	char *path;

	assert_true(asprintf(&path, "%s/%u/keys/" ID ".lock", base,
			(unsigned int)geteuid()) > 0);
	assert_int_equal(unlink(path), 0);
	free(path);
}

int
__wrap_flock(int fd, int how)
{
	const enum lock_fault now = at_lock;

	locks++;
	at_lock = FINE;
	if (now == SWEPT)
		remove_lock();
	if (now == UNKNOWN || now == INTERRUPTED) {
		errno = now == UNKNOWN ? ENOLCK : EINTR;
		return -1;
	}
	return __real_flock(fd, how);
}

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
	for (int n = 1; n < 12; n++)
		(void)run(NOTHING, n);
	row_true("nothing at a time", idle > 0);
	for (int n = 1; n < 12; n++)
		(void)run(LOSE, n);
	rows_end();
}

/* Who has the lock is the only one, and does not ask for it in vain. */
static void
test_lock(void **state)
{
	static const struct {
		const char *name;
		enum lock_fault at_lock;
		int wait_ms, locks;
		bool want;
	} rows[] = {
		{ "free", FINE, 0, 1, true },
		{ "a sweep was faster", SWEPT, 0, 2, true },
		{ "interrupted", INTERRUPTED, 60000, 2, true },
		{ "interrupted, no time", INTERRUPTED, 0, 1, false },
		{ "no locks on that disk", UNKNOWN, 60000, 1, false },
	};
	int lock, other;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		locks = 0;
		at_lock = rows[i].at_lock;
		lock = cache_lock(cache, CACHE_KEYS, ID, rows[i].wait_ms);
		row_bool(rows[i].name, lock >= 0, rows[i].want);
		row_number(rows[i].name, locks, rows[i].locks);
		locks = 0;
		other = cache_lock(cache, CACHE_KEYS, ID, 0);
		row_bool("another one", other >= 0, !rows[i].want);
		row_number("asked for once", locks, 1);
		cache_unlock(lock);
		cache_unlock(other);
	}
	rows_end();
}

/* What is taken now is on the disk, it and its name. */
static void
test_taking(void **state)
{
	char id[16];

	(void)state;
	for (int n = 1; n < 12; n++) {
		enum cache_taking taking;

		(void)snprintf(id, sizeof(id), "id%d", n);
		synced = 0;
		fault = FAIL;
		countdown = n;
		taking = cache_take(cache, CACHE_USED, id, NOW);
		countdown = 0;
		row_bool("taken now", taking == CACHE_TAKEN_NOW, synced == 2);
		row_true("not before", taking != CACHE_TAKEN_BEFORE);
		row_number("again", cache_take(cache, CACHE_USED, id, NOW),
		    CACHE_TAKEN_BEFORE);
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
	cmocka_unit_test(test_lock),
	cmocka_unit_test(test_taking),
};

int
main(void)
{
	return unit_end(cmocka_run_group_tests(tests, set_up, tear_down));
}
