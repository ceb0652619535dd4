# SPDX-License-Identifier: BSD-2-Clause
# --- under MemorySanitizer --------------------------------------------------------

# For a build with --enable-sanitizers=memory CC=clang.  All tests in C run:
# those of the core, the vectors, the PAM module in a host of the test's, the
# SASL plug-ins through libsasl2, the seeds of the fuzzer.  Left out are
# PAM_TESTS, CLI_TESTS and SERVER_TESTS: their hosts, from Python to sshd, are
# not built with it and could not load outside.so or the modules.  `make
# check-valgrind` has threads of a SASL host and logins through libpam.
if MEMORY
check_LTLIBRARIES += tests/memory/outside.la
tests_memory_outside_la_SOURCES = tests/memory/outside.c
# It stands outside itself.
tests_memory_outside_la_CFLAGS = $(AUDIENT_CFLAGS) $(WARN_CFLAGS) \
	-fno-omit-frame-pointer
tests_memory_outside_la_LDFLAGS = $(tests_tools_pam_peek_la_LDFLAGS)

# Is a byte that nobody has written found at all?
if HAVE_CMOCKA
check_PROGRAMS += tests/memory/test_finds
UNIT_TESTS += tests/memory/test_finds
tests_memory_test_finds_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_memory_test_finds_LDADD = tests/unit/libunit.la
endif HAVE_CMOCKA

check-memory: $(check_PROGRAMS) $(check_LTLIBRARIES)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS)' LOG_COMPILER='env \
		LD_PRELOAD=$(abs_builddir)/tests/memory/.libs/outside.so'
else !MEMORY
check-memory:
	@echo 'configure with --enable-sanitizers=memory CC=clang for this' >&2
	@false
endif !MEMORY
.PHONY: check-memory

EXTRA_DIST += tests/memory/ours.h
