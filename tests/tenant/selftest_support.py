# SPDX-License-Identifier: BSD-2-Clause
"""What the parts of selftest.py have in common: one running tenant, a raw
client, and token checks that share no code with the tenant."""

import base64
import collections
import contextlib
import json
import socket
import ssl
import tempfile
import time
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import tenantlib

JWKS = "/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
USERINFO = "/userinfo"

_running = []           # the tenant of running()


@contextlib.contextmanager
def running():
    with tempfile.TemporaryDirectory() as directory:
        with tenantlib.Tenant.start(directory) as tenant:
            _running.append(tenant)
            try:
                yield tenant
            finally:
                _running.remove(tenant)


class Case(unittest.TestCase):
    """A test with a tenant in its first state; it must not have failed
    within when the test ends."""

    def setUp(self):
        self.tenant = _running[0]
        self.tenant.reset()

    def tearDown(self):
        self.assertEqual(self.tenant.count()["errors"], 0,
                         "a bug in the tenant: see its log")

    def ask(self, path, token=None, method="GET", **options):
        """(status, headers, body) from the public port."""
        headers = {"Authorization": "Bearer " + token} if token else {}
        return self.tenant.request(method, path, headers=headers, **options)

    def json(self, path, token=None):
        status, _, body = self.ask(path, token)
        self.assertEqual(status, 200)
        return json.loads(body)


# data: bytes; ending: "notify", "cut" (no close_notify), "reset", "timeout";
# seconds since the request was sent; first: seconds to the first byte
Exchange = collections.namedtuple("Exchange", "data ending seconds first")


def trust(tenant):
    context = ssl.create_default_context(cafile=tenant.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def connect(tenant, timeout=5):
    """An ordinary TLS connection."""
    plain = socket.create_connection(("127.0.0.1", tenant.port), timeout)
    return trust(tenant).wrap_socket(plain, server_hostname="127.0.0.1")


class Wire:
    """A TLS connection on which the end of TLS, the end of TCP and RST can
    be told apart."""

    def __init__(self, tenant, timeout=5):
        self.socket = socket.create_connection(
            ("127.0.0.1", tenant.port), timeout)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trust(tenant).wrap_bio(self._in, self._out,
                                           server_hostname="127.0.0.1")
        self._until(self._tls.do_handshake)
        self._flush()

    def _flush(self):
        self.socket.sendall(self._out.read())

    def _until(self, step):
        """Repeat a step of TLS until it has what it needs.  Raises
        EOFError at the end of TCP."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError from None
                self._in.write(data)

    def send(self, data):
        self._tls.write(data)
        self._flush()

    def receive(self):
        """Some bytes; none at the end of TLS."""
        return self._until(lambda: self._tls.read(65536))

    def close(self):
        self.socket.close()


def exchange(tenant, path, timeout=5):
    """Send a GET, read until the end of the connection or the timeout."""
    wire = Wire(tenant, timeout)
    data, first, ending, begin = b"", None, None, time.monotonic()
    wire.send(b"GET %s HTTP/1.1\r\nHost: tenant\r\nConnection: close\r\n\r\n"
              % path.encode())
    while ending is None:
        try:
            wire.socket.settimeout(
                max(0.001, begin + timeout - time.monotonic()))
            more = wire.receive()
            first = first or time.monotonic() - begin
            data += more
            if not more:
                ending = "notify"
        except TimeoutError:
            ending = "timeout"
        except ConnectionResetError:
            ending = "reset"
        except EOFError:
            ending = "cut"
    wire.close()
    return Exchange(data, ending, time.monotonic() - begin, first)


def split(answer):
    """(status, {lower-case header: value}, body) of raw bytes."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return (int(first.split()[1]),
            {name.lower(): value for name, value in headers.items()}, body)


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(token, index):
    """A segment of a token as an object."""
    return json.loads(decode(token.split(".")[index]))


def public_key(jwk):
    def integer(name):
        return int.from_bytes(decode(jwk[name]), "big")

    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(integer("e"), integer("n")).public_key()
    curve = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1,
             "P-521": ec.SECP521R1}[jwk["crv"]]()
    return ec.EllipticCurvePublicNumbers(
        integer("x"), integer("y"), curve).public_key()


def verify(token, jwks):
    """(header, claims) of a token signed by a key of the set.  Raises
    InvalidSignature, or LookupError if no key has its kid."""
    header = part(token, 0)
    jwk = next((k for k in jwks["keys"] if k["kid"] == header["kid"]), None)
    if jwk is None:
        raise LookupError(header["kid"])
    signed, _, text = token.rpartition(".")
    signature, alg = decode(text), header["alg"]
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(),
              "512": hashes.SHA512()}[alg[2:]]
    key = public_key(jwk)
    if alg[:2] == "RS":
        key.verify(signature, signed.encode(), padding.PKCS1v15(), digest)
    elif alg[:2] == "PS":
        key.verify(signature, signed.encode(), padding.PSS(
            padding.MGF1(digest), digest.digest_size), digest)
    else:
        half = (key.key_size + 7) // 8
        if len(signature) != 2 * half:
            raise ValueError("the signature has %d bytes" % len(signature))
        key.verify(utils.encode_dss_signature(
            int.from_bytes(signature[:half], "big"),
            int.from_bytes(signature[half:], "big")), signed.encode(),
            ec.ECDSA(digest))
    return header, part(token, 1)
