#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a login costs with the stacks of docs/hosts/, beside the same stack
with pam_permit in the place of our module: wall clock and processor."""

import glob
import os
import re
import statistics
import sys
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "servers"))

import rig as rig_module                                        # noqa: E402
from rig import BUILD, Rig                                      # noqa: E402

import house                                                    # noqa: E402
import recipe                                                   # noqa: E402
from faultlib import Table                                      # noqa: E402
from test_stacks import COLD, SSHD, World, programs             # noqa: E402

CLOCK = os.path.join(BUILD, "tests", "bench", ".libs", "pam_clock.so")
OURS = house.MODULE
PERMIT = glob.glob("/lib/*/security/pam_permit.so")[0]
ROUNDS = int(os.environ.get("LOGIN_ROUNDS", "7"))
NONE = (0.0, 0.0)


class Bench(World):
    """The stacks with a clock around one module."""

    def put(self, blocks, module):
        house.MODULE = "%s %s" % (CLOCK, module)
        self.put_up(blocks)
        if module != OURS:      # which knows none of our arguments
            for service in ("sshd", "sudo", "sudo-i", "su", "login"):
                path = "%s/root/etc/pam.d/%s" % (self.rig.dir, service)
                text = re.sub(r"(pam_permit\.so) config=\S+", r"\1",
                              self.read("/etc/pam.d/" + service))
                self.rig.write(os.path.relpath(path, self.rig.dir), text)

    def once(self, act, entered):
        """{"wall": ms, "auth": (wall, cpu), "account": (wall, cpu)}."""
        since = self.rig.syslog.mark()
        start = time.monotonic()
        seen = act(entered)
        out = {"wall": (seen.greeted - start) * 1e3 if seen.is_in else None}
        if seen.is_in:
            self.rig.syslog.wait("clock account:", since)
        for line in self.rig.syslog.lines()[since:]:
            found = re.search(r"clock (auth|account): wall=(\S+) cpu=(\S+)",
                              line)
            if found:
                out[found[1]] = (float(found[2]), float(found[3]))
        return out


def measure(w, act, entered, state):
    """Medians of some logins."""
    seen = []
    w.state(state)
    if state is None:
        w.once(act, entered)    # keys at hand
    for _ in range(ROUNDS):
        if state == COLD:
            w.state(COLD)
            w.rig.tenant.clear()
        one = w.once(act, entered)
        if one["wall"] is None:
            raise RuntimeError("a login did not succeed")
        seen.append(one)
    out = [statistics.median(x["wall"] for x in seen)]
    for phase in ("auth", "account"):
        for i in (0, 1):
            out.append(statistics.median(x.get(phase, NONE)[i]
                                         for x in seen))
    return ["%.1f" % ms for ms in out]


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "sudo", "su", "login", "setpriv",
                    "openssl", "unshare")
    house.DELAY = None
    table = Table("what a login costs", "stack", "module", "login *",
                  "auth: wall *", "auth: processor *", "account: wall *",
                  "account: processor *")
    table.path = recipe.path_of("stacks")
    with Rig("bench-login") as rig:
        w = Bench(rig)
        for column, (page, heading, act) in programs(w).items():
            blocks = recipe.recipes_of(page)[heading]
            entered = "key good" if column == "key and token" else "good"
            for what, module, state in (
                    ("pam_permit", PERMIT, None),
                    ("pam_audient, keys at hand", OURS, None),
                    ("pam_audient, no keys yet", OURS, COLD)):
                w.put(blocks, module)
                w.state(state)
                if page == "sshd":
                    w.start_sshd()
                table.add("sshd: " + column if column in SSHD else column,
                          what, *measure(w, act, entered, state))
        table.finish(rig)
        return rig.finish()


sys.exit(main())
