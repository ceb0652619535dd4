#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make check-valgrind: the SASL plug-in in a process of many threads, that for
clients, and logins through the real libpam, under memcheck.  An access that is not allowed,
a decision on bytes that nobody wrote, and memory that nobody can free any more
are failures.  What the processes have done is printed."""

import glob
import os
import re
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SOURCE, "tests", name)
                for name in ("servers", "pam")]

import rig as rig_module                                        # noqa: E402
from host import (AUTH_ERR, AUTHINFO_UNAVAIL, CONV_ERR, MAXTRIES,
                  MODULE, PERM_DENIED, SUCCESS, Host)                   # noqa: E402
from rig import BUILD, OTHER_AUDIENCE, USERNAME_CLAIM, Rig      # noqa: E402

USER = "nobody"         # an account that every system has
FOUND = 99              # the exit status if memcheck has found something
PATIENCE = 500          # seconds for the threads
CLAIMS = {USERNAME_CLAIM: USER, "email_verified": True}
FIGURES = {"errors": r"ERROR SUMMARY: ([\d,]+) errors",
           "lost": r"definitely lost: ([\d,]+) bytes",
           "allocations": r"total heap usage: ([\d,]+) allocs",
           "frees": r"allocs, ([\d,]+) frees"}


class Memcheck:
    """valgrind with a log of each process in the directory of the rig."""

    def __init__(self, rig, name):
        self._logs = os.path.join(rig.dir, name + ".memcheck.")
        self.under = [
            "valgrind", "--error-exitcode=%d" % FOUND, "--leak-check=full",
            "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
            # the frames of modules that were closed meanwhile
            "--keep-debuginfo=yes", "--log-file=%s%%p" % self._logs]

    def texts(self):
        """Of the processes that came to their end under memcheck; those that
        have become the helper have no summary."""
        texts = [open(path, encoding="utf-8", errors="replace").read()
                 for path in sorted(glob.glob(self._logs + "*"))]
        return [text for text in texts if "ERROR SUMMARY" in text]

    def report(self, rig, what, status):
        """The case: nothing was found, in any of the processes."""
        texts = self.texts()
        sums = {}
        for name, pattern in FIGURES.items():
            sums[name] = sum(int(n.replace(",", "")) for text in texts
                             for n in re.findall(pattern, text))
        figures = "%d %s, %s" % (
            len(texts), "process" if len(texts) == 1 else "processes",
            ", ".join("%s %d" % pair for pair in sums.items()))
        print("# %s: %s" % (what, figures))
        rig.case(status == 0 and texts and sums["allocations"] > 0 and
                 sums["errors"] == sums["lost"] == 0, what + ": nothing found",
                 "exit status %s" % status, *texts)


def program(rig, name):
    """One of tests/sasl."""
    memcheck = Memcheck(rig, name)
    done = subprocess.run(
        [*memcheck.under, os.path.join(BUILD, "tests/sasl/test_" + name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=PATIENCE, check=False)
    rig.case("[  PASSED  ] " in done.stdout and
             "[  FAILED  ]" not in done.stdout,
             name + ": the logins went as they have to", done.stdout)
    memcheck.report(rig, name, done.returncode)


def rows(rig):
    """(name, token, code of pam_authenticate, code of pam_acct_mgmt)"""
    def mint(**options):
        return rig.tenant.mint("alice", **{"claims": CLAIMS, **options})

    other = {**CLAIMS, USERNAME_CLAIM: "alice"}
    return [
        ("a good token", mint(), SUCCESS, SUCCESS),
        ("one of 9000 bytes", mint(pad_to=9000), SUCCESS, SUCCESS),
        ("signed with ES256", mint(alg="ES256"), SUCCESS, SUCCESS),
        ("the tenant asked", mint(kind="opaque"), SUCCESS, SUCCESS),
        ("expired", mint(ttl=-3600), AUTH_ERR, PERM_DENIED),
        ("for another API", mint(audience=OTHER_AUDIENCE), AUTH_ERR,
         PERM_DENIED),
        ("forged", mint(tamper="signature"), AUTH_ERR, PERM_DENIED),
        ("another payload", mint(tamper="payload"), AUTH_ERR, PERM_DENIED),
        ("not signed", mint(alg="none"), AUTH_ERR, PERM_DENIED),
        ("a key of nobody's", mint(key="rogue"), AUTH_ERR, PERM_DENIED),
        ("somebody else's", mint(claims=other), MAXTRIES, PERM_DENIED),
        ("cut off", mint()[:-40], CONV_ERR, PERM_DENIED),
        ("an unknown opaque one", "x" * 40, AUTH_ERR, PERM_DENIED),
        ("no token", "correct horse battery staple", AUTH_ERR, PERM_DENIED),
    ]


def login(host, token):
    """All that an application does, with one token."""
    host.start("app", USER)
    host.answers(token)
    got = host.call("authenticate").rc, host.call("acct_mgmt").rc
    if got == (SUCCESS, SUCCESS):
        for name in ("setcred", "open_session", "close_session"):
            got += (host.call(name).rc,)
    host.end()
    return got


def logins(rig, name, wanted):
    """One process, one login after the other."""
    memcheck = Memcheck(rig, name)
    with Host(rig.path("pam.d"), under=memcheck.under) as host:
        for what, token, *want in wanted:
            if want == [SUCCESS, SUCCESS]:
                want += [SUCCESS] * 3
            got = login(host, token)
            rig.case(got == tuple(want), "%s: %s" % (name, what), got)
    memcheck.report(rig, name, host.status)


def pam(rig):
    path = rig.configure("opaque_tokens = accept-unbound\n"
                         "algorithms = RS256 ES256\n"
                         "required_claim = email_verified true\n")
    for service in ("app", "other"):
        rig.write("pam.d/" + service, "".join(
            "%s required %s config=%s\n" % (kind, MODULE, path)
            for kind in ("auth", "account", "session")))
    all_rows = rows(rig)
    logins(rig, "libpam", all_rows)
    logins(rig, "libpam, keys at hand", all_rows)
    with open(path, encoding="utf-8") as f:
        rig.write("audient.conf", f.read().replace(rig.cache,
                                                   rig.path("empty")))
    rig.tenant.fault("*", status=500)
    logins(rig, "libpam, tenant down", [
        (*all_rows[0][:2], AUTHINFO_UNAVAIL, PERM_DENIED)])


def main():
    rig_module.need("valgrind")
    with Rig("memcheck") as rig:
        # many at once, while the map of users changes and a key comes
        program(rig, "threads")
        # the plug-in for clients: what it sends, and the command that it runs
        program(rig, "client")
        program(rig, "command")
        program(rig, "commandhosts")
        pam(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
