/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "budget.h"
#include "cache.h"
#include "unit.h"

static struct crypto crypto;
static char *base;
static struct cache *cache;

static char *
file_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%u/userinfo/%s", base,
			(unsigned int)geteuid(), name) > 0);
	return path;
}

/* A file that was written that many seconds before NOW. */
static void
put(const char *name, int64_t ago)
{
	const struct timespec when[2] = { { .tv_sec = NOW - ago },
		{ .tv_sec = NOW - ago } };
	char *path = file_of(name);

	unit_write(path, SPAN("x"), 0600);
	assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
	free(path);
}

static bool
is_there(const char *name)
{
	char *path = file_of(name);
	const bool yes = access(path, F_OK) == 0;

	free(path);
	return yes;
}

static void
remove_file(const char *name)
{
	char *path = file_of(name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static void
sweep(int64_t now, int64_t max_age, size_t max)
{
	const struct cache_limits limits = { .max_age = max_age,
		.max_ahead = max_age,
		.max = max };

	cache_sweep(cache, CACHE_USERINFO, now, &limits);
}

static void
make_directory(void)
{
	assert_true(cache_is_writable(cache));
	cache_unlock(cache_lock(cache, CACHE_USERINFO, "a", 0));
}

static void
test_ages(void **state)
{
	static const struct {
		const char *name;
		int64_t ago;
		bool stays;
	} files[] = {
		{ "new", 0, true },
		{ "at-the-limit", 3600, true },
		{ "soon", -3600, true },
		{ "new.lock", 0, true },
		{ "held.lock", 100000, true },
		{ "old.lock", 100000, false },
		{ ".lock", 100000, true }, /* no name of ours */
		{ "too-old", 3601, false },
		{ "very-old", 1000000, false },
		{ "too-old.mark", 3601, false },
		{ "too-old.new", 3601, false },
		{ "from-the-future", -3601, false },
	};
	int held;

	(void)state;
	make_directory();
	for (size_t i = 0; i < nitems(files); i++)
		put(files[i].name, files[i].ago);
	held = cache_lock(cache, CACHE_USERINFO, "held", 0);
	sweep(NOW, 3600, 1000);
	cache_unlock(held);
	for (size_t i = 0; i < nitems(files); i++)
		row_bool(files[i].name, is_there(files[i].name),
		    files[i].stays);
	rows_end();
}

/* The oldest go where there are too many. */
static void
test_numbers(void **state)
{
	char name[16];

	(void)state;
	make_directory();
	sweep(NOW - 100, 3600, 1000); /* makes its mark, which is no record */
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "file%d", i);
		put(name, i);
	}
	sweep(NOW, 3600, 5);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "file%d", i);
		row_bool(name, is_there(name), i < 5);
	}
	rows_end();
}

/* What is good for longer than that is kept apart from what is old. */
static void
test_ahead(void **state)
{
	const struct cache_limits limits = { .max_age = 10,
		.max_ahead = 100000,
		.max = SIZE_MAX };

	(void)state;
	make_directory();
	put("ahead", -100000);
	put("too-far-ahead", -100001);
	put("old", 10);
	put("too-old", 11);
	cache_sweep(cache, CACHE_USERINFO, NOW, &limits);
	row_bool("ahead", is_there("ahead"), true);
	row_bool("too far ahead", is_there("too-far-ahead"), false);
	row_bool("old", is_there("old"), true);
	row_bool("too old", is_there("too-old"), false);
	rows_end();
}

/* Who waits for a lock that was swept away gets another one. */
static void
test_swept_lock(void **state)
{
	int first, second, status;
	pid_t pid;

	(void)state;
	make_directory();
	first = cache_lock(cache, CACHE_USERINFO, "id", 0);
	assert_true(first >= 0);
	if ((pid = fork()) == 0)
		_exit(cache_lock(cache, CACHE_USERINFO, "id", 10000) >= 0 &&
			    is_there("id.lock")
			? 0
			: 1);
	(void)usleep(50000);
	remove_file("id.lock");
	second = cache_lock(cache, CACHE_USERINFO, "id", 10000);
	row_bool("a new file, a new lock", second >= 0, true);
	cache_unlock(first);
	cache_unlock(second);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	rows_end();
}

/* Not more often than once a minute. */
static void
test_how_often(void **state)
{
	(void)state;
	make_directory();
	sweep(NOW, 3600, 1000);
	put("old", 100000);
	sweep(NOW + 59, 3600, 1000);
	row_true("too soon", is_there("old"));
	sweep(NOW + 60, 3600, 1000);
	row_true("a minute later", !is_there("old"));
	put("old", 100000);
	sweep(NOW - 3600, 100, 1000);
	row_true("the clock went back", !is_there("old"));
	rows_end();
}

static void
test_nothing(void **state)
{
	(void)state;
	sweep(NOW, 3600, 10); /* no directory yet */
	make_directory();
	sweep(NOW, 3600, 10);
}

/* A bucket of 3 that 6 a minute flow back into. */
static void
test_budget(void **state)
{
	static const struct budget budget = { .burst = 3, .per_minute = 6 };
	static const struct {
		const char *name;
		int64_t after;
		bool want;
	} takes[] = {
		{ "first", 0, true },
		{ "second", 0, true },
		{ "third", 0, true },
		{ "empty", 0, false },
		{ "still empty", 9, false },
		{ "one flowed back", 10, true },
		{ "only one", 10, false },
		{ "half of the next", 15, false },
		{ "the next", 20, true },
		{ "and no more", 29, false },
		{ "one and a half", 35, true },
		{ "the half is not lost", 40, true },
		{ "a long time", 1000, true },
		{ "full again", 1000, true },
		{ "to the brim", 1000, true },
		{ "not beyond", 1000, false },
		{ "the clock went back a little", 990, true },
	};

	(void)state;
	make_directory();
	for (size_t i = 0; i < nitems(takes); i++)
		row_bool(takes[i].name,
		    budget_take(cache, "bucket", &budget, NOW + takes[i].after),
		    takes[i].want);
	row_bool("another bucket",
	    budget_take(cache, "other", &budget, NOW + 1000), true);
	rows_end();
}

/* However fast they come, no more get through than the numbers say. */
static void
test_budget_sum(void **state)
{
	static const struct budget budget = { .burst = 8, .per_minute = 4 };
	unsigned int taken = 0;

	(void)state;
	make_directory();
	for (int64_t s = 0; s <= 600; s++)
		for (int i = 0; i < 3; i++)
			taken += budget_take(cache, "user", &budget, NOW + s);
	assert_int_equal(taken, 8 + 10 * 4);
}

/* Where files may not grow, nothing is written and nobody is killed. */
static void
test_file_size(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	make_directory();
	if ((pid = fork()) == 0) {
		const struct rlimit limit = { .rlim_cur = 100,
			.rlim_max = 100 };
		char *large = unit_repeat('l', 1000);
		int lock;

		(void)signal(SIGXFSZ, SIG_DFL);
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(9);
		lock = cache_lock(cache, CACHE_USERINFO, "id", 0);
		if (cache_store(cache, CACHE_USERINFO, "id", lock,
			span_of(large)))
			_exit(1);
		if (!cache_store(cache, CACHE_USERINFO, "id", lock,
			SPAN("small")))
			_exit(2);
		large[26] = '\0'; /* and 75 before it */
		if (cache_store(cache, CACHE_USERINFO, "id", lock,
			span_of(large)))
			_exit(3);
		large[25] = '\0';
		if (!cache_store(cache, CACHE_USERINFO, "id", lock,
			span_of(large)))
			_exit(4);
		cache_set_mark(cache, CACHE_USERINFO, "id",
		    (struct cache_mark){ .time = NOW, .value = 200 });
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What /userinfo said is nobody else's business. */
static void
test_private(void **state)
{
	struct buf body = BUF_INIT(100);
	char *path = file_of("id");
	struct stat st;
	int lock;

	(void)state;
	lock = cache_lock(cache, CACHE_USERINFO, "id", 0);
	assert_true(
	    cache_store(cache, CACHE_USERINFO, "id", lock, SPAN("claims")));
	cache_unlock(lock);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(cache_load(cache, CACHE_USERINFO, CACHE_OWN, "id", &body));
	assert_true(span_is(buf_span(&body), "claims"));
	assert_false(
	    cache_load(cache, CACHE_USERINFO, CACHE_ROOT, "id", &body));
	buf_free(&body);
	free(path);
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
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
	WITH_CACHE(test_ages),
	WITH_CACHE(test_numbers),
	WITH_CACHE(test_ahead),
	WITH_CACHE(test_swept_lock),
	WITH_CACHE(test_how_often),
	WITH_CACHE(test_nothing),
	WITH_CACHE(test_budget),
	WITH_CACHE(test_budget_sum),
	WITH_CACHE(test_file_size),
	WITH_CACHE(test_private),
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
