#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_reproducible.py TARBALL

Whoever has the source gets the same tarball, and whoever has the tarball the
same programs: tried in two directories, with another clock's zone, language,
umask and number of jobs in each."""

import difflib
import hashlib
import os
import re
import sys

from report import Report, run

SURROUNDINGS = [
    ("a", {"TZ": "UTC", "LC_ALL": "C", "HOME": "/root"}, 0o022, "-j1"),
    ("some/where/else-entirely",
     {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"},
     0o077, "-j3"),
]


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def sh(command, where, env):
    return run("sh", "-c", command, cwd=where,
               env={**env, "MAKEFLAGS": "", "MFLAGS": ""})


class Place:
    """A directory in which the tarball was unpacked and built."""

    def __init__(self, report, tarball, name, env, umask, jobs):
        self.report, self.env = report, env
        self.top = report.path("places", name)
        version = os.path.basename(tarball)[:-len(".tar.xz")]
        old = os.umask(umask)
        status, out = sh("tar -xf '%s' && mkdir build && cd build && "
                         "../%s/configure --prefix=/usr --quiet && "
                         "make -s %s all && make -s sbom dist" %
                         (tarball, version, jobs), self.top, env)
        os.umask(old)
        self.build = os.path.join(self.top, "build")
        report.case(status == 0, "it is built with %s, umask %03o, %s" %
                    (env["TZ"], umask, jobs), out[-3000:])

    def products(self):
        _, out = sh("make -s products", self.build, self.env)
        return out.split()

    def file(self, name):
        return os.path.join(self.build, name)

    def stripped(self, name):
        """The product as it is installed."""
        copy = self.file(name) + ".stripped"
        run("strip", "-o", copy, self.file(name))
        return digest(copy)


def compare(report, tarball, one, two):
    report.case(one.products() and one.products() == two.products(),
                "there is something to compare", one.products())
    for name in one.products():
        report.case(one.stripped(name) == two.stripped(name),
                    "%s is the same, byte for byte" % name)
        _, strings = run("strings", "-a", one.file(name))
        paths = [s for s in strings.splitlines() if one.top in s]
        report.case(not paths, "%s does not know where it was built" % name,
                    *paths)
    name = os.path.basename(tarball)
    for place in one, two:
        report.case(digest(place.file(name)) == digest(tarball),
                    "the tarball that the tarball makes is that tarball",
                    *members(tarball, place.file(name)))
    bill = [f for f in os.listdir(one.build) if f.endswith(".spdx.json")][0]
    # the sums in it are of what is not stripped
    texts = [re.sub(r'"[0-9a-f]{32,64}"|-[0-9a-f]{32}"', '"sum"',
                    open(place.file(bill), encoding="utf-8").read())
             for place in (one, two)]
    report.case(texts[0] == texts[1], "the bill of materials is the same")


def members(*tarballs):
    """Where the lists of two tarballs differ."""
    lists = [run("tar", "-tvf", t)[1].splitlines() for t in tarballs]
    return list(difflib.unified_diff(*lists, lineterm="", n=0))[:20]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_reproducible.py TARBALL")
    tarball = os.path.abspath(sys.argv[1])
    with Report("reproducible") as report:
        places = [Place(report, tarball, *surroundings)
                  for surroundings in SURROUNDINGS]
        if not report.failed:
            compare(report, tarball, *places)
        return report.finish()


sys.exit(main())
