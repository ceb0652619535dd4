# SPDX-License-Identifier: BSD-2-Clause
"""GET and POST /userinfo: who a token speaks of, as Auth0 tells it."""

from standin.mangle import MESSAGES
from standin.tokens import OPAQUE_CLAIMS, Invalid, resolve
from standin.wire import Response

PROFILE = ("name", "nickname", "picture", "updated_at")
EMAIL = ("email", "email_verified")


def bearer(request):
    """The token in the Authorization header, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def unauthorized(description=None):
    """Auth0's 401: plain text, the reason in the challenge."""
    challenge = 'Bearer realm="Users"'
    if description is not None:
        challenge += (', error="invalid_token", error_description="%s"'
                      % description)
    return Response(401, b"Unauthorized", {"WWW-Authenticate": challenge},
                    "text/plain; charset=utf-8")


def claims_for(user, scopes):
    """What the scopes of the token open; custom claims are always told."""
    hidden = set()
    if "profile" not in scopes:
        hidden.update(PROFILE)
    if "email" not in scopes:
        hidden.update(EMAIL)
    return {name: user[name] for name in user if name not in hidden}


def userinfo(tenant, request):
    token = bearer(request)
    if token is None:
        return unauthorized()
    try:
        claims = resolve(tenant, token)
    except Invalid as error:
        return unauthorized(error)
    audience = claims.get("aud")
    if not isinstance(audience, list):
        audience = [audience]
    user = tenant.user_of(claims.get("sub"))
    if tenant.issuer + "userinfo" not in audience or user is None:
        return unauthorized("The access token is invalid")
    allowed, headers = tenant.limit.take(user["sub"], tenant.now())
    if not allowed:
        return Response.error(429, *MESSAGES[429], headers=headers)
    scopes = str(claims.get("scope", "")).split()
    answer = {}
    if "openid" in scopes:      # without it Auth0 says {}
        answer = claims_for(user, scopes)
        if token.count(".") == 4:
            answer.update((name, value) for name, value in claims.items()
                          if name not in OPAQUE_CLAIMS + ("aud",))
    return Response.json(200, answer, headers)
