/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/*
 * Is a byte that nobody has written still found, with all that ours.h and
 * outside.c say about libraries?  Each row is a process that looks at one.
 */
#define SIZE 64

/* A decision on all bytes of p. */
__attribute__((noinline)) static void
look_at(const void *p, size_t n)
{
	const char *bytes = p;

	__asm__ volatile("" : : "r"(p) : "memory"); /* no guesses about it */
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == 'x')
			_exit(0);
}

static void
look_at_heap(void)
{
	char *p = malloc(SIZE);

	memset(p, 'a', SIZE - 1);
	look_at(p, SIZE);
	free(p);
}

static void
look_at_grown(void)
{
	char *p = calloc(1, SIZE);

	look_at(p, SIZE);
	p = realloc(p, 2 * SIZE);
	look_at(p, 2 * SIZE);
	free(p);
}

static void
look_at_array(void)
{
	char *p = reallocarray(NULL, SIZE, 2);

	look_at(p, 2 * SIZE);
	free(p);
}

static void
look_at_stack(void)
{
	char bytes[SIZE];

	memset(bytes + 1, 'a', SIZE - 1);
	look_at(bytes, SIZE);
}

static void
look_at_stack_again(void)
{
	char before[SIZE] = "";

	look_at(before, SIZE);
	look_at_stack();
}

static void
look_behind(void)
{
	unsigned char text[SIZE];

	(void)EVP_EncodeBlock(text, (const unsigned char *)"abc", 3);
	look_at(text, SIZE);
}

static void
look_at_text(void)
{
	unsigned char text[SIZE];
	const int n = EVP_EncodeBlock(text, (const unsigned char *)"abcdef", 6);

	look_at(text, (size_t)n);
}

static void
look_at_file(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) == 0)
		look_at(&st.st_mode, sizeof(st.st_mode));
}

static const struct row {
	const char *name;
	void (*look)(void);
	bool is_found;
} rows[] = {
	{ "what OpenSSL has written", look_at_text, false },
	{ "what the kernel has written", look_at_file, false },
	{ "the end of a block", look_at_heap, true },
	{ "what a block has grown by", look_at_grown, true },
	{ "an array", look_at_array, true },
	{ "the start of a variable", look_at_stack, true },
	{ "a variable where another one was", look_at_stack_again, true },
	{ "behind what OpenSSL has written", look_behind, true },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		const pid_t pid = fork();
		int status = 0;

		if (pid == 0) {
			(void)close(STDERR_FILENO); /* what it finds there */
			rows[i].look();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		row_bool(rows[i].name, status != 0, rows[i].is_found);
	}
	rows_end();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_rows),
};
UNIT_MAIN(tests)
