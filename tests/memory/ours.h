/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a build with MemorySanitizer includes before every file.  Memory that
 * others allocate counts as written (tests/memory/outside.c), as nobody sees
 * them write; memory that our own code asks for does not.
 */
#ifndef TESTS_MEMORY_OURS_H
#define TESTS_MEMORY_OURS_H

#include <malloc.h>
#include <sanitizer/msan_interface.h>
#include <stdlib.h>

static inline void *
ours_malloc(size_t size)
{
	void *p = malloc(size);

	if (p != NULL)
		__msan_allocated_memory(p, size);
	return p;
}

static inline void *
ours_realloc(void *old, size_t size)
{
	const size_t before = old != NULL ? malloc_usable_size(old) : 0;
	char *p = realloc(old, size);

	if (p != NULL && size > before)
		__msan_allocated_memory(p + before, size - before);
	return p;
}

static inline void *
ours_reallocarray(void *old, size_t n, size_t size)
{
	const size_t before = old != NULL ? malloc_usable_size(old) : 0;
	char *p = reallocarray(old, n, size);

	if (p != NULL && n * size > before)
		__msan_allocated_memory(p + before, n * size - before);
	return p;
}

#define malloc	     ours_malloc
#define realloc	     ours_realloc
#define reallocarray ours_reallocarray

#endif
