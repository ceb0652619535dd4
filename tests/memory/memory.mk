# SPDX-License-Identifier: BSD-2-Clause
# --- under MemorySanitizer --------------------------------------------------------

# For a build with --enable-sanitizers=memory CC=clang.  All tests in C run, and
# those in Python that start programs of ours only: the command, audient-fetch,
# the PAM module in tests/tools/pamhost.  Left out are cli/test_logs and
# SERVER_TESTS: sshd, slapd and the others are not built with it, and could not
# load the modules.  `make check-valgrind` has logins through libpam.
if MEMORY
# What every program loads first: see there.
BUILT_SOURCES += tests/memory/outside.la
AM_LDFLAGS += -Wl,--no-as-needed \
	$(abs_builddir)/tests/memory/.libs/outside.so \
	-Wl,-rpath,$(abs_builddir)/tests/memory/.libs
check_LTLIBRARIES += tests/memory/outside.la
tests_memory_outside_la_SOURCES = tests/memory/outside.c
# It stands outside itself.
tests_memory_outside_la_CFLAGS = $(AUDIENT_CFLAGS) $(WARN_CFLAGS) \
	-fno-omit-frame-pointer
tests_memory_outside_la_LDFLAGS = $(MODULE_LDFLAGS) -module -shared \
	-avoid-version -rpath /nowhere
tests_memory_outside_la_LIBADD = $(CRYPTO_LIBS)

# Is a byte that nobody has written found at all?
if HAVE_CMOCKA
check_PROGRAMS += tests/memory/test_finds
UNIT_TESTS += tests/memory/test_finds
tests_memory_test_finds_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_memory_test_finds_LDADD = tests/unit/libunit.la
endif HAVE_CMOCKA

MEMORY_TESTS = $(UNIT_TESTS) $(PAM_TESTS) \
	tests/cli/test_commands.py tests/cli/test_doctor.py \
	tests/cli/test_explain.py
# 99: not what the command says of a token that is refused.  The copy is for
# programs that are run as somebody else, if the checkout is root's alone.
check-memory: all
	open=`mktemp -d` && chmod 755 $$open && \
	cp tests/memory/.libs/outside.so $$open && \
	LD_LIBRARY_PATH=$$open MSAN_OPTIONS=exitcode=99 \
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(MEMORY_TESTS)'; \
	status=$$?; rm -rf $$open; exit $$status
else !MEMORY
check-memory:
	@echo 'configure with --enable-sanitizers=memory CC=clang for this' >&2
	@false
endif !MEMORY
.PHONY: check-memory

EXTRA_DIST += tests/memory/ours.h
