#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A library for Python, given the same job as the others.

    peer_python.py PyJWT|Authlib JWKS AUDIENCE ISSUER

Says "ready", then reads lines "COUNT TOKEN" and answers each with the
nanoseconds of CPU for one of COUNT validations, or with "refused".  If the
library is not installed, it ends at once.
"""

import json
import sys
import time


def pyjwt(jwks, audience, issuer):
    import jwt
    keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(jwks).keys}

    def validate(token):
        jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]],
                   algorithms=["RS256"], audience=audience, issuer=issuer,
                   options={"require": ["exp", "iss", "aud"]})
    return validate


def authlib(jwks, audience, issuer):
    from authlib.jose import JsonWebKey, JsonWebToken
    keys = JsonWebKey.import_key_set(jwks)
    library = JsonWebToken(["RS256"])
    wanted = {"iss": {"essential": True, "value": issuer},
              "aud": {"essential": True, "value": audience},
              "exp": {"essential": True}}

    def validate(token):
        library.decode(token, keys, claims_options=wanted).validate()
    return validate


def cost(validate, count, token):
    start = time.process_time_ns()
    try:
        for _ in range(count):
            validate(token)
    except Exception:           # each library has refusals of its own
        return "refused"
    return "%d" % ((time.process_time_ns() - start) / count)


def main():
    name, path, audience, issuer = sys.argv[1:]
    with open(path, encoding="utf-8") as f:
        jwks = json.load(f)
    try:
        validate = {"PyJWT": pyjwt, "Authlib": authlib}[name](
            jwks, audience, issuer)
    except ImportError:
        return
    print("ready", flush=True)
    for line in sys.stdin:
        count, token = line.split()
        print(cost(validate, int(count), token), flush=True)


if __name__ == "__main__":
    main()
