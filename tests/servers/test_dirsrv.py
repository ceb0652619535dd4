#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real 389 Directory Server set up from docs/hosts/389-ds.md, whose plug-ins
get no options: bad messages, whom a token is, many binds at once, and what is
left behind."""

import concurrent.futures
import os
import re
import socket
import sys
import threading

import badinput
import matrix
import rig as rig_module
from directory import Ldap, LdapError, oauthbearer
from dirsrv import Dirsrv
from matrix import COOLDOWN
from rig import OTHER_AUDIENCE, USERNAME_CLAIM, Rig

QUICK = "refetch_cooldown = %d\n" % COOLDOWN
PERMISSION = "ldap:delegate"
CLIENTS, BINDS = 16, 8
MANAGER = "dn:cn=Directory Manager"
BLOB = re.compile(r"[\w+/=.-]{80,}")


def command(rig, host, name, token):
    """A command of the page: (exit status, output)."""
    rig.write("page/token", token, 0o600)
    text = host.page.command(name, {"ldaps://ldap.example.com":
                                    host.door.url})
    return rig.run("sh", "-c", "cd %s/page; %s" % (rig.dir, text), env={
        "SASL_PATH": rig.plugins, "LDAPCONF": "/dev/null",
        "LDAPTLS_CACERT": host.door.trust})


def page(rig, host):
    door, mark = host.door, host.door.mark()
    status, out = command(rig, host, "whoami", door.mint())
    rig.case(status == 0 and host.dn("alice") in out, "the page's ldapwhoami",
             out)
    command(rig, host, "whoami", door.mint(ttl=-600))
    for pattern in host.page.log("lines"):
        rig.case(door.wait(pattern, mark), "the log has: " + pattern,
                 *door.news(mark)[-6:])
    with door.connect() as talk:
        step = talk.start("PLAIN", b"\0alice\0secret")
        rig.case(step.text.startswith("7 "), "no mechanism beside the page's",
                 step)
    # ldap:// is shut: else a token would be taken there in the clear
    rig.case(not is_open(host.plain), "nothing listens without TLS")


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except ConnectionRefusedError:
        return False


def bind(host, token, authzid=""):
    """(result code, who one is then)"""
    with Ldap(host.door.port, host.door.trust) as ldap:
        code, _, _ = ldap.bind("OAUTHBEARER", oauthbearer(token, authzid))
        if code == 14:          # that was the reason; now the refusal
            code, _, _ = ldap.bind("OAUTHBEARER", b"\1")
        return code, ldap.whoami() if code == 0 else None


def people(rig, host):
    """Whom a token is, and whom it is not."""
    def token(name, **claims):
        return host.door.mint(claims={USERNAME_CLAIM: name, **claims})

    def expect(what, got, want=None):
        wanted = (0, host.dn(want)) if want else (49, None)
        rig.case(got == wanted, "%s: %s" % (what, want or "out"), got)

    expect("alice", bind(host, token("alice")), "alice")
    expect("bob", bind(host, token("bob")), "bob")
    expect("alice, who says so", bind(host, token("alice"), "u:alice"),
           "alice")
    expect("alice as bob", bind(host, token("alice"), "u:bob"))
    expect("nobody's entry", bind(host, token("carol")))
    expect("an entry beside the mapping's", bind(host, token("dave")))
    for name in ("*", "a*", "alice)(uid=*", MANAGER, host.dn("bob"), "u:bob",
                 "alice@example.com", ""):
        expect("a token of %r" % name, bind(host, token(name)))
    expect("alice as the manager", bind(host, token("alice"), MANAGER))
    # the server lets SASL decide, which lets nobody
    may = {"permissions": [PERMISSION]}
    for name in ("u:bob", host.dn("bob"), MANAGER):
        expect("alice as %s, with the permission" % name,
               bind(host, token("alice", **may), name))


def many(rig, host):
    """Clients at once, good tokens and bad ones, of two users."""
    mint = host.door.mint
    rows = [(mint(), "alice"), (mint(ttl=-600), None),
            (mint(claims={USERNAME_CLAIM: "bob"}), "bob"),
            (mint(audience=OTHER_AUDIENCE), None), (mint(scope="x"), None)]
    gate = threading.Barrier(CLIENTS)

    def client(number):
        gate.wait()
        wrong = []
        for n in range(BINDS):
            token, want = rows[(number + n) % len(rows)]
            try:
                got = bind(host, token)
            except (LdapError, OSError) as error:
                got = repr(error)
            if got != ((0, host.dn(want)) if want else (49, None)):
                wrong.append("%s instead of %s" % (got, want))
        return wrong

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        wrong = sum(pool.map(client, range(CLIENTS)), [])
    rig.case(not wrong, "%d clients at once, %d binds each" % (
        CLIENTS, BINDS), *wrong[:5])


def left_behind(host):
    """Children of any thread of the server, and its files."""
    proc, children = "/proc/%d" % host.pid, []
    for thread in os.listdir(proc + "/task"):
        with open("%s/task/%s/children" % (proc, thread)) as f:
            children += f.read().split()
    files = [os.readlink("%s/fd/%s" % (proc, fd))
             for fd in os.listdir(proc + "/fd")]
    return children, sorted(f for f in files if not f.startswith("socket:"))


def main():
    rig_module.need_root()
    rig_module.need("ns-slapd", "dscreate", "ldapwhoami", "unshare")
    with Rig("dirsrv") as rig:
        rig.install()
        rig.path("page", mode=0o700)
        host = Dirsrv(rig)
        host.configure(QUICK + "delegation_permission = " + PERMISSION)
        host.create()
        host.set_up()
        people(rig, host)
        badinput.takes(host.door, 3000, 9000, 16000)
        before = left_behind(host)
        many(rig, host)
        after = left_behind(host)
        rig.case(before == after and before[1],
                 "neither a file nor a child is left behind", before, after)
        host.log()
        badinput.play(host.door)
        page(rig, host)
        matrix.run_doors("dirsrv", [host.door])
        logs = host.logs()
        # what the catalogue of bad messages repeats is no token
        found = [b for b in BLOB.findall(logs) if len(set(b)) > 20]
        rig.case("audient: service=ldap" in logs and not found,
                 "no log of the server has a token", *found[:3])
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
