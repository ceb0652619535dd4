# SPDX-License-Identifier: BSD-2-Clause
"""What a PAM stack answers to tokens and passwords, while all is well and
while it is not: tried with pamtester in a chroot."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

from authselect import render
from report import PACKAGING, read

SERVICE = "audient-test"
PASSWORD = "Sesam-7!"
# What is typed, line by line; {token} is made for each run.
TYPED = {
    "a good token": ["good"],
    "a token for another audience": ["audience"],
    "an expired token": ["expired"],
    "a token of somebody else": ["stranger"],
    "the password": [PASSWORD],
    "another password": ["Sesam-8!"],
    "nothing": [""],
    "a token for another audience, then the password": ["audience", PASSWORD],
    "a token of somebody else, then the password": ["stranger", PASSWORD],
    "a good token, then the password": ["good", PASSWORD],
    "no question asked": None,      # no authentication: an SSH key, cron
}
KEY = "no question asked"
# By profile and state of the world: what opens the account, all else must not.
OPENS = {
    "none": {
        "well": {"the password", KEY},
    },
    "audient": {
        "well": {"a good token", "the password",
                 "a good token, then the password", KEY},
        "broken": {"the password", KEY},
        "missing": {"the password", KEY},
        "down": {"the password", "a good token, then the password",
                 "a token for another audience, then the password",
                 "a token of somebody else, then the password", KEY},
    },
    "audient-only": {
        "well": {"a good token", "a good token, then the password", KEY},
        "broken": set(),
        "missing": set(),
        "down": {KEY},
    },
}


class Stacks:
    def __init__(self, report, chroot, tenant, tokens):
        self.report, self.chroot = report, chroot
        self.tenant, self.tokens = tenant, tokens

    def configure(self, state):
        """Puts /etc/audient/audient.conf, and the tenant, into a state."""
        conf = "/etc/audient/audient.conf"
        self.tenant.clear()
        if state == "missing":
            if self.chroot.exists(conf):
                os.unlink(self.chroot.path(conf))
            return
        lines = ["issuer = " + self.tenant.issuer,
                 "audience = https://login.example.com/",
                 "username_claim = https://example.com/username"]
        if state == "down":
            self.chroot.run("rm", "-rf", "/var/cache/audient/0/keys")
            lines += ["ca_file = /etc/audient/ca.pem", "timeout = 2"]
            self.tenant.connection("refuse")
        else:
            lines.append("jwks_file = /etc/audient/jwks.json")
        if state == "broken":
            lines.append("no_such_key = yes")
        self.chroot.write(conf, "\n".join(lines) + "\n")

    def answer(self, what):
        """What pamtester says to one row: (is it open, its words)."""
        typed = TYPED[what]
        phases = (["authenticate"] if typed else []) + \
            ["acct_mgmt", "open_session", "close_session"]
        text = "".join(self.tokens.get(line, line) + "\n"
                       for line in typed or [])
        status, out = self.chroot.run("pamtester", SERVICE, "alice", *phases,
                                      text=text)
        return status == 0, out

    def rows(self, name, profile, state):
        self.configure(state)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(self.answer, TYPED))
        opened = {what for what, (is_open, _) in zip(TYPED, answers)
                  if is_open}
        want = OPENS[profile][state]
        for what, (is_open, out) in zip(TYPED, answers):
            self.report.case(
                is_open == (what in want), "%s, %s: %s %s" % (
                    name, state, what,
                    "opens" if what in want else "does not open"), out,
                *self.chroot.syslog.news())
        return opened == want

    def matrix(self, name, profile):
        for state in OPENS[profile]:
            self.rows(name, profile, state)

    # --- the profiles ------------------------------------------------------

    def service(self):
        """A service as Debian's are."""
        self.chroot.write("/etc/pam.d/" + SERVICE,
                          "@include common-auth\n@include common-account\n"
                          "@include common-session\n")

    def choose(self, *arguments):
        status, out = self.chroot.run("pam-auth-update", *arguments)
        self.report.case(status == 0, "pam-auth-update %s" %
                         " ".join(arguments), out)

    def lines(self, kind):
        """The lines of common-KIND, blanks folded."""
        text = self.chroot.read("/etc/pam.d/common-" + kind)
        return [" ".join(line.split()) for line in text.splitlines()
                if line and not line.startswith("#")]

    def pam_auth_update(self):
        self.service()
        self.matrix("no profile", "none")
        self.choose("--enable", "audient")
        self.report.case(self.lines("auth")[:2] == [
            "auth [success=2 maxtries=die default=ignore] pam_audient.so",
            "auth [success=1 default=ignore] pam_unix.so nullok "
            "try_first_pass"], "common-auth asks for a token, then for a "
            "password", *self.lines("auth"))
        self.report.case(
            "account [success=ok perm_denied=die default=ignore] "
            "pam_audient.so" in self.lines("account"),
            "common-account holds a refusal", *self.lines("account"))
        self.report.case(
            "session [success=ok session_err=die buf_err=die default=ignore] "
            "pam_audient.so" in self.lines("session"),
            "common-session has the module", *self.lines("session"))
        self.matrix("profile audient", "audient")
        self.choose("--disable", "audient", "--enable", "audient-only")
        auth = self.lines("auth")
        self.report.case(
            auth[0] == "auth [success=2 default=die] pam_audient.so",
            "common-auth asks for a token only", *auth)
        self.matrix("profile audient-only", "audient-only")
        self.choose("--disable", "audient-only")
        self.report.case(not re.search(
            "audient", "".join(self.lines("auth") + self.lines("account") +
                               self.lines("session"))),
            "without a profile nothing of us is left in the stacks")

    def authselect(self):
        for features, profile in (([], "audient"),
                                  (["without-password"], "audient-only")):
            text = render(read(PACKAGING, "authselect", "audient",
                               "system-auth"), features)
            self.chroot.write("/etc/pam.d/" + SERVICE, text)
            self.matrix("authselect %s" % (" ".join(features) or "audient"),
                        profile)
