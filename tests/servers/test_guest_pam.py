#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The module leaves sshd, sudo, su and login as they were, and nothing that
the caller of a set-uid program has in his environment reaches it."""

import os
import re
import shutil
import sys

import rig as rig_module
from journal import Journal
from rig import BUILD, OTHER_AUDIENCE, Rig

try:
    from house import House, converse, greet
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

TOOLS = os.path.join(BUILD, "tests", "tools", ".libs")
WATCH = os.path.join(TOOLS, "pam_watch.so")
STACK = """\
auth     required WATCH
auth     required pam_audient.so
auth     required WATCH
account  required WATCH
account  required pam_audient.so
account  required WATCH
session  required WATCH
session  required pam_audient.so
session  required WATCH
""".replace("WATCH", WATCH)
MESSY = """\
auth     required WATCH
auth     required WATCH mess
auth     required WATCH
account  required pam_permit.so
session  required pam_permit.so
""".replace("WATCH", WATCH)
DEAD = "http://127.0.0.1:9"     # nobody listens there


class World:
    def __init__(self, rig):
        self.rig = rig
        self.house = House(rig)
        self.house.accounts()
        for service in ("sshd", "sudo", "su", "login"):
            self.house.stack(service, STACK)
        rig.configure()
        self.journal = Journal(os.path.join(
            rig.path("root/run/systemd/journal"), "socket"))
        self.sshd = self.house.sshd(
            "KbdInteractiveAuthentication yes", "PasswordAuthentication yes",
            "PubkeyAuthentication no")
        self.sshd.start()
        self.programs = (
            ("sshd, keyboard-interactive", "alice",
             lambda a: self.ssh(a, "keyboard-interactive")),
            ("sshd, password", "alice", lambda a: self.ssh(a, "password")),
            ("sudo", "alice", lambda a: converse(
                self.house.sudo("alice", "-u", "bob"), parts(a, 511))),
            ("su", "bob", lambda a: converse(
                self.house.su("alice", "bob"), parts(a, 4095))),
            ("login", "alice", lambda a: converse(
                self.house.login("alice"), parts(a, 4095),
                say=greet("id -un"))))

    def mint(self, user, **options):
        return self.rig.tenant.mint(user, **options)

    def ssh(self, answer, method):
        return converse(self.sshd.client(
            "alice", "-o", "PreferredAuthentications=" + method) +
            [greet("id -un")], parts(answer, 1023))

    def forget_keys(self):
        """The next login has to fetch the keys, and to write them."""
        shutil.rmtree(os.path.join(self.rig.cache, "0"), ignore_errors=True)


def parts(text, size):
    return [text[i:i + size] for i in range(0, len(text), size)]


def reports(lines):
    """{phase: [what was different]}."""
    out = {}
    for line in lines:
        found = re.search(r"watch (\w+): (.*)", line)
        if found:
            out.setdefault(found.group(1), []).append(found.group(2))
    return out


def as_before(w):
    """Descriptors, children, signals, limits, timers, environment, umask,
    directory, locale, ids and PAM items, around each phase."""
    for program, user, act in w.programs:
        for what, answer, is_in in (
                ("a login that fetches keys", w.mint(user), True),
                ("a login with keys at hand", w.mint(user), True),
                ("a token for another audience",
                 w.mint(user, audience=OTHER_AUDIENCE), False),
                ("a password", "sesame", False)):
            if "fetches" in what:
                w.forget_keys()
            since = w.rig.syslog.mark()
            w.journal.entries()
            seen = act(answer)
            phases = ["auth"]
            if is_in:
                phases += ["account", "open", "close"]
                w.rig.syslog.wait("watch close:", since)
            else:
                w.rig.syslog.wait("watch auth:", since)
            got = reports(w.rig.syslog.lines()[since:])
            told = w.journal.entries()
            # whoever is refused never gets beyond the first phase
            bad = [p for p in phases if p not in got] + [
                "%s: %s" % (phase, text) for phase in got
                for text in got[phase] if text != "as before"]
            if len(told) != (3 if is_in else 1):
                bad.append("not in the journal: %r" % told)
            w.rig.case(seen.is_in == is_in and not bad,
                       "%s: %s: as before" % (program, what), *bad,
                       seen.screen, *w.rig.syslog.lines()[since:])


def control(w):
    """What watches has eyes."""
    w.house.stack("su", MESSY)
    since = w.rig.syslog.mark()
    converse(w.house.su("alice", "bob"), [])
    w.rig.case(w.rig.syslog.wait("watch auth: before: .*after: fd", since),
               "a module that leaves a descriptor is seen",
               *w.rig.syslog.lines()[since:])
    w.house.stack("su", STACK)


# --- set-uid programs and their callers ---------------------------------------------

def traps(w):
    """Variables that lead to files which only root can write, and how to see
    that each of them works where it is obeyed."""
    rig = w.rig
    canary = shutil.copy(os.path.join(TOOLS, "canary.so"), rig.path("lib"))
    rig.path("lib", "canary.so.songs", mode=0o700)
    rig.path("keylog", mode=0o700)
    for name in ("libcurl.so.4", "libjansson.so.4", "libcrypto.so.3"):
        shutil.copy(canary, rig.path("libs"))
        os.rename(os.path.join(rig.dir, "libs", "canary.so"),
                  os.path.join(rig.dir, "libs", name))
        rig.path("libs", name + ".songs", mode=0o700)
    conf = rig.write("openssl.cnf", "openssl_conf = a\n[a]\nproviders = b\n"
                     "[b]\nevil = c\n[c]\nmodule = %s\nactivate = 1\n"
                     % canary)
    key_log = os.path.join(rig.dir, "keylog", "keys")
    obeyed = {
        "LD_PRELOAD": (canary, ("true",)),
        "OPENSSL_CONF": (conf, ("openssl", "version")),
        "SSLKEYLOGFILE": (key_log, ("curl", "-ks", rig.tenant.issuer)),
    }
    for name, (value, command) in obeyed.items():
        rig.run(*command, env={name: value})
        rig.case(caught(w), "%s is obeyed by %s" % (name, command[0]))
        clean(w)
    status, _ = rig.run("curl", "-ks", rig.tenant.issuer,
                        env={"https_proxy": DEAD})
    rig.case(status == 7, "https_proxy is obeyed by curl", status)
    return [
        *("%s=%s" % (name, value) for name, (value, _) in obeyed.items()),
        *("%s=%s" % (name, DEAD) for name in (
            "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
            "ALL_PROXY")),
        "LD_LIBRARY_PATH=%s/libs" % rig.dir, "LD_AUDIT=" + canary,
        "LD_DEBUG=all", "LD_DEBUG_OUTPUT=" + key_log,
        "LD_PROFILE=libcurl.so.4", "LD_PROFILE_OUTPUT=%s/keylog" % rig.dir,
        "OPENSSL_MODULES=%s/lib" % rig.dir,
        "OPENSSL_ENGINES=%s/lib" % rig.dir, "SSL_CERT_FILE=/nonexistent",
        "SSL_CERT_DIR=/nonexistent", "CURL_CA_BUNDLE=/nonexistent",
        "CURL_HOME=/nonexistent", "GCONV_PATH=%s/lib" % rig.dir,
        "LOCPATH=%s/lib" % rig.dir, "MALLOC_TRACE=" + key_log,
        "RES_OPTIONS=timeout:9", "HOSTALIASES=/nonexistent",
        "LOCALDOMAIN=example.invalid", "TMPDIR=%s/keylog" % rig.dir,
        "TZ=:/nonexistent", "TZDIR=/nonexistent", "IFS=/",
        "AUDIENT_CONFIG=/nonexistent", "AUDIENT_TOKEN_FILE=" + key_log,
        "XDG_CACHE_HOME=%s/keylog" % rig.dir]


def caught(w):
    """Files that only a process of root's can have left."""
    out = os.listdir(os.path.join(w.rig.dir, "keylog"))
    for folder, _, names in os.walk(w.rig.dir):
        if folder.endswith(".songs"):
            out += names
    return out


def clean(w):
    for folder, _, names in os.walk(w.rig.dir):
        if folder.endswith((".songs", "/keylog")):
            for name in names:
                os.unlink(os.path.join(folder, name))


def callers(w):
    """A real set-uid su and sudo with all of that at once; each of them has
    to ask the tenant, so the helper runs, too."""
    env = traps(w)
    for program, user, argv in (
            ("su", "bob", lambda: w.house.su("alice", "bob", env=env)),
            ("sudo", "alice", lambda: w.house.sudo("alice", "-u", "bob",
                                                   env=env)),
            ("sudo -E", "alice", lambda: w.house.sudo(
                "alice", "-E", "-u", "bob", env=env))):
        for what, audience, is_in in (
                ("a good token", None, True),
                ("a token for another audience", OTHER_AUDIENCE, False)):
            w.forget_keys()
            w.rig.tenant.forget()
            since = w.rig.syslog.mark()
            token = w.mint(user, **({"audience": audience} if audience
                                    else {}))
            seen = converse(argv(), parts(token, 511))
            asked = w.rig.tenant.count("/.well-known/jwks.json")
            w.rig.syslog.wait("watch auth:", since)
            got = reports(w.rig.syslog.lines()[since:])
            left = caught(w)
            w.rig.case(seen.is_in == is_in and asked == 1 and not left and
                       set(got.get("auth", [])) == {"as before"},
                       "%s, %d hostile variables, %s: %s" % (
                           program, len(env), what,
                           "in" if is_in else "out"),
                       asked, left, got, seen.screen,
                       *w.rig.syslog.news(since))
            clean(w)


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "sudo", "su", "login", "setpriv",
                    "openssl", "curl", "unshare")
    with Rig("guest-pam") as rig:
        w = World(rig)
        as_before(w)
        control(w)
        callers(w)
        return rig.finish()


sys.exit(main())
