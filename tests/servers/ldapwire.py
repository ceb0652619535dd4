# SPDX-License-Identifier: BSD-2-Clause
"""Enough of LDAP (RFC 4511) to bind, and to ask who one is, many times a
second; libldap's programs would be most of the time.  Whole numbers below 128
stand for the message's number, so that answers are easy to find."""

import socket
import ssl

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
    return b"n,%s,\1auth=Bearer %s\1\1" % (
        b"a=" + authzid.encode() if authzid else b"", token.encode())
