#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of six lengths through the real sshd, sudo, su and login, in every
way that people have: what arrives, what they see, and what the log says."""

import os
import re
import shutil
import subprocess
import sys

import rig as rig_module
from faultlib import Table
from recipe import path_of
from rig import BUILD, PATIENCE, Rig

try:
    import paramiko
    from house import GREETING, House, converse, greet
except ImportError as e:
    rig_module.skip("a module of Python is missing: %s" % e.name)

LENGTHS = (700, 1023, 1024, 1500, 4000, 9000)
STACK = """\
auth     required pam_audient.so
account  required pam_audient.so
account  required pam_permit.so
session  required pam_permit.so
password required pam_deny.so
"""
SSH, SUDO, TERMINAL = 1023, 511, 4095   # bytes of an answer that arrive


def parts(token, size):
    return [token[i:i + size] for i in range(0, len(token), size)]


class World:
    def __init__(self, rig):
        self.rig = rig
        self.house = House(rig)
        self.house.accounts()
        for service in ("sshd", "sudo", "su", "login"):
            self.house.stack(service, STACK)
        rig.configure()
        self.sshd = self.house.sshd(
            "KbdInteractiveAuthentication yes", "PasswordAuthentication yes",
            "PubkeyAuthentication no")
        self.sshd.start()
        # where alice can start it, wherever the build is
        self.askpass = shutil.copy(os.path.join(BUILD, "audient-askpass"),
                                   rig.path("bin"))
        self.seen = {}          # {what was seen: lengths}

    def mint(self, length, user="alice"):
        token = self.rig.tenant.mint(
            user, pad_to=length, claims={"scope": None, "azp": None},
            header={"typ": None})
        assert len(token) == length
        return token

    # --- sshd ---------------------------------------------------------------

    def ssh_argv(self, method="keyboard-interactive"):
        return self.sshd.client(
            "alice", "-o", "PreferredAuthentications=" + method) + [
                greet("id -un")]

    def ssh(self, token, size, method="keyboard-interactive"):
        return converse(self.ssh_argv(method), parts(token, size))

    def ssh_askpass(self, token):
        path = self.rig.write("token", token, 0o600)
        return run(self.ssh_argv(), {
            "SSH_ASKPASS": self.askpass, "SSH_ASKPASS_REQUIRE": "force",
            "AUDIENT_TOKEN_FILE": path})

    def paramiko(self, token):
        seen = Seen()
        transport = paramiko.Transport(("127.0.0.1", self.sshd.port))
        queue = [token]

        def handler(_title, _instructions, prompts):
            seen.prompts += [text for text, _ in prompts]
            return [queue.pop(0) if queue else "" for _ in prompts]

        try:
            transport.start_client(timeout=PATIENCE)
            transport.auth_interactive("alice", handler)
            channel = transport.open_session()
            channel.exec_command(greet("id -un"))
            seen.screen = channel.makefile().read().decode()
        except paramiko.SSHException as e:
            seen.screen = str(e)
        finally:
            transport.close()
        seen.is_in = GREETING in seen.screen
        return seen

    # --- sudo, su, login ------------------------------------------------------

    def sudo(self, token, size):
        return converse(self.house.sudo("alice", "-u", "bob"),
                        parts(token, size))

    def sudo_askpass(self, token):
        path = self.rig.write("home/alice/token", token, 0o600)
        os.chown(path, self.house.uids["alice"], -1)
        return run(self.house.sudo("alice", "-A", "-u", "bob", env=(
            "SUDO_ASKPASS=" + self.askpass,
            "AUDIENT_TOKEN_COMMAND=cat ~/token")))

    def sudo_stdin(self, token, size):
        return run(self.house.sudo("alice", "-S", "-u", "bob"),
                   text="\n".join(parts(token, size)) + "\n")

    def su(self, token, size):
        return converse(self.house.su("alice", "bob"), parts(token, size))

    def login(self, token, size):
        return converse(self.house.login("alice"), parts(token, size),
                        say=greet("id -un"))


class Seen:
    def __init__(self):
        self.screen, self.prompts, self.is_in = "", [], False


def run(argv, env=None, text=None):
    """A program without a terminal."""
    done = subprocess.run(
        argv, input=text, stdin=None if text else subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=PATIENCE, check=False, env={**os.environ, **(env or {})})
    seen = Seen()
    seen.screen, seen.is_in = done.stdout, GREETING in done.stdout
    return seen


def always(_length):
    return True


def up_to(limit):
    return lambda length: length <= limit


def methods(w):
    """(host, method, whose token, function, which lengths get in)."""
    return (
        ("sshd", "typed in parts of 1023", "alice",
         lambda t: w.ssh(t, SSH), always),
        ("sshd", "pasted in one go", "alice",
         lambda t: w.ssh(t, len(t)), up_to(SSH)),
        ("sshd", "`audient-askpass`, a file", "alice",
         w.ssh_askpass, always),
        ("sshd", "paramiko, one answer", "alice", w.paramiko, always),
        ("sshd", "method password", "alice",
         lambda t: w.ssh(t, len(t), "password"), up_to(SSH)),
        ("sudo", "typed in parts of 511", "alice",
         lambda t: w.sudo(t, SUDO), always),
        ("sudo", "pasted in one go", "alice",
         lambda t: w.sudo(t, len(t)), up_to(SUDO)),
        ("sudo", "`sudo -A`, `audient-askpass`, a command", "alice",
         w.sudo_askpass, always),
        ("sudo", "`fold -w 511 token`, piped to `sudo -S`", "alice",
         lambda t: w.sudo_stdin(t, SUDO), always),
        ("su", "typed in parts of 4095", "bob",
         lambda t: w.su(t, TERMINAL), always),
        ("su", "pasted in one go", "bob",
         lambda t: w.su(t, len(t)), up_to(TERMINAL)),
        ("login", "typed in parts of 4095", "alice",
         lambda t: w.login(t, TERMINAL), always),
        ("login", "pasted in one go", "alice",
         lambda t: w.login(t, len(t)), up_to(TERMINAL)))


def words_of(seen):
    """What was on the screen, but for prompts and what differs each time."""
    if seen.is_in:
        return "a session"
    lines = []
    for line in seen.screen.splitlines():
        line = re.sub(r"\balice@127\.0\.0\.1: ", "", line.strip())
        if line and not re.search(r"(Access token(, part \d+)?| password|"
                                  r"login): ?$", line):
            lines.append(line)
    return "<br>".join(dict.fromkeys(lines)) or "nothing"


def arrival(seen, token, line):
    if seen.is_in:
        return "all"
    found = re.search(r'found="(\d+) bytes"', line)
    if found:
        return found.group(1) + " bytes"
    found = re.search(r'found="(\d+) letters" wanted="(\d+) letters"', line)
    if found:
        return "%d bytes" % (len(token) - int(found.group(2)) +
                             int(found.group(1)))
    return "nothing"


def log_of(lines):
    """The decision, or why there was none; only what is the same each time."""
    for line in lines:
        found = re.search(r"verdict=\S+ reason=\S+", line)
        if found:
            return found.group(0), line
    for line in lines:
        found = re.search(r"(sudo passed no answer on.*)", line)
        if found:
            return found.group(1), line
    return "", ""


def one(w, row, length):
    host, method, user, act, gets_in = row
    token = w.mint(length, user)
    since = w.rig.syslog.mark()
    seen = act(token)
    w.rig.syslog.wait("verdict=|no token", since)
    text, line = log_of(w.rig.syslog.news(since))
    arrived = arrival(seen, token, line)
    w.seen.setdefault((host, method, arrived, words_of(seen), text),
                      []).append(length)
    ok = seen.is_in == gets_in(length)
    if seen.is_in:
        ok = ok and "reason=ok" in text
    else:
        ok = ok and ("token_truncated" in text or "sudo passed" in text)
    w.rig.case(ok, "%s, %s: %d bytes: %s" % (
        host, method, length, "in" if gets_in(length) else "out"),
        seen.screen, text, *w.rig.syslog.news(since))
    pieces = [token[i:i + 60] for i in range(0, length - 60, 200)]
    w.rig.case(not any(p in seen.screen for p in pieces),
               "and no piece of the token is on the screen")
    return token


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "sudo", "su", "login", "setpriv",
                    "unshare")
    with Rig("lengths") as rig:
        w = World(rig)
        tokens = [one(w, row, length) for row in methods(w)
                  for length in LENGTHS]
        w.rig.secret_free(tokens)
        table = Table("tokens and hosts", "host", "method", "bytes of token",
                      "arrived", "the user saw", "the log said")
        table.path = path_of("lengths")
        for (host, method, arrived, words, text), lengths in w.seen.items():
            table.add(host, method, ", ".join(map(str, lengths)), arrived,
                      words, "`%s`" % text)
        table.finish(rig)
        return rig.finish()


sys.exit(main())
