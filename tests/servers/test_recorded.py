#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/hosts/session.md: a login by audient-askpass, a refusal, and how it is
cleared up, as they really are."""

import os
import re
import subprocess
import sys

import recipe
import rig as rig_module
from rig import BUILD, OTHER_AUDIENCE, PATIENCE, Rig

try:
    from house import House
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

PAGE = recipe.path_of("session")
SSH = "ssh host.example.com id -un"
EXPLAIN = "audient explain --service sshd --user alice token"
SETTINGS = ("export SSH_ASKPASS=/usr/bin/audient-askpass "
            "SSH_ASKPASS_REQUIRE=force\n"
            "$ export AUDIENT_TOKEN_FILE=$HOME/.token")
STACK = """\
auth     requisite pam_audient.so
account  required pam_audient.so
session  optional pam_audient.so
"""
# what is not the same every time, and what stands in its place
CHANGES = (
    (r"https://127\.0\.0\.1:\d+/", "https://example.eu.auth0.com/"),
    (r"(kid )[\w-]+", r"\1QkI4NzE1RTMyOUY1"),
    (r"(key=)\S+", r"\1QkI4NzE1RTMyOUY1"),
    (r"(token[= ]+)[0-9a-f]{12}\b", r"\g<1>3b8c1f0e9d42"),
    (r"\d+( seconds? old)", r"0\1"),
    (r"\d+ seconds? (ahead of|behind)( the issuer's)", r"0 seconds behind\2"),
    (r"[0-9]+( bytes for)", r"2500\1"),
    (r"alice@127\.0\.0\.1", "alice@host.example.com"),
    (r"^<\d+>(\w+ +\d+ [\d:]+) sshd(\[\d+\])?", "Nov 21 09:30:00 host sshd"),
)


class Session:
    def __init__(self, rig):
        self.rig = rig
        house = House(rig)
        house.accounts()
        house.stack("sshd", STACK)
        rig.configure()
        self.sshd = house.sshd("KbdInteractiveAuthentication yes",
                               "PasswordAuthentication no")
        self.sshd.start()
        with open(PAGE, encoding="utf-8") as f:
            self.page = f.read()

    def ssh(self, token):
        done = subprocess.run(
            self.sshd.client("alice", "-o", "PubkeyAuthentication=no") +
            ["id -un"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
            check=False, env={
                **os.environ, "SSH_ASKPASS_REQUIRE": "force",
                "SSH_ASKPASS": os.path.join(BUILD, "audient-askpass"),
                "AUDIENT_TOKEN_FILE": self.rig.write("token", token, 0o600)})
        return done.stdout

    def shows(self, mark, text, *pieces):
        """One line of TAP: the page has that text, which has the pieces."""
        for pattern, instead in CHANGES:
            text = re.sub(pattern, instead, text, flags=re.MULTILINE)
        mark = "<!-- %s -->" % mark
        head, shown, tail = self.page.split(mark)
        block = "\n```\n" + text.strip() + "\n```\n"
        if os.environ.get("AUDIENT_WRITE_DOCS"):
            self.page = mark.join((head, block, tail))
            with open(PAGE, "w", encoding="utf-8") as f:
                f.write(self.page)
            shown = block
        self.rig.case(shown == block and all(p in text for p in pieces),
                      "docs/hosts/session.md, %s: as it is "
                      "(AUDIENT_WRITE_DOCS=1 writes it)" % mark, text)


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "unshare")
    with Rig("recorded") as rig:
        s = Session(rig)
        good = rig.tenant.mint("alice", pad_to=2500)
        s.shows("with-askpass", "$ %s\n$ %s\n%s" % (SETTINGS, SSH,
                                                    s.ssh(good)), "alice\n")
        bad = rig.tenant.mint("alice", pad_to=2500, audience=OTHER_AUDIENCE)
        since = rig.syslog.mark()
        s.shows("refused", "$ %s\n%s" % (SSH, s.ssh(bad)),
                "Permission denied")
        s.shows("the-log", rig.syslog.wait("verdict=", since),
                "reason=audience_refused")
        _, out = rig.run(
            os.path.join(BUILD, "audient"), "explain", "--config",
            rig.dir + "/audient.conf", "--service", "sshd", "--user",
            "alice", os.path.join(rig.dir, "token"), jailed=True)
        s.shows("explained", "# %s\n%s" % (EXPLAIN, out),
                "audience_refused", "audience=https://login.example.com/")
        s.shows("with-another-token", "$ %s\n%s" % (SSH, s.ssh(good)),
                "\nalice")
        rig.secret_free([good, bad])
        return rig.finish()


sys.exit(main())
