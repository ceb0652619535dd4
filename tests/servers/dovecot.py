# SPDX-License-Identifier: BSD-2-Clause
"""A private Dovecot, set up as Debian and the page docs/hosts/dovecot.md say:
it speaks SASL itself and asks our PAM module.  And one that asks the tenant
itself, for comparison."""

import contextlib
import os
import shutil

from door import Door
from page import Page
from rig import BUILD, free_port
from wire import Pop

AUDIENCE = "https://mail.example.com/"
SCOPE = "openid mail"
# what Dovecot lets in by itself, as the tenant's /userinfo does
LETS_IN = ("wrong audience", "missing scope", "opaque")
CERTIFICATE = "/etc/ssl/certs/mail.example.com.pem"
KEY = "/etc/ssl/private/mail.example.com.key"
# What a test wants beside the page: ports and places of its own, and no rest
# after a failed login, nor a longer one for an address that fails often.
AROUND = """\
listen = 127.0.0.1
base_dir = %(base)s
state_dir = %(state)s
mail_location = maildir:~/mail
ssl_client_ca_dir =
auth_failure_delay = 0
auth_verbose = yes
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = %(pop)d
  }
  inet_listener pop3s {
    port = 0
  }
}
"""


class Dovecot:
    """Two ways, one after the other, at one port: `door` has our module
    behind it, `own_door` Dovecot alone."""

    def __init__(self, rig):
        self.rig = rig
        self.page = Page("dovecot")
        self._tls = rig.certificate("dovecot")
        self._process = None
        port = free_port()
        self.door = Door(
            rig, "Dovecot with pam_audient", "pop", Pop, port, self._tls[0],
            service="dovecot", audience=AUDIENCE, scope=SCOPE,
            mechanisms=("OAUTHBEARER", "XOAUTH2", "PLAIN"))
        self.own_door = Door(
            rig, "Dovecot with its own passdb oauth2", "pop", Pop, port,
            self._tls[0], audience=AUDIENCE, scope=SCOPE, lets_in=LETS_IN)

    def _oauth2(self):
        rig, page = self.rig, self.page
        path = rig.write(
            "dovecot-oauth2.conf.ext", page.file("own/dovecot-oauth2.conf.ext",
            {"https://example.eu.auth0.com/": rig.tenant.issuer,
             "/etc/ssl/certs/ca-certificates.crt": rig.ca}))
        return page.file("own/local.conf", {
            "/etc/dovecot/dovecot-oauth2.conf.ext": path})

    def _pam(self):
        module = os.path.join(BUILD, ".libs", "pam_audient.so")
        text = self.page.file("/etc/pam.d/dovecot", {
            "pam_audient.so": "%s config=%s/audient.conf" % (
                module, self.rig.dir)})
        for service in ("dovecot", "other"):
            self.rig.write("root/etc/pam.d/" + service, text)

    def _etc(self):
        """Debian's files."""
        etc = os.path.join(self.rig.dir, "root/etc/dovecot")
        shutil.copytree("/etc/dovecot", etc, symlinks=True)
        # the certificate of the package stands in for any
        for name, path in zip(("dovecot.pem", "dovecot.key"), self._tls):
            link = os.path.join(etc, "private", name)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(link)
            shutil.copy(path, link)
        for name in ("/etc/dovecot", "/etc/pam.d", "/run"):
            self.rig.replace(name)
        self.rig.accounts("alice", "bob")

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        self._etc()
        self._pam()
        self._start("")

    def restart_alone(self):
        """Now without our module."""
        self.rig.stop(self._process)
        # Debian has PAM as the first to be asked
        self.rig.write("root/etc/dovecot/conf.d/auth-system.conf.ext",
                       "userdb {\n  driver = passwd\n}\n")
        self._start(self._oauth2())

    def _start(self, more):
        rig = self.rig
        local = self.page.file("/etc/dovecot/local.conf", {
            CERTIFICATE: self._tls[0], KEY: self._tls[1]})
        rig.write("root/etc/dovecot/local.conf", local + more + AROUND % {
            "base": rig.path("base"), "state": rig.path("state"),
            "pop": self.door.port})
        self._process = rig.start("dovecot", "-F", log="dovecot.log",
                                  wait_port=self.door.port)
