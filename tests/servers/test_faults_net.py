#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Everything that can go wrong between a host and its tenant: what becomes
of a login with a JWT and nothing cached, with keys that are too old, and with
an opaque token; how long it takes, and what the tenant has to bear."""

import base64
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

from faultlib import SLACK, TIMEOUT, Host, Table, list_rows
from rig import Rig, Tenant

WORKERS = 6
OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"
AWAY = "issuer_unavailable"
JWKS, USERINFO, META = "jwks", "userinfo", "discovery"

# An issuer that gives no answer: old keys serve.  One that answers anything
# over verified TLS, or has a wrong certificate: they do not.
# (what, faults, cold, stale, opaque)
NO_ANSWER = (AWAY, "ok", AWAY)
ANSWER = (AWAY, AWAY, AWAY)
# a server's SETTINGS with nothing in it, and that it will hear no more
GOAWAY = bytes.fromhex("000000040000000000" "0000080700000000000000000000000000")


def on_all(**options):
    return [("fault", "all", options)]


def connection(action, **options):
    return [("connection", action, options)]


def certificate(kind, **options):
    return [("certificate", kind, options)]


ROWS = [
    ("connection refused", connection("refuse"), NO_ANSWER),
    ("accepts, then says nothing", connection("hang"), NO_ANSWER),
    ("closes at once", connection("close"), NO_ANSWER),
    ("resets within the handshake", connection("reset", at="handshake"),
     NO_ANSWER),
    ("no TLS at all", connection("plain"), NO_ANSWER),
    ("certificate expired", certificate("expired"), ANSWER),
    ("certificate not yet valid", certificate("not-yet-valid"), ANSWER),
    ("certificate of another host", certificate("wrong-host"), ANSWER),
    ("certificate self-signed", certificate("self-signed"), ANSWER),
    ("certificate of another authority", certificate("other-ca"), ANSWER),
    ("certificate with the name as CN alone", certificate("no-san"),
     ("ok", "ok", "ok")),       # libcurl takes it where there is no other
    ("TLS 1.1 at most", certificate("good", tls="1.1"), NO_ANSWER),
    ("stops before the answer", on_all(hang="start"), NO_ANSWER),
    ("stops after the head", on_all(hang="head"), NO_ANSWER),
    ("stops within the body", on_all(hang="body"), NO_ANSWER),
    ("head drips, 20 bytes a second", on_all(drip=20, drip_in="head"),
     NO_ANSWER),
    ("body drips, 20 bytes a second", on_all(drip=20, drip_in="body"),
     NO_ANSWER),
    ("endless 100 Continue", on_all(interim=-1), NO_ANSWER),
    ("body cut off", on_all(truncate=40), NO_ANSWER),
    ("connection closed without an answer", on_all(close=True), NO_ANSWER),
    ("chunks that are none", on_all(chunked="bad"), NO_ANSWER),
    ("no length, TLS ends behind the body", on_all(no_length=True),
     ("ok", "ok", "ok")),
    ("no length, TLS cut off behind the body",
     on_all(no_length=True, no_notify=True), ("ok", "ok", "ok")),
    ("no length, TLS cut off within the body",
     on_all(no_length=True, no_notify=True, truncate=40),
     ANSWER),                   # an object says itself where it ends
    ("HTTP/0.9", on_all(raw='{"keys": []}\n'), NO_ANSWER),
    ("GOAWAY of HTTP/2", on_all(raw_b64=base64.b64encode(GOAWAY).decode()),
     NO_ANSWER),
    ("status 408", on_all(status=408), NO_ANSWER),
    ("status 500", on_all(status=500), NO_ANSWER),
    ("status 502", on_all(status=502), NO_ANSWER),
    ("status 503", on_all(status=503), NO_ANSWER),
    ("status 504", on_all(status=504), NO_ANSWER),
    ("status 599", on_all(status=599), NO_ANSWER),
    ("status 429, Retry-After", on_all(status=429, retry_after="7"),
     ("rate_limited", "ok", "rate_limited")),
    ("status 429, no word on when", on_all(status=429),
     ("rate_limited", "ok", "rate_limited")),
    ("status 404", on_all(status=404), ANSWER),
    ("status 403", on_all(status=403), ANSWER),
    ("status 204", on_all(status=204), ANSWER),
    ("status 206", on_all(status=206), ANSWER),
    ("status 304", on_all(status=304), ANSWER),
    ("redirect to another host", on_all(redirect="https://example.com/"),
     ANSWER),
    ("redirect to http", on_all(redirect="http://127.0.0.1/"), ANSWER),
    ("redirect to a file, 308",
     on_all(redirect="file:///etc/passwd", status=308), ANSWER),
    ("redirect to itself, 307", on_all(redirect="?", status=307), ANSWER),
    ("a web page with status 200", on_all(html=True), ANSWER),
    ("text/plain", on_all(content_type="text/plain"), ANSWER),
    ("JSON cut off", on_all(malformed=True), ANSWER),
    ("JSON with members twice", on_all(spoil="twice"), ANSWER),
    ("JSON 3000 deep", on_all(spoil="deep"), ANSWER),
    ("JSON and a NUL", on_all(spoil="nul"), ANSWER),
    ("JSON, but a list", on_all(spoil="list"), ANSWER),
    ("UTF-16", on_all(encoding="utf-16"), ANSWER),
    ("a byte order mark", on_all(encoding="utf-8-sig"), ANSWER),
    ("10 MB of answer", on_all(oversize=10000000), ANSWER),
    ("compressed", on_all(gzip=True), ANSWER),
    ("compressed from 2 MB", on_all(gzip=True, oversize=2000000), ANSWER),
    ("10000 header lines", on_all(header_count=10000), ANSWER),
    ("a header line of 1 MiB", on_all(header_size=1048576),
     NO_ANSWER),                # libcurl itself gives up
    ("discovery of another issuer",
     [("fault", META, {"issuer": "https://evil.example.com/"})],
     (AWAY, "ok", AWAY)),       # where the keys are is known for a day
    ("discovery by http URLs",
     [("fault", META, {"merge": {"jwks_uri": "http://127.0.0.1/",
                                 "userinfo_endpoint": "http://127.0.0.1/"}})],
     (AWAY, "ok", AWAY)),
    ("key set empty", [("fault", JWKS, {"jwks": "empty"})],
     (AWAY, AWAY, "ok")),
    ("key set missing", [("fault", JWKS, {"jwks": "missing"})],
     (AWAY, AWAY, "ok")),
    ("a private key published", [("fault", JWKS, {"jwks": "private"})],
     (AWAY, AWAY, "ok")),
    ("a symmetric key published", [("fault", JWKS, {"jwks": "oct"})],
     (AWAY, AWAY, "ok")),
    ("64 keys published", [("fault", JWKS, {"jwks": "many"})],
     (AWAY, AWAY, "ok")),
    ("two keys of one kid", [("fault", JWKS, {"jwks": "duplicate-kid"})],
     ("key_unusable", "key_unusable", "ok")),
    ("keys for encryption alone", [("fault", JWKS, {"jwks": "use-enc"})],
     (AWAY, AWAY, "ok")),
    ("a key of 1024 bits", [("fault", JWKS, {"jwks": "weak"})],
     ("key_unusable", "key_unusable", "ok")),
    ("another key under the kid", [("fault", JWKS, {"jwks": "same-kid"})],
     ("signature_invalid", "signature_invalid", "ok")),
    ("/userinfo says 401", [("fault", USERINFO, {"status": 401})],
     ("ok", "ok", "opaque_refused")),
    ("/userinfo says 403", [("fault", USERINFO, {"status": 403})],
     ("ok", "ok", "opaque_refused")),
    ("/userinfo says 429", [("fault", USERINFO, {"status": 429})],
     ("ok", "ok", "rate_limited")),
    ("/userinfo says {}", [("fault", USERINFO, {"body": "{}"})],
     ("ok", "ok", "claim_invalid")),
    ("/userinfo: sub is a number",
     [("fault", USERINFO, {"merge": {"sub": 7}})],
     ("ok", "ok", "claim_invalid")),
]
SETTLE = 10             # requests at most that one login may cost


def apply(tenant, faults):
    for command, first, options in faults:
        if command == "fault":
            tenant.fault(first, **options)
        elif command == "connection":
            tenant.connection(first, **options)
        else:
            tenant.certificate(first, **options)


def one_login(host, tenant, token, want):
    """(ok, reason, seconds, requests): one login while the fault is on."""
    tenant.forget()
    _, reason, seconds, out = host.explain(token)
    requests = tenant.count()["total"]
    good = (reason == want and seconds < TIMEOUT + SLACK and
            requests <= SETTLE and (want == "ok") == (out["verdict"] ==
                                                      "allow"))
    return good, reason, seconds, requests


def run_row(worker, row):
    """All three logins under one fault; and it has to pass by itself."""
    host, tenant = worker
    what, faults, (cold, stale, opaque) = row
    jwt = tenant.mint("alice", claims={"email_verified": True})
    other = tenant.mint("alice", kind="opaque")
    results = []

    host.forget()
    host.explain(jwt)                   # fills the cache
    host.age(3600)
    kept = open(host.record(), "rb").read()
    apply(tenant, faults)
    if faults[0][1] == JWKS:            # the tenant makes such keys just once
        tenant.request("GET", "/.well-known/jwks.json")
    results.append(one_login(host, tenant, jwt, stale))
    lost = host.record() is None or (
        stale == AWAY and open(host.record(), "rb").read() != kept)
    host.forget()
    results.insert(0, one_login(host, tenant, jwt, cold))
    host.forget()
    results.append(one_login(host, tenant, other, opaque))
    tenant.reset()

    host.forget_marks()
    recovered = host.explain(jwt)[1] == "ok"
    return what, results, lost, recovered, host.left_over()


def main():
    with Rig("faults-net") as rig, ThreadPoolExecutor(WORKERS) as pool:
        workers = Queue()
        for i in range(WORKERS):
            tenant = Tenant.start(rig.path("tenant%d" % i))
            workers.put((Host(rig.path("host%d" % i), tenant.issuer,
                              tenant.ca, OPAQUE), tenant))

        def work(row):
            worker = workers.get()
            try:
                return run_row(worker, row)
            finally:
                workers.put(worker)

        table = Table("network faults", "fault", "nothing cached",
                      "keys too old", "opaque token", "seconds *", "requests *")
        for what, results, lost, recovered, left in pool.map(work, ROWS):
            rig.case(all(r[0] for r in results) and not lost and recovered
                     and not left, what, results, "set lost: %s" % lost,
                     "recovered: %s" % recovered, left)
            table.add(what, *(r[1] for r in results),
                      " / ".join("%.1f" % r[2] for r in results),
                      " / ".join(str(r[3]) for r in results))
        left = []
        while not workers.empty():
            host, tenant = workers.get()
            left += host.wait_for_no_helper()
            tenant.stop()
        rig.case(not left, "no helper is left behind", left)
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    list_rows(row[0] for row in ROWS)
    os.umask(0o022)
    sys.exit(main())
