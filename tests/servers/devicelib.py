# SPDX-License-Identifier: BSD-2-Clause
"""The device flow as a person sees it: a terminal, a page and a code."""

import contextlib
import os
import re

import pexpect

from rig import PATIENCE

ROWS, COLUMNS = 24, 80
ASKS = r"or q to give up \((\d+) seconds left\): "
ENTER_ALONE = "or just Enter, to use a browser"
CLIENT = "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u"


class Screen:
    """A program in a terminal, and what it has shown so far."""

    def __init__(self, argv, env=None, size=(ROWS, COLUMNS), cwd=None):
        self._child = pexpect.spawn(
            argv[0], argv[1:], timeout=PATIENCE, encoding="utf-8",
            codec_errors="backslashreplace", dimensions=size, cwd=cwd,
            env={**os.environ, **(env or {})})
        self.text, self.code, self.page = "", None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def wait(self, *patterns):
        """The index of the pattern that came; -1: none has."""
        try:
            at = self._child.expect(list(patterns))
        except (pexpect.EOF, pexpect.TIMEOUT):
            self.text += self._child.before
            return -1
        self.text += self._child.before + self._child.after
        return at

    def asked(self):
        """Waits for the prompt with the code; False if none comes."""
        at = len(self.text)
        if self.wait(ASKS) != 0:
            return False
        news = self.text[at:]
        self.page = re.search(r"Open (\S+)", news)[1]
        self.code = re.search(r"enter the code (\S+)", news)[1]
        return True

    def send(self, line=""):
        self._child.sendline(line)

    def end(self):
        """Everything up to the end, and the exit status."""
        with contextlib.suppress(pexpect.TIMEOUT):
            self._child.expect(pexpect.EOF)
        self.text += self._child.before
        self.close()
        return self._child.exitstatus

    def close(self):
        self._child.close(force=True)

    def pid(self):
        return self._child.pid

    def rows(self):
        """What a terminal of this size would show now, without the echo of
        the prompt's answer."""
        out = []
        for line in self.text.replace("\r", "").split("\n"):
            out += [line[i:i + COLUMNS]
                    for i in range(0, len(line) or 1, COLUMNS)]
        return out[-ROWS:]


def secrets_in_proc(needles):
    """Processes with one of the needles in their arguments or environment,
    but for this one."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                with open("/proc/%s/%s" % (pid, name), "rb") as f:
                    text = f.read()
                found += ["%s of %s" % (name, pid) for n in needles
                          if n.encode() in text and pid != str(os.getpid())]
    return found


def qr_of(text):
    """The text of the QR code that a screen shows in half blocks, or None."""
    from PIL import Image
    from pyzbar import pyzbar
    rows = [line for line in text.replace("\r", "").split("\n")
            if "\u2588" in line and not set(line) - set("\u2588\u2580\u2584 ")]
    if not rows:
        return None
    width = max(map(len, rows))
    image = Image.new("L", (width, 2 * len(rows)), 0)
    for y, row in enumerate(rows):
        for x, char in enumerate(row):
            if char in "\u2588\u2580":
                image.putpixel((x, 2 * y), 255)
            if char in "\u2588\u2584":
                image.putpixel((x, 2 * y + 1), 255)
    image = image.resize((8 * width, 16 * len(rows)), Image.NEAREST)
    found = pyzbar.decode(image)
    return found[0].data.decode() if found else None
