#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The audit line in systemd's journal: logins through sshd with a socket that
stands for the journal, without one, and with a real systemd-journald."""

import json
import os
import sys
import time

import rig as rig_module
from journal import Journal, pairs_of
from rig import BUILD, OTHER_AUDIENCE, PATIENCE, Rig, free_port

try:
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

STACK = """\
auth     required {module} {arguments}
account  required {module} {arguments}
session  required {module} {arguments}
password required pam_deny.so
"""
SOCKET = "root/run/systemd/journal/socket"
JOURNALD = "/lib/systemd/systemd-journald"
MACHINE = "0123456789abcdef0123456789abcdef"


def value(entry, name):
    return dict(entry).get(name)


def audit_lines(rig, since):
    return [x for x in rig.syslog.lines()[since:] if "service=sshd" in x]


def with_socket(rig, sshd):
    """Each decision, and each session, in the journal and nowhere else."""
    journal = Journal(os.path.join(rig.dir, SOCKET))
    for what, token, verdicts in (
            ("let in", rig.tenant.mint("alice"),
             ["verdict=allow", "session=open", "session=close"]),
            ("refused", rig.tenant.mint("alice", audience=OTHER_AUDIENCE),
             ["verdict=deny reason=audience_refused"]),
            ("forged", rig.tenant.mint("alice", tamper="signature"),
             ["verdict=deny reason=signature_invalid"])):
        since = rig.syslog.mark()
        got, screen = sshd.login("alice", token)
        entries = [journal.wait() for _ in verdicts]
        bad = []
        for entry, verdict in zip(entries, verdicts):
            text = value(entry, "MESSAGE")
            phase = "session" if "session=" in verdict else "auth"
            head = "pam_audient(sshd:%s): service=sshd user=alice " % phase
            if not text.startswith(head) or verdict not in text:
                bad.append("text: " + text)
            if [f for f in entry if f[0].startswith("AUDIENT_")] != \
                    pairs_of(text):
                bad.append("other fields: %r" % entry)
            if not value(entry, "SYSLOG_IDENTIFIER").startswith("sshd"):
                bad.append("identifier")
            if value(entry, "SYSLOG_FACILITY") != "10":
                bad.append("facility")
            if value(entry, "PRIORITY") != \
                    ("5" if "deny" in verdict else "6"):
                bad.append("priority")
        rig.case((got == "in") == (what == "let in") and not bad,
                 "sshd, %s: the journal has the line and its pairs" % what,
                 screen, *bad)
        rig.case(not journal.entries() and not audit_lines(rig, since),
                 "sshd, %s: nothing of it twice, nothing in syslog" % what,
                 *audit_lines(rig, since))
    journal.close()


def by_syslog(rig, sshd, what):
    since = rig.syslog.mark()
    got, screen = sshd.login("alice", rig.tenant.mint("alice"))
    rig.syslog.wait("session=close", since)
    lines = audit_lines(rig, since)
    rig.case(got == "in" and len(lines) == 3 and all(
        word in line for word, line in zip(
            ("verdict=allow", "session=open", "session=close"), lines)),
             "%s: syslog has the lines" % what, screen, *lines)


def without_socket(rig, sshd):
    path = os.path.join(rig.dir, SOCKET)
    by_syslog(rig, sshd, "a journal that has ended")
    os.unlink(path)
    by_syslog(rig, sshd, "no socket")
    os.rmdir(os.path.dirname(path))
    by_syslog(rig, sshd, "no directory")
    os.mkdir(os.path.dirname(path))


def real_journal(rig, sshd):
    """systemd's own daemon and journalctl."""
    rig.replace("/etc/machine-id", MACHINE + "\n")
    rig.replace("/etc/systemd/journald.conf", "\n".join([
        "[Journal]", "Storage=volatile", "ReadKMsg=no", "Audit=no",
        "ForwardToSyslog=no", "RuntimeMaxUse=16M", ""]))
    journald = rig.start(JOURNALD, log="journald.log")
    where = os.path.join(rig.dir, "root/run/log/journal", MACHINE)

    def ask(*words):
        # what it says of files that are just being written is not the answer
        return rig.run("sh", "-c", 'exec journalctl "$@" 2> /dev/null', "sh",
                       "--quiet", "--no-pager", "--directory", where, *words,
                       env={"TZ": "UTC"})[1]

    wait(lambda: os.path.exists(os.path.join(rig.dir, SOCKET)) or
         journald.poll() is not None)
    if journald.poll() is not None:
        print("# systemd-journald did not start:")
        rig.show("journald.log")
    sshd.login("alice", rig.tenant.mint("alice"))
    bad = rig.tenant.mint("alice", audience=OTHER_AUDIENCE)
    sshd.login("alice", bad)
    wait(lambda: ask("-o", "cat").count("pam_audient") >= 4)
    entries = [json.loads(x) for x in ask("-o", "json").splitlines()]
    entries = [e for e in entries if "AUDIENT_SERVICE" in e]
    rig.case(len(entries) == 4 and all(
        {k: v for k, v in e.items() if k.startswith("AUDIENT_")} ==
        dict(pairs_of(e["MESSAGE"])) for e in entries),
             "systemd-journald: every line has its pairs as fields",
             *entries)
    found = ask("-o", "cat", "AUDIENT_USER=alice", "AUDIENT_VERDICT=deny")
    rig.case(found.count("\n") == 1 and "pam_audient(sshd:auth): "
             "service=sshd user=alice verdict=deny reason=audience_refused "
             in found, "journalctl finds a line by its fields", found)
    rig.case(not ask("AUDIENT_USER=bob"), "and no other one")
    found = ask("-o", "short", "AUDIENT_VERDICT=allow")
    rig.case(" pam_audient(sshd:auth): service=sshd " in found and
             entries and "%s[%s]: " % (entries[0]["SYSLOG_IDENTIFIER"],
                                       entries[0]["_PID"]) in found,
             "it looks as it does in syslog", found)
    status, out = rig.run(
        os.path.join(BUILD, "audient"), "logs", "--json",
        text=ask("-o", "short-iso"))
    seen = [json.loads(x) for x in out.splitlines() if x.startswith("{")]
    rig.case(any(x.get("reason") == "audience_refused" for x in seen) and
             any(x.get("reason") == "ok" for x in seen),
             "audient logs reads it", status, out)
    rig.case(bad[-40:-8] not in ask("-o", "export"),
             "no piece of a token is in the journal")


def wait(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "ssh-keygen", "journalctl",
                    JOURNALD)
    with Rig("journal") as rig:
        rig.configure()
        sshd = Sshd(rig, free_port())
        rig.path("root/run/systemd/journal")
        sshd.start()
        sshd.stack(STACK)
        with_socket(rig, sshd)
        without_socket(rig, sshd)
        real_journal(rig, sshd)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
