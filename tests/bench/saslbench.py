# SPDX-License-Identifier: BSD-2-Clause
"""What our SASL plug-in costs: an exchange, a process that loads it and never
uses it, and a bind on a real slapd, beside the ways that slapd has by itself.
"""

import base64
import glob
import json
import os
import statistics
import sys
import time

from directory import Directory, oauthbearer
from rig import BUILD

ROUNDS, BATCH = 31, 20


def key_of(jwks, token):
    """The published key that a token is signed with."""
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "==="))
    return next(key for key in jwks["keys"] if key["kid"] == header["kid"])


def plugins(rig):
    """Directories: none, ours alone, the system's, and both."""
    out = [rig.path(name) for name in ("empty", "alone", "system", "both")]
    ours = os.path.join(BUILD, ".libs", "libaudient.so")
    for path in (out[1], out[3]):
        os.symlink(ours, os.path.join(path, "libaudient.so"))
    for plugin in glob.glob("/usr/lib/*/sasl2/*.so"):
        for path in out[2:]:
            if "audient" not in plugin:
                os.symlink(plugin,
                           os.path.join(path, os.path.basename(plugin)))
    return out


def exchanges(b, rounds):
    token, config = b.token("sasl"), b.keys_on_disk("sasl")
    with open(token, encoding="ascii") as f:
        key = b.rig.write("jwk", json.dumps(key_of(b.jwks(), f.read())))
    empty, alone, system, both = plugins(b.rig)
    b.run("sasl", "bench_sasl", alone, token, key, config, rounds)
    b.run("sasl-load", "bench_load", empty, system, both, config, rounds)


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
    # a number in each: two tokens of one second would be the same
    new = iter([oauthbearer(rig.tenant.mint("alice", claims={"number": i}))
                for i in range((ROUNDS + 1) * BATCH)])
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


def measure(rig):
    """(name, medians of microseconds: by the clock, and slapd's CPU) each."""
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
    for (name, _), taken in zip(candidates, zip(*samples)):
        yield name, [statistics.median(x) / 1e3 for x in zip(*taken)]


def binds(b):
    """One client on slapd's socket; the ways take turns."""
    text = ["%d rounds of %d binds in turns" % (ROUNDS, BATCH),
            "%-34s %10s %10s %13s" % ("", "median us", "per second",
                                      "slapd CPU us")]
    b.results["sasl-binds"] = []
    for name, (wall, cpu) in measure(b.rig):
        text.append("%-34s %10.0f %10.0f %13.0f" % (name, wall, 1e6 / wall,
                                                    cpu))
        b.results["sasl-binds"].append((name, [wall, 1e6 / wall, cpu]))
    b.texts["sasl-binds"] = "\n".join(text)
    print("== sasl-binds ==\n%s\n" % b.texts["sasl-binds"], flush=True)
