# SPDX-License-Identifier: BSD-2-Clause
# --- under valgrind ---------------------------------------------------------------

# For a build without sanitizers.
if HAVE_CMOCKA
check-valgrind: all tests/sasl/test_client tests/sasl/test_command \
		tests/sasl/test_commandhosts tests/sasl/test_threads tests/tools/pamhost
	AUDIENT_BUILD='$(abs_builddir)' $(PYTHON) \
		$(srcdir)/tests/memcheck/check_memcheck.py
endif HAVE_CMOCKA
.PHONY: check-valgrind

EXTRA_DIST += tests/memcheck/check_memcheck.py
