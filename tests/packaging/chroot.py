# SPDX-License-Identifier: BSD-2-Clause
"""A clean Debian in a directory of its own, made by debootstrap from where
this host's apt gets its packages."""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile

from report import run
from rig import Syslog

# What of the host's apt is about the way to its archive.
APT_WAY = re.compile(r"Acquire::(http|https|ftp|Retries|Check-|.*[Pp]roxy)")
# What changes whenever packages come and go.
RESTLESS = re.compile(
    r"/(proc|dev|run|tmp|root|debs)(/|$)|/var/(log|tmp)(/|$)|"
    r"/var/cache/(apt|debconf|ldconfig)(/|$)|/var/lib/(apt|dpkg)(/|$)|"
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|/etc/ld.so.cache$|"
    r"/var/lib/systemd/catalog(/|$)")


def archive():
    """[(address, suite, components)] of Debian, as the host's apt has them."""
    _, out = run("apt-get", "indextargets", "--format",
                 "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
                 "Created-By: Packages")
    found = {}
    for line in out.splitlines():
        origin, address, suite, component = line.split("|")
        if origin == "Debian":
            found.setdefault((address, suite), set()).add(component)
    return [(address, suite, " ".join(sorted(components)))
            for (address, suite), components in sorted(found.items())]


def codename():
    with open("/etc/os-release") as f:
        return re.search(r"^VERSION_CODENAME=(\S+)$", f.read(),
                         re.M).group(1)


def apt_settings():
    """The lines of apt's configuration that say how to get there."""
    _, out = run("apt-config", "dump", "Acquire")
    return [line for line in out.splitlines() if APT_WAY.match(line) and
            not line.endswith(' "";')]


def proxies():
    """The same for debootstrap, which asks wget."""
    found = {}
    for line in apt_settings():
        match = re.match(r'Acquire::(https?)::[Pp]roxy "([^"]+)";', line)
        if match and match.group(2) != "DIRECT":
            found[match.group(1) + "_proxy"] = match.group(2)
    return found


class Chroot:
    """Made on entry, gone on exit.  The caller is root and in a mount
    namespace of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="audient-chroot-", dir="/var/tmp")
        os.chmod(self.dir, 0o755)
        self.syslog = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("umount", self.path("proc"))
        if os.environ.get("AUDIENT_KEEP"):
            print("# kept for a look: " + self.dir)
        else:
            run("rm", "-rf", "--one-file-system", self.dir)

    def path(self, name):
        return os.path.join(self.dir, name.lstrip("/"))

    def make(self):
        """(True, "") or (False, why not)."""
        sources, suite = archive(), codename()
        main = [address for address, name, _ in sources if name == suite]
        if not main:
            return False, "apt has no archive of Debian %s" % suite
        status, out = run("debootstrap", "--variant=minbase",
                          "--include=ca-certificates", suite, self.dir,
                          main[0], env=proxies())
        if status != 0:
            return False, out[-2000:]
        self.write("/etc/apt/sources.list", "".join(
            "deb %s %s %s\n" % source for source in sources))
        self.write("/etc/apt/apt.conf.d/00host",
                   "\n".join(apt_settings()) + "\n")
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
        for name in "/etc/resolv.conf", "/etc/hosts":
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(name, self.path(name))
        if any(address.startswith("https:") for address, _, _ in sources):
            shutil.copy("/etc/ssl/certs/ca-certificates.crt",
                        self.path("/etc/ssl/certs/ca-certificates.crt"))
        run("mount", "-t", "proc", "proc", self.path("proc"))
        self.syslog = Syslog(self.path("dev/log"))
        status, out = self.run("apt-get", "-q", "update")
        return status == 0, out[-2000:]

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def run(self, *command, text="", user=None, timeout=900):
        """Runs a command inside: (exit status, output)."""
        if user is not None:
            command = ("setpriv", "--reuid", user, "--regid", "nogroup",
                       "--clear-groups", *command)
        done = subprocess.run(
            ["chroot", self.dir, *command], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=timeout, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                 "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"})
        return done.returncode, done.stdout

    def apt(self, *arguments):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends",
                        *arguments)

    def manifest(self):
        """Every file that does not change by itself: {name: what it is}."""
        found = {}
        for where, names, files in os.walk(self.dir):
            for name in sorted(names) + sorted(files):
                path = os.path.join(where, name)
                inside = path[len(self.dir):]
                if not RESTLESS.match(inside):
                    found[inside] = self._entry(path)
            names[:] = [name for name in names if not RESTLESS.match(
                os.path.join(where, name)[len(self.dir):])]
        return found

    @staticmethod
    def _entry(path):
        status = os.lstat(path)
        what = ""
        if stat.S_ISREG(status.st_mode):
            with open(path, "rb") as f:
                what = hashlib.sha256(f.read()).hexdigest()
        elif stat.S_ISLNK(status.st_mode):
            what = os.readlink(path)
        return "%o %d:%d %s" % (status.st_mode, status.st_uid, status.st_gid,
                                what)


def differences(before, after):
    """What came, went and changed from one manifest to the other."""
    return (["came: " + n for n in sorted(set(after) - set(before))] +
            ["went: " + n for n in sorted(set(before) - set(after))] +
            ["changed: %s: %s to %s" % (n, before[n], after[n])
             for n in sorted(set(before) & set(after))
             if before[n] != after[n]])
