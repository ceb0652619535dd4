/* SPDX-License-Identifier: BSD-2-Clause */
#include "vectors_json.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_MAX  1000
#define EXIT_SKIP 77

/* $AUDIENT_VECTORS, or what lies beside the checkout */
static char *
path_of(const char *path)
{
	const char *root = getenv("AUDIENT_VECTORS");

	return unit_path(root != NULL && root[0] != '\0' ? root : VECTORS,
	    path);
}

static unsigned int run, skipped;

void
vectors_need(const char *folder, unsigned int n)
{
	char *path = path_of(folder);
	const bool is_there = access(path, R_OK | X_OK) == 0;

	if (is_there) {
		run += n;
	} else {
		skipped += n;
		print_message("NOT RUN: %u vectors, as there is no %s\n", n,
		    path);
	}
	free(path);
	if (!is_there)
		skip();
}

int
vectors_end(int rc)
{
	print_message("vectors: %u run, %u NOT RUN\n", run, skipped);
	return rc == 0 && run == 0 ? EXIT_SKIP : rc;
}

struct buf
vectors_read(const char *name)
{
	struct buf bytes = BUF_INIT(16 * 1024 * 1024);
	char *path = path_of(name), *chunk = malloc(65536);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		fail_msg("cannot open %s", path);
	assert_int_equal(buf_add_str(&bytes, ""), REASON_OK);
	while ((n = read(fd, chunk, 65536)) > 0)
		assert_int_equal(buf_add(&bytes, chunk, (size_t)n), REASON_OK);
	assert_int_equal(n, 0);
	close(fd);
	free(chunk);
	free(path);
	return bytes;
}

json_t *
vectors_load(const char *name)
{
	struct buf text = vectors_read(name);
	json_t *json = json_loadb(text.data, text.len, JSON_ALLOW_NUL, NULL);

	if (json == NULL)
		fail_msg("%s is not JSON", name);
	buf_free(&text);
	return json;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **
vectors_list(const char *folder, const char *ending)
{
	char **list = calloc(LIST_MAX + 1, sizeof(*list));
	char *path = path_of(folder);
	DIR *dir = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(list);
	if (dir == NULL)
		fail_msg("cannot open %s", path);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.' &&
		    span_ends(span_of(e->d_name), ending)) {
			assert_true(n < LIST_MAX);
			list[n++] = unit_path(folder, e->d_name);
		}
	closedir(dir);
	free(path);
	qsort(list, n, sizeof(*list), compare);
	return list;
}

void
vectors_list_free(char **list)
{
	for (char **p = list; *p != NULL; p++)
		free(*p);
	free(list);
}

enum reason
vectors_verify(const json_t *jwk, const char *algorithms, struct span token)
{
	char *text = json_dumps(jwk, JSON_COMPACT);
	struct buf jwks = BUF_INIT(1024 * 1024);
	struct buf payload = BUF_INIT(1024 * 1024);
	char why[AUDIENT_LINE_MAX];
	enum reason reason;

	assert_int_equal(json_object_get(jwk, "keys") != NULL
		? buf_printf(&jwks, "%s", text)
		: buf_printf(&jwks, "{\"keys\":[%s]}", text),
	    REASON_OK);
	reason =
	    audient_verify(buf_span(&jwks), algorithms, token, &payload, why);
	buf_free(&jwks);
	buf_free(&payload);
	free(text);
	return reason;
}
