# SPDX-License-Identifier: BSD-2-Clause
"""Binds on a real slapd, over its socket: with a token, and in the ways that
slapd has by itself.  One client; the ways take turns."""

import glob
import os
import statistics
import sys
import time

from directory import Directory, oauthbearer

ROUNDS, BATCH = 31, 20


def cpu_ns(pid):
    """What the threads of a process have used."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path, encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def ways(rig, directory, ldap):
    """(name, bind: its result code) each."""
    dn = directory.dn("alice")
    seen = oauthbearer(rig.tenant.mint("alice"))
    new = iter([oauthbearer(rig.tenant.mint("alice"))
                for _ in range((ROUNDS + 1) * BATCH)])
    return [
        ("simple, a password", lambda: ldap.simple_bind(dn, "secret")),
        ("PLAIN, a password",
         lambda: ldap.bind("PLAIN", b"\0alice\0secret")[0]),
        ("EXTERNAL", lambda: ldap.bind("EXTERNAL", b"")[0]),
        ("OAUTHBEARER, a new token",
         lambda: ldap.bind("OAUTHBEARER", next(new))[0]),
        ("OAUTHBEARER, token seen before",
         lambda: ldap.bind("OAUTHBEARER", seen)[0]),
    ]


def sample(bind, pid):
    """Nanoseconds of one bind: those of the clock, and slapd's CPU."""
    cpu, start = cpu_ns(pid), time.perf_counter_ns()
    codes = [bind() for _ in range(BATCH)]
    took = time.perf_counter_ns() - start, cpu_ns(pid) - cpu
    if any(codes):
        sys.exit("bench: a bind failed: %s" % codes)
    return [n / BATCH for n in took]


def main(rig):
    rig.configure("keys_max_age = 3600")
    directory = Directory(rig)
    with open(os.path.join(rig.dir, "slapd.pid"), encoding="ascii") as f:
        pid = int(f.read())
    with directory.connect_here() as ldap:
        candidates = ways(rig, directory, ldap)
        for _, bind in candidates:
            sample(bind, pid)           # warms up
        samples = [[sample(bind, pid) for _, bind in candidates]
                   for _ in range(ROUNDS)]
    print("binds on slapd, one client on its socket, %d rounds of %d in turns"
          % (ROUNDS, BATCH))
    print("%-34s %10s %10s %13s" % ("", "median us", "per second",
                                    "slapd CPU us"))
    for (name, _), taken in zip(candidates, zip(*samples)):
        wall, cpu = (statistics.median(x) / 1e3 for x in zip(*taken))
        print("%-34s %10.0f %10.0f %13.0f" % (name, wall, 1e6 / wall, cpu))
    print(flush=True)
    return 0
