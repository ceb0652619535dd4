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
	docs/troubleshooting.md docs/upgrading.md
EXTRA_DIST += docs/adr docs/hosts docs/matrix.md
