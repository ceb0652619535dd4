#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clocks that jump, stand still or are years away: what becomes of tokens, of
what is remembered and of keys; and what the host says about it."""

import os
import sys

from faultlib import Decider, Host, Scenes, Table, list_rows, once
from rig import Rig

AWAY = "issuer_unavailable"
OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"
VERIFIED = {"email_verified": True}
MINUTE, HOUR, DAY = 60, 3600, 86400
JWKS, USERINFO = "/.well-known/jwks.json", "/userinfo"
TOLERANCE = 30
LAST = 253402300799     # of the year 9999
SET = 1767225600        # no clock that was set shows less
scenes = Scenes()


class Place:
    """A host, its tenant, and tokens issued when we say so."""

    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.host = Host(rig.path("host"), rig.tenant.issuer, rig.ca, OPAQUE)
        self.start = self.host.start

    def jwt(self, ttl=DAY, at=0):
        """One that was issued so many seconds after the host began."""
        return self.tenant.mint("alice", claims={
            "iat": self.start + at, "exp": self.start + at + ttl,
            **VERIFIED})

    def opaque(self):
        return self.tenant.mint("alice", kind="opaque")

    def living(self):
        """A host that lives long and knows nothing yet."""
        self.host.forget()
        self.tenant.forget()
        return Decider(self.host)

    def asked(self, path, number):
        self.rig.case(self.tenant.count(path) == number,
                      "%d requests for %s" % (number, path),
                      self.tenant.count())


@scenes.scene("an hour back, before a token was issued",
              "ok", "not_yet_valid", "ok")
def before_issue(p):
    token = p.jwt()
    with p.living() as host:
        return host.ask_all((token, 0), (token, -HOUR), (token, 0))


@scenes.scene("an hour back, with keys of the time before it",
              "ok", "ok", "ok", "ok")
def keys_from_the_future(p):
    token = p.jwt(at=-2 * HOUR)
    with p.living() as host:
        got = host.ask_all((token, 0), (token, -HOUR), (token, 10 - HOUR),
                           (token, 700 - HOUR))
    p.asked(JWKS, 3)
    return got


@scenes.scene("the same keys, a process for each login", "ok", "ok", "ok")
def keys_on_disk_from_the_future(p):
    token = p.jwt(at=-2 * HOUR)
    p.living().close()
    return [once(p.host, token, clock=t) for t in (0, -HOUR, 10 - HOUR)]


@scenes.scene("ahead, past the end of a token that is remembered",
              "ok", "ok", "ok", "expired", "expired")
def past_the_end(p):
    token = p.jwt(ttl=300)
    with p.living() as host:
        return host.ask_all(
            (token, 0), (token, 1), (token, 299 + TOLERANCE),
            (token, 300 + TOLERANCE), (token, DAY))


@scenes.scene("opaque token, an hour back", "ok", "ok", "ok", "ok", "ok")
def opaque_back(p):
    """What is remembered does not last longer for it."""
    token = p.opaque()
    with p.living() as host:
        got = host.ask_all((token, 0), (token, 30), (token, -HOUR),
                           (token, MINUTE - 1 - HOUR),
                           (token, MINUTE - HOUR))
    p.asked(USERINFO, 3)
    return got


@scenes.scene("opaque token, an hour back, a process for each login", "ok", "ok", "ok")
def opaque_on_disk_back(p):
    token = p.opaque()
    p.living().close()
    got = [once(p.host, token, clock=t) for t in (0, -HOUR, MINUTE - HOUR)]
    p.asked(USERINFO, 3)
    return got


@scenes.scene("ahead for ten days, and right again: a token that was used",
              "ok", "denied_locally", "ok", "denied_locally")
def used_before(p):
    """What another token cannot know to be over is not forgotten."""
    used, other = p.jwt(ttl=300), p.jwt(ttl=20 * DAY)
    p.host.configure(OPAQUE + "\nsingle_use = yes")
    with p.living() as host:
        got = host.ask_all((used, 0), (used, 1), (other, 10 * DAY), (used, 2))
    p.host.configure(OPAQUE)
    return got


@scenes.scene("ahead for a hundred days: an opaque token that was used",
              "ok", "denied_locally", "ok", "denied_locally")
def used_opaque_before(p):
    used, other = p.opaque(), p.opaque()
    p.host.configure(OPAQUE + "\nsingle_use = yes")
    with p.living() as host:
        got = host.ask_all((used, 0), (used, 1), (other, 100 * DAY),
                           (used, 2))
    p.host.configure(OPAQUE)
    return got


@scenes.scene("a clock that was never set: 1970", AWAY, AWAY)
def never_set(p, now=5):
    with p.living() as host:
        got = host.ask_all((p.jwt(), now - p.start),
                           (p.opaque(), now - p.start))
    p.rig.case(p.tenant.count()["total"] == 0, "nobody is asked",
               p.tenant.count())
    return got


@scenes.scene("a second before the first that can be true", AWAY, AWAY)
def too_early(p):
    return never_set(p, SET - 1)


@scenes.scene("the last second of the year 9999, and back",
              "ok", "expired", "ok")
def last_second(p):
    token = p.jwt()
    with p.living() as host:
        return host.ask_all((token, 0), (token, LAST - p.start), (token, 0))


def around(limit, what):
    """A time that does not fit into so many bits any more."""
    for when, now in (("the last second", limit - 1),
                      ("the second", limit), ("a day", limit + DAY)):
        @scenes.scene("%s %s %s" % (
            when, "before" if now < limit else "after", what),
            "ok", "expired", "not_yet_valid", "ok", "ok", "ok", "ok")
        def at(p, now=now):
            ago = now - p.start
            tokens = [p.jwt(at=ago - 10), p.jwt(at=ago - 2 * DAY),
                      p.jwt(at=ago + TOLERANCE + 1), p.jwt(at=ago + TOLERANCE),
                      p.jwt(at=ago - DAY - TOLERANCE + 1)]
            opaque = p.opaque()
            with p.living() as host:
                got = host.ask_all(*((t, ago) for t in (
                    *tokens, opaque, opaque)))
            p.asked(USERINFO, 1)
            return got


around(2**31, "31 bits end, in 2038")
around(2**32, "32 bits end, in 2106")


def visibly_wrong(p, offset, words):
    """The tenant's Date header says that it is our clock."""
    token = p.tenant.mint("alice", claims=VERIFIED)
    p.tenant.control("date", offset=offset)
    with p.living() as host:
        reason = host.ask(token)
    p.rig.case(host.close().count("the clock of this host is") == 1 and
               "seconds " + words in host.log, "the log says so", host.log)
    shown = [step for step in p.host.explain(token)[3]["checks"]
             if step["check"] == "clock"]
    p.rig.case(len(shown) == 1 and words in str(shown), "so does explain",
               shown)
    p.tenant.control("date", offset=0)
    return [reason]


@scenes.scene("ten minutes behind the tenant's Date header", "ok")
def behind(p):
    return visibly_wrong(p, 600, "behind")


@scenes.scene("ten minutes ahead of it", "ok")
def ahead(p):
    return visibly_wrong(p, -600, "ahead of")


@scenes.scene("half a minute behind it", "ok")
def hardly_wrong(p):
    p.tenant.control("date", offset=30)
    with p.living() as host:
        reason = host.ask(p.tenant.mint("alice", claims=VERIFIED))
    p.rig.case("the clock of this host" not in host.close(),
               "and that is not worth a line", host.log)
    p.tenant.control("date", offset=0)
    return [reason]


def main():
    list_rows(scenes.names())
    with Rig("faults-clock") as rig:
        rig.tenant.control("limit", enabled=False)
        table = Table("clock faults", "clock", "logins, in turn")
        scenes.play(rig, table, Place(rig))
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
