# SPDX-License-Identifier: BSD-2-Clause
"""A private svnserve behind stunnel, set up as the page docs/hosts/svnserve.md
says, with our plugin."""

import os

from door import Door
from page import Page
from rig import free_port
from wire import Svn

AUDIENCE = "https://svn.example.com/"
SCOPE = "svn"
CERTIFICATE = "/etc/ssl/certs/svn.example.com.pem"
KEY = "/etc/ssl/private/svn.example.com.key"


class Svnserve:
    def __init__(self, rig):
        self.rig = rig
        self.page = Page("svnserve")
        self._plain = free_port()
        self._tls = rig.certificate("svn")
        self.door = Door(rig, "Subversion svnserve", "svn", Svn, free_port(),
                         self._tls[0], audience=AUDIENCE, scope=SCOPE,
                         has_lines=False)
        rig.write("client/subversion/config", self.page.file(
            "~/.subversion/config", {
                "$0:3691": "$0:%d" % self.door.port,
                "-verify_return_error": "-verify_return_error -CAfile " +
                self.door.trust}))

    def start(self):
        rig, page = self.rig, self.page
        repository = os.path.join(rig.dir, "repository")
        rig.run("svnadmin", "create", repository)
        rig.write("repository/conf/svnserve.conf",
                  page.file("/srv/svn/conf/svnserve.conf"))
        # SASL_CONF_PATH: there may be no /etc/sasl2 to stand over
        rig.write("sasl2/svn.conf", page.file("/etc/sasl2/svn.conf") +
                  "audient_config: %s/audient.conf\n" % rig.dir)
        rig.run("chown", "-R", "nobody", repository)
        command = page.command("server", {
            "3690": str(self._plain), "/srv/svn": repository}).split()
        rig.start("setpriv", "--reuid", "nobody", "--clear-groups", *command,
                  log="svnserve.log", wait_port=self._plain,
                  env={"SASL_CONF_PATH": os.path.join(rig.dir, "sasl2")})
        stunnel = page.file("/etc/stunnel/svn.conf", {
            "accept  = 3691": "accept = 127.0.0.1:%d" % self.door.port,
            "127.0.0.1:3690": "127.0.0.1:%d" % self._plain,
            CERTIFICATE: self._tls[0], KEY: self._tls[1]})
        rig.start("stunnel", rig.write(
            "stunnel.conf", "foreground = yes\npid =\nsyslog = no\n" +
            stunnel), log="stunnel.log", wait_port=self.door.port)
