# SPDX-License-Identifier: BSD-2-Clause
# --- the SASL plug-ins through the system's libsasl2 ----------------------------

if HAVE_CMOCKA
SASL_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(srcdir)/sasl -I$(srcdir)/tests/sasl \
	$(SASL_CFLAGS)

# What the test programs share: a host and its clients.
check_LTLIBRARIES += tests/sasl/libhost.la
tests_sasl_libhost_la_SOURCES = \
	tests/sasl/caller.c tests/sasl/caller.h \
	tests/sasl/host.c tests/sasl/host.h \
	tests/sasl/wallet.c tests/sasl/wallet.h
tests_sasl_libhost_la_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_libhost_la_LIBADD = tests/unit/libunit.la $(SASL_LIBS)

SASL_TESTS = \
	tests/sasl/test_choice \
	tests/sasl/test_client \
	tests/sasl/test_clientanswers \
	tests/sasl/test_clientplugin \
	tests/sasl/test_command \
	tests/sasl/test_commandhosts \
	tests/sasl/test_dialogue \
	tests/sasl/test_loading \
	tests/sasl/test_message \
	tests/sasl/test_names \
	tests/sasl/test_plugin \
	tests/sasl/test_reply \
	tests/sasl/test_server \
	tests/sasl/test_services \
	tests/sasl/test_threads \
	tests/sasl/test_write
check_PROGRAMS += $(SASL_TESTS)
TESTS += $(SASL_TESTS)
UNIT_TESTS += $(SASL_TESTS)

tests_sasl_test_choice_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_choice_LDADD = tests/sasl/libhost.la
tests_sasl_test_client_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_client_LDADD = tests/sasl/libhost.la
# The client's plug-in, and a program that calls it by itself.
CLIENT_SOURCES = sasl/client.c sasl/command.c sasl/source.c
HAND_SOURCES = tests/sasl/byhand.c tests/sasl/byhand.h $(CLIENT_SOURCES)
HAND_CPPFLAGS = $(SASL_CPPFLAGS) -DAUDIENT_COMMAND='"/nonexistent"'
tests_sasl_test_clientanswers_SOURCES = tests/sasl/test_clientanswers.c \
	$(HAND_SOURCES)
tests_sasl_test_clientanswers_CPPFLAGS = $(HAND_CPPFLAGS)
tests_sasl_test_clientanswers_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_sasl_test_clientanswers_LDADD = libmessage.la tests/unit/libunit.la \
	$(SASL_LIBS)
tests_sasl_test_clientplugin_SOURCES = tests/sasl/test_clientplugin.c \
	$(HAND_SOURCES)
tests_sasl_test_clientplugin_CPPFLAGS = $(HAND_CPPFLAGS)
tests_sasl_test_clientplugin_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=sasl_version_info
tests_sasl_test_clientplugin_LDADD = libmessage.la tests/unit/libunit.la \
	$(SASL_LIBS)
# The same with a command that the test writes, and less patience.
COMMAND_SOURCES = tests/sasl/script.c tests/sasl/script.h $(CLIENT_SOURCES)
tests_sasl_test_command_SOURCES = tests/sasl/test_command.c $(COMMAND_SOURCES)
tests_sasl_test_command_CPPFLAGS = $(SASL_CPPFLAGS) \
	-DAUDIENT_COMMAND='"$(abs_builddir)/tests/sasl/audient"' \
	-DCOMMAND_LIMIT_MS=1000
tests_sasl_test_command_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getauxval
tests_sasl_test_command_LDADD = libmessage.la tests/sasl/libhost.la
tests_sasl_test_commandhosts_SOURCES = tests/sasl/test_commandhosts.c \
	$(COMMAND_SOURCES)
tests_sasl_test_commandhosts_CPPFLAGS = $(SASL_CPPFLAGS) \
	-DAUDIENT_COMMAND='"$(abs_builddir)/tests/sasl/hosts-audient"' \
	-DCOMMAND_LIMIT_MS=1000
tests_sasl_test_commandhosts_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime,--wrap=kill,--wrap=malloc,--wrap=poll \
	-Wl,--wrap=posix_spawn_file_actions_init,--wrap=posix_spawnattr_init \
	-Wl,--wrap=waitpid
tests_sasl_test_commandhosts_LDADD = libmessage.la tests/sasl/libhost.la
CLEANFILES += tests/sasl/audient tests/sasl/hosts-audient
tests_sasl_test_dialogue_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_dialogue_LDADD = tests/sasl/libhost.la
tests_sasl_test_loading_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_loading_LDADD = tests/sasl/libhost.la
tests_sasl_test_message_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_message_LDADD = libmessage.la tests/unit/libunit.la
tests_sasl_test_names_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_names_LDADD = tests/sasl/libhost.la
tests_sasl_test_plugin_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_plugin_LDADD = tests/sasl/libhost.la
tests_sasl_test_reply_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_reply_LDADD = libmessage.la tests/unit/libunit.la
tests_sasl_test_server_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_server_LDADD = tests/sasl/libhost.la
tests_sasl_test_services_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_services_LDADD = tests/sasl/libhost.la
tests_sasl_test_threads_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_threads_LDADD = tests/sasl/libhost.la
tests_sasl_test_threads_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_sasl_test_write_CPPFLAGS = $(SASL_CPPFLAGS)
tests_sasl_test_write_LDADD = libmessage.la tests/unit/libunit.la

# For a build with --enable-sanitizers=thread.
check-threads: all tests/sasl/test_threads
	AUDIENT_BUILD='$(abs_builddir)' tests/sasl/test_threads
endif HAVE_CMOCKA
