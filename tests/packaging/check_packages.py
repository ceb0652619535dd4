#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check_packages.py TARBALL

Builds the Debian packages from the tarball; installs, configures, upgrades,
rolls back, removes and purges them in a clean Debian of its own.  Needs root,
and a way to Debian's archive.  Then the same for RPM, as far as a Debian
system can."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

import debs
import rpms
from chroot import Chroot, differences
from report import Report, SOURCE, has, run
from rig import need, need_root, skip
from stacks import PASSWORD, Stacks

sys.path.insert(0, os.path.join(SOURCE, "tests", "tenant"))
from tenantlib import Tenant                                    # noqa: E402

TOOLS = ["pamtester", "sasl2-bin"]
AUDIENCE = "https://login.example.com/"
MAP = "/etc/audient/users.map"
# The user of the helper, and what pam-auth-update has been told of.
EXPECTED = re.compile(r"changed: (/etc/(passwd|group|shadow|gshadow)|"
                      r"/var/lib/pam/seen): ")
STACKS = ["/etc/pam.d/common-" + kind
          for kind in ("account", "auth", "password", "session")]


def own_namespace():
    """Goes on in a mount namespace of its own."""
    if os.environ.get("AUDIENT_OWN_NAMESPACE") is None:
        os.environ["AUDIENT_OWN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable] + sys.argv)


class Lifecycle:
    def __init__(self, report, chroot, paths, tenant):
        self.report, self.chroot, self.paths = report, chroot, paths
        self.tenant = tenant
        mint = tenant.mint
        self.tokens = {
            "good": mint("alice", ttl=86400),
            "audience": mint("alice", audience="https://other.example.com/"),
            "expired": mint("alice", ttl=-3600),
            "stranger": mint("dave", ttl=86400),
        }
        self.stacks = Stacks(report, chroot, tenant, self.tokens)

    def case(self, *arguments):
        return self.report.case(*arguments)

    def packages(self, number):
        """Where they are inside."""
        where = self.chroot.path("/debs")
        os.makedirs(where, exist_ok=True)
        for path in self.paths[number]:
            run("cp", path, where)
        return ["/debs/" + os.path.basename(p) for p in self.paths[number]]

    # --- before ------------------------------------------------------------

    def prepare(self):
        """Everything but our packages, so that what comes later is ours."""
        ours = self.packages("1")
        status, out = self.chroot.apt("--simulate", "install", *ours)
        others = [name for name in re.findall(r"^Inst (\S+)", out, re.M)
                  if name not in debs.PACKAGES]
        self.case(status == 0 and "libcurl4" in others,
                  "what they depend on is there to be had", out)
        status, out = self.chroot.apt("install", *others, *TOOLS)
        self.case(status == 0, "and can be installed", out[-2000:])
        self.chroot.run("useradd", "--create-home", "alice")
        self.chroot.run("chpasswd", text="alice:%s\n" % PASSWORD)

    # --- installation --------------------------------------------------------

    def install(self):
        before = self.chroot.manifest()
        status, out = self.chroot.apt("install", *self.packages("1"))
        self.case(status == 0 and re.search(r"4 newly installed, 0 to remove",
                                            out), "they install, and nothing "
                  "else with them", out[-2000:])
        after = self.chroot.manifest()
        changed = [line for line in differences(before, after)
                   if line.startswith(("went: ", "changed: ")) and
                   not EXPECTED.match(line)]
        self.case(not changed, "no file of others is changed, no PAM stack "
                  "among them", *changed)
        passwd = re.search(r"^_audient:.*$", self.chroot.read("/etc/passwd"),
                           re.M)
        self.case(passwd and passwd.group(0).endswith(":/usr/sbin/nologin"),
                  "the helper has a user that cannot log in", passwd)
        for name in "", "/0", "/0/keys":
            path = self.chroot.path("/var/cache/audient" + name)
            status = os.stat(path)
            self.case(status.st_uid == 0 and status.st_mode & 0o7777 == 0o755,
                      "/var/cache/audient%s is root's, mode 0755" % name)
        self.case(self.chroot.exists("/etc/systemd/system/timers.target.wants/"
                                     "audient-refresh.timer"),
                  "the timer is enabled")
        status, out = self.chroot.run("audient", "--version")
        self.case(status == 0 and out.startswith("audient "),
                  "audient runs: %s" % out.strip())
        self.case(not self.chroot.exists("/etc/audient/audient.conf"),
                  "nothing is configured")
        self.mechanisms("-s", [], "a SASL server offers nothing yet")
        self.mechanisms("-c", ["OAUTHBEARER", "XOAUTH2"],
                        "a SASL client has both mechanisms")

    def mechanisms(self, side, want, what):
        _, out = self.chroot.run("saslpluginviewer", side)
        found = sorted(set(re.findall(r"\bX?OAUTH(?:BEARER|2)\b", out)))
        self.case(found == want, what, out)

    # --- first use -----------------------------------------------------------

    def explain(self, name, user=None):
        status, out = self.chroot.run(
            "audient", "explain", "--json", "--user", "alice",
            text=self.tokens[name], user=user)
        try:
            verdict = json.loads(out)
        except ValueError:
            verdict = {"verdict": out}
        return status, verdict.get("verdict"), verdict.get("reason")

    def configure(self):
        with open(self.tenant.ca, encoding="utf-8") as f:
            self.chroot.write("/etc/audient/ca.pem", f.read())
        _, _, jwks = self.tenant.request("GET", "/.well-known/jwks.json")
        self.chroot.write("/etc/audient/jwks.json", jwks.decode())
        self.stacks.configure("well")
        status, out = self.chroot.run("audient", "keys", "list")
        self.case(status == 0 and "keys" in out, "audient reads the "
                  "configuration, and the keys of jwks_file", out)
        for name, want in (("good", (0, "allow", "ok")),
                           ("audience", (1, "deny", "audience_refused")),
                           ("expired", (1, "deny", "expired")),
                           ("stranger", (1, "deny", "user_mismatch"))):
            for user in None, "alice":
                got = self.explain(name, user)
                self.case(got == want, "explain as %s: %s, %s" %
                          (user or "root", want[1], want[2]), got)
        self.mechanisms("-s", ["OAUTHBEARER", "XOAUTH2"],
                        "a SASL server offers both mechanisms")
        self.chroot.write(MAP, "dave alice\n")

    def fetch(self):
        """The helper as packaged, against a tenant on this host."""
        chroot = self.chroot
        self.stacks.configure("down")
        self.tenant.clear()
        uid = int(re.search(r"^_audient:[^:]*:(\d+):",
                            chroot.read("/etc/passwd"), re.M).group(1))
        self.tenant.fault("jwks", delay=1)
        child = subprocess.Popen(
            ["chroot", chroot.dir, "/usr/bin/audient", "keys", "refresh"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seen = set()
        while child.poll() is None:
            seen |= helper_uids(chroot.dir)
            time.sleep(0.02)
        out = child.stdout.read()
        self.case(child.returncode == 0, "root fetches the keys", out)
        self.case(uid in seen and seen <= {0, uid},
                  "and the helper is no longer root when it does", seen)
        self.tenant.connection("refuse")
        chroot.run("useradd", "--system", "openldap")
        for user, what in (("openldap", "without a directory"),
                           ("openldap", "with one")):
            got = self.explain("good", user)
            self.case(got == (0, "allow", "ok"), "a service %s needs no "
                      "network: root's keys serve" % what, got)
            chroot.run("/usr/libexec/audient-cachedirs")
        number = re.search(r"^openldap:[^:]*:(\d+):",
                           chroot.read("/etc/passwd"), re.M).group(1)
        status = os.stat(chroot.path("/var/cache/audient/" + number))
        self.case(status.st_uid == int(number) and
                  status.st_mode & 0o7777 == 0o700,
                  "a service that came later gets its directory")
        chroot.run("userdel", "openldap")
        self.tenant.clear()

    # --- upgrade, roll back, remove -----------------------------------------

    def state(self):
        """What an upgrade has to leave alone."""
        found = self.chroot.manifest()
        return {name: what for name, what in found.items()
                if name.startswith(("/etc/audient", "/etc/pam.d",
                                    "/var/cache/audient", "/etc/passwd",
                                    "/etc/systemd/system"))}

    def change(self, number, what, *options):
        before = self.state()
        status, out = self.chroot.apt(*options, "install",
                                      *self.packages(number))
        self.case(status == 0, "%s to -%s" % (what, number), out[-2000:])
        _, version = self.chroot.run("dpkg-query", "-W", "-f",
                                     "${Version} ", *debs.PACKAGES)
        self.case(all(v.endswith("-" + number) for v in version.split()),
                  "%s: all four are there" % what, version)
        changed = differences(before, self.state())
        self.case(not changed, "%s: configuration, stacks, keys and users are "
                  "as before" % what, *changed)
        is_open, out = self.stacks.answer("a good token")
        self.case(is_open, "%s: a token opens the account" % what, out)
        is_open, out = self.stacks.answer("a token for another audience")
        self.case(not is_open, "%s: another one does not" % what, out)

    def upgrade(self):
        self.stacks.service()
        self.stacks.choose("--enable", "audient")
        self.stacks.configure("well")
        self.change("2", "upgrade")
        self.change("1", "roll-back", "--allow-downgrades")
        self.change("2", "upgrade again")

    def remove(self):
        status, out = self.chroot.apt("remove", "libpam-audient")
        stacks = "".join(self.chroot.read(name) for name in STACKS)
        self.case(status == 0 and "audient" not in stacks,
                  "removing the module takes it out of the stacks", out)
        is_open, out = self.stacks.answer("the password")
        self.case(is_open, "and the password opens the account", out)
        is_open, out = self.stacks.answer("a good token")
        self.case(not is_open, "and a token does not", out)
        status, out = self.chroot.apt("install", *self.packages("2"))
        self.case(status == 0 and "audient" not in "".join(
            self.chroot.read(name) for name in STACKS),
            "installing it again does not put it back", out[-2000:])

    def purge(self, before):
        status, out = self.chroot.apt("purge", *debs.PACKAGES)
        self.case(status == 0 and "warning" not in out, "they are purged",
                  out)
        os.unlink(self.chroot.path("/etc/pam.d/audient-test"))
        left = differences(before, self.chroot.manifest())
        self.case(not left, "nothing is left of them", *left)


def helper_uids(root):
    """Effective users of helpers that run below a directory."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/exe" % pid) != os.path.join(
                    root, "usr/libexec/audient-fetch"):
                continue
            with open("/proc/%s/status" % pid) as f:
                found.add(int(re.search(r"^Uid:\s+\d+\s+(\d+)", f.read(),
                                        re.M).group(1)))
        except (OSError, AttributeError):
            continue
    return found


def lifecycle(report, paths):
    with Chroot() as chroot, \
            tempfile.TemporaryDirectory(prefix="audient-tenant-") as where:
        made, why = chroot.make()
        if not report.case(made, "a clean Debian is made", why):
            return
        with Tenant.start(where, audience=AUDIENCE) as tenant:
            life = Lifecycle(report, chroot, paths, tenant)
            life.prepare()
            before = chroot.manifest()
            life.install()
            life.configure()
            life.fetch()
            life.stacks.pam_auth_update()
            life.stacks.authselect()
            life.upgrade()
            life.remove()
            life.purge(before)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check_packages.py TARBALL")
    need_root()
    need("dpkg-buildpackage", "dh", "lintian", "debootstrap", "unshare")
    if not os.path.exists("/etc/debian_version"):
        skip("this is no Debian system")
    own_namespace()
    with Report("packages") as report:
        paths = debs.build(report, os.path.abspath(sys.argv[1]))
        if paths is not None:
            debs.contents(report, paths["1"])
            lifecycle(report, paths)
        if has("rpmbuild"):
            rpms.check(report, os.path.abspath(sys.argv[1]))
        else:
            report.leave_out("RPM", "rpm is not installed")
        return report.finish()


if __name__ == "__main__":
    sys.exit(main())
