#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/providers.md: tokens of the shapes that the documentation of other
providers describes, and what the examples of that page make of them.  Nobody
is asked: the keys are in a file."""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("AUDIENT_BUILD", "."))

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
except ImportError:
    print("1..0 # SKIP python3-cryptography is not installed")
    sys.exit(77)

NOW = int(time.time())
KEY = rsa.generate_private_key(65537, 2048)
# with keys from a file there is no discovery document to ask for these
ENDPOINTS = "token_endpoint = https://localhost/t\n" \
    "device_authorization_endpoint = https://localhost/d"
TIMES = {"iat": NOW - 5, "exp": NOW + 3600}
PERSON = "cccccccc-1111-2222-3333-dddddddddddd"
API, APP = ("66666666-7777-8888-9999-aaaaaaaaaaaa",
            "bbbbbbbb-cccc-dddd-eeee-ffffffffffff")
PROJECT, CLIENT = "234567890123456789", "234567890123456999"
PROJECT_AUD = "urn:zitadel:iam:org:project:id:%s:aud" % PROJECT

KEYCLOAK = {
    **TIMES, "jti": "onrtac:1", "iss": "https://id.example.org/realms/staff",
    "aud": ["https://ssh.example.org/", "account"], "typ": "Bearer",
    "sub": "b3f7c1de-0000-4000-8000-000000000001", "azp": "terminal",
    "sid": "1", "acr": "1", "scope": "openid profile ssh",
    "realm_access": {"roles": ["offline_access"]},
    "resource_access": {"account": {"roles": ["view-profile"]}},
    "preferred_username": "alice"}
ENTRA = {
    **TIMES, "nbf": NOW - 5, "aud": API, "ver": "2.0",
    "iss": "https://login.microsoftonline.com/"
           "11111111-2222-3333-4444-555555555555/v2.0",
    "aio": "x", "azp": APP, "azpacr": "0", "name": "Alice", "oid": PERSON,
    "preferred_username": "alice@example.org", "rh": "y", "scp": "ssh.login",
    "sub": "pairwise", "tid": "11111111-2222-3333-4444-555555555555",
    "uti": "z"}
OKTA = {
    **TIMES, "ver": 1, "jti": "AT.1", "aud": "https://ssh.example.org/",
    "iss": "https://example.okta.com/oauth2/aus1a2b3c4d5e6f7g8h9",
    "cid": "0oa1a2b3c4d5e6f7g8h9", "uid": "00u1", "scp": ["openid", "ssh"],
    "auth_time": NOW - 9, "sub": "alice@example.org"}
ZITADEL = {
    **TIMES, "nbf": NOW - 5, "jti": "V2_1", "azp": CLIENT,
    "iss": "https://example-ab12cd.zitadel.cloud",
    "aud": [CLIENT, "234567890123456888", PROJECT],
    "sub": "234567890123456000", "urn:example:username": "alice"}

# (provider, what, changes of the claims, of the header, of the file, reason)
ROWS = (
    ("Keycloak", "a person's token", {}, {}, "", "ok"),
    ("Keycloak", "of a client with at+jwt", {}, {"typ": "at+jwt"}, "", "ok"),
    ("Keycloak", "without the mapper", {"aud": "account"}, {}, "",
     "audience_refused"),
    ("Keycloak", "without any audience", {"aud": None}, {}, "",
     "audience_refused"),
    ("Keycloak", "of another realm",
     {"iss": "https://id.example.org/realms/guests"}, {}, "",
     "issuer_refused"),
    ("Keycloak", "with a slash behind the realm",
     {"iss": "https://id.example.org/realms/staff/"}, {}, "",
     "issuer_refused"),
    ("Keycloak", "with nonce, as old releases have it", {"nonce": "n"}, {},
     "", "type_refused"),
    ("Keycloak", "an ID token", {"aud": "terminal", "at_hash": "h"}, {}, "",
     "type_refused"),
    ("Keycloak", "without the scope profile", {"preferred_username": None},
     {}, "", "username_missing"),
    ("Keycloak", "of a service account",
     {"preferred_username": "service-account-robot", "azp": "robot"}, {}, "",
     "user_mismatch"),
    ("Keycloak", "bound to a client", {"cnf": {"jkt": "k"}}, {}, "",
     "sender_constrained"),

    ("Microsoft Entra ID", "a person's token", {}, {}, "", "ok"),
    ("Microsoft Entra ID", "of another application, where there is a list",
     {"azp": "other"}, {}, "clients = " + APP, "client_refused"),
    ("Microsoft Entra ID", "of version 1", {
        "iss": "https://sts.windows.net/11111111-2222-3333-4444-"
               "555555555555/", "ver": "1.0"}, {}, "", "issuer_refused"),
    ("Microsoft Entra ID", "for the URI of the API", {"aud": "api://" + API},
     {}, "", "audience_refused"),
    ("Microsoft Entra ID", "of one registration for both", {"azp": API}, {},
     "", "type_refused"),
    ("Microsoft Entra ID", "of an application for itself",
     {"scp": None, "roles": ["ssh"], "oid": "app"}, {}, "", "claim_missing"),
    ("Microsoft Entra ID", "of an application that says so",
     {"idtyp": "app"}, {}, "", "subject_refused"),
    ("Microsoft Entra ID", "with two scopes in one string",
     {"scp": "ssh.login other"}, {}, "", "claim_missing"),
    ("Microsoft Entra ID", "of a person that no line names", {"oid": "other"},
     {}, "", "username_missing"),
    ("Microsoft Entra ID", "without the scope profile", {"oid": None}, {}, "",
     "username_missing"),

    ("Okta", "a person's token", {}, {"typ": None}, "", "ok"),
    ("Okta", "of the organization's own server",
     {"iss": "https://example.okta.com", "aud": "https://example.okta.com"},
     {"typ": None}, "", "issuer_refused"),
    ("Okta", "with a type of Okta's own", {},
     {"typ": "application/okta-internal-at+jwt"}, "", "type_refused"),
    ("Okta", "of the default audience", {"aud": "api://default"},
     {"typ": None}, "", "audience_refused"),
    ("Okta", "without the scope", {"scp": ["openid"]}, {"typ": None}, "",
     "claim_missing"),
    ("Okta", "of another application", {"cid": "other"}, {"typ": None}, "",
     "client_refused"),
    ("Okta", "without an application", {"cid": None}, {"typ": None}, "",
     "client_refused"),
    ("Okta", "of an application for itself",
     {"sub": "0oa1a2b3c4d5e6f7g8h9"}, {"typ": None}, "", "subject_refused"),
    ("Okta", "of an application for itself, where machines are users",
     {"sub": "0oa1a2b3c4d5e6f7g8h9"}, {"typ": None},
     "subjects = machines", "username_missing"),

    ("Zitadel", "a person's token", {}, {}, "", "ok"),
    ("Zitadel", "of another project", {"aud": [CLIENT, "1"]}, {}, "",
     "audience_refused"),
    ("Zitadel", "without the Action", {"urn:example:username": None}, {}, "",
     "username_missing"),
    ("Zitadel", "where a scope is required", {}, {},
     "[service imap]\nrequired_scopes = " + PROJECT_AUD, "scope_missing"),
    ("Zitadel", "an opaque token", None, {}, "", "opaque_refused"),
)
SHAPES = {"Keycloak": KEYCLOAK, "Microsoft Entra ID": ENTRA, "Okta": OKTA,
          "Zitadel": ZITADEL}


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def changed(document, changes):
    out = {**document, **changes}
    return {k: v for k, v in out.items() if v is not None}


def token(claims, header):
    if claims is None:
        return b64(os.urandom(30))      # no dot in it
    header = changed({"alg": "RS256", "typ": "JWT", "kid": "k1"}, header)
    text = "%s.%s" % (b64(json.dumps(header).encode()),
                      b64(json.dumps(claims).encode()))
    return "%s.%s" % (text, b64(KEY.sign(text.encode(), padding.PKCS1v15(),
                                         hashes.SHA256())))


def jwks():
    n = KEY.public_key().public_numbers()
    return json.dumps({"keys": [{
        "kty": "RSA", "use": "sig", "kid": "k1", "e": "AQAB",
        "n": b64(n.n.to_bytes(256, "big"))}]})


def example(name):
    """(audient.conf, map) of a section of the page."""
    with open(os.path.join(SOURCE, "docs", "providers.md"),
              encoding="utf-8") as f:
        section = f.read().split("\n## %s\n" % name)[1].split("\n## ")[0]
    blocks = re.findall(r"^```\w*\n(.*?)^```$", section,
                        re.MULTILINE | re.DOTALL)
    return blocks[0], "".join(blocks[1:])


def explain(config, text):
    done = subprocess.run(
        [os.path.join(BUILD, "audient"), "explain", "--config", config,
         "--service", "imap", "--user", "alice", "--json"], input=text,
        capture_output=True, text=True, check=False)
    return json.loads(done.stdout or "{}"), done.stdout + done.stderr


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="audient-providers-") as where:
        def write(name, text):
            path = os.path.join(where, name)
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return path

        keys = write("jwks.json", jwks())
        for number, (name, what, claims, header, more, want) in enumerate(
                ROWS, 1):
            conf, people = example(name)
            conf = conf.replace("/etc/audient/users.map",
                                write("users.map", people))
            parts = [conf, more] if more.startswith("[") else [more, conf]
            config = write("audient.conf", "\n".join([
                "jwks_file = " + keys, ENDPOINTS, *parts, ""]))
            made = None if claims is None else changed(SHAPES[name], claims)
            got, out = explain(config, token(made, header))
            ok = got.get("reason") == want
            failed += not ok
            print("%s %d - %s, %s: %s" % ("ok" if ok else "not ok", number,
                                          name, what, want), flush=True)
            if not ok:
                print("".join("#   %s\n" % x for x in out.splitlines()))
    print("1..%d" % len(ROWS))
    return 1 if failed else 0


sys.exit(main())
