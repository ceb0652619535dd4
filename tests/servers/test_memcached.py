#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token opens a real memcached, set up from docs/hosts/memcached.md."""

import os
import sys

import badinput
import matrix
import rig as rig_module
from badinput import message
from clients import memcping
from matrix import COOLDOWN
from memcached import Memcached
from rig import Rig


def door_is_shut(rig, door):
    """Nothing can be read before a login, nor after one that failed."""
    with door.connect() as talk:
        rig.case(sorted(talk.mechanisms().split()) == [
            "OAUTHBEARER", "XOAUTH2"], "the two mechanisms, and no others")
        rig.case(not talk.may_read(), "before a login: nothing can be read")
    for what, token, want in (("good", door.mint(), True),
                              ("expired", door.mint(ttl=-600), False)):
        with door.connect() as talk:
            talk.login("OAUTHBEARER", message(token.encode()))
            rig.case(talk.may_read() == want, "%s token: what is kept can%s "
                     "be read" % (what, "" if want else "not"))


def log(rig, host):
    mark = host.door.mark()
    for ttl in (600, -600):
        with host.door.connect() as talk:
            talk.login("OAUTHBEARER", message(
                host.door.mint(ttl=ttl).encode(), b"alice"))
    for pattern in host.page.log("lines"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))


def main():
    rig_module.need_root()
    rig_module.need("memcached", "memcping", "unshare")
    with Rig("memcached") as rig:
        rig.install()
        host = Memcached(rig)
        rig.configure_as(host.page, badinput.DELEGATION +
                         "refetch_cooldown = %d" % COOLDOWN)
        host.start()
        badinput.play(host.door)
        badinput.only_oneself(host.door)
        badinput.takes(host.door, 3000, 9000, 16000)
        door_is_shut(rig, host.door)
        log(rig, host)
        mark = host.door.mark()
        memcping(host.door, "OAUTHBEARER", "alice", host.door.mint())
        rig.case(host.door.wait("mech:  ``OAUTHBEARER''", mark),
                 "memcping takes the first mechanism", *host.door.news(mark))
        matrix.run_doors("memcached", [host.door])
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
