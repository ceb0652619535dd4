#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token opens a mailbox, its filters and the delivery of mail in a real
Cyrus IMAP, set up from docs/hosts/cyrus-imapd.md."""

import os
import sys

import badinput
import matrix
import rig as rig_module
from badinput import message, xoauth2
from cyrus import Cyrus
from matrix import COOLDOWN
from rig import Rig, USERNAME_CLAIM
from wire import Closed, Imap

QUICK = "refetch_cooldown = %d\n" % COOLDOWN
# of a token: how many bytes, is it on the line of AUTHENTICATE, is it taken
SIZES = ((700, True, True), (3000, True, True), (16300, True, True),
         (700, False, True), (3000, False, True), (16300, False, True))


def login(door, token, name=b"", inline=True):
    with door.connect() as talk:
        return talk.login("OAUTHBEARER", message(token.encode(), name),
                          inline)[0]


def sizes(rig, door):
    for size, inline, want in SIZES:
        token = door.mint(pad_to=size, header={"typ": None}, claims={
            USERNAME_CLAIM: door.user, "azp": None})
        step = login(door, token, inline=inline)
        rig.case((step.kind == "in") == want and len(token) == size,
                 "%d bytes, %s: %s" % (
                     size, "on the line of the command" if inline else
                     "on a line of its own", "in" if want else "out"), step)


def capability(talk):
    talk.send(b"a CAPABILITY\r\n")
    offered = talk.line()
    talk.until("a ")
    return offered


def in_the_clear(rig, host):
    """Neither offered nor accepted before STARTTLS."""
    with Imap(host.imap.port) as talk:
        offered = capability(talk)
        rig.case(" AUTH=" not in offered and "LOGINDISABLED" in offered,
                 "no AUTH= before STARTTLS", offered)
        mark = host.imap.mark()
        step = talk.start("OAUTHBEARER",
                          message(host.imap.mint().encode()))
        rig.case(step.kind == "out", "a token before STARTTLS: refused", step)
        rig.case(not any("verdict=allow" in line for line
                         in host.imap.news(mark)),
                 "nobody has looked at that token", *host.imap.news(mark))
    with host.imap.connect() as talk:
        offered = capability(talk)
        rig.case("AUTH=OAUTHBEARER" in offered and "AUTH=XOAUTH2" in offered
                 and offered.count(" AUTH=") == 2,
                 "the two mechanisms, and no others, behind STARTTLS",
                 offered)


def one_process(rig, door):
    """imapd serves many, one after the other: nothing of the last one stays."""
    good, bad = door.mint().encode(), door.mint(ttl=-600).encode()
    bob = door.mint(claims={USERNAME_CLAIM: "bob"}).encode()
    ok = True
    for _ in range(5):
        for token, name, want in ((good, b"alice", "in"), (bad, b"alice",
                                  "out"), (bob, b"bob", "in"),
                                  (bob, b"alice", "out")):
            with door.connect() as talk:
                step, _ = talk.login("XOAUTH2", xoauth2(token, name))
            ok = ok and step.kind == want
    rig.case(ok, "twenty logins in turn, good and bad ones", step)


def opaque(rig, host):
    """One opaque token comes again and again: the tenant is asked once."""
    rig.configure_as(host.page, QUICK + "opaque_tokens = accept-unbound\n"
                     "required_claim = %s alice" % USERNAME_CLAIM,
                     {"required_scopes = mail\n": ""})
    host.restart()
    rig.tenant.forget()
    token = rig.tenant.mint("alice", kind="opaque")
    mark = host.imap.mark()
    steps = [login(host.imap, token).kind for _ in range(200)]
    asked = rig.tenant.count("/userinfo")
    rig.case(steps == ["in"] * 200 and asked == 1,
             "one opaque token 200 times: the tenant is asked once",
             asked, steps.count("in"), *host.imap.news(mark)[:9])


def names(rig, host):
    """Names with a domain, where Cyrus has virtual domains."""
    rig.configure_as(host.page, QUICK + "username_domains = example.com")
    host.restart(virtdomains="userid", defaultdomain="example.com")
    token = host.imap.mint()
    for name, want in (("alice", "in"), ("alice@example.com", "in"),
                       ("alice@example.org", "out"), ("bob", "out"),
                       ("bob@example.com", "out"),
                       ("alice@example.com@example.com", "out")):
        mark = host.imap.mark()
        step = login(host.imap, token, name.encode())
        rig.case(step.kind == want, "virtual domains, the name %s: %s" % (
            name, want), step, *host.imap.news(mark)[-4:])


PERMISSION = "mail:act"


def delegation(rig, host):
    """Whoever acts for others needs a permission, and to be one of Cyrus's
    admins."""
    door = host.imap
    rig.configure_as(host.page, QUICK + "delegation_permission = " +
                     PERMISSION)
    host.restart(admins="alice")

    def token(user, *permissions):
        return door.mint(claims={USERNAME_CLAIM: user,
                                 "permissions": list(permissions)}).encode()

    rows = (
        ("both", token("alice", PERMISSION), b"bob", "bob"),
        ("both, for oneself", token("alice", PERMISSION), b"", "alice"),
        ("no permission", token("alice"), b"bob",
         "a NO authorization failure"),
        ("another permission", token("alice", "mail"), b"bob",
         "a NO authorization failure"),
        ("a permission, and no admin", token("carol", PERMISSION), b"bob",
         "a NO authentication failure"),
        ("neither", token("carol"), b"bob", "a NO authorization failure"),
    )
    for mechanism in door.mechanisms:
        for what, data, name, want in rows:
            if mechanism == "XOAUTH2":
                name = name or b"alice"
            mark = door.mark()
            with door.connect() as talk:
                step, _ = talk.login(mechanism, badinput.message_for(
                    mechanism, data, name))
            ok = step.text.startswith(want) if " " in want else (
                step.kind == "in" and door.wait(
                    r"login: .* %s %s\+TLS" % (want, mechanism), mark))
            rig.case(ok, "acting for others, %s, %s: %s" % (
                mechanism, what, want), step, *door.news(mark))
    mark = door.mark()
    step = login(door, door.mint(claims={USERNAME_CLAIM: "Bob"}))
    rig.case(step.kind == "in" and door.wait(r"login: .* bob OAUTH", mark),
             "Cyrus takes Bob for bob", step, *door.news(mark))


def broken(rig, host):
    """A mistake in audient.conf: nothing is offered, and the log says why."""
    rig.write("audient.conf", "domain = x\nno_such_key = 1\n")
    mark = host.imap.mark()
    host.restart()
    try:
        with host.imap.connect() as talk:
            step = talk.start("OAUTHBEARER", message(b"x"))
            rig.case(step.kind == "out", "a mistake in audient.conf: refused",
                     step)
    except Closed as error:
        rig.case(True, "a mistake in audient.conf: refused", error)
    rig.case(host.imap.wait("audient.conf:2: .*no_such_key", mark),
             "a mistake in audient.conf: the log has its line",
             *host.imap.news(mark))


def page(rig, host):
    """What the page says of the log, and its command."""
    mark = host.imap.mark()
    login(host.imap, host.imap.mint(), b"alice")
    login(host.imap, host.imap.mint(ttl=-600), b"alice")
    for pattern in host.page.log("lines"):
        rig.case(host.imap.wait(pattern, mark), "the log has: " + pattern,
                 *host.imap.news(mark))
    where = rig.path("page", mode=0o700)
    rig.write("page/token", host.imap.mint() + "\n", 0o600)
    status, out = rig.run("sh", "-c", "cd %s; %s" % (
        where, host.page.command("curl", {
            "imap.example.com": "127.0.0.1:%d --cacert %s" % (
                host.imap.port, host.imap.trust)})))
    rig.case(status == 0, "the page's curl", out)


def main():
    rig_module.need_root()
    rig_module.need("unshare", "curl", "mutt", "mbsync",
                    "/usr/lib/cyrus/bin/master", "/usr/lib/cyrus/bin/imtest")
    with Rig("cyrus") as rig:
        rig.install()
        host = Cyrus(rig)
        rig.configure_as(host.page, QUICK)
        host.start()
        in_the_clear(rig, host)
        for door in host.doors:
            badinput.play(door)
        sizes(rig, host.imap)
        one_process(rig, host.imap)
        page(rig, host)
        matrix.run_doors("cyrus", host.doors)
        opaque(rig, host)
        names(rig, host)
        delegation(rig, host)
        broken(rig, host)
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.imap.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
