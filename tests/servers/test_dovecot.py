#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Dovecot, which speaks SASL itself, set up from docs/hosts/dovecot.md: with
our PAM module; and for comparison with the tenant asked by Dovecot alone."""

import os
import sys

import matrix
import rig as rig_module
from badinput import message, xoauth2
from clients import fetchmail, python_pop
from dovecot import Dovecot
from matrix import COOLDOWN
from rig import USERNAME_CLAIM, Rig

LOGINS = 4
SIZES = ((750, True), (3000, True), (6000, True), (6300, False))
PASSWORDS = ((750, True), (1000, True), (1100, False), (6000, False))


def login(door, mechanism, token, name=b"alice"):
    token = token.encode()
    first = {"PLAIN": b"\0" + name + b"\0" + token,
             "OAUTHBEARER": message(token, name),
             "XOAUTH2": xoauth2(token, name)}[mechanism]
    with door.connect() as talk:
        return talk.login(mechanism, first)[0]


def sized(door, size):
    return door.mint(pad_to=size, header={"typ": None}, claims={
        USERNAME_CLAIM: door.user, "azp": None})


def sizes(rig, door):
    for size, want in SIZES:
        token = sized(door, size)
        for mechanism in door.mechanisms:
            step = login(door, mechanism, token)
            rig.case((step.kind == "in") == want, "%s, %d bytes: %s" % (
                mechanism, size, "in" if want else "out"), step)


def passwords(rig, door):
    """A token as the password, in programs that know nothing else."""
    for size, want in PASSWORDS:
        for what, client in (("fetchmail", fetchmail), ("poplib", python_pop)):
            got, out = client(door, "PLAIN", door.user, sized(door, size))
            rig.case(got == want, "%s, %d bytes: %s" % (
                what, size, "in" if want else "out"), out)


def curl(rig, host):
    """The command of the page, with a token that is good and one that is
    not."""
    where = rig.path("page", mode=0o700)
    for what, ttl, want in (("good", 600, 0), ("expired", -600, 67)):
        rig.write("page/token", host.door.mint(ttl=ttl) + "\n", 0o600)
        status, out = rig.run("sh", "-c", "cd %s; %s" % (
            where, host.page.command("curl", {
                "mail.example.com/": "127.0.0.1:%d/ --cacert %s" % (
                    host.door.port, host.door.trust)})))
        rig.case(status == want, "the page's curl, %s token: %d" % (
            what, want), status, out)


def log(rig, host):
    mark = host.door.mark()
    for ttl in (600, -600):
        login(host.door, "OAUTHBEARER", host.door.mint(ttl=ttl))
    for pattern in host.page.log("lines"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))


def asked(rig, door, want):
    """How often is the tenant asked for one token?"""
    token = door.mint()
    rig.tenant.forget()
    steps = [login(door, "OAUTHBEARER", token) for _ in range(LOGINS)]
    got = rig.tenant.count()["total"]
    rig.case(got == want and all(s.kind == "in" for s in steps),
             "%s: %d logins are %d requests" % (door.name, LOGINS, want),
             got, *steps)


def main():
    rig_module.need_root()
    rig_module.need("dovecot", "unshare", "curl", "fetchmail")
    with Rig("dovecot") as rig:
        rig.install()
        host = Dovecot(rig)
        rig.configure_as(host.page, "refetch_cooldown = %d" % COOLDOWN)
        host.start()
        sizes(rig, host.door)
        passwords(rig, host.door)
        curl(rig, host)
        log(rig, host)
        asked(rig, host.door, 0)
        matrix.run_doors("dovecot", [host.door])
        # Dovecot asks the tenant for each login anew
        rig.tenant.control("limit", enabled=False)
        host.restart_alone()
        asked(rig, host.own_door, LOGINS)
        matrix.run_doors("dovecot-own", [host.own_door])
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
