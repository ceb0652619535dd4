#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sessions of sshd, which asks for the token in one process and opens the
session in another: the audit lines, the end of the session with the token,
claims in the environment."""

import os
import re
import sys
import time

import rig as rig_module
from rig import BUILD, Rig, free_port

try:
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

STACK = """\
auth     required {module} {arguments}
account  required {module} {arguments}
session  required {module} {arguments}
session  required %s
password required pam_deny.so
""" % os.path.join(BUILD, "tests", "tools", ".libs", "pam_peek.so")
KINDS = "https://example.com/kinds"
EXPORTS = ("export_claim = AUTH0_SUB sub\n"
           "export_claim = OIDC_GONE nobody\n"
           "export_claim = AUDIENT_KINDS %s\n" % KINDS)


def lines_of(rig, sshd, token, **options):
    """Logs alice in: (in or out, screen, what the log said)."""
    since = rig.syslog.mark()
    got, screen = sshd.login("alice", token, **options)
    rig.syslog.wait("session=close" if got == "in" else "reason=", since)
    return got, screen, rig.syslog.lines()[since:]


def value(lines, pattern):
    found = re.search(pattern, "\n".join(lines))
    return found.group(1) if found else None


def audit(rig, sshd):
    for method in ("keyboard-interactive", "password"):
        got, screen, lines = lines_of(rig, sshd, rig.tenant.mint("alice",
                                      pad_to=900), method=method)
        login = value(lines, r"verdict=allow.* token=([0-9a-f]{12})")
        opened = value(lines, r"session=open .*token=([0-9a-f]{12})")
        closed = value(lines, r"session=close .*token=([0-9a-f]{12})")
        rig.case(got == "in" and login and login == opened == closed,
                 "%s: the session's lines name the login's token" % method,
                 screen, *lines)
        rig.case(value(lines, r"runtime=(\w+)") == "none",
                 "%s: no session_limit, no limit" % method, *lines)


def limited(rig, sshd):
    rig.configure("session_limit = token\n" + EXPORTS)
    for method in ("keyboard-interactive", "password"):
        token = rig.tenant.mint("alice", ttl=3600, pad_to=900)
        got, screen, lines = lines_of(rig, sshd, token, method=method)
        seconds = int(value(lines, r"runtime=(\d+)") or 0)
        # the clock's tolerance belongs to the token's time
        rig.case(got == "in" and 3000 < seconds <= 3631,
                 "%s: pam_systemd gets the rest of the token's time" % method,
                 screen, *lines)
        rig.case("nothing will end the session" in "\n".join(lines) or
                 os.path.exists("/run/systemd/system"),
                 "%s: without systemd the log says so" % method, *lines)
    left = os.path.join(rig.dir, "cache", "0", "login")
    # the one of a password, which the listener's child asks for itself
    rig.case(sum("-" in name for name in os.listdir(left)) <= 1,
             "the records of logins are gone", os.listdir(left))


def unwritable(rig, sshd):
    """What a session needs cannot be kept: nobody gets in."""
    where = os.path.join(rig.dir, "cache", "0", "login")
    os.rename(where, where + ".away")
    rig.write("cache/0/login", "a file, no directory\n")
    got, screen, lines = lines_of(rig, sshd, rig.tenant.mint("alice"))
    rig.case(got == "out" and "cannot be kept" in "\n".join(lines),
             "session_limit = token, and no place for the record: refused",
             screen, *lines)
    rig.configure("")
    got, screen, lines = lines_of(rig, sshd, rig.tenant.mint("alice"))
    rig.case(got == "in", "without session_limit that is no hindrance",
             screen, *lines)
    os.unlink(where)
    os.rename(where + ".away", where)


def spoilt(rig, sshd):
    """What the login has left is gone, or not what it was, when the session
    looks for it: there is none without its end."""
    rig.configure("session_limit = token\n")
    script = os.path.join(rig.dir, "spoil")
    sshd.stack("session required pam_exec.so %s\n%s" % (script, STACK))
    for what, command, said in (
            ("untouched", ":", None),
            ("removed", 'rm -f "$f"', "is not there"),
            ("cut", 'truncate -s -1 "$f"', "cannot be read"),
            ("open to all", 'chmod 666 "$f"', "cannot be read")):
        rig.write("spoil", "#!/bin/sh\ncd %s/0/login || exit 1\n"
                  "for f in *-*; do %s; done\n" % (rig.cache, command), 0o755)
        got, screen, lines = lines_of(rig, sshd, rig.tenant.mint("alice"))
        if said is None:
            rig.case(got == "in" and value(lines, r"runtime=(\d+)"),
                     "what a login leaves for its session: " + what, screen,
                     *lines)
        else:
            rig.case(got == "out" and said in "\n".join(lines),
                     "what a login leaves for its session: %s: refused" %
                     what, screen, *lines)
    sshd.stack(STACK)


def forged(rig, sshd):
    """A record that was not written for this process changes nothing."""
    rig.configure("session_limit = token\n")
    where = os.path.join(rig.dir, "cache", "0", "login")
    for pid in range(1, 4000):
        with open(os.path.join(where, "%d-1" % pid), "w") as f:
            f.write("audient 1 %s\nalice\n\n\n\n1\n" % ("0" * 64))
    got, screen, lines = lines_of(rig, sshd, rig.tenant.mint("alice"))
    rig.case(got == "in" and int(value(lines, r"runtime=(\d+)") or 0) > 60,
             "a session takes the record of its own login only",
             screen, *lines)


def exported(rig, sshd):
    rig.configure(EXPORTS)
    token = rig.tenant.mint("alice", claims={KINDS: ["a", "b"]})
    got, screen, lines = lines_of(rig, sshd, token, command="env")
    rig.case(got == "in" and "AUTH0_SUB=auth0|" in screen and
             "AUDIENT_KINDS=a b" in screen,
             "claims are in the environment", screen)
    rig.case("AUDIENT_LOGIN" not in screen,
             "what the session phase needs is gone", screen)
    for extra in ("", "session_limit = token\n"):
        for method in ("keyboard-interactive", "password"):
            rig.configure(extra)
            got, env, lines = lines_of(
                rig, sshd, rig.tenant.mint("alice", pad_to=900),
                method=method, command="env")
            rig.case(got == "in" and "AUDIENT_" not in env,
                     "%s, %s: nothing is left in the environment" % (
                         method, extra.strip() or "no limit"), env, *lines)
    rig.configure(EXPORTS)
    rig.case("OIDC_GONE" not in screen,
             "a claim that is not there has no variable", screen)
    rig.case(token[:40] not in screen and token[-40:] not in
             screen.replace("\r\n", ""), "the token is not", screen)
    for bad in ("a\nAUDIENT_KINDS=c", "x\x1by"):
        token = rig.tenant.mint("alice", claims={KINDS: bad})
        got, screen, lines = lines_of(rig, sshd, token, command="env")
        rig.case(got == "in" and "AUDIENT_KINDS" not in screen,
                 "a claim with control characters has no variable: %r" % bad,
                 screen)


def refused_names(rig, sshd):
    for name in ("LD_PRELOAD", "PATH", "AUDIENT_", "AUTH0_x", "AUTH0_A-B",
                 "BASH_ENV"):
        rig.configure("export_claim = %s sub\n" % name)
        since = rig.syslog.mark()
        got, _ = sshd.login("alice", rig.tenant.mint("alice"))
        lines = rig.syslog.news(since)
        rig.case(got == "out" and name in "\n".join(lines),
                 "export_claim = %s is refused" % name, *lines)


def expires_first(rig, sshd):
    """The token ends while the account phase is still to come: no login."""
    rig.configure("session_limit = token\nclock_tolerance = 0\n")
    token = rig.tenant.mint("alice", ttl=1)
    time.sleep(1.2)
    got, screen, lines = lines_of(rig, sshd, token)
    rig.case(got == "out" and "reason=expired" in "\n".join(lines),
             "an expired token opens no session", screen, *lines)


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "ssh-keygen")
    with Rig("session") as rig:
        rig.configure()
        sshd = Sshd(rig, free_port())
        sshd.start()
        sshd.stack(STACK)
        audit(rig, sshd)
        limited(rig, sshd)
        unwritable(rig, sshd)
        spoilt(rig, sshd)
        forged(rig, sshd)
        exported(rig, sshd)
        refused_names(rig, sshd)
        expires_first(rig, sshd)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
