# SPDX-License-Identifier: BSD-2-Clause
"""The tenant's certificate authority, and server certificates good and bad.

Keys are P-256: a handshake costs little, and several hundred connections in
a second are wanted.
"""

import datetime
import ipaddress
import os
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from standin.options import BadOption

# kind: days from now at which it begins and ends
VALIDITY = {"good": (-1, 30), "expired": (-30, -1), "not-yet-valid": (1, 30),
            "wrong-host": (-1, 30), "self-signed": (-1, 30),
            "other-ca": (-1, 30), "no-san": (-1, 30)}
TLS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
       "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def builder(subject, issuer, public, days):
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = (now + datetime.timedelta(days=d) for d in days)
    return (x509.CertificateBuilder().subject_name(named(subject))
            .issuer_name(named(issuer)).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(end))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_usage(ca):
    return x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca,
        content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False)


class Authority:
    """A CA whose key lives in memory only."""

    def __init__(self, name):
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        self.certificate = (
            builder(name, name, public, (-400, 400))
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(key_usage(True), True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self._key, hashes.SHA256()))

    def issue(self, names, days, self_signed=False, san=True):
        """(certificate, key) for a server of these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = key if self_signed else self._key
        subject = "tenant" if san else names[0]
        draft = builder(subject, subject if self_signed else self.name,
                        key.public_key(), days)
        if san:
            draft = draft.add_extension(x509.SubjectAlternativeName(
                [general_name(n) for n in names]), False)
        draft = (
            draft.add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(key_usage(False), True)
            .add_extension(x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    signer.public_key()), False))
        return draft.sign(signer, hashes.SHA256()), key


class Certificates:
    """Makes TLS contexts for the server; ca.pem is what clients trust."""

    def __init__(self, directory, names):
        self._directory = directory
        self._names = names
        self._ca = Authority("stand-in tenant CA")
        self._other_ca = Authority("another CA")
        self.ca_path = os.path.join(directory, "ca.pem")
        with open(self.ca_path, "wb") as f:
            f.write(pem(self._ca.certificate))

    def context(self, kind="good", names=None, tls=None):
        """kind: a name in VALIDITY; names: SANs other than the usual; tls:
        the only version to be spoken ("1.0" to "1.3"; 1.2 and 1.3)."""
        if kind not in VALIDITY:
            raise BadOption("no certificate is called %r" % kind)
        names = names or (["wrong.example.com"] if kind == "wrong-host"
                          else self._names)
        ca = self._other_ca if kind == "other-ca" else self._ca
        certificate, key = ca.issue(
            names, VALIDITY[kind], self_signed=kind == "self-signed",
            san=kind != "no-san")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load(context, certificate, key)
        context.set_alpn_protocols(["http/1.1"])
        context.minimum_version = TLS["1.2"]
        if tls is not None:
            self._limit(context, tls)
        return context

    def _load(self, context, certificate, key):
        """The ssl module reads certificates from files only."""
        with tempfile.NamedTemporaryFile(dir=self._directory) as f:
            f.write(key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
            f.write(pem(certificate))
            f.flush()
            context.load_cert_chain(f.name)

    @staticmethod
    def _limit(context, tls):
        if tls not in TLS:
            raise BadOption("TLS is one of %s" % ", ".join(TLS))
        if tls in ("1.0", "1.1"):       # Debian's default forbids them
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = TLS[tls]
        context.maximum_version = TLS[tls]
