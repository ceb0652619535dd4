# SPDX-License-Identifier: BSD-2-Clause
# --- manual pages and the sample configuration --------------------------------

dist_man_MANS = \
	docs/man/audient-askpass.1 \
	docs/man/audient-cachedirs.8 \
	docs/man/audient-fetch.8 \
	docs/man/audient.1 \
	docs/man/audient.conf.5 \
	docs/man/audient.deny.5 \
	docs/man/audient.map.5 \
	docs/man/pam_audient.8 \
	docs/man/sasl_audient.8
dist_doc_DATA = README.md SECURITY.md docs/HACKING.md docs/NEWS.md \
	docs/architecture.md docs/audient.conf.example docs/captures.md \
	docs/faults.md docs/guide.md docs/logs.md docs/proof.md docs/providers.md \
	docs/release.md docs/security-rules.md docs/threat-model.md \
	docs/troubleshooting.md docs/upgrading.md
EXTRA_DIST += docs/README.md docs/adr docs/bench docs/hosts docs/matrix.md

# --- to browse ------------------------------------------------------------------

HTML_BUILDER = docs/html/build.py

html-local:
	$(AM_V_GEN)rm -rf html && mkdir html && PYTHONDONTWRITEBYTECODE=1 \
		$(PYTHON) '$(srcdir)/$(HTML_BUILDER)' '$(srcdir)' html \
		'$(VERSION)'

install-html-local: html-local
	cd html && find . -type f | while read -r page; do \
		$(MKDIR_P) "$(DESTDIR)$(htmldir)/html/$$(dirname "$$page")" && \
		$(INSTALL_DATA) "$$page" "$(DESTDIR)$(htmldir)/html/$$page" || \
		exit 1; \
	done

uninstall-local:
	rm -rf '$(DESTDIR)$(htmldir)/html'

clean-local:
	rm -rf html

EXTRA_DIST += $(HTML_BUILDER) docs/html/body.html docs/html/style.css

# --- tests ------------------------------------------------------------------------

DOCS_TESTS = \
	tests/docs/test_examples.py \
	tests/docs/test_html.py \
	tests/docs/test_providers.py
TESTS += $(DOCS_TESTS)
EXTRA_DIST += $(DOCS_TESTS)
