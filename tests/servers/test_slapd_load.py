#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many binds at once on a real slapd: good tokens and bad ones, a key that
comes meanwhile, and one opaque token two hundred times.  The tenant must not
feel it.  And who acts for whom there: the token and slapd both have a say."""

import os
import sys
import threading
import time

import rig as rig_module
from directory import Directory, LdapError, oauthbearer
from rig import OTHER_AUDIENCE, Rig

CLIENTS = 64
BINDS = 4               # of each client, on one connection
RECONNECTS = 200
KEYS, USERINFO = "/.well-known/jwks.json", "/userinfo"


def bind(ldap, token, authzid=""):
    """(result code, who one is then)"""
    code, _, _ = ldap.bind("OAUTHBEARER", oauthbearer(token, authzid))
    if code == 14:              # that was the reason; now the refusal
        code, _, _ = ldap.bind("OAUTHBEARER", b"\1")
    return code, ldap.whoami() if code == 0 else None


class Client(threading.Thread):
    """Binds with its tokens in turns; errors are what should not be."""

    def __init__(self, directory, gate, rows, number):
        super().__init__()
        self._directory, self._gate = directory, gate
        self._rows, self._number = rows, number
        self.errors, self.done = [], 0

    def _bind(self, ldap, token, want):
        got = bind(ldap, token)
        if got != (0 if want else 49, want):
            self.errors.append("%s instead of %s" % (got, want))

    def run(self):
        try:
            with self._directory.connect() as ldap:
                self._gate.wait()
                for n in range(BINDS):
                    at = (self._number + n) % len(self._rows)
                    self._bind(ldap, *self._rows[at])
                    self.done += 1
        except (LdapError, OSError, ValueError) as e:
            self.errors.append(repr(e))


def at_once(rig, directory, what, rows):
    gate = threading.Barrier(CLIENTS)
    clients = [Client(directory, gate, rows, n) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    errors = [e for client in clients for e in client.errors]
    done = sum(client.done for client in clients)
    rig.case(not errors and done == CLIENTS * BINDS,
             "%s: %d clients at once" % (what, CLIENTS), *errors[:5])


def keys(rig, directory):
    """At the beginning no key is there; then, twice, a new one comes while
    tokens by the old one are still good."""
    def mint(name, **how):
        return rig.tenant.mint(name, claims={"email_verified": True}, **how)

    def good():
        return [(mint(name), "dn:" + directory.dn(name)) for name in ("alice", "bob") * 3]

    def bad():
        return [(mint("alice", audience=OTHER_AUDIENCE), None),
                (mint("alice", ttl=-3600), None),
                (mint("bob", tamper="payload"), None)]

    before = rig.tenant.count(KEYS)
    at_once(rig, directory, "nobody has a key yet", good() + bad())
    rig.case(rig.tenant.count(KEYS) == before + 1, "one question for all",
             rig.tenant.count(KEYS) - before)
    for what in ("an unseen key", "another one"):
        rig.tenant.rotate()             # to the one that is published
        old = good()
        rig.tenant.rotate()
        time.sleep(1.1)                 # more than the cooldown
        before = rig.tenant.count(KEYS)
        at_once(rig, directory, what + " and the old one", old + good() + bad())
        rig.case(rig.tenant.count(KEYS) == before + 1,
                 what + ": one question for all",
                 rig.tenant.count(KEYS) - before)
    unknown = [(mint("alice", key="rogue"), None)]
    before, start = rig.tenant.count(KEYS), time.monotonic()
    at_once(rig, directory, "a key of nobody's", unknown)
    asked, took = rig.tenant.count(KEYS) - before, time.monotonic() - start
    rig.case(asked <= 2 + took, "a key of nobody's: few questions", asked)


def opaque(rig, directory):
    """A mail program opens and closes connections all the time."""
    token = rig.tenant.mint("alice", kind="opaque")
    want = 0, "dn:" + directory.dn("alice")
    before = rig.tenant.count(USERINFO)
    errors = []
    for _ in range(RECONNECTS):
        with directory.connect() as ldap:
            got = bind(ldap, token)
            if got != want:
                errors.append(got)
    rig.case(not errors, "an opaque token, %d connections" % RECONNECTS,
             *errors[:5])
    asked = rig.tenant.count(USERINFO) - before
    rig.case(asked == 1, "the tenant was asked once", asked)


def delegates(rig, directory):
    """slapd would let alice act for bob.  The token has to say so as well,
    and what it says is not enough by itself."""
    alice, bob = ("dn:" + directory.dn(name) for name in ("alice", "bob"))
    rows = [
        ("nobody else", "alice", ["act:any"], "", (0, alice)),
        ("herself", "alice", ["act:any"], "u:alice", (0, alice)),
        ("bob, both let her", "alice", ["act:any"], "u:bob", (0, bob)),
        ("bob, no permissions", "alice", None, "u:bob", (50, None)),
        ("bob, another permission", "alice", ["act:any2"], "u:bob",
         (50, None)),
        ("root", "alice", ["act:any"], "u:root", (49, None)),
        ("somebody unknown", "alice", ["act:any"], "u:carol", (50, None)),
        ("a DN", "alice", ["act:any"], bob, (50, None)),
        ("alice, slapd does not let him", "bob", ["act:any"], "u:alice",
         (50, None)),
    ]
    for what, name, permissions, authzid, want in rows:
        token = rig.tenant.mint(name, permissions=permissions,
                                claims={"email_verified": True})
        with directory.connect() as ldap:
            got = bind(ldap, token, authzid)
        rig.case(got == want, "%s for %s" % (name, what), got)
    line = rig.syslog.wait('authcid="alice" authzid="u:bob"')
    rig.case(line != "", "slapd's log has both names")


def main():
    rig_module.need_root()
    rig_module.need("slapd", "unshare")
    with Rig("slapd-load") as rig:
        rig.configure("refetch_cooldown = 1\n"
                      "opaque_tokens = accept-unbound\n"
                      "required_claim = email_verified true\n"
                      "userinfo_max_age = 600\n"
                      "delegation_permission = act:any\n")
        directory = Directory(rig, loglevel="stats")
        keys(rig, directory)
        opaque(rig, directory)
        delegates(rig, directory)
        rig.secret_free([rig.tenant.mint("alice")])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
