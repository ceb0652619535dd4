#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many binds at once on a real slapd: good tokens and bad ones, a key that
comes meanwhile, and one opaque token two hundred times.  The tenant must not
feel it."""

import os
import sys
import threading
import time

import rig as rig_module
from ldapwire import Ldap, LdapError, oauthbearer
from rig import OTHER_AUDIENCE, Rig, free_port
from slapd import Slapd

CLIENTS = 64
BINDS = 4               # of each client, on one connection
RECONNECTS = 200
KEYS, USERINFO = "/.well-known/jwks.json", "/userinfo"


class Client(threading.Thread):
    """Binds with its tokens in turns; errors are what should not be."""

    def __init__(self, rig, port, gate, rows, number):
        super().__init__()
        self._rig, self._port, self._gate = rig, port, gate
        self._rows, self._number = rows, number
        self.errors, self.done = [], 0

    def _bind(self, ldap, token, want):
        code, text, _ = ldap.bind("OAUTHBEARER", oauthbearer(token))
        if code == 14:          # the refusal's reason; now the refusal
            code, text, _ = ldap.bind("OAUTHBEARER", b"\1")
        me = ldap.whoami() if code == 0 else ""
        if code != (49 if want is None else 0) or me != (want or ""):
            self.errors.append("%s %s: %s instead of %s" %
                               (code, text, me, want))

    def run(self):
        try:
            ca = os.path.join(self._rig.dir, "slapd.pem")
            with Ldap(self._port, ca) as ldap:
                self._gate.wait()
                for n in range(BINDS):
                    at = (self._number + n) % len(self._rows)
                    self._bind(ldap, *self._rows[at])
                    self.done += 1
        except (LdapError, OSError, ValueError) as e:
            self.errors.append(repr(e))


def at_once(rig, port, what, rows):
    gate = threading.Barrier(CLIENTS)
    clients = [Client(rig, port, gate, rows, n) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    errors = [e for client in clients for e in client.errors]
    done = sum(client.done for client in clients)
    rig.case(not errors and done == CLIENTS * BINDS,
             "%s: %d clients at once" % (what, CLIENTS), *errors[:5])


def keys(rig, port, slapd):
    """At the beginning no key is there; then, twice, a new one comes while
    tokens by the old one are still good."""
    def mint(name, **how):
        return rig.tenant.mint(name, claims={"email_verified": True}, **how)

    def good():
        return [(mint(name), slapd.dn(name)) for name in ("alice", "bob") * 3]

    def bad():
        return [(mint("alice", audience=OTHER_AUDIENCE), None),
                (mint("alice", ttl=-3600), None),
                (mint("bob", tamper="payload"), None)]

    before = rig.tenant.count(KEYS)
    at_once(rig, port, "nobody has a key yet", good() + bad())
    rig.case(rig.tenant.count(KEYS) == before + 1, "one question for all",
             rig.tenant.count(KEYS) - before)
    for what in ("an unseen key", "another one"):
        rig.tenant.rotate()             # to the one that is published
        old = good()
        rig.tenant.rotate()
        time.sleep(1.1)                 # more than the cooldown
        before = rig.tenant.count(KEYS)
        at_once(rig, port, what + " and the old one", old + good() + bad())
        rig.case(rig.tenant.count(KEYS) == before + 1,
                 what + ": one question for all",
                 rig.tenant.count(KEYS) - before)
    unknown = [(mint("alice", key="rogue"), None)]
    before, start = rig.tenant.count(KEYS), time.monotonic()
    at_once(rig, port, "a key of nobody's", unknown)
    asked, took = rig.tenant.count(KEYS) - before, time.monotonic() - start
    rig.case(asked <= 2 + took, "a key of nobody's: few questions", asked)


def opaque(rig, port, slapd):
    """A mail program opens and closes connections all the time."""
    token = rig.tenant.mint("alice", kind="opaque")
    before = rig.tenant.count(USERINFO)
    ca = os.path.join(rig.dir, "slapd.pem")
    refused = []
    for _ in range(RECONNECTS):
        with Ldap(port, ca) as ldap:
            code, text, _ = ldap.bind("OAUTHBEARER", oauthbearer(token))
            if code != 0 or ldap.whoami() != slapd.dn("alice"):
                refused.append("%d %s" % (code, text))
    rig.case(not refused, "an opaque token, %d connections" % RECONNECTS,
             *refused[:5])
    asked = rig.tenant.count(USERINFO) - before
    rig.case(asked == 1, "the tenant was asked once", asked)


def main():
    rig_module.need_root()
    rig_module.need("slapd", "unshare")
    with Rig("slapd-load") as rig:
        port = free_port()
        slapd = Slapd(rig, free_port(), port)
        rig.configure("refetch_cooldown = 1\n"
                      "opaque_tokens = accept-unbound\n"
                      "required_claim = email_verified true\n"
                      "userinfo_max_age = 600\n")
        slapd.start()
        keys(rig, port, slapd)
        opaque(rig, port, slapd)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
