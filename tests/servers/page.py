# SPDX-License-Identifier: BSD-2-Clause
"""The pages below docs/hosts/ are run, not only read: a test takes files,
commands and log lines out of the page itself.

Above a fenced block a comment says what it is:

    <!-- file: /etc/postfix/main.cf -->     text of that file
    <!-- run: curl -->                      a command that has to succeed
    <!-- log: refused -->                   log lines, with ... for anything
"""

import os
import re

from rig import SOURCE

BLOCK = re.compile(r"^<!-- (file|run|log): (\S[^\n]*?) -->\n+```\w*\n(.*?)^```$",
                   re.MULTILINE | re.DOTALL)


class Page:
    def __init__(self, name):
        self.path = os.path.join(SOURCE, "docs", "hosts", name + ".md")
        with open(self.path, encoding="utf-8") as f:
            self._text = f.read()
        self._blocks = {(kind, name): text for kind, name, text
                        in BLOCK.findall(self._text)}
        self._used = set()

    def _get(self, kind, name, instead):
        text = self._blocks[kind, name]
        self._used.add((kind, name))
        for old, new in (instead or {}).items():
            if old not in text:
                raise KeyError("%s: the block %s %s has no %s" % (
                    self.path, kind, name, old))
            text = text.replace(old, new)
        return text

    def file(self, name, instead=None):
        """The text of a file, with other words in place of some."""
        return self._get("file", name, instead)

    def command(self, name, instead=None):
        return self._get("run", name, instead)

    def log(self, name):
        """Patterns, one for each line."""
        return [".*".join(re.escape(part) for part in line.split("..."))
                for line in self._get("log", name, None).splitlines()]

    def unused(self):
        """Blocks that no test has looked at."""
        return sorted(" ".join(b) for b in set(self._blocks) - self._used)
