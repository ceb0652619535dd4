#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: sets the scene for the programs of this folder, runs them, and
writes a page with all figures and pictures of them.  What is compared was
measured in one run, sample by sample in turns.

    bench.py [DIRECTORY]        where the page goes; bench/ of the build
"""

import json
import os
import re
import shutil
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "servers"))

import hostbench                                                # noqa: E402
import pambench                                                 # noqa: E402
import report                                                   # noqa: E402
import saslbench                                                # noqa: E402
from rig import (AUDIENCE, BUILD, OTHER_AUDIENCE,               # noqa: E402
                 USERNAME_CLAIM, Rig)

HERE = os.path.join(BUILD, "tests", "bench")
PYTHON_PEER = os.path.join(SOURCE, "tests", "bench", "peer_python.py")
TOKEN_SIZE = 1056       # bytes, of a token with a few permissions
BATCH = 20              # validations in a round of bench_validate
ROUNDS = os.environ.get("ROUNDS", "201")
NUMBERS = re.compile(r"(?<=\s)[\d.]+(?=\s|$)")


class Bench:
    """A scene, and what was measured on it: {group: [(name, [number])]}."""

    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.results, self.texts = {}, {}

    def run(self, group, name, *arguments, cores=1):
        """Runs a program on one core, so that it does not wander."""
        real = os.path.join(HERE, ".libs", name)
        program = real if os.path.exists(real) else os.path.join(HERE, name)
        command = [program, *map(str, arguments)]
        if cores == 1:
            core = str(max(os.sched_getaffinity(0)))
            command = ["taskset", "-c", core] + command
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit("%s: exit status %d" % (name, done.returncode))
        print("== %s ==\n%s" % (group, done.stdout), flush=True)
        self.texts[group] = done.stdout
        rows = [(re.split(r"\s{2,}", row)[0], NUMBERS.findall(row[30:]))
                for row in done.stdout.splitlines()[2:]]
        self.results[group] = [(name, [float(x) for x in numbers])
                               for name, numbers in rows if numbers]

    def token(self, name, how_many=1, **options):
        """A file with tokens, a line each, and each another one."""
        options = {"user": "alice", "permissions": [
            "login:ssh", "mail:read", "a:b", "c:d"],
            "pad_to": TOKEN_SIZE, **options}
        return self.rig.write("token-" + name, "\n".join(
            self.tenant.mint(**{**options, "claims": {
                USERNAME_CLAIM: "nobody", "number": 10000 + i,
                **options.get("claims", {})}}) for i in range(how_many)))

    def jwks(self):
        status, _, text = self.tenant.request("GET", "/.well-known/jwks.json")
        assert status == 200
        return json.loads(text)

    def keys_on_disk(self, name="bench", keys=None, text=""):
        """A configuration without a network."""
        jwks = self.rig.write(name + ".jwks", json.dumps(keys or self.jwks()))
        return self.rig.configure("jwks_file = %s\n%s" % (jwks, text),
                                  name + ".conf")


# --- validations ------------------------------------------------------------------

def validate(b):
    for alg in ("RS256", "PS256", "ES256"):
        token = b.token(alg, alg=alg)
        fresh = b.token(alg + "-new", (int(ROUNDS) + 2) * BATCH, alg=alg)
        config = b.keys_on_disk(alg, text="algorithms = " + alg)
        b.run("validate-" + alg, "bench_validate", token, fresh,
              os.path.join(b.rig.dir, alg + ".jwks"), config, AUDIENCE,
              b.tenant.issuer, PYTHON_PEER, ROUNDS)


def cases(b, group, mode, rows, rounds=ROUNDS):
    words = [word for row in rows for word in row]
    b.run(group, "bench_check", mode, rounds, *words)


def refusals(b):
    config = b.keys_on_disk()
    good = open(b.token("good")).read()
    head, payload, signature = good.split(".")
    changed = signature[:-9] + ("A" if signature[-9] != "A" else "B") + \
        signature[-8:]

    def row(name, token, reason):
        return name, config, b.rig.write("token-" + name, token), reason

    cases(b, "refusals", "check", [
        row("accepted", good, "ok"),
        row("no token at all", "swordfish of old", "not_a_token"),
        row("payload cut short", ".".join((head, payload[:-8], signature)),
            "signature_invalid"),
        row("header without an end",
            ".".join((head[:-4], payload, signature)), "token_malformed"),
        row("unsigned", open(b.token("none", alg="none")).read(),
            "token_malformed"),
        row("key unknown", open(b.token("kid", kid="nobody")).read(),
            "key_unknown"),
        row("signature changed", ".".join((head, payload, changed)),
            "signature_invalid"),
        row("expired", open(b.token("e", ttl=-3600)).read(), "expired"),
        row("for another API",
            open(b.token("a", audience=OTHER_AUDIENCE)).read(),
            "audience_refused"),
        row("of another issuer",
            open(b.token("i", claims={"iss": "https://other.example.com/"})
                 ).read(), "issuer_refused"),
    ])


def growth(b):
    config, token = b.keys_on_disk(), b.token("1000", pad_to=1000)
    cases(b, "size", "check", [
        ("%d" % n, config, b.token(str(n), pad_to=n), "ok")
        for n in (1000, 2000, 4000, 8000, 16000)])

    keys = b.jwks()
    signer = keys["keys"][0]
    cases(b, "keys", "check", [
        ("%d" % n, b.keys_on_disk("keys%d" % n, {"keys": [
            {**signer, "kid": "other-%d" % i} for i in range(n - 1)
        ] + [signer]}), token, "ok") for n in (1, 2, 4, 8, 16, 32)])

    def tenants(n):
        text = "audience = %s\nusername_claim = %s\n" % (
            AUDIENCE, USERNAME_CLAIM)
        for i in range(n):
            last = i == n - 1
            issuer = b.tenant.issuer if last else \
                "https://tenant%d.example.com/" % i
            jwks = b.rig.write("tenant-%d-%d.jwks" % (n, i), json.dumps({
                "keys": [signer if last else {**signer,
                                              "kid": "other-%d" % i}]}))
            text += "[tenant t%d]\nissuer = %s\njwks_file = %s\n" % (
                i, issuer, jwks)
        text += "[service bench]\ntenant = %s\n" % " ".join(
            "t%d" % i for i in range(n))
        return b.rig.write("tenants%d.conf" % n, text)

    cases(b, "tenants", "check", [
        ("%d" % n, tenants(n), token, "ok") for n in (1, 2, 4, 8, 16, 32)])

    def mapped(n):
        users = b.rig.write("users%d" % n, "".join(
            "somebody%d user%d\n" % (i, i) for i in range(n - 1)
        ) + "nobody alice\n")
        return b.keys_on_disk("map%d" % n, text="user_map = " + users)

    rows = [("%d" % n, mapped(n), token, "ok")
            for n in (10, 100, 1000, 10000, 100000)]
    cases(b, "map-check", "check", rows, 51)
    cases(b, "map-login", "login", rows, 51)
    b.run("processes", "bench_procs", config, token, 7,
          1, 2, 4, 8, 16, 32, cores=None)


# --- logins -----------------------------------------------------------------------

def pam(b):
    b.tenant.reset()    # no key is left for tokens with other algorithms
    pambench.logins(b, ROUNDS)


def sasl(b):
    saslbench.exchanges(b, ROUNDS)
    saslbench.binds(b)
    hostbench.logins(b)


def opaque(b):
    """Two tokens a round; the tenant's budget ends after a hundred."""
    config = b.rig.configure("opaque_tokens = accept-unbound\n"
                             "required_claim = email_verified true\n"
                             "userinfo_max_age = 600\n", "opaque.conf")
    b.tenant.control("limit", burst=1000000)
    tokens = [b.tenant.mint("alice", kind="opaque") for _ in range(80)]
    b.run("opaque", "bench_opaque", config,
          b.rig.write("opaque", "\n".join(tokens) + "\n"))
    b.run("lookup", "bench_fetch", os.path.join(BUILD, "audient-fetch"),
          b.rig.ca, b.tenant.issuer + "userinfo",
          b.rig.write("opaque1", tokens[0]), 51)


def instructions(b):
    """Counted, not timed: the same on each run."""
    done = subprocess.run(
        [sys.executable, os.path.join(os.path.dirname(
            os.path.abspath(__file__)), "check_instructions.py")],
        stdout=subprocess.PIPE, text=True, check=False)
    lines = re.findall(r"^(?:not )?ok \d+ - (.*)$", done.stdout, re.M)
    if not lines:
        sys.exit("check_instructions.py: " + done.stdout)
    b.texts["instructions"] = "\n".join(lines)
    print("== instructions ==\n%s\n" % b.texts["instructions"], flush=True)
    b.results["instructions"] = [
        ("%s, %s" % (reason, what), [float(x) for x in (n, more) if x])
        for reason, n, what, more in re.findall(
            r"^([\w ,-]+): ([\d.]+) (instructions|allocations)"
            r"(?: of our own, ([\d.]+))?", b.texts["instructions"], re.M)]


def main():
    out = os.path.join(BUILD, "bench")
    if len(sys.argv) > 1:
        out = os.path.abspath(sys.argv[1])
    os.makedirs(out, exist_ok=True)
    with Rig("bench") as rig:
        bench = Bench(rig)
        for part in (validate, instructions, refusals, growth, pam, sasl,
                     opaque):
            part(bench)
    report.write(out, bench.results, bench.texts,
                 draw=shutil.which("gnuplot") is not None)
    print("the page: " + os.path.join(out, "README.md"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
