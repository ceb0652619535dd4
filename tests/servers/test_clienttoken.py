#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs that let the client's plug-in ask audient token: ldapwhoami and
svn, on a real slapd and svnserve, with tokens that somebody has got by the
device flow; and what they show when there is none."""

import os
import re
import shutil
import sys
import time

import rig as rig_module
from rig import BUILD, OTHER_AUDIENCE, Rig, free_port
from slapd import Slapd
from svnserve import AUDIENCE as SVN, Svnserve
from test_token import TOKEN, UID, User, rewrite

MODULE = "libaudientclient.so"
AS_USER = ["setpriv", "--reuid", str(UID), "--regid", str(UID),
           "--clear-groups"]
OFFLINE = "device_scope = openid offline_access"
SVN_SECTION = "[service svn]\naudience = %s\ndevice_scope = svn" % SVN


class World:
    """alice has nothing at hand but what audient token keeps."""

    def __init__(self, rig):
        self.rig = rig
        self.user = User(rig)
        self.tenant = rig.tenant
        self.tenant.control("settings", device_interval=1)
        rig.accounts("alice", "bob")
        self.slapd = Slapd(rig, free_port(), free_port())
        rig.configure("[service svn]\naudience = %s\nrequired_scopes = svn\n"
                      "tls = host-enforced" % SVN)
        self.slapd.start()
        os.chmod(os.path.join(rig.dir, "slapd.pem"), 0o644)
        self.plugins = os.path.join(rig.dir, "client-plugins")
        shutil.copytree(rig.plugins, self.plugins, symlinks=True)
        shutil.copy(os.path.join(BUILD, "tests/tools/.libs", MODULE),
                    self.plugins)
        # where that plug-in looks for the command; Debian has it empty
        rig.replace("/srv")
        shutil.copy(self.user.audient, os.path.join(rig.dir, "root/srv"))

    def run(self, *command, env=None):
        """As alice, and with nothing on standard input."""
        return self.rig.run(*AS_USER, *command, jailed=True, env={
            **self.user.env, "SASL_PATH": self.plugins,
            "AUDIENT_TOKEN_FILE": "audient", **(env or {})})

    def whoami(self, *more, mechanism="OAUTHBEARER", env=None):
        return self.run("ldapwhoami", "-Q", "-H", self.slapd.ldaps, "-Y",
                        mechanism, "-U", "alice", *more, env={
                            **self.slapd.client_env(),
                            "SASL_PATH": self.plugins, **(env or {})})

    def is_in(self, what, more=True, **options):
        status, out = self.whoami(**options)
        self.rig.case(status == 0 and out == self.slapd.dn("alice") + "\n"
                      and more, what, status, out)

    def is_out(self, what, pattern, *arguments, **options):
        """What the program shows is its own, and no more than two lines."""
        status, out = self.whoami(*arguments, **options)
        self.rig.case(status != 0 and re.search(pattern, out) is not None and
                      len(out.splitlines()) <= 2, what, status, out)


def nobody(w):
    """Before anybody has logged in."""
    login = "nobody has logged in: run audient token --service ldap"
    w.is_out("nobody has logged in", login)
    w.is_out("nobody has logged in, XOAUTH2", login, mechanism="XOAUTH2")
    w.is_out("the plug-in as it will be installed, where it is not",
             "cannot start /.*/audient: install it",
             env={"SASL_PATH": w.rig.plugins})
    w.is_out("no settings", "audient token --batch --service ldap says why",
             env={"HOME": "/nonexistent"})
    w.is_out("another word", "no mechanism available|Unknown authentication",
             env={"AUDIENT_TOKEN_FILE": "audient --fresh"})
    w.rig.case(w.tenant.count()["total"] == 0, "the tenant heard nothing")


def set_uid(w):
    """The same program, with and without the rights of another user: with
    them the variable says nothing, and there is nobody to ask for a token."""
    copy = shutil.copy(shutil.which("ldapwhoami"), w.rig.path("bin"))
    os.chown(copy, UID + 1, -1)
    for what, mode, starts in (("not set-uid", 0o755, True),
                               ("set-uid", 0o4755, False)):
        if mode > 0o777 and os.statvfs(copy).f_flag & os.ST_NOSUID:
            w.rig.case(True, "set-uid # SKIP %s is mounted nosuid" % copy)
            continue
        os.chmod(copy, mode)
        _, out = w.rig.run(
            *AS_USER, copy, "-Q", "-H", w.slapd.ldapi, "-Y", "OAUTHBEARER",
            "-U", "alice", jailed=True, env={
                **w.user.env, "AUDIENT_TOKEN_FILE": "audient"})
        w.rig.case("SASL(" in out and "no mechanism" not in out and
                   ("cannot start /" in out) == starts,
                   "a program that is %s" % what, out)


def logged_in(w):
    w.user.log_in()
    w.tenant.forget()
    w.is_in("a token that is kept")
    w.is_in("a token that is kept, XOAUTH2", mechanism="XOAUTH2")
    w.rig.case(w.tenant.count(TOKEN) == 0, "nobody was asked for it")
    w.is_out("the same one for another user", "nsufficient access|denied",
             "-X", "u:bob")
    w.is_out("no place where tokens are kept", "nobody has logged in",
             env={"XDG_RUNTIME_DIR": ""})
    rewrite(w.user, access="eyJhbGciOiJSUzI1NiJ9.e30.eA")
    w.is_out("a token that is none of the tenant's",
             "the server refused the token: {.*invalid_token|"
             "nvalid credentials")
    w.user.forget()


def refreshed(w):
    w.user.settings(OFFLINE)
    w.user.log_in()
    rewrite(w.user, expires=int(time.time()) + 30)
    w.tenant.forget()
    w.is_in("a token that is about to expire is refreshed")
    w.is_in("and used again")
    w.rig.case(w.tenant.count(TOKEN) == 1, "with one question",
               w.tenant.count())
    rewrite(w.user, expires=int(time.time()) - 5)
    w.tenant.connection("refuse")
    w.is_out("the tenant is down", "the issuer cannot be asked for a token")
    w.tenant.clear()
    rewrite(w.user, refresh="v1.unknown")
    w.is_out("a refresh token that is of no use", "nobody has logged in")
    w.user.forget()


def sections(w):
    """The name of the service chooses the audience."""
    w.user.settings("[service ldap]\naudience = " + OTHER_AUDIENCE)
    w.user.log_in()
    w.is_out("a token for everything else", "run audient token --service ldap")
    w.user.log_in("--service", "ldap")
    w.is_out("a token for another audience", "refused the token|credentials")
    w.user.forget()


def subversion(w):
    """svn wants to have some password, and has an audience of its own."""
    host = Svnserve(w.rig)
    host.start()
    shutil.copytree(w.rig.dir + "/client", w.rig.dir + "/svn-client")
    w.rig.run("chown", "-R", str(UID), w.rig.dir + "/svn-client")
    os.chmod(host.door.trust, 0o644)
    command = ["svn", "info", "--non-interactive", "--no-auth-cache",
               "--username", "alice", "--password", "unused", "--config-dir",
               w.rig.dir + "/svn-client/subversion", "svn+tls://127.0.0.1/"]
    w.user.settings(SVN_SECTION)
    w.tenant.control("api", identifier=SVN, scopes="svn")
    w.user.log_in()
    status, out = w.run(*command)
    w.rig.case(status != 0 and "run audient token --service svn" in out,
               "svn: nobody has logged in for it", status, out)
    w.user.log_in("--service", "svn")
    status, out = w.run(*command)
    w.rig.case(status == 0 and "Repository Root" in out,
               "svn: a token of its own", status, out)
    w.is_in("and ldapwhoami has the other one")
    status, out = w.run(*command, env={"AUDIENT_TOKEN_FILE": ""})
    w.rig.case(status != 0, "svn: not unless it was asked for", status, out)


def main():
    rig_module.need_root()
    rig_module.need("slapd", "ldapwhoami", "svnserve", "svn", "stunnel",
                    "openssl", "setpriv", "unshare")
    with Rig("clienttoken") as rig:
        os.chmod(os.path.dirname(rig.path("home")), 0o755)
        world = World(rig)
        for part in (nobody, set_uid, logged_in, refreshed, sections, subversion):
            part(world)
        rig.secret_free([world.user.call("--batch").out])
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
