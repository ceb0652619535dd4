# SPDX-License-Identifier: BSD-2-Clause
"""What a tenant publishes: its metadata and its keys."""

from standin.wire import Response

CACHE = {"Cache-Control": "public, max-age=15"}


def discovery(tenant, request):
    """OpenID Connect Discovery and RFC 8414, with the members of Auth0."""
    issuer = tenant.issuer
    return Response.json(200, {
        "issuer": issuer,
        "authorization_endpoint": issuer + "authorize",
        "token_endpoint": issuer + "oauth/token",
        "device_authorization_endpoint": issuer + "oauth/device/code",
        "userinfo_endpoint": issuer + "userinfo",
        "mfa_challenge_endpoint": issuer + "mfa/challenge",
        "jwks_uri": issuer + ".well-known/jwks.json",
        "registration_endpoint": issuer + "oidc/register",
        "revocation_endpoint": issuer + "oauth/revoke",
        "scopes_supported": [
            "openid", "profile", "offline_access", "name", "nickname",
            "email", "email_verified", "picture"],
        "response_types_supported": ["code", "token", "id_token"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "none"],
        "claims_supported": [
            "aud", "auth_time", "email", "email_verified", "exp", "iat",
            "iss", "name", "nickname", "picture", "sub"],
        "request_uri_parameter_supported": False,
        "request_parameter_supported": False,
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
    }, CACHE)


def key_set(tenant):
    return {"keys": [key.jwk() for key in tenant.keys.published()]}


def jwks(tenant, request):
    return Response.json(200, key_set(tenant), CACHE)
