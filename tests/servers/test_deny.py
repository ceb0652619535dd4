#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the administrator writes into deny_file and user_map counts from the
next login on: for new processes, for those that run and remember, and in a
chroot; for JWTs and for opaque tokens.  A file that is bad lets nobody in."""

import os
import sys
import time

from faultlib import Decider, Host, once
from rig import Rig

SUB = "auth0|5f7c8ec7c33c6c004bbafe82"
BAD = "config_invalid"
SETTINGS = ("opaque_tokens = accept-unbound\n"
            "required_claim = email_verified true\n"
            "deny_file = %s\nuser_map = %s\n")


class Place:
    """A host that runs and one process per login; both must agree."""

    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.deny, self.map = rig.write("deny", ""), rig.write("map", "")
        self.users("alice alice\ndave dave\n")
        self.host = Host(rig.path("host"), rig.tenant.issuer, rig.ca,
                         SETTINGS % (self.deny, self.map))
        self.jwt = self.mint("alice", claims={"jti": "one"})
        self.other = self.mint("dave", claims={"jti": "two"})
        self.opaque = rig.tenant.mint("alice", kind="opaque")
        self.living = Decider(self.host)

    def mint(self, user, claims=None, **options):
        return self.tenant.mint(user, claims={"email_verified": True,
                                              **(claims or {})}, **options)

    def refuse(self, text):
        self.rig.write("deny", text)

    def users(self, text):
        self.rig.write("map", text)

    def see(self, what, *wants):
        """Reasons for alice's JWT, her opaque token, and dave's JWT."""
        tokens = (self.jwt, self.opaque, self.other)
        got = [self.living.ask(t) for t in tokens]
        single = [once(self.host, t) for t in tokens]
        # with a bad file a new process does not get that far
        begun = ["ended" if want == BAD else want for want in wants]
        self.rig.case(got == list(wants) and single == begun, "%s: %s" % (
            what, ", ".join(wants)), got, single)


def deny_rows(p):
    def stamp(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                             time.gmtime(time.time() + seconds))
    kid = p.tenant.control("keys")["keys"]["current"]
    kid = kid if isinstance(kid, str) else kid["RS256"]
    client = p.tenant.clients["native"]["client_id"]
    out, ok = "denied_locally", "ok"
    rows = [
        ("sub", "sub " + SUB, out, out, ok),
        ("sub of somebody else", "sub auth0|nobody", ok, ok, ok),
        ("part of the sub", "sub " + SUB[:-1], ok, ok, ok),
        ("azp", "azp " + client, out, ok, out),
        ("azp of another application", "azp " + client[:-1], ok, ok, ok),
        ("jti", "jti one", out, ok, ok),
        ("kid", "kid " + kid, out, ok, out),
        ("kid in other letters", "kid " + kid.swapcase(), ok, ok, ok),
        ("issued-before, in a minute", "issued-before " + stamp(60), out, out,
         out),
        ("issued-before, an hour ago", "issued-before " + stamp(-3600), ok,
         out, ok),             # an opaque token does not say when
        ("issued-before, for one", "issued-before %s sub %s" % (stamp(60), SUB),
         out, out, ok),
        ("several lines", "# stolen\n\nsub auth0|nobody\njti one\nazp none",
         out, ok, ok),
    ]
    p.see("nothing on the list", ok, ok, ok)
    for what, line, *wants in rows:
        p.refuse(line + "\n")
        p.see(what, *wants)
        p.refuse("")
        p.see("off the list again", ok, ok, ok)


def same_looks(p):
    """A change that leaves size and time as they were is seen too."""
    p.refuse("sub auth0|" + "x" * 24 + "\n")
    p.see("somebody else on it", "ok", "ok", "ok")
    before = os.stat(p.deny)
    p.refuse("sub %s\n" % SUB)
    os.utime(p.deny, ns=(before.st_atime_ns, before.st_mtime_ns))
    p.rig.case(os.stat(p.deny).st_size == before.st_size and
               os.stat(p.deny).st_mtime_ns == before.st_mtime_ns,
               "size and time are the same")
    p.see("and it is another subject", "denied_locally", "denied_locally",
          "ok")
    p.rig.write("deny.new", "")
    os.rename(p.rig.dir + "/deny.new", p.deny)
    p.see("another file of that name", "ok", "ok", "ok")


def spoil(p, path, good, rows):
    """A bad file refuses everybody, says where, and can be mended."""
    name = os.path.basename(path)
    for what, change, word in rows:
        change()
        p.see("%s: %s" % (name, what), BAD, BAD, BAD)
        out = p.host.explain(p.jwt)[3]
        p.rig.case(word in str(out), "explain says " + word, out)
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
        p.rig.write(name, good)
        os.chmod(path, 0o644)
        p.see("%s: mended" % name, "ok", "ok", "ok")


def bad_files(p):
    for path, good, line in ((p.deny, "", "subject x"),
                             (p.map, "alice alice\ndave dave\n", "alice")):
        def text(s, name=os.path.basename(path)):
            return lambda: p.rig.write(name, s)
        spoil(p, path, good, (
            ("a bad line", text(good + line + "\n"), "%s:%d: " % (
                path, good.count("\n") + 1)),
            ("a NUL", text(good + "\0\n"), path),
            ("all can write", lambda path=path: os.chmod(path, 0o666), path),
            ("gone", lambda path=path: os.unlink(path), path),
            ("a directory", lambda path=path: (
                os.unlink(path), os.mkdir(path)), path),
            ("a symbolic link", lambda path=path: (
                os.unlink(path), os.symlink("/etc/passwd", path)), path),
            ("a fifo", lambda path=path: (
                os.unlink(path), os.mkfifo(path), os.chmod(path, 0o644)),
             path)))


def mapped(p):
    for what, users, want in (
            ("as it was", "alice alice\ndave dave\n", ("ok", "alice")),
            ("another user", "alice bob\ndave dave\n", ("ok", "bob")),
            ("not named any more", "dave dave\n", ("username_missing", "-")),
            ("back again", "alice alice\ndave dave\n", ("ok", "alice"))):
        p.users(users)
        got = []
        for token in (p.jwt, p.opaque):
            p.living.say(token)
            got.append(p.living.answer())
        p.rig.case([g[0] for g in got] == [want[0]] * 2 and
                   (want[0] != "ok" or got == [want] * 2),
                   "user_map, %s: %s" % (what, " ".join(want)), got)


def in_a_chroot(p):
    with Decider(p.host) as jailed:
        got = [jailed.ask(p.jwt)]
        jailed.say("jail " + p.rig.path("empty"))
        got.append(jailed.ask(p.jwt))
        p.refuse("sub %s\n" % SUB)
        got.append(jailed.ask(p.jwt))
        p.refuse("")
        got.append(jailed.ask(p.jwt))
        p.users("dave dave\n")
        got.append(jailed.ask(p.jwt))
        p.users("alice alice\ndave dave\n")
        got.append(jailed.ask(p.jwt))
    p.rig.case(got == ["ok", "ok", "denied_locally", "ok",
                       "username_missing", "ok"],
               "from inside a chroot both are still read", got)


def threads(p):
    """The list changes while 32 threads decide: none is let in after."""
    with Decider(p.host) as host:
        host.say("threads 32")
        reasons = []
        for text in ("", "sub %s\n" % SUB, "", "sub %s\n" % SUB):
            p.refuse(text)
            host.say(p.jwt)
            reasons.append({host.answer()[0] for _ in range(32)})
    p.refuse("")
    p.rig.case(reasons == [{"ok"}, {"denied_locally"}] * 2,
               "the same for 32 threads at once", reasons)


def main():
    with Rig("deny") as rig:
        place = Place(rig)
        parts = [deny_rows, same_looks, bad_files, mapped, threads]
        if os.geteuid() == 0:
            parts.append(in_a_chroot)
        else:
            print("# not in a chroot, which only root can enter")
        for part in parts:
            part(place)
        rig.case(rig.tenant.count("/userinfo") <= 2,
                 "and all of it on what /userinfo said once",
                 rig.tenant.count())
        place.living.close()
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
