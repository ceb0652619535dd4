# SPDX-License-Identifier: BSD-2-Clause
"""TAP for the tests of packages, which need no tenant and no daemon."""

import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("AUDIENT_BUILD", "."))
PACKAGING = os.path.join(SOURCE, "packaging")
BUILT = os.path.join(BUILD, "packaging")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
sys.path.insert(0, os.path.join(SOURCE, "tests", "servers"))
sys.dont_write_bytecode = True


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def has(program):
    return shutil.which(program, path=PATH) is not None


def run(*command, text=None, env=None, cwd=None, timeout=1800):
    """Runs a command to its end: (exit status, output of both kinds)."""
    done = subprocess.run(
        command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", cwd=cwd, timeout=timeout, check=False,
        env={**os.environ, "PATH": PATH, "LC_ALL": "C.UTF-8", **(env or {})})
    return done.returncode, done.stdout


class Report:
    """Cases, and a private directory that is removed at the end."""

    def __init__(self, name):
        self.dir = tempfile.mkdtemp(prefix="audient-%s-" % name)
        self.cases, self.failed = 0, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *parts):
        """A directory below ours, made if need be."""
        out = os.path.join(self.dir, *parts)
        os.makedirs(out, exist_ok=True)
        return out

    def write(self, name, text):
        out = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out, "w", encoding="utf-8") as f:
            f.write(text)
        return out

    def case(self, ok, what, *details):
        """One line of TAP; the details are shown if it is not ok."""
        self.cases += 1
        if not ok:
            self.failed += 1
        print("%s %d - %s" % ("ok" if ok else "not ok", self.cases, what),
              flush=True)
        if not ok:
            for detail in details:
                for line in str(detail).splitlines():
                    print("#   " + line)
        return ok

    def leave_out(self, what, why):
        """A case that cannot be tried on this system."""
        self.cases += 1
        print("ok %d - %s # SKIP %s" % (self.cases, what, why), flush=True)

    def finish(self):
        print("1..%d" % self.cases)
        return 1 if self.failed else 0
