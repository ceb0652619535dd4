# SPDX-License-Identifier: BSD-2-Clause
"""A private 389 Directory Server, made by Debian's dscreate and set up from
docs/hosts/389-ds.md, with our plugin; it can pass no option on to it."""

import os
import re
import shutil

from door import Door
from page import Page
from rig import BUILD, PATIENCE, free_port, skip
from wire import DirsrvLdap

AUDIENCE = "https://ldap.example.com/"
SCOPE = "ldap"
SUFFIX = "dc=example,dc=com"
CERTIFICATE = "/etc/ssl/certs/ldap.example.com.pem"
KEY = "/etc/ssl/private/ldap.example.com.key"
USER = "dirsrv"
LOGS = "root/var/log/dirsrv/slapd-ldap/"
DEFAULTS = "/usr/share/dirsrv/inf/defaults.inf"
OURS = ("/etc/dirsrv", "/var/lib/dirsrv", "/var/log/dirsrv", "/run")
INSTANCE = """\
[general]
full_machine_name = ldap.example.com
strict_host_checking = False
start = False
[slapd]
instance_name = ldap
port = %(ldap)d
secure_port = %(ldaps)d
root_password = a secret of the test
self_sign_cert = False
[backend-userroot]
suffix = dc=example,dc=com
create_suffix_entry = True
"""
# What dscreate does for TLS when it makes a certificate of its own.
TLS = """\
dn: cn=config
changetype: modify
replace: nsslapd-security
nsslapd-security: on
-
replace: nsslapd-secureport
nsslapd-secureport: %d
"""
UNIT = """
dn: ou=%(unit)s,dc=example,dc=com
changetype: add
objectClass: organizationalUnit
ou: %(unit)s
"""
PERSON = """
dn: uid=%(uid)s,ou=%(unit)s,dc=example,dc=com
changetype: add
objectClass: inetOrgPerson
uid: %(uid)s
cn: %(uid)s
sn: %(uid)s
"""
PEOPLE = {"people": ("alice", "bob"), "former": ("dave",)}


def configuration():
    """The path of audient.conf that is built in."""
    with open(os.path.join(BUILD, ".libs", "libaudient.so"), "rb") as f:
        found = re.search(rb"/[^\0]*/audient\.conf(?=\0)", f.read())
    return found.group().decode()


class Dirsrv:
    def __init__(self, rig):
        self.rig = rig
        self.page = Page("389-ds")
        self._tls = rig.certificate("dirsrv")
        self._process = None
        self.plain = free_port()
        self.door = Door(rig, "389 Directory Server", "ldap", DirsrvLdap,
                         free_port(), self._tls[0], audience=AUDIENCE,
                         scope=SCOPE, logs=(LOGS + "errors",),
                         has_lines=False)
        self.door.url = "ldaps://127.0.0.1:%d" % self.door.port
        self._config = configuration()
        etc = os.path.dirname(os.path.dirname(self._config))
        if etc == "/etc" or not os.path.isdir(etc):
            skip("the configuration of this build is in %s" % etc)
        rig.replace(etc)

    def configure(self, text="", instead=None):
        """audient.conf, where the plug-in finds it by itself."""
        self.rig.configure_as(self.page, text, instead)
        with open(os.path.join(self.rig.dir, "audient.conf")) as f:
            self.rig.write("root" + self._config, f.read())

    def _jailed(self, *command, **options):
        status, out = self.rig.run(*command, jailed=True, timeout=60,
                                   **options)
        assert status == 0, "%s: %s" % (command, out)

    def modify(self, name, text):
        """Changes what a file says, as the page does it."""
        self.rig.write(name, text)
        self._jailed("sh", "-c", "cd %s; %s" % (
            self.rig.dir, self.page.command("setup").replace("audient.ldif",
                                                             name)))

    def create(self):
        """An instance, as people have it before they know of us."""
        rig = self.rig
        for name in OURS:
            rig.replace(name)
        rig.path("root/run/lock")
        shutil.copytree("/etc/dirsrv", os.path.join(
            rig.dir, "root/etc/dirsrv"), dirs_exist_ok=True)
        rig.run("chown", "-R", "%s:%s" % (USER, USER),
                os.path.join(rig.dir, "root/etc/dirsrv"))
        rig.cache_for(USER)
        # no systemd is asked to start it
        with open(DEFAULTS) as f:
            rig.replace(DEFAULTS, f.read().replace("with_systemd = 1",
                                                   "with_systemd = 0"))
        self._jailed("dscreate", "from-file", rig.write(
            "ldap.inf", INSTANCE % {"ldap": self.plain,
                                    "ldaps": self.door.port}))
        self._jailed("sh", "-c", self.page.command("certificate", {
            CERTIFICATE: self._tls[0], KEY: self._tls[1]}))

    def set_up(self):
        """What the page says; the server runs, and is started anew."""
        self.start(self.plain)
        self.modify("people.ldif", TLS % self.door.port + "".join(
            UNIT % {"unit": unit} + "".join(
                PERSON % {"unit": unit, "uid": uid} for uid in people)
            for unit, people in PEOPLE.items()))
        self.modify("audient.ldif", self.page.file("audient.ldif"))
        self.stop()
        self.start()

    def log(self):
        """Lets it log decisions; it syncs the file after each line."""
        self.modify("log.ldif", self.page.file("log.ldif"))

    def start(self, port=None):
        self._process = self.rig.start(
            "ns-slapd", "-D", "/etc/dirsrv/slapd-ldap", "-i",
            "/run/dirsrv/slapd-ldap.pid", "-d", "0", log="ns-slapd.log",
            wait_port=port or self.door.port)

    def stop(self):
        # it closes its database, and writes its logs
        self.rig.stop(self._process, PATIENCE)

    @property
    def pid(self):
        with open(os.path.join(
                self.rig.dir, "root/run/dirsrv/slapd-ldap.pid")) as f:
            return int(f.read())

    def logs(self):
        """All that it has logged, which it writes when it stops; at the level
        of before, or it would log each of 20,000 connections that are not."""
        self.modify("quiet.ldif", self.page.file("log.ldif", {
            "16392": "16384"}))
        self.stop()
        text = ""
        for entry in os.scandir(os.path.join(self.rig.dir, LOGS)):
            with open(entry.path, errors="replace") as f:
                text += f.read()
        return text

    @staticmethod
    def dn(name):
        return "dn: uid=%s,ou=people,%s" % (name, SUFFIX)
