#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A guest leaves the house as it was: runs tests/tools/guest beside a
tenant; and, without any network, a login that needs none."""

import os
import re
import subprocess
import sys

from rig import BUILD, Rig


def guest(rig, config, token):
    path = rig.write("token", token + "\n", 0o600)
    done = subprocess.run(
        [os.path.join(BUILD, "tests", "tools", "guest"), config, path],
        capture_output=True, text=True, timeout=120, check=False)
    for line in done.stdout.splitlines():
        found = re.match(r"(not )?ok \d+ - (.*)", line)
        if found:
            rig.case(not found.group(1), found.group(2))
        elif line.startswith("#"):
            print(line)
    rig.case(done.returncode == 0 and "1.." in done.stdout,
             "the host came to its end", done.returncode, done.stderr)


def without_network(rig, token):
    """In a network namespace that has nothing, not even loopback."""
    _, _, jwks = rig.tenant.request("GET", "/.well-known/jwks.json")
    config = rig.configure("jwks_file = " + rig.write("jwks.json",
                                                      jwks.decode()))
    audient = os.path.join(BUILD, "audient")
    for what, text, want in (
            ("a good token", token, 0),
            ("another audience", rig.tenant.mint(
                "alice", audience="https://other.example.com/"), 1)):
        status, out = rig.run(
            "unshare", "--net", "--map-root-user", audient, "explain",
            "--config", config, text=text)
        rig.case(status == want, "jwks_file, no network at all: %s" % what,
                 out)


def main():
    with Rig("guest") as rig:
        token = rig.tenant.mint("alice")
        guest(rig, rig.configure(), token)
        without_network(rig, token)
        return rig.finish()


sys.exit(main())
