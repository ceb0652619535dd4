# SPDX-License-Identifier: BSD-2-Clause
# --- fuzzing: one target per parser ---------------------------------------------

if HAVE_CMOCKA
FUZZ_SOURCES = \
	fetch/wire.c \
	$(pam_audient_la_SOURCES) \
	tests/fuzz/broken.c tests/fuzz/broken.h \
	tests/fuzz/decide.c \
	tests/fuzz/files.c \
	tests/fuzz/fuzz.h \
	tests/fuzz/keys.c \
	tests/fuzz/make.c \
	tests/fuzz/oracle.c \
	tests/fuzz/pam.c \
	tests/fuzz/relay.h \
	tests/fuzz/targets.c \
	tests/fuzz/text.c \
	tests/fuzz/wires.c
FUZZ_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/fetch -I$(srcdir)/pam \
	-I$(srcdir)/sasl -I$(srcdir)/tests/fuzz
WRAP_BROKEN = $(WRAP_MALLOC) \
	-Wl,--wrap=openat64,--wrap=open64,--wrap=fstat64,--wrap=read \
	-Wl,--wrap=write,--wrap=renameat,--wrap=OSSL_LIB_CTX_new \
	-Wl,--wrap=EVP_MD_fetch,--wrap=EVP_Digest,--wrap=EVP_MD_CTX_new \
	-Wl,--wrap=EVP_DigestInit_ex2,--wrap=EVP_DigestUpdate \
	-Wl,--wrap=EVP_DigestFinal_ex,--wrap=EVP_PKEY_verify_init \
	-Wl,--wrap=EVP_PKEY_verify,--wrap=EVP_PKEY_CTX_set_signature_md \
	-Wl,--wrap=clock_gettime,--wrap=time,--wrap=getpwnam_r \
	-Wl,--wrap=sendto
WITH_ANSWERS = $(AM_LDFLAGS) -export-dynamic $(WRAP_BROKEN) \
	-Wl,--wrap=socketpair,--wrap=posix_spawn
FUZZ_LDADD = tests/unit/libunit.la libmessage.la libqr.la $(PAM_LIBS)

# What libpam loads; it calls the module in the program.
check_LTLIBRARIES += tests/fuzz/pam_relay.la
tests_fuzz_pam_relay_la_SOURCES = tests/fuzz/pam_relay.c tests/fuzz/relay.h
tests_fuzz_pam_relay_la_LDFLAGS = $(tests_tools_pam_peek_la_LDFLAGS)
tests_fuzz_pam_relay_la_LIBADD = $(PAM_LIBS)

# The seeds and what is near them: a short run, without a fuzzer.
check_PROGRAMS += tests/fuzz/replay
UNIT_TESTS += tests/fuzz/replay
tests_fuzz_replay_SOURCES = $(FUZZ_SOURCES) tests/fuzz/replay.c
tests_fuzz_replay_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_LDFLAGS = $(WITH_ANSWERS)
tests_fuzz_replay_LDADD = $(FUZZ_LDADD)

# Those who were let in, judged by a program in another language.
TESTS += tests/fuzz/judge.py
tests/fuzz/judge.log: tests/fuzz/replay$(EXEEXT)

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

# The same with AFL++, for hours: it goes on where it has stopped.
fuzz-afl:
	$(srcdir)/tests/fuzz/run-afl '$(abs_srcdir)' fuzz-afl '$(SECONDS)'

.PHONY: fuzz fuzz-afl

EXTRA_DIST += tests/fuzz/corpus tests/fuzz/files.dict tests/fuzz/helper.dict \
	tests/fuzz/jose.dict tests/fuzz/judge.py tests/fuzz/run \
	tests/fuzz/run-afl tests/fuzz/sasl.dict tests/fuzz/words
