#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token opens an LDAP bind: ldapwhoami of OpenLDAP against a real slapd over
TLS, with our plugins on both sides; and what must not, does not."""

import os
import sys
import time

import rig as rig_module
from rig import OTHER_AUDIENCE, Rig, free_port
from slapd import Slapd

SIZES = (700, 1023, 3000, 9000)


def check(rig, slapd, what, token, want, reason, **options):
    since = rig.syslog.mark()
    status, out = slapd.whoami(token, **options)
    got = out.strip().splitlines()[0] if status == 0 else "refused"
    # slapd logs what is admitted by itself
    line = status == 0 or slapd.log_has("reason=" + reason, since)
    rig.case(got == want and line, "%s: %s, %s" % (what, want, reason),
             out, *rig.syslog.news(since))
    return out


def accepted(rig, slapd):
    small = {"scope": None, "azp": None}
    for size in SIZES:
        token = rig.tenant.mint("alice", pad_to=size, claims=small,
                                header={"typ": None})
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            check(rig, slapd, "%s, %d bytes" % (mechanism, size), token,
                  slapd.dn("alice"), "ok", mechanism=mechanism)
    token = rig.tenant.mint("alice")
    check(rig, slapd, "over ldapi", token, slapd.dn("alice"), "ok",
          url=slapd.ldapi)
    check(rig, slapd, "as u:alice", token, slapd.dn("alice"), "ok",
          arguments=["-X", "u:alice"])


def refused(rig, slapd):
    mint = rig.tenant.mint
    rows = [
        ("another audience", mint("alice", audience=OTHER_AUDIENCE),
         "audience_refused", {}),
        ("expired", mint("alice", ttl=-3600), "expired", {}),
        ("an unpublished key", mint("alice", key="rogue"), "key_unknown", {}),
        ("a changed payload", mint("alice", tamper="payload"),
         "signature_invalid", {}),
        ("an opaque token", mint("alice", kind="opaque"), "opaque_refused",
         {}),
        ("an ID token", mint("alice", kind="id"), "type_refused", {}),
        ("no user name", mint("carol"), "username_missing", {}),
        ("another user's name", mint("alice"), "user_mismatch",
         {"name": "bob"}),
        ("as u:bob", mint("alice"), "user_mismatch",
         {"arguments": ["-X", "u:bob"]}),
    ]
    for what, token, reason, options in rows:
        out = check(rig, slapd, what, token, "refused", reason, **options)
        code = "(50)" if reason == "user_mismatch" else "(49)"
        rig.case(code in out, "%s: LDAP says %s" % (what, code), out)


def without_tls(rig, slapd):
    status, out = slapd.whoami(rig.tenant.mint("alice"), url=slapd.ldap)
    rig.case(status != 0 and "dn:" not in out,
             "without TLS the mechanism is not there", out)


def tenant_down(rig, slapd):
    """A key that nobody has seen, and nobody to ask: not the token's fault."""
    rig.tenant.rotate()
    rig.tenant.rotate()
    time.sleep(2)               # more than the cooldown
    token = rig.tenant.mint("alice")
    rig.tenant.fault("*", status=503)
    out = check(rig, slapd, "the tenant is down", token, "refused",
                "issuer_unavailable")
    rig.case("(52)" in out, "the tenant is down: LDAP says (52)", out)
    rig.tenant.clear()


def main():
    rig_module.need_root()
    rig_module.need("slapd", "ldapwhoami", "unshare")
    with Rig("slapd") as rig:
        slapd = Slapd(rig, free_port(), free_port())
        rig.configure("refetch_cooldown = 1")
        slapd.start()
        accepted(rig, slapd)
        refused(rig, slapd)
        without_tls(rig, slapd)
        tenant_down(rig, slapd)
        rig.secret_free([rig.tenant.mint("alice")])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
