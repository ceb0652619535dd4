# SPDX-License-Identifier: BSD-2-Clause
"""The endpoints as Auth0 runs them: metadata, grants, device flow, /userinfo
and its limit, counters, clock."""

import base64
import json
import time

from selftest_support import (DISCOVERY, JWKS, USERINFO, Case, part,
                              verify)

TOKEN = "/oauth/token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Metadata(Case):
    def test_discovery(self):
        """discovery at both addresses"""
        document = self.json(DISCOVERY)
        issuer = self.tenant.issuer
        self.assertEqual(document["issuer"], issuer)
        for name, path in (("jwks_uri", JWKS), ("token_endpoint", TOKEN),
                           ("userinfo_endpoint", USERINFO),
                           ("revocation_endpoint", "/oauth/revoke"),
                           ("device_authorization_endpoint",
                            "/oauth/device/code")):
            self.assertEqual(document[name], issuer + path[1:])
        self.assertNotIn("introspection_endpoint", document)
        self.assertEqual(
            self.json("/.well-known/oauth-authorization-server"), document)

    def test_caching(self):
        """15 seconds for what may be cached"""
        for path in (DISCOVERY, JWKS):
            _, headers, _ = self.ask(path)
            self.assertIn("max-age=15", headers["Cache-Control"])
            self.assertTrue(headers["Content-Type"].startswith(
                "application/json"))

    def test_statuses(self):
        """404, 405"""
        self.assertEqual(self.ask("/nothing")[0], 404)
        self.assertEqual(self.ask(JWKS, method="POST")[0], 405)
        self.assertEqual(self.ask(TOKEN)[0], 405)


class GrantCase(Case):
    def grant(self, grant_type, client="native", path=TOKEN, headers=None,
              **form):
        form["grant_type"] = grant_type
        form.update(self.tenant.clients.get(client, {"client_id": client}))
        status, _, body = self.tenant.request(
            "POST", path, {k: v for k, v in form.items() if v is not None},
            headers)
        return status, json.loads(body or b"{}")

    def password(self, **form):
        form.setdefault("password", self.tenant.password)
        return self.grant("password", username="alice", **form)


class Grants(GrantCase):
    def test_client_credentials(self):
        """client_credentials: token, wrong secret, audience"""
        status, answer = self.grant("client_credentials", "machine",
                                    audience=self.tenant.audience)
        self.assertEqual((status, answer["token_type"]), (200, "Bearer"))
        _, claims = verify(answer["access_token"], self.json(JWKS))
        self.assertEqual(claims["gty"], "client-credentials")
        self.assertEqual(claims["exp"] - claims["iat"], answer["expires_in"])
        self.assertEqual(self.grant("client_credentials", "machine")[0], 403)
        self.assertEqual(self.grant("client_credentials", "machine",
                                    audience="https://no.example.com")[0],
                         403)
        self.assertEqual(self.grant("client_credentials", "native",
                                    audience=self.tenant.audience),
                         (403, {"error": "unauthorized_client",
                                "error_description": "Grant type 'client_"
                                "credentials' not allowed for the client."}))

    def test_authentication(self):
        """HTTP Basic, a wrong secret, an unknown client, JSON"""
        machine = self.tenant.clients["machine"]
        form = {"grant_type": "client_credentials",
                "audience": self.tenant.audience}
        pair = "%(client_id)s:%(client_secret)s" % machine
        for secret, expected in ((pair, 200), (pair + "x", 401)):
            header = "Basic " + base64.b64encode(secret.encode()).decode()
            self.assertEqual(self.tenant.request(
                "POST", TOKEN, form, {"Authorization": header})[0], expected)
        self.assertEqual(self.grant("password", "nobody")[0], 401)
        status, _, _ = self.tenant.request(
            "POST", TOKEN, json.dumps(dict(form, **machine)).encode(),
            {"Content-Type": "application/json"})
        self.assertEqual(status, 200)
        self.assertEqual(self.grant("magic")[1]["error"],
                         "unsupported_grant_type")

    def test_password(self):
        """password: what is issued for which request"""
        api, info = self.tenant.audience, self.tenant.issuer + "userinfo"
        _, answer = self.password(audience=api, scope="openid email")
        self.assertEqual(part(answer["access_token"], 1)["aud"], [api, info])
        self.assertEqual(part(answer["access_token"], 1)["gty"], "password")
        self.assertEqual(part(answer["id_token"], 1)["aud"],
                         self.tenant.clients["native"]["client_id"])
        _, answer = self.password(audience=api, scope="read")
        self.assertEqual(part(answer["access_token"], 1)["aud"], api)
        self.assertNotIn("id_token", answer)
        for audience in (None, info):
            _, answer = self.password(audience=audience)
            self.assertEqual(answer["access_token"].count("."), 4)
        self.assertEqual(self.password(password="wrong")[0], 400)

    def test_default_audience(self):
        """a tenant with a default audience gives JWTs to everybody"""
        self.tenant.control("settings", default_audience=self.tenant.audience)
        _, answer = self.password()
        self.assertEqual(answer["access_token"].count("."), 2)

    def test_apis(self):
        """an API of its own profile, algorithm, lifetime; an encrypted one"""
        self.tenant.control("api", identifier="urn:a", profile="rfc9068",
                            alg="HS256", lifetime=60)
        self.tenant.control("api", identifier="urn:b", encrypted=True)
        _, answer = self.password(audience="urn:a", scope="openid")
        header, claims = (part(answer["access_token"], i) for i in (0, 1))
        self.assertEqual(header, {"alg": "HS256", "typ": "at+jwt"})
        self.assertEqual((claims["aud"], claims["exp"] - claims["iat"]),
                         ("urn:a", 60))
        _, answer = self.password(audience="urn:b")
        self.assertEqual(part(answer["access_token"], 0)["alg"],
                         "RSA-OAEP-256")

    def test_refresh(self):
        """refresh tokens rotate; reuse and revocation end the family"""
        _, answer = self.password(scope="openid offline_access",
                                  audience=self.tenant.audience)
        first = answer["refresh_token"]
        _, answer = self.grant("refresh_token", refresh_token=first)
        second = answer["refresh_token"]
        self.assertNotEqual(first, second)
        self.assertEqual(part(answer["access_token"], 1)["gty"],
                         "refresh_token")
        for token in (first, second):       # the reuse ends both
            self.assertEqual(self.grant("refresh_token", refresh_token=token),
                             (400, {"error": "invalid_grant",
                                    "error_description": "Unknown or invalid "
                                    "refresh token."}))
        _, answer = self.password(scope="offline_access")
        third = answer["refresh_token"]
        self.assertEqual(self.grant("", path="/oauth/revoke", token=third)[0],
                         200)
        self.assertEqual(self.grant("refresh_token", refresh_token=third)[0],
                         400)
        self.assertEqual(self.grant("", path="/oauth/revoke", token="x")[0],
                         200)


class DeviceFlow(GrantCase):
    """Auth0's statuses: 403 for most, 429 for slow_down"""

    def begin(self, **form):
        form.setdefault("audience", self.tenant.audience)
        form.setdefault("scope", "openid")
        status, answer = self.grant("", path="/oauth/device/code", **form)
        self.assertEqual(status, 200)
        return answer

    def poll(self, answer):
        status, answer = self.grant(DEVICE, device_code=answer["device_code"])
        return status, answer.get("error", "")

    def test_answer(self):
        """codes, addresses and times of the first answer"""
        answer = self.begin()
        self.assertRegex(answer["user_code"],
                         "^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$")
        page = self.tenant.issuer + "activate"
        self.assertEqual(answer["verification_uri"], page)
        self.assertEqual(answer["verification_uri_complete"],
                         page + "?user_code=" + answer["user_code"])
        self.assertEqual((answer["interval"], answer["expires_in"]), (5, 900))

    def test_approved(self):
        """pending, too fast, slower, then approved: one token"""
        answer = self.begin()
        self.assertEqual(self.poll(answer), (403, "authorization_pending"))
        self.assertEqual(self.poll(answer), (429, "slow_down"))
        self.tenant.control("clock", advance=9)
        self.assertEqual(self.poll(answer), (429, "slow_down"))
        self.tenant.control("clock", advance=15)
        self.assertEqual(self.poll(answer), (403, "authorization_pending"))
        self.tenant.control("clock", advance=15)
        self.tenant.control("activate", user_code=answer["user_code"],
                            user="bob")
        status, token = self.grant(DEVICE, device_code=answer["device_code"])
        self.assertEqual(status, 200)
        _, claims = verify(token["access_token"], self.json(JWKS))
        self.assertEqual(claims["sub"], "auth0|60a1b2c3d4e5f60718293a4b")
        self.assertEqual(self.poll(answer), (400, "invalid_grant"))

    def test_devices(self):
        """what waits for a person, for tests that look for secrets"""
        answer = self.begin()
        self.assertEqual(self.tenant.control("devices")["devices"],
                         {answer["user_code"]: answer["device_code"]})

    def test_denied(self):
        """access_denied"""
        answer = self.begin()
        self.tenant.control("activate", user_code=answer["user_code"],
                            deny=True)
        self.assertEqual(self.poll(answer), (403, "access_denied"))

    def test_expired(self):
        """expired_token once, then invalid_grant"""
        answer = self.begin()
        self.tenant.control("clock", advance=901)
        self.assertEqual(self.poll(answer), (403, "expired_token"))
        self.assertEqual(self.poll(answer), (400, "invalid_grant"))

    def test_page(self):
        """a person at /activate"""
        self.tenant.control("settings", device_interval=0)
        answer = self.begin()
        page = "/activate?user_code=" + answer["user_code"]
        self.assertIn(answer["user_code"].encode(), self.ask(page)[2])
        form = {"user_code": answer["user_code"], "user": "alice"}
        for password, expected in (("wrong", 401),
                                   (self.tenant.password, 200)):
            form["password"] = password
            self.assertEqual(self.tenant.request("POST", "/activate",
                                                 form)[0], expected)
        self.assertEqual(self.poll(answer), (200, ""))

    def test_clients(self):
        """a secret from a public client, a client without the grant"""
        for client, secret in (("native", "x"), ("machine", None)):
            status, answer = self.grant("", client, "/oauth/device/code",
                                        client_secret=secret)
            self.assertEqual((status, answer["error"]),
                             (403, "unauthorized_client"))


class Userinfo(Case):
    def test_get_and_post(self):
        """claims by scope"""
        for scope, names in (
                ("openid", {"sub", "https://example.com/username"}),
                ("openid email", {"sub", "https://example.com/username",
                                  "email", "email_verified"}),
                ("profile", set())):
            token = self.tenant.mint(kind="opaque", scope=scope)
            self.assertEqual(set(self.json(USERINFO, token)), names)
        status, _, body = self.ask(USERINFO, self.tenant.mint(), "POST")
        self.assertEqual((status, json.loads(body)["name"]), (200, "Alice"))

    def test_unauthorized(self):
        """401 in plain text, with a challenge"""
        status, headers, body = self.ask(USERINFO)
        self.assertEqual((status, body), (401, b"Unauthorized"))
        self.assertTrue(headers["Content-Type"].startswith("text/plain"))
        self.assertEqual(headers["WWW-Authenticate"], 'Bearer realm="Users"')
        for token in ("x", self.tenant.mint(kind="id"),
                      self.tenant.mint("machine"), self.tenant.mint(ttl=-1),
                      self.tenant.mint(scope="read"),
                      self.tenant.mint(tamper="signature"),
                      self.tenant.mint(key="rogue"),
                      self.tenant.mint(kind="encrypted"),
                      self.tenant.mint(raw_payload="[]"),
                      self.tenant.mint(raw_payload='{"exp":"x"}')):
            status, headers, body = self.ask(USERINFO, token)
            self.assertEqual((status, body), (401, b"Unauthorized"))
            self.assertIn('error="invalid_token"',
                          headers["WWW-Authenticate"])

    def test_limit(self):
        """10 at once for a user, then 5 a minute, then none of it"""
        alice = self.tenant.mint(kind="opaque")
        bob = self.tenant.mint("bob", kind="opaque")
        for left in range(9, -1, -1):
            status, headers, _ = self.ask(USERINFO, alice)
            self.assertEqual(
                (status, headers["X-RateLimit-Limit"],
                 headers["X-RateLimit-Remaining"]), (200, "10", str(left)))
        status, headers, body = self.ask(USERINFO, alice)
        self.assertEqual(status, 429)
        self.assertIn("X-RateLimit-Limit", json.loads(body)[
            "error_description"])
        self.assertAlmostEqual(int(headers["X-RateLimit-Reset"]),
                               time.time() + 60, delta=3)
        self.assertNotIn("Retry-After", headers)
        self.assertEqual(self.ask(USERINFO, bob)[0], 200)
        self.tenant.control("clock", advance=61)
        self.assertEqual([self.ask(USERINFO, alice)[0] for _ in range(6)],
                         [200] * 5 + [429])
        self.tenant.control("limit", enabled=False)
        self.assertEqual([self.ask(USERINFO, alice)[0] for _ in range(12)],
                         [200] * 12)

    def test_users(self):
        """a user added, changed, removed"""
        self.tenant.control("user", name="erin", claims={
            "nickname": None, "https://example.com/groups": ["a"]})
        token = self.tenant.mint("erin", kind="opaque")
        claims = self.json(USERINFO, token)
        self.assertEqual(claims["sub"], "auth0|erin")
        self.assertEqual(claims["https://example.com/groups"], ["a"])
        self.assertNotIn("nickname", claims)
        self.tenant.control("user", name="erin", remove=True)
        self.assertEqual(self.ask(USERINFO, token)[0], 401)


class Watching(Case):
    def test_count(self):
        """every request counts, by path; log; forget"""
        for path in (JWKS, JWKS + "?a=b", USERINFO, "/x"):
            self.ask(path)
        count = self.tenant.count()
        self.assertEqual(count["total"], 4)
        self.assertEqual((count["connections"], count["handshakes"]), (4, 4))
        self.assertEqual(self.tenant.count("jwks"), 2)
        self.assertEqual([(e["method"], e["path"], e["query"], e["status"])
                          for e in self.tenant.log()],
                         [("GET", JWKS, "", 200), ("GET", JWKS, "a=b", 200),
                          ("GET", USERINFO, "", 401), ("GET", "/x", "", 404)])
        self.tenant.forget()
        self.assertEqual(self.tenant.count()["total"], 0)

    def test_clock(self):
        """the clock moves tokens and Date; date moves Date alone"""
        self.tenant.control("clock", offset=-86400 * 2)
        self.assertLess(part(self.tenant.mint(), 1)["exp"], time.time())
        self.tenant.control("clock", offset=0)
        self.tenant.control("date", offset=365 * 86400)
        year = time.gmtime(time.time() + 365 * 86400).tm_year
        self.assertIn(str(year), self.ask(JWKS)[1]["Date"])
        self.assertGreater(part(self.tenant.mint(), 1)["exp"], time.time())

    def test_control_key(self):
        """nobody commands without the key, nor from the public port"""
        facts = json.load(open(self.tenant.directory + "/ready"))
        port = int(facts["control"]["url"].split(":")[2].split("/")[0])
        public, self.tenant.port = self.tenant.port, port
        try:
            for key in ("", "x"):
                self.assertEqual(self.tenant.request(
                    "GET", "/_control/count",
                    headers={"X-Control-Key": key})[0], 403)
            status, _, body = self.tenant.request(
                "GET", "/_control/count?path=all",
                headers={"X-Control-Key": facts["control"]["key"]})
            self.assertEqual((status, json.loads(body)["count"]["total"]),
                             (200, 0))
        finally:
            self.tenant.port = public
        self.assertEqual(self.ask("/_control/count")[0], 404)


