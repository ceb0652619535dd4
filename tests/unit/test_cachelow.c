/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"
#include "unit.h"

/*
 * In a host that has closed its standard input, descriptor 0 is the next one.
 * It is one like the others: what is found with it is looked at as closely,
 * and it is given back.
 */
#define ID "record"

static struct crypto crypto;
static char *base;
static struct cache *cache;
static int input = -1; /* where standard input is meanwhile */
static size_t files;   /* that are open without it */

static bool
is_free(void)
{
	return fcntl(0, F_GETFD) < 0;
}

static void
close_input(void)
{
	input = fcntl(0, F_DUPFD_CLOEXEC, 3);
	assert_true(input >= 3);
	assert_int_equal(close(0), 0);
	files = unit_files();
}

static void
open_input(void)
{
	row_true("given back", is_free());
	row_number("and all others", (int64_t)unit_files(), (int64_t)files);
	assert_int_equal(dup2(input, 0), 0);
	assert_int_equal(close(input), 0);
}

static bool
store(const char *body)
{
	const int lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	const bool ok = cache_store(cache, CACHE_KEYS, ID, lock, span_of(body));

	cache_unlock(lock);
	return ok;
}

static bool
has(const char *want)
{
	struct buf body = BUF_INIT(4096);
	const bool ok = cache_load(cache, CACHE_KEYS, CACHE_OWN, ID, &body) &&
	    span_is(buf_span(&body), want);

	buf_free(&body);
	return ok;
}

static const struct {
	const char *name;
	mode_t mode;
	bool is_ours;
} modes[] = {
	{ "ours", 0700, true },
	{ "open to the group", 0770, false },
	{ "open to others", 0702, false },
	{ "open to all", 0777, false },
};

static void
test_base(void **state)
{
	(void)state;
	assert_true(store("good"));
	cache_close(cache);
	for (size_t i = 0; i < nitems(modes); i++) {
		assert_int_equal(chmod(base, modes[i].mode), 0);
		close_input();
		assert_int_equal(cache_open(&cache, base, &crypto, true),
		    REASON_OK);
		row_bool("it is the base", !is_free(), modes[i].is_ours);
		row_bool(modes[i].name, has("good"), modes[i].is_ours);
		row_bool(modes[i].name, store("good"), modes[i].is_ours);
		cache_close(cache);
		open_input();
	}
	cache = NULL;
	rows_end();
}

static void
test_user(void **state)
{
	char *user;

	(void)state;
	assert_true(store("good"));
	assert_true(
	    asprintf(&user, "%s/%u", base, (unsigned int)geteuid()) > 0);
	for (size_t i = 0; i < nitems(modes); i++) {
		assert_int_equal(chmod(user, modes[i].mode), 0);
		close_input();
		row_bool(modes[i].name, has("good"), modes[i].is_ours);
		row_bool(modes[i].name, store("good"), modes[i].is_ours);
		row_bool(modes[i].name, cache_is_writable(cache),
		    modes[i].is_ours);
		open_input();
	}
	free(user);
	rows_end();
}

static void
test_lock(void **state)
{
	int lock;

	(void)state;
	close_input();
	lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	row_number("it is the lock", lock, 0);
	row_bool("taken", cache_lock(cache, CACHE_KEYS, ID, 0) >= 0, false);
	row_bool("under it",
	    cache_store(cache, CACHE_KEYS, ID, lock, SPAN("new")), true);
	row_bool("stored", has("new"), true);
	cache_unlock(lock);
	open_input();
	rows_end();
}

static void
test_record(void **state)
{
	const int lock = cache_lock(cache, CACHE_KEYS, ID, 0);

	(void)state;
	close_input();
	row_bool("it is the new record",
	    cache_store(cache, CACHE_KEYS, ID, lock, SPAN("new")), true);
	open_input();
	row_bool("stored", has("new"), true);
	cache_unlock(lock);
	rows_end();
}

static void
test_mark(void **state)
{
	struct cache_mark mark = { .time = NOW, .value = 2 };

	(void)state;
	close_input();
	cache_set_mark(cache, CACHE_KEYS, ID, mark);
	open_input();
	mark = cache_get_mark(cache, CACHE_KEYS, ID, NOW);
	row_number("time", mark.time, NOW);
	row_number("value", mark.value, 2);
	rows_end();
}

static void
test_take(void **state)
{
	static const enum cache_taking want[] = { CACHE_TAKEN_NOW,
		CACHE_TAKEN_BEFORE, CACHE_TAKEN_BEFORE };

	(void)state;
	for (size_t i = 0; i < nitems(want); i++) {
		close_input();
		row_bool("taken", cache_is_taken(cache, CACHE_USED, ID), i > 0);
		row_number("take", cache_take(cache, CACHE_USED, ID, NOW),
		    want[i]);
		open_input();
	}
	rows_end();
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
	WITH_CACHE(test_base),
	WITH_CACHE(test_user),
	WITH_CACHE(test_lock),
	WITH_CACHE(test_record),
	WITH_CACHE(test_mark),
	WITH_CACHE(test_take),
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
