# SPDX-License-Identifier: BSD-2-Clause
# --- what is beside the programs: units, policies, completions, packages -------

cachedir = $(localstatedir)/cache/audient
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

# Paths follow --prefix and its like.
fill_in = $(AM_V_GEN)$(MKDIR_P) '$(@D)' && $(SED) \
	-e 's|@bindir[@]|$(bindir)|g' \
	-e 's|@cachedir[@]|$(cachedir)|g' \
	-e 's|@fetch_user[@]|$(FETCH_USER)|g' \
	-e 's|@libexecdir[@]|$(libexecdir)|g' \
	-e 's|@sysconfdir[@]|$(sysconfdir)|g'
FILLED_IN = \
	packaging/apparmor/abstractions/audient \
	packaging/apparmor/usr.libexec.audient-fetch \
	packaging/audient-cachedirs \
	packaging/systemd/audient-refresh.service \
	packaging/sysusers.d/audient.conf \
	packaging/tmpfiles.d/audient.conf
$(FILLED_IN): Makefile
packaging/apparmor/abstractions/audient: packaging/apparmor/abstractions/audient.in
	$(fill_in) '$(srcdir)/$@.in' > $@
packaging/apparmor/usr.libexec.audient-fetch: packaging/apparmor/usr.libexec.audient-fetch.in
	$(fill_in) '$(srcdir)/$@.in' > $@
packaging/audient-cachedirs: packaging/audient-cachedirs.in
	$(fill_in) '$(srcdir)/$@.in' > $@ && chmod +x $@
packaging/systemd/audient-refresh.service: packaging/systemd/audient-refresh.service.in
	$(fill_in) '$(srcdir)/$@.in' > $@
packaging/sysusers.d/audient.conf: packaging/sysusers.d/audient.conf.in
	$(fill_in) '$(srcdir)/$@.in' > $@
packaging/tmpfiles.d/audient.conf: packaging/tmpfiles.d/audient.conf.in
	$(fill_in) '$(srcdir)/$@.in' > $@
CLEANFILES += $(FILLED_IN)

libexec_SCRIPTS = packaging/audient-cachedirs
dist_bashcompletion_DATA = packaging/completions/audient
dist_zshcompletion_DATA = packaging/completions/_audient
systemdunit_DATA = packaging/systemd/audient-refresh.service
dist_systemdunit_DATA = packaging/systemd/audient-refresh.timer
tmpfiles_DATA = packaging/tmpfiles.d/audient.conf
# Whether a system has AppArmor or SELinux, and which parts of them, its packages
# know: see packaging/README.md.
noinst_DATA = \
	packaging/apparmor/abstractions/audient \
	packaging/apparmor/usr.libexec.audient-fetch
# "nobody" is there already.
if HAVE_FETCH_USER
sysusers_DATA = packaging/sysusers.d/audient.conf
else
noinst_DATA += packaging/sysusers.d/audient.conf
endif

EXTRA_DIST += \
	$(FILLED_IN:=.in) \
	build-aux/source-date \
	packaging/README.md \
	packaging/apparmor/local/usr.sbin.slapd \
	packaging/authselect \
	packaging/debian \
	packaging/fail2ban/audient.conf \
	packaging/logcheck/audient \
	packaging/pam-configs \
	packaging/rpm/audient.spec \
	packaging/sbom \
	packaging/selinux/audient.fc \
	packaging/selinux/audient.if \
	packaging/selinux/audient.te

# --- bill of materials ------------------------------------------------------------

SOURCE_DATE = $(SHELL) '$(srcdir)/build-aux/source-date' '$(srcdir)'
PRODUCTS = $(pam_LTLIBRARIES:%.la=.libs/%.so) \
	$(sasl_LTLIBRARIES:%.la=.libs/%.so) $(bin_PROGRAMS) $(libexec_PROGRAMS)

# A directory is packed as it is, with what tests have left in that of the build.
dist-hook:
	find '$(distdir)' -type f '(' -name '*.log' -o -name '*.trs' -o \
		-name '*.pyc' ')' -exec rm -f {} +
	$(SOURCE_DATE) > '$(distdir)/build-aux/source-date.stamp'

products:
	@echo $(PRODUCTS)

sbom: audient-$(VERSION).spdx.json
audient-$(VERSION).spdx.json: $(pam_LTLIBRARIES) $(sasl_LTLIBRARIES) \
		$(bin_PROGRAMS) $(libexec_PROGRAMS)
	$(AM_V_GEN)$(PYTHON) '$(srcdir)/packaging/sbom' '$(VERSION)' \
		"$$($(SOURCE_DATE))" $(PRODUCTS) > $@
CLEANFILES += audient-$(VERSION).spdx.json

# --- tests ------------------------------------------------------------------------

PACKAGING_TESTS = \
	tests/packaging/test_completions.py \
	tests/packaging/test_policies.py \
	tests/packaging/test_sbom.py \
	tests/packaging/test_system.py
TESTS += $(PACKAGING_TESTS)

# These take minutes, and the first two want Debian's archive.
PACKAGING_ENVIRONMENT = AUDIENT_BUILD='$(abs_builddir)' \
	PYTHONDONTWRITEBYTECODE=1
check-packages: dist
	$(PACKAGING_ENVIRONMENT) $(PYTHON) \
		'$(srcdir)/tests/packaging/check_packages.py' $(DIST_ARCHIVES)
check-first-login: dist
	$(PACKAGING_ENVIRONMENT) $(PYTHON) \
		'$(srcdir)/tests/packaging/check_first_login.py' $(DIST_ARCHIVES)
check-reproducible: dist
	$(PACKAGING_ENVIRONMENT) $(PYTHON) \
		'$(srcdir)/tests/packaging/check_reproducible.py' $(DIST_ARCHIVES)

EXTRA_DIST += $(PACKAGING_TESTS) \
	tests/packaging/authselect.py \
	tests/packaging/check_first_login.py \
	tests/packaging/check_packages.py \
	tests/packaging/check_reproducible.py \
	tests/packaging/chroot.py \
	tests/packaging/debs.py \
	tests/packaging/report.py \
	tests/packaging/rpms.py \
	tests/packaging/stacks.py

.PHONY: check-first-login check-packages check-reproducible products sbom
