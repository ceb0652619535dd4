/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests/coverage includes before every file.  gcc's counters are written
 * by exit(3): who leaves by _exit(2) has to write them before, and the helper
 * must be let write at all.
 */
#ifndef TESTS_COVERAGE_H
#define TESTS_COVERAGE_H

#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);

/* Who may not write files would be killed for it. */
static inline void
coverage_dump(void)
{
	struct rlimit size;

	if (getrlimit(RLIMIT_FSIZE, &size) == 0 &&
	    size.rlim_cur == RLIM_INFINITY)
		__gcov_dump();
}

#define _exit(status) (coverage_dump(), _exit(status))
/* confine() forbids files, by a variable; tests do it by the name */
#define setrlimit(what, limit)                                 \
	(!__builtin_constant_p(what) && (what) == RLIMIT_FSIZE \
		? 0                                            \
		: setrlimit(what, limit))

#endif
