# SPDX-License-Identifier: BSD-2-Clause
"""The pages sshd.md, sudo.md, su.md and login.md below docs/hosts/ are run,
not only read.  A comment above a fenced block says what to do with it:

    <!-- file: /etc/sudoers.d/audient -->               a whole file
    <!-- before: /etc/pam.d/su @include common-auth -->     lines before one
    <!-- replace: /etc/pam.d/su @include common-auth -->    in its place
    <!-- log: refused -->                           lines, with ... for anything

The blocks below one heading "## …" make one recipe, those above the first
heading another, which is called "".
"""

import os
import re

from rig import SOURCE

BLOCK = re.compile(r"^<!-- (file|before|replace): (\S+)(?: ([^\n>]+))? -->\n"
                   r"```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- (?:file|before|replace): ", re.MULTILINE)


def path_of(page):
    return os.path.join(SOURCE, "docs", "hosts", page + ".md")


def recipes_of(page):
    """{heading: [(what, path, line, text)]} of a page, where there are any."""
    with open(path_of(page), encoding="utf-8") as f:
        text = f.read()
    out = {}
    for part in re.split(r"^## ", "\n" + text, flags=re.MULTILINE):
        blocks = BLOCK.findall(part)
        if len(blocks) != len(MARK.findall(part)):
            raise ValueError("%s.md: a block is not understood" % page)
        heading = "" if part.startswith("\n") else part.partition("\n")[0]
        if blocks:
            out[heading] = blocks
    return out


def log_of(page, name):
    """Patterns of the lines of a log, as in page.py."""
    with open(path_of(page), encoding="utf-8") as f:
        found = re.search(r"^<!-- log: %s -->\n```\n(.*?)^```$" % name,
                          f.read(), re.MULTILINE | re.DOTALL)
    return [".*".join(re.escape(part) for part in line.split("..."))
            for line in found.group(1).splitlines()]


def apply(recipe, read, write):
    """Carries a recipe out; read(path) and write(path, text) reach the files
    of the host."""
    for what, path, line, text in recipe:
        if what == "file":
            write(path, text)
            continue
        old = read(path).splitlines(True)
        at = [i for i, x in enumerate(old) if x.rstrip("\n") == line]
        if len(at) != 1:
            raise ValueError("%s: the line %r is there %d times" % (
                path, line, len(at)))
        old[at[0]] = text + ("" if what == "replace" else old[at[0]])
        write(path, "".join(old))
