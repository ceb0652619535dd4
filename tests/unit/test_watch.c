/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* Objects are copies of the text; "bad" has a mistake in its second line. */
static unsigned int alive;

static void fork_within(void);

static enum reason
parse(struct span text, void **objectp, unsigned int *line, struct text *why)
{
	*objectp = NULL;
	*line = 0;
	if (span_starts(text, "bad")) {
		*line = 2;
		text_printf(why, "a mistake");
		return REASON_CONFIG_INVALID;
	}
	if (span_starts(text, "memory"))
		return REASON_OUT_OF_MEMORY;
	if (span_starts(text, "fork"))
		fork_within();
	*objectp = strndup(text.ptr != NULL ? text.ptr : "", text.len);
	__atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
	return REASON_OK;
}

static void
destroy(void *object)
{
	free(object);
	__atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
}

static const struct watch_kind kind = { 100, parse, destroy };

static char *dir, *path;
static struct watched *watched;

/* In the place of what is there, as an editor does it. */
static void
put(const char *text, mode_t mode)
{
	char *new = unit_path(dir, "new");

	unit_write(new, span_of(text), mode);
	assert_int_equal(rename(new, path), 0);
	free(new);
}

static void
check(const char *name, const char *want, const char *problem)
{
	struct watch_view view;
	struct text why;

	text_clear(&why);
	row_reason(name, watch_hold(watched, &view, &why),
	    want != NULL ? REASON_OK : REASON_CONFIG_INVALID);
	if (want != NULL)
		row_text(name, view.object != NULL ? view.object : "(nothing)",
		    want);
	else
		row_true(name, view.object == NULL);
	row_has(name, why.s, problem);
	watch_release(watched, &view);
	watch_release(watched, &view);
}

static void
test_changes(void **state)
{
	(void)state;
	check("at first", "one", "");
	check("again", "one", "");
	put("two", 0600);
	check("another", "two", "");
	put("bad", 0600);
	check("bad", NULL, "file:2: a mistake");
	check("still bad", NULL, "file:2: a mistake");
	put("three", 0600);
	check("good again", "three", "");
	assert_int_equal(chmod(path, 0666), 0);
	check("others can write it", NULL, "file: others can write it");
	assert_int_equal(chmod(path, 0600), 0);
	check("nobody else can", "three", "");
	assert_int_equal(unlink(path), 0);
	check("gone", NULL, "file: it does not exist");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	check("a symbolic link", NULL, "file: it is a symbolic link");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	check("a fifo", NULL, "file: it is not a regular file");
	assert_int_equal(unlink(path), 0);
	put("four", 0600);
	check("back", "four", "");
	assert_int_equal(chmod(dir, 0770), 0);
	put("five", 0600);
	check("others can write its directory", NULL, "its directory");
	assert_int_equal(chmod(dir, 0700), 0);
	put("six", 0600);
	check("nobody else can", "six", "");
	put("", 0600);
	check("empty", "", "");
	put("01234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456789x",
	    0600);
	check("too large", NULL, "file: it is too large");
	rows_end();
}

/* Changed in its place, to something of the same length. */
static void
test_in_place(void **state)
{
	(void)state;
	check("at first", "one", "");
	for (int i = 0; i < 20; i++) {
		const char text[] = { (char)('a' + i), '\0' };

		/* the clock of the file system may not have moved on */
		usleep(20000);
		unit_write(path, span_of(text), 0600);
		check("in its place", text, "");
	}
	rows_end();
}

static void
test_generation(void **state)
{
	uint64_t first, second;

	(void)state;
	first = watch_generation(watched);
	row_true("not none", first != 0);
	row_true("the same", watch_generation(watched) == first);
	put("two", 0600);
	second = watch_generation(watched);
	row_true("another", second != first);
	put("bad", 0600);
	row_true("another", watch_generation(watched) != second);
	row_true("no file", watch_generation(NULL) == 0);
	rows_end();
}

/* What is held stays as it was. */
static void
test_held(void **state)
{
	struct watch_view old, new;
	struct text why;

	(void)state;
	text_clear(&why);
	assert_int_equal(watch_hold(watched, &old, &why), REASON_OK);
	put("two", 0600);
	assert_int_equal(watch_hold(watched, &new, &why), REASON_OK);
	assert_string_equal(old.object, "one");
	assert_string_equal(new.object, "two");
	assert_int_equal(alive, 2);
	watch_release(watched, &old);
	assert_int_equal(alive, 1);
	assert_string_equal(new.object, "two");
	watch_release(watched, &new);
	assert_int_equal(alive, 1);
}

/* Want of memory is not remembered as a mistake of the file. */
static void
test_memory(void **state)
{
	struct watch_view view;
	struct text why;

	(void)state;
	put("memory", 0600);
	text_clear(&why);
	row_reason("once", watch_hold(watched, &view, &why),
	    REASON_OUT_OF_MEMORY);
	row_has("it says so", why.s, "file: ");
	row_has("it says so", why.s, reason_text(REASON_OUT_OF_MEMORY));
	row_reason("and again", watch_hold(watched, &view, &why),
	    REASON_OUT_OF_MEMORY);
	put("two", 0600);
	check("then", "two", "");
	rows_end();
}

static void
test_open(void **state)
{
	static const struct {
		const char *name, *path, *what;
	} bad[] = {
		{ "relative", "file", "file: the path must be absolute" },
		{ "no directory", "/no/such/file",
		    "/no/such/file: its directory: it does not exist" },
		{ "no file", "/etc/no-such-file",
		    "/etc/no-such-file: it does not exist" },
		{ "directory", "/etc/.", "it is not a regular file" },
	};
	struct watched *none = (void *)1;
	struct text why;
	char *bad_path;

	(void)state;
	for (size_t i = 0; i < nitems(bad); i++) {
		text_clear(&why);
		row_reason(bad[i].name,
		    watch_open(&none, bad[i].path, &kind, &why),
		    REASON_CONFIG_INVALID);
		row_true(bad[i].name, none == NULL);
		row_has(bad[i].name, why.s, bad[i].what);
	}
	bad_path = unit_path(dir, "bad");
	unit_write(bad_path, SPAN("bad"), 0600);
	text_clear(&why);
	row_reason("a mistake", watch_open(&none, bad_path, &kind, &why),
	    REASON_CONFIG_INVALID);
	row_has("a mistake", why.s, "bad:2: a mistake");
	free(bad_path);
	watch_close(NULL);
	watch_after_fork(NULL);
	rows_end();
}

static void
test_fork(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	put("two", 0600);
	if ((pid = fork()) == 0) {
		struct watch_view view;
		struct text why;

		text_clear(&why);
		watch_after_fork(watched);
		_exit(watch_hold(watched, &view, &why) == REASON_OK &&
			    strcmp(view.object, "two") == 0
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A child that is born while somebody reads has a lock that nobody has. */
static int status_of_child;

static void
fork_within(void)
{
	const pid_t pid = fork();

	if (pid == 0) {
		struct watch_view view;
		struct text why;

		(void)alarm(10);
		text_clear(&why);
		put("two", 0600);
		watch_after_fork(watched);
		_exit(watch_hold(watched, &view, &why) == REASON_OK &&
			    strcmp(view.object, "two") == 0
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status_of_child, 0), pid);
}

static void
test_fork_within(void **state)
{
	(void)state;
	status_of_child = -1;
	put("fork", 0600);
	check("born while it is read", "fork", "");
	row_number("the child reads, too", status_of_child, 0);
	rows_end();
}

static bool has_no_lock;

int __real_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);

int
__wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
	return has_no_lock ? EAGAIN : __real_pthread_mutex_init(m, a);
}

static void
test_no_lock(void **state)
{
	const size_t fds = unit_files();
	struct watched *w;
	struct text why;

	(void)state;
	text_clear(&why);
	has_no_lock = true;
	row_reason("no lock", watch_open(&w, path, &kind, &why),
	    REASON_OUT_OF_MEMORY);
	has_no_lock = false;
	row_true("no lock", w == NULL);
	row_number("its directory is closed", (int64_t)unit_files(),
	    (int64_t)fds);
	rows_end();
}

/* A host may have closed its standard input. */
static void
test_descriptor_zero(void **state)
{
	const int input = dup(STDIN_FILENO);
	struct watched *w;
	struct text why;

	(void)state;
	text_clear(&why);
	close(STDIN_FILENO);
	row_reason("descriptor 0", watch_open(&w, path, &kind, &why),
	    REASON_OK);
	watch_close(w);
	(void)dup2(input, STDIN_FILENO);
	close(input);
	rows_end();
}

static void *
keep_reading(void *arg)
{
	uintptr_t wrong = 0;

	(void)arg;
	for (int i = 0; i < 500; i++) {
		struct watch_view view;
		struct text why;

		text_clear(&why);
		if (watch_hold(watched, &view, &why) != REASON_OK ||
		    strncmp(view.object, "text", 4) != 0)
			wrong++;
		watch_release(watched, &view);
	}
	return (void *)wrong;
}

static void
test_threads(void **state)
{
	pthread_t threads[6];
	void *wrong;

	(void)state;
	put("text", 0600);
	for (size_t i = 0; i < nitems(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_reading,
				     NULL),
		    0);
	for (int i = 0; i < 100; i++)
		put(i % 2 == 0 ? "text of one" : "text of another", 0600);
	for (size_t i = 0; i < nitems(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

static int
set_up(void **state)
{
	struct text why;

	(void)state;
	dir = unit_dir();
	path = unit_path(dir, "file");
	put("one", 0600);
	text_clear(&why);
	return watch_open(&watched, path, &kind, &why) == REASON_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	watch_close(watched);
	assert_int_equal(alive, 0);
	unit_dir_remove(dir);
	free(path);
	return 0;
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_FILE(test_changes),
	WITH_FILE(test_in_place),
	WITH_FILE(test_generation),
	WITH_FILE(test_held),
	WITH_FILE(test_memory),
	WITH_FILE(test_open),
	WITH_FILE(test_fork),
	WITH_FILE(test_fork_within),
	WITH_FILE(test_no_lock),
	WITH_FILE(test_descriptor_zero),
	WITH_FILE(test_threads),
};

UNIT_MAIN(tests)
