#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A host process in trouble: a helper that is missing, killed, hanging or
babbling; no descriptors, no memory, no processes; forks, threads, signals."""

import os
import subprocess
import sys

import rig as rig_module
from faultlib import (DECIDE, SLACK, TIMEOUT, Host, Table, helpers, kill,
                      list_rows, processes, wait_for_no_helper)
from rig import Rig

AWAY = "issuer_unavailable"
OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"

HEAD = "printf 'audient-fetch 1\\nresult answered\\nstatus 200\\n"
KIND = "type application/json\\n"
# A helper of one's own making: what stands here is a shell script.
HELPERS = [
    ("exits at once", "exit 0"),
    ("exits with an error", "exit 1"),
    ("is killed", "kill -9 $$"),
    ("crashes", "kill -SEGV $$"),
    ("hangs", "exec sleep 30"),
    ("stops itself", "kill -STOP $$"),
    ("never reads", "sleep 3"),
    ("closes its output", "exec 1>&-; exec 0<&-; exec sleep 30"),
    ("says nothing sensible", "echo hello; exec cat > /dev/null"),
    ("babbles without end", "exec cat /dev/zero"),
    ("repeats what it hears", "exec cat"),
    ("speaks another version", "printf 'audient-fetch 2\\nlength 0\\n\\n'"),
    ("promises more than it says", HEAD + KIND + "length 100\\n\\n{}'"),
    ("says more than it promises", HEAD + KIND + "length 1\\n\\n{}'"),
    ("promises 4 GB", HEAD + KIND + "length 4294967296\\n\\n{}'"),
    ("a negative length", HEAD + KIND + "length -1\\n\\n{}'"),
    ("a head without end", HEAD + "why %08192d'"),
    ("an empty object", HEAD + KIND + "length 2\\n\\n{}'"),
    ("status 0", "printf 'audient-fetch 1\\nresult answered\\nstatus 0\\n"
     "length 0\\n\\n'"),
    ("is missing", None),
    ("is not executable", "x"),
    ("is a directory", "/"),
]
LIMITS = [
    *(("%d descriptors" % n, ["--nofile=%d" % n])
      for n in (3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 24)),
    *(("%d MiB of address space" % mib, ["--as=%d" % (mib << 20)])
      for mib in (6, 8, 10, 12, 16, 24)),
    ("files of no size", ["--fsize=0"]),
    ("no more CPU time than a second", ["--cpu=1"]),
]


def helper_faults(rig, host, token, table):
    for what, script in HELPERS:
        path = rig.write("helper/fetch", "#!/bin/sh\n%s\n" % script, 0o755)
        if script is None:
            os.unlink(path)
        elif script == "x":
            os.chmod(path, 0o644)
        host.forget()
        host.configure(helper="/tmp" if script == "/" else path)
        _, reason, seconds, _ = host.explain(token)
        rig.case(reason == AWAY and seconds < TIMEOUT + SLACK,
                 "the helper %s: %s" % (what, AWAY), reason, seconds)
        table.add("the helper " + what, reason, "%.1f" % seconds)
    # one of them cannot be ended by its parent going away
    script = rig.dir + "/helper/fetch"
    kill(processes(lambda _, words: script in words))
    host.configure()
    host.forget()
    rig.case(host.explain(token)[1] == "ok", "with the real one it works")


def limits(rig, host, token, table):
    """Little of everything: the answer is a refusal, or right."""
    for what, options in LIMITS:
        host.forget()
        verdict, reason, seconds, _ = host.explain(
            token, wrap=["prlimit", *options])
        fine = verdict in ("allow", "retry", "broken", "none")
        rig.case(fine and (verdict != "allow" or reason == "ok") and
                 seconds < TIMEOUT + SLACK, what + ": " + verdict, reason,
                 seconds)
        table.add(what, reason if reason in ("ok", AWAY) else verdict,
                  "%.1f" % seconds, varies=True)
    host.forget()
    host.explain(token)
    rig.case(host.record() is not None and not host.left_over(),
             "and the cache is in order", host.left_over())


def decide(host, lines, wrap=(), timeout=60):
    done = subprocess.run([*wrap, DECIDE, host.config, "imap"],
                          input="\n".join(lines) + "\n", text=True,
                          capture_output=True, timeout=timeout, check=False)
    return [line.split()[0] for line in done.stdout.splitlines()]


def threads_and_forks(rig, host, token, opaque):
    host.forget()
    rig.tenant.forget()
    out = decide(host, ["threads 64", token])
    rig.case(out == ["ok"] * 64, "64 threads at once, nothing cached: all in",
             out)
    rig.case(rig.tenant.count("/.well-known/jwks.json") == 1,
             "and one request for keys", rig.tenant.count())
    host.forget()
    rig.tenant.forget()
    out = decide(host, ["threads 32", opaque])
    rig.case(out == ["ok"] * 32 and rig.tenant.count("/userinfo") == 1,
             "32 threads with one opaque token: all in, one request", out,
             rig.tenant.count())
    host.forget()
    out = decide(host, [token, opaque, "fork", token, opaque, token, "fork",
                        token, opaque])
    rig.case(out == ["ok"] * 7, "parent, children and parent again", out)
    host.forget()
    out = decide(host, ["fork", token, opaque])
    rig.case(out == ["ok"] * 2, "children first", out)


def many_processes(rig, host, opaque):
    """A mail client that opens ten connections with one opaque token."""
    host.forget()
    rig.tenant.forget()
    argv = [DECIDE, host.config, "imap"]
    processes = [subprocess.Popen(argv, stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.PIPE) for _ in range(10)]
    for p in processes:
        p.stdin.write(opaque + "\n")
        p.stdin.close()
    out = [p.stdout.read().split()[0] for p in processes]
    for p in processes:
        p.wait()
    rig.case(out == ["ok"] * 10 and rig.tenant.count("/userinfo") == 1,
             "10 processes with one opaque token: all in, one request",
             out, rig.tenant.count())


def kept_helper(rig, host, opaque):
    """A host that lives long keeps a helper; when that dies, it gets another
    one; and it leaves none behind."""
    host.forget()
    others = [rig.tenant.mint("alice", kind="opaque") for _ in range(3)]
    rig.tenant.forget()
    process = subprocess.Popen([DECIDE, host.config, "imap"], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(token):
        process.stdin.write(token + "\n")
        process.stdin.flush()
        return process.stdout.readline().split()[0]

    first = [ask(others[0]), ask(others[1])]
    children = subprocess.run(["pgrep", "-P", str(process.pid)], text=True,
                              capture_output=True, check=False).stdout
    rig.case(first == ["ok", "ok"] and children == "",
             "a kept helper is nobody's child", first, children)
    rig.case(rig.tenant.count()["connections"] == 1,
             "and keeps its connection", rig.tenant.count())
    before = helpers()
    kill(before)
    rig.case(len(before) == 1 and ask(others[2]) == "ok", "killed, it is replaced")
    process.stdin.close()
    process.wait()
    rig.case(not wait_for_no_helper(), "and ends with its host", helpers())


def main():
    rig_module.need("prlimit", "pgrep")
    with Rig("faults-process") as rig:
        host = Host(rig.path("host"), rig.tenant.issuer, rig.ca)
        token = rig.tenant.mint("alice", claims={"email_verified": True})
        opaque = rig.tenant.mint("alice", kind="opaque")
        table = Table("process faults", "fault", "login", "seconds *")
        helper_faults(rig, host, token, table)
        limits(rig, host, token, table)
        host.configure(OPAQUE)
        rig.tenant.control("limit", enabled=False)
        threads_and_forks(rig, host, token, opaque)
        many_processes(rig, host, opaque)
        kept_helper(rig, host, opaque)
        rig.case(not wait_for_no_helper(), "no helper is left behind",
                 wait_for_no_helper())
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    list_rows(["the helper " + what for what, _ in HELPERS] +
              [what for what, _ in LIMITS])
    os.umask(0o022)
    sys.exit(main())
