# SPDX-License-Identifier: BSD-2-Clause
# --- the hosts of docs/hosts, and their clients ---------------------------------

HOST_TESTS = \
	tests/servers/test_cyrus.py \
	tests/servers/test_dirsrv.py \
	tests/servers/test_dovecot.py \
	tests/servers/test_exim.py \
	tests/servers/test_memcached.py \
	tests/servers/test_openldap.py \
	tests/servers/test_postfix.py \
	tests/servers/test_svnserve.py
TESTS += $(HOST_TESTS) tests/servers/test_saslauthd.py

# All logins of all clients, and the page that tells of them.
check-servers: all
	rm -rf matrix
	for test in $(HOST_TESTS); do \
		AUDIENT_BUILD='$(abs_builddir)' \
		AUDIENT_MATRIX='$(abs_builddir)/matrix' \
		$(PYTHON) $(srcdir)/$$test || exit 1; \
	done
	$(PYTHON) $(srcdir)/tests/servers/matrixpage.py matrix > matrix.md
	mv matrix.md $(srcdir)/docs/matrix.md

mostlyclean-local:
	rm -rf matrix matrix.md
.PHONY: check-servers

EXTRA_DIST += $(HOST_TESTS) \
	tests/servers/badinput.py \
	tests/servers/clients.py \
	tests/servers/cyrus.py \
	tests/servers/dirsrv.py \
	tests/servers/door.py \
	tests/servers/dovecot.py \
	tests/servers/exim.py \
	tests/servers/matrix.py \
	tests/servers/matrixpage.py \
	tests/servers/memcached.py \
	tests/servers/page.py \
	tests/servers/postfix.py \
	tests/servers/svnserve.py \
	tests/servers/test_saslauthd.py \
	tests/servers/wire.py
