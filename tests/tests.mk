# SPDX-License-Identifier: BSD-2-Clause
# --- tests with real daemons, a tenant, and the house rules -----------------

# Hosts in small, for the tests in Python.
TOOLS = tests/tools/decide tests/tools/guest tests/tools/pamhost
check_PROGRAMS += $(TOOLS)
tests_tools_decide_CPPFLAGS = $(AM_CPPFLAGS)
tests_tools_decide_LDADD = libaudientcore.la
tests_tools_decide_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_tools_guest_SOURCES = tests/tools/guest.c tests/tools/shot.c \
	tests/tools/shot.h
tests_tools_guest_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_tools_guest_LDADD = libaudientcore.la $(CRYPTO_LIBS)
tests_tools_pamhost_CPPFLAGS = $(AM_CPPFLAGS)
tests_tools_pamhost_LDADD = $(PAM_LIBS)

check_LTLIBRARIES += \
	tests/tools/baddisk.la \
	tests/tools/canary.la \
	tests/tools/libaudientclient.la \
	tests/tools/pam_peek.la \
	tests/tools/pam_watch.la
tests_tools_baddisk_la_SOURCES = tests/tools/baddisk.c
tests_tools_baddisk_la_LDFLAGS = $(tests_tools_pam_peek_la_LDFLAGS)
tests_tools_canary_la_SOURCES = tests/tools/canary.c
tests_tools_canary_la_LDFLAGS = $(tests_tools_pam_peek_la_LDFLAGS)
# The client's plug-in, with the command where tests have it in their jail.
tests_tools_libaudientclient_la_SOURCES = $(libaudientclient_la_SOURCES)
tests_tools_libaudientclient_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/sasl \
	$(SASL_CFLAGS) -DAUDIENT_COMMAND='"/srv/audient"'
tests_tools_libaudientclient_la_LDFLAGS = \
	$(tests_tools_pam_peek_la_LDFLAGS)
tests_tools_libaudientclient_la_LIBADD = libmessage.la $(SASL_LIBS)
tests_tools_pam_peek_la_SOURCES = tests/tools/pam_peek.c
tests_tools_pam_peek_la_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS) -module \
	-shared -avoid-version -rpath /nowhere
tests_tools_pam_peek_la_LIBADD = $(PAM_LIBS)
tests_tools_pam_watch_la_SOURCES = tests/tools/pam_watch.c \
	tests/tools/shot.c tests/tools/shot.h
tests_tools_pam_watch_la_LDFLAGS = $(tests_tools_pam_peek_la_LDFLAGS)
tests_tools_pam_watch_la_LIBADD = $(PAM_LIBS)

# The protocol of those who ask for tokens, without anybody to talk to.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_oauth
UNIT_TESTS += tests/unit/test_oauth
TESTS += tests/unit/test_oauth
tests_unit_test_oauth_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_oauth_LDADD = libaudientcore.la $(CMOCKA_LIBS)

# The module with all that it calls in the test's hands.
check_PROGRAMS += tests/pam/test_calls
UNIT_TESTS += tests/pam/test_calls
TESTS += tests/pam/test_calls
FAKEDEVICE_SOURCES = tests/pam/fakedevice.c tests/pam/fakedevice.h \
	tests/pam/fakepam.c tests/pam/fakepam.h
FAKEDEVICE_WRAPS = -Wl,--wrap=ioctl,--wrap=malloc,--wrap=nl_langinfo \
	-Wl,--wrap=audient_device_start,--wrap=audient_device_poll \
	-Wl,--wrap=audient_device_show,--wrap=audient_device_close
tests_pam_test_calls_SOURCES = tests/pam/test_calls.c \
	$(FAKEDEVICE_SOURCES) $(pam_audient_la_SOURCES)
tests_pam_test_calls_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/pam
tests_pam_test_calls_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=time,--wrap=getpwnam_r,--wrap=getppid,--wrap=access \
	$(FAKEDEVICE_WRAPS)
tests_pam_test_calls_LDADD = tests/unit/libunit.la libqr.la

# What it logs, without a journal.
check_PROGRAMS += tests/pam/test_journal
UNIT_TESTS += tests/pam/test_journal
TESTS += tests/pam/test_journal
tests_pam_test_journal_SOURCES = tests/pam/fakepam.c tests/pam/fakepam.h \
	tests/pam/test_journal.c pam/journal.c
tests_pam_test_journal_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/pam
tests_pam_test_journal_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=socket,--wrap=sendto,--wrap=close,--wrap=malloc
tests_pam_test_journal_LDADD = tests/unit/libunit.la

PAM_UNITS = tests/pam/test_answers tests/pam/test_device \
	tests/pam/test_phases tests/pam/test_records
check_PROGRAMS += $(PAM_UNITS)
UNIT_TESTS += $(PAM_UNITS)
TESTS += $(PAM_UNITS)
tests_pam_test_answers_SOURCES = tests/pam/fakepam.c tests/pam/fakepam.h \
	tests/pam/pamsite.c tests/pam/pamsite.h tests/pam/test_answers.c \
	$(pam_audient_la_SOURCES)
tests_pam_test_answers_CPPFLAGS = $(tests_pam_test_calls_CPPFLAGS)
tests_pam_test_answers_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getpwnam_r,--wrap=getppid,--wrap=wipe_free \
	-Wl,--wrap=audient_device_start,--wrap=malloc
tests_pam_test_answers_LDADD = $(tests_pam_test_calls_LDADD)
tests_pam_test_device_SOURCES = tests/pam/pamsite.c tests/pam/pamsite.h \
	tests/pam/test_device.c $(FAKEDEVICE_SOURCES) $(pam_audient_la_SOURCES)
tests_pam_test_device_CPPFLAGS = $(tests_pam_test_calls_CPPFLAGS)
tests_pam_test_device_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getpwnam_r $(FAKEDEVICE_WRAPS)
tests_pam_test_device_LDADD = $(tests_pam_test_calls_LDADD)
tests_pam_test_phases_SOURCES = tests/pam/fakepam.c tests/pam/fakepam.h \
	tests/pam/pamsite.c tests/pam/pamsite.h tests/pam/test_phases.c \
	$(pam_audient_la_SOURCES)
tests_pam_test_phases_CPPFLAGS = $(tests_pam_test_calls_CPPFLAGS) -I$(srcdir)
tests_pam_test_phases_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getpwnam_r,--wrap=getppid,--wrap=open64,--wrap=read \
	-Wl,--wrap=close,--wrap=stat64,--wrap=audient_login_keep \
	-Wl,--wrap=audient_login_take
tests_pam_test_phases_LDADD = $(tests_pam_test_calls_LDADD)
tests_pam_test_records_SOURCES = tests/pam/fakepam.c tests/pam/fakepam.h \
	tests/pam/pamsite.c tests/pam/pamsite.h tests/pam/test_records.c \
	$(pam_audient_la_SOURCES)
tests_pam_test_records_CPPFLAGS = $(tests_pam_test_calls_CPPFLAGS)
tests_pam_test_records_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=getpwnam_r,--wrap=getppid
tests_pam_test_records_LDADD = $(tests_pam_test_calls_LDADD)
endif

CLI_TESTS = \
	tests/cli/test_commands.py \
	tests/cli/test_doctor.py \
	tests/cli/test_explain.py \
	tests/cli/test_logs.py
PAM_TESTS = tests/pam/test_pam.py
SERVER_TESTS = \
	tests/servers/test_adversary.py \
	tests/servers/test_askpass.py \
	tests/servers/test_clienttoken.py \
	tests/servers/test_deny.py \
	tests/servers/test_device.py \
	tests/servers/test_faults_clock.py \
	tests/servers/test_faults_disk.py \
	tests/servers/test_faults_dns.py \
	tests/servers/test_faults_keys.py \
	tests/servers/test_faults_net.py \
	tests/servers/test_faults_process.py \
	tests/servers/test_flood.py \
	tests/servers/test_guest.py \
	tests/servers/test_guest_pam.py \
	tests/servers/test_journal.py \
	tests/servers/test_lengths.py \
	tests/servers/test_opaque.py \
	tests/servers/test_provider.py \
	tests/servers/test_recorded.py \
	tests/servers/test_session.py \
	tests/servers/test_slapd.py \
	tests/servers/test_slapd_load.py \
	tests/servers/test_sshd.py \
	tests/servers/test_stacks.py \
	tests/servers/test_stepup.py \
	tests/servers/test_token.py
GATES = \
	tests/gates/check-docs \
	tests/gates/check-exports \
	tests/gates/check-headers \
	tests/gates/check-layers \
	tests/gates/check-rules \
	tests/gates/check-style
# What sanitizers are in is not what is installed.
if !SANITIZERS
GATES += tests/gates/check-binaries
endif
TESTS += $(GATES) tests/tenant/selftest.py $(CLI_TESTS) $(PAM_TESTS) \
	$(SERVER_TESTS)

TEST_EXTENSIONS = .py
PY_LOG_COMPILER = $(PYTHON)
AM_TESTS_ENVIRONMENT = AUDIENT_BUILD='$(abs_builddir)'; export AUDIENT_BUILD; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	CC='$(CC)'; export CC;
# The tenants of several tests at once would fight for two cores.
tests/servers/test_faults_net.log: tests/servers/test_sshd.log
tests/servers/test_faults_process.log: tests/servers/test_faults_disk.log

# What became of each fault, for the reader.
check-local: check-TESTS
	@for log in tests/servers/test_faults_*.log; do \
		test ! -f "$$log" || \
		    sed -n '/^# [a-z]* faults$$/,/^[^#]/s/^# //p' "$$log"; \
	done

# What is quick: no daemons, and no tenant but to sign tokens.
check-quick: $(check_PROGRAMS) $(check_LTLIBRARIES)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS) $(PAM_TESTS) $(GATES)'

# Everything at once, for as long as MINUTES says (30).
soak: all tests/tools/decide
	AUDIENT_BUILD='$(abs_builddir)' $(PYTHON) $(srcdir)/tests/servers/soak.py

demo: all
	AUDIENT_BUILD='$(abs_builddir)' $(PYTHON) $(srcdir)/tests/servers/demo.py

.PHONY: check-quick check-threads demo soak

EXTRA_DIST += $(GATES) tests/gates/check-binaries tests/gates/layers tests/summary tests/providers \
	$(CLI_TESTS) tests/cli/clilib.py tests/cli/goodtree.py \
	$(PAM_TESTS) tests/pam/host.py \
	$(SERVER_TESTS) tests/servers/demo.py tests/servers/devicelib.py \
	tests/servers/directory.py tests/servers/faultlib.py \
	tests/servers/house.py tests/servers/jail tests/servers/journal.py \
	tests/servers/recipe.py tests/servers/rig.py tests/servers/slapd.py \
	tests/servers/soak.py tests/servers/sshd.py tests/tenant

# --- what takes long, and is not part of `make check` -----------------------------

# Would the tests notice?  FILES="core/claims.c ..." for some of them.
mutate: $(check_PROGRAMS) $(check_LTLIBRARIES)
	$(PYTHON) $(srcdir)/tests/mutate.py '$(srcdir)' . $(FILES)

# Lines and branches that the tests of the core and of the modules run, in a
# build of its own; tests/uncovered explains those that nothing runs.
coverage:
	$(srcdir)/tests/coverage '$(abs_srcdir)' coverage-build

# What clang-tidy, cppcheck and gcc's analyzer find.
scan:
	$(srcdir)/tests/scan '$(abs_srcdir)' scan-build

# All figures of docs/proof.md; takes an hour.  Remove proof/ to have all made anew.
proof:
	$(PYTHON) $(srcdir)/tests/proof.py '$(srcdir)' . '$(SECONDS)'

.PHONY: coverage mutate proof scan

EXTRA_DIST += tests/coverage tests/coverage.h tests/coverage.py \
	tests/mutants tests/mutate.py tests/proof.py tests/scan \
	tests/scan.known tests/uncovered
