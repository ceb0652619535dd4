# SPDX-License-Identifier: BSD-2-Clause
"""A private slapd, set up as Debian and the page docs/hosts/openldap.md say,
with our SASL plugin; and ldapwhoami with the client one."""

import os
import shutil
import sys
import urllib.parse

from door import Door
from page import Page
from rig import AUDIENCE
from wire import Ldap

SUFFIX = "dc=example,dc=com"
CERTIFICATE = "/etc/ssl/certs/ldap.example.com.pem"
KEY = "/etc/ssl/private/ldap.example.com.key"
LDIF = """\
dn: {0}
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=people,{0}
objectClass: organizationalUnit
ou: people
"""
PERSON = """
dn: uid={1},ou=people,{0}
objectClass: inetOrgPerson
uid: {1}
cn: {1}
sn: {1}
"""
ADMIN = "of the test"    # password of cn=admin
OWNED = ("/etc/ldap/slapd.d", "/var/lib/ldap")


class Slapd:
    """ldap and ldaps on loopback and ldapi; people alice and bob."""

    def __init__(self, rig, port, tls_port, audience=AUDIENCE, scope=None):
        self._rig = rig
        self.page = Page("openldap")
        self.ldap = "ldap://127.0.0.1:%d" % port
        self.ldaps = "ldaps://127.0.0.1:%d" % tls_port
        self.ldapi = "ldapi://" + urllib.parse.quote(
            os.path.join(rig.dir, "root/run/slapd/ldapi"), safe="")
        self._port = port
        self._tls = rig.certificate("slapd")
        shutil.chown(self._tls[1], "openldap")
        rig.install()
        self.plugins = rig.plugins
        self.door = Door(rig, "OpenLDAP slapd", "ldap", Ldap, tls_port,
                         self._tls[0], audience=audience, scope=scope,
                         has_lines=False)
        self.door.url = self.ldaps

    def _databases(self):
        """What Debian's package makes when it is installed."""
        rig = self._rig
        rig.replace("/run")
        rig.path("root/run/slapd")
        for name in OWNED:
            rig.replace(name)
        with open("/usr/share/slapd/slapd.init.ldif") as f:
            init = f.read().replace("@SUFFIX@", SUFFIX).replace(
                "@PASSWORD@", ADMIN)
        people = LDIF.format(SUFFIX) + "".join(
            PERSON.format(SUFFIX, name) for name in ("alice", "bob"))
        for number, text in (("0", init), ("1", people)):
            status, out = rig.run(
                "slapadd", "-F", "/etc/ldap/slapd.d", "-n", number, "-l",
                rig.write("init.ldif", text), jailed=True)
            if status != 0:
                print("# slapadd: " + out)
                sys.exit(1)
        for name in (*OWNED, "/run/slapd"):
            rig.run("chown", "-R", "openldap:openldap",
                    os.path.join(rig.dir, "root" + name))

    def start(self, options=(), wrap=(), env=None):
        """Options of SASL beside those of the page."""
        rig = self._rig
        rig.replace("/etc/ldap/sasl2")
        rig.write("root/etc/ldap/sasl2/slapd.conf", self.page.file(
            "/etc/ldap/sasl2/slapd.conf") + "\n".join([
                "audient_config: " + os.path.join(rig.dir, "audient.conf"),
                *options, ""]))
        self._databases()
        rig.start(*wrap, "slapd", "-F", "/etc/ldap/slapd.d", "-u", "openldap",
                  "-g", "openldap", "-h",
                  " ".join((self.ldap, self.ldaps, "ldapi:///")), "-d", "0",
                  log="slapd.log", wait_port=self._port, env=env)
        rig.write("audient.ldif", self.page.file("audient.ldif", {
            CERTIFICATE: self._tls[0], KEY: self._tls[1]}))
        self.modify(self.page.command("setup"))

    def modify(self, command):
        """Runs a command of the page as root, beside the server."""
        status, out = self._rig.run(
            "sh", "-c", "cd %s; %s" % (self._rig.dir, command), jailed=True)
        if status != 0:
            print("# %s: %s" % (command, out))
            sys.exit(1)

    def log_has(self, pattern, since=0):
        return self._rig.syslog.wait(pattern, since)

    def client_env(self):
        return {"SASL_PATH": self.plugins, "LDAPCONF": "/dev/null",
                "LDAPTLS_CACERT": self._tls[0]}

    def whoami(self, token, name="alice", mechanism="OAUTHBEARER", url=None,
               arguments=()):
        """(exit status, output) of an ldapwhoami with a token."""
        path = self._rig.write("token", token, 0o600)
        return self._rig.run(
            "ldapwhoami", "-Q", "-H", url or self.ldaps, "-Y", mechanism,
            "-U", name, "-y", path, *arguments, env=self.client_env())

    @staticmethod
    def dn(name):
        return "dn:uid=%s,ou=people,%s" % (name, SUFFIX)
