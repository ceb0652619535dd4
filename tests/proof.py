#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""proof.py SOURCE BUILD SECONDS: the figures of docs/proof.md, between marks.

Runs what `make check` does not (fuzzing, mutants, coverage, analyzers) unless
BUILD/proof has its output already, takes the rest from the logs of `make
check` in BUILD and from the page of `make bench`, and writes the page.
"""

import collections
import glob
import os
import re
import subprocess
import sys

MARK = "<!-- figures -->\n"
GROUPS = (
    ("unit", "units of the core, in C"), ("vectors", "public vectors"),
    ("fuzz", "the fuzzer's seeds"), ("sasl", "both ends of libsasl2"),
    ("pam", "libpam, every entry point"),
    ("servers", "real daemons and clients"), ("tenant", "the stand-in tenant"),
    ("cli", "the command"), ("docs", "examples and pages"),
    ("packaging", "units, policies, packages"),
    ("gates", "rules of the house, hardening, rules of the facts"),
    ("bench", "instructions and allocations"))


class Log:
    """What one test program has said."""

    def __init__(self, trs):
        self.name = os.path.basename(trs)[:-4]
        self.group = os.path.basename(os.path.dirname(trs))
        with open(trs[:-4] + ".log", encoding="utf-8",
                  errors="replace") as f:
            self.text = f.read()
        with open(trs, encoding="utf-8") as f:
            self.result = re.search(r"^:global-test-result: (\w+)", f.read(),
                                    re.M)[1]
        rows = re.search(r"^rows: (\d+) good, (\d+) bad", self.text, re.M)
        tap = len(re.findall(r"^(?:not )?ok \d+", self.text, re.M))
        groups = len(re.findall(r"^\[ +OK \]", self.text, re.M))
        self.good = self.bad = 0
        if rows:
            self.good, self.bad = int(rows[1]), int(rows[2])
        self.cases = self.good + self.bad or tap or groups or 1


def logs(build):
    found = glob.glob(os.path.join(build, "tests", "*", "*.trs"))
    return [Log(trs) for trs in sorted(found)]


def output(build, name, *command):
    """What a command prints; it is not run again if that is there."""
    path = os.path.join(build, "proof", name + ".txt")
    if not os.path.exists(path):
        print("proof: " + " ".join(command), flush=True)
        done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              check=False)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(done.stdout)
    with open(path, encoding="utf-8") as f:
        return f.read()


def table(head, rows, numbers=1):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "---|" * (len(head) - numbers) + "--:|" * numbers]
    return "\n".join(lines + ["| %s |" % " | ".join(map(str, row))
                              for row in rows])


def of_tests(all_logs):
    count = collections.defaultdict(collections.Counter)
    for log in all_logs:
        count[log.group].update(programs=1, cases=log.cases, good=log.good,
                                bad=log.bad, **{log.result: 1})
    rows, total = [], collections.Counter()
    for group, what in GROUPS:
        c = count.pop(group, None)
        if c is None:
            continue
        total += c
        rows.append((what, "`tests/%s/`" % group, c["programs"], c["cases"],
                     c["PASS"], c["FAIL"] + c["ERROR"], c["SKIP"]))
    rows.append(("**all**", "", total["programs"], total["cases"],
                 total["PASS"], total["FAIL"] + total["ERROR"],
                 total["SKIP"]))
    return table(("kind", "where", "programs", "cases", "passed", "failed",
                  "skipped"), rows, 5) + (
        "\n\nOf the rows of tables in C, %d accept and %d refuse." %
        (total["good"], total["bad"]))


def lines_of(all_logs, name, pattern):
    text = "\n".join(log.text for log in all_logs if log.name == name)
    return re.findall(pattern, text, re.M)


def of_fuzzing(title, target, text):
    """A part of the page.  How long it took is printed, too: what is shown may
    be of an earlier run."""
    head, seconds = re.search(r"^(\d+ targets, (\d+) seconds each)$", text,
                              re.M).groups()
    runs = re.findall(r"^(\S+) +(\d+) executions, +(\d+) edges", text, re.M)
    found = len(re.findall(r"SUMMARY|broken:|ERROR|did not run|/id[:_]", text))
    judged = re.findall(r"^  (\d+ let in .*)$", text, re.M)
    rows = [(target, "{:,}".format(int(n)), edges)
            for target, n, edges in runs]
    rows.append(("**all**", "{:,}".format(sum(int(r[1]) for r in runs)), ""))
    return title, "make %s SECONDS=%s" % (target, seconds), table(
        ("target", "executions", "edges"), rows, 2) + (
        "\n\n%s, %.2f hours in all; findings: %d.%s" % (
            head, len(runs) * int(seconds) / 3600, found,
            "".join("\nA judge in another language: %s." % line
                    for line in judged)))


def of_failures(all_logs):
    runs = sum(map(int, lines_of(all_logs, "test_failures",
                                 r"^.*: (\d+) calls, ")))
    kinds = lines_of(all_logs, "test_failures", r"^\d+ scenarios.*$")
    good = all(log.result == "PASS" for log in all_logs
               if log.name == "test_failures")
    return "%s, %d runs; %s." % (
        ", ".join(kinds), runs, "nobody was let in who should not be"
        if kinds and good else "**not all hold**")


def of_packages(text):
    return "%d cases, in a clean Debian and of the RPM packages; %d not ok." % (
        len(re.findall(r"^(?:not )?ok \d+", text, re.M)),
        len(re.findall(r"^not ok \d+", text, re.M)))


def block(text):
    return "```\n%s\n```" % text.strip()


def goals(source):
    path = os.path.join(source, "docs", "bench", "README.md")
    with open(path, encoding="utf-8") as f:
        found = re.search(r"^\| what .*?(?=\n\n)", f.read(), re.M | re.S)
    return found[0]


def page(source, build, seconds):
    all_logs = logs(build)
    adversary = [log for log in all_logs if log.name == "test_adversary"]
    vectors = lines_of(all_logs, "test_vectors", r"^(\w\S* ?\S*: .*)$")
    parts = [
        ("Tests", "make check", of_tests(all_logs)),
        ("Rules", "tests/gates/check-rules", block("\n".join(
            lines_of(all_logs, "check-rules", r"^\d.*$")))),
        ("Public vectors", "tests/vectors/test_vectors",
         block("\n".join(vectors))),
        ("The adversary at real daemons", "tests/servers/test_adversary.py",
         "%d cases, %s." % (sum(log.cases for log in adversary),
                            "none opens a door" if adversary and all(
                                log.result == "PASS" for log in adversary)
                            else "**not all hold**")),
        ("Failing calls", "tests/unit/test_failures",
         of_failures(all_logs)),
        of_fuzzing("Fuzzing", "fuzz", output(
            build, "fuzz", "make", "-s", "fuzz", "SECONDS=" + seconds)),
        of_fuzzing("Fuzzing with AFL++", "fuzz-afl", output(
            build, "afl", "make", "-s", "fuzz-afl", "SECONDS=" + seconds)),
        ("Mutants", "make mutate", block("\n".join(re.findall(
            r"^(?:\w+/\w+\.c .*|\d+ of \d+ files.*|\d+ mutants.*|survivor.*)$",
            output(build, "mutate", "make", "-s", "mutate"), re.M)))),
        ("Coverage", "make coverage", block("\n".join(re.findall(
            r"^(?:all of .*|every line .*|.* nothing runs .*)$",
            output(build, "coverage", "make", "-s", "coverage"), re.M)))),
        ("Analyzers", "make scan", block("\n".join(re.findall(
            r"^\d+ findings.*$", output(build, "scan", "make", "-s", "scan"),
            re.M)))),
        ("Sanitizers", "./bootstrap check",
         "AddressSanitizer, LeakSanitizer, UBSan with clang's integer and "
         "implicit-conversion checks, ThreadSanitizer and MemorySanitizer; a "
         "finding fails it."),
        ("Memcheck", "make check-valgrind", block("\n".join(re.findall(
            r"^# (.*)$", output(build, "valgrind", "make", "-s",
                                "check-valgrind"), re.M)))),
        ("Hardening", "tests/gates/check-binaries", block("\n".join(
            lines_of(all_logs, "check-binaries", r"^\d.*$")))),
        ("Packages", "make check-packages", of_packages(output(
            build, "packages", "make", "-s", "check-packages"))),
        ("Speed", "make bench", goals(source) +
         "\n\nAll figures and pictures: [bench](bench/README.md)."),
    ]
    return "\n\n".join("## %s\n\n`%s`\n\n%s" % part for part in parts)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, build, seconds = sys.argv[1:]
    if not logs(build):
        sys.exit("proof.py: there are no logs: do make check first")
    path = os.path.join(source, "docs", "proof.md")
    with open(path, encoding="utf-8") as f:
        before, _, after = f.read().split(MARK)
    text = MARK.join((before, "\n" + page(source, build, seconds) + "\n",
                      after))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    print("docs/proof.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
