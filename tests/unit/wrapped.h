/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AUDIENT_WRAPPED_H
#define AUDIENT_WRAPPED_H

#include <stddef.h>

/*
 * Allocations that the linker sends to a test; -Wl,--wrap= names those that
 * the test has in hand.
 */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n);

#endif
