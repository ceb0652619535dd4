# SPDX-License-Identifier: BSD-2-Clause
"""A private slapd with our SASL plugin, and ldapwhoami with the client one."""

import os
import shutil
import sys
import urllib.parse

from rig import BUILD

SUFFIX = "dc=example,dc=com"
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


class Slapd:
    """ldap and ldaps on loopback and ldapi; people alice and bob."""

    def __init__(self, rig, port, tls_port):
        self._rig = rig
        self.ldap = "ldap://127.0.0.1:%d" % port
        self.ldaps = "ldaps://127.0.0.1:%d" % tls_port
        self.ldapi = "ldapi://" + urllib.parse.quote(
            os.path.join(rig.dir, "ldapi"), safe="")
        self._port = port
        self.plugins = rig.path("sasl2")
        for name in ("libaudient.so", "libaudientclient.so"):
            shutil.copy(os.path.join(BUILD, ".libs", name), self.plugins)

    @staticmethod
    def dn(name):
        return "dn:uid=%s,ou=people,%s" % (name, SUFFIX)

    def _certificate(self):
        rig = self._rig
        rig.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=slapd", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout",
                os.path.join(rig.dir, "slapd.key"), "-out",
                os.path.join(rig.dir, "slapd.pem"))

    def _files(self, options):
        rig = self._rig
        rig.replace("/etc/ldap/sasl2")
        rig.write("root/etc/ldap/sasl2/slapd.conf", "\n".join([
            "mech_list: OAUTHBEARER XOAUTH2 EXTERNAL",
            "log_level: 7",
            "audient_config: " + os.path.join(rig.dir, "audient.conf"),
            *options, ""]))
        rig.path("db")
        regexp = "^uid=([^,]+),cn=(oauthbearer|xoauth2),cn=auth$"
        return rig.write("slapd.conf", "\n".join([
            "include /etc/ldap/schema/core.schema",
            "include /etc/ldap/schema/cosine.schema",
            "include /etc/ldap/schema/inetorgperson.schema",
            "pidfile %s/slapd.pid" % rig.dir,
            "modulepath /usr/lib/ldap", "moduleload back_mdb",
            "TLSCertificateFile %s/slapd.pem" % rig.dir,
            "TLSCertificateKeyFile %s/slapd.key" % rig.dir,
            'authz-regexp "%s" "uid=$1,ou=people,%s"' % (regexp, SUFFIX),
            "database mdb", "suffix " + SUFFIX,
            "directory %s/db" % rig.dir, ""]))

    def start(self, options=(), wrap=(), env=None):
        rig = self._rig
        self._certificate()
        config = self._files(options)
        ldif = rig.write("init.ldif", LDIF.format(SUFFIX) + "".join(
            PERSON.format(SUFFIX, name) for name in ("alice", "bob")))
        status, out = rig.run("slapadd", "-f", config, "-l", ldif)
        if status != 0:
            print("# slapadd: " + out)
            sys.exit(1)
        rig.start(*wrap, "slapd", "-f", config, "-h",
                  " ".join((self.ldap, self.ldaps, self.ldapi)), "-d", "0",
                  log="slapd.log", wait_port=self._port,
                  env={"SASL_PATH": self.plugins, **(env or {})})

    def log_has(self, pattern, since=0):
        return self._rig.syslog.wait(pattern, since)

    def client_env(self):
        return {"SASL_PATH": self.plugins, "LDAPCONF": "/dev/null",
                "LDAPTLS_CACERT": os.path.join(self._rig.dir, "slapd.pem")}

    def whoami(self, token, name="alice", mechanism="OAUTHBEARER", url=None,
               arguments=()):
        """(exit status, output) of an ldapwhoami with a token."""
        path = self._rig.write("token", token, 0o600)
        return self._rig.run(
            "ldapwhoami", "-Q", "-H", url or self.ldaps, "-Y", mechanism,
            "-U", name, "-y", path, *arguments, env=self.client_env())
