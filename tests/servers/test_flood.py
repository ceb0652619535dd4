#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tokens with keys that nobody has seen: whatever their number and that of
the processes they come to, the tenant is asked once per cooldown."""

import os
import subprocess
import sys
import time

from rig import BUILD, Rig

PROCESSES, TOKENS = 50, 20
COOLDOWN = 5            # seconds; a test is to end some time
JWKS = "/.well-known/jwks.json"


def forged(tenant, process):
    """Each has a kid of its own, and no signature that could be good."""
    return "".join(
        tenant.mint("alice", kid="forged-%d-%d" % (process, i),
                    tamper="signature") + "\n" for i in range(TOKENS))


def flood(rig, config):
    """All processes at once; returns the reasons that they gave."""
    decide = os.path.join(BUILD, "tests", "tools", "decide")
    texts = [forged(rig.tenant, p) for p in range(PROCESSES)]
    rig.tenant.forget()
    start = time.monotonic()
    processes = [subprocess.Popen(
        [decide, config, "imap"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in texts]
    for process, text in zip(processes, texts):
        process.stdin.write(text)
        process.stdin.close()
    reasons = [line.split()[0] for p in processes for line in p.stdout]
    for process in processes:
        process.wait()
    return reasons, time.monotonic() - start


def main():
    with Rig("flood") as rig:
        config = rig.configure("refetch_cooldown = %d" % COOLDOWN)
        good = rig.tenant.mint("alice")
        rig.case(rig.explain(good, config=config)["verdict"] == "allow",
                 "a good token gets in, and its keys into the cache")
        time.sleep(COOLDOWN + 1)
        reasons, seconds = flood(rig, config)
        asked = rig.tenant.count(JWKS)
        allowed = 1 + int(seconds / COOLDOWN)
        rig.case(len(reasons) == PROCESSES * TOKENS and
                 set(reasons) == {"key_unknown"},
                 "%d forged tokens: key_unknown" % (PROCESSES * TOKENS),
                 set(reasons), len(reasons))
        rig.case(1 <= asked <= allowed,
                 "%d processes with %d forged keys each, cooldown %d s: "
                 "%d request(s) for keys, %d allowed" % (
                     PROCESSES, TOKENS, COOLDOWN, asked, allowed))
        rig.case(rig.explain(good, config=config)["verdict"] == "allow",
                 "the good token still gets in")
        return rig.finish()


sys.exit(main())
