#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: sets the scene for the programs of this folder and runs them.
Every comparison is made in one run, sample by sample in turns."""

import os
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "servers"))

import saslbench                                                # noqa: E402
from rig import AUDIENCE, BUILD, USERNAME_CLAIM, Rig            # noqa: E402

HERE = os.path.join(BUILD, "tests", "bench")
TOKEN_SIZE = 1056       # bytes, of a token with a few permissions
ROUNDS = os.environ.get("ROUNDS", "201")


def program(name):
    """The program itself and not libtool's wrapper."""
    real = os.path.join(HERE, ".libs", name)
    return real if os.path.exists(real) else os.path.join(HERE, name)


def run(*command):
    """On one core, so that it does not wander."""
    core = str(max(os.sched_getaffinity(0)))
    done = subprocess.run(("taskset", "-c", core) + command, check=False)
    print(flush=True)
    return done.returncode


def validate(rig, token):
    status, _, jwks = rig.tenant.request("GET", "/.well-known/jwks.json")
    assert status == 200
    jwks = rig.write("jwks.json", jwks.decode())
    config = rig.configure("jwks_file = " + jwks, "bench.conf")
    return run(program("bench_validate"), token, jwks, config, AUDIENCE,
               rig.tenant.issuer, ROUNDS)


def pam(rig, token):
    config = rig.configure("", "pam.conf")
    libs = os.path.join(BUILD, ".libs")
    for service, module in (
            ("empty", os.path.join(HERE, ".libs", "pam_empty.so")),
            ("crypto", os.path.join(HERE, ".libs", "pam_crypto.so")),
            ("audient", "%s/pam_audient.so config=%s" % (libs, config))):
        rig.write("pam.d/" + service, "auth required %s\n" % module)
    return run(program("bench_pam"), os.path.join(rig.dir, "pam.d"), token,
               ROUNDS)


def opaque(rig):
    """Two tokens a round; the tenant's budget ends after a hundred."""
    config = rig.configure("opaque_tokens = accept-unbound\n"
                           "required_claim = email_verified true\n"
                           "userinfo_max_age = 600\n", "opaque.conf")
    rig.tenant.control("limit", burst=1000000)
    tokens = rig.write("opaque", "".join(
        rig.tenant.mint("alice", kind="opaque") + "\n" for _ in range(80)))
    return run(program("bench_opaque"), config, tokens)


def lookups(rig):
    token = rig.write("opaque1", rig.tenant.mint("alice", kind="opaque"))
    return run(program("bench_fetch"), os.path.join(BUILD, "audient-fetch"),
               rig.ca, rig.tenant.issuer + "userinfo", token, "51")


def main():
    with Rig("bench") as rig:
        token = rig.write("token", rig.tenant.mint(
            "alice", permissions=["login:ssh", "mail:read", "a:b", "c:d"],
            claims={USERNAME_CLAIM: "nobody"}, pad_to=TOKEN_SIZE))
        return validate(rig, token) or pam(rig, token) or \
            saslbench.exchanges(rig, token, run, program, ROUNDS) or \
            saslbench.binds(rig) or \
            opaque(rig) or lookups(rig)


sys.exit(main())
