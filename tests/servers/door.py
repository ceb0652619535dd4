# SPDX-License-Identifier: BSD-2-Clause
"""One port at which tokens are shown: what the tests of all hosts need to
know of it."""

import os
import re
import socket
import time

from rig import PATIENCE, USERNAME_CLAIM


class Door:
    """name: for people.  protocol: how clients call it.  talk: the class of
    wire.py.  trust: certificate file.  logs: files beside the syslog.
    has_lines: do messages stand in lines?
    lets_in: cases of matrix.py that get in although we would refuse them,
    where it is somebody else who decides; None where it is us."""

    def __init__(self, rig, name, protocol, talk, port, trust=None,
                 service=None, audience=None, scope=None, logs=(),
                 mechanisms=("OAUTHBEARER", "XOAUTH2"), user="alice",
                 has_lines=True, lets_in=None):
        self.rig, self.name, self.protocol = rig, name, protocol
        self.talk, self.port, self.trust = talk, port, trust
        self.service = service or protocol
        self.audience, self.scope = audience, scope
        self.mechanisms, self.user = mechanisms, user
        self.has_lines, self.lets_in = has_lines, lets_in
        self.plain = None       # another port, without TLS
        self._logs = [os.path.join(rig.dir, log) for log in logs]

    def connect(self):
        return self.talk(self.port, self.trust)

    def mint(self, **options):
        """A token of our user for this door, unless the options say
        otherwise."""
        return self.rig.tenant.mint("alice", **{
            "audience": self.audience, "scope": self.scope,
            "claims": {USERNAME_CLAIM: self.user}, **options})

    # --- what was logged ---------------------------------------------------

    def mark(self):
        """How much there is: what comes later is new."""
        return self.rig.syslog.mark(), [os.path.getsize(log)
                                        for log in self._logs]

    def news(self, mark):
        """New lines, without the date of the syslog."""
        count, sizes = mark
        out = [re.sub(r"^<\d+>\w+ +\d+ [\d:]+ ", "", line)
               for line in self.rig.syslog.lines()[count:]]
        for log, size in zip(self._logs, sizes):
            with open(log, encoding="utf-8", errors="replace") as f:
                f.seek(size)
                out += f.read().splitlines()
        return out

    def wait(self, pattern, mark):
        """The first new line with the pattern, or ""."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for line in self.news(mark):
                if re.search(pattern, line):
                    return line
            if time.monotonic() > deadline:
                return ""
            time.sleep(0.02)

    def clean(self, text):
        """Without what differs from run to run, on one line."""
        text = text.replace(self.rig.dir, "DIR")
        for port in filter(None, (self.port, self.plain)):
            text = re.sub(r"\b%d\b" % port, "PORT", text)
        text = re.sub(r"[\w+/=.-]{80,}", "TOKEN", text)
        text = re.sub(r" \[%s:[^]]*\]" % re.escape(socket.gethostname()), "",
                      text)
        text = re.sub(r"\x1b[\[\]()][0-9;?]*[A-Za-z]?", "", text)
        return re.sub(r"\s+", " ", text).strip()
