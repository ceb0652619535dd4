#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How many instructions a decision takes outside of libcrypto, and how often
memory is allocated for it.  Unlike times, both are the same on each run, so a
change for the worse fails."""

import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "servers"))

import rig as rig_module                                        # noqa: E402
from rig import BUILD, OTHER_AUDIENCE, USERNAME_CLAIM, Rig      # noqa: E402

PROGRAM = os.path.join(BUILD, "tests", "bench", "bench_check")
LIMIT = 27000           # instructions for a token of a kilobyte; gcc 12: 24500
LIMIT_NEW = 31000       # the same for a host that remembers it; gcc 12: 28100
MODES = {"check": "", "new": ", a new token in a long-lived host"}
ROUNDS = (1, 6)
BATCH = 20              # decisions in a round of bench_check
ALLOCATORS = ("malloc", "calloc", "realloc")


class Profile:
    """A file of callgrind: instructions of each object, and calls of the
    allocators from each."""

    def __init__(self, path):
        self.cost = collections.Counter()
        self.allocations = collections.Counter()
        names, here, callee, is_call = {}, None, None, False
        for line in open(path, encoding="utf-8"):
            word, _, rest = line.rstrip().partition("=")
            if word in ("ob", "fn", "cfn", "cob", "cfi", "cfl", "fi", "fe",
                        "fl"):
                kind = {"cob": "ob", "cfn": "fn"}.get(word, word)
                number, _, name = rest.partition(" ")
                name = names.setdefault((kind, number), name)
                here = name if word == "ob" else here
                callee = name if word == "cfn" else callee
            elif word == "calls":
                is_call = True
                if re.split(r"['@]", callee)[0] in ALLOCATORS:
                    self.allocations[here] += int(rest.split()[0])
            elif re.match(r"[+\-*\d]", line):
                if not is_call:     # a call's line has what the callee took
                    self.cost[here] += int(line.split()[1])
                is_call = False

    def per_decision(self, less):
        n = (ROUNDS[1] - ROUNDS[0]) * BATCH
        return [{os.path.basename(key or "?"): (a[key] - b[key]) / n
                 for key in a if a[key] > b[key]}
                for a, b in ((self.cost, less.cost),
                             (self.allocations, less.allocations))]


def measure(rig, mode, config, token, reason):
    profiles = []
    for rounds in ROUNDS:
        out = os.path.join(rig.dir, "callgrind.%d" % rounds)
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out,
             PROGRAM, mode, str(rounds), reason, config, token, reason],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit("valgrind: " + done.stderr)
        profiles.append(Profile(out))
    return profiles[1].per_decision(profiles[0])


def is_ours(name):
    return "libcrypto" not in name


def main():
    rig_module.need("valgrind")
    with Rig("instructions") as rig:
        status, _, jwks = rig.tenant.request("GET", "/.well-known/jwks.json")
        assert status == 200
        config = rig.configure("jwks_file = " + rig.write(
            "jwks.json", jwks.decode()))
        rows = [("ok", "check", {}, LIMIT),
                ("audience_refused", "check", {"audience": OTHER_AUDIENCE},
                 LIMIT),
                ("expired", "check", {"ttl": -3600}, LIMIT),
                ("key_unknown", "check", {"kid": "nobody"}, LIMIT // 2),
                ("ok", "new", {}, LIMIT_NEW)]
        for reason, mode, options, limit in rows:
            name = reason + MODES[mode]
            # as two tokens of one second would be the same
            numbers = [{"number": 1000 + i} for i in range(
                (ROUNDS[1] + 1) * BATCH)] if mode == "new" else [{}]
            token = rig.write("token-" + name, "\n".join(
                rig.tenant.mint("alice", **{
                    "permissions": ["login:ssh", "mail:read"], "pad_to": 1056,
                    "claims": {USERNAME_CLAIM: "nobody", **number},
                    **options}) for number in numbers))
            cost, calls = measure(rig, mode, config, token, reason)
            ours = sum(n for of, n in cost.items() if is_ours(of))
            own = sum(n for of, n in calls.items() if is_ours(of))
            rig.case(0 < ours <= limit,
                     "%s: %d instructions outside of libcrypto, at most %d" %
                     (name, ours, limit), cost)
            rig.case(own == 0, "%s: %g allocations of our own, %g of "
                     "libcrypto" % (name, own, sum(calls.values()) - own),
                     calls)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
