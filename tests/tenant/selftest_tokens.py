# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of each kind, checked with python3-cryptography alone."""

import base64
import hashlib
import hmac
import json
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from selftest_support import (JWKS, USERINFO, Case, decode, part, public_key,
                              verify)
from tenantlib import TenantError

ALICE = "auth0|5f7c8ec7c33c6c004bbafe82"
USERNAME = "https://example.com/username"


class AccessTokens(Case):
    def verified(self, **options):
        token = self.tenant.mint(**options)
        return verify(token, self.json(JWKS))

    def test_auth0_profile(self):
        """Auth0's default profile"""
        header, claims = self.verified()
        self.assertEqual((header["alg"], header["typ"]), ("RS256", "JWT"))
        now = time.time()
        self.assertTrue(now - 5 < claims["iat"] <= now)
        self.assertEqual(claims["exp"] - claims["iat"], 86400)
        self.assertEqual(claims["iss"], self.tenant.issuer)
        self.assertTrue(claims["iss"].endswith("/"))
        self.assertEqual(claims["sub"], ALICE)
        self.assertEqual(claims[USERNAME], "alice")
        self.assertEqual(claims["aud"], [
            "https://login.example.com/", self.tenant.issuer + "userinfo"])
        self.assertEqual(claims["azp"],
                         self.tenant.clients["native"]["client_id"])
        self.assertTrue({"jti", "client_id", "gty"}.isdisjoint(claims))

    def test_rfc9068_profile(self):
        """the profile of RFC 9068"""
        header, claims = self.verified(profile="rfc9068")
        self.assertEqual(header["typ"], "at+jwt")
        self.assertEqual(claims["client_id"],
                         self.tenant.clients["native"]["client_id"])
        self.assertTrue(claims["jti"])
        self.assertNotIn("azp", claims)

    def test_audience(self):
        """aud as a string, an array, /userinfo for openid"""
        api, info = "https://a.example.com", self.tenant.issuer + "userinfo"
        for expected, options in (
                (api, {"audience": api, "scope": "read"}),
                (api, {"audience": api, "scope": ""}),
                ([api, info], {"audience": api, "scope": "openid"}),
                ([api], {"audience": [api]}),
                (info, {"audience": info}),
                ("x", {"audience": api, "claims": {"aud": "x"}})):
            with self.subTest(options):
                self.assertEqual(self.verified(**options)[1]["aud"], expected)

    def test_machine(self):
        """a machine's token"""
        _, claims = self.verified(user="machine")
        client_id = self.tenant.clients["machine"]["client_id"]
        self.assertEqual(claims["sub"], client_id + "@clients")
        self.assertEqual(claims["azp"], client_id)
        self.assertEqual(claims["gty"], "client-credentials")
        self.assertEqual(claims["aud"], self.tenant.audience)

    def test_claims(self):
        """claims added, replaced, dropped, relative to now"""
        _, claims = self.verified(
            user="bob", permissions=["login", "admin"], organization="org_1",
            organization_name="acme", client="other", scope="a b",
            ttl=60, age=30, claims={"azp": None, "n": 1, "iss": "i"},
            from_now={"nbf": 90})
        self.assertEqual(claims["permissions"], ["login", "admin"])
        self.assertEqual((claims["org_id"], claims["org_name"]),
                         ("org_1", "acme"))
        self.assertEqual((claims["n"], claims["iss"]), (1, "i"))
        self.assertNotIn("azp", claims)
        self.assertEqual(claims["exp"] - claims["iat"], 90)
        self.assertAlmostEqual(claims["nbf"] - claims["iat"], 120, delta=1)

    def test_expired(self):
        """a negative ttl gives a token that has expired"""
        _, claims = self.verified(ttl=-60)
        self.assertLess(claims["iat"], claims["exp"])
        self.assertAlmostEqual(claims["exp"], time.time() - 60, delta=3)

    def test_algorithms(self):
        """RS, PS and ES with 256, 384 and 512"""
        for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                    "ES256", "ES384", "ES512"):
            with self.subTest(alg):
                self.assertEqual(self.verified(alg=alg)[0]["alg"], alg)

    def test_key_of_another_algorithm(self):
        """RS512 with the key that is published for RS256"""
        header, _ = self.verified(alg="RS512", key_alg="RS256")
        self.assertEqual(header["kid"], self.json(JWKS)["keys"][0]["kid"])

    def test_hs256(self):
        """HS256 with the API's secret, a given one, and a public key"""
        secrets = self.tenant.control("keys")
        jwk = secrets["jwks"]["keys"][0]
        pem = public_key(jwk).public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        for secret, key in ((None, secrets["signing_secret"].encode()),
                            ("s", b"s"), ("", b""), ("@pem", pem),
                            ("@n", decode(jwk["n"]))):
            token = self.tenant.mint(alg="HS256", secret=secret)
            data, _, mac = token.rpartition(".")
            self.assertEqual(
                hmac.new(key, data.encode(), hashlib.sha256).digest(),
                decode(mac), secret)
            self.assertNotIn("kid", part(token, 0))
            self.assertEqual(part(token, 1)["aud"], self.tenant.audience)

    def test_none(self):
        """no signature, and a stripped one"""
        token = self.tenant.mint(alg="none")
        self.assertTrue(token.endswith("."))
        self.assertEqual(part(token, 0)["alg"], "none")
        token = self.tenant.mint(tamper="strip")
        self.assertTrue(token.endswith("."))
        self.assertEqual(part(token, 0)["alg"], "RS256")

    def test_tamper(self):
        """one letter changed in payload or signature"""
        for where in ("payload", "signature"):
            token = self.tenant.mint(tamper=where)
            with self.subTest(where), self.assertRaises(InvalidSignature):
                verify(token, self.json(JWKS))

    def test_header(self):
        """header members changed, raw header and payload"""
        header = part(self.tenant.mint(
            kid="../x", header={"typ": None, "crit": ["a"]}), 0)
        self.assertEqual(header, {"alg": "RS256", "kid": "../x",
                                  "crit": ["a"]})
        token = self.tenant.mint(raw_header="{", raw_payload='{"a":1,"a":2}')
        self.assertEqual([decode(x) for x in token.split(".")[:2]],
                         [b"{", b'{"a":1,"a":2}'])
        token = self.tenant.mint(raw_payload_b64="_w")
        self.assertEqual(decode(token.split(".")[1]), b"\xff")

    def test_id_token(self):
        """an ID token: for the client, with a nonce, same keys"""
        header, claims = self.verified(kind="id", nonce="n-1")
        self.assertEqual(header["typ"], "JWT")
        self.assertEqual(claims["aud"],
                         self.tenant.clients["native"]["client_id"])
        self.assertEqual(claims["nonce"], "n-1")
        self.assertEqual(claims["email"], "alice@example.com")
        self.assertTrue({"azp", "scope"}.isdisjoint(claims))

    def test_encrypted(self):
        """a signed token within a JWE for the API"""
        token = self.tenant.mint(kind="encrypted")
        head, wrapped, iv, text, tag = token.split(".")
        self.assertEqual(part(token, 0)["alg"], "RSA-OAEP-256")
        key = serialization.load_pem_private_key(
            self.tenant.control("keys")["decryption_key"].encode(), None)
        cek = key.decrypt(decode(wrapped), padding.OAEP(
            padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        inner = AESGCM(cek).decrypt(decode(iv), decode(text) + decode(tag),
                                    head.encode())
        _, claims = verify(inner.decode(), self.json(JWKS))
        self.assertEqual(claims["sub"], ALICE)

    def test_wrong_options(self):
        """a wrong option is an error that names it"""
        for options in ({"usr": "x"}, {"user": "nobody"}, {"alg": "XX1"},
                        {"key": "none"}, {"kind": "x"}, {"client": "x"},
                        {"ttl": "soon"}, {"pad_to": 10},
                        {"alg": "ES256", "key_alg": "RS256"}):
            with self.subTest(options), self.assertRaises(TenantError):
                self.tenant.mint(**options)


class OpaqueTokens(Case):
    def test_form(self):
        """five segments of Auth0's lengths, sealed"""
        token = self.tenant.mint(kind="opaque")
        head, wrapped, iv, text, tag = token.split(".")
        self.assertEqual(part(token, 0), {
            "alg": "dir", "enc": "A256GCM", "iss": self.tenant.issuer})
        self.assertTrue(token.startswith("eyJ"))
        self.assertEqual([len(x) for x in (wrapped, iv, text, tag)],
                         [0, 16, 288, 22])
        with self.assertRaises(InvalidTag):
            AESGCM(bytes(32)).decrypt(decode(iv), decode(text) + decode(tag),
                                      head.encode())

    def test_userinfo(self):
        """/userinfo resolves both forms, and no third"""
        for kind in ("opaque", "opaque-old"):
            token = self.tenant.mint("bob", kind=kind)
            claims = self.json(USERINFO, token)
            self.assertEqual(claims["nickname"], "bob")
            self.assertIs(claims["email_verified"], False)
        self.assertEqual(len(token), 32)
        for wrong in (token[:-1] + "~", self.tenant.mint(kind="opaque")[:-2],
                      self.tenant.mint(kind="opaque", ttl=-5)):
            self.assertEqual(self.ask(USERINFO, wrong)[0], 401)

    def test_added_claims(self):
        """claims that a test adds are told by /userinfo"""
        token = self.tenant.mint(kind="opaque", claims={"act": {"sub": "x"}})
        self.assertEqual(self.json(USERINFO, token)["act"], {"sub": "x"})


class Padding(Case):
    LENGTHS = list(range(1020, 1030)) + [2048, 4095, 4096, 16384, 16385]

    def test_lengths(self):
        """pad_to gives tokens of exactly that length, which stay valid"""
        jwks = self.json(JWKS)
        for length in self.LENGTHS:
            token = self.tenant.mint(pad_to=length)
            self.assertEqual(len(token), length)
            verify(token, jwks)
        token = self.tenant.mint(pad_to=200000)
        self.assertEqual(len(token), 200000)

    def test_every_length(self):
        """any length from the natural one on"""
        token = self.tenant.mint()
        for length in range(len(token), len(token) + 45):
            self.assertEqual(len(self.tenant.mint(pad_to=length)), length)

    def test_other_kinds(self):
        """pad_to for the other kinds"""
        for options in ({"kind": "opaque"}, {"kind": "opaque-old"},
                        {"kind": "encrypted"}, {"kind": "id"},
                        {"alg": "none"}, {"alg": "ES256"},
                        {"raw_payload": "[]"}):
            for length in (1801, 1802, 1803, 1804):
                token = self.tenant.mint(pad_to=length, **options)
                self.assertEqual(len(token), length, options)
        token = self.tenant.mint(kind="opaque", pad_to=4096)
        self.assertEqual(self.json(USERINFO, token)["sub"], ALICE)


class Keys(Case):
    def kids(self):
        return [key["kid"] for key in self.json(JWKS)["keys"]]

    def test_jwk(self):
        """the members that Auth0's keys have, and their certificate"""
        for key in self.json(JWKS)["keys"]:
            self.assertEqual(set(key), {"kty", "use", "alg", "kid", "n", "e",
                                        "x5t", "x5c"})
            self.assertEqual((key["kty"], key["use"], key["alg"], key["e"]),
                             ("RSA", "sig", "RS256", "AQAB"))
            self.assertEqual(public_key(key).key_size, 2048)
            certificate = x509.load_der_x509_certificate(
                base64.b64decode(key["x5c"][0]))
            self.assertEqual(certificate.public_key().public_numbers(),
                             public_key(key).public_numbers())
            self.assertEqual(decode(key["x5t"]),
                             certificate.fingerprint(hashes.SHA1()))

    def test_rotation(self):
        """current becomes previous, next becomes current"""
        first, second = self.kids()
        old = self.tenant.mint()
        self.tenant.rotate()
        current, following, previous = self.kids()
        self.assertEqual((current, previous), (second, first))
        self.assertNotIn(following, (first, second))
        verify(old, self.json(JWKS))
        self.assertEqual(part(self.tenant.mint(), 0)["kid"], second)
        self.assertEqual(part(self.tenant.mint(key="previous"), 0)["kid"],
                         first)
        self.assertEqual(part(self.tenant.mint(key="next"), 0)["kid"],
                         following)
        self.tenant.rotate(keep_previous=False)
        self.assertEqual(len(self.kids()), 2)
        with self.assertRaises(LookupError):
            verify(old, self.json(JWKS))

    def test_rogue(self):
        """a key that is never published, under its own kid and another's"""
        with self.assertRaises(LookupError):
            verify(self.tenant.mint(key="rogue"), self.json(JWKS))
        with self.assertRaises(InvalidSignature):
            verify(self.tenant.mint(key="rogue", kid="@current"),
                   self.json(JWKS))

    def test_on_demand(self):
        """keys of other types are published once they are used"""
        token = self.tenant.mint(alg="ES384", key="next")
        key = next(k for k in self.json(JWKS)["keys"]
                   if k["kid"] == part(token, 0)["kid"])
        self.assertEqual((key["kty"], key["crv"], key["alg"]),
                         ("EC", "P-384", "ES384"))

    def test_named(self):
        """named keys: published, hidden, weak, dropped"""
        for name, options in (("pss", {"alg": "PS256"}),
                              ("weak", {"bits": 1024}),
                              ("hidden", {"publish": False})):
            self.tenant.control("key", add=name, **options)
        jwks = self.json(JWKS)
        self.assertEqual(
            verify(self.tenant.mint(key="pss"), jwks)[0]["alg"], "PS256")
        verify(self.tenant.mint(key="weak"), jwks)
        self.assertEqual(public_key(jwks["keys"][-1]).key_size, 1024)
        with self.assertRaises(LookupError):
            verify(self.tenant.mint(key="hidden"), jwks)
        self.tenant.control("key", drop="pss")
        self.assertEqual(len(self.json(JWKS)["keys"]), len(jwks["keys"]) - 1)
        self.assertIn("weak", json.dumps(self.tenant.control("keys")["keys"]))
