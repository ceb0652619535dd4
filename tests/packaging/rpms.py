# SPDX-License-Identifier: BSD-2-Clause
"""Builds the RPM packages from a tarball, and looks into them.  A Debian system
has no RPM database to hold BuildRequires against, and nothing to install the
result on: that it would be, nobody has seen here."""

import glob
import re

from debs import MODULES, module_contents
from report import run

PACKAGES = {
    "audient": "/usr/bin/audient",
    "audient-selinux": "/usr/share/selinux/packages/audient.pp",
    "authselect-audient": "/usr/share/authselect/vendor/audient/system-auth",
    "cyrus-sasl-audient": "/usr/lib64/sasl2/libaudient.so",
    "cyrus-sasl-audient-client": "/usr/lib64/sasl2/libaudientclient.so",
    "pam-audient": "/usr/lib64/security/pam_audient.so",
}


def check(report, tarball):
    top = report.path("rpm")
    status, out = run("rpmbuild", "-ta", "--nodeps", "--define",
                      "_topdir " + top, tarball)
    found = {}
    for path in glob.glob(top + "/RPMS/*/*.rpm"):
        _, name = run("rpm", "-qp", "--qf", "%{NAME}", path)
        found[name] = path
    built = {name for name in found if not name.endswith("debuginfo") and
             not name.endswith("debugsource")}
    if not report.case(status == 0 and built == set(PACKAGES),
                       "rpmbuild makes %s" % ", ".join(sorted(PACKAGES)),
                       out[-4000:]):
        return
    report.case(glob.glob(top + "/SRPMS/*.src.rpm"),
                "and the source package")
    owners = {}
    for name in built:
        _, files = run("rpm", "-qlp", found[name])
        for file in files.split():
            owners.setdefault(file, []).append(name)
    for name, file in PACKAGES.items():
        report.case(owners.get(file) == [name], "RPM: %s is in %s only" %
                    (file, name), owners.get(file))
    shared = [f for f, names in owners.items() if len(names) > 1 and
              not f.startswith("/usr/lib/.build-id")]
    report.case(not shared, "RPM: no file is in two packages", *shared)
    for name in sorted(built):
        _, needs = run("rpm", "-qp", "--requires", found[name])
        _, gives = run("rpm", "-qp", "--provides", found[name])
        report.case(not re.search(r"^(pam_audient|libaudient)", gives, re.M),
                    "RPM: %s offers no library" % name, gives)
        if name != "audient":
            report.case("curl" not in needs, "RPM: %s needs no libcurl" % name,
                        needs)
    root = report.path("rpm-root")
    for name in built:
        run("sh", "-c", 'rpm2cpio "$1" | cpio --quiet -idm', "sh",
            found[name], cwd=root)
    for module in MODULES:
        path = glob.glob("%s/usr/lib64/*/%s" % (root, module))[0]
        module_contents(report, path, module)
