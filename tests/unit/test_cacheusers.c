/* SPDX-License-Identifier: BSD-2-Clause */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache.h"
#include "unit.h"

/*
 * What root keeps is there for all, what others keep for themselves only.
 * The other user is a child process; only root can make one.
 */
#define ID    "0123456789abcdef-keys"
#define OTHER 65534

static struct crypto crypto;
static char *base;
static struct cache *cache;

static bool
store(const char *body)
{
	const int lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	const bool ok = cache_store(cache, CACHE_KEYS, ID, lock, span_of(body));

	cache_unlock(lock);
	return ok;
}

static bool
has(enum cache_owner owner, const char *want)
{
	struct buf body = BUF_INIT(4096);
	const bool found = cache_load(cache, CACHE_KEYS, owner, ID, &body);
	const bool ok = want == NULL ? !found && body.len == 0
				     : found && span_is(buf_span(&body), want);

	buf_free(&body);
	return ok;
}

static int64_t
mark_time(void)
{
	return cache_get_mark(cache, CACHE_KEYS, ID, NOW).time;
}

static void
set_mark(int64_t time)
{
	cache_set_mark(cache, CACHE_KEYS, ID,
	    (struct cache_mark){ .time = time, .value = 1 });
}

/*
 * Runs check as OTHER, with a cache of its own; returns the number of the
 * first line of check that was false, or 0.
 */
static int
as_other(int (*check)(void))
{
	int status;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setgroups(0, NULL) != 0 || setgid(OTHER) != 0 ||
		    setuid(OTHER) != 0)
			_exit(255);
		cache_close(cache);
		if (cache_open(&cache, base, &crypto, true) != REASON_OK)
			_exit(254);
		_exit(check());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Ends the check with its line number where something is not so. */
#define MUST(so)                                \
	do {                                    \
		if (!(so))                      \
			return __LINE__ & 0x7f; \
	} while (0)

static void
only_root(void)
{
	if (unit_is_root())
		return;
	print_message("needs root\n");
	skip();
}

static int
without_own(void)
{
	MUST(has(CACHE_ROOT, "root's"));
	MUST(has(CACHE_OWN, NULL));
	MUST(mark_time() == NOW - 5);
	MUST(cache_lock(cache, CACHE_KEYS, ID, 0) < 0);
	MUST(!cache_store(cache, CACHE_KEYS, ID, 0, SPAN("mine")));
	MUST(!cache_is_writable(cache));
	MUST(!cache_remove(cache, CACHE_KEYS, ID));
	set_mark(NOW);
	MUST(mark_time() == NOW - 5);
	MUST(has(CACHE_ROOT, "root's"));
	return 0;
}

/* Nobody made a directory for the other one: root's keys are all it has. */
static void
test_without_own(void **state)
{
	(void)state;
	only_root();
	assert_true(store("root's"));
	set_mark(NOW - 5);
	assert_int_equal(as_other(without_own), 0);
	assert_true(has(CACHE_OWN, "root's"));
}

static int
with_own(void)
{
	char path[512];
	struct stat st;

	MUST(has(CACHE_OWN, NULL));
	MUST(has(CACHE_ROOT, "root's"));
	MUST(cache_is_writable(cache));
	MUST(store("mine"));
	MUST(has(CACHE_OWN, "mine"));
	MUST(has(CACHE_ROOT, "root's"));
	set_mark(NOW - 9);
	MUST(mark_time() == NOW - 5); /* root's is later */
	set_mark(NOW - 1);
	MUST(mark_time() == NOW - 1);
	cache_set_mark(cache, CACHE_KEYS, ID,
	    (struct cache_mark){ .time = NOW - 5, .value = 2 });
	MUST(cache_get_mark(cache, CACHE_KEYS, ID, NOW).value == 2);
	(void)snprintf(path, sizeof(path), "%s/%u/keys/%s", base, OTHER, ID);
	MUST(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	MUST(cache_remove(cache, CACHE_KEYS, ID));
	MUST(has(CACHE_OWN, NULL) && has(CACHE_ROOT, "root's"));
	return 0;
}

static char *
make_directory(uid_t owner, mode_t mode)
{
	char *dir;

	assert_true(asprintf(&dir, "%s/%u", base, OTHER) > 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(dir, mode), 0);
	assert_int_equal(chown(dir, owner, 0), 0);
	return dir;
}

static void
test_with_own(void **state)
{
	(void)state;
	only_root();
	assert_true(store("root's"));
	set_mark(NOW - 5);
	free(make_directory(OTHER, 0700));
	assert_int_equal(as_other(with_own), 0);
}

static int
nothing_own(void)
{
	MUST(has(CACHE_OWN, NULL));
	MUST(!store("mine"));
	MUST(!cache_is_writable(cache));
	return 0;
}

/* A directory by our name that a third one made, or can write. */
static void
test_foreign_own(void **state)
{
	char *dir;

	(void)state;
	only_root();
	dir = make_directory(OTHER - 1, 0777);
	row_number("a third one's", as_other(nothing_own), 0);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
	dir = make_directory(OTHER, 0730);
	row_number("open to the group", as_other(nothing_own), 0);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
	rows_end();
}

static int
nothing_of_root(void)
{
	MUST(has(CACHE_ROOT, NULL));
	MUST(mark_time() == 0);
	return 0;
}

/* What only looks like root's. */
static void
test_false_root(void **state)
{
	char *dir;

	(void)state;
	only_root();
	assert_true(store("root's"));
	set_mark(NOW);
	assert_true(asprintf(&dir, "%s/0", base) > 0);
	assert_int_equal(chown(dir, OTHER, OTHER), 0);
	row_number("the other's directory", as_other(nothing_of_root), 0);
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(chmod(dir, 0775), 0);
	row_number("open to the group", as_other(nothing_of_root), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	row_true("root's again", has(CACHE_OWN, "root's"));
	/* root does not look at its own directory twice */
	row_true("once only", has(CACHE_ROOT, NULL));
	free(dir);
	rows_end();
}

static int
nothing_at_all(void)
{
	MUST(has(CACHE_ROOT, NULL));
	MUST(has(CACHE_OWN, NULL));
	MUST(!store("mine"));
	return 0;
}

/* The directory of all the others belongs to a third one. */
static void
test_foreign_base(void **state)
{
	(void)state;
	only_root();
	assert_true(store("root's"));
	assert_int_equal(chown(base, OTHER - 1, 0), 0);
	row_number("a third one's", as_other(nothing_at_all), 0);
	assert_int_equal(chown(base, 0, 0), 0);
	rows_end();
}

/* Opened before a chroot(2), it is still there behind it. */
static void
test_chroot(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	only_root();
	assert_true(store("root's"));
	if ((pid = fork()) == 0) {
		char *jail = unit_path(base, "jail");

		if (mkdir(jail, 0755) != 0 || chroot(jail) != 0 ||
		    chdir("/") != 0)
			_exit(1);
		_exit(has(CACHE_OWN, "root's") && store("new") ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(has(CACHE_OWN, "new"));
}

/* Root makes the base where there is none; others do not. */
static void
test_base(void **state)
{
	char *path = unit_path(base, "new");
	struct cache *made;
	struct stat st;

	(void)state;
	assert_int_equal(cache_open(&made, path, &crypto, true), REASON_OK);
	cache_close(made);
	row_bool("made", stat(path, &st) == 0, unit_is_root());
	if (unit_is_root())
		row_number("mode", st.st_mode & 07777, 0755);
	free(path);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
	assert_int_equal(chmod(base, 0755), 0);
	return cache_open(&cache, base, &crypto, true) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	cache_close(cache);
	unit_dir_remove(base);
	return 0;
}

#define WITH_CACHE(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_CACHE(test_without_own),
	WITH_CACHE(test_with_own),
	WITH_CACHE(test_foreign_own),
	WITH_CACHE(test_false_root),
	WITH_CACHE(test_foreign_base),
	WITH_CACHE(test_chroot),
	WITH_CACHE(test_base),
};

int
main(void)
{
	int rc;

	if (crypto_open(&crypto) != REASON_OK)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_close(&crypto);
	return unit_end(rc);
}
