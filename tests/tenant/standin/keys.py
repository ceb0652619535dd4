# SPDX-License-Identifier: BSD-2-Clause
"""Signing keys: what the tenant publishes, rotates and keeps to itself."""

import base64
import concurrent.futures
import datetime
import secrets
import string
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID

from standin.options import BadOption

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": ("P-256", ec.SECP256R1), "ES384": ("P-384", ec.SECP384R1),
          "ES512": ("P-521", ec.SECP521R1)}
ALGORITHMS = [family + size for family in ("RS", "PS", "ES")
              for size in HASHES]
KID_LETTERS = string.ascii_letters + string.digits + "_-"
KID_LENGTH = 21


def b64u(data):
    """base64url without padding, as text."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    """A JWK integer: big-endian bytes, the fewest or exactly size."""
    return b64u(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def generate(alg, bits):
    if alg not in ALGORITHMS:
        raise BadOption("no key can be made for algorithm %r" % alg)
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg][1]())
    return rsa.generate_private_key(65537, bits)


class Key:
    """A key pair that is published for one algorithm.

    It signs with another algorithm of its type when a test asks for that:
    alg is what the JWK says.
    """

    def __init__(self, alg="RS256", bits=2048):
        self.alg = alg
        self.kid = "".join(secrets.choice(KID_LETTERS)
                           for _ in range(KID_LENGTH))
        self.private = generate(alg, bits)
        self._jwk = self._describe()

    def jwk(self):
        """The public half with the members that Auth0 gives."""
        return dict(self._jwk)

    def private_jwk(self):
        """The whole key, which no tenant should ever publish."""
        numbers = self.private.private_numbers()
        if self.alg in CURVES:
            return dict(self._jwk, d=number(numbers.private_value))
        return dict(self._jwk, d=number(numbers.d), p=number(numbers.p),
                    q=number(numbers.q), dp=number(numbers.dmp1),
                    dq=number(numbers.dmq1), qi=number(numbers.iqmp))

    def public_bytes(self, form):
        """The public key as "pem" or "der"."""
        return self.private.public_key().public_bytes(
            serialization.Encoding[form.upper()],
            serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, alg, data):
        """A JWS signature (RFC 7518 section 3) by any algorithm that fits
        the type of the key."""
        self._fits(alg)
        digest = HASHES[alg[2:]]()
        if alg[:2] == "RS":
            return self.private.sign(data, padding.PKCS1v15(), digest)
        if alg[:2] == "PS":
            return self.private.sign(data, pss(digest), digest)
        r, s = utils.decode_dss_signature(
            self.private.sign(data, ec.ECDSA(digest)))
        size = (self.private.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def verify(self, alg, data, signature):
        """Raises cryptography's InvalidSignature."""
        self._fits(alg)
        digest = HASHES[alg[2:]]()
        public = self.private.public_key()
        if alg[:2] == "RS":
            public.verify(signature, data, padding.PKCS1v15(), digest)
        elif alg[:2] == "PS":
            public.verify(signature, data, pss(digest), digest)
        else:
            half = len(signature) // 2
            public.verify(utils.encode_dss_signature(
                int.from_bytes(signature[:half], "big"),
                int.from_bytes(signature[half:], "big")), data,
                ec.ECDSA(digest))

    def _fits(self, alg):
        if alg not in ALGORITHMS or (alg in CURVES) != (self.alg in CURVES):
            raise BadOption("a key for %s can not sign %s" % (self.alg, alg))

    def _describe(self):
        numbers = self.private.public_key().public_numbers()
        certificate = self._certificate()
        jwk = {"kty": "RSA", "use": "sig"}
        if self.alg in CURVES:
            size = (self.private.curve.key_size + 7) // 8
            jwk.update(kty="EC", crv=CURVES[self.alg][0],
                       x=number(numbers.x, size), y=number(numbers.y, size))
        else:
            jwk.update(n=number(numbers.n), e=number(numbers.e))
        der = certificate.public_bytes(serialization.Encoding.DER)
        jwk.update(
            kid=self.kid, x5t=b64u(certificate.fingerprint(hashes.SHA1())),
            x5c=[base64.b64encode(der).decode()], alg=self.alg)
        return jwk

    def _certificate(self):
        """Self-signed, as Auth0's are: nobody may build trust on it."""
        name = x509.Name([x509.NameAttribute(
            NameOID.COMMON_NAME, "tenant.example.com")])
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(name)
                .issuer_name(name).public_key(self.private.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=5000))
                .sign(self.private, hashes.SHA256()))


def pss(digest):
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


class Bundle:
    """The keys of one place in the rotation: RS256 from the start, the other
    algorithms when they are first asked for.  A fixed bundle has one key."""

    def __init__(self, first=None, fixed=False):
        self._lock = threading.Lock()
        first = first or Key()
        self._keys = {first.alg: first}
        self.main = first.alg
        self.fixed = fixed

    def key(self, alg=None):
        """The key for alg, or the first one if alg needs no key pair."""
        with self._lock:
            if self.fixed or alg not in ALGORITHMS:
                alg = self.main
            if alg not in self._keys:
                self._keys[alg] = Key(alg)
            return self._keys[alg]

    def keys(self):
        return list(self._keys.values())

    def reset(self):
        """Back to the first key, which stays as it is."""
        with self._lock:
            self._keys = {self.main: self._keys[self.main]}


class KeyStore:
    """current, next, previous, rogue (never published) and named keys."""

    def __init__(self):
        self._lock = threading.Lock()
        # Two hunts for primes at once: they run outside the interpreter lock.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda _: Bundle(), range(2)))
        self._bundles = {"current": made[0], "next": made[1]}
        self._named = {}        # name: (Bundle, published)
        self._decryption = None

    def bundle(self, name):
        with self._lock:
            if name == "rogue" and name not in self._bundles:
                self._bundles[name] = Bundle()
            if name in self._bundles:
                return self._bundles[name]
            if name in self._named:
                return self._named[name][0]
        raise BadOption("there is no key named %r" % name)

    def published(self):
        """Current, next, previous, named: the order of the JWKS."""
        with self._lock:
            bundles = [self._bundles[name] for name in
                       ("current", "next", "previous")
                       if name in self._bundles]
            bundles += [b for b, public in self._named.values() if public]
        return [key for bundle in bundles for key in bundle.keys()]

    def by_kid(self, kid):
        return next((k for k in self.published() if k.kid == kid), None)

    def rotate(self, keep_previous=True):
        fresh = Bundle()
        with self._lock:
            old = self._bundles
            self._bundles = dict(old, current=old["next"], next=fresh)
            self._bundles.pop("previous", None)
            if keep_previous:
                self._bundles["previous"] = old["current"]

    def add(self, name, alg="RS256", bits=2048, publish=True):
        if name in ("current", "next", "previous", "rogue"):
            raise BadOption("the name %r is taken" % name)
        fresh = Bundle(Key(alg, bits), fixed=True)
        with self._lock:
            self._named[name] = (fresh, publish)
        return fresh.key()

    def drop(self, name):
        with self._lock:
            if name == "previous":
                self._bundles.pop(name, None)
            elif self._named.pop(name, None) is None:
                raise BadOption("there is no key named %r" % name)

    def reset(self):
        """Back to current and next, with their RS256 keys."""
        with self._lock:
            self._named = {}
            self._bundles.pop("previous", None)
            for bundle in self._bundles.values():
                bundle.reset()

    def decryption_key(self):
        """The RSA key that APIs with encrypted tokens have in common."""
        with self._lock:
            if self._decryption is None:
                self._decryption = rsa.generate_private_key(65537, 2048)
            return self._decryption

    def names(self):
        """{name: {alg: kid}}"""
        with self._lock:
            bundles = dict(self._bundles)
            bundles.update((n, b) for n, (b, _) in self._named.items())
        return {name: {key.alg: key.kid for key in bundle.keys()}
                for name, bundle in bundles.items()}
