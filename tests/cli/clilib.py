# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the command share: running it in a pipe and on a
terminal, trees that look like systems, and captures for the documentation."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "servers"))

from rig import BUILD, PATIENCE, SOURCE                         # noqa: E402

AUDIENT = os.path.join(BUILD, "audient")
COLOUR = "\033["


def run(*arguments, text="", env=None, wrap=()):
    """(exit status, standard output, standard error) of the command."""
    done = subprocess.run(
        [*wrap, AUDIENT, *arguments], input=text, capture_output=True,
        text=True, timeout=PATIENCE, check=False,
        env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def run_json(*arguments, text=""):
    """(exit status, object) of a command that prints JSON."""
    status, out, err = run(*arguments, text=text)
    try:
        return status, json.loads(out)
    except ValueError:
        return status, {"error": out + err}


def on_terminal(*arguments, columns=80, env=None, answers="", wrap=()):
    """(exit status, what the screen showed) of the command on a terminal of
    that many columns, on which the answers are typed."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        os.environ.update({"TERM": "xterm", **(env or {})})
        argv = [*wrap, AUDIENT, *arguments]
        os.execvp(argv[0], argv)
    if answers:
        os.write(fd, answers.encode())
    screen = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:         # the other end is closed
            break
        if not data:
            break
        screen += data
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, screen.decode().replace("\r\n", "\n")


def plain(screen):
    """Without colours."""
    return re.sub(r"\033\[[0-9;]*m", "", screen)


def longest(screen):
    return max((len(line) for line in plain(screen).splitlines()), default=0)


class Tree:
    """A system below a directory."""

    def __init__(self, directory):
        self.dir = directory

    def path(self, name):
        return self.dir + name

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def change(self, name, old, new):
        text = self.read(name)
        assert old in text, "%s has no %r" % (name, old)
        self.write(name, text.replace(old, new, 1))

    def add(self, name, text):
        self.write(name, self.read(name) + text)

    def remove(self, name):
        os.unlink(self.path(name))

    def mkdir(self, name, uid=0, mode=0o755):
        os.makedirs(self.path(name), exist_ok=True)
        os.chmod(self.path(name), mode)
        if os.geteuid() == 0:
            os.chown(self.path(name), uid, uid)

    def line(self, name, what):
        """The number of the first line that has what."""
        for number, line in enumerate(self.read(name).splitlines(), 1):
            if what in line:
                return number
        raise AssertionError("%s has no %r" % (name, what))


class Captures:
    """What people see, for docs/captures.md."""

    PAGE = os.path.join(SOURCE, "docs", "captures.md")

    @staticmethod
    def _mark(name):
        return "<!-- %s -->" % name

    def text(self, name):
        """What the page has under that name, or ""."""
        page = open(self.PAGE, encoding="utf-8").read()
        parts = page.split(self._mark(name))
        return parts[1].strip("\n") if len(parts) == 3 else ""

    def put(self, name, text):
        page = open(self.PAGE, encoding="utf-8").read()
        parts = page.split(self._mark(name))
        assert len(parts) == 3, "docs/captures.md has no " + name
        parts[1] = "\n\n%s\n\n" % text
        with open(self.PAGE, "w", encoding="utf-8") as f:
            f.write(self._mark(name).join(parts))

    def check(self, rig, name, text):
        """The page shows this, or is written anew."""
        text = "\n".join(("    " + line).rstrip()
                         for line in text.strip("\n").splitlines())
        if os.environ.get("AUDIENT_WRITE_DOCS"):
            self.put(name, text)
        rig.case(self.text(name) == text,
                 "docs/captures.md is what is seen: " + name, text)
