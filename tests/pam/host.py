# SPDX-License-Identifier: BSD-2-Clause
"""Logins through the real libpam and our module, by tests/tools/pamhost: what
the application was asked and told, what went to the log, what came back."""

import os
import subprocess

from rig import BUILD

MODULE = os.path.join(BUILD, ".libs", "pam_audient.so")
ECHO_OFF, ECHO_ON, ERROR, INFO = 1, 2, 3, 4     # styles of a message

# names of return codes, and the only items that are used here
SUCCESS, SERVICE_ERR, SYSTEM_ERR, BUF_ERR, PERM_DENIED, AUTH_ERR = 0, 3, 4, 5, 6, 7
AUTHINFO_UNAVAIL, USER_UNKNOWN, MAXTRIES = 9, 10, 11
CONV_ERR, IGNORE, ABORT, MODULE_UNKNOWN = 19, 25, 26, 28
CONV_AGAIN, INCOMPLETE = 30, 31
SESSION_ERR = 14
SILENT, DISALLOW_NULL_AUTHTOK = 0x8000, 1
ITEMS = {"service": 1, "user": 2, "tty": 3, "rhost": 4, "authtok": 6, "ruser": 8,
         "prompt": 9}


def word(text):
    """A text as pamhost reads it."""
    if text is None:
        return "-"
    if not text:
        return "."
    return (text.encode() if isinstance(text, str) else text).hex()


def text_of(hexadecimal):
    if hexadecimal == "-":
        return None
    return bytes.fromhex(hexadecimal).decode("utf-8", "backslashreplace")


class Outcome:
    """Of one call: rc, what was asked and told, and the log."""

    def __init__(self):
        self.rc, self.prompts, self.told, self.log = None, [], [], []
        self.item = None
        self.is_delayed = False

    def read(self, line):
        what, _, rest = line.partition(" ")
        if what == "rc":
            self.rc = int(rest)
        elif what == "item":
            self.item = text_of(rest)
        elif what == "delay":
            self.is_delayed = True
        elif what == "log":
            priority, _, text = rest.partition(" ")
            self.log.append((int(priority), text_of(text)))
        elif what == "prompt":
            style, _, text = rest.partition(" ")
            asked = int(style) in (ECHO_OFF, ECHO_ON)
            (self.prompts if asked else self.told).append(text_of(text))

    def has_logged(self, piece):
        return any(piece in text for _, text in self.log)

    def show(self):
        return "rc=%s delayed=%s prompts=%r told=%r log=%r" % (
            self.rc, self.is_delayed, self.prompts, self.told, self.log)


class Host:
    """A process that stands for an application, under a command if given."""

    def __init__(self, pam_dir, env=None, under=()):
        self._process = subprocess.Popen(
            [*under, os.path.join(BUILD, "tests", "tools", "pamhost"),
             pam_dir],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(env or {})})
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self.status = self._process.wait()

    def descriptors(self):
        return sorted(os.listdir("/proc/%d/fd" % self._process.pid))

    def command(self, *words):
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        outcome = Outcome()
        while outcome.rc is None:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError("the host died at: " + words[0])
            outcome.read(line.rstrip("\n"))
        return outcome

    def start(self, service, user, deaf=False):
        return self.command("deaf" if deaf else "start", service, word(user))

    def item(self, name, text):
        return self.command("item", str(ITEMS[name]), word(text))

    def get(self, name):
        return self.command("get", str(ITEMS[name])).item

    def env(self, name):
        return self.command("env", name).item

    def answers(self, *answers):
        """Texts, or words of pamhost: ("null",)."""
        return self.command("answers", *[
            a[0] if isinstance(a, tuple) else "t:" + word(a)
            for a in answers])

    def call(self, name, flags=0):
        return self.command(name, str(flags))

    def end(self):
        return self.command("end")
