# SPDX-License-Identifier: BSD-2-Clause
"""The users, applications and APIs that every stand-in tenant begins with.

Identifiers are fixed, so that a configuration file can name them; passwords
and client secrets are made anew by each tenant and stand in its ready file.
"""

USERNAME_CLAIM = "https://example.com/username"
AUDIENCE = "https://login.example.com/"
OTHER_AUDIENCE = "https://other.example.com/"


def user(name, sub, **changes):
    """A user: the claims that the tenant knows.  None removes a claim."""
    claims = {
        "sub": sub,
        "name": name.capitalize(),
        "nickname": name,
        "picture": "https://pictures.example.com/%s.png" % name,
        "updated_at": "2026-01-02T03:04:05.678Z",
        "email": "%s@example.com" % name,
        "email_verified": True,
        USERNAME_CLAIM: name,
    }
    claims.update(changes)
    return {k: v for k, v in claims.items() if v is not None}


def users():
    """{name: claims}.  bob's address is not verified, carol has no user
    name, dave came through another provider."""
    return {
        "alice": user("alice", "auth0|5f7c8ec7c33c6c004bbafe82"),
        "bob": user("bob", "auth0|60a1b2c3d4e5f60718293a4b",
                    email_verified=False),
        "carol": user("carol", "auth0|61b2c3d4e5f60718293a4b5c",
                      **{USERNAME_CLAIM: None}),
        "dave": user("dave", "google-oauth2|103547991597142817347"),
    }


def clients(secret):
    """{name: client}.  A client without a secret is a public one; grants
    are the short names of the grants that it may use."""
    return {
        "native": {
            "client_id": "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u",
            "grants": ["device_code", "refresh_token", "password"],
        },
        "machine": {
            "client_id": "mAcHiNeV4p9Rk2DyN6tB1wCq7XzLsE5g",
            "secret": secret,
            "grants": ["client_credentials"],
        },
        "other": {
            "client_id": "oThErPwH8j3Fm5VxT1nQ6bGk9ZdYcR4a",
            "grants": ["device_code", "refresh_token", "password"],
        },
    }


def api(**changes):
    """An API: token profile (auth0, rfc9068), signing algorithm, lifetime in
    seconds, whether its tokens are encrypted, scopes that a machine gets."""
    out = {"profile": "auth0", "alg": "RS256", "lifetime": 86400,
           "encrypted": False, "scopes": "login"}
    out.update(changes)
    return out


def apis(audience):
    """{identifier: api}"""
    return {audience: api(), OTHER_AUDIENCE: api()}
