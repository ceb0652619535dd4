#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A real slapd set up from docs/hosts/openldap.md: bad messages, the programs
of OpenLDAP, and binds for others."""

import os
import sys

import badinput
import matrix
import rig as rig_module
from matrix import COOLDOWN
from rig import USERNAME_CLAIM, Rig, free_port
from slapd import ADMIN, Slapd

QUICK = "refetch_cooldown = %d\n" % COOLDOWN
PERMISSION = "ldap:delegate"


def command(rig, slapd, name, token):
    """A command of the page: (exit status, output)."""
    rig.write("page/token", token, 0o600)
    text = slapd.page.command(name, {"ldaps://ldap.example.com": slapd.ldaps})
    return rig.run("sh", "-c", "cd %s/page; %s" % (rig.dir, text),
                   env=slapd.client_env())


def page(rig, slapd):
    door = slapd.door
    status, out = command(rig, slapd, "whoami", door.mint())
    rig.case(status == 0 and slapd.dn("alice") in out, "the page's ldapwhoami",
             out)
    mark = door.mark()
    command(rig, slapd, "whoami", door.mint(ttl=-600))
    for pattern in slapd.page.log("lines"):
        rig.case(door.wait(pattern, mark), "the log has: " + pattern,
                 *door.news(mark))


def case_of_names(rig, slapd):
    """For a directory Alice and alice are one."""
    name = "Alice"
    status, out = slapd.whoami(slapd.door.mint(claims={USERNAME_CLAIM: name}),
                               name=name)
    rig.case(status == 0 and slapd.dn("alice") in out,
             "a token of Alice is alice's", out)


def quiet(rig, slapd):
    """olcLogLevel: none has our lines, and 0 has not."""
    door, seen = slapd.door, []
    for level in ("0", "none"):
        rig.write("level.ldif", "dn: cn=config\nchangetype: modify\n"
                  "replace: olcLogLevel\nolcLogLevel: %s\n" % level)
        slapd.modify("ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f level.ldif")
        mark = door.mark()
        slapd.whoami(door.mint(ttl=-600))
        if level == "none":
            door.wait("reason=expired", mark)
        seen.append(sum("reason=expired" in x for x in door.news(mark)))
    rig.case(seen == [0, 1], "with olcLogLevel 0 there are no lines", seen)


def passwords(rig, slapd):
    """A password in the place of a token is not sent to the server, whether
    the mechanism was named or chosen in the place of PLAIN."""
    for what, options in (("by name", ["-Y", "OAUTHBEARER"]),
                          ("by name", ["-Y", "XOAUTH2"]),
                          ("whatever the library takes", [])):
        mark = slapd.door.mark()
        status, out = rig.run(
            "ldapwhoami", "-H", slapd.ldaps, *options, "-U", "alice", "-w",
            "of-alice", env=slapd.client_env())
        rig.case(status != 0 and "this looks like a password and not like a "
                 "token: name another mechanism with -Y" in out,
                 "a password, %s: refused" % " ".join([what, *options[1:]]),
                 out)
        news = [line for line in slapd.door.news(mark) if "audient" in line]
        rig.case(not any("service=ldap" in line for line in news) and
                 "of-alice" not in "".join(slapd.door.news(mark)) + out,
                 "a password: the server has seen nothing of it", *news)


def delegation(rig, slapd):
    """Both the token and the directory have to agree."""
    mint = slapd.door.mint
    may = {"claims": {USERNAME_CLAIM: "alice", "permissions": [PERMISSION]}}
    other = {"claims": {USERNAME_CLAIM: "alice", "permissions": ["ldap"]}}
    carol = {"claims": {USERNAME_CLAIM: "carol", "permissions": [PERMISSION]}}

    def expect(what, options, want):
        mark = slapd.door.mark()
        status, out = command(rig, slapd, "delegate", mint(**options))
        rig.case((status == 0 and want in out) if want.startswith("dn:") else
                 (status != 0 and want in out), "as bob, %s: %s" % (
                     what, want), out, *slapd.door.news(mark))

    expect("no consent", {}, "(50)")
    expect("the directory has not consented", may, "(50)")
    rig.write("delegation.ldif", slapd.page.file("delegation.ldif"))
    slapd.modify(slapd.page.command("setup", {
        "audient.ldif": "delegation.ldif"}))
    expect("the directory lets nobody yet", may, "(50)")
    rig.write("alice.ldif", slapd.page.file("alice.ldif"))
    slapd.modify(slapd.page.command("consent", {
        "-W": "-y " + rig.write("password", ADMIN, 0o600)}))
    expect("with both consents", may, slapd.dn("bob"))
    expect("the token has not consented", {}, "(50)")
    expect("another permission", other, "(50)")
    expect("expired", {**may, "ttl": -600}, "(49)")
    expect("one without an entry", carol, "(50)")


def main():
    rig_module.need_root()
    rig_module.need("slapd", "ldapwhoami", "unshare")
    with Rig("openldap") as rig:
        rig.path("page", mode=0o700)
        slapd = Slapd(rig, free_port(), free_port(),
                      audience="https://ldap.example.com/", scope="ldap")
        rig.configure_as(slapd.page, QUICK + slapd.page.file(
            "delegation: audient.conf"))
        slapd.start()
        badinput.play(slapd.door)
        page(rig, slapd)
        passwords(rig, slapd)
        case_of_names(rig, slapd)
        quiet(rig, slapd)
        delegation(rig, slapd)
        matrix.run_doors("openldap", [slapd.door])
        unused = slapd.page.unused()
        rig.case(not unused, "all of the page was used", *unused)
        rig.secret_free([slapd.door.mint()])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
