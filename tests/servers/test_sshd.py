#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token opens a real sshd: keyboard-interactive and password, through a
terminal, with stock ssh; and what must not, does not."""

import sys

import rig as rig_module
from rig import OTHER_AUDIENCE, Rig, free_port

try:
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")


def check(rig, sshd, what, user, token, method, want, reason):
    since = rig.syslog.mark()
    got, screen = sshd.login(user, token, method)
    line = rig.syslog.wait("reason=" + reason, since)
    rig.case(got == want and line, "%s, %s: %s, %s" % (
        method, what, want, reason), "got: " + got, screen,
        *rig.syslog.news(since))


def accepted(rig, sshd):
    mint = rig.tenant.mint
    small = {name: None for name in ("scope", "azp")}
    for size in (700, 1023, 1024, 3000):
        token = mint("alice", pad_to=size, claims=small,
                     header={"typ": None})
        rig.case(len(token) == size, "a token of %d bytes is made" % size)
        methods = ["keyboard-interactive"]
        if size <= 1023:        # sshd refuses longer passwords by itself
            methods.append("password")
        for method in methods:
            check(rig, sshd, "%d bytes" % size, "alice", token, method,
                  "in", "ok")


def refused(rig, sshd):
    mint = rig.tenant.mint
    rows = [
        ("another audience", "alice", mint("alice", audience=OTHER_AUDIENCE),
         "audience_refused"),
        ("another user", "bob", mint("alice"), "user_mismatch"),
        ("expired", "alice", mint("alice", ttl=-3600), "expired"),
        ("an unpublished key", "alice", mint("alice", key="rogue"),
         "key_unknown"),
        ("no signature", "alice", mint("alice", alg="none") + "AAAA",
         "algorithm_refused"),
        ("an opaque token", "alice", mint("alice", kind="opaque"),
         "opaque_refused"),
        ("a password", "alice", "correct horse", "not_a_token"),
        ("root", "root", mint("alice", claims={
            rig_module.USERNAME_CLAIM: "root"}), "user_refused"),
    ]
    for what, user, token, reason in rows:
        for method in ("keyboard-interactive", "password"):
            check(rig, sshd, what, user, token, method, "out", reason)


def unknown_user(rig, sshd):
    """sshd sends junk in place of the answer; the tenant hears nothing."""
    before = rig.tenant.count()
    check(rig, sshd, "an unknown user", "nobody-here",
          rig.tenant.mint("alice"), "keyboard-interactive", "out",
          "not_a_token")
    after = rig.tenant.count()
    rig.case(before == after, "sshd's junk for an unknown user costs the tenant nothing",
             before, after)


def truncated(rig, sshd):
    """sshd's password method answers every prompt alike, and ssh cuts."""
    token = rig.tenant.mint("alice", pad_to=3000)
    since = rig.syslog.mark()
    got, screen = sshd.login("alice", token, "password", part=3000)
    line = rig.syslog.wait("reason=token_truncated", since)
    rig.case(got == "out" and line and "1023" in line + screen,
             "password, a token of 3000 bytes in one go: token_truncated",
             screen, *rig.syslog.news(since))


def main():
    rig_module.need_root()
    rig_module.need("sshd", "ssh", "unshare")
    with Rig("sshd") as rig:
        sshd = Sshd(rig, free_port())
        rig.configure()
        sshd.start()
        accepted(rig, sshd)
        refused(rig, sshd)
        unknown_user(rig, sshd)
        truncated(rig, sshd)
        rig.secret_free([rig.tenant.mint("alice")])
        return rig.finish()


sys.exit(main())
