#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token lets mail into a real Postfix, with smtpd in its chroot as Debian
ships it, set up from docs/hosts/postfix.md."""

import os
import sys

import badinput
import matrix
import rig as rig_module
from badinput import message
from matrix import COOLDOWN
from postfix import Postfix
from rig import USERNAME_CLAIM, Rig
from wire import Smtp

# of a token: how many bytes, is it on the line of AUTH, how Postfix takes it
# as delivered, and as the page has it
SIZES = (
    (700, True, "235", "235"), (1470, True, "235", "235"),
    (1600, True, "535", "235"), (3000, True, "535", "235"),
    (9000, True, "535", "235"), (700, False, "235", "235"),
    (3000, False, "235", "235"), (9000, False, "235", "235"),
    (9300, False, "500", "235"), (16000, False, "500", "235"),
)


def fetch_keys(rig, host):
    """What root's timer does, with the command of the page."""
    status, out = rig.run("sh", "-c", host.page.command("keys", {
        "audient ": "%s/audient " % rig_module.BUILD}).strip() +
        " --config %s/audient.conf" % rig.dir)
    rig.case(status == 0, "root fetches the keys", out)


def login(door, token, inline=True, name=b""):
    with door.connect() as talk:
        return talk.login("OAUTHBEARER", message(token.encode(), name),
                          inline)[0]


def sized(door, size):
    """A token of just so many bytes."""
    token = door.mint(pad_to=size, header={"typ": None}, claims={
        USERNAME_CLAIM: door.user, "azp": None})
    assert len(token) == size, len(token)
    return token


def sizes(rig, host, column, what):
    for size, inline, *want in SIZES:
        mark = host.door.mark()
        step = login(host.door, sized(host.door, size), inline)
        cut = want[column] != "535" or host.door.wait(
            "request longer than 2048", mark)
        rig.case(step.text.startswith(want[column]) and cut,
                 "%d bytes, %s, %s: %s" % (
                     size, "on the line of AUTH" if inline else
                     "on a line of its own", what, want[column]), step,
                 *host.door.news(mark))


# Where Postfix cuts, does libsasl2 find whole base64 in what is left?
CUTS = {2048: "another step is needed in authentication",
        2049: "bad protocol / cancel"}


def cut(rig, host, limit):
    """What the page says of a message that was cut, at some limit."""
    for mechanism in host.door.mechanisms:
        mark = host.door.mark()
        with host.door.connect() as talk:
            step, _ = talk.login(mechanism, badinput.message_for(
                mechanism, sized(host.door, limit).encode(), b"alice"))
        rig.case(step.text == "535 5.7.8 Error: authentication failed: " +
                 CUTS[limit], "cut at %d bytes, %s: 535, %s" % (
                     limit, mechanism, CUTS[limit]), step)
        for pattern in ("request longer than %d: AUTH %s " % (
                            limit, mechanism),
                        "SASL %s authentication failed: %s" % (
                            mechanism, CUTS[limit])):
            rig.case(host.door.wait(pattern, mark), "cut at %d bytes, the log "
                     "has: %s" % (limit, pattern), *host.door.news(mark))
        ours = [line for line in host.door.news(mark)
                if 'message="it ends too early' in line]
        told = "the host cut it; in Postfix raise line_length_limit"
        rig.case(bool(ours) == (limit % 4 == 1) and
                 all(told in line for line in ours),
                 "cut at %d bytes, %s: %d lines of ours" % (
                     limit, mechanism, len(ours)), *host.door.news(mark))


PERMISSION = "mail:act"


def letter(door, mechanism, token, name):
    """The last step of a login, and the name that Postfix has for a letter
    of the user's."""
    mark = door.mark()
    with door.connect() as talk:
        step, _ = talk.login(mechanism, badinput.message_for(
            mechanism, token.encode(), name))
        if step.kind != "in":
            return step, None
        for line in (b"MAIL FROM:<x@example.com>", b"RCPT TO:<b@example.com>"):
            talk.send(line + b"\r\n")
            talk.reply()
    line = door.wait("sasl_username=", mark)
    return step, line.rpartition("sasl_username=")[2]


def realm(rig, host):
    """With smtpd_sasl_local_domain = example.com; and a permission to act
    for others that Postfix knows nothing of."""
    door = host.door
    may = {"claims": {USERNAME_CLAIM: "alice", "permissions": [PERMISSION]}}
    full = {"claims": {USERNAME_CLAIM: "alice@example.com"}}
    other = {"claims": {USERNAME_CLAIM: "alice@example.org"}}
    rows = [
        ("no name", {}, b"", "alice@example.com"),
        ("a name without a domain", {}, b"alice", "alice@example.com"),
        ("the whole name", {}, b"alice@example.com", "alice@example.com"),
        ("a token with the domain", full, b"alice@example.com",
         "alice@example.com"),
        ("the same, and a name without", full, b"alice", "alice@example.com"),
        ("a token with another domain", other, b"alice@example.org",
         "alice@example.org"),
        ("another domain", {}, b"alice@example.org", None),
        ("a token with another domain, and a name without", other, b"alice",
         None),
        ("for another user", {}, b"bob", None),
        ("for another user, with a permission", may, b"bob", None),
        ("the same, by the whole name", may, b"bob@example.com", None),
    ]
    for what, options, name, want in rows:
        mark = door.mark()
        mechanism = "XOAUTH2" if name else "OAUTHBEARER"
        step, got = letter(door, mechanism, door.mint(**options), name)
        rig.case(got == want and (want or step.text.startswith("535 ")),
                 "a realm, %s: %s" % (what, want or 535), got, step,
                 *door.news(mark))


def in_the_clear(rig, host):
    """Neither offered nor accepted before STARTTLS."""
    with Smtp(host.port) as talk:
        talk.send(talk.hello)
        offered = talk.reply()
        rig.case("AUTH" not in offered, "no AUTH before STARTTLS", offered)
        step = talk.start("OAUTHBEARER", message(host.door.mint().encode()))
        rig.case(step.kind == "out", "a token before STARTTLS: refused", step)
    with host.door.connect() as talk:
        rig.case("AUTH OAUTHBEARER XOAUTH2" in talk.capabilities or
                 "AUTH XOAUTH2 OAUTHBEARER" in talk.capabilities,
                 "both mechanisms, and no others, behind STARTTLS",
                 talk.capabilities)


def chroot(rig, host):
    """smtpd cannot fetch; what root fetches is there at once."""
    rig.tenant.rotate()
    rig.tenant.rotate()
    token = host.door.mint()
    step = login(host.door, token)
    rig.case(step.text.startswith("454 4.7.0"),
             "a new key, in the chroot: 454", step)
    fetch_keys(rig, host)
    step = login(host.door, token)
    rig.case(step.kind == "in", "the same, once root has fetched the keys",
             step)


def opaque(rig, host):
    """Nobody can be asked from within the chroot."""
    rig.tenant.forget()
    mark = host.door.mark()
    step = login(host.door, rig.tenant.mint("alice", kind="opaque"))
    rig.case(step.text.startswith("454 4.7.0") and
             host.door.wait("reason=issuer_unavailable", mark) and
             rig.tenant.count()["total"] == 0,
             "an opaque token, in the chroot: 454", step)


def page(rig, host):
    """The commands of the page, and what it says of the log."""
    mark = host.door.mark()
    login(host.door, host.door.mint(ttl=-600), name=b"alice")
    where = rig.path("page", mode=0o700)
    rig.write("page/token", host.door.mint() + "\n", 0o600)
    rig.write("page/letter", "Subject: test\r\n\r\nHello.\r\n")
    there = {"mail.example.com:587": "127.0.0.1:%d --cacert %s" % (
        host.port, host.door.trust)}
    status, out = rig.run("sh", "-c", "cd %s; %s" % (
        where, host.page.command("curl", there)))
    rig.case(status == 0, "the page's curl", out)
    config = rig.write("page/msmtprc", host.page.file("msmtprc", {
        "mail.example.com": "127.0.0.1", "587": "%d" % host.port,
        "/home/alice": where}) + "tls_trust_file %s\n" % host.door.trust,
        0o600)
    status, out = rig.run("msmtp", "-C", config, "-a", "work",
                          "bob@example.com", text="Subject: test\n\nHello.\n")
    rig.case(status == 0, "the page's msmtp", out)
    for pattern in host.page.log("lines"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))


def main():
    rig_module.need_root()
    rig_module.need("postfix", "unshare", "curl", "msmtp")
    with Rig("postfix") as rig:
        rig.install()
        host = Postfix(rig)
        rig.configure_as(host.page, "refetch_cooldown = %d" % COOLDOWN)
        fetch_keys(rig, host)
        host.start()
        in_the_clear(rig, host)
        badinput.play(host.door)
        sizes(rig, host, 1, "as the page has it")
        chroot(rig, host)
        page(rig, host)
        matrix.run_doors("postfix", [host.door])
        fetch_keys(rig, host)
        rig.configure_as(host.page, "opaque_tokens = accept-unbound\n"
                         "required_claim = %s alice\n" % USERNAME_CLAIM)
        host.restart(limits=False)
        sizes(rig, host, 0, "as delivered")
        opaque(rig, host)
        cut(rig, host, 2048)
        rig.configure_as(host.page, "delegation_permission = " + PERMISSION)
        host.restart(limits=False, more=[
            "line_length_limit = 2049",
            "smtpd_sasl_local_domain = example.com"])
        cut(rig, host, 2049)
        realm(rig, host)
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
