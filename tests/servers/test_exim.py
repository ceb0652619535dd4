#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A token lets mail into a real Exim through its driver cyrus_sasl, set up
from docs/hosts/exim.md."""

import base64
import os
import re
import sys
import time

import badinput
import matrix
import rig as rig_module
from badinput import message, xoauth2
from exim import LOGS, Exim, unpacked
from matrix import COOLDOWN
from rig import USERNAME_CLAIM, Rig
from wire import EximSmtp

# of a token: how many bytes, is it on the line of AUTH, how Exim takes it
SIZES = ((700, True, "235"), (3000, True, "235"), (9000, True, "235"),
         (12000, True, "235"), (12500, True, "500"), (16000, True, "500"),
         (700, False, "235"), (9000, False, "235"), (12000, False, "235"),
         (12500, False, "501"), (16000, False, "501"))
BLOB = re.compile(r"[\w+/=.-]{80,}")


def login(door, token, inline=True, name=b""):
    with door.connect() as talk:
        return talk.login("OAUTHBEARER", message(token.encode(), name),
                          inline)[0]


def sizes(rig, door):
    for size, inline, want in SIZES:
        token = door.mint(pad_to=size, header={"typ": None}, claims={
            USERNAME_CLAIM: door.user, "azp": None})
        step = login(door, token, inline)
        rig.case(len(token) == size and step.text.startswith(want),
                 "%d bytes, %s: %s" % (size, "on the line of AUTH" if inline
                                       else "on a line of its own", want),
                 len(token), step)


def in_the_clear(rig, host):
    """Neither offered nor accepted before STARTTLS."""
    first = message(host.door.mint().encode())
    with EximSmtp(host.door.port) as talk:
        talk.send(talk.hello)
        offered = talk.reply()
        rig.case("AUTH" not in offered, "no AUTH before STARTTLS", offered)
        step = talk.start("OAUTHBEARER", first)
        rig.case(step.text.startswith("503 "),
                 "a token before STARTTLS: 503", step)
    with host.door.connect() as talk:
        rig.case("AUTH OAUTHBEARER XOAUTH2" in talk.capabilities,
                 "both mechanisms, and no others, behind STARTTLS",
                 talk.capabilities)


def mistakes(host):
    """What clients do wrong with a token in their hands."""
    door, token = host.door, host.door.mint().encode()
    with EximSmtp(door.port) as talk:
        yield talk.start("OAUTHBEARER", message(token))
    for line in (b"AUTH OAUTHBEARER %%" + base64.b64encode(message(token)),
                 b"AUTH FORGED " + base64.b64encode(message(token)),
                 b"AUTH OAUTHBEARER " + base64.b64encode(message(token)) +
                 b" x", b"AUTH " + token, token,
                 b"AUTH OAUTHBEARER " + base64.b64encode(message(
                     door.mint(pad_to=16000).encode()))):
        with door.connect() as talk:
            yield talk.raw(line)
    with door.connect() as talk:
        talk.start("OAUTHBEARER")
        yield talk.raw(b"%%" + base64.b64encode(message(token)))
    with door.connect() as talk:
        talk.start("XOAUTH2", xoauth2(host.door.mint(ttl=-600).encode(),
                                      b"alice"))
        yield talk.abort()
    with door.connect() as talk:
        talk.start("OAUTHBEARER", message(token))
        yield talk.start("OAUTHBEARER", message(token))


def blobs(rig):
    """Of Exim's logs, what is as long as a piece of a token."""
    return [found for log in LOGS for found in BLOB.findall(open(
        os.path.join(rig.dir, log), errors="replace").read())]


def secrecy(rig, host):
    """No mistake puts a token into Exim's logs, in whatever encoding."""
    steps = list(mistakes(host))
    rig.case(steps and all(s.kind != "in" for s in steps),
             "%d mistakes with a token are refused" % len(steps), *steps)
    found = blobs(rig)
    rig.case(not found, "no token is in Exim's logs", *found[:3])


def page(rig, host):
    """The command of the page, and what it says of the log."""
    mark = host.door.mark()
    login(host.door, host.door.mint(ttl=-600), name=b"alice")
    where = rig.path("page", mode=0o700)
    rig.write("page/token", host.door.mint() + "\n", 0o600)
    rig.write("page/letter", "Subject: test\r\n\r\nHello.\r\n")
    status, out = rig.run("sh", "-c", "cd %s; %s" % (
        where, host.page.command("curl", {
            "mail.example.com:587": "127.0.0.1:%d --cacert %s" % (
                host.door.port, host.door.trust)})))
    rig.case(status == 0, "the page's curl", out)
    for pattern in host.page.log("lines"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))


def will_not_start(rig, host):
    """Exim wants to have seen the mechanisms before it starts."""
    status, out = host.version()
    rig.case(status == 0, "Exim takes the configuration of the page", out)
    for what, options, wanted in (
            ("tls = required", {"instead": {
                "tls             = host-enforced": "tls = required"}},
             "Cyrus SASL doesn't know about mechanism OAUTHBEARER"),
            ("a mistake in audient.conf", {"text": "color = red"},
             "couldn't get Cyrus SASL mechanism list")):
        rig.configure_as(host.page, **options)
        status, out = host.version()
        rig.case(status != 0 and wanted in out,
                 "with %s it does not start" % what, status, out)


def while_it_runs(rig, host):
    """Exim loads the plug-in anew for each login, and has one answer for
    whatever it is told."""
    quick = "refetch_cooldown = %d" % COOLDOWN
    token = host.door.mint()
    rig.configure_as(host.page, "color = red")
    step = login(host.door, token)
    rig.case(step.text.startswith("535 "),
             "a mistake in audient.conf while it runs: 535", step)
    rig.configure_as(host.page, quick)
    step = login(host.door, token)
    rig.case(step.kind == "in", "and mended: in", step)
    matrix.silence(rig.tenant)
    mark, token = host.door.mark(), host.door.mint()
    step = login(host.door, token)
    rig.case(step.text.startswith("535 "), "tenant down: 535", step)
    for pattern in host.page.log("later"):
        rig.case(host.door.wait(pattern, mark), "the log has: " + pattern,
                 *host.door.news(mark))
    rig.tenant.clear()
    time.sleep(COOLDOWN + 0.5)
    step = login(host.door, token)
    rig.case(step.kind == "in", "and up again: in", step)


def main():
    rig_module.need_root()
    rig_module.need("unshare", "curl", "msmtp")
    unpacked()
    with Rig("exim") as rig:
        rig.install()
        host = Exim(rig)
        rig.configure_as(host.page)
        will_not_start(rig, host)
        rig.configure_as(host.page, badinput.DELEGATION +
                         "refetch_cooldown = %d" % COOLDOWN)
        host.start()
        in_the_clear(rig, host)
        badinput.play(host.door)
        badinput.only_oneself(host.door)
        sizes(rig, host.door)
        page(rig, host)
        while_it_runs(rig, host)
        matrix.run_doors("exim", [host.door])
        secrecy(rig, host)
        unused = host.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([host.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
