# SPDX-License-Identifier: BSD-2-Clause
"""What the speed was to be, and what came of it; NOTES tells who said so."""

import collections

Goal = collections.namedtuple("Goal", "what source wanted measured verdict")

NOTES = """\
*G1* to *G12* are the goals of the finished product, set with the figures of a
prototype before there was any code. *first*, *server* and *SASL* are bars that
single parts had to pass on the way: the first version, what a server that lives
long remembers, and the SASL plug-in. They have baselines of their own, so the
same thing can have two lines. A line with *-* as its goal is there to compare
with. G4 for libjwt was set for its version 3; Debian has version 1, which reads
the key from PEM for each token."""

# Why a goal is missed, and what stands in the way, for those that are.
WHY = (
    (("G1", "G1b", "G2", "G12"),
     "About 22000 instructions surround the check of the signature, a fifth of "
     "them base64url and a third JSON. What is left to gain there lies in "
     "vector instructions, with a plain way beside them: a second "
     "implementation of the most exposed code ([ADR 3]"
     "(../adr/0003-json-parser.md))."),
    (("G3",),
     "A host that remembers tokens hashes each one, and OpenSSL allocates a "
     "context for that."),
    (("G4",),
     "As G1: beside another library the rest counts as much."),
    (("G5",),
     "Two thirds of the time are SHA-256 of the token, anew each time, so that "
     "no token is kept."),
    (("G6",),
     "Nothing in the payload is believed before the signature was checked, so "
     "a refusal for a claim costs as much as an acceptance."),
    (("G7", "G7b", "G7c"),
     "Half of it is OpenSSL's: a library context of our own, so that nothing "
     "that the host has set up reaches the check of a signature ([ADR 11]"
     "(../adr/0011-openssl-library-context.md)), the import of a key and the "
     "check itself."),
    (("G9",),
     "The request is made by another process ([ADR 5]"
     "(../adr/0005-network-only-in-audient-fetch.md)), and both count."),
    (("G10",),
     "As G1; and libsasl2's own part, the hash of the token and the audit line "
     "come on top."),
)

FRESH = "EVP_DigestVerify, contexts fresh"
OURS = "audient_check"
NEW, SEEN = OURS + ", long-lived host", OURS + ", token seen before"
HOST = "ok, a new token in a long-lived host"
RS = "validate-RS256"


class Figures:
    """Medians and ratios by group and name."""

    def __init__(self, results):
        self._results = {group: dict(rows) for group, rows in results.items()}

    def has(self, group, name):
        return name in self._results[group]

    def row(self, group, name):
        return self._results[group][name]

    def speed(self, group, name, beside=None):
        """How many times as fast as `beside`, or as the first one."""
        out = self.row(group, name)[-1]
        return out / self.row(group, beside)[-1] if beside else out

    def median(self, group, name):
        return self.row(group, name)[1]


def _number(value):
    return "%.3g" % value if value < 1000 else "%d" % value


def _goal(source, what, sign, limit, value):
    verdict = ""
    if limit is not None:
        reached = value >= limit if sign == ">=" else value <= limit
        verdict = "reached" if reached else "**missed**"
    return Goal(what, source, "-" if limit is None else "%s %g" % (sign, limit),
                _number(value), verdict)


def _least(source, what, limit, value):
    return _goal(source, what, ">=", limit, value)


def _most(source, what, limit, value):
    return _goal(source, what, "<=", limit, value)


def _beside_peer(f, source, what, limit, ours, peer):
    """Other libraries need not be installed."""
    if f.has(RS, peer):
        return _least(source, what, limit, f.speed(RS, ours, peer))
    return Goal(what, source, "-" if limit is None else ">= %g" % limit,
                "not measured", peer.split(",")[0] + " is not installed")


def _validation(f):
    yield _least("G1", "RS256: full validation / raw check", 0.94,
                 f.speed(RS, OURS))
    yield _least("first", "RS256: the same", 0.6, f.speed(RS, OURS))
    yield _least("-", "RS256: a long-lived host, a new token / raw check",
                 None, f.speed(RS, NEW))
    yield _least("G1b", "RS256: full validation / EVP_DigestVerify alone",
                 1.08, f.speed(RS, OURS, FRESH))
    yield _most("G2", "RS256: instructions of a decision, outside of libcrypto",
                20000, f.row("instructions", "ok, instructions")[0])
    yield _most("-", "RS256: the same, a long-lived host, a new token", None,
                f.row("instructions", HOST + ", instructions")[0])
    for name, what in (("ok", "RS256: allocations"),
                       (HOST, "RS256: the same, a long-lived host, a new token"
                        )):
        own, others = f.row("instructions", name + ", allocations")
        yield _most("G3", what + ", our own", 0, own)
        yield _most("G3", what + ", with libcrypto's", 13, own + others)
    for source, limit, peer in (
            ("G4", 1.45, "cjose, with claims"),
            ("G4", 1.7, "libjwt, with claims"),
            ("G4", 4.3, "liboauth2, jwks_uri"),
            ("-", None, "liboauth2, with claims"),
            ("-", None, "rhonabwy, with claims"),
            ("-", None, "jose, with claims"),
            ("-", None, "PyJWT, with claims"),
            ("-", None, "Authlib, with claims")):
        yield _beside_peer(f, source, "RS256: times as fast as " +
                           peer.replace(", with claims", "").replace(
                               ", ", " with "), limit, OURS, peer)
    for alg, limit in (("PS256", 0.94), ("ES256", 0.98)):
        yield _least("G12", alg + ": full validation / raw check", limit,
                     f.speed("validate-" + alg, OURS))


def _remembered(f):
    value = f.speed(RS, SEEN, OURS)
    yield _least("G5", "a token seen before / full validation", 18, value)
    yield _least("server", "the same", 10, value)
    yield _beside_peer(f, "G5", "a token seen before / one seen before by "
                       "liboauth2", 12, SEEN, "liboauth2, token seen before")


def _refusals(f):
    for name in ("no token at all", "header without an end", "unsigned",
                 "key unknown", "of another issuer", "for another API",
                 "expired"):
        yield _least("G6", "refused (%s) / accepted" % name, 14,
                     f.speed("refusals", name))


def _logins(f):
    def over_empty(group, name):
        return f.median(group, name) - f.median(group, "empty")

    def counted(name):
        return f.row("login-counted", name)[0]

    yield _most("G7", "warm PAM login / a module that only starts libcrypto, "
                "both minus an empty module", 1.15,
                over_empty("login-warm", "audient") /
                over_empty("login-warm", "crypto"))
    yield _most("first", "the same, nothing subtracted", 1.25,
                f.median("login-warm", "audient") /
                f.median("login-warm", "crypto"))
    yield _most("G7b", "the same: instructions more, millions", 1.5,
                counted("audient: a million instructions") -
                counted("crypto: a million instructions"))
    yield _most("G7c", "warm PAM login in a process that has started libcrypto, "
                "minus an empty module, ms", 0.45,
                over_empty("login-host", "audient") / 1e6)
    for what in ("libraries of libcurl", "network sockets"):
        yield _most("G7d", "warm PAM login: %s opened" % what, 0,
                    counted("audient: " + what))
    yield _most("G8", "cold PAM login / a module that fetches by libcurl with "
                "its defaults", 0.40, 1 / f.speed("login-cold", "audient-ca"))


def _servers(f):
    ours, seen = "OAUTHBEARER", "OAUTHBEARER, token seen before"
    yield _most("G9", "/userinfo on a kept connection / bare libcurl, CPU",
                1.30, f.row("lookup", "helper that stays, both sides")[-1])
    yield _least("G10", "SASL exchange / raw check alone", 0.88,
                 f.speed("sasl", ours, "EVP_PKEY_verify alone"))
    yield _least("SASL", "SASL exchange / no mechanism and a raw check", 0.60,
                 f.speed("sasl", ours))
    yield _least("SASL", "SASL exchange, token seen before / no mechanism and "
                 "a raw check", 5, f.speed("sasl", seen))
    yield _most("G11", "a process that starts libsasl2: what our plug-in adds, "
                "ms", 0.3, (f.row("sasl-load", "and ours, configured")[1] -
                            f.row("sasl-load", "the system's")[1]) / 1e3)


def goals(results):
    f = Figures(results)
    return [goal for part in (_validation, _remembered, _refusals, _logins,
                              _servers) for goal in part(f)]


def why(results):
    """Lines for the goals that this run has missed."""
    missed = {goal.source for goal in goals(results)
              if "missed" in goal.verdict}
    for sources, reason in WHY:
        those = [source for source in sources if source in missed]
        if those:
            yield "- %s: %s" % (", ".join(those), reason)
        missed -= set(sources)
    if missed:
        yield "- %s: not looked into yet." % ", ".join(sorted(missed))


def table(results):
    yield "| what | set as | goal | measured | |"
    yield "|---|---|--:|--:|---|"
    for goal in goals(results):
        yield "| %s |" % " | ".join(goal)
