# SPDX-License-Identifier: BSD-2-Clause
"""Answers made wrong on command: what they say, not how they are sent."""

import gzip
import json
import math

from standin import keys
from standin.options import override
from standin.wire import NO_BODY, Response

HTML = (b"<!DOCTYPE html>\n<html><head><title>Sign in to the network</title>"
        b"</head><body>Accept the terms to go on.</body></html>\n")
DEPTH = 3000
MESSAGES = {
    401: ("invalid_token", "The access token is invalid or has expired"),
    403: ("access_denied", "Forbidden"),
    429: ("too_many_requests",
          "Too many requests. Check the X-RateLimit-Limit, "
          "X-RateLimit-Remaining and X-RateLimit-Reset headers."),
}


def replaces(rule):
    """Is the answer a new one, so that the request need not be carried out
    and no code or token gets used up?"""
    return (rule.hang == "start" or rule.redirect is not None or rule.html
            or rule.body is not None or rule.body_b64 is not None
            or (rule.status is not None and rule.status >= 300)
            or rule.status == 204)


def replacement(rule):
    if rule.redirect is not None:
        return Response(rule.status or 302, b"", {"Location": rule.redirect})
    if rule.html:
        return Response(rule.status or 200, HTML,
                        content_type="text/html; charset=utf-8")
    if rule.body is not None or rule.body_b64 is not None:
        body = rule.body_b64 if rule.body is None else rule.body.encode()
        return Response(rule.status or 200, body)
    status = rule.status or 200
    if status in NO_BODY:
        return Response(status, b"")
    return Response.error(status, *MESSAGES.get(
        status, ("server_error", "An error on command")))


def with_member(change):
    """A change of every key of a set, as a change of the set."""
    def change_set(tenant, keyset, rule):
        for key in keyset["keys"]:
            change(key)
    return change_set


def add_private(tenant, keyset, rule):
    keyset["keys"].append(
        tenant.keys.bundle("rogue").key().private_jwk())


def add_oct(tenant, keyset, rule):
    keyset["keys"].append({
        "kty": "oct", "use": "sig", "alg": "HS256", "kid": "shared-secret",
        "k": keys.b64u(tenant.signing_secret.encode())})


def add_duplicate(tenant, keyset, rule):
    rogue = tenant.keys.bundle("rogue").key().jwk()
    keyset["keys"].append(dict(rogue, kid=keyset["keys"][0]["kid"]))


def swap_key(tenant, keyset, rule):
    rogue = tenant.keys.bundle("rogue").key().jwk()
    keyset["keys"][0] = dict(rogue, kid=keyset["keys"][0]["kid"])


def add_many(tenant, keyset, rule):
    rogue = tenant.keys.bundle("rogue").key().jwk()
    while len(keyset["keys"]) < rule.jwks_count:
        keyset["keys"].append(
            dict(rogue, kid="extra-%d" % len(keyset["keys"])))


def weaken(tenant, keyset, rule):
    weak = keys.Key("RS256", 1024).jwk()
    keyset["keys"][0] = dict(weak, kid=keyset["keys"][0]["kid"])


# faults.JWKS: what happens to a set of keys
JWKS = {
    "empty": lambda tenant, keyset, rule: keyset["keys"].clear(),
    "missing": lambda tenant, keyset, rule: keyset.pop("keys"),
    "private": add_private,
    "oct": add_oct,
    "duplicate-kid": add_duplicate,
    "same-kid": swap_key,
    "many": add_many,
    "no-alg": with_member(lambda key: key.pop("alg")),
    "no-kid": with_member(lambda key: key.pop("kid")),
    "no-use": with_member(lambda key: key.pop("use")),
    "use-enc": with_member(lambda key: key.update(use="enc")),
    "wrong-alg": with_member(lambda key: key.update(alg="RS512")),
    "weak": weaken,
}


def change_document(tenant, response, rule):
    """Changes within the JSON of the answer."""
    changes = dict(rule.merge)
    if rule.issuer is not None:
        changes["issuer"] = rule.issuer
    if not changes and rule.jwks is None:
        return
    try:
        document = json.loads(response.body)
    except ValueError:
        return
    override(document, changes)
    if rule.jwks is not None and "keys" in document:
        JWKS[rule.jwks](tenant, document, rule)
    response.body = json.dumps(document).encode()


def spoil(body, how):
    """Text of an object, and JSON that a strict reader does not take."""
    if how == "twice":
        return body[:-1] + b", " + body[1:]
    if how == "deep":
        return body[:-1] + b', "deep": ' + DEPTH * b"[" + DEPTH * b"]" + b"}"
    return body + b"\0" if how == "nul" else b"[" + body + b"]"


def change_bytes(response, rule):
    """Changes that no longer care for the meaning, in this order."""
    if rule.spoil is not None:
        response.body = spoil(response.body, rule.spoil)
    if rule.malformed:
        response.body = response.body[:len(response.body) * 2 // 3]
    if rule.encoding is not None:
        response.body = response.body.decode().encode(rule.encoding)
    if rule.oversize is not None:       # blanks: only the size is wrong
        response.body = response.body.ljust(rule.oversize)
    if rule.gzip:
        response.body = gzip.compress(response.body)
        response.headers["Content-Encoding"] = "gzip"


def change_headers(tenant, response, rule):
    if rule.status is not None:
        response.status = rule.status
    if rule.content_type is not None:
        response.headers["Content-Type"] = rule.content_type
    if rule.retry_after is not None:
        response.headers["Retry-After"] = rule.retry_after
    if rule.ratelimit_reset is not None:
        response.headers.update({
            "X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset":
                str(math.ceil(tenant.now()) + rule.ratelimit_reset)})


def apply(tenant, response, rule):
    """The answer under a rule."""
    change_document(tenant, response, rule)
    change_bytes(response, rule)
    change_headers(tenant, response, rule)


def override_headers(response, rule):
    """The caller's headers win over all, Date and Content-Length too; None
    removes one."""
    for name, value in rule.headers.items():
        for known in [n for n in response.headers
                      if n.lower() == name.lower()]:
            del response.headers[known]
        if value is not None:
            response.headers[name] = str(value)
