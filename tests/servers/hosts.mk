# SPDX-License-Identifier: BSD-2-Clause
# --- the hosts of docs/hosts, and their clients ---------------------------------

HOST_TESTS = \
	tests/servers/test_cyrus.py \
	tests/servers/test_memcached.py \
	tests/servers/test_openldap.py \
	tests/servers/test_postfix.py \
	tests/servers/test_svnserve.py
TESTS += $(HOST_TESTS)

EXTRA_DIST += $(HOST_TESTS) \
	tests/servers/badinput.py \
	tests/servers/clients.py \
	tests/servers/cyrus.py \
	tests/servers/door.py \
	tests/servers/dovecot.py \
	tests/servers/matrix.py \
	tests/servers/memcached.py \
	tests/servers/page.py \
	tests/servers/postfix.py \
	tests/servers/svnserve.py \
	tests/servers/wire.py
