#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""judge.py BUILD [TARGET FILE...]: a second opinion in another language.

Runs tests/fuzz/replay of BUILD over the seeds, or over the files of a corpus,
and goes over its decisions, or with --verdicts FILE over those of a fuzzer: whoever was let in must have a token that this
program, which knows nothing of the other, accepts.  What it would accept and
was refused is counted by reason.
"""

import base64
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import \
        encode_dss_signature
except ImportError:
    print("1..0 # SKIP python3-cryptography is not installed")
    sys.exit(77)

ISSUER, API = "https://a.example.com/", "https://api.example.com/"
LETTERS = re.compile(r"[A-Za-z0-9_-]+\Z")
TOLERANCE, LIFETIME = 30, 2592000
# Stricter than this program by intent; every other such refusal is a fault.
STRICTER = {"json_invalid", "token_malformed", "claim_invalid"}


class No(Exception):
    """Why a token is not good."""


def need(holds, why):
    if not holds:
        raise No(why)


def decode(text):
    need(LETTERS.match(text) and len(text) % 4 != 1, "letters")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(data).decode().rstrip("=") == text, "bits")
    return data


def number(text):
    return int.from_bytes(decode(text), "big")


def document(data):
    def members(pairs):
        need(len(dict(pairs)) == len(pairs), "a member twice")
        return dict(pairs)

    def constant(name):
        raise No(name)

    try:
        value = json.loads(data.decode(), object_pairs_hook=members,
                           parse_constant=constant)
    except (ValueError, RecursionError) as e:
        raise No("JSON") from e
    need(isinstance(value, dict), "no object")
    return value


def public(jwk):
    if jwk["kty"] == "EC":
        return ec.EllipticCurvePublicNumbers(
            number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    return rsa.RSAPublicNumbers(number(jwk["e"]),
                                number(jwk["n"])).public_key()


def check_signature(header, signed, signature, keys):
    alg, kid = header.get("alg"), header.get("kid")
    need(alg in ("ES256", "RS256", "PS256"), "algorithm")
    need(kid is None or isinstance(kid, str), "kid")
    for name in ("crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c",
                 "cty"):
        need(name not in header, name)
    kind = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA"}[alg]
    form = padding.PKCS1v15() if alg == "RS256" else padding.PSS(
        padding.MGF1(hashes.SHA256()), 32)
    for jwk in keys["keys"]:
        if jwk["kty"] != kind or kid not in (None, jwk["kid"]):
            continue
        try:
            if kind == "EC":
                need(len(signature) == 64, "signature's size")
                public(jwk).verify(encode_dss_signature(
                    int.from_bytes(signature[:32], "big"),
                    int.from_bytes(signature[32:], "big")), signed,
                    ec.ECDSA(hashes.SHA256()))
            else:
                public(jwk).verify(signature, signed, form, hashes.SHA256())
            return
        except InvalidSignature:
            pass
    raise No("signature")


def check_type(header):
    kind = header.get("typ", "JWT")
    need(isinstance(kind, str) and kind.isascii() and kind.lower() in (
        "jwt", "at+jwt", "application/at+jwt"), "typ")


def check_time(claims, name, needed, first, last):
    t = claims.get(name)
    if name not in claims and not needed:
        return
    need(isinstance(t, (int, float)) and not isinstance(t, bool), name)
    need(0 <= t < 253402300800 and first - 1 < t < last + 1, name)


def check_claims(claims, now):
    aud, sub = claims.get("aud"), claims.get("sub")
    need(claims.get("iss") == ISSUER, "iss")
    need(aud == API or (isinstance(aud, list) and API in aud and all(
        isinstance(a, str) for a in aud)), "aud")
    check_time(claims, "exp", True, now - TOLERANCE,
               now + LIFETIME + TOLERANCE)
    check_time(claims, "iat", True, 0, now + TOLERANCE)
    check_time(claims, "nbf", False, 0, now + TOLERANCE)
    need(isinstance(sub, str) and sub and not sub.endswith("@clients"), "sub")
    need(claims.get("gty") != "client-credentials", "gty")
    need(claims.get("azp") not in (sub, API), "azp")
    for name in ("azp", "client_id"):
        need(name not in claims or (isinstance(claims[name], str) and
                                    claims[name]), name)
    for name in ("act", "nonce", "at_hash", "c_hash", "s_hash", "events",
                 "cnf", "org_id"):
        need(name not in claims, name)
    need(claims.get("user") == "alice", "user")


def judge(token, keys, now):
    """None, or what is wrong with it."""
    try:
        need(token.count(".") == 2, "segments")
        head, body, tail = token.split(".")
        header = document(decode(head))
        check_type(header)
        check_signature(header, (head + "." + body).encode(),
                        decode(tail), keys)
        check_claims(document(decode(body)), now)
    except No as no:
        return str(no)
    return None


def verdicts(build, arguments):
    with tempfile.NamedTemporaryFile("rb", suffix=".verdicts") as f:
        subprocess.run([build + "/tests/fuzz/replay", *arguments], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "AUDIENT_BUILD": build,
                            "AUDIENT_VERDICTS": f.name})
        yield from lines(f)


def lines(f):
    for line in f.read().decode("utf-8", "replace").split("\n")[:-1]:
        if line.count("\t") > 1:
            yield line.split("\t", 2)


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                            os.environ.get("AUDIENT_BUILD", "."))
    count, bad, keys, now = collections.Counter(), 0, None, 0
    seen = set()
    if sys.argv[2:3] == ["--verdicts"]:
        with open(sys.argv[3], "rb") as f:
            all_verdicts = list(lines(f))
    else:
        all_verdicts = verdicts(build, sys.argv[2:])
    for what, why, token in all_verdicts:
        if what == "keys":
            keys, now = json.loads(token), int(why)
            continue
        if (what, why, token) in seen or (what == "in" and "." not in token):
            continue            # again, or opaque: there is nothing to check
        seen.add((what, why, token))
        no = judge(token, keys, now)
        count[what, "refused" if no else "accepted"] += 1
        if what == "in" and no:
            bad += 1
            print("# let in, but: %s: %s" % (no, token))
        elif what == "out" and not no:
            count["stricter: " + why] += 1
            if "." in why or "_" in why and why not in STRICTER:
                bad += 1
                print("# refused (%s), and this program sees no fault: %s" % (
                    why, token))
    both = count["in", "accepted"] > 0 and count["out", "refused"] > 0
    print("# %d let in and accepted, %d refused and refused" % (
        count["in", "accepted"], count["out", "refused"]))
    for name, n in sorted((k, n) for k, n in count.items()
                          if isinstance(k, str)):
        print("# %s: %d" % (name, n))
    print("%s 1 - another program agrees" % ("not ok" if bad or not both
                                             else "ok"))
    print("1..1")
    return 1 if bad or not both else 0


sys.exit(main())
