#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Keys that come and go, a tenant that is away for hours, and hosts that
cannot ask: in a chroot, or with keys from a file.  The clock is ours, so that
an hour takes no longer than its logins."""

import os
import subprocess
import sys
import time

import rig as rig_module
from faultlib import (SLACK, TIMEOUT, Decider, Host, Scenes, Table, list_rows,
                      once)
from rig import BUILD, Rig

AWAY, UNKNOWN = "issuer_unavailable", "key_unknown"
OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"
JWKS, USERINFO = "/.well-known/jwks.json", "/userinfo"
MINUTE, HOUR, DAY = 60, 3600, 86400
COOLDOWN, MAX_AGE = 30, 600
scenes = Scenes()


class Place:
    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.host = Host(rig.path("host"), rig.tenant.issuer, rig.ca)
        self.start = self.host.start

    def fresh(self, extra=OPAQUE):
        """A host that knows nothing, and a tenant that is well."""
        self.tenant.reset()
        self.tenant.control("limit", enabled=False)
        self.host.forget()
        self.host.configure(extra)
        self.tenant.forget()

    def jwt(self, **options):
        return self.tenant.mint("alice", ttl=20 * DAY,
                                claims={"email_verified": True}, **options)

    def opaque(self):
        return self.tenant.mint("alice", kind="opaque")

    def refresh(self):
        """What root's timer does."""
        return subprocess.run(
            [os.path.join(BUILD, "audient"), "keys", "refresh", "--force",
             "--config", self.host.config], capture_output=True, text=True,
            timeout=rig_module.PATIENCE, check=False).stdout

    def case(self, ok, what, *details):
        self.rig.case(ok, what, *details)


def both(p, *questions):
    """What a host that lives long says, and then a process each time."""
    with Decider(p.host) as host:
        living = host.ask_all(*questions)
    asked = p.tenant.count(JWKS)
    p.host.forget()
    p.tenant.forget()
    single = [once(p.host, token, clock=clock) for token, clock in questions]
    p.case(single == living and p.tenant.count(JWKS) == asked,
           "the same if each login is a process; %d requests" % asked, single,
           p.tenant.count())
    return living


# --- rotation --------------------------------------------------------------------

@scenes.scene("rotation, the next key was published before", "ok", "ok", "ok")
def overlap(p):
    p.fresh()
    now, following = p.jwt(), p.jwt(key="next")
    with Decider(p.host) as host:
        got = [host.ask(now, 0)]
        p.tenant.rotate()
        got += host.ask_all((following, 1), (now, MAX_AGE + 1))
    p.case(p.tenant.count(JWKS) == 2, "nobody asks on account of it",
           p.tenant.count())
    return got


@scenes.scene("rotation to a key that nobody has seen",
              "ok", UNKNOWN, UNKNOWN, "ok", "ok")
def no_overlap(p):
    p.fresh()
    old = p.jwt()
    with Decider(p.host) as host:
        got = [host.ask(old, 0)]
        p.tenant.control("key", add="fresh")
        new = p.jwt(key="fresh")
        got += host.ask_all((new, 1), (new, COOLDOWN - 1), (new, COOLDOWN),
                            (old, COOLDOWN))
    p.case(p.tenant.count(JWKS) == 2, "one question for it",
           p.tenant.count())
    return got


@scenes.scene("a key taken away", "ok", "ok", UNKNOWN, UNKNOWN)
def taken_away(p):
    """It stops working within keys_max_age, also where it is remembered."""
    p.fresh()
    p.tenant.control("key", add="lost")
    token = p.jwt(key="lost")
    steps = (0, MAX_AGE - 1, MAX_AGE, DAY)
    with Decider(p.host) as host:
        got = [host.ask(token, 0)]
        p.tenant.control("key", drop="lost")
        got += host.ask_all(*((token, step) for step in steps[1:]))
    p.tenant.control("key", add="lost")
    token = p.jwt(key="lost")
    p.host.forget()
    single = [once(p.host, token, clock=0)]
    p.tenant.control("key", drop="lost")
    single += [once(p.host, token, clock=step) for step in steps[1:]]
    p.case(single == got, "the same if each login is a process", single)
    return got


@scenes.scene("a key taken away, and the tenant gives no answer for a day",
              "ok", "ok", "ok", AWAY)
def taken_away_and_gone(p):
    """That it was taken away can then not be known."""
    p.fresh()
    token = p.jwt()
    with Decider(p.host) as host:
        got = [host.ask(token, 0)]
        p.tenant.connection("refuse")
        got += host.ask_all((token, MAX_AGE), (token, DAY - 1), (token, DAY))
    return got


@scenes.scene("a key taken away, and then forged with", "ok", UNKNOWN)
def forged(p):
    p.fresh()
    good = p.jwt()
    bad = p.jwt(key="rogue", kid="lost")
    return both(p, (good, 0), (bad, COOLDOWN))


# --- a tenant that is down for an hour -----------------------------------------------

def hour(p, begin):
    """A JWT and an opaque token each minute; what they were told, and that
    all recovers by itself."""
    p.fresh()
    jwt, opaque = p.jwt(), p.opaque()
    slowest, told = 0.0, {}
    with Decider(p.host) as host:
        first = host.ask_all((jwt, 0), (opaque, 0))
        begin()
        p.tenant.forget()
        for minute in range(1, 61):
            for kind, token in (("JWT", jwt), ("opaque", opaque)):
                start = time.monotonic()
                reason = host.ask(token, minute * MINUTE + MAX_AGE)
                slowest = max(slowest, time.monotonic() - start)
                told.setdefault(kind, set()).add(reason)
        asked = p.tenant.count()
        p.tenant.clear()
        after = host.ask_all((jwt, HOUR + MAX_AGE + 60),
                             (opaque, HOUR + MAX_AGE + 60))
    single = [once(p.host, token, clock=HOUR + MAX_AGE + 61)
              for token in (jwt, opaque)]
    p.case(slowest < TIMEOUT + SLACK,
           "120 logins, the slowest took %.1f s" % slowest)
    p.case(asked["total"] <= 2 * 60 + 2,
           "%d requests came in that hour" % asked["total"], asked)
    p.case(single == ["ok", "ok"], "and so do new processes", single)
    got = ["%s %s" % (kind, " ".join(sorted(told[kind]))) for kind in told]
    return first + got + after


@scenes.scene("an hour without any answer", "ok", "ok", "JWT ok",
              "opaque " + AWAY, "ok", "ok")
def hour_refused(p):
    return hour(p, lambda: p.tenant.connection("refuse"))


@scenes.scene("an hour of status 503", "ok", "ok", "JWT ok",
              "opaque " + AWAY, "ok", "ok")
def hour_ill(p):
    return hour(p, lambda: p.tenant.fault("all", status=503))


@scenes.scene("an hour of status 429", "ok", "ok", "JWT ok",
              "opaque rate_limited", "ok", "ok")
def hour_limited(p):
    return hour(p, lambda: p.tenant.fault("all", status=429))


# --- hosts that cannot ask -------------------------------------------------------------

@scenes.scene("in a chroot, keys from root's timer",
              "ok", UNKNOWN, AWAY, "ok", AWAY, "ok", AWAY)
def chroot(p):
    """As Postfix does it: the plug-in is loaded, then comes the chroot."""
    p.fresh()
    p.refresh()
    p.host.start = int(time.time())     # that may have taken a while
    empty = p.rig.path("empty")
    old = p.jwt()
    with Decider(p.host) as host:
        host.say("jail " + empty)
        got = [host.ask(old, 0)]
        p.tenant.control("key", add="fresh")
        new = p.jwt(key="fresh")
        # the timer has just asked; later it might be worth asking again
        got += host.ask_all((new, 1), (new, COOLDOWN + 10))
        time.sleep(1.1)         # a record is as old as its second
        p.refresh()
        got += host.ask_all((new, COOLDOWN + 11),
                            (p.jwt(key="rogue"), COOLDOWN + 12),
                            # the timer has ended: old keys serve
                            (old, HOUR), (p.opaque(), HOUR))
    p.case(os.listdir(empty) == [], "nothing is written there",
           os.listdir(empty))
    return got


@scenes.scene("in a chroot, no keys at hand", AWAY)
def chroot_bare(p):
    p.fresh()
    with Decider(p.host) as host:
        host.say("jail " + p.rig.path("empty"))
        return [host.ask(p.jwt(), 0)]


@scenes.scene("jwks_file, a key taken out of it", "ok", "ok", UNKNOWN)
def from_file(p):
    p.fresh()
    p.tenant.control("key", add="kept")
    _, _, both_keys = p.tenant.request("GET", JWKS)
    token = p.jwt(key="kept")
    path = p.rig.write("jwks.json", both_keys.decode())
    p.host.configure(OPAQUE + "\njwks_file = " + path)
    p.tenant.control("key", drop="kept")
    _, _, one_less = p.tenant.request("GET", JWKS)
    p.tenant.forget()
    with Decider(p.host) as host:
        got = [host.ask(token, 0)]
        p.rig.write("jwks.json", one_less.decode())
        got += host.ask_all((token, MAX_AGE - 1), (token, MAX_AGE))
    p.case(p.tenant.count()["total"] == 0, "the tenant is never asked",
           p.tenant.count())
    return got


@scenes.scene("jwks_file is gone", "ok", "config_invalid", "ok")
def file_gone(p):
    p.fresh()
    _, _, keys = p.tenant.request("GET", JWKS)
    path = p.rig.write("jwks.json", keys.decode())
    p.host.configure(OPAQUE + "\njwks_file = " + path)
    token = p.jwt()
    got = [once(p.host, token)]
    os.unlink(path)
    got.append(once(p.host, token))
    p.rig.write("jwks.json", keys.decode())
    return got + [once(p.host, token)]


def main():
    list_rows(scenes.names())
    rig_module.need_root()
    with Rig("faults-keys") as rig:
        table = Table("keys faults", "fault", "logins, in turn")
        scenes.play(rig, table, Place(rig))
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
