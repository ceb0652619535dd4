/* SPDX-License-Identifier: BSD-2-Clause */
#include "count.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct crypto crypto;
static char *base;
static struct cache *cache;

static char *
file_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%u/counts/%s", base,
			(unsigned int)geteuid(), name) > 0);
	return path;
}

static void
put(const char *name, const char *text, mode_t mode)
{
	char *path = file_of(name);

	(void)unlink(path);
	unit_write(path, span_of(text), mode);
	free(path);
}

/* All counts, as "service reason number" lines. */
struct sum {
	char text[4096];
	uint64_t total;
};

static void
on_count(void *arg, const char *service, const char *reason, uint64_t n)
{
	struct sum *sum = arg;
	const size_t len = strlen(sum->text);

	(void)snprintf(sum->text + len, sizeof(sum->text) - len, "%s %s %llu\n",
	    service, reason, (unsigned long long)n);
	sum->total += n;
}

static void
row_counts(const char *name, const char *want)
{
	struct sum sum = { .total = 0 };

	row_bool(name, count_read(base, on_count, &sum), want[0] != '\0');
	row_text(name, sum.text, want);
}

static void
test_counts(void **state)
{
	(void)state;
	row_counts("nothing yet", "");
	count_decisions(cache, "sshd", REASON_OK, 1);
	row_counts("one", "sshd ok 1\n");
	count_decisions(cache, "sshd", REASON_EXPIRED, 1);
	count_decisions(cache, "sshd", REASON_OK, 1);
	row_counts("two reasons", "sshd ok 2\nsshd expired 1\n");
	rows_end();
}

static void
test_names(void **state)
{
	char *long_name = unit_repeat('a', 65);
	const char *const strange[] = { "", ".", "..", "../sshd", "a/b",
		".hidden", "a b", "a\nb", long_name };

	(void)state;
	for (size_t i = 0; i < nitems(strange); i++)
		count_decisions(cache, strange[i], REASON_OK, 1);
	row_counts("strange names", "other ok 9\n");
	free(long_name);
	rows_end();
}

/* What is damaged counts as nothing, and is mended by the next decision. */
static void
test_damage(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *before, *after;
	} rows[] = {
		{ "empty", "", "", "sshd ok 1\n" },
		{ "no number", "ok\n", "", "sshd ok 1\n" },
		{ "a short number", "ok 1\n", "", "sshd ok 1\n" },
		{ "no reason", " 00000000000000000007\n", "", "sshd ok 1\n" },
		{ "letters", "ok 0000000000000000000x\n", "", "sshd ok 1\n" },
		{ "a cut line", "ok 00000000000000000007", "", "sshd ok 1\n" },
		{ "another line behind", "ok 00000000000000000007\nexpired 7\n",
		    "sshd ok 7\n", "sshd ok 8\n" },
	};

	(void)state;
	count_decisions(cache, "sshd", REASON_OK, 1);
	for (size_t i = 0; i < nitems(rows); i++) {
		put("sshd", rows[i].text, 0600);
		row_counts(rows[i].name, rows[i].before);
		count_decisions(cache, "sshd", REASON_OK, 1);
		row_counts(rows[i].name, rows[i].after);
	}
	put("sshd", "ok 00000000000000000007\n", 0666);
	row_counts("a file that others can write", "");
	rows_end();
}

/* A link does not lead elsewhere, and nobody waits at a pipe. */
static void
test_strangers(void **state)
{
	char *path = file_of("sshd"), *target = unit_path(base, "target");
	struct stat st;

	(void)state;
	count_decisions(cache, "imap", REASON_OK, 1);
	unit_write(target, SPAN("x"), 0600);
	assert_int_equal(symlink(target, path), 0);
	count_decisions(cache, "sshd", REASON_OK, 1);
	assert_int_equal(stat(target, &st), 0);
	row_number("what the link leads to", st.st_size, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	count_decisions(cache, "sshd", REASON_OK, 1);
	row_counts("a pipe", "imap ok 1\n");
	free(path);
	free(target);
	rows_end();
}

/* Where files may not grow, the host lives on. */
static void
test_limit(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if ((pid = fork()) == 0) {
		const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

		if (setrlimit(RLIMIT_FSIZE, &none) != 0)
			_exit(1);
		count_decisions(cache, "sshd", REASON_OK, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	row_number("end of the host", status, 0);
	row_counts("nothing was written", "");
	rows_end();
}

/* Many at once: no line is torn. */
static void
test_together(void **state)
{
	enum { CHILDREN = 4, EACH = 200 };
	struct sum sum = { .total = 0 };

	(void)state;
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < EACH; j++)
			count_decisions(cache, "sshd",
			    i % 2 == 0 ? REASON_OK : REASON_EXPIRED, 1);
		_exit(0);
	}
	for (int i = 0; i < CHILDREN; i++)
		assert_true(wait(NULL) > 0);
	row_bool("counted", count_read(base, on_count, &sum), true);
	/* one that has no turn for long is not counted: rather that */
	row_bool("nearly all are there",
	    sum.total <= CHILDREN * EACH && sum.total > CHILDREN * EACH / 2,
	    true);
	rows_end();
}

/* What is named like no uid is nobody's, and nobody counts twice. */
static void
test_users(void **state)
{
	static const struct {
		const char *name;
		uid_t uid; /* whose file is in it; 0: it is empty */
	} dirs[] = { { "23", 23 }, { "27", 27 }, { "29", 29 }, { "G", 0 },
		{ "3-", 0 }, { "4294967319", 0 }, { "4294967323", 0 } };
	struct sum sum = { .total = 0 };

	(void)state;
	if (!unit_is_root()) {
		print_message("skipped, needs root: users of a host\n");
		return;
	}
	for (size_t i = 0; i < nitems(dirs); i++) {
		char *user = unit_path(base, dirs[i].name);
		char *counts = unit_path(user, "counts");
		char *file = unit_path(counts, "imap");

		assert_int_equal(mkdir(user, 0755), 0);
		assert_int_equal(chown(user, dirs[i].uid, 0), 0);
		if (dirs[i].uid != 0) {
			assert_int_equal(mkdir(counts, 0755), 0);
			unit_write(file, SPAN("ok 00000000000000000005\n"),
			    0600);
			assert_int_equal(chown(counts, dirs[i].uid, 0), 0);
			assert_int_equal(chown(file, dirs[i].uid, 0), 0);
		}
		free(user);
		free(counts);
		free(file);
	}
	row_bool("users", count_read(base, on_count, &sum), true);
	row_number("each of them once", (int64_t)sum.total, 15);
	rows_end();
}

/* Nobody waits for somebody who hangs, or writes without the lock. */
static void
test_locked(void **state)
{
	char *path = file_of("sshd");
	int fd;

	(void)state;
	count_decisions(cache, "sshd", REASON_OK, 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	count_decisions(cache, "sshd", REASON_OK, 1);
	close(fd);
	row_counts("while somebody else has it", "sshd ok 1\n");
	count_decisions(cache, "sshd", REASON_OK, 1);
	row_counts("and then", "sshd ok 2\n");
	free(path);
	rows_end();
}

ssize_t __real_pread64(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *p, size_t n, off_t at);

static bool is_unreadable;

ssize_t
__wrap_pread64(int fd, void *p, size_t n, off_t at)
{
	return is_unreadable ? -1 : __real_pread64(fd, p, n, at);
}

static void
test_unreadable(void **state)
{
	(void)state;
	count_decisions(cache, "sshd", REASON_OK, 7);
	is_unreadable = true;
	count_decisions(cache, "sshd", REASON_OK, 1);
	is_unreadable = false;
	row_counts("as it was", "sshd ok 7\n");
	rows_end();
}

static void
test_no_directory(void **state)
{
	struct sum sum = { .total = 0 };
	struct cache *none;

	(void)state;
	assert_int_equal(cache_open(&none, "/no/such/directory", &crypto,
			     false),
	    REASON_OK);
	count_decisions(none, "sshd", REASON_OK, 1);
	cache_close(none);
	row_bool("no directory",
	    count_read("/no/such/directory", on_count, &sum), false);
	rows_end();
}

static int
set_up(void **state)
{
	(void)state;
	base = unit_dir();
	return crypto_open(&crypto) == REASON_OK &&
		cache_open(&cache, base, &crypto, true) == REASON_OK &&
		cache_is_writable(cache)
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
	return 0;
}

#define WITH_CACHE(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	WITH_CACHE(test_counts),
	WITH_CACHE(test_names),
	WITH_CACHE(test_damage),
	WITH_CACHE(test_strangers),
	WITH_CACHE(test_limit),
	WITH_CACHE(test_users),
	WITH_CACHE(test_locked),
	WITH_CACHE(test_unreadable),
	WITH_CACHE(test_together),
	WITH_CACHE(test_no_directory),
};

UNIT_MAIN(tests)
