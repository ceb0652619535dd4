# SPDX-License-Identifier: BSD-2-Clause
"""Faults in what the tenant says: statuses, headers, documents."""

import gzip
import json
import time

from cryptography.exceptions import InvalidSignature

from selftest_support import (DISCOVERY, JWKS, USERINFO, Case, decode, part,
                              verify)
from tenantlib import TenantError


class Rules(Case):
    def statuses(self, path, n):
        return [self.ask(path)[0] for _ in range(n)]

    def test_times(self):
        """a fault for the next 2 requests of one path"""
        self.tenant.fault(JWKS, status=500, times=2)
        self.assertEqual(self.ask(DISCOVERY)[0], 200)
        self.assertEqual(self.statuses(JWKS, 3), [500, 500, 200])
        self.assertEqual(self.tenant.count(JWKS), 3)

    def test_sequence(self):
        """rules one after the other; skip"""
        self.tenant.fault("jwks", status=503, times=1, skip=1)
        self.tenant.fault("jwks", status=404, times=1, skip=2)
        self.assertEqual(self.statuses(JWKS, 5), [200, 503, 200, 404, 200])

    def test_until_cleared(self):
        """a fault for all paths, until it is cleared"""
        self.tenant.fault(status=502)
        self.assertEqual(self.statuses(JWKS, 5), [502] * 5)
        self.assertEqual(self.ask(USERINFO)[0], 502)
        self.tenant.clear()
        self.assertEqual(self.ask(JWKS)[0], 200)

    def test_clear_one_path(self):
        """clear for one path leaves the others"""
        self.tenant.fault("jwks", status=500)
        self.tenant.fault("userinfo", status=500)
        self.tenant.clear("jwks")
        self.assertEqual((self.ask(JWKS)[0], self.ask(USERINFO)[0]),
                         (200, 500))

    def test_log(self):
        """the log tells which fault a request met"""
        self.tenant.fault("jwks", status=500, times=1)
        self.ask(JWKS)
        entry = self.tenant.log()[0]
        self.assertEqual(entry["status"], 500)
        self.assertEqual(entry["fault"], "path=jwks status=500 times=1")

    def test_wrong_options(self):
        """a wrong option is an error that names it"""
        for options in ({"statsu": 500}, {"path": "nowhere"}, {"jwks": "x"},
                        {"status": "many"}, {"hang": "later"}, {"times": 0},
                        {"body_b64": "*"}):
            with self.subTest(options), self.assertRaises(TenantError):
                self.tenant.fault(**dict({"path": "jwks"}, **options))

    def test_nothing_used_up(self):
        """a request that met an error was not carried out"""
        token = self.tenant.mint(kind="opaque")
        self.tenant.fault("userinfo", status=500, times=20)
        self.statuses(USERINFO, 20)
        _, headers, _ = self.ask(USERINFO, token)
        self.assertEqual(headers["X-RateLimit-Remaining"], "9")


class Answers(Case):
    def broken(self, path, **options):
        self.tenant.fault(path, times=1, **options)
        return self.ask(path)

    def test_status(self):
        """any status, with headers and body"""
        for status in (204, 206, 304, 400, 401, 403, 404, 408, 429, 500, 502,
                       503, 504, 599):
            answer, _, body = self.broken(USERINFO, status=status)
            self.assertEqual(answer, status)
            self.assertEqual(body == b"", status in (204, 304))
        status, headers, body = self.broken(
            JWKS, status=418, body="tea", headers={"X-Y": "z", "Date": None})
        self.assertEqual((status, body, headers["X-Y"]), (418, b"tea", "z"))
        self.assertNotIn("Date", headers)
        _, _, body = self.broken(JWKS, body_b64="/wA=")
        self.assertEqual(body, b"\xff\0")

    def test_too_many_requests(self):
        """429 with and without its headers"""
        _, headers, body = self.broken(JWKS, status=429)
        self.assertTrue({"retry-after", "x-ratelimit-reset"}.isdisjoint(
            name.lower() for name in headers))
        self.assertEqual(json.loads(body)["error"], "too_many_requests")
        _, headers, _ = self.broken(JWKS, status=429, retry_after=7)
        self.assertEqual(headers["Retry-After"], "7")
        _, headers, _ = self.broken(JWKS, status=429, ratelimit_reset=30)
        self.assertEqual(headers["X-RateLimit-Remaining"], "0")
        self.assertAlmostEqual(int(headers["X-RateLimit-Reset"]),
                               time.time() + 30, delta=3)

    def test_redirect(self):
        """redirects to anywhere"""
        for status in (None, 301, 307, 308):
            answer, headers, _ = self.broken(JWKS, redirect="file:///x",
                                             status=status)
            self.assertEqual(answer, status or 302)
            self.assertEqual(headers["Location"], "file:///x")

    def test_html(self):
        """a captive portal: 200 and HTML"""
        status, headers, body = self.broken(JWKS, html=True)
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/html"))
        self.assertTrue(body.startswith(b"<!DOCTYPE"))

    def test_content_type(self):
        """a right document of a wrong type"""
        _, headers, body = self.broken(JWKS, content_type="text/plain")
        self.assertEqual(headers["Content-Type"], "text/plain")
        self.assertEqual(len(json.loads(body)["keys"]), 2)

    def test_malformed(self):
        """JSON that ends too early"""
        _, _, body = self.broken(JWKS, malformed=True)
        self.assertTrue(body.startswith(b'{"keys"'))
        with self.assertRaises(ValueError):
            json.loads(body)

    def test_spoil(self):
        """members twice, a list far too deep, a NUL, a list around"""
        _, _, good = self.broken(JWKS)
        for how, want in (("twice", good[:-1] + b", " + good[1:]),
                          ("deep", good[:-1] + b', "deep": ' + b"[" * 3000 +
                           b"]" * 3000 + b"}"),
                          ("nul", good + b"\0"),
                          ("list", b"[" + good + b"]")):
            with self.subTest(how):
                self.assertEqual(self.broken(JWKS, spoil=how)[2], want)

    def test_encodings(self):
        """a byte order mark, UTF-16"""
        _, _, body = self.broken(DISCOVERY, encoding="utf-8-sig")
        self.assertTrue(body.startswith(b"\xef\xbb\xbf{"))
        _, _, body = self.broken(DISCOVERY, encoding="utf-16")
        self.assertIn("issuer", json.loads(body.decode("utf-16")))

    def test_oversize(self):
        """a right document followed by blanks, exactly that long"""
        _, headers, body = self.broken(JWKS, oversize=300000)
        self.assertEqual((len(body), headers["Content-Length"]),
                         (300000, "300000"))
        self.assertEqual(len(json.loads(body)["keys"]), 2)

    def test_gzip(self):
        """gzip that nobody asked for, and a bomb"""
        _, headers, body = self.broken(JWKS, gzip=True)
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertIn("keys", json.loads(gzip.decompress(body)))
        _, _, body = self.broken(JWKS, gzip=True, oversize=10 ** 7)
        self.assertLess(len(body), 50000)
        self.assertEqual(len(gzip.decompress(body)), 10 ** 7)

    def test_merge(self):
        """members changed within a document"""
        _, _, body = self.broken(DISCOVERY, issuer="https://evil.example/")
        self.assertEqual(json.loads(body)["issuer"], "https://evil.example/")
        self.tenant.fault("userinfo", merge={"sub": None, "email": 1})
        body = self.json(USERINFO, self.tenant.mint(kind="opaque"))
        self.assertNotIn("sub", body)
        self.assertEqual((body["email"], body["nickname"]), (1, "alice"))

    def test_method_not_carried_out(self):
        """a token is not issued when the answer says 500"""
        self.tenant.fault("token", status=500)
        form = dict(self.tenant.clients["machine"],
                    grant_type="client_credentials",
                    audience=self.tenant.audience)
        status, _, body = self.tenant.request("POST", "/oauth/token", form)
        self.assertEqual(status, 500)
        self.assertNotIn(b"access_token", body)


class KeySets(Case):
    def keys(self, kind, **options):
        self.tenant.fault("jwks", jwks=kind, times=1, **options)
        return self.json(JWKS)

    def test_empty(self):
        """no keys, no member"""
        self.assertEqual(self.keys("empty"), {"keys": []})
        self.assertEqual(self.keys("missing"), {})

    def test_private(self):
        """a private key"""
        self.assertIn("d", self.keys("private")["keys"][-1])
        jwks = self.keys("private")
        verify(self.tenant.mint(key="rogue"), jwks)

    def test_oct(self):
        """the secret of an HS256 API"""
        key = self.keys("oct")["keys"][-1]
        secret = self.tenant.control("keys")["signing_secret"]
        self.assertEqual(key["kty"], "oct")
        self.assertEqual(decode(key["k"]).decode(), secret)

    def test_kids(self):
        """one kid twice; another key under a known kid; no kid"""
        kid = part(self.tenant.mint(), 0)["kid"]
        keys = self.keys("duplicate-kid")["keys"]
        self.assertEqual([k["kid"] for k in keys].count(kid), 2)
        self.assertNotEqual(keys[0]["n"], keys[-1]["n"])
        jwks = self.keys("same-kid")
        self.assertEqual(len(jwks["keys"]), 2)
        with self.assertRaises(InvalidSignature):
            verify(self.tenant.mint(), jwks)
        self.assertNotIn("kid", self.keys("no-kid")["keys"][0])

    def test_many(self):
        """too many keys"""
        keys = self.keys("many", jwks_count=2000)["keys"]
        self.assertEqual(len({k["kid"] for k in keys}), 2000)

    def test_members(self):
        """alg and use: absent, wrong; a key that is too short"""
        self.assertNotIn("alg", self.keys("no-alg")["keys"][1])
        self.assertNotIn("use", self.keys("no-use")["keys"][1])
        self.assertEqual(self.keys("use-enc")["keys"][0]["use"], "enc")
        self.assertEqual(self.keys("wrong-alg")["keys"][0]["alg"], "RS512")
        self.assertEqual(len(self.keys("weak")["keys"][0]["n"]), 171)
        verify(self.tenant.mint(), self.json(JWKS))
