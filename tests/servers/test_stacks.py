#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The stacks of docs/hosts/, in the files of the distribution and with the
real programs: who gets in, and who does not."""

import os
import shutil
import socket
import subprocess
import sys

import recipe
import rig as rig_module
from faultlib import Table
from rig import OTHER_AUDIENCE, USERNAME_CLAIM, Rig

try:
    from house import House, converse, greet
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

PASSWORDS = {"alice": "alice's secret", "bob": "bob's secret",
             "erin": "erin's secret"}
LOCAL, NONE = "local password", "no token"
COLD, WARM, BROKEN = "cold", "warm", "broken"

# (what, what is entered, state of tenant and configuration, who gets in)
EVERYBODY = ("token", "key and token", "token or password", "sudo", "sudo -i",
             "su", "login")
SSHD = EVERYBODY[:3]
ROWS = (
    ("a good token", "good", None, ("token", "token or password", "sudo",
                                    "sudo -i", "su", "login")),
    ("a key, then a good token", "key good", None, SSHD),
    ("a key, then a token for another audience", "key audience", None,
     ("token or password",)),
    ("a key alone", "key", None, ("token or password",)),
    ("a token for another audience", "audience", None, ()),
    ("a good token of another user", "other", None, ()),
    ("a token that has expired", "expired", None, ()),
    ("no token", NONE, None, ()),
    ("the local password", LOCAL, None, ("token or password",)),
    ("a bad token, then the local password", "audience " + LOCAL, None, ()),
    ("an unknown user, a good token", "unknown", None, ()),
    ("tenant down, no keys: a good token", "good", COLD, ()),
    ("tenant down, no keys: a key, then a good token", "key good", COLD,
     ("token or password",)),
    ("tenant down, no keys: the local password", LOCAL, COLD,
     ("token or password",)),
    ("tenant down, keys at hand: a good token", "good", WARM,
     ("token", "token or password", "sudo", "sudo -i", "su", "login")),
    ("tenant down, keys at hand: a key, then a good token", "key good", WARM,
     SSHD),
    ("broken configuration: a good token", "good", BROKEN, ()),
    ("broken configuration: a key, then a good token", "key good", BROKEN,
     ()),
    ("broken configuration: the local password", LOCAL, BROKEN, ()),
    ("the emergency way", "emergency", None, EVERYBODY),
    ("tenant down, no keys: the emergency way", "emergency", COLD, EVERYBODY),
    ("broken configuration: the emergency way", "emergency", BROKEN,
     EVERYBODY),
)


class World:
    """A house in which one stack after the other is put up."""

    def __init__(self, rig):
        self.rig = rig
        self.house = House(rig)
        self.house.accounts(PASSWORDS, emergency=("erin",))
        rig.replace("/etc/ssh/sshd_config.d")
        self.keys = {name: self.make_key(name) for name in ("alice", "erin")}
        self.conf = ""
        self.sshd = None

    def make_key(self, user):
        key = os.path.join(self.rig.dir, "key-" + user)
        self.rig.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        path = self.rig.write("home/%s/.ssh/authorized_keys" % user,
                              open(key + ".pub").read(), 0o600)
        for name in (os.path.dirname(path), path):
            os.chown(name, self.house.uids[user], -1)
        return key

    # --- a stack ----------------------------------------------------------------

    def read(self, path):
        with open(self.rig.dir + "/root" + path, encoding="utf-8") as f:
            return f.read()

    def write(self, path, text):
        if path == "/etc/audient/audient.conf":
            self.conf = text
        elif path.startswith("/etc/pam.d/"):
            self.house.stack(path.rpartition("/")[2], text)
        else:
            mode = 0o440 if "sudoers" in path else 0o644
            self.rig.write("root" + path, text, mode)

    def put_up(self, blocks):
        for service in ("sshd", "sudo", "sudo-i", "su", "login"):
            self.house.restore(service)
        self.conf = ""
        recipe.apply(blocks, self.read, self.write)

    def start_sshd(self):
        if self.sshd is not None:
            self.rig.stop(self.sshd)
        self.daemon = self.house.sshd()
        self.sshd = self.daemon.start(
            ["Include /etc/ssh/sshd_config.d/*.conf"])

    # --- what is wrong -------------------------------------------------------------

    def state(self, state):
        """Tenant and configuration as the row wants them."""
        rig = self.rig
        rig.tenant.clear()
        cache = rig.cache
        if state in (COLD, BROKEN):
            cache = rig.path("cold-cache")
            shutil.rmtree(os.path.join(cache, "0"), ignore_errors=True)
        lines = [("ca_file", rig.ca), ("cache_dir", cache),
                 ("fetch_helper", rig.helper), ("issuer", rig.tenant.issuer)]
        if state == BROKEN:
            lines.append(("timeot", "3"))
        rig.write("audient.conf", self.conf.replace(
            "domain         = example.eu.auth0.com",
            "\n".join("%s = %s" % line for line in lines)))
        if state in (COLD, WARM):
            rig.tenant.connection("refuse")

    # --- what is entered -------------------------------------------------------------

    def mint(self, user, **options):
        claims = {USERNAME_CLAIM: user, "scope": None, "azp": None}
        options.setdefault("permissions",
                           ["sudo:" + socket.gethostname().lower()])
        return self.rig.tenant.mint("alice", claims=claims,
                                    header={"typ": None}, **options)

    def answer(self, word, user):
        if word == "good" or word == "unknown":
            return self.mint(user)
        if word == "audience":
            return self.mint(user, audience=OTHER_AUDIENCE)
        if word == "other":
            return self.mint("nobody")
        if word == "expired":
            return self.mint(user, ttl=-3600)
        return ""

    def answers(self, entered, user, size):
        """The answers to the prompts, in parts of that size."""
        if entered == "emergency":
            return [PASSWORDS[user]]
        if entered == LOCAL:
            return [PASSWORDS[user]]
        out = []
        for word in entered.replace(LOCAL, "").replace(NONE, "").split():
            out += self.parts(self.answer(word, user), size)
        if entered.endswith(" " + LOCAL):
            out.append(PASSWORDS[user])
        return out

    @staticmethod
    def parts(text, size):
        return [text[i:i + size] for i in range(0, len(text), size)]

    # --- the programs ------------------------------------------------------------------

    def ssh(self, entered):
        user = "alice"
        words = entered.split()
        options = ["-o", "PubkeyAuthentication=no"]
        if entered == "emergency":
            user = "erin"
        if entered == "emergency" or words[0] == "key":
            options = ["-i", self.keys[user], "-o", "IdentitiesOnly=yes"]
            entered = " ".join(words[1:])
        if entered == "unknown":
            return converse(self.daemon.client("nobody-here", *options) +
                            [greet("id -un")], [self.mint("nobody-here")])
        return converse(self.daemon.client(user, *options) +
                        [greet("id -un")], self.answers(entered, user, 1023))

    def sudo(self, entered, *options):
        caller = "erin" if entered == "emergency" else "alice"
        return converse(self.house.sudo(caller, *options, "-u", "bob"),
                        self.answers(entered, caller, 511))

    def su(self, entered):
        target = {"emergency": "erin", "unknown": "nobody-here"}.get(
            entered, "bob")
        return converse(self.house.su("alice", target),
                        self.answers(entered, target, 4095))

    def login(self, entered):
        user = {"emergency": "erin", "unknown": "nobody-here"}.get(
            entered, "alice")
        return converse(self.house.login(user),
                        self.answers(entered, user, 4095),
                        say=greet("id -un"))


def programs(w):
    """{column: (page, heading, function)}."""
    return {
        "token": ("sshd", "Token only", w.ssh),
        "key and token": ("sshd", "Key and token", w.ssh),
        "token or password": ("sshd", "Token or local password", w.ssh),
        "sudo": ("sudo", "", w.sudo),
        "sudo -i": ("sudo", "", lambda e: w.sudo(e, "-i")),
        "su": ("su", "", w.su),
        "login": ("login", "", w.login),
    }


def is_possible(column, entered):
    if entered.split()[0] == "key":
        return column in SSHD
    return not (entered == "unknown" and column in ("sudo", "sudo -i"))


def fill(w, column, page, heading, act, cells):
    """One stack, and all that people may come with."""
    w.put_up(recipe.recipes_of(page)[heading])
    w.state(None)
    if page == "sshd":
        w.start_sshd()
    # the keys that a host has at hand, once it has seen a login
    first = "key good" if column == "key and token" else "good"
    act(first)
    for what, entered, state, admitted in ROWS:
        if not is_possible(column, entered):
            cells[what, column] = "–"
            continue
        w.state(state)
        since = w.rig.syslog.mark()
        seen = act(entered)
        want = "in" if column in admitted else "out"
        got = cells[what, column] = "in" if seen.is_in else "out"
        w.rig.case(got == want, "%s %s: %s: %s" % (page, column, what, want),
                   seen.screen, *w.rig.syslog.lines()[since:])
        log = {"good": "accepted", "audience": "refused"}.get(entered)
        if column == "token" and state is None and log:
            missing = [p for p in recipe.log_of(page, log)
                       if not w.rig.syslog.wait(p, since)]
            w.rig.case(not missing, "and the log is as the page has it",
                       *missing, *w.rig.syslog.lines()[since:])
        if state == BROKEN and entered == first:
            w.rig.case(w.rig.syslog.wait("unknown key \"timeot\"", since),
                       "and the log has file, line and remedy")


def no_fallthrough(w):
    """What was admitted for want of a tenant or a configuration, and was
    neither a password nor a key: nothing."""
    for what, entered, state, admitted in ROWS:
        if state in (COLD, BROKEN) and entered == "good":
            w.rig.case(admitted == (), "%s admits nobody" % what)


def root(w):
    """A token never makes root of somebody, unless told so."""
    w.put_up(recipe.recipes_of("su")[""])
    w.state(None)
    since = w.rig.syslog.mark()
    seen = converse(w.house.su("alice", "root"), [w.mint("root")])
    w.rig.case(not seen.is_in and w.rig.syslog.wait("user_refused", since),
               "su: root by a token: out", seen.screen)
    seen = converse(w.house.as_user("alice", "/usr/bin/su", "-", "bob", "-c",
                                    greet("id -un")), [w.mint("bob")])
    w.rig.case(seen.is_in, "su -: by a token: in", seen.screen)


def neighbours(w):
    """%h in audience and permissions: what opens this host opens no other,
    and what opens another does not open this one."""
    here = socket.gethostname().lower()
    w.put_up(recipe.recipes_of("sshd")["Token only"])
    w.conf = w.conf.replace("https://login.example.com/", "https://%h/")
    w.state(None)
    w.start_sshd()
    for name, want in ((here, "in"), (here + "x", "out"), (here[:-1], "out"),
                       ("%h", "out"), (here.upper() + ".", "out")):
        since = w.rig.syslog.mark()
        token = w.mint("alice", audience="https://%s/" % name)
        seen = converse(w.daemon.client(
            "alice", "-o", "PubkeyAuthentication=no") + [greet("id -un")],
            w.parts(token, 1023))
        line = w.rig.syslog.wait("verdict=", since)
        w.rig.case(("in" if seen.is_in else "out") == want and
                   (want == "in" or "reason=audience_refused" in line),
                   "audience = https://%%h/, a token for https://%s/: %s" % (
                       name, want), line, seen.screen)
    w.put_up(recipe.recipes_of("sudo")[""])
    w.state(None)
    for name, want in ((here, "in"), (here + "x", "out"), ("%h", "out")):
        since = w.rig.syslog.mark()
        token = w.mint("alice", permissions=["sudo:" + name])
        seen = converse(w.house.sudo("alice", "-u", "bob"),
                        w.parts(token, 511))
        line = w.rig.syslog.wait("verdict=", since)
        w.rig.case(("in" if seen.is_in else "out") == want and
                   (want == "in" or "reason=permission_missing" in line),
                   "required_permissions = sudo:%%h, a token with sudo:%s: "
                   "%s" % (name, want), line, seen.screen)


def unused_pages(w):
    """Each recipe of these pages was run."""
    ran = {(page, heading) for page, heading, _ in programs(w).values()}
    there = {(page, heading) for page in ("sshd", "sudo", "su", "login")
             for heading in recipe.recipes_of(page)}
    w.rig.case(ran == there, "every recipe of the pages was run",
               sorted(there - ran))


def main():
    rig_module.need_root()
    rig_module.need("/usr/sbin/sshd", "ssh", "sudo", "su", "login", "setpriv",
                    "openssl", "unshare")
    with Rig("stacks") as rig:
        w = World(rig)
        cells = {}
        for column, (page, heading, act) in programs(w).items():
            fill(w, column, page, heading, act, cells)
        no_fallthrough(w)
        root(w)
        neighbours(w)
        unused_pages(w)
        table = Table("who gets in", "what somebody comes with", *[
            "sshd: " + c if c in SSHD else c for c in EVERYBODY])
        table.path = recipe.path_of("stacks")
        for what, _, _, _ in ROWS:
            table.add(what, *[cells[what, column] for column in EVERYBODY])
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
