/* SPDX-License-Identifier: BSD-2-Clause */
#include "cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define ID	 "0123456789abcdef-keys"
#define STRANGER 65534

static struct crypto crypto;
static char *base;
static struct cache *cache;

/* base/<euid>/keys/name */
static char *
file_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%u/keys/%s", base,
			(unsigned int)geteuid(), name) > 0);
	return path;
}

static bool
store(const char *id, struct span body)
{
	const int lock = cache_lock(cache, CACHE_KEYS, id, 0);
	const bool ok = cache_store(cache, CACHE_KEYS, id, lock, body);

	cache_unlock(lock);
	return ok;
}

/* What is there: the body, or "(none)". */
static void
check(const char *name, const char *id, struct span want)
{
	struct buf body = BUF_INIT(2 * 1024 * 1024);
	const bool none = span_is(want, "(none)");

	assert_int_equal(buf_add_str(&body, "<"), REASON_OK);
	row_bool(name, cache_load(cache, CACHE_KEYS, CACHE_OWN, id, &body),
	    !none);
	row_true(name,
	    body.data[0] == '<' &&
		span_equal((struct span){ body.data + 1, body.len - 1 },
		    none ? SPAN("") : want));
	buf_free(&body);
}

#define NONE SPAN("(none)")

static void
test_round(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 1000, 65536, 1000000,
		1024 * 1024 - 75 };

	(void)state;
	check("nothing yet", ID, NONE);
	for (size_t i = 0; i < nitems(sizes); i++) {
		char *body = unit_repeat('b', sizes[i]);

		row_bool("stored", store(ID, span_of(body)), true);
		check("loaded", ID, span_of(body));
		check("another id", "other", NONE);
		free(body);
	}
	row_bool("bytes", store(ID, SPAN("a\0b\nc\xff")), true);
	check("bytes", ID, SPAN("a\0b\nc\xff"));
	row_bool("again", store("other", SPAN("x")), true);
	check("untouched", ID, SPAN("a\0b\nc\xff"));
	rows_end();
}

static void
test_refused(void **state)
{
	char *huge = unit_repeat('b', 1024 * 1024 - 74);
	struct buf small = BUF_INIT(3);

	(void)state;
	assert_true(store(ID, SPAN("old")));
	row_bool("without the lock",
	    cache_store(cache, CACHE_KEYS, ID, -1, SPAN("new")), false);
	check("without the lock", ID, SPAN("old"));
	row_bool("too large", store(ID, span_of(huge)), false);
	check("too large", ID, SPAN("old"));
	assert_true(store(ID, SPAN("1234")));
	row_bool("too large for the reader",
	    cache_load(cache, CACHE_KEYS, CACHE_OWN, ID, &small), false);
	buf_free(&small);
	free(huge);
	rows_end();
}

/* One bit of each byte, every length, something behind. */
static void
test_corrupted(void **state)
{
	struct buf record = BUF_INIT(4096);
	char *path = file_of(ID);
	FILE *f;
	int c;

	(void)state;
	assert_true(store(ID, SPAN("{\"issuer\":\"https://t/\"}")));
	f = fopen(path, "rbe");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF) {
		const char byte = (char)c;

		assert_int_equal(buf_add(&record, &byte, 1), REASON_OK);
	}
	fclose(f);
	for (size_t i = 0; i < record.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			record.data[i] ^= (char)(1 << bit);
			unit_write(path, buf_span(&record), 0600);
			check("flipped", ID, NONE);
			record.data[i] ^= (char)(1 << bit);
		}
	for (size_t n = 0; n < record.len; n++) {
		unit_write(path, (struct span){ record.data, n }, 0600);
		check("cut off", ID, NONE);
	}
	unit_write(path, buf_span(&record), 0600);
	check("unharmed", ID, SPAN("{\"issuer\":\"https://t/\"}"));
	assert_int_equal(buf_add(&record, "", 1), REASON_OK);
	unit_write(path, buf_span(&record), 0600);
	check("a NUL behind", ID, NONE);
	buf_free(&record);
	free(path);
	rows_end();
}

/* What may stand in the place of a record. */
static void
test_foreign(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666, 0777, 0660 };
	char *path = file_of(ID), *other = file_of("other");

	(void)state;
	assert_true(store(ID, SPAN("good")));
	for (size_t i = 0; i < nitems(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		check("others can write it", ID, NONE);
	}
	assert_int_equal(chmod(path, 0644), 0);
	check("others can read it", ID, SPAN("good"));
	assert_int_equal(link(path, other), 0);
	check("linked from elsewhere", ID, NONE);
	assert_int_equal(unlink(other), 0);
	check("once only", ID, SPAN("good"));
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("other", path), 0);
	check("symbolic link", ID, NONE);
	check("the file itself", "other", SPAN("good"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	check("fifo", ID, NONE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	check("directory", ID, NONE);
	row_bool("over a directory", store(ID, SPAN("new")), false);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("other", path), 0);
	row_bool("over a symbolic link", store(ID, SPAN("new")), true);
	check("over a symbolic link", ID, SPAN("new"));
	check("and not through it", "other", SPAN("good"));
	if (unit_is_root()) {
		assert_int_equal(chown(path, STRANGER, STRANGER), 0);
		check("a stranger's", ID, NONE);
	} else
		print_message("skipped, needs root: a stranger's\n");
	free(path);
	free(other);
	rows_end();
}

/* Something left where the new record is written first. */
static void
test_left_over(void **state)
{
	char *left = file_of(ID ".new"), *target = file_of("target");

	(void)state;
	assert_true(store(ID, SPAN("old")));
	unit_write(left, SPAN("half a rec"), 0600);
	row_bool("file", store(ID, SPAN("new")), true);
	check("file", ID, SPAN("new"));
	row_true("gone", access(left, F_OK) != 0);
	unit_write(target, SPAN("precious"), 0600);
	assert_int_equal(symlink("target", left), 0);
	row_bool("symbolic link", store(ID, SPAN("newer")), true);
	check("symbolic link", ID, SPAN("newer"));
	assert_int_equal(mkdir(left, 0700), 0);
	row_bool("directory", store(ID, SPAN("newest")), false);
	check("directory", ID, SPAN("newer"));
	assert_int_equal(rmdir(left), 0);
	free(left);
	free(target);
	rows_end();
}

static void
reopen(void)
{
	cache_close(cache);
	assert_int_equal(cache_open(&cache, base, &crypto, true), REASON_OK);
}

static void
check_open_to_others(const char *path)
{
	assert_int_equal(chmod(path, 0770), 0);
	reopen();
	check("writable by the group", ID, NONE);
	row_bool("writable by the group", store(ID, SPAN("x")), false);
	row_bool("writable by the group", cache_is_writable(cache), false);
	assert_int_equal(chmod(path, 0700), 0);
	reopen();
	check("ours again", ID, SPAN("good"));
}

static void
check_linked(const char *path)
{
	char *moved;

	assert_true(asprintf(&moved, "%s.moved", path) > 0);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(symlink(moved, path), 0);
	reopen();
	check("by a symbolic link", ID, NONE);
	row_bool("by a symbolic link", store(ID, SPAN("x")), false);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(moved, path), 0);
	reopen();
	check("ours again", ID, SPAN("good"));
	free(moved);
}

/* A directory on the way that others can write is no directory of ours. */
static void
test_directories(void **state)
{
	char *keys = file_of("."), *user = file_of("..");

	(void)state;
	assert_true(store(ID, SPAN("good")));
	keys[strlen(keys) - 2] = '\0';
	user[strlen(user) - strlen("/keys/..")] = '\0';
	check_open_to_others(keys);
	check_open_to_others(user);
	check_open_to_others(base);
	check_linked(keys);
	check_linked(user);
	check_linked(base);
	row_bool("good", cache_is_writable(cache), true);
	free(keys);
	free(user);
	rows_end();
}

/* Where nothing can be kept, nothing fails. */
static void
test_no_directory(void **state)
{
	char *places[2];
	struct cache *none;
	struct buf body = BUF_INIT(100);

	(void)state;
	places[0] = unit_path(base, "missing/deeper");
	places[1] = unit_path(base, "file");
	unit_write(places[1], SPAN("x"), 0600);
	for (size_t i = 0; i < nitems(places); i++) {
		assert_int_equal(cache_open(&none, places[i], &crypto, true),
		    REASON_OK);
		row_bool("load",
		    cache_load(none, CACHE_KEYS, CACHE_OWN, ID, &body), false);
		row_bool("lock", cache_lock(none, CACHE_KEYS, ID, 50) >= 0,
		    false);
		row_bool("store",
		    cache_store(none, CACHE_KEYS, ID, 0, SPAN("x")), false);
		row_bool("remove", cache_remove(none, CACHE_KEYS, ID), false);
		row_bool("writable", cache_is_writable(none), false);
		cache_set_mark(none, CACHE_KEYS, ID,
		    (struct cache_mark){ .time = NOW });
		row_bool("mark",
		    cache_get_mark(none, CACHE_KEYS, ID, NOW).time != 0, false);
		cache_close(none);
		free(places[i]);
	}
	cache_close(NULL);
	cache_unlock(-1);
	buf_free(&body);
	rows_end();
}

/* Who only looks makes no directory. */
static void
test_looking(void **state)
{
	struct buf body = BUF_INIT(100);

	(void)state;
	row_bool("load", cache_load(cache, CACHE_KEYS, CACHE_OWN, ID, &body),
	    false);
	row_bool("mark", cache_get_mark(cache, CACHE_KEYS, ID, NOW).time != 0,
	    false);
	row_bool("remove", cache_remove(cache, CACHE_KEYS, ID), false);
	row_bool("taken", cache_is_taken(cache, CACHE_USED, ID), false);
	row_number("empty", rmdir(base), 0);
	assert_int_equal(mkdir(base, 0700), 0);
	buf_free(&body);
	rows_end();
}

/* Somebody removes the directory while we have the lock. */
static void
test_removed(void **state)
{
	const int lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	char *file = file_of(ID ".lock"), *dir = file_of("");

	(void)state;
	assert_int_equal(unlink(file) | rmdir(dir), 0);
	row_bool("made again",
	    cache_store(cache, CACHE_KEYS, ID, lock, SPAN("new")), true);
	check("made again", ID, SPAN("new"));
	cache_unlock(lock);
	free(file);
	free(dir);
	rows_end();
}

static void
test_remove(void **state)
{
	const struct cache_mark mark = { .time = NOW, .value = 2 };

	(void)state;
	row_bool("nothing there", cache_remove(cache, CACHE_KEYS, ID), false);
	assert_true(store(ID, SPAN("good")));
	cache_set_mark(cache, CACHE_KEYS, ID, mark);
	row_bool("there", cache_remove(cache, CACHE_KEYS, ID), true);
	check("gone", ID, NONE);
	row_number("mark", cache_get_mark(cache, CACHE_KEYS, ID, NOW).time, 0);
	row_bool("again", cache_remove(cache, CACHE_KEYS, ID), false);
	rows_end();
}

static void
test_marks(void **state)
{
	static const struct {
		const char *name;
		int64_t time;
		int value;
		bool want;
	} marks[] = {
		{ "now", NOW, 0, true },
		{ "long ago", 1, 1, true },
		{ "largest value", NOW, 255, true },
		{ "a minute ahead", NOW + 60, 2, true },
		{ "more than a minute", NOW + 61, 2, false },
		{ "next year", NOW + 31536000, 0, false },
		{ "value too large", NOW, 256, false },
	};
	struct cache_mark mark = cache_get_mark(cache, CACHE_KEYS, ID, NOW);
	char *path = file_of(ID ".mark");

	(void)state;
	row_bool("none", mark.time != 0, false);
	for (size_t i = 0; i < nitems(marks); i++) {
		cache_set_mark(cache, CACHE_KEYS, ID,
		    (struct cache_mark){ marks[i].time, marks[i].value });
		mark = cache_get_mark(cache, CACHE_KEYS, ID, NOW);
		row_bool(marks[i].name, mark.time != 0, marks[i].want);
		row_number(marks[i].name, mark.time,
		    marks[i].want ? marks[i].time : 0);
		row_number(marks[i].name, mark.value,
		    marks[i].want ? marks[i].value : 0);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	row_bool("symbolic link",
	    cache_get_mark(cache, CACHE_KEYS, ID, INT64_MAX / 2).time != 0,
	    false);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	row_bool("directory",
	    cache_get_mark(cache, CACHE_KEYS, ID, INT64_MAX / 2).time != 0,
	    false);
	cache_set_mark(cache, CACHE_KEYS, ID,
	    (struct cache_mark){ .time = NOW });
	assert_int_equal(rmdir(path), 0);
	free(path);
	rows_end();
}

/* Waits for a byte from the other process. */
static void
await(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(9);
}

static void
signal_to(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(9);
}

/* Two processes and one lock. */
static void
test_lock(void **state)
{
	int up[2], down[2], lock, status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(up) | pipe(down), 0);
	if ((pid = fork()) == 0) {
		lock = cache_lock(cache, CACHE_KEYS, ID, 0);
		signal_to(up[1]);
		await(down[0]);
		cache_unlock(lock);
		signal_to(up[1]);
		await(down[0]);
		_exit(lock >= 0 ? 0 : 1);
	}
	await(up[0]);
	row_bool("taken", cache_lock(cache, CACHE_KEYS, ID, 0) >= 0, false);
	row_bool("taken, waiting", cache_lock(cache, CACHE_KEYS, ID, 45) >= 0,
	    false);
	lock = cache_lock(cache, CACHE_KEYS, "other", 0);
	row_bool("another lock", lock >= 0, true);
	row_bool("the same process twice",
	    cache_lock(cache, CACHE_KEYS, "other", 0) >= 0, false);
	cache_unlock(lock);
	signal_to(down[1]);
	await(up[0]);
	lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	row_bool("released", lock >= 0, true);
	cache_unlock(lock);
	signal_to(down[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(up[0]), close(up[1]), close(down[0]), close(down[1]);
	rows_end();
}

/* A process that dies lets go of its lock. */
static void
test_lock_of_the_dead(void **state)
{
	int status, lock;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0)
		_exit(cache_lock(cache, CACHE_KEYS, ID, 0) >= 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	lock = cache_lock(cache, CACHE_KEYS, ID, 0);
	assert_true(lock >= 0);
	cache_unlock(lock);
}

/* Whatever the umask, these are the modes. */
static void
test_modes(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };
	char *path = file_of(ID), *slash;
	const mode_t want[] = { unit_is_root() ? 0644 : 0600,
		unit_is_root() ? 0755 : 0700, unit_is_root() ? 0755 : 0700 };
	struct stat st;

	(void)state;
	for (size_t i = 0; i < nitems(masks); i++) {
		const mode_t was = umask(masks[i]);
		char *p = strdup(path);

		assert_true(store(ID, SPAN("good")));
		for (size_t up = 0; up < nitems(want); up++) {
			assert_int_equal(stat(p, &st), 0);
			row_number(p, st.st_mode & 07777, want[up]);
			slash = strrchr(p, '/');
			*slash = '\0';
		}
		free(p);
		(void)umask(was);
		unit_dir_remove(base);
		cache_close(cache);
		base = unit_dir();
		assert_int_equal(cache_open(&cache, base, &crypto, true),
		    REASON_OK);
		free(path);
		path = file_of(ID);
	}
	free(path);
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
	WITH_CACHE(test_round),
	WITH_CACHE(test_refused),
	WITH_CACHE(test_corrupted),
	WITH_CACHE(test_foreign),
	WITH_CACHE(test_left_over),
	WITH_CACHE(test_directories),
	WITH_CACHE(test_no_directory),
	WITH_CACHE(test_looking),
	WITH_CACHE(test_removed),
	WITH_CACHE(test_remove),
	WITH_CACHE(test_marks),
	WITH_CACHE(test_lock),
	WITH_CACHE(test_lock_of_the_dead),
	WITH_CACHE(test_modes),
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
