# SPDX-License-Identifier: BSD-2-Clause
"""A small directory with our plug-in, and enough of LDAP (RFC 4511) to bind
there, and to ask who one is, many times a second; libldap's programs would be
most of the time."""

import glob
import os
import shutil
import socket
import ssl

from rig import BUILD, free_port

SUFFIX = "dc=example,dc=com"
# alice may act for bob, as far as slapd is concerned
PEOPLE = {"alice": "authzTo: dn.exact:uid=bob,ou=people,%s\n" % SUFFIX,
          "bob": ""}
ENTRIES = """\
dn: {0}
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: ou=people,{0}
objectClass: organizationalUnit
ou: people
""".format(SUFFIX)
PERSON = """
dn: uid={1},ou=people,{0}
objectClass: inetOrgPerson
uid: {1}
cn: {1}
sn: {1}
userPassword: secret
"""
CONF = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
loglevel {loglevel}
pidfile {dir}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {dir}/slapd.pem
TLSCertificateKeyFile {dir}/slapd.key
authz-policy to
authz-regexp "^uid=([^,]+),cn=[^,]+,cn=auth$" "uid=$1,ou=people,{suffix}"
database mdb
suffix {suffix}
directory {dir}/db
"""

BIND, BIND_ANSWER = 0x60, 0x61
EXTENDED, EXTENDED_ANSWER = 0x77, 0x78
WHOAMI = b"1.3.6.1.4.1.4203.1.11.3"
PATIENCE = 30


def tlv(tag, *parts):
    """One element of BER."""
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        size = bytes([n])
    else:
        raw = n.to_bytes((n.bit_length() + 7) // 8, "big")
        size = bytes([0x80 | len(raw)]) + raw
    return bytes([tag]) + size + body


def elements(data):
    """The elements that data consists of: (tag, body) each."""
    at = 0
    while at < len(data):
        tag, n, at = data[at], data[at + 1], at + 2
        if n & 0x80:
            k = n & 0x7f
            n, at = int.from_bytes(data[at:at + k], "big"), at + k
        yield tag, data[at:at + n]
        at += n


class LdapError(Exception):
    """The server closed the connection, or said what is no LDAP."""


class Ldap:
    """One connection: ldaps to 127.0.0.1, or ldapi."""

    def __init__(self, port=None, ca=None, path=None):
        if path is not None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(path)
        else:
            plain = socket.create_connection(("127.0.0.1", port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = ssl.create_default_context(
                cafile=ca).wrap_socket(plain, server_hostname="127.0.0.1")
        self._socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self._socket.recv(n - len(data))
            if not more:
                raise LdapError("the server closed the connection")
            data += more
        return data

    def _answer(self):
        head = self._exactly(2)
        n = head[1]
        if n & 0x80:
            n = int.from_bytes(self._exactly(n & 0x7f), "big")
        _, (_, answer) = elements(self._exactly(n))
        return list(elements(answer))

    def _ask(self, operation):
        self._socket.sendall(tlv(0x30, tlv(0x02, b"\1"), operation))
        answer = self._answer()
        return answer[0][1][0], answer[2][1].decode(), dict(answer[3:])

    def bind(self, mechanism, credentials):
        """(result code, text, what the server says for SASL)"""
        code, text, more = self._ask(tlv(
            BIND, tlv(0x02, b"\3"), tlv(0x04),
            tlv(0xa3, tlv(0x04, mechanism.encode()),
                tlv(0x04, credentials))))
        return code, text, more.get(0x87)

    def simple_bind(self, dn, password):
        return self._ask(tlv(BIND, tlv(0x02, b"\3"), tlv(0x04, dn.encode()),
                             tlv(0x80, password.encode())))[0]

    def whoami(self):
        _, _, more = self._ask(tlv(EXTENDED, tlv(0x80, WHOAMI)))
        return more.get(0x8b, b"").decode()


def oauthbearer(token, authzid=""):
    authzid = authzid.replace("=", "=3D").replace(",", "=2C")
    return b"n,%s,\1auth=Bearer %s\1\1" % (
        b"a=" + authzid.encode() if authzid else b"", token.encode())


class Directory:
    """A slapd on loopback and on a socket; people with passwords."""

    def __init__(self, rig, loglevel="none"):
        self._rig = rig
        self.port, self.path = free_port(), os.path.join(rig.dir, "ldapi")
        self.ca = os.path.join(rig.dir, "slapd.pem")
        plugins = rig.path("sasl2")
        shutil.copy(os.path.join(BUILD, ".libs", "libaudient.so"), plugins)
        path = ":".join([plugins, *glob.glob("/usr/lib/*/sasl2")])
        rig.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=slapd", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", os.path.join(rig.dir, "slapd.key"), "-out", self.ca)
        rig.replace("/etc/ldap/sasl2")
        rig.write("root/etc/ldap/sasl2/slapd.conf",
                  "mech_list: OAUTHBEARER XOAUTH2 EXTERNAL PLAIN\n"
                  "audient_config: %s/audient.conf\n" % rig.dir)
        rig.path("db")
        config = rig.write("slapd.conf", CONF.format(
            loglevel=loglevel, dir=rig.dir, suffix=SUFFIX))
        status, out = rig.run("slapadd", "-f", config, text=ENTRIES + "".join(
            PERSON.format(SUFFIX, name) + more
            for name, more in PEOPLE.items()))
        assert status == 0, out
        rig.start(
            "slapd", "-f", config, "-h", "ldaps://127.0.0.1:%d ldapi://%s" % (
                self.port, self.path.replace("/", "%2F")), "-d", "0",
            log="slapd.log", wait_port=self.port, env={"SASL_PATH": path})

    def connect(self):
        return Ldap(self.port, self.ca)

    def connect_here(self):
        return Ldap(path=self.path)

    @staticmethod
    def dn(name):
        return "uid=%s,ou=people,%s" % (name, SUFFIX)
