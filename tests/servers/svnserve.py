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
    """The one of the page, and one for each mechanism: svn lets SASL choose,
    so it is to have no choice."""

    def __init__(self, rig):
        self.rig = rig
        self.page = Page("svnserve")
        self._tls = rig.certificate("svn")
        self.door = Door(rig, "Subversion svnserve", "svn", Svn, free_port(),
                         self._tls[0], audience=AUDIENCE, scope=SCOPE,
                         has_lines=False)
        self._ports = {"tls": self.door.port, **{
            mechanism.lower(): free_port()
            for mechanism in self.door.mechanisms}}
        self._repository = os.path.join(rig.dir, "repository")

    def _client(self):
        """One tunnel for each server: svn+tls, svn+oauthbearer, ..."""
        page = self.page.file("~/.subversion/config", {
            "-verify_return_error": "-verify_return_error -CAfile " +
            self.door.trust})
        head, _, tunnel = page.partition("tls = ")
        self.rig.write("client/subversion/config", head + "".join(
            "%s = %s" % (name, tunnel.replace("$0:3691", "$0:%d" % port))
            for name, port in self._ports.items()))

    def _serve(self, name, text):
        """A svnserve with that file for SASL: what stunnel has to know."""
        rig, page, port = self.rig, self.page, free_port()
        rig.write("sasl2-%s/svn.conf" % name, text +
                  "audient_config: %s/audient.conf\n" % rig.dir)
        command = page.command("server", {
            "3690": str(port), "/srv/svn": self._repository}).split()
        # SASL_CONF_PATH: there may be no /etc/sasl2 to stand over
        rig.start("setpriv", "--reuid", "nobody", "--clear-groups", *command,
                  log="svnserve.log", wait_port=port, env={
                      "SASL_CONF_PATH": rig.dir + "/sasl2-" + name})
        return page.file("/etc/stunnel/svn.conf", {
            "[svn]": "[%s]" % name, "accept  = 3691": "accept = 127.0.0.1:%d"
            % self._ports[name], "127.0.0.1:3690": "127.0.0.1:%d" % port,
            CERTIFICATE: self._tls[0], KEY: self._tls[1]})

    def start(self):
        rig, page = self.rig, self.page
        rig.run("svnadmin", "create", self._repository)
        rig.write("repository/conf/svnserve.conf",
                  page.file("/srv/svn/conf/svnserve.conf"))
        rig.run("chown", "-R", "nobody", self._repository)
        rig.cache_for("nobody")
        self._client()
        text = page.file("/etc/sasl2/svn.conf")
        stunnel = "foreground = yes\npid =\nsyslog = no\n"
        stunnel += self._serve("tls", text)
        for mechanism in self.door.mechanisms:
            stunnel += self._serve(mechanism.lower(), text.replace(
                "OAUTHBEARER XOAUTH2", mechanism))
        rig.start("stunnel", rig.write("stunnel.conf", stunnel),
                  log="stunnel.log", wait_port=self.door.port)
