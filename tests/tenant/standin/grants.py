# SPDX-License-Identifier: BSD-2-Clause
"""/oauth/token and what belongs to it, with Auth0's statuses (which are not
always those of the standards)."""

import base64
import hmac
import html
import secrets
import urllib.parse

from standin.keys import b64u
from standin.options import BadOption
from standin.tokens import issue
from standin.wire import Response

PREFIX = "urn:ietf:params:oauth:grant-type:"
USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class Refusal(Exception):
    """status, error and description of an answer."""

    def response(self):
        return Response.error(*self.args)


class Device:
    """One run of the device flow (RFC 8628), until a token is given."""

    def __init__(self, tenant, client, scope, audience):
        self.device_code = b64u(secrets.token_bytes(24))
        letters = [secrets.choice(USER_CODE_LETTERS) for _ in range(8)]
        self.user_code = "".join(letters[:4]) + "-" + "".join(letters[4:])
        self.client, self.scope, self.audience = client, scope, audience
        self.interval = tenant.settings["device_interval"]
        self.expires = tenant.now() + tenant.settings["device_lifetime"]
        self.polled = None      # time of the last poll
        self.user = None        # name, once somebody said yes
        self.denied = False


class Refresh:
    """A refresh token.  family: the set of all tokens of one login; used
    tokens stay, so that their second use is seen."""

    def __init__(self, client, user, scope, audience, family):
        self.client, self.user, self.scope = client, user, scope
        self.audience, self.family = audience, family
        self.used = False


def basic(request):
    """(client_id, secret) of HTTP Basic, or None."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        pair = base64.b64decode(value, validate=True).decode()
    except ValueError:
        raise Refusal(401, "invalid_client", "Unauthorized") from None
    return [urllib.parse.unquote_plus(x) for x in pair.partition(":")[::2]]


def authenticated(tenant, request, form):
    """The client that asks.  A public client must not send a secret."""
    name, secret = basic(request) or (form.get("client_id"),
                                      form.get("client_secret"))
    try:
        client = tenant.client(name)
    except BadOption:
        raise Refusal(401, "invalid_client", "Unauthorized") from None
    if client["client_id"] != name:         # our short names are for tests
        raise Refusal(401, "invalid_client", "Unauthorized")
    expected = client.get("secret")
    if expected is None and secret is not None:
        raise Refusal(403, "unauthorized_client",
                      "A public client has no client_secret.")
    if expected is not None and not hmac.compare_digest(
            expected.encode(), (secret or "").encode()):
        raise Refusal(401, "invalid_client", "Unauthorized")
    return client


def audience_asked(tenant, form):
    """The API that the token is for, or None: then it will be opaque."""
    audience = (form.get("audience") or form.get("resource")
                or tenant.settings["default_audience"])
    if audience is None or audience == tenant.issuer + "userinfo":
        return None
    if audience not in tenant.apis:
        raise Refusal(403, "access_denied",
                      "Service not found: %s" % audience)
    return audience


def user_answer(tenant, client, user, scope, audience, gty=None, family=None):
    """The token answer for a user; family is that of the refresh token."""
    options = {"user": user, "client": client["client_id"], "scope": scope}
    if audience is None:
        options["kind"] = "opaque"
    else:
        options.update(audience=audience, gty=gty)
    lifetime = 86400
    if audience is not None:
        lifetime = tenant.apis[audience]["lifetime"]
    answer = {"access_token": issue(tenant, **options), "scope": scope,
              "expires_in": lifetime, "token_type": "Bearer"}
    if "openid" in scope.split():
        answer["id_token"] = issue(tenant, user=user, kind="id",
                                   client=client["client_id"])
    if "offline_access" in scope.split():
        token = "v1." + b64u(secrets.token_bytes(32))
        family = set() if family is None else family
        with tenant.lock:
            family.add(token)
            tenant.refresh[token] = Refresh(client, user, scope, audience,
                                            family)
        answer["refresh_token"] = token
    return Response.json(200, answer)


def grant_client_credentials(tenant, client, form):
    """Only the audience of the request counts, never the default one."""
    if not (form.get("audience") or form.get("resource")):
        raise Refusal(403, "access_denied", "No audience parameter was "
                      "provided, and no default audience has been configured")
    audience = audience_asked(tenant, form)
    if audience is None:
        raise Refusal(403, "access_denied", "Client is not authorized to "
                      "access \"%suserinfo\"." % tenant.issuer)
    api = tenant.apis[audience]
    name = next(n for n, c in tenant.clients.items() if c is client)
    scope = form.get("scope", api["scopes"])
    token = issue(tenant, user=name, audience=audience, scope=scope)
    answer = {"access_token": token, "expires_in": api["lifetime"],
              "token_type": "Bearer"}
    if scope:
        answer["scope"] = scope
    return Response.json(200, answer)


def grant_password(tenant, client, form):
    user = form.get("username")
    if user not in tenant.users or not hmac.compare_digest(
            tenant.password.encode(), form.get("password", "").encode()):
        raise Refusal(400, "invalid_grant", "Wrong email or password.")
    return user_answer(tenant, client, user,
                       form.get("scope", "openid profile email"),
                       audience_asked(tenant, form), "password")


def grant_device_code(tenant, client, form):
    now = tenant.now()
    with tenant.lock:
        device = tenant.devices.get(form.get("device_code"))
        if device is None or device.client is not client:
            raise Refusal(400, "invalid_grant",
                          "Invalid or expired device code.")
        if now >= device.expires:
            del tenant.devices[device.device_code]
            raise Refusal(403, "expired_token",
                          "The device_code is expired.")
        early = (device.polled is not None
                 and now - device.polled < device.interval)
        device.polled = now
        if early:
            device.interval += 5        # RFC 8628 section 3.5: for good
            raise Refusal(429, "slow_down", "You are polling faster than the "
                          "specified interval of %g seconds."
                          % device.interval)
        if device.denied:
            raise Refusal(403, "access_denied",
                          "User cancelled the confirmation prompt.")
        if device.user is None:
            raise Refusal(403, "authorization_pending",
                          "User has yet to authorize device code.")
        del tenant.devices[device.device_code]
    return user_answer(tenant, client, device.user, device.scope,
                       device.audience)


def grant_refresh_token(tenant, client, form):
    """Each token is good once; its second use ends the whole family."""
    with tenant.lock:
        token = tenant.refresh.get(form.get("refresh_token"))
        if token is None or token.client is not client:
            raise Refusal(400, "invalid_grant",
                          "Unknown or invalid refresh token.")
        if token.used:
            for name in token.family:
                tenant.refresh.pop(name, None)
            raise Refusal(400, "invalid_grant",
                          "Unknown or invalid refresh token.")
        token.used = True
    scope = form.get("scope", token.scope)
    if not set(scope.split()) <= set(token.scope.split()):
        scope = token.scope
    return user_answer(tenant, client, token.user, scope, token.audience,
                       "refresh_token", token.family)


GRANTS = {"client_credentials": grant_client_credentials,
          "password": grant_password,
          "refresh_token": grant_refresh_token,
          PREFIX + "device_code": grant_device_code}


def form_of(request):
    try:
        return request.form()
    except ValueError:
        raise Refusal(400, "invalid_request", "Bad request body") from None


def allowed(client, grant):
    short = grant.replace(PREFIX, "")
    if short not in client["grants"]:
        raise Refusal(403, "unauthorized_client", "Grant type '%s' not "
                      "allowed for the client." % grant)


def token(tenant, request):
    try:
        form = form_of(request)
        grant = form.get("grant_type", "")
        if grant not in GRANTS:
            raise Refusal(400, "unsupported_grant_type",
                          "Unsupported grant type: %s" % grant)
        client = authenticated(tenant, request, form)
        allowed(client, grant)
        return GRANTS[grant](tenant, client, form)
    except Refusal as refusal:
        return refusal.response()


def device_code(tenant, request):
    try:
        form = form_of(request)
        client = authenticated(tenant, request, form)
        allowed(client, PREFIX + "device_code")
        device = Device(tenant, client, form.get("scope", ""),
                        audience_asked(tenant, form))
    except Refusal as refusal:
        return refusal.response()
    with tenant.lock:
        tenant.devices[device.device_code] = device
    page = tenant.issuer + "activate"
    return Response.json(200, {
        "device_code": device.device_code, "user_code": device.user_code,
        "verification_uri": page, "interval": round(device.interval),
        "expires_in": round(device.expires - tenant.now()),
        "verification_uri_complete": page + "?user_code=" + device.user_code})


def decide(tenant, user_code, user):
    """What a person says to a user code: a name for yes, None for no.
    False if there is no such code."""
    with tenant.lock:
        for device in tenant.devices.values():
            if device.user_code == user_code.upper():
                device.user, device.denied = user, user is None
                return True
    return False


PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Device activation</title></head>
<body><h1>Device activation</h1><p>%s</p><form method="post">
<p><label>Code <input name="user_code" value="%s"></label></p>
<p><label>User <input name="user"></label></p>
<p><label>Password <input name="password" type="password"></label></p>
<p><button name="answer" value="yes">Confirm</button>
<button name="answer" value="no">Cancel</button></p>
</form></body></html>
"""


def activate(tenant, request):
    """The page where a person enters the user code."""
    def page(status, message, code=""):
        text = PAGE % (message, html.escape(code))
        return Response(status, text.encode(),
                        content_type="text/html; charset=utf-8")

    if request.method == "GET":
        return page(200, "A device asks for access.",
                    request.query.get("user_code", ""))
    try:
        form = form_of(request)
    except Refusal as refusal:
        return refusal.response()
    code = form.get("user_code", "")
    yes = form.get("answer", "yes") == "yes"
    if yes and (form.get("user") not in tenant.users
                or not hmac.compare_digest(
                    form.get("password", "").encode(),
                    tenant.password.encode())):
        return page(401, "Wrong user or password.", code)
    if not decide(tenant, code, form["user"] if yes else None):
        return page(404, "The code is not valid.", code)
    return page(200, "Done." if yes else "Cancelled.")


def revoke(tenant, request):
    """Ends the family of a refresh token; says 200 whatever it was given."""
    try:
        form = form_of(request)
        authenticated(tenant, request, form)
    except Refusal as refusal:
        return refusal.response()
    with tenant.lock:
        known = tenant.refresh.get(form.get("token"))
        if known is not None:
            for name in known.family:
                tenant.refresh.pop(name, None)
    return Response(200, b"")
