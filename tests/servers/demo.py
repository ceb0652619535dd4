#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The main job, to watch: a token opens an ssh session and an LDAP bind; the
same user's token for another API does not, and we are told why."""

import os
import sys

import rig as rig_module
from rig import BUILD, OTHER_AUDIENCE, Rig, free_port
from slapd import Slapd
from sshd import Sshd

BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def title(text):
    print("\n%s== %s ==%s" % (BOLD, text, PLAIN), flush=True)


def show(text, prefix="    "):
    for line in text.strip().splitlines():
        print(prefix + line.rstrip(), flush=True)


def ssh(rig, sshd, token, want):
    show("$ ssh alice@127.0.0.1 -p %d id -un" % sshd.port, "  ")
    got, screen = sshd.login("alice", token)
    show(screen)
    rig.case(got == want, "ssh: the door is %s" %
             ("open" if want == "in" else "shut"), *rig.syslog.news())


def ldap(rig, slapd, token, want):
    show("$ ldapwhoami -H %s -Y OAUTHBEARER -U alice" % slapd.ldaps, "  ")
    status, out = slapd.whoami(token)
    show(out)
    rig.case((status == 0) == (want == "in"), "LDAP: the door is %s" %
             ("open" if want == "in" else "shut"), *rig.syslog.news())


def explain(rig, token):
    config = os.path.join(rig.dir, "audient.conf")
    show("$ audient explain --service sshd --user alice < token", "  ")
    status, out = rig.run(os.path.join(BUILD, "audient"), "explain",
                          "--config", config, "--service", "sshd",
                          "--user", "alice", text=token, jailed=True)
    show(out)
    rig.case(status == 1 and "audience_refused" in out,
             "audient explain says why, with exit status 1", status)


def main():
    rig_module.need_root()
    rig_module.need("sshd", "ssh", "slapd", "ldapwhoami", "unshare")
    with Rig("demo") as rig:
        title("A stand-in for an Auth0 tenant runs at " + rig.tenant.issuer)
        title("audient.conf: the tenant, the API, the claim with the user; "
              "then what only a demo needs")
        show(open(rig.configure()).read())
        sshd, slapd = Sshd(rig, free_port()), Slapd(rig, free_port(),
                                                    free_port())
        sshd.start()
        slapd.start()

        good = rig.tenant.mint("alice")
        title("A token of alice for this service (%d bytes)" % len(good))
        ssh(rig, sshd, good, "in")
        ldap(rig, slapd, good, "in")

        other = rig.tenant.mint("alice", audience=OTHER_AUDIENCE)
        title("Her token for another API of the same tenant")
        ssh(rig, sshd, other, "out")
        ldap(rig, slapd, other, "out")
        explain(rig, other)

        title("The log of the host")
        show("\n".join(rig.syslog.news()))
        return rig.finish()


sys.exit(main())
