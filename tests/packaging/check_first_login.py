#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_first_login.py TARBALL

How long it takes from a bare machine to the first login with a token, for
somebody who follows the README and nothing else: in a clean Debian with an
sshd, with the commands and lines of the README as they stand there.  The
tenant is a stand-in that has the README's name; a person's share, reading and
typing, is not in the figures.  Needs root, and a way to Debian's archive."""

import ctypes
import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import time

from report import Report, SOURCE, read
from check_packages import own_namespace
from chroot import Chroot
from rig import OTHER_AUDIENCE, PATIENCE, need, need_root, skip

try:
    import pexpect
except ImportError:
    skip("python3-pexpect is not installed")

sys.path.insert(0, os.path.join(SOURCE, "tests", "tenant"))
from tenantlib import Tenant                                    # noqa: E402

TENANT = "example.eu.auth0.com"
README = read(SOURCE, "README.md")
KEYBOARD = "KbdInteractiveAuthentication yes"
DROP_IN = "/etc/ssh/sshd_config.d/audient.conf"
PART = 1023             # letters of an answer that ssh passes on
GREETING = "the session is open"
CLONE_NEWNET, IFF_UP = 0x40000000, 1
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914


def commands(name):
    """The text of a block of the README that is to be run."""
    found = re.search(r"^<!-- run: %s -->\n\n((?:    .*\n)+)" % name, README,
                      re.MULTILINE)
    return re.sub(r"^    ", "", found.group(1), flags=re.MULTILINE)


def pam_lines():
    """{"auth": line, "account": line}"""
    return dict((line.split()[0], line) for line in re.findall(
        r"^    ((?:auth|account) .*pam_audient\.so)$", README, re.MULTILINE))


def leave_the_network():
    """From here on there is nobody but the stand-in, and it may have the
    tenant's own name and port."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        lo = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, lo))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo",
                                                 flags | IFF_UP))


class Newcomer:
    """Somebody at a clean Debian, with the README."""

    def __init__(self, report, chroot):
        self.report, self.chroot, self.steps = report, chroot, []
        self.tenant = self.sshd = None

    def case(self, *arguments):
        return self.report.case(*arguments)

    def timed(self, what, step):
        begin = time.monotonic()
        ok = step()
        self.steps.append((what, time.monotonic() - begin))
        print("# %6.1f s  %s" % (self.steps[-1][1], what), flush=True)
        return ok

    # --- what is there before ---------------------------------------------

    def machine(self, tarball):
        """An sshd, an account, and our source."""
        chroot = self.chroot
        status, out = chroot.apt("install", "openssh-server")
        if status != 0:
            return self.case(False, "a Debian with an sshd", out)
        chroot.run("useradd", "--create-home", "--shell", "/bin/sh", "alice")
        os.makedirs(chroot.path("/run/sshd"), exist_ok=True)
        subprocess.run(["tar", "-xf", tarball, "-C", chroot.path("/root")],
                       check=True)
        name = os.path.basename(tarball).replace(".tar.xz", "")
        os.rename(chroot.path("/root/" + name), chroot.path("/root/source"))
        return self.case(True, "a Debian with an sshd")

    def world(self):
        """The tenant, as a host sees it that knows the real one."""
        leave_the_network()
        where = self.report.path("tenant")
        self.tenant = Tenant.start(where, port=443, name=[TENANT],
                                   issuer="https://%s/" % TENANT,
                                   audience="https://login.example.com/")
        self.chroot.write("/etc/hosts", "127.0.0.1 localhost %s\n" % TENANT)
        self.chroot.write("/usr/local/share/ca-certificates/stand-in.crt",
                          read(self.tenant.ca))
        self.chroot.run("update-ca-certificates")

    # --- what the README says -----------------------------------------------

    def shell(self, text, where="/root"):
        return self.chroot.run("sh", "-e", "-c", "cd %s\n%s" % (where, text))

    def install(self):
        status, out = self.shell(commands("install"), "/root/source")
        return self.case(status == 0, "it is built and installed",
                         out[-4000:])

    def setup(self):
        status, out = self.shell(commands("setup"))
        return self.case(status == 0 and "is written" in out,
                         "audient setup writes the file", out)

    def token(self):
        """A person sees page and code, and confirms."""
        child = pexpect.spawn(
            "chroot", [self.chroot.dir, "sh", "-e", "-c",
                       "cd /root\n" + commands("token")],
            timeout=PATIENCE, encoding="utf-8")
        at = child.expect([r"enter the code (\S+)\s", pexpect.EOF])
        if at != 0:
            return self.case(False, "audient token shows a code",
                             child.before)
        self.tenant.control("activate", user_code=child.match[1],
                            user="alice")
        child.expect(pexpect.EOF)
        child.close()
        return self.case(child.exitstatus == 0 and "allow" in child.before,
                         "there is a token, and audient explain would let "
                         "it in", child.before)

    def pam(self):
        chroot, lines = self.chroot, pam_lines()
        text = chroot.read("/etc/pam.d/sshd")
        for kind, line in lines.items():
            include = "@include common-%s\n" % kind
            if "before `%s`" % include.strip() not in README or \
                    text.count(include) != 1:
                return self.case(False, "where the lines belong", text)
            text = text.replace(include, line + "\n" + include)
        chroot.write("/etc/pam.d/sshd", text)
        if KEYBOARD not in README or DROP_IN not in README:
            return self.case(False, "what sshd_config needs")
        chroot.write(DROP_IN, KEYBOARD + "\n")
        self.sshd = subprocess.Popen(
            ["chroot", chroot.dir, "/usr/sbin/sshd", "-D", "-e", "-o",
             "ListenAddress=127.0.0.1"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", 22), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        return self.case(sorted(lines) == ["account", "auth"] and
                         self.sshd.poll() is None,
                         "sshd has its lines", lines)

    def ssh(self, token):
        """A person at a terminal: (is she in, what the screen showed)."""
        ssh = pexpect.spawn("ssh", [
            "-F", "none", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            "-o", "PubkeyAuthentication=no", "alice@127.0.0.1",
            "echo %s; id -un" % GREETING], timeout=PATIENCE,
            encoding="utf-8", dimensions=(24, 250))
        screen, answers = "", [token[i:i + PART]
                               for i in range(0, len(token), PART)] + [""] * 4
        while ssh.expect(["oken[^:]*: ", "assword: ", pexpect.EOF]) < 2:
            screen += ssh.before
            ssh.sendline(answers.pop(0) if answers else "")
        screen += ssh.before
        ssh.close()
        return GREETING in screen and "alice" in screen, screen

    def login(self):
        is_in, screen = self.ssh(self.chroot.read("/root/token").strip())
        return self.case(is_in, "alice is in", screen,
                         *self.chroot.syslog.news())

    def afterwards(self):
        """What a newcomer looks at next."""
        is_in, screen = self.ssh(self.tenant.mint(
            "alice", audience=OTHER_AUDIENCE))
        self.case(not is_in, "a token for another API does not open it",
                  screen)
        _, out = self.chroot.run("audient", "logs", "-", text="\n".join(
            re.sub(r"^<\d+>(\w{3} [ \d]\d [\d:]{8}) ", r"\1 host ", line)
            for line in self.chroot.syslog.lines()) + "\n")
        self.case("issued for another API" in out, "audient logs says why",
                  out)
        status, out = self.chroot.run("audient", "doctor")
        self.case(status == 0, "audient doctor finds no problem", out)

    def go(self):
        if not self.timed("build and install", self.install):
            return
        self.world()
        for step in (("audient setup", self.setup),
                     ("a token, and audient explain", self.token),
                     ("the lines for sshd", self.pam), ("ssh", self.login)):
            if not self.timed(*step):
                return
        print("# %6.1f s  from the bare machine to the first login, on %d "
              "processors" % (sum(seconds for _, seconds in self.steps),
                              os.cpu_count()), flush=True)
        self.afterwards()

    def stop(self):
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait()
        if self.tenant is not None:
            self.tenant.stop()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_first_login.py TARBALL")
    need_root()
    need("debootstrap", "ssh", "unshare")
    own_namespace()
    with Report("first-login") as report, Chroot() as chroot:
        made, why = chroot.make()
        if not report.case(made, "a clean Debian is made", why):
            return report.finish()
        newcomer = Newcomer(report, chroot)
        try:
            if newcomer.machine(os.path.abspath(sys.argv[1])):
                newcomer.go()
        finally:
            newcomer.stop()
        return report.finish()


sys.exit(main())
