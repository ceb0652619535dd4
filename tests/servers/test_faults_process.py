#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A host process in trouble: a helper that is missing, killed, hanging or
babbling; no descriptors, no memory, no processes; forks, threads, signals."""

import os
import shutil
import stat
import subprocess
import sys
import time

import rig as rig_module
from faultlib import (DECIDE, SLACK, TIMEOUT, Decider, Host, Table, children,
                      kill, list_rows, once, processes)
from rig import OTHER_AUDIENCE, SOURCE, USERNAME_CLAIM, Rig

sys.path.insert(0, os.path.join(SOURCE, "tests", "pam"))
import host as pam_host                                         # noqa: E402

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
NO_PROCESS = "no more processes"
SHELL = ["sh", "-c"]
# What a host may have been started with: how, and in which locale it is then.
STATES = [
    ("umask 000", [*SHELL, 'umask 000; exec "$@"', "sh"], "C ."),
    ("umask 777", [*SHELL, 'umask 777; exec "$@"', "sh"], "C ."),
    ("the working directory is gone",
     [*SHELL, 'd=$(mktemp -d); cd "$d"; rmdir "$d"; exec "$@"', "sh"], "C ."),
    ("SIGCHLD is ignored", ["env", "--ignore-signal=CHLD"], "C ."),
    ("all signals are blocked", ["env", "--block-signal"], "C ."),
    ("no environment", ["env", "-i"], "C ."),
    ("TZ is a device", ["env", "TZ=:/dev/zero"], "C ."),
    ("TZ is nonsense", ["env", "TZ=<%n%s>-99999:99,M13.9.9"], "C ."),
    ("LANG leads nowhere", ["env", "LANG=../../../dev/zero"], "C ."),
    ("LC_ALL is Turkish, where I and i are two letters",
     ["env", "LC_ALL=tr_TR.ISO-8859-9"], "tr_TR.ISO-8859-9 ,"),
    ("LC_ALL is German, where 1.5 is 1,5",
     ["env", "LC_ALL=de_DE.UTF-8"], "de_DE.UTF-8 ,"),
]
RELOADS = 1000
RELOADED = "the PAM module is loaded and unloaded %d times" % RELOADS


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


def states(rig, host, token, table):
    """The outcome is the same, and so is the file that is written."""
    locales = rig.path("locales")
    for name, charset in (("tr_TR", "ISO-8859-9"), ("de_DE", "UTF-8")):
        subprocess.run(["localedef", "-i", name, "-f", charset,
                        "%s/%s.%s" % (locales, name, charset)], check=True)
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("LC_", "LANG", "TZ"))}
    other = rig.tenant.mint("alice", audience=OTHER_AUDIENCE)
    want = 0o644 if os.geteuid() == 0 else 0o600
    for what, wrap, locale in STATES:
        host.forget()
        start = time.monotonic()
        with Decider(host, wrap=wrap,
                     env={**clean, "LOCPATH": locales}) as decider:
            decider.say("locale")
            got = [" ".join(decider.answer()),
                   *decider.ask_all((token, None), (other, None))]
        mode = stat.S_IMODE(os.stat(host.record()).st_mode) \
            if host.record() else 0
        rig.case(got == [locale, "ok", "audience_refused"] and mode == want,
                 what, got, "mode %o" % mode, decider.log)
        table.add(what, got[1], "%.1f" % (time.monotonic() - start))


def proc_file(process, name):
    with open("/proc/%d/%s" % (process, name), encoding="utf-8") as f:
        return f.read()


def mapped(process):
    """What a process has in its memory: maps, descriptors, KiB."""
    status = proc_file(process, "status")
    return (len(proc_file(process, "maps").splitlines()),
            len(os.listdir("/proc/%d/fd" % process)),
            int(status.partition("VmRSS:")[2].split()[0]))


def reloads(rig, table):
    """libpam loads the module for each login, and unloads it afterwards."""
    config = rig.configure()
    rig.write("pam.d/other", "auth required pam_deny.so\n")
    rig.write("pam.d/app", "auth required %s config=%s\n" % (
        pam_host.MODULE, config))
    token = rig.tenant.mint("alice", claims={USERNAME_CLAIM: "nobody"})
    start = time.monotonic()
    with pam_host.Host(rig.path("pam.d")) as h:
        seen, codes = [], set()
        for i in range(RELOADS):
            h.start("app", "nobody")
            h.answers(token)
            codes.add(h.call("authenticate", 0).rc)
            h.end()
            if i in (20, RELOADS - 1):
                seen.append(mapped(h.pid))
    maps, descriptors, memory = zip(*seen)
    rig.case(codes == {pam_host.SUCCESS} and h.status == 0 and
             maps[1] - maps[0] < 8 and descriptors[0] == descriptors[1] and
             memory[1] - memory[0] < 1024, RELOADED, codes, h.status, seen)
    table.add(RELOADED, "ok" if codes == {pam_host.SUCCESS} else codes,
              "%.1f" % (time.monotonic() - start))


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


def storms(rig, host, token, opaque):
    """A host whose every system call may be interrupted."""
    for us in (200, 2000):
        host.forget()
        with Decider(host) as decider:
            decider.say("storm %d" % us)
            got = [decider.ask(t) for t in (token, opaque, opaque, token)]
        rig.case(got == ["ok"] * 4, "a signal every %d us: all in" % us, got)
    host.forget()
    rig.tenant.connection("hang")
    start = time.monotonic()
    with Decider(host) as decider:
        decider.say("storm 200")
        got = [decider.ask(token), decider.ask(opaque)]
    seconds = time.monotonic() - start
    rig.tenant.clear()
    rig.case(got == [AWAY] * 2 and seconds < 2 * (TIMEOUT + SLACK),
             "signals, and a tenant that hangs: %s twice in %.1f s" % (
                 AWAY, seconds), got)


def killed_host(rig, host, token):
    """A host is killed while its helper waits for the tenant."""
    for short in (True, False):
        host.forget()
        rig.tenant.connection("hang")
        decider = Decider(host, short=short)
        decider.say(token)
        deadline = time.monotonic() + SLACK
        while not (before := host.helpers()) and time.monotonic() < deadline:
            time.sleep(0.01)
        kill([decider.process.pid])
        decider.close()
        left = host.wait_for_no_helper()
        rig.tenant.clear()
        rig.case(before and not left, "a %s-lived host is killed "
                 "while it waits: its helper ends" % (
                     "short" if short else "long"), before, left)
        host.forget_marks()
        rig.case(once(host, token) == "ok" and not host.left_over(),
                 "and the next login is as ever", host.left_over())


def no_process(rig, host, token, table):
    """As a user who may start nothing more."""
    if os.geteuid() != 0:
        print("# not without processes, which needs root")
        table.add(NO_PROCESS, "not tried", "", varies=True)
        return
    os.chmod(host.config, 0o644)
    host.forget()
    wrap = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups",
            "prlimit", "--nproc=1"]
    # the checkout may be root's alone
    program = shutil.copy(DECIDE, host.dir)
    start = time.monotonic()
    got = once(host, token, wrap=wrap, program=program)
    table.add(NO_PROCESS, got, "%.1f" % (time.monotonic() - start),
              varies=True)
    rig.case(got == AWAY, "no process can be started: " + AWAY, got)
    rig.case(once(host, token, wrap=wrap[:4], program=program) == "ok",
             "and as the same user it works when it can")
    os.chmod(host.config, 0o600)


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
    theirs = children(process.pid)
    rig.case(first == ["ok", "ok"] and not theirs,
             "a kept helper is nobody's child", first, theirs)
    rig.case(rig.tenant.count()["connections"] == 1,
             "and keeps its connection", rig.tenant.count())
    before = host.helpers()
    kill(before)
    rig.case(len(before) == 1 and ask(others[2]) == "ok", "killed, it is replaced")
    process.stdin.close()
    process.wait()
    rig.case(not host.wait_for_no_helper(), "and ends with its host")


class Idle:
    """A host that asks once and then rests, beside all that follows."""

    SECONDS = 30        # that a helper waits for work

    def __init__(self, rig):
        self.rig = rig
        self.host = Host(rig.path("idle"), rig.tenant.issuer, rig.ca, OPAQUE)
        self.decider = Decider(self.host)
        self.first = self.ask()
        self.since = time.monotonic()
        self.before = self.host.helpers()

    def ask(self):
        return self.decider.ask(self.rig.tenant.mint("alice", kind="opaque"))

    def finish(self):
        early = self.since + self.SECONDS / 2
        while self.host.helpers() and \
                time.monotonic() < self.since + self.SECONDS + SLACK:
            time.sleep(0.1)
        ended = time.monotonic()
        left = self.host.helpers()
        again = self.ask()
        self.rig.case(
            len(self.before) == 1 and not left and ended > early and
            [self.first, again] == ["ok", "ok"],
            "a kept helper without work ends after %d s; the next question "
            "gets another one" % self.SECONDS, self.before, left, again)
        self.decider.close()


def main():
    rig_module.need("localedef", "prlimit", "setpriv")
    with Rig("faults-process") as rig:
        host = Host(rig.path("host"), rig.tenant.issuer, rig.ca)
        token = rig.tenant.mint("alice", claims={"email_verified": True})
        opaque = rig.tenant.mint("alice", kind="opaque")
        table = Table("process faults", "fault", "login", "seconds *")
        rig.tenant.control("limit", enabled=False)
        idle = Idle(rig)
        helper_faults(rig, host, token, table)
        limits(rig, host, token, table)
        host.configure(OPAQUE)
        threads_and_forks(rig, host, token, opaque)
        many_processes(rig, host, opaque)
        kept_helper(rig, host, opaque)
        storms(rig, host, token, opaque)
        killed_host(rig, host, token)
        no_process(rig, host, token, table)
        states(rig, host, token, table)
        reloads(rig, table)
        idle.finish()
        rig.case(not host.wait_for_no_helper(), "no helper is left behind")
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    list_rows(["the helper " + what for what, _ in HELPERS] +
              [what for what, _ in LIMITS] + [NO_PROCESS] +
              [what for what, _, _ in STATES] + [RELOADED])
    os.umask(0o022)
    sys.exit(main())
