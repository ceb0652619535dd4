# SPDX-License-Identifier: BSD-2-Clause
# --- benchmarks -----------------------------------------------------------------

BENCH_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/bench
BENCH_SOURCES = tests/bench/bench.c tests/bench/bench.h

BENCHES = \
	tests/bench/bench_fetch \
	tests/bench/bench_load \
	tests/bench/bench_opaque \
	tests/bench/bench_pam \
	tests/bench/bench_procs \
	tests/bench/bench_sasl \
	tests/bench/bench_validate
BENCH_MODULES = \
	tests/bench/pam_clock.la \
	tests/bench/pam_crypto.la \
	tests/bench/pam_curl.la \
	tests/bench/pam_empty.la
EXTRA_PROGRAMS += $(BENCHES)
check_PROGRAMS += tests/bench/bench_check
EXTRA_LTLIBRARIES += $(BENCH_MODULES)

tests_bench_bench_check_SOURCES = $(BENCH_SOURCES) tests/bench/bench_check.c
tests_bench_bench_check_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_bench_check_LDADD = libaudientcore.la

tests_bench_bench_fetch_SOURCES = $(BENCH_SOURCES) tests/bench/bench_fetch.c
tests_bench_bench_fetch_CPPFLAGS = $(BENCH_CPPFLAGS) $(CURL_CFLAGS)
tests_bench_bench_fetch_LDADD = libaudientcore.la $(CURL_LIBS)

tests_bench_bench_load_SOURCES = $(BENCH_SOURCES) tests/bench/bench_load.c
tests_bench_bench_load_CPPFLAGS = $(BENCH_CPPFLAGS) $(SASL_CFLAGS)
tests_bench_bench_load_LDADD = $(SASL_LIBS)

tests_bench_bench_opaque_SOURCES = $(BENCH_SOURCES) tests/bench/bench_opaque.c
tests_bench_bench_opaque_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_bench_opaque_LDADD = libaudientcore.la

tests_bench_bench_pam_SOURCES = $(BENCH_SOURCES) tests/bench/bench_pam.c
tests_bench_bench_pam_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_bench_pam_LDADD = $(PAM_LIBS)

tests_bench_bench_procs_SOURCES = $(BENCH_SOURCES) tests/bench/bench_procs.c
tests_bench_bench_procs_CPPFLAGS = $(BENCH_CPPFLAGS)
tests_bench_bench_procs_LDADD = libaudientcore.la

tests_bench_bench_sasl_SOURCES = $(BENCH_SOURCES) tests/bench/bench_sasl.c \
	tests/bench/raw.c tests/bench/raw.h
tests_bench_bench_sasl_CPPFLAGS = $(BENCH_CPPFLAGS) $(CRYPTO_CFLAGS) \
	$(JANSSON_CFLAGS) $(SASL_CFLAGS)
tests_bench_bench_sasl_LDADD = $(CRYPTO_LIBS) $(JANSSON_LIBS) $(SASL_LIBS)

tests_bench_bench_validate_SOURCES = $(BENCH_SOURCES) \
	tests/bench/bench_validate.c \
	tests/bench/peer_python.c \
	tests/bench/peers.h \
	tests/bench/raw.c tests/bench/raw.h
tests_bench_bench_validate_CPPFLAGS = $(BENCH_CPPFLAGS) $(CRYPTO_CFLAGS) \
	$(JANSSON_CFLAGS)
tests_bench_bench_validate_LDADD = libaudientcore.la $(CRYPTO_LIBS) \
	$(JANSSON_LIBS)
if HAVE_PEERS
tests_bench_bench_validate_SOURCES += \
	tests/bench/peer_claims.c \
	tests/bench/peer_cjose.c \
	tests/bench/peer_jose.c \
	tests/bench/peer_liboauth2.c \
	tests/bench/peer_libjwt.c \
	tests/bench/peer_rhonabwy.c
tests_bench_bench_validate_CPPFLAGS += -DHAVE_PEERS $(PEERS_CFLAGS)
tests_bench_bench_validate_LDADD += $(PEERS_LIBS)
endif

# PAM modules to compare with.
BENCH_MODULE_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS) -module -shared \
	-avoid-version -rpath /nowhere
tests_bench_pam_clock_la_SOURCES = tests/bench/pam_clock.c
tests_bench_pam_clock_la_LDFLAGS = $(BENCH_MODULE_LDFLAGS)
tests_bench_pam_clock_la_LIBADD = $(PAM_LIBS)
tests_bench_pam_crypto_la_SOURCES = tests/bench/pam_crypto.c
tests_bench_pam_crypto_la_LDFLAGS = $(BENCH_MODULE_LDFLAGS)
tests_bench_pam_crypto_la_LIBADD = $(PAM_LIBS) $(CRYPTO_LIBS)
tests_bench_pam_curl_la_SOURCES = tests/bench/pam_curl.c
tests_bench_pam_curl_la_CPPFLAGS = $(BENCH_CPPFLAGS) $(CURL_CFLAGS)
tests_bench_pam_curl_la_LDFLAGS = $(BENCH_MODULE_LDFLAGS)
tests_bench_pam_curl_la_LIBADD = $(PAM_LIBS) $(CURL_LIBS)
tests_bench_pam_empty_la_SOURCES = tests/bench/pam_empty.c
tests_bench_pam_empty_la_LDFLAGS = $(BENCH_MODULE_LDFLAGS)
tests_bench_pam_empty_la_LIBADD = $(PAM_LIBS)

CLEANFILES += $(BENCHES) $(BENCH_MODULES)

# Instructions and allocations, which no noise disturbs; sanitizers do.
if !SANITIZERS
TESTS += tests/bench/check_instructions.py
endif

# Results go to bench/ of the build, or where BENCH_OUT says.
bench: all tests/bench/bench_check $(BENCHES) $(BENCH_MODULES)
	AUDIENT_BUILD='$(abs_builddir)' $(PYTHON) $(srcdir)/tests/bench/bench.py \
		$(BENCH_OUT)

# The table of docs/hosts/stacks.md; AUDIENT_WRITE_DOCS=1 puts it there.
bench-login: all tests/bench/pam_clock.la
	AUDIENT_BUILD='$(abs_builddir)' $(PYTHON) \
		$(srcdir)/tests/bench/bench_login.py

EXTRA_DIST += tests/bench/bench.py tests/bench/bench_login.py \
	tests/bench/check_instructions.py tests/bench/goals.py \
	tests/bench/hostbench.py \
	tests/bench/pambench.py tests/bench/peer_python.py \
	tests/bench/report.py tests/bench/saslbench.py

.PHONY: bench bench-login
