# SPDX-License-Identifier: BSD-2-Clause
"""Compact JWS and JWE texts: signed, sealed, and cut to an exact length."""

import base64
import hashlib
import hmac
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from standin.keys import b64u
from standin.options import BadOption

PAD_CLAIM = "https://example.com/pad"
IV_SIZE = 12            # bytes, RFC 7518 section 5.3
TAG_SIZE = 16
OAEP = {"RSA-OAEP": hashes.SHA1, "RSA-OAEP-256": hashes.SHA256,
        "RSA-OAEP-384": hashes.SHA384, "RSA-OAEP-512": hashes.SHA512}


def unb64u(text):
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_",
                            validate=True)


def dump(document):
    return json.dumps(document, separators=(",", ":")).encode()


def letters(size):
    """Length of the base64url text of size bytes."""
    return (size * 8 + 5) // 6


def fit(header, used, shortest, target):
    """(header, payload size) that make a token of exactly target letters.

    header is its JSON; used are the letters of the other segments and the
    dots; shortest is the least payload size in bytes.  No base64url text has
    4n+1 letters, so the header takes up to two blanks that shift the rest.
    """
    for blanks in range(3):
        room = target - used - letters(len(header) + blanks)
        if room % 4 != 1 and room * 3 // 4 >= shortest:
            return spread(header, blanks), room * 3 // 4
    raise BadOption("the token has %d letters already, pad_to=%d is too few"
                    % (used + letters(len(header)) + letters(shortest),
                       target))


def spread(document, blanks):
    """JSON text with blanks before its last brace."""
    if document.endswith(b"}"):
        return document[:-1] + b" " * blanks + b"}"
    return document + b" " * blanks


def stretch(document, size):
    """A JSON object of exactly size bytes: one claim more if there is room
    for it, blanks if not."""
    missing = size - len(document)
    empty = b',"%s":""' % PAD_CLAIM.encode()
    if (missing >= len(empty) and document.startswith(b"{")
            and document.endswith(b"}") and len(document) > 2):
        fill = b"x" * (missing - len(empty))
        return document[:-1] + empty[:-1] + fill + b'"}'
    return spread(document, missing)


def hmac_secret(text, key, default):
    """Bytes of the HMAC key.  "@pem", "@der", "@n": the public half of key,
    as in the confusion of RS256 with HS256; other text stands for itself."""
    if text is None:
        return default.encode()
    if text in ("@pem", "@der"):
        return key.public_bytes(text[1:])
    if text == "@n":
        return unb64u(key.jwk()["n"])
    return text.encode()


def signature(alg, data, key, secret):
    """secret: bytes, used by HS256 to HS512 only."""
    if alg == "none":
        return b""
    if alg in ("HS256", "HS384", "HS512"):
        return hmac.new(secret, data, getattr(hashlib, "sha" + alg[2:])
                        ).digest()
    return key.sign(alg, data)


def sign(header, payload, alg, key=None, secret=b"", pad_to=None):
    """A compact JWS.  header and payload: bytes of any content; key: a
    keys.Key; pad_to: the exact length of the token."""
    def compact():
        data = b64u(header) + "." + b64u(payload)
        return data + "." + b64u(signature(alg, data.encode(), key, secret))

    token = compact()
    if pad_to is None:
        return token
    used = len(token.rpartition(".")[2]) + 2
    header, size = fit(header, used, len(payload), pad_to)
    payload = stretch(payload, size)
    return compact()


def wrap(alg, public, cek):
    """The content key for the holder of an RSA key, RFC 7518 section 4.3.
    The 384 and 512 names are Auth0's."""
    if alg not in OAEP:
        raise BadOption("enc_alg is one of %s" % ", ".join(OAEP))
    digest = OAEP[alg]()
    return public.encrypt(
        cek, padding.OAEP(padding.MGF1(digest), digest, None))


def seal(header, wrapped, cek, plaintext, pad_to=None, pad=stretch):
    """A compact JWE with A256GCM.  header: JSON as bytes; wrapped: the
    encrypted key, empty for "dir"; pad lengthens the plaintext."""
    if pad_to is not None:
        used = letters(len(wrapped)) + letters(IV_SIZE) + letters(TAG_SIZE) + 4
        header, size = fit(header, used, len(plaintext), pad_to)
        plaintext = pad(plaintext, size)
    iv = secrets.token_bytes(IV_SIZE)
    aad = b64u(header)
    sealed = AESGCM(cek).encrypt(iv, plaintext, aad.encode())
    return ".".join([aad, b64u(wrapped), b64u(iv), b64u(sealed[:-TAG_SIZE]),
                     b64u(sealed[-TAG_SIZE:])])


def unseal(token, cek):
    """The plaintext of a JWE with "dir".  Raises ValueError, or
    cryptography's InvalidTag."""
    aad, _, iv, text, tag = token.split(".")
    return AESGCM(cek).decrypt(unb64u(iv), unb64u(text) + unb64u(tag),
                               aad.encode())
