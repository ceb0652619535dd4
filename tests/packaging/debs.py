# SPDX-License-Identifier: BSD-2-Clause
"""Builds the Debian packages from a tarball, in two versions, and looks into
them."""

import glob
import os
import re
import shutil

from report import read, run

PACKAGES = ["audient", "libpam-audient", "libsasl2-modules-audient",
            "libsasl2-modules-audient-client"]
# What only one of them has.
OWNERS = {
    "/usr/bin/audient": "audient",
    "/usr/libexec/audient-fetch": "audient",
    "*/lib/*/security/pam_audient.so": "libpam-audient",
    "/usr/lib/*/sasl2/libaudient.so": "libsasl2-modules-audient",
    "/usr/lib/*/sasl2/libaudientclient.so": "libsasl2-modules-audient-client",
    "/usr/share/pam-configs/audient": "libpam-audient",
}
MODULES = ["pam_audient.so", "libaudient.so", "libaudientclient.so"]
# The oldest C library and OpenSSL that the README speaks of.
NEWEST = {"GLIBC": (2, 34), "OPENSSL": (3, 0, 0)}
NEXT = """audient (%s-2) unstable; urgency=medium

  * Nothing has changed: a package to upgrade to.

 -- Audient developers <audient@example.org>  Sun, 22 Nov 2026 12:00:00 +0000

"""


def unpack(report, tarball):
    """The tarball as a Debian source tree: (directory, version)."""
    version = re.fullmatch(r"audient-(.+)\.tar\.xz",
                           os.path.basename(tarball)).group(1)
    where = report.path("debian")
    shutil.copy(tarball, os.path.join(where,
                                      "audient_%s.orig.tar.xz" % version))
    run("tar", "-xf", tarball, "-C", where)
    tree = os.path.join(where, "audient-" + version)
    shutil.copytree(os.path.join(tree, "packaging", "debian"),
                    os.path.join(tree, "debian"))
    return tree, version


def build(report, tarball):
    """{"1": [paths], "2": [paths]} of both versions, or None."""
    tree, version = unpack(report, tarball)
    jobs = "-j%d" % (os.cpu_count() or 1)
    status, out = run("dpkg-buildpackage", "-us", "-uc", jobs, cwd=tree)
    found = {"1": debs_of(tree, version + "-1")}
    if not report.case(status == 0 and len(found["1"]) == 4,
                       "the source package and four packages are built",
                       out[-4000:]):
        return None
    report.case("dpkg-source: warning" not in out and
                "dh_missing: warning" not in out and
                "dpkg-shlibdeps: warning" not in out,
                "without a warning of dpkg and debhelper",
                *re.findall(r"^.*warning:.*$", out, re.M))
    changelog = os.path.join(tree, "debian", "changelog")
    text = read(changelog)
    with open(changelog, "w", encoding="utf-8") as f:
        f.write(NEXT % version + text)
    status, out = run("dpkg-buildpackage", "-us", "-uc", "-b", "-nc", jobs,
                      cwd=tree)
    found["2"] = debs_of(tree, version + "-2")
    report.case(status == 0 and len(found["2"]) == 4,
                "the next version is built", out[-4000:])
    lint(report, os.path.dirname(tree))
    return found


def debs_of(tree, version):
    return sorted(path for path in glob.glob(
        os.path.join(os.path.dirname(tree), "*_%s_*.deb" % version))
        if "-dbgsym_" not in path)


def lint(report, where):
    for path in sorted(glob.glob(where + "/*.changes")):
        status, out = run("lintian", "--allow-root", "--fail-on",
                          "error,warning", path)
        report.case(status == 0, "lintian has nothing against %s" %
                    os.path.basename(path), out)


def contents(report, paths):
    owners = {}
    root = report.path("contents")
    for path in paths:
        name = os.path.basename(path).split("_")[0]
        status, out = run("dpkg-deb", "-x", path, os.path.join(root, name))
        for where, _, files in os.walk(os.path.join(root, name)):
            for file in files:
                inside = os.path.join(where, file)[len(root) + len(name) + 1:]
                owners.setdefault(inside, []).append(name)
    twice = [n for n, names in owners.items() if len(names) > 1]
    report.case(not twice, "no file is in two packages", *twice)
    for pattern, owner in OWNERS.items():
        expression = re.escape(pattern).replace(r"\*", "[^/]*")
        found = [names for n, names in owners.items()
                 if re.fullmatch(expression, n)]
        report.case(found == [[owner]], "%s is in %s only" %
                    (pattern, owner), found)
    config = [n for n in owners if n.startswith("/etc/audient/")]
    report.case(not config, "no configuration comes with a package", *config)
    for module in MODULES:
        path = glob.glob("%s/*/**/%s" % (root, module), recursive=True)[0]
        module_contents(report, path, module)


def module_contents(report, path, name):
    _, dynamic = run("readelf", "-d", path)
    needed = re.findall(r"\(NEEDED\).*\[([^\]]+)\]", dynamic)
    _, all_of_them = run("ldd", path)
    report.case(needed and "curl" not in " ".join(needed) and
                "libcurl" not in all_of_them and "libssl" not in all_of_them,
                "%s links %s, and no libcurl" % (name, " ".join(needed)),
                all_of_them)
    report.case("RPATH" not in dynamic and "RUNPATH" not in dynamic,
                "%s looks for libraries where all do" % name, dynamic)
    _, symbols = run("objdump", "-T", path)
    newest = {}
    for library, number in re.findall(r"\b([A-Z]+)_(\d+(?:\.\d+)+)\b",
                                      symbols):
        number = tuple(map(int, number.split(".")))
        newest[library] = max(newest.get(library, (0,)), number)
    late = {k: v for k, v in newest.items() if v > NEWEST.get(k, (99,))}
    report.case("GLIBC" in newest and not late,
                "%s needs %s" % (name, " ".join(
                    "%s %s" % (k, ".".join(map(str, v)))
                    for k, v in sorted(newest.items()))), late)
    for flag in ("FLAGS.*BIND_NOW", "FLAGS_1.*NOW.*NODELETE"):
        report.case(re.search(flag, dynamic), "%s has %s" % (name, flag),
                    dynamic)
