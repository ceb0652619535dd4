# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of every kind that a tenant issues, and what one of them is worth.

Claims follow Auth0's two profiles:

    auth0     typ JWT,    azp,       no jti, gty for some grants
    rfc9068   typ at+jwt, client_id, jti,    no gty
"""

import json
import secrets
import string

from cryptography.exceptions import InvalidSignature, InvalidTag

from standin import jose, people
from standin.keys import b64u
from standin.options import BadOption, one_of, override, read

MINT = {
    "user": ("text", "alice"), "client": ("text", "native"),
    "kind": (one_of("access", "id", "opaque", "opaque-old", "encrypted"),
             "access"),
    "profile": (one_of("auth0", "rfc9068"), None),
    "audience": ("audience", None), "scope": ("text", None),
    "permissions": ("words", None), "gty": ("text", None),
    "organization": ("text", None), "organization_name": ("text", None),
    "nonce": ("text", None),
    "ttl": ("integer", None), "age": ("integer", None),
    "claims": ("table", {}), "from_now": ("table", {}),
    "header": ("table", {}),
    "kid": ("text", None), "alg": ("text", None), "key": ("text", "current"),
    "key_alg": ("text", None), "secret": ("text", None),
    "raw_header": ("text", None), "raw_header_b64": ("text", None),
    "raw_payload": ("text", None), "raw_payload_b64": ("text", None),
    "tamper": (one_of("header", "payload", "signature", "strip"), None),
    "pad_to": ("integer", None), "enc_alg": ("text", "RSA-OAEP-256"),
}
USER_SCOPE = "openid profile email"
ID_LIFETIME = 36000             # seconds, Auth0's default
OPAQUE_SIZE = 216               # bytes, 288 letters, as in Auth0's tokens
OPAQUE_CLAIMS = ("sub", "azp", "scope", "iat", "exp")
OLD_LENGTH = 32                 # letters of an opaque token before 2022
LETTERS = string.ascii_letters + string.digits + "_-"


class Invalid(Exception):
    """A token that /userinfo does not take; the text is for the client."""


def mint(tenant, given):
    """(token, claims) for the options of MINT."""
    o = read(MINT, given)
    if o["user"] in tenant.clients:     # a machine's token for itself
        o["client"] = o["user"]
    make = {"access": access_token, "encrypted": encrypted_token,
            "id": id_token, "opaque": opaque_token,
            "opaque-old": old_token}[o["kind"]]
    return make(tenant, o)


def issue(tenant, **given):
    """A token, as the endpoints give it."""
    return mint(tenant, given)[0]


def subject(tenant, o):
    """The claims that say who: a user of the table, or a machine."""
    if o["user"] in tenant.clients:
        return {"sub": tenant.client(o["user"])["client_id"] + "@clients"}
    if o["user"] not in tenant.users:
        raise BadOption("there is no user %r; for any other subject set "
                        "claims.sub" % o["user"])
    user = tenant.users[o["user"]]
    return {name: user[name] for name in ("sub", people.USERNAME_CLAIM)
            if name in user}


def lifetime(tenant, o, default):
    """iat and exp: age and ttl count in seconds from now.  A token that has
    expired was issued for one minute."""
    now = int(tenant.now())
    ttl = default if o["ttl"] is None else o["ttl"]
    age = o["age"]
    if age is None:
        age = 0 if ttl > 0 else 60 - ttl
    return {"iat": now - age, "exp": now + ttl}


def changed(tenant, o, claims):
    """The claims after what the caller wants otherwise."""
    for name, seconds in o["from_now"].items():
        claims[name] = int(tenant.now()) + seconds
    return override(claims, o["claims"])


def audience_of(tenant, o, scope, alg):
    """Auth0 adds /userinfo for openid, but never to an HS256 API."""
    audience = o["audience"] or tenant.audience
    userinfo = tenant.issuer + "userinfo"
    if (isinstance(audience, str) and audience != userinfo
            and "openid" in scope.split() and not alg.startswith("HS")):
        return [audience, userinfo]
    return audience


def api_of(tenant, o):
    known = tenant.apis.get(str(o["audience"] or tenant.audience))
    return known or people.api()


def access_claims(tenant, o, alg):
    machine = o["user"] in tenant.clients
    api = api_of(tenant, o)
    profile = o["profile"] or api["profile"]
    scope = o["scope"]
    if scope is None:
        scope = api["scopes"] if machine else USER_SCOPE
    claims = {"iss": tenant.issuer}
    claims.update(subject(tenant, o))
    claims["aud"] = audience_of(tenant, o, scope, alg)
    claims.update(lifetime(tenant, o, api["lifetime"]))
    client_id = tenant.client(o["client"])["client_id"]
    if profile == "rfc9068":
        claims.update(client_id=client_id, jti=b64u(secrets.token_bytes(16)))
    else:
        claims["azp"] = client_id
        gty = o["gty"] or ("client-credentials" if machine else None)
        if gty:
            claims["gty"] = gty
    if scope:
        claims["scope"] = scope
    optional = {"permissions": o["permissions"], "org_id": o["organization"],
                "org_name": o["organization_name"]}
    claims.update((k, v) for k, v in optional.items() if v is not None)
    return changed(tenant, o, claims)


def algorithm(tenant, o, default):
    """What the token is signed with: a named key has an algorithm itself."""
    bundle = tenant.keys.bundle(o["key"])
    return o["alg"] or (bundle.main if bundle.fixed else default)


def access_token(tenant, o):
    api = api_of(tenant, o)
    if api["encrypted"] and o["kind"] == "access":
        return encrypted_token(tenant, o)
    alg = algorithm(tenant, o, api["alg"])
    claims = access_claims(tenant, o, alg)
    typ = "at+jwt" if "client_id" in claims else "JWT"
    return signed(tenant, o, alg, typ, claims), claims


def id_token(tenant, o):
    """For the client, never for an API: aud is the client_id."""
    client_id = tenant.client(o["client"])["client_id"]
    if o["user"] not in tenant.users:
        raise BadOption("an ID token is for a user")
    claims = dict(tenant.users[o["user"]], iss=tenant.issuer, aud=client_id)
    claims.update(lifetime(tenant, o, ID_LIFETIME))
    claims["sid"] = "".join(secrets.choice(LETTERS) for _ in range(32))
    claims["nonce"] = o["nonce"] or b64u(secrets.token_bytes(24))
    changed(tenant, o, claims)
    alg = algorithm(tenant, o, "RS256")
    return signed(tenant, o, alg, "JWT", claims), claims


def raw(o, part):
    """Bytes that the caller gave for header or payload, or None."""
    if o["raw_%s_b64" % part] is not None:
        try:
            return jose.unb64u(o["raw_%s_b64" % part])
        except ValueError as error:
            raise BadOption("raw_%s_b64: %s" % (part, error)) from None
    text = o["raw_" + part]
    return None if text is None else text.encode()


def kid_of(tenant, kid):
    """A kid as given, or that of a key of ours: "@current"."""
    if kid.startswith("@"):
        return tenant.keys.bundle(kid[1:]).key().kid
    return kid


def signed(tenant, o, alg, typ, claims):
    """A JWS of these claims."""
    key = tenant.keys.bundle(o["key"]).key(o["key_alg"] or alg)
    header = {"alg": alg, "typ": typ}
    if not alg.startswith("HS"):    # Auth0 gives no kid with HS256
        header["kid"] = key.kid
    if o["kid"] is not None:
        header["kid"] = kid_of(tenant, o["kid"])
    override(header, o["header"])
    head, payload = raw(o, "header"), raw(o, "payload")
    token = jose.sign(
        jose.dump(header) if head is None else head,
        jose.dump(claims) if payload is None else payload, alg, key,
        jose.hmac_secret(o["secret"], key, tenant.signing_secret),
        o["pad_to"])
    return tampered(token, o["tamper"])


def tampered(token, part):
    """The token with one letter changed, or without its signature."""
    if part is None:
        return token
    parts = token.split(".")
    if part == "strip":
        return ".".join(parts[:2]) + "."
    at = ("header", "payload", "signature").index(part)
    if not parts[at]:
        raise BadOption("the token has no %s to change" % part)
    middle = len(parts[at]) // 2
    letter = "A" if parts[at][middle] != "A" else "B"
    parts[at] = parts[at][:middle] + letter + parts[at][middle + 1:]
    return ".".join(parts)


def encrypted_token(tenant, o):
    """A signed token within a JWE for the API's RSA key.  header, kid and
    pad_to are about the JWE, the rest about what it holds."""
    inner, claims = access_token(tenant, dict(
        o, kind="encrypted", header={}, kid=None, pad_to=None))
    cek = secrets.token_bytes(32)
    public = tenant.keys.decryption_key().public_key()
    header = {"alg": o["enc_alg"], "enc": "A256GCM", "cty": "JWT"}
    if o["kid"] is not None:
        header["kid"] = kid_of(tenant, o["kid"])
    wrapped = jose.wrap(o["enc_alg"], public, cek)
    token = jose.seal(jose.dump(override(header, o["header"])), wrapped, cek,
                      inner.encode(), o["pad_to"],
                      lambda text, size: text.ljust(size))
    return token, claims


def userinfo_claims(tenant, o):
    """What an opaque token stands for: a user, for /userinfo."""
    o = dict(o, audience=tenant.issuer + "userinfo", profile="auth0")
    return access_claims(tenant, o, "RS256")


def opaque_token(tenant, o):
    """Five segments that only the tenant can read.  Claims that a caller
    adds are told by /userinfo."""
    claims = userinfo_claims(tenant, o)
    kept = {name: claims[name] for name in OPAQUE_CLAIMS if name in claims}
    kept.update((n, v) for n, v in o["claims"].items() if v is not None)
    text = jose.dump(kept)
    header = override({"alg": "dir", "enc": "A256GCM",
                       "iss": tenant.issuer}, o["header"])
    head = raw(o, "header")
    token = jose.seal(jose.dump(header) if head is None else head, b"",
                      tenant.opaque_key, text.ljust(OPAQUE_SIZE),
                      o["pad_to"], lambda plain, size: plain.ljust(size))
    return token, claims


def old_token(tenant, o):
    claims = userinfo_claims(tenant, o)
    token = "".join(secrets.choice(LETTERS)
                    for _ in range(o["pad_to"] or OLD_LENGTH))
    with tenant.lock:
        tenant.old_tokens[token] = claims
    return token, claims


def resolve(tenant, token):
    """The claims of an access token of this tenant that is good now.
    Raises Invalid."""
    if token in tenant.old_tokens:
        claims = tenant.old_tokens[token]
    elif token.count(".") == 4:
        claims = opened(tenant, token)
    elif token.count(".") == 2:
        claims = verified(tenant, token)
    else:
        raise Invalid("The access token is invalid")
    if not isinstance(claims, dict):
        raise Invalid("The access token is invalid")
    expiry = claims.get("exp")
    if not isinstance(expiry, (int, float)):
        raise Invalid("The access token is invalid")
    if expiry <= tenant.now():
        raise Invalid("The token has expired")
    return claims


def opened(tenant, token):
    try:
        claims = json.loads(jose.unseal(token, tenant.opaque_key))
    except (ValueError, InvalidTag):
        raise Invalid("The access token is invalid") from None
    return dict(claims, aud=tenant.issuer + "userinfo")


def verified(tenant, token):
    head, payload, signature = token.split(".")
    try:
        header = json.loads(jose.unb64u(head))
        key = tenant.keys.by_kid(header.get("kid"))
        if key is None or header.get("alg") != key.alg:
            raise Invalid("The access token is invalid")
        key.verify(key.alg, (head + "." + payload).encode(),
                   jose.unb64u(signature))
        return json.loads(jose.unb64u(payload))
    except (ValueError, AttributeError, InvalidSignature):
        raise Invalid("The access token is invalid") from None
