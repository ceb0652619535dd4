/* SPDX-License-Identifier: BSD-2-Clause */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

#define STRANGER 65534

static char *dir;  /* a new one for each row */
static char *path; /* dir/file */

static void
plain(void)
{
	unit_write(path, SPAN("some\0bytes"), 0600);
}

static void
world_readable(void)
{
	unit_write(path, SPAN("some\0bytes"), 0644);
}

static void
read_only(void)
{
	unit_write(path, SPAN("some\0bytes"), 0400);
}

static void
group_writes(void)
{
	unit_write(path, SPAN("some\0bytes"), 0660);
}

static void
others_write(void)
{
	unit_write(path, SPAN("some\0bytes"), 0602);
}

static void
all_write(void)
{
	unit_write(path, SPAN("some\0bytes"), 0666);
}

static void
missing(void)
{
}

static void
is_link(void)
{
	char *other = unit_path(dir, "other");

	unit_write(other, SPAN("some\0bytes"), 0600);
	assert_int_equal(symlink("other", path), 0);
	free(other);
}

static void
dangling(void)
{
	assert_int_equal(symlink("nowhere", path), 0);
}

static void
hard_link(void)
{
	char *other = unit_path(dir, "other");

	plain();
	assert_int_equal(link(path, other), 0);
	free(other);
}

static void
fifo(void)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void
directory(void)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
unix_socket(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void
empty(void)
{
	unit_write(path, SPAN(""), 0600);
}

static void
largest(void)
{
	char *bytes = unit_repeat('x', 40000);

	unit_write(path, span_of(bytes), 0600);
	free(bytes);
}

static void
too_large(void)
{
	char *bytes = unit_repeat('x', 40001);

	unit_write(path, span_of(bytes), 0600);
	free(bytes);
}

static void
open_directory(void)
{
	plain();
	assert_int_equal(chmod(dir, 0770), 0);
}

static void
sticky_directory(void)
{
	plain();
	assert_int_equal(chmod(dir, 01777), 0);
}

static void
readable_directory(void)
{
	plain();
	assert_int_equal(chmod(dir, 0755), 0);
}

static void
stranger(void)
{
	plain();
	assert_int_equal(chown(path, STRANGER, STRANGER), 0);
}

static void
strangers_directory(void)
{
	plain();
	assert_int_equal(chown(dir, STRANGER, STRANGER), 0);
}

static void
unreadable(void)
{
	unit_write(path, SPAN("some\0bytes"), 0200);
}

enum who { ANYBODY, ROOT, NOT_ROOT };

static const struct row {
	const char *name;
	void (*make)(void);
	enum who who;
	const char *what;  /* NULL: it is read */
	bool is_beside_ok; /* for file_read_at() */
} rows[] = {
	{ "plain", plain, ANYBODY, NULL, true },
	{ "public", world_readable, ANYBODY, NULL, true },
	{ "read only", read_only, ANYBODY, NULL, true },
	{ "empty", empty, ANYBODY, NULL, true },
	{ "largest", largest, ANYBODY, NULL, true },
	{ "readable directory", readable_directory, ANYBODY, NULL, true },
	{ "hard link", hard_link, ANYBODY, NULL, false },

	{ "writable by the group", group_writes, ANYBODY,
	    "others can write it (mode 0660); do chmod go-w", false },
	{ "writable by others", others_write, ANYBODY,
	    "others can write it (mode 0602)", false },
	{ "writable by all", all_write, ANYBODY, "others can write it", false },
	{ "missing", missing, ANYBODY, "it does not exist", false },
	{ "symbolic link", is_link, ANYBODY, "it is a symbolic link", false },
	{ "dangling link", dangling, ANYBODY, "it is a symbolic link", false },
	{ "fifo", fifo, ANYBODY, "it is not a regular file", false },
	{ "directory", directory, ANYBODY, "it is not a regular file", false },
	{ "socket", unix_socket, ANYBODY, "No such device", false },
	{ "too large", too_large, ANYBODY, "it is too large", false },
	{ "directory of the group", open_directory, ANYBODY,
	    "others can write its directory", true },
	{ "directory of all", sticky_directory, ANYBODY,
	    "others can write its directory", true },
	{ "a stranger's file", stranger, ROOT,
	    "its owner is uid 65534; it must belong to root", false },
	{ "in a stranger's directory", strangers_directory, ROOT,
	    "others can write its directory", true },
	{ "unreadable", unreadable, NOT_ROOT, "Permission denied", false },
};

static void
check_read(const struct row *row)
{
	struct buf out = BUF_INIT(40000);
	struct text why;

	text_clear(&why);
	row_reason(row->name, file_read(path, &out, &why),
	    row->what == NULL ? REASON_OK : REASON_CONFIG_INVALID);
	row_has(row->name, why.s, row->what != NULL ? row->what : "");
	row_true(row->name, row->what != NULL || why.len == 0);
	if (row->what == NULL && out.len == 10)
		row_true(row->name,
		    span_equal(buf_span(&out), SPAN("some\0bytes")));
	buf_free(&out);
}

static void
check_read_at(const struct row *row)
{
	const int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct buf out = BUF_INIT(40000 + 2);

	assert_true(at >= 0);
	assert_int_equal(buf_add_str(&out, "ab"), REASON_OK);
	row_bool(row->name, file_read_at(at, "file", geteuid(), &out),
	    row->is_beside_ok);
	row_true(row->name, strncmp(out.data, "ab", 2) == 0);
	if (!row->is_beside_ok)
		row_true(row->name, span_is(buf_span(&out), "ab"));
	else
		row_true(row->name, out.len > 2 || row->make == empty);
	buf_free(&out);
	close(at);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		size_t fds;

		if ((rows[i].who == ROOT && !unit_is_root()) ||
		    (rows[i].who == NOT_ROOT && unit_is_root())) {
			print_message("skipped, needs %s: %s\n",
			    rows[i].who == ROOT ? "root" : "somebody else",
			    rows[i].name);
			continue;
		}
		dir = unit_dir();
		path = unit_path(dir, "file");
		rows[i].make();
		fds = unit_files();
		check_read(&rows[i]);
		check_read_at(&rows[i]);
		row_number(rows[i].name, (int64_t)unit_files(), (int64_t)fds);
		free(path);
		unit_dir_remove(dir);
	}
	rows_end();
}

static void
test_paths(void **state)
{
	static const struct {
		const char *name, *path, *what;
	} paths[] = {
		{ "relative", "file", "must be absolute" },
		{ "empty", "", "must be absolute" },
		{ "from here", "./file", "must be absolute" },
		{ "root itself", "/", "does not exist" },
		{ "slash behind", "/etc/", "does not exist" },
		{ "directory missing", "/no/such/directory",
		    "its directory: it does not exist" },
		{ "directory is a file", "/dev/null/file",
		    "its directory: Not a directory" },
		{ "device", "/dev/null", "not a regular file" },
		{ "in everybody's directory", "/tmp/file",
		    "others can write its directory" },
	};
	char *long_path = unit_repeat('/', 5000);
	struct buf out = BUF_INIT(100);
	struct text why;

	(void)state;
	text_clear(&why);
	row_reason("too long", file_read(long_path, &out, &why),
	    REASON_CONFIG_INVALID);
	row_has("too long", why.s, "the path is too long");
	free(long_path);
	long_path = unit_repeat('/', PATH_MAX + 2);
	long_path[PATH_MAX + 1] = 'x';
	long_path[PATH_MAX] = '/';
	text_clear(&why);
	row_reason("a byte too long", file_read(long_path, &out, &why),
	    REASON_CONFIG_INVALID);
	row_has("a byte too long", why.s, "the path is too long");
	free(long_path);
	for (size_t i = 0; i < nitems(paths); i++) {
		text_clear(&why);
		row_reason(paths[i].name, file_read(paths[i].path, &out, &why),
		    REASON_CONFIG_INVALID);
		row_has(paths[i].name, why.s, paths[i].what);
	}
	assert_int_equal(out.len, 0);
	buf_free(&out);
	rows_end();
}

/* Only root and uid may be able to write the directory. */
static void
test_private_dir(void **state)
{
	static const struct {
		mode_t mode;
		bool want;
	} modes[] = {
		{ 0700, true },
		{ 0755, true },
		{ 0500, true },
		{ 0720, false },
		{ 0702, false },
		{ 0777, false },
		{ 01777, false },
		{ 02770, false },
	};
	int fd;

	(void)state;
	dir = unit_dir();
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < nitems(modes); i++) {
		assert_int_equal(chmod(dir, modes[i].mode), 0);
		row_bool("mode", file_is_private_dir(fd, geteuid()),
		    modes[i].want);
	}
	assert_int_equal(chmod(dir, 0700), 0);
	/* root may be trusted by all, nobody else is */
	row_bool("another's", file_is_private_dir(fd, geteuid() + 1),
	    unit_is_root());
	row_bool("no descriptor", file_is_private_dir(-1, geteuid()), false);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	row_bool("no directory", file_is_private_dir(fd, geteuid()), false);
	close(fd);
	unit_dir_remove(dir);
	rows_end();
}

/* --- what the system does to it ------------------------------------------ */

static enum { NOTHING, INTERRUPTED, NO_STATUS, NO_MEMORY } trouble;
static int calls_before; /* that still do as they should */

static bool
is_in_trouble(int which)
{
	if ((int)trouble != which || calls_before-- > 0)
		return false;
	trouble = NOTHING;
	return true;
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
int __real_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	if (!is_in_trouble(INTERRUPTED))
		return __real_read(fd, p, n);
	errno = EINTR;
	return -1;
}

int
__wrap_fstat64(int fd, struct stat *st)
{
	if (!is_in_trouble(NO_STATUS))
		return __real_fstat64(fd, st);
	errno = EIO;
	return -1;
}

void *
__wrap_malloc(size_t n)
{
	return is_in_trouble(NO_MEMORY) ? NULL : __real_malloc(n);
}

static void
check_trouble(const char *name, int which, int before, enum reason want,
    const char *what)
{
	struct buf out = BUF_INIT(40000);
	struct text why;

	text_clear(&why);
	trouble = (__typeof__(trouble))which;
	calls_before = before;
	row_reason(name, file_read(path, &out, &why), want);
	row_number(name, (int)trouble, NOTHING);
	trouble = NOTHING;
	row_has(name, why.s, what);
	row_number(name, (int64_t)out.len, want == REASON_OK ? 10 : 0);
	buf_free(&out);
}

static void
test_trouble(void **state)
{
	(void)state;
	dir = unit_dir();
	path = unit_path(dir, "file");
	plain();
	check_trouble("interrupted", INTERRUPTED, 0, REASON_OK, "");
	check_trouble("no status of the directory", NO_STATUS, 0,
	    REASON_CONFIG_INVALID, "its directory");
	check_trouble("no status", NO_STATUS, 1, REASON_CONFIG_INVALID,
	    "Input/output error");
	check_trouble("no memory", NO_MEMORY, 0, REASON_OUT_OF_MEMORY,
	    "Cannot allocate memory");
	free(path);
	unit_dir_remove(dir);
	rows_end();
}

/* What is root's can be trusted by everybody. */
static void
test_roots_file(void **state)
{
	struct buf out = BUF_INIT(100);
	struct text why;

	(void)state;
	if (!unit_is_root()) {
		print_message("skipped, needs root: a file of root's\n");
		return;
	}
	dir = unit_dir();
	path = unit_path(dir, "file");
	readable_directory();
	assert_int_equal(chmod(path, 0644), 0);
	text_clear(&why);
	assert_int_equal(seteuid(STRANGER), 0);
	row_reason("a file of root's", file_read(path, &out, &why), REASON_OK);
	assert_int_equal(seteuid(0), 0);
	buf_free(&out);
	free(path);
	unit_dir_remove(dir);
	rows_end();
}

/* A host may have closed its standard input. */
static void
test_descriptor_zero(void **state)
{
	const int input = dup(STDIN_FILENO);
	struct buf out = BUF_INIT(100);
	struct text why;
	int at;

	(void)state;
	dir = unit_dir();
	path = unit_path(dir, "file");
	plain();
	text_clear(&why);
	at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(STDIN_FILENO);
	row_reason("its directory", file_read(path, &out, &why), REASON_OK);
	row_text("no complaint", why.s, "");
	row_reason("the file", file_read_in(at, "file", &out, &why), REASON_OK);
	row_bool("a file beside", file_read_at(at, "file", geteuid(), &out),
	    true);
	(void)dup2(input, STDIN_FILENO);
	close(input);
	close(at);
	buf_free(&out);
	free(path);
	unit_dir_remove(dir);
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
	cmocka_unit_test(test_paths),
	cmocka_unit_test(test_private_dir),
	cmocka_unit_test(test_trouble),
	cmocka_unit_test(test_roots_file),
	cmocka_unit_test(test_descriptor_zero),
};

UNIT_MAIN(tests)
