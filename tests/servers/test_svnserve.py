#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token opens a repository of Subversion's svnserve, behind stunnel, set up
from docs/hosts/svnserve.md."""

import os
import sys

import badinput
import matrix
import rig as rig_module
from badinput import message
from matrix import COOLDOWN
from rig import USERNAME_CLAIM, Rig
from svnserve import Svnserve


def log(rig, host):
    mark = host.door.mark()
    for ttl in (600, -600):
        with host.door.connect() as talk:
            talk.login("OAUTHBEARER", message(
                host.door.mint(ttl=ttl).encode(), b"alice"))
    for pattern in host.page.log("lines"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))


def page(rig, host):
    """The page's own command, with the token in a file."""
    rig.write("page/token", host.door.mint(), 0o600)
    command = host.page.command("svn", {
        "svn.example.com/project": "127.0.0.1/", "svn ": "svn --config-dir "
        "%s/client/subversion " % rig.dir, "$HOME": rig.dir + "/page"})
    status, out = rig.run("sh", "-c", command,
                          env={"SASL_PATH": rig.plugins})
    rig.case(status == 0 and "Repository Root" in out, "the page's svn", out)
    status, out = rig.run(
        "sh", "-c", command.replace("AUDIENT_TOKEN_FILE", "NO_SUCH_THING"),
        env={"SASL_PATH": rig.plugins})
    rig.case(status != 0, "without AUDIENT_TOKEN_FILE: out", out)


def author(rig, host):
    """Who has committed, as Subversion writes it down."""
    door = host.door
    command = ["svn", "--non-interactive", "--no-auth-cache", "--username",
               "alice", "--password-from-stdin", "--config-dir",
               rig.dir + "/client/subversion"]
    env = {"SASL_PATH": rig.plugins, "AUDIENT_TOKEN_FILE": "-"}
    status, out = rig.run(*command, "mkdir", "-m", "test",
                          "svn+tls://127.0.0.1/d", text=door.mint(), env=env)
    rig.case(status == 0, "a commit with a token", out)
    status, out = rig.run("svnlook", "author", rig.dir + "/repository")
    rig.case(out.strip() == "alice", "its author is alice", out)
    status, out = rig.run(*command, "mkdir", "-m", "test",
                          "svn+tls://127.0.0.1/e", text=door.mint(ttl=-600),
                          env=env)
    rig.case(status != 0, "no commit with an expired token", out)
    for name, want in (("alice@example.com", ""),
                       ("alice@example.org", "bad protocol / cancel")):
        mark = door.mark()
        status, out = rig.run(
            *command, "--username", name, "info", "svn+tls://127.0.0.1/",
            text=door.mint(claims={USERNAME_CLAIM: name}), env=env)
        rig.case((status != 0) == bool(want) and want in out and door.wait(
            "user=%s verdict=allow" % name, mark),
            "%s, where the realm is example.com: %s" % (name, want or "in"),
            out, *door.news(mark))


def main():
    rig_module.need_root()
    rig_module.need("svnserve", "svn", "stunnel", "openssl", "unshare")
    with Rig("svnserve") as rig:
        rig.install()
        host = Svnserve(rig)
        rig.configure_as(host.page, badinput.DELEGATION +
                         "refetch_cooldown = %d" % COOLDOWN)
        host.start()
        badinput.play(host.door)
        badinput.only_oneself(host.door)
        badinput.takes(host.door, 3000, 9000, 16000)
        log(rig, host)
        page(rig, host)
        author(rig, host)
        matrix.run_doors("svnserve", [host.door])
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
