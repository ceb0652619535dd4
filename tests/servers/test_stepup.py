#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A service that wants more than a valid token: a login a short while ago,
with a second factor; and one that lets each token in once."""

import os
import sys
import threading
import time

import rig as rig_module
from rig import BUILD, Rig

PREFIX = "https://example.com/"
DECIDE = os.path.join(BUILD, "tests", "tools", "decide")


def decide(rig, token, service="sudo", config=None):
    """What the core says: the reason."""
    _, out = rig.run(DECIDE, config or os.path.join(rig.dir, "audient.conf"),
                     service, "alice", text=token + "\n")
    return out.split()[0] if out else out


def expect(rig, what, want, **claims):
    token = rig.tenant.mint("alice", claims=claims)
    got = decide(rig, token)
    rig.case(got == want, "%s: %s" % (what, want), got)


def ages(rig):
    rig.configure("max_auth_age = 300\nclock_tolerance = 5\n")
    now = int(time.time())
    rows = [
        ("a login just now", now, "ok"),
        ("290 seconds ago", now - 290, "ok"),
        ("with a fraction", now - 10.5, "ok"),
        ("310 seconds ago", now - 310, "too_old"),
        ("a day ago", now - 86400, "too_old"),
        ("in 1970", 0, "too_old"),
        ("not said", None, "claim_missing"),
        ("a string", str(now), "claim_invalid"),
        ("true", True, "claim_invalid"),
        ("a list", [now], "claim_invalid"),
        ("before 1970", -5, "claim_invalid"),
        ("in ten minutes", now + 600, "claim_invalid"),
        ("beyond the year 9999", 1e300, "claim_invalid"),
    ]
    for what, value, want in rows:
        expect(rig, "max_auth_age, " + what, want, auth_time=value)
    rig.configure("max_auth_age = 300\nauthn_claim_prefix = %s\n" % PREFIX)
    expect(rig, "a prefix: the plain claim does not count", "claim_missing",
           auth_time=now)
    expect(rig, "a prefix", "ok", **{PREFIX + "auth_time": now})


def contexts(rig):
    rig.configure("required_acr = gold urn:example:loa2\n")
    for value, want in (("gold", "ok"), ("urn:example:loa2", "ok"),
                        ("silver", "claim_missing"), ("Gold", "claim_missing"),
                        ("gold ", "claim_missing"), ("", "claim_missing"),
                        (None, "claim_missing"), (["gold"], "claim_missing"),
                        (1, "claim_missing")):
        expect(rig, "required_acr, %r" % (value,), want, acr=value)


def methods(rig):
    rig.configure("required_amr = mfa hwk\n")
    for value, want in ((["mfa", "hwk"], "ok"), (["hwk", "x", "mfa"], "ok"),
                        (["mfa"], "claim_missing"), ([], "claim_missing"),
                        ("mfa hwk", "claim_missing"), (None, "claim_missing"),
                        ({"mfa": 1, "hwk": 1}, "claim_missing"),
                        (["MFA", "hwk"], "claim_missing"),
                        (["mfahwk"], "claim_missing")):
        expect(rig, "required_amr, %r" % (value,), want, amr=value)


def once(rig):
    rig.configure("clock_tolerance = 0\n[service sudo]\nsingle_use = yes\n")
    token = rig.tenant.mint("alice", ttl=600)
    verdicts = [decide(rig, token) for _ in range(3)]
    rig.case(verdicts == ["ok", "denied_locally", "denied_locally"],
             "single_use: a token opens sudo once", verdicts)
    rig.case(decide(rig, token, "sshd") == "ok",
             "single_use: another service asks nothing of that")
    rig.case(decide(rig, rig.tenant.mint("alice", ttl=601)) == "ok",
             "single_use: the next token is another one")
    verdict = rig.explain(token, "--service", "sudo")
    rig.case(verdict["reason"] == "denied_locally" and
             verdict["checks"][-1]["found"] == "it has opened sudo once",
             "single_use: audient explain says that it was used", verdict)
    fresh = rig.tenant.mint("alice", ttl=602)
    first = rig.explain(fresh, "--service", "sudo")
    rig.case(first["reason"] == "ok" and decide(rig, fresh) == "ok",
             "single_use: audient explain uses nothing up", first)
    refused = rig.tenant.mint("alice", ttl=603, audience="https://x.example/")
    rig.case(decide(rig, refused) == "audience_refused",
             "single_use: what is refused was not used")


def racing(rig):
    """Of twenty at once one gets in."""
    token = rig.tenant.mint("alice", ttl=604)
    verdicts = []

    def run():
        verdicts.append(decide(rig, token))

    threads = [threading.Thread(target=run) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    rig.case(sorted(set(verdicts)) == ["denied_locally", "ok"] and
             verdicts.count("ok") == 1,
             "single_use: twenty at once, one gets in", verdicts)


def unwritable(rig):
    used = os.path.join(rig.dir, "cache", "0", "used")
    os.rename(used, used + ".away")
    rig.write("cache/0/used", "a file, no directory\n")
    got = decide(rig, rig.tenant.mint("alice", ttl=605))
    rig.case(got == "internal",
             "single_use: no place to remember the use is a refusal", got)
    os.unlink(used)
    os.rename(used + ".away", used)


def kept(rig):
    """Whatever is past its end and a day is swept away."""
    used = os.path.join(rig.dir, "cache", "0", "used")
    names = [n for n in os.listdir(used) if "." not in n]
    old = time.time() - 2 * 86400
    for name in names[:-1]:
        os.utime(os.path.join(used, name), (old, old))
    mark = os.path.join(used, "sweep.mark")
    os.utime(mark, (old, old))
    decide(rig, rig.tenant.mint("alice", ttl=606))
    left = [n for n in os.listdir(used) if "." not in n]
    rig.case(len(left) == 2 and names[-1] in left,
             "single_use: what is over is forgotten, the rest is not",
             names, left)


def letters(rig):
    """username_case"""
    name = rig_module.USERNAME_CLAIM
    rows = [("exact", "Alice", "user_mismatch"), ("lower", "Alice", "ok"),
            ("lower", "ALICE", "ok"), ("lower", "alice", "ok"),
            ("lower", "al\u0130ce", "username_unsafe"),
            ("lower", "Bob", "user_mismatch"),
            ("lower", "A" * 2000, "username_unsafe")]
    for case, value, want in rows:
        rig.configure("username_case = %s\n" % case)
        expect(rig, "username_case = %s, %.10s" % (case, value), want,
               **{name: value})


def main():
    rig_module.need_root()
    with Rig("stepup") as rig:
        ages(rig)
        contexts(rig)
        methods(rig)
        once(rig)
        racing(rig)
        unwritable(rig)
        kept(rig)
        letters(rig)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
