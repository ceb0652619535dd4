#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Another provider's tokens: oidc-provider, which nobody of ours has written,
issues them by its own rules, and sshd and the core judge them."""

import base64
import html.parser
import http.cookiejar
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request

import rig as rig_module
from rig import AUDIENCE, BUILD, PATIENCE, SOURCE, USERNAME_CLAIM, Rig
from rig import free_port

try:
    from devicelib import ENTER_ALONE, Screen
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENT = os.path.join(BUILD, "audient")
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SECRET = "a secret of the test, of no use elsewhere"


def modules():
    """The directory with node_modules, which ./bootstrap check makes."""
    here = os.environ.get("AUDIENT_PROVIDERS") or os.path.join(
        SOURCE, "build", "providers")
    package = os.path.join(here, "node_modules", "oidc-provider")
    return here if os.path.isdir(package) else None


# --- keys, as a JSON document with private parts ----------------------------------

def number(value, size=None):
    size = size or (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(
        value.to_bytes(size, "big")).decode().rstrip("=")


def rsa_key(kid):
    n = rsa.generate_private_key(65537, 2048).private_numbers()
    return {"kty": "RSA", "use": "sig", "kid": kid,
            "n": number(n.public_numbers.n), "e": number(65537),
            "d": number(n.d), "p": number(n.p), "q": number(n.q),
            "dp": number(n.dmp1), "dq": number(n.dmq1),
            "qi": number(n.iqmp)}


def ec_key(kid, curve, name):
    n = ec.generate_private_key(curve).private_numbers()
    size = (curve.key_size + 7) // 8
    return {"kty": "EC", "use": "sig", "kid": kid, "crv": name,
            "x": number(n.public_numbers.x, size),
            "y": number(n.public_numbers.y, size),
            "d": number(n.private_value, size)}


def ed_key(kid):
    key = ed25519.Ed25519PrivateKey.generate()
    raw = serialization.Encoding.Raw
    private = key.private_bytes(raw, serialization.PrivateFormat.Raw,
                                serialization.NoEncryption())
    public = key.public_key().public_bytes(raw,
                                           serialization.PublicFormat.Raw)
    return {"kty": "OKP", "use": "sig", "kid": kid, "crv": "Ed25519",
            "d": number(int.from_bytes(private, "big"), 32),
            "x": number(int.from_bytes(public, "big"), 32)}


def key_set(generation):
    def kid(name):
        return "%s-%d" % (name, generation)
    return json.dumps({"keys": [
        rsa_key(kid("rsa")), ed_key(kid("ed")),
        ec_key(kid("p256"), ec.SECP256R1(), "P-256"),
        ec_key(kid("p384"), ec.SECP384R1(), "P-384"),
        ec_key(kid("p521"), ec.SECP521R1(), "P-521")]})


# --- a person with a browser ------------------------------------------------------

class Forms(html.parser.HTMLParser):
    """The forms of a page: (action, {name: value})."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append((attrs["action"], {}))
        elif tag == "input" and self.forms and attrs.get("name"):
            self.forms[-1][1][attrs["name"]] = attrs.get("value", "")


class Browser:
    """Fills in what it is shown, as somebody with this name."""

    def __init__(self, ca, name):
        self._name = name
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=ca)),
            urllib.request.HTTPCookieProcessor(
                http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(
                    strict_ns_domain=0))))

    def _open(self, url, fields=None):
        data = urllib.parse.urlencode(fields).encode() if fields else None
        with self._opener.open(url, data, PATIENCE) as answer:
            return answer.geturl(), answer.read().decode()

    def confirm(self, url, code):
        """True once the provider says that the person may go back."""
        url, page = self._open(url)
        for _ in range(8):
            forms = Forms(page).forms
            if not forms:
                return "Sign-in Success" in page
            action, fields = forms[0]
            for key, value in (("user_code", code), ("login", self._name),
                               ("password", "anything")):
                if key in fields and not fields[key]:
                    fields[key] = value
            url, page = self._open(urllib.parse.urljoin(url, action), fields)
        return False


# --- the provider, and a host that trusts it --------------------------------------

class Provider:
    """The process, its keys and what it issues."""

    def __init__(self, rig, where):
        self.rig, self.port, self.generation = rig, free_port(), 0
        self.issuer = "https://127.0.0.1:%d" % self.port
        self._program = shutil.copy(
            os.path.join(SOURCE, "tests", "providers", "oidc.mjs"), rig.dir)
        os.symlink(os.path.join(where, "node_modules"),
                   os.path.join(rig.dir, "node_modules"))
        self.ca = os.path.join(rig.dir, "provider.pem")
        self._key = os.path.join(rig.dir, "provider.key")
        rig.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                "-subj", "/CN=provider", "-days", "2", "-addext",
                "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self._key, "-out",
                self.ca)
        os.chmod(self.ca, 0o644)
        self._process = None
        self.start()

    def start(self):
        """Starts it with keys of its own; those of before are gone."""
        if self._process is not None:
            self.rig.stop(self._process)
        self.generation += 1
        keys = self.rig.write("provider.jwks", key_set(self.generation))
        self._process = self.rig.start(
            shutil.which("node"), self._program, str(self.port), self.ca,
            self._key, keys, log="provider.log", wait_port=self.port)

    def post(self, path, **fields):
        request = urllib.request.Request(
            self.issuer + path, urllib.parse.urlencode(fields).encode())
        trust = ssl.create_default_context(cafile=self.ca)
        try:
            with urllib.request.urlopen(request, context=trust,
                                        timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            return json.load(e)

    def robot(self, resource=None, **fields):
        """A program's token for an API, or what the provider says."""
        if resource is not None:
            fields["resource"] = resource
        answer = self.post("/token", grant_type="client_credentials",
                           client_id="robot", client_secret=SECRET, **fields)
        return answer.get("access_token", str(answer))

    def person(self, name="alice", **fields):
        """What a person gets who has confirmed: access and ID token."""
        fields.setdefault("scope", "openid login")
        asked = self.post("/device/auth", client_id="terminal", **fields)
        if not Browser(self.ca, name).confirm(asked["verification_uri"],
                                              asked["user_code"]):
            sys.exit("the provider did not let %s in: %s" % (name, asked))
        return self.post("/token", grant_type=GRANT, client_id="terminal",
                         device_code=asked["device_code"])


class Host:
    """audient.conf for the provider, and what it makes of a token."""

    def __init__(self, rig, provider):
        self.rig, self.provider = rig, provider
        self.configure()

    def configure(self, text="", issuer=None, audience=AUDIENCE,
                  name=USERNAME_CLAIM):
        name = "username_claim = %s\n" % name if name else ""
        self.rig.write("audient.conf", "\n".join([
            "issuer = " + (issuer or self.provider.issuer),
            "audience = " + audience,
            "algorithms = RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 "
            "ES512",
            "ca_file = " + self.provider.ca,
            "cache_dir = " + self.rig.cache,
            "fetch_helper = " + os.path.join(BUILD, "audient-fetch"),
            name + text, ""]))

    def judges(self, what, token, want, user="alice", text=None):
        """One line of TAP: is this the reason, and does the advice fit?"""
        done = subprocess.run(
            self.rig.jailed(AUDIENT, "explain", "--config",
                            os.path.join(self.rig.dir, "audient.conf"),
                            "--json", "--service", "sshd", "--user", user),
            input=token, capture_output=True, text=True, timeout=PATIENCE,
            check=False)
        got = json.loads(done.stdout)
        self.rig.case(
            got["reason"] == want and (text is None or
                                       text in json.dumps(got)),
            "%s: %s" % (what, want), json.dumps(got, indent=1), token[:200])


MACHINES = "subjects = users machines\nusername_claim = client_id\n"


def programs(host):
    token = host.provider.robot()
    host.judges("a program, where people are meant", token, "subject_refused")
    host.configure("subjects = users machines")
    host.judges("a program without a name", token, "username_missing")
    host.configure(MACHINES, name=None)
    host.judges("a program that no map names", token, "username_missing")
    users = host.rig.write("users", "robot alice\n")
    host.configure(MACHINES + "user_map = " + users, name=None)
    host.judges("a program that was given an account", token, "ok")
    host.judges("the same at the door of another", token, "user_mismatch",
                user="bob")


def people(host):
    provider = host.provider
    host.configure()
    answer = provider.person()
    token = answer["access_token"]
    host.judges("a person's token (at+jwt)", token, "ok")
    host.judges("the same at the door of another", token, "user_mismatch",
                user="bob")
    host.judges("her ID token", answer["id_token"], "type_refused")
    host.judges("a part of it", token[:-100], "token_truncated")
    host.judges("its signature changed", token[:-8] + "AAAAAAAA",
                "signature_invalid")
    host.judges("root's name in a token", provider.person("root")[
        "access_token"], "user_refused", user="root")
    return token


def of_algorithms(host):
    api = "https://api.example.com/"
    for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
                "ES256", "ES384", "ES512", "EdDSA", "HS256"):
        want = "algorithm_refused" if alg in ("EdDSA", "HS256") else "ok"
        host.configure(audience=api + alg)
        answer = host.provider.person(resource=api + alg)
        host.judges("signed with " + alg, answer["access_token"], want)
    host.configure(audience=api)
    # "dir" is what Auth0's opaque tokens look like
    for word, want in (("RS256", "audience_refused"),
                       ("encrypted", "opaque_refused")):
        answer = host.provider.person(resource=api + word)
        host.judges("for another API, " + word, answer["access_token"], want)


def opaque(host):
    token = host.provider.person(scope="openid email")["access_token"]
    host.configure()
    host.judges("an opaque token", token, "opaque_refused")
    host.configure("opaque_tokens = accept-unbound\n"
                   "required_claim = email_verified true")
    host.judges("an opaque token where they are let in", token, "ok")
    host.judges("the same at the door of another", token, "user_mismatch",
                user="bob")
    host.judges("an opaque token of nobody", token[:-4] + "AAAA",
                "opaque_refused")
    host.judges("a program's, that /userinfo says nothing of",
                host.provider.robot("https://api.example.com/opaque"),
                "opaque_refused")


def of_the_issuer(host, token):
    right = host.provider.issuer
    for what, issuer, want in (
            ("the issuer with a slash too many", right + "/",
             "issuer_unavailable"),
            ("the issuer by another name",
             right.replace("127.0.0.1", "localhost"), "issuer_unavailable"),
            ("the issuer with a path", right + "/realms/x",
             "issuer_unavailable")):
        host.configure(issuer=issuer)
        host.judges(what, token, want, text=right)
    host.configure()


def doors(host, sshd, token):
    rig = host.rig
    for user, how, want in (("alice", token, "in"), ("bob", token, "out"),
                            ("alice", token[:-6] + "AAAAAA", "out")):
        got, screen = sshd.login(user, how)
        rig.case(got == want, "sshd: %s for %s" % (want, user), screen,
                 *rig.syslog.news())
    host.configure("flow = device\nclient_id = terminal\n"
                   "device_scope = openid login")
    for name, want in (("alice", 0), ("bob", 255)):
        argv = sshd.ssh("alice", "-o", "PubkeyAuthentication=no", "-o",
                        "PreferredAuthentications=keyboard-interactive")
        with Screen(argv + ["true"]) as screen:
            asked = screen.asked()
            confirmed = asked and Browser(host.provider.ca, name).confirm(
                screen.page, screen.code)
            screen.send()
            status = screen.end()
        rig.case(confirmed and status == want,
                 "sshd: %s confirms alice's login in a browser, status %d" %
                 (name, want), confirmed, status, screen.text,
                 *rig.syslog.news())
    host.configure()
    status, out = rig.run(
        os.path.join(BUILD, "audient"), "token", "--issuer",
        host.provider.issuer, "--ca-file", host.provider.ca,
        "--fetch-helper", os.path.join(BUILD, "audient-fetch"),
        "--audience", AUDIENCE, "--client-id", "robot", "--flow",
        "client-credentials", "--client-secret-file", "-", "--as", "bare",
        text=SECRET)
    rig.case(status == 0 and out.count(".") == 2,
             "audient token: a program gets its token", status, out)


def rotation(host, token):
    host.configure("refetch_cooldown = 1")
    host.judges("before the provider has other keys", token, "ok")
    host.provider.start()
    other = host.provider.person()["access_token"]
    host.judges("a token of the provider's new key", other, "ok")
    host.judges("one of the key that is gone", token, "key_unknown")


def main():
    rig_module.need("node", "openssl", "sshd", "ssh")
    rig_module.need_root()
    where = modules()
    if where is None:
        rig_module.skip("oidc-provider is not there; ./bootstrap check "
                        "fetches it with npm")
    with Rig("provider") as rig:
        sshd = Sshd(rig, free_port())
        sshd.start()
        host = Host(rig, Provider(rig, where))
        programs(host)
        token = people(host)
        of_algorithms(host)
        opaque(host)
        of_the_issuer(host, token)
        doors(host, sshd, token)
        rotation(host, token)
        rig.secret_free([token])
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
