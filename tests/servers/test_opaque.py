#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Opaque tokens in many processes: who is asked how often, whom the answer
serves and for how long, what the tenant's limits are, and which tokens are
shown to nobody."""

import base64
import fcntl
import json
import os
import re
import stat
import sys
import time

import rig as rig_module
from faultlib import Decider, Host, at_once, once
from rig import OTHER_AUDIENCE, Rig, Tenant

OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"
USERINFO = "/userinfo"
SLOW = 0.5              # seconds of an answer, so that others come meanwhile
AWAY = "issuer_unavailable"


def fresh(rig, host, extra=OPAQUE, **limit):
    """A host that knows nothing, and a tenant that has heard nothing."""
    host.forget()
    host.configure(extra)
    host.start = int(time.time())
    rig.tenant.reset()
    rig.tenant.control("limit", **(limit or {"enabled": False}))
    rig.tenant.forget()


def opaque(rig, user="alice", **options):
    return rig.tenant.mint(user, kind="opaque", **options)


def jwe(header, key=""):
    """Five segments with a header of one's own."""
    text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode()
    return ".".join((text.rstrip("="), key, "aXY", "Y2lwaGVydGV4dA",
                     "dGFndGFndGFndGFndGFndGFn"))


# --- what is shown to nobody ----------------------------------------------------

def never_sent(rig, host):
    ours = {"alg": "dir", "enc": "A256GCM", "iss": rig.tenant.issuer}
    jwt = {"scope": "openid", "claims": {"email_verified": True}}
    mint = rig.tenant.mint
    rows = [
        ("encrypted for an API, RSA-OAEP-256", mint("alice",
                                                    kind="encrypted"),
         "token_encrypted"),
        *(("encrypted for an API, " + alg,
           mint("alice", kind="encrypted", enc_alg=alg), "token_encrypted")
          for alg in ("RSA-OAEP-384", "RSA-OAEP-512")),
        ("RSA-OAEP without its key", jwe({**ours, "alg": "RSA-OAEP"}),
         "token_encrypted"),
        ("dir, and a key beside it", jwe(ours, "a2V5"), "token_encrypted"),
        ("no enc", jwe({**ours, "enc": None}), "token_encrypted"),
        ("issuer of somebody else",
         jwe({**ours, "iss": "https://evil.example.com/"}), "issuer_refused"),
        ("issuer without its slash",
         jwe({**ours, "iss": rig.tenant.issuer.rstrip("/")}),
         "issuer_refused"),
        ("issuer with a path",
         jwe({**ours, "iss": rig.tenant.issuer + "userinfo"}),
         "issuer_refused"),
        ("issuer a list", jwe({**ours, "iss": [rig.tenant.issuer]}),
         "token_malformed"),
        ("five segments of nothing", "eyJ..x.x.x", "token_malformed"),
        # /userinfo would say yes to these
        ("a JWT for another API, with openid",
         mint("alice", audience=OTHER_AUDIENCE, **jwt), "audience_refused"),
        ("a JWT that has expired", mint("alice", ttl=-3600, **jwt),
         "expired"),
        ("a JWT with a changed signature",
         mint("alice", tamper="signature", **jwt), "signature_invalid"),
        ("a JWT cut off", mint("alice", **jwt).rsplit(".", 1)[0],
         "token_truncated"),
    ]
    fresh(rig, host)
    rig.tenant.request("GET", "/.well-known/jwks.json")
    for what, token, want in rows:
        for short in (True, False):
            got = once(host, token, short=short)
            rig.case(got == want and rig.tenant.count(USERINFO) == 0,
                     "%s, in a %s-lived host: %s" % (
                         what, "short" if short else "long", want), got,
                     rig.tenant.count())


def never_for(rig, host):
    """Services and users that no opaque token opens, whatever is said."""
    fresh(rig, host)
    token = opaque(rig)
    for service in ("sudo", "sudo-i", "su", "su-l"):
        got = host.explain(token, service=service, user="nobody")[1]
        rig.case(got == "opaque_refused", "%s: opaque_refused" % service, got)
        with open(host.config, "a", encoding="utf-8") as f:
            f.write("[service %s]\nopaque_tokens = accept-unbound\n" %
                    service)
        got = host.explain(token, service=service, user="nobody")[1]
        rig.case("opaque tokens are never accepted by sudo and su" in got,
                 "%s with a section that accepts them: the file is refused" %
                 service, got)
        host.configure(OPAQUE)
    got = host.explain(token, service="login", user="root")[1]
    rig.case(got == "opaque_refused", "root: opaque_refused", got)
    host.configure(OPAQUE + "\nallow_root = yes")
    got = host.explain(token, service="login", user="root")[1]
    rig.case("opaque tokens never open root" in got,
             "root with allow_root: the file is refused", got)
    host.configure("opaque_tokens = accept-unbound")
    _, got, _, out = host.explain(token)
    rig.case("required_claim" in got and "user_map" in got,
             "neither required_claim nor user_map: the file is refused", out)
    host.configure("")
    got = host.explain(token)[1]
    rig.case(got == "opaque_refused", "by default: opaque_refused", got)
    rig.case(rig.tenant.count(USERINFO) == 0, "and nobody was asked",
             rig.tenant.count())


def picks_a_tenant(rig, host):
    """With two tenants the token's word picks one; without it, neither."""
    other = Tenant.start(rig.path("other"))
    ca = rig.write("both.pem", open(rig.tenant.ca).read() +
                   open(other.ca).read())
    fresh(rig, host)
    text = open(host.config, encoding="utf-8").read()
    text = "\n".join(line for line in text.splitlines()
                     if not line.startswith(("issuer", "ca_file")))
    with open(host.config, "w", encoding="utf-8") as f:
        f.write(text + "\ntenant = one two\nca_file = %s\n"
                "[tenant one]\nissuer = %s\n[tenant two]\nissuer = %s\n" % (
                    ca, rig.tenant.issuer, other.issuer))
    got = host.explain(other.mint("alice", kind="opaque"))[1]
    rig.case(got == "ok" and other.count(USERINFO) == 1 and
             rig.tenant.count()["total"] == 0,
             "two tenants: only the one that the token names is asked", got)
    other.forget()
    got = [host.explain(t)[1] for t in (
        rig.tenant.mint("alice", kind="opaque-old"),
        jwe({"alg": "dir", "enc": "A256GCM"}))]
    rig.case(got == ["issuer_refused"] * 2 and
             rig.tenant.count()["total"] + other.count()["total"] == 0,
             "a token that names none is shown to neither", got)
    other.stop()


def looks_weaker(rig, host):
    fresh(rig, host)
    _, got, _, out = host.explain(opaque(rig))
    checks = json.dumps(out)
    rig.case(got == "ok" and out["proof"] == "userinfo" and
             "not bound to an audience" in checks,
             "explain says that it is not bound to an audience", out)


# --- one answer for all ---------------------------------------------------------

def single_flight(rig, host):
    for short in (True, False):
        fresh(rig, host)
        rig.tenant.fault(USERINFO, delay=SLOW)
        token = opaque(rig)
        got = at_once(host, [token] * 10, short=short)
        rig.case(got == ["ok"] * 10 and rig.tenant.count(USERINFO) == 1,
                 "10 %s-lived hosts at once: one request" % (
                     "short" if short else "long"), got, rig.tenant.count())
    fresh(rig, host)
    rig.tenant.fault(USERINFO, delay=SLOW, status=401)
    got = at_once(host, [opaque(rig)] * 10, short=True)
    rig.case(got == ["opaque_refused"] * 10 and
             rig.tenant.count(USERINFO) == 1,
             "10 at once with a token that is refused: one request", got,
             rig.tenant.count())
    fresh(rig, host)
    rig.tenant.fault(USERINFO, delay=SLOW, status=503)
    got = at_once(host, [opaque(rig)] * 10, short=True)
    rig.case(got == [AWAY] * 10 and rig.tenant.count(USERINFO) == 1,
             "10 at once while the tenant is ill: one request", got,
             rig.tenant.count())


def hung_holder(rig, host):
    """Somebody hangs and holds every lock: that is not the tenant's fault."""
    fresh(rig, host)
    token = opaque(rig)
    once(host, token, clock=0)
    locks = [open(entry.path, "r+b")
             for entry in os.scandir(host.kind_dir("userinfo"))
             if entry.name.endswith(".lock")]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    rig.tenant.forget()
    start = time.monotonic()
    got = once(host, token, clock=60)
    seconds = time.monotonic() - start
    paused = [entry.name for entry in os.scandir(host.kind_dir("userinfo"))
              if entry.name.startswith("pause-")]
    for lock in locks:
        lock.close()
    rig.case(got == AWAY and seconds < 5 and not paused and
             rig.tenant.count()["total"] == 0,
             "a lock that nobody gives back: %s in time, and the tenant is "
             "not held to be down" % AWAY, got, seconds, paused)
    got = once(host, token, clock=60)
    rig.case(got == "ok", "and when it is given back, all is well", got)


def ages(rig, host):
    """When it is asked again; a minute passes when we say so."""
    fresh(rig, host)
    token = opaque(rig)
    with Decider(host) as decider:
        for clock, asked in ((0, 1), (1, 1), (59, 1), (60, 2), (61, 2)):
            got = decider.ask(token, clock)
            rig.case(got == "ok" and rig.tenant.count(USERINFO) == asked,
                     "a good answer after %d s: %d asked" % (clock, asked),
                     got, rig.tenant.count())
    for clock, asked in ((62, 2), (119, 2), (120, 3)):
        got = once(host, token, clock=clock)
        rig.case(got == "ok" and rig.tenant.count(USERINFO) == asked,
                 "in another process after %d s: %d asked" % (clock, asked),
                 got, rig.tenant.count())
    fresh(rig, host)
    rig.tenant.fault(USERINFO, status=401)
    token = opaque(rig)
    for clock, asked in ((0, 1), (9, 1), (10, 2)):
        got = once(host, token, clock=clock)
        rig.case(got == "opaque_refused" and
                 rig.tenant.count(USERINFO) == asked,
                 "a refusal after %d s: %d asked" % (clock, asked), got,
                 rig.tenant.count())
    rig.tenant.clear()
    got = once(host, token, clock=20)
    rig.case(got == "ok", "and what is good again gets in", got)
    fresh(rig, host, OPAQUE + "\nuserinfo_max_age = 4")
    rig.tenant.fault(USERINFO, status=401)
    got = [once(host, token, clock=c) for c in (0, 3, 4)]
    rig.case(rig.tenant.count(USERINFO) == 2,
             "a refusal is not kept longer than a good answer would be", got,
             rig.tenant.count())


def revoked(rig, host):
    """What a person's tokens lose, they lose after userinfo_max_age."""
    fresh(rig, host)
    token = opaque(rig)
    with Decider(host) as decider:
        first = decider.ask(token, 0)
        rig.tenant.fault(USERINFO, status=401)
        got = [decider.ask(token, 59), decider.ask(token, 60)]
        rig.case([first, *got] == ["ok", "ok", "opaque_refused"],
                 "a token taken back opens nothing after userinfo_max_age",
                 first, got)


# --- what counts beside it ----------------------------------------------------

def policy_at_once(rig, host):
    """The answer is kept, the decision is not."""
    fresh(rig, host)
    deny = rig.write("deny", "")
    users = rig.write("map", "alice  alice\n")
    files = "\ndeny_file = %s\nuser_map = %s" % (deny, users)
    host.configure(OPAQUE + files)
    token = opaque(rig)
    sub = "auth0|5f7c8ec7c33c6c004bbafe82"
    with Decider(host) as living:
        living.ask(token)

        def both(what, want):
            got = once(host, token), living.ask(token)
            rig.case(got == (want, want) and
                     rig.tenant.count(USERINFO) == 1,
                     "%s: %s, nobody asked" % (what, want), got,
                     rig.tenant.count())
        both("nothing changed", "ok")
        rig.write("deny", "sub %s\n" % sub)
        both("his subject on the deny list", "denied_locally")
        rig.write("deny", "sub auth0|somebody\n")
        both("taken off it again", "ok")
        rig.write("map", "alice  bob\n")
        living.say(token)
        got = living.answer()
        rig.case(got == ("ok", "bob"), "mapped to another user", got)
        rig.write("map", "bob  bob\n")
        both("not in the map any more", "username_missing")
        rig.write("map", "alice  alice\n")
        both("back in it", "ok")
    for what, change, want in (
            ("a policy that asks for more", "required_claim = team staff",
             "claim_missing"),
            ("opaque tokens refused", "", "opaque_refused")):
        host.configure((OPAQUE + "\n" + change if change else "") + files)
        got = once(host, token)
        rig.case(got == want and rig.tenant.count(USERINFO) == 1,
                 "%s: %s, nobody asked" % (what, want), got,
                 rig.tenant.count())


def others(rig, host):
    """Another user, another service, one answer."""
    fresh(rig, host, OPAQUE + "\n[service ldap]\nopaque_tokens = refuse\n"
          "[service smtp]\nrequired_claim = team staff\n")
    token = opaque(rig)
    once(host, token)
    for what, options, want in (
            ("alice again", {"user": "alice"}, "ok"),
            ("as bob", {"user": "bob"}, "user_mismatch"),
            ("a service that refuses", {"service": "ldap"},
             "opaque_refused"),
            ("a service that asks for more", {"service": "smtp"},
             "claim_missing"),
            ("another service", {"service": "pop"}, "ok")):
        got = once(host, token, **options)
        rig.case(got == want and rig.tenant.count(USERINFO) == 1,
                 "%s: %s, nobody asked" % (what, want), got,
                 rig.tenant.count())
    with Decider(host, user="bob") as living:
        got = [living.ask(token), living.ask(token)]
    rig.case(got == ["user_mismatch"] * 2, "bob is never remembered", got)


# --- limits -----------------------------------------------------------------------

def tenants_limit(rig, host):
    """What the tenant says of its limits holds for every process."""
    short = OPAQUE + "\nuserinfo_max_age = 2"
    fresh(rig, host, short, burst=1, window=1000)
    token = opaque(rig)
    got = [once(host, token, clock=c) for c in (0, 3, 20)]
    rig.case(got == ["ok", "rate_limited", "rate_limited"] and
             rig.tenant.count(USERINFO) == 1,
             "X-RateLimit-Remaining: 0, nobody asks again", got,
             rig.tenant.count())
    fresh(rig, host, short)
    rig.tenant.fault(USERINFO, headers={
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(host.start + 30)})
    got = [once(host, token, clock=c) for c in (0, 3, 29, 30)]
    rig.case(got == ["ok", "rate_limited", "rate_limited", "ok"] and
             rig.tenant.count(USERINFO) == 2,
             "until X-RateLimit-Reset", got, rig.tenant.count())
    for what, options, until, slack in (
            ("Retry-After: 40", {"retry_after": "40"}, 40, 1),
            ("Retry-After: 100000, not believed", {"retry_after": "100000"},
             255, 1),
            # by the tenant's clock, which goes on
            ("X-RateLimit-Reset in 20 s", {"ratelimit_reset": 20}, 20, 15),
            ("no word on when", {}, 60, 1)):
        fresh(rig, host, short)
        rig.tenant.fault(USERINFO, status=429, times=1, **options)
        clocks = (0, until - slack, until + slack - 1)
        got = [once(host, token, clock=c) for c in clocks]
        rig.case(got == ["rate_limited", "rate_limited", "ok"] and
                 rig.tenant.count(USERINFO) == 2,
                 "429, %s: asked again after %d s and not before" % (
                     what, until), got, rig.tenant.count())
    fresh(rig, host, short)
    rig.tenant.fault(USERINFO, status=503, times=1, retry_after="30")
    got = [once(host, t, clock=c) for t, c in
           ((token, 0), (opaque(rig), 29), (token, 30))]
    rig.case(got == [AWAY, AWAY, "ok"] and rig.tenant.count(USERINFO) == 2,
             "503, Retry-After: 30, asked again then", got,
             rig.tenant.count())


def own_budget(rig, host):
    """Ours ends before Auth0's: 10 at once, then 5 a minute for a user."""
    fresh(rig, host, OPAQUE + "\nuserinfo_max_age = 0", burst=10)
    token = opaque(rig)
    got = [once(host, token, clock=0) for _ in range(12)]
    rig.case(got == ["ok"] * 8 + ["rate_limited"] * 4 and
             rig.tenant.count(USERINFO) == 8,
             "one token, 12 processes: 8 ask", got, rig.tenant.count())
    rig.tenant.control("clock", advance=61)
    got = [once(host, token, clock=61) for _ in range(6)]
    rig.case(got == ["ok"] * 4 + ["rate_limited"] * 2,
             "a minute later 4 may", got, rig.tenant.count())
    rig.case(429 not in [entry.get("status") for entry in rig.tenant.log()],
             "and the tenant never had to say 429", rig.tenant.log())
    got = once(host, opaque(rig, "dave"), clock=61)
    rig.case(got == "ok", "another user is not touched by it", got)
    fresh(rig, host, OPAQUE + "\nuserinfo_max_age = 0", burst=10)
    tokens = [opaque(rig) for _ in range(8)]
    got = [once(host, t, clock=0) for t in tokens + tokens[:1]]
    rig.case(got == ["ok"] * 8 + ["rate_limited"],
             "8 tokens of one user: the next time he has used them up", got)


def greedy(rig, host):
    """Who hammers on with one token takes nothing from the others."""
    fresh(rig, host, OPAQUE + "\nuserinfo_max_age = 0")
    token = opaque(rig)
    with Decider(host) as decider:
        got = [decider.ask(token, 0) for _ in range(150)]
    other = once(host, opaque(rig, "dave"), clock=0)
    rig.case(got.count("ok") == 8 and other == "ok",
             "150 logins of one user do not use up the tenant's budget",
             got.count("ok"), other)


def flood(rig, host):
    """Tokens that nobody issued: the tenant's limit is everybody's."""
    fresh(rig, host)
    old = "%032d"
    deciders = [Decider(host) for _ in range(8)]
    for i, decider in enumerate(deciders):
        decider.say("clock %d" % host.start, *(old % (100 * i + n) for n in range(50)))
    got = [decider.answer()[0] for decider in deciders for _ in range(50)]
    for decider in deciders:
        decider.close()
    asked = rig.tenant.count(USERINFO)
    rig.case(set(got) == {"opaque_refused", "rate_limited"} and
             asked == 100,
             "400 made-up tokens to 8 processes at once: %d requests, 100 "
             "allowed" % asked,
             {r: got.count(r) for r in set(got)})


# --- the files ------------------------------------------------------------------

def files(rig, host):
    fresh(rig, host)
    tokens = [opaque(rig) for _ in range(3)]
    for token in tokens:
        once(host, token)
    folder = host.kind_dir("userinfo")
    modes = {stat.S_IMODE(entry.stat().st_mode)
             for entry in os.scandir(folder)}
    rig.case(modes == {0o600} and
             stat.S_IMODE(os.stat(folder).st_mode) & 0o077 == 0 or
             os.geteuid() == 0 and modes == {0o600},
             "records, locks and marks are 0600", modes,
             oct(os.stat(folder).st_mode))
    records = [entry.name for entry in os.scandir(folder)
               if re.fullmatch("[0-9a-f]{64}", entry.name)]
    text = "".join(open(os.path.join(folder, name), errors="replace").read()
                   for name in records) + " ".join(os.listdir(folder))
    pieces = [t[i:i + 12] for t in tokens for i in range(60, len(t) - 12, 7)]
    rig.case(len(records) == 3 and not any(p in text for p in pieces),
             "and have no piece of a token in them", records)
    before = len(os.listdir(folder))
    got = once(host, tokens[0], clock=4000)
    after = len(os.listdir(folder))
    rig.case(got == "ok" and after < before and not host.left_over(),
             "what is older than an hour is swept, locks too: %d files, then "
             "%d" % (before, after), got)


def bounded(rig, host):
    """Ten thousand answers of one busy hour do not stay for ever."""
    fresh(rig, host)
    once(host, opaque(rig))
    folder = host.kind_dir("userinfo")
    for n in range(10000):
        open(os.path.join(folder, "%064x" % n), "wb").close()
        if n % 40 == 0:
            open(os.path.join(folder, "stripe-x%d.lock" % n), "wb").close()
    got = once(host, opaque(rig), clock=61)
    left = len(os.listdir(folder))
    rig.case(got == "ok" and left <= 8192 + 2,
             "10000 records and 250 locks: %d files stay" % left, got)
    held = os.path.join(folder, "stripe-held.lock")
    with open(held, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(held, (1, 1))
        once(host, opaque(rig), clock=140)
        rig.case(os.path.exists(held), "a lock that is held is not swept")
    once(host, opaque(rig), clock=220)
    rig.case(not os.path.exists(held), "and is when it is not")


def main():
    with Rig("opaque") as rig:
        host = Host(rig.path("host"), rig.tenant.issuer, rig.ca)
        for part in (never_sent, never_for, picks_a_tenant, looks_weaker,
                     single_flight, hung_holder, ages, revoked,
                     policy_at_once, others, tenants_limit, own_budget, greedy,
                     flood, files, bounded):
            part(rig, host)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
