/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"

static unsigned int good, bad, failed;

void
row_count(bool is_good)
{
	if (is_good)
		good++;
	else
		bad++;
}

void
row_reason(const char *name, enum reason got, enum reason want)
{
	row_count(want == REASON_OK);
	if (got == want)
		return;
	failed++;
	print_error("row \"%s\": got %s, want %s\n", name, reason_name(got),
	    reason_name(want));
}

void
row_bool(const char *name, bool got, bool want)
{
	row_count(want);
	if (got == want)
		return;
	failed++;
	print_error("row \"%s\": got %s, want %s\n", name,
	    got ? "true" : "false", want ? "true" : "false");
}

void
row_true(const char *name, bool got)
{
	if (got)
		return;
	failed++;
	print_error("row \"%s\": not as it should be\n", name);
}

void
row_text(const char *name, const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return;
	failed++;
	print_error("row \"%s\": got \"%s\", want \"%s\"\n", name, got, want);
}

void
row_has(const char *name, const char *got, const char *part)
{
	if (strstr(got, part) != NULL)
		return;
	failed++;
	print_error("row \"%s\": got \"%s\", without \"%s\"\n", name, got,
	    part);
}

void
row_number(const char *name, int64_t got, int64_t want)
{
	if (got == want)
		return;
	failed++;
	print_error("row \"%s\": got %lld, want %lld\n", name, (long long)got,
	    (long long)want);
}

void
rows_end(void)
{
	const unsigned int n = failed;

	failed = 0;
	if (n != 0)
		fail_msg("%u rows failed", n);
}

int
unit_end(int rc)
{
	print_message("rows: %u good, %u bad\n", good, bad);
	return rc;
}

/* The documents that unit_json() made and nobody has freed. */
static struct json_doc docs[8];

const struct json *
unit_parse(struct span text)
{
	struct json_doc *doc = docs;

	while (doc->nodes != NULL)
		assert_true(++doc < docs + nitems(docs));
	if (json_doc_parse(text, doc) == REASON_OK)
		return doc->nodes;
	json_doc_free(doc);
	return NULL;
}

void
unit_json_free(const struct json *json)
{
	for (size_t i = 0; i < nitems(docs); i++)
		if (json != NULL && docs[i].nodes == json) {
			json_doc_free(&docs[i]);
			return;
		}
	assert_null(json);
}

const struct json *
unit_json(const char *base, const char *without, const char *with)
{
	char *text = unit_merge(base, without, with);
	const struct json *json = unit_parse(span_of(text));

	if (json == NULL)
		fail_msg("refused: %s", text);
	free(text);
	return json;
}

char *
unit_repeat(char c, size_t n)
{
	char *s = malloc(n + 1);

	assert_non_null(s);
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

/* Whole pages, at least one. */
static size_t
exact_size(size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return len > 0 ? (len + page - 1) / page * page : page;
}

struct span
unit_exact(struct span s)
{
	const size_t pages = exact_size(s.len), page = exact_size(0);
	char *block = mmap(NULL, pages + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *copy = block + pages - s.len;

	assert_ptr_not_equal(block, MAP_FAILED);
	assert_int_equal(mprotect(block + pages, page, PROT_NONE), 0);
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	return (struct span){ .ptr = copy, .len = s.len };
}

void
unit_free(struct span s)
{
	const size_t pages = exact_size(s.len);

	assert_int_equal(munmap((char *)(uintptr_t)s.ptr + s.len - pages,
			     pages + exact_size(0)),
	    0);
}

bool
unit_is_root(void)
{
	return geteuid() == 0;
}

char *
unit_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	assert_true(asprintf(&dir, "%s/audient-unit.XXXXXX",
			tmp != NULL && tmp[0] == '/' ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(dir));
	return dir;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
unit_dir_remove(char *dir)
{
	if (dir == NULL)
		return;
	(void)chmod(dir, 0700);
	assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(dir);
}

char *
unit_path(const char *dir, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	return path;
}

void
unit_write(const char *path, struct span bytes, mode_t mode)
{
	const int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

size_t
unit_files(void)
{
	DIR *files = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(files);
	while (readdir(files) != NULL)
		n++;
	(void)closedir(files);
	return n;
}
