#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""coverage.py SOURCE: lines and branches of the product that ran, from gcc's
counters below this directory.  It fails if core or a module falls below its
floor, or if a file has more lines that nothing ran than tests/uncovered
explains."""

import collections
import json
import os
import re
import subprocess
import sys

# lines and branches, in percent
FLOORS = {"core": (95, 90), "pam": (90, 85), "sasl": (90, 85)}
PRODUCT = re.compile(r"(core|pam|sasl|fetch|cli)/\w+\.[ch]$")


class File:
    """A line that is compiled several times is run if one of them is."""

    def __init__(self):
        self.lines = collections.defaultdict(int)
        self.branches = collections.defaultdict(int)
        self.function = {}

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        self.function[number] = line.get("function_name", "-")
        for i, branch in enumerate(line["branches"]):
            self.branches[number, i] += branch["count"]

    def unrun(self):
        return sorted(n for n, count in self.lines.items() if not count)


def read_counters(source):
    files = collections.defaultdict(File)
    counted = [os.path.join(where, name)
               for where, _, names in os.walk(".") for name in names
               if name.endswith(".gcda") and "/tests/" not in where + "/"]
    out = subprocess.run(["gcov", "-b", "-c", "-j", "-t", *counted],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True, check=False).stdout
    for text in out.splitlines():
        for one in json.loads(text)["files"]:
            path = os.path.relpath(one["file"], source)
            if PRODUCT.match(path):
                for line in one["lines"]:
                    files[path].add(line)
    return files


def read_known(source):
    """FILE NUMBER FUNCTION..., under comments that say why."""
    known = {}
    with open(os.path.join(source, "tests", "uncovered")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                path, number = line.split()[:2]
                known[path] = known.get(path, 0) + int(number)
    return known


def percent(counts):
    counts = list(counts)
    return (100.0 * sum(1 for c in counts if c) / len(counts)
            if counts else 100.0)


def show(name, lines, branches):
    print("%-24s %5d lines %6.2f %%   %5d branches %6.2f %%" % (
        name, len(lines), percent(lines), len(branches), percent(branches)))


def main():
    source = os.path.realpath(sys.argv[1])
    files, known, bad = read_counters(source), read_known(source), []
    with open("uncovered", "w") as out:
        for path in sorted(files):
            f = files[path]
            show(path, f.lines.values(), f.branches.values())
            unrun = f.unrun()
            for number in unrun:
                print("%s:%d: %s" % (path, number, f.function[number]),
                      file=out)
            if len(unrun) > known.get(path, 0):
                bad.append("%s: nothing runs %d lines, tests/uncovered "
                           "explains %d: %s" % (
                               path, len(unrun), known.get(path, 0),
                               " ".join(map(str, unrun))))
    for part in ("core", "pam", "sasl", "fetch", "cli"):
        mine = [f for path, f in files.items() if path.startswith(part + "/")]
        lines = [c for f in mine for c in f.lines.values()]
        branches = [c for f in mine for c in f.branches.values()]
        show("all of %s/" % part, lines, branches)
        floor = FLOORS.get(part, (0, 0))
        if percent(lines) < floor[0] or percent(branches) < floor[1]:
            bad.append("%s/: at least %d %% of the lines and %d %% of the "
                       "branches have to run" % (part, *floor))
    print("\n".join(bad or ["every line that nothing runs is explained in "
                            "tests/uncovered"]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
