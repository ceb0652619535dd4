#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_first_login.py TARBALL

How long it takes from a bare machine to the first accepted login for somebody
who follows the README and nothing else: its commands and its lines of
configuration are taken from it, and carried out in a clean Debian that has
sshd, and an account, and nothing of ours.  Only the tenant is another one than
the README's.  Needs root, and a way to Debian's archive."""

import os
import re
import subprocess
import sys
import tempfile
import time

from check_packages import own_namespace
from chroot import Chroot
from report import Report, SOURCE, read, run
from rig import OTHER_AUDIENCE, free_port, need, need_root, skip

try:
    from sshd import Sshd
except ImportError:
    skip("python3-pexpect is not installed")

sys.path.insert(0, os.path.join(SOURCE, "tests", "tenant"))
from tenantlib import Tenant                                    # noqa: E402

CONFIG = "/etc/audient/audient.conf"


class Readme:
    """What it tells people to do."""

    def __init__(self):
        self.parts = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)",
                                     read(SOURCE, "README.md"),
                                     re.M | re.S))

    def blocks(self, title):
        """The indented blocks below a heading."""
        return [re.sub(r"^    ", "", block, flags=re.M) for block in
                re.findall(r"(?:^    .*\n)+", self.parts[title], re.M)]


class Watch:
    """Tells how long each step took."""

    def __init__(self, report):
        self.report = report
        self.start = self.last = time.monotonic()

    def step(self, ok, what, *details):
        now = time.monotonic()
        print("# %6.1f s  %s" % (now - self.last, what))
        self.last = time.monotonic()
        return self.report.case(ok, what, *details)

    def total(self):
        return time.monotonic() - self.start


class Host:
    """sshd of the clean Debian, as far as Sshd wants to know of it."""

    def __init__(self, chroot, port):
        self.chroot, self.port, self.process = chroot, port, None

    def start(self):
        self.process = subprocess.Popen(
            ["chroot", self.chroot.dir, "/usr/sbin/sshd", "-D", "-p",
             str(self.port), "-o", "ListenAddress=127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def login(self, token):
        return Sshd(None, self.port).login("alice", token)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)


def unpack(chroot, tarball):
    """A machine with the source on it: what the time does not count."""
    status, out = chroot.apt("install", "openssh-server")
    chroot.run("useradd", "--create-home", "--shell", "/bin/sh", "alice")
    os.makedirs(chroot.path("/run/sshd"), exist_ok=True)
    where = chroot.path("/root/audient")
    os.makedirs(where, exist_ok=True)
    more, text = run("tar", "-xf", tarball, "-C", where,
                     "--strip-components=1")
    return status == 0 and more == 0, out[-1000:] + text


def install(chroot, readme):
    commands = readme.blocks("Install it")[0]
    return chroot.run("sh", "-ec", "cd /root/audient\n" + commands)


def configure(chroot, readme, tenant):
    """The three lines, for another tenant."""
    lines = readme.blocks("Three lines of configuration")[0]
    assert lines.count("\n") == 3, lines
    with open(tenant.ca, encoding="utf-8") as f:
        chroot.write("/etc/audient/ca.pem", f.read())
    chroot.write(CONFIG, re.sub(
        r"^domain .*$", "issuer = %s\nca_file = /etc/audient/ca.pem" %
        tenant.issuer, lines, flags=re.M))
    pam = [block for block in readme.blocks("Three lines of configuration")
           if "pam_audient.so" in block][0].splitlines()
    stack = chroot.read("/etc/pam.d/sshd")
    for line in pam:
        include = "@include common-" + line.split()[0]
        assert include in stack, stack
        stack = stack.replace(include, line + "\n" + include, 1)
    chroot.write("/etc/pam.d/sshd", stack)
    chroot.write("/etc/ssh/sshd_config.d/audient.conf",
                 "KbdInteractiveAuthentication yes\n")


def go(report, chroot, tenant, tarball):
    readme = Readme()
    ready, why = unpack(chroot, tarball)
    if not report.case(ready, "a bare machine: sshd, an account, the source",
                       why):
        return
    watch = Watch(report)
    status, out = install(chroot, readme)
    if not watch.step(status == 0, "the commands below \"Install it\"",
                      out[-3000:]):
        return
    configure(chroot, readme, tenant)
    host = Host(chroot, free_port())
    host.start()
    status, out = chroot.run("audient", "doctor")
    watch.step(status == 0, "the three lines and those of PAM; the doctor has "
               "found no problem", out)
    for _ in range(50):
        got, screen = host.login(tenant.mint("alice"))
        if "refused" not in screen:     # not there yet
            break
        time.sleep(0.1)
    watch.step(got == "in" and "alice" in screen, "a token opens sshd", screen,
               *chroot.syslog.news())
    print("# %6.1f s  from the bare machine to the first accepted login, on "
          "%d processors" % (watch.total(), os.cpu_count()))
    got, screen = host.login(tenant.mint("alice", audience=OTHER_AUDIENCE))
    report.case(got == "out", "a token for another API does not", screen)
    status, out = chroot.run("audient", "logs", "-", text="\n".join(
        re.sub(r"^<\d+>(\w{3} [ \d]\d [\d:]{8}) ", r"\1 host ", line)
        for line in chroot.syslog.lines()) + "\n")
    report.case("issued for another API" in out,
                "audient logs says why", out, *chroot.syslog.lines())
    host.stop()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_first_login.py TARBALL")
    need_root()
    need("debootstrap", "unshare", "ssh")
    if not os.path.exists("/etc/debian_version"):
        skip("this is no Debian system")
    own_namespace()
    with Report("first-login") as report, Chroot() as chroot, \
            tempfile.TemporaryDirectory(prefix="audient-tenant-") as where:
        made, why = chroot.make()
        if report.case(made, "a clean Debian is made", why):
            with Tenant.start(where,
                              audience="https://login.example.com/") as tenant:
                go(report, chroot, tenant, os.path.abspath(sys.argv[1]))
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
