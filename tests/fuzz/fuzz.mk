# SPDX-License-Identifier: BSD-2-Clause
# --- fuzzing: one target per parser ---------------------------------------------

if HAVE_CMOCKA
FUZZ_SOURCES = \
	fetch/wire.c \
	tests/fuzz/decide.c \
	tests/fuzz/files.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/keys.c \
	tests/fuzz/oracle.c \
	tests/fuzz/targets.c \
	tests/fuzz/text.c \
	tests/fuzz/wires.c
FUZZ_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/fetch -I$(srcdir)/sasl \
	-I$(srcdir)/tests/fuzz
WITH_ANSWERS = $(AM_LDFLAGS) -Wl,--wrap=socketpair,--wrap=posix_spawn
FUZZ_LDADD = tests/unit/libunit.la libmessage.la

# The seeds and what is near them: a short run, without a fuzzer.
check_PROGRAMS += tests/fuzz/replay
UNIT_TESTS += tests/fuzz/replay
tests_fuzz_replay_SOURCES = $(FUZZ_SOURCES) tests/fuzz/replay.c
tests_fuzz_replay_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_LDFLAGS = $(WITH_ANSWERS)
tests_fuzz_replay_LDADD = $(FUZZ_LDADD)

# libFuzzer brings main(); `make fuzz` builds it with a compiler that can.
EXTRA_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = $(FUZZ_SOURCES) tests/fuzz/fuzz.c
tests_fuzz_fuzz_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_LDFLAGS = $(WITH_ANSWERS) -fsanitize=fuzzer
tests_fuzz_fuzz_LDADD = $(FUZZ_LDADD)
endif HAVE_CMOCKA

# make fuzz SECONDS=600: so long for each target
SECONDS = 60
fuzz:
	$(srcdir)/tests/fuzz/run '$(abs_srcdir)' fuzz '$(SECONDS)'

.PHONY: fuzz
EXTRA_DIST += tests/fuzz/run
