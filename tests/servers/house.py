# SPDX-License-Identifier: BSD-2-Clause
"""The programs that people log in with, in the jail: sshd, and the real
set-uid sudo and su as an ordinary user starts them, and login."""

import glob
import os
import re
import subprocess
import time

import pexpect

from rig import BUILD, PATIENCE, free_port
from sshd import GREETING, Sshd

FIRST_UID = 20001
MODULE = os.path.join(BUILD, ".libs", "pam_audient.so")
PROMPTS = ["oken[^:]*: ", "assword[^:]*: ", "login: "]
EMERGENCY = "emergency"         # the group of the way in that needs no token
DIMENSIONS = (24, 200)
DELAY = 0.05            # seconds until a person begins to type


class House:
    """Accounts, stacks and files of a host; nothing outside of the jail is
    written, not even wtmp."""

    def __init__(self, rig):
        self.rig = rig
        self.uids = {}
        for service in glob.glob("/etc/pam.d/*"):
            self.restore(os.path.basename(service))
        rig.replace("/etc/pam.d")
        rig.replace("/etc/login.defs", re.sub(
            r"(?m)^LOGIN_RETRIES\s.*", "LOGIN_RETRIES 1",
            open("/etc/login.defs").read()))
        rig.replace("/run")
        rig.path("root/run/sshd")
        rig.path("root/run/lock")
        rig.replace("/var/log")
        for name in ("wtmp", "btmp", "lastlog"):
            rig.write("root/var/log/" + name, "")
        rig.write("root/run/utmp", "")
        rig.replace("/var/lib/sudo")
        rig.path("root/var/lib/sudo/lectured", mode=0o700)
        rig.replace("/etc/sudoers", "\n".join([
            "Defaults env_reset, !lecture, timestamp_timeout=0",
            'Defaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"',
            "alice ALL=(ALL:ALL) ALL", "erin ALL=(ALL:ALL) ALL",
            "@includedir /etc/sudoers.d", ""]), 0o440)
        rig.replace("/etc/sudoers.d")

    def restore(self, service):
        """The distribution's PAM file; who has failed need not wait."""
        with open("/etc/pam.d/" + service) as f:
            text = f.read()
        text = re.sub(r"(?m)^(auth\s.*pam_unix\.so)", r"\1 nodelay", text)
        self.rig.write("root/etc/pam.d/" + service, re.sub(
            r"(pam_faildelay\.so\s+delay=)\d+", r"\g<1>0", text))

    def accounts(self, passwords=None, emergency=()):
        """alice, bob and erin; a password where one is given; members of the
        group for emergencies."""
        rig, passwords = self.rig, passwords or {}
        passwd, shadow, group = (open("/etc/" + f).read()
                                 for f in ("passwd", "shadow", "group"))
        for i, name in enumerate(("alice", "bob", "erin")):
            uid = self.uids[name] = FIRST_UID + i
            home = rig.path("home", name)
            os.chown(home, uid, uid)
            passwd += "%s:x:%d:%d::%s:/bin/sh\n" % (name, uid, uid, home)
            group += "%s:x:%d:\n" % (name, uid)
        for name in ("root", *self.uids):
            shadow = "".join(line for line in shadow.splitlines(True)
                             if not line.startswith(name + ":"))
            shadow += "%s:%s:19000:0:99999:7:::\n" % (
                name, crypted(passwords[name]) if name in passwords else "*")
        group += "%s:x:%d:%s\n" % (EMERGENCY, FIRST_UID + 99,
                                   ",".join(emergency))
        rig.replace("/etc/passwd", passwd)
        rig.replace("/etc/shadow", shadow, 0o640)
        rig.replace("/etc/group", group)

    def stack(self, service, text, arguments=""):
        """A PAM file; "pam_audient.so" stands for ours, with its arguments;
        who has failed need not wait."""
        ours = "%s config=%s/audient.conf nodelay %s" % (
            MODULE, self.rig.dir, arguments)
        self.rig.write("root/etc/pam.d/" + service, re.sub(
            r"(?<!/)pam_audient\.so", lambda _: ours, text))

    def sshd(self, *options):
        """Starts sshd, on a port of its own."""
        return Daemon(self, options)

    def as_user(self, user, *command, env=()):
        """The command line that lets an ordinary user run a command in the
        jail."""
        uid = self.uids[user]
        return self.rig.jailed(
            "/usr/bin/setpriv", "--reuid=%d" % uid, "--regid=%d" % uid,
            "--init-groups", "/usr/bin/env", "-i", "HOME=" + self.home(user),
            "LANG=C", "TERM=dumb", "PATH=/usr/bin:/bin", "USER=" + user,
            *env, *command)

    def home(self, user):
        return os.path.join(self.rig.dir, "home", user)

    def su(self, caller, target, env=(), command="id -un"):
        return self.as_user(caller, "/usr/bin/su", target, "-c",
                            greet(command), env=env)

    def sudo(self, caller, *options, env=(), command="id -un"):
        return self.as_user(caller, "/usr/bin/sudo", *options, "--",
                            "/bin/sh", "-c", greet(command), env=env)

    def login(self, user):
        return self.rig.jailed("/usr/bin/env", "-i", "TERM=dumb", "LANG=C",
                               "/usr/bin/login", user)


class Daemon(Sshd):
    """The private sshd, in a house whose stacks are written elsewhere."""

    def __init__(self, house, options):
        super().__init__(house.rig, free_port())
        self._house = house
        self._options = options

    def start(self, options=(), env=None):
        rig = self._rig
        key = os.path.join(rig.dir, "hostkey")
        if not os.path.exists(key):
            rig.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        rig.write("known_hosts", "[127.0.0.1]:%d %s" % (
            self.port, open(key + ".pub").read()))
        config = rig.write("sshd_config", "\n".join([
            *options, "Port %d" % self.port, "ListenAddress 127.0.0.1",
            "HostKey " + key, "PidFile none", "UsePAM yes",
            "PrintMotd no", "LogLevel VERBOSE", "UseDNS no",
            *self._options, ""]))
        return rig.start("/usr/sbin/sshd", "-D", "-f", config, "-E",
                         os.path.join(rig.dir, "sshd.log"),
                         log="sshd-start.log", wait_port=self.port, env=env)

    def client(self, user, *options):
        """The command line of an ssh that has something to say."""
        return ["ssh", "-F", "none", "-p", str(self.port),
                "-o", "UserKnownHostsFile=%s/known_hosts" % self._rig.dir,
                "-o", "NumberOfPasswordPrompts=1", *options,
                user + "@127.0.0.1"]


def crypted(password):
    return subprocess.run(["openssl", "passwd", "-6", "-stdin"],
                          input=password, capture_output=True, text=True,
                          check=True).stdout.strip()


def greet(command):
    return "echo %s; %s" % (GREETING, command)


class Seen:
    """What a person at a terminal has seen."""

    def __init__(self):
        self.screen, self.prompts, self.is_in = "", [], False
        self.greeted = None     # when the session had something to say

    def last_line(self):
        """What is to be read behind the last prompt."""
        lines = [x.strip() for x in self.screen.splitlines() if x.strip()]
        return lines[-1] if lines else ""


def converse(argv, answers, say=None, patience=PATIENCE):
    """Runs a program in a terminal and answers its prompts in order, then
    with empty lines; `say` is typed once the program is silent after the last
    answer, for shells that only begin to talk then."""
    child = pexpect.spawn(argv[0], argv[1:], timeout=patience,
                          encoding="latin-1", dimensions=DIMENSIONS)
    child.delaybeforesend = DELAY
    seen, queue = Seen(), list(answers)
    patterns = [GREETING, pexpect.EOF, *PROMPTS]
    if say:
        patterns += [r"[$#] $"]
    for _ in range(60):
        at = child.expect(patterns)
        seen.screen += child.before + (child.after if at != 1 else "")
        if at < 2:
            seen.greeted = time.monotonic()
            break
        if at == len(patterns) - 1 and say:
            child.sendline(say)
            continue
        seen.prompts.append(child.after)
        child.sendline(queue.pop(0) if queue else "")
    seen.is_in = GREETING in seen.screen
    if say and seen.is_in and child.isalive():
        child.sendline("exit")
    if at != 1:     # it may have ended, and not all of it been read
        child.expect(pexpect.EOF)
        seen.screen += child.before
    child.close()
    seen.status = child.exitstatus
    return seen
