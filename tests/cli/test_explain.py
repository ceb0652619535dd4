#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""audient explain: for every reason there is something to do, for every seed
of this project the very words, and it all fits a narrow terminal."""

import os
import re
import shutil
import sys

from clilib import (AUDIENT, BUILD, COLOUR, SOURCE, Captures, longest,
                    on_terminal, plain, run, run_json)
from rig import AUDIENCE, OTHER_AUDIENCE, USERNAME_CLAIM, Rig

# Reasons that no token leads to: memory, and a defect of ours.
NEVER_BY_TOKEN = {"device_declined", "device_unconfirmed", "internal",
                  "out_of_memory"}
EXIT = {"allow": 0, "deny": 1, "retry": 3, "broken": 4}
CLIENT = "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u"
CUSTOM = "https://id.example.com/"


# What docs/troubleshooting.md calls them.
CLASSES = {"PAM_SUCCESS": "the service", "PAM_AUTH_ERR": "refused",
           "PAM_MAXTRIES": "not admitted", "PAM_AUTHINFO_UNAVAIL": "later",
           "PAM_SERVICE_ERR": "our fault", "PAM_BUF_ERR": "our fault"}


class Row:
    """A token, what the configuration says besides, and what is told."""

    def __init__(self, reason, token, *words, config="", user=None,
                 service="imap", replace=None, fresh=False, before=None):
        self.reason, self.token, self.words = reason, token, words
        self.config, self.user, self.service = config, user, service
        self.replace = replace or {}
        self.fresh, self.before = fresh, before


def seeds(mint, issuer):
    """What sent people here, answered in so many words."""
    return [
        ("an opaque token", Row(
            "opaque_refused", mint(kind="opaque"), "No audience was asked for",
            "add audience=%s to the authorize or token request, or set a "
            "Default Audience for the tenant" % AUDIENCE)),
        ("an opaque token of old", Row(
            "opaque_refused", mint(kind="opaque-old"),
            "No audience was asked for")),
        ("a token for another API", Row(
            "audience_refused", mint(audience=OTHER_AUDIENCE),
            "issued for another API", "audience=" + AUDIENCE,
            '"azp", %s, is the application' % CLIENT)),
        ("a token for two other APIs", Row(
            "audience_refused", mint(audience=[OTHER_AUDIENCE, "https://x/"]),
            "issued for another API")),
        ("a token without an audience", Row(
            "audience_refused", mint(claims={"aud": None}),
            "names no audience", "audience=" + AUDIENCE)),
        ("an ID token", Row(
            "audience_refused", mint(kind="id", claims={
                "nonce": None, "at_hash": None}), "This is an ID token",
            'Use "access_token"')),
        ("an ID token with a nonce", Row(
            "type_refused", mint(kind="id", nonce="n"), "This is an ID token",
            'not "id_token"')),
        ("azp taken for the audience", Row(
            "type_refused", mint(claims={"azp": "web-shop"}),
            '"azp" of the token, which says who asked for it; "aud" says for '
            "whom it was issued", "identifier of the API",
            replace={"audience": "web-shop"})),
        ("a slash too few in the audience", Row(
            "audience_refused", mint(audience=AUDIENCE.rstrip("/")),
            "differ in the slash at the end only", "byte for byte")),
        ("a slash too many in the audience", Row(
            "audience_refused", mint(audience=AUDIENCE),
            "differ in the slash at the end only",
            replace={"audience": AUDIENCE.rstrip("/")})),
        ("another case in the audience", Row(
            "audience_refused", mint(audience=AUDIENCE.upper()),
            "differ in upper and lower case only")),
        ("a slash too few in the issuer", Row(
            "issuer_refused", mint(claims={"iss": issuer.rstrip("/")}),
            "differ in the slash at the end only",
            "issuer = " + issuer.rstrip("/"))),
        ("a slash too many in the issuer", Row(
            "issuer_refused", mint(claims={"iss": issuer + "/"}),
            "differ in the slash at the end only")),
        ("a custom domain", Row(
            "issuer_refused", mint(claims={"iss": CUSTOM}),
            "custom domain of the tenant", "issuer = " + CUSTOM)),
        ("no issuer", Row(
            "issuer_refused", mint(claims={"iss": None}), "byte for byte")),
        ("an HS256 API", Row(
            "algorithm_refused", mint(alg="HS256"), "signs with HS256",
            "create the API anew with RS256")),
        ("an unsigned token", Row(
            "algorithm_refused", mint(alg="none") + "AAAA", "not signed")),
        ("a PS256 API", Row(
            "algorithm_refused", mint(alg="PS256"), "PS256",
            'to "algorithms"')),
        ("an encrypted token", Row(
            "token_encrypted", mint(kind="encrypted"),
            "Switch off JSON Web Encryption")),
        ("no RBAC", Row(
            "permission_missing", mint(), "Enable RBAC",
            "Add Permissions in the Access Token", "login:web",
            config="required_permissions = login:web")),
        ("another permission", Row(
            "permission_missing", mint(permissions=["login:db"]),
            "Give the user, or one of his roles, the permission login:web",
            config="required_permissions = login:web")),
        ("no account", Row(
            "user_refused", mint(claims={USERNAME_CLAIM: "nobody-here"}),
            "Create it: useradd -m nobody-here", user="nobody-here",
            service="sshd")),
    ]


def signed(mint, control):
    """The bytes and the signature."""
    return [
        ("a good token", Row("ok", mint(), "Nothing: the token is good")),
        ("a password", Row("not_a_token", "correct horse",
                           "Give the access token itself")),
        ("a cut token", Row("token_truncated", mint()[:600], "ssh keeps 1023",
                            "Enter it in parts")),
        ("a very long token", Row("token_too_large", mint(pad_to=16400),
                                  "more than 16 KiB")),
        ("a header with a key of its own", Row(
            "token_malformed", mint(header={"jku": "https://x/"}),
            'has a "jku" parameter', "somebody is trying something")),
        ("a payload that is no object", Row(
            "token_malformed", mint(raw_payload="[1]"),
            "what is signed cannot be read", "Actions of the tenant")),
        ("a damaged header", Row("token_malformed",
                                 mint(raw_header='{"alg":"RS256"'),
                                 "Copy the token again")),
        ("a key of nobody's", Row("key_unknown", mint(key="rogue"),
                                  "comes from another tenant")),
        ("a weak key", Row("key_unusable", mint(key="weak"),
                           "audient keys list", fresh=True)),
        ("a changed signature", Row("signature_invalid",
                                    mint(tamper="signature"),
                                    "changed or damaged")),
        ("a tenant that is down", Row(
            "issuer_unavailable", mint(), "port 443", fresh=True,
            before=lambda: control("connection", action="refuse"))),
        ("a rate limit", Row(
            "rate_limited", mint(), "rate limit is used up", fresh=True,
            before=lambda: control("fault", path="jwks", status=429))),
    ]


def claimed(mint):
    """The claims."""
    return [
        ("no exp", Row("claim_invalid", mint(claims={"exp": None}),
                       '"exp"', "RFC 7519")),
        ("a very long life", Row("claim_invalid", mint(ttl=5000000),
                                 '"max_token_lifetime"')),
        ("no jti", Row("claim_invalid", mint(
            profile="rfc9068", claims={"jti": None}), "rfc9068",
            config="token_profile = rfc9068")),
        ("Auth0's profile", Row("type_refused", mint(), "",
                                config="token_profile = rfc9068")),
        ("a logout token", Row("type_refused", mint(claims={"events": {}}),
                               'Use "access_token"')),
        ("an audience that is a number", Row(
            "claim_invalid", mint(claims={"aud": [1]}), 'let "aud" be')),
        ("no subject", Row("claim_invalid", mint(claims={"sub": None}),
                           "does not say whose it is")),
        ("a date that is a word", Row(
            "claim_invalid", mint(claims={"exp": "soon"}), '"exp"',
            "RFC 7519")),
        ("nobody knows when the login was", Row(
            "claim_missing", mint(), 'has "auth_time" only if an Action',
            config="max_auth_age = 900")),
        ("a login of this morning", Row(
            "too_old", mint(from_now={"auth_time": -9000}), "Log in again",
            "prompt=login", config="max_auth_age = 900")),
        ("no second factor", Row(
            "claim_missing", mint(claims={"amr": ["pwd"]}),
            "not strong enough", '"amr" has to have mfa', "second factor",
            config="required_amr = mfa")),
        ("an expired token", Row("expired", mint(ttl=-3600),
                                 "Get a new token")),
        ("a token of tomorrow", Row("not_yet_valid", mint(
            from_now={"nbf": 86400}), "clock")),
        ("an old token", Row("too_old", mint(age=1000), '"max_token_age"',
                             config="max_token_age = 300")),
        ("a bound token", Row("sender_constrained",
                              mint(claims={"cnf": {"jkt": "x"}}),
                              "Switch off sender constraining")),
        ("another application", Row("client_refused", mint(client="other"),
                                    'not in "clients"',
                                    config="clients = " + CLIENT)),
        ("a machine", Row("subject_refused", mint("machine"),
                          "client credentials", "subjects = users machines")),
        ("a delegate", Row("subject_refused", mint(claims={
            "act": {"sub": "x"}}), "delegated")),
        ("an organization", Row("organization_refused",
                                mint(organization="org_1"),
                                'Add the organization to "organizations"')),
        ("no scope", Row("scope_missing", mint(scope="openid"),
                         "Ask for scope=login",
                         config="required_scopes = login")),
        ("no group", Row("claim_missing", mint(), "Action",
                         '"required_claim"',
                         config="required_claim = https://example.com/groups admins")),
    ]


def identified(rig, mint):
    """Who it is, and this host."""
    user_map = rig.write("users.map", "auth0|0 alice\n")
    denied = rig.write("denied", "azp %s\n" % CLIENT)
    return [
        ("a denied application", Row(
            "denied_locally", mint(), "audient deny list",
            config="deny_file = " + denied)),
        ("no user name", Row(
            "username_missing", mint("carol"), "Action",
            "claim " + USERNAME_CLAIM)),
        ("an address that nobody has verified", Row(
            "username_missing", mint(claims={
                "email": "alice@example.com", "email_verified": False}),
            '"email_verified": true', replace={"username_claim": "email"})),
        ("a value that is not in the map", Row(
            "username_missing", mint(), "Add a line to " + user_map,
            "alice  LOCAL-USER", config="user_map = " + user_map)),
        ("a name that cannot be", Row(
            "username_unsafe", mint(claims={USERNAME_CLAIM: "../root"}),
            '"user_map"')),
        ("another user", Row(
            "user_mismatch", mint(), "Log in as the user that the token "
            "names, alice", user="bob")),
        ("root", Row(
            "user_refused", mint(claims={USERNAME_CLAIM: "root"}),
            "allow_root = yes", user="root", service="sshd")),
        ("a system account", Row(
            "user_refused", mint(claims={USERNAME_CLAIM: "daemon"}),
            '"min_uid"', user="daemon", service="sshd")),
        ("a service without rules", Row(
            "config_invalid", mint(), 'set "audience" in a section [service '
            "imap]", config="[service sshd]\naudience = " + AUDIENCE,
            replace={"audience": None})),
        ("a map that has gone bad", Row(
            "config_invalid", mint(), "", config="user_map = " + rig.write(
                "bad.map", "one\n"))),
    ]


def configure(rig, row, number):
    values = {
        "issuer": rig.tenant.issuer, "audience": AUDIENCE,
        "username_claim": USERNAME_CLAIM, "ca_file": rig.ca,
        "cache_dir": rig.path("cache-%d" % number) if row.fresh
        else rig.cache,
        "fetch_helper": os.path.join(BUILD, "audient-fetch"),
        "timeout": "4"}
    values.update(row.replace)
    return rig.write("audient.conf", "".join(
        "%s = %s\n" % item for item in values.items() if item[1]) +
        row.config + "\n")


def forget(rig, row, number):
    """Nobody remembers that the tenant was asked a moment ago."""
    if row.fresh:
        shutil.rmtree(rig.path("cache-%d" % number))
        rig.path("cache-%d" % number)


def judge(rig, name, row, number):
    """In JSON, in a pipe, and on a terminal of 40 columns."""
    config = configure(rig, row, number)
    args = ["explain", "--config", config, "--service", row.service]
    if row.user:
        args += ["--user", row.user]
    if row.before:
        row.before()
    path = rig.write("token", row.token, 0o600)
    forget(rig, row, number)
    status, out = run_json(*args, "--json", text=row.token)
    forget(rig, row, number)
    narrow, screen = on_terminal(*args, path, columns=40)
    forget(rig, row, number)
    piped, text, err = run(*args, path)
    rig.tenant.clear()
    if "reason" not in out:     # the file could not even be opened
        rig.case(row.reason == "config_invalid" and status == 4 and
                 "bad.map:1" in out["error"], "%s: %s" % (name, row.reason),
                 out)
        return row.reason, "configuration"
    advice = out.get("advice", "")
    missing = [w for w in row.words if w not in advice]
    rig.case(out["reason"] == row.reason and not missing and
             status == EXIT[out["verdict"]],
             "%s: %s, and what to do" % (name, row.reason), out["reason"],
             advice, missing, status)
    squeezed = re.sub(r"\s+", "", plain(screen))
    rig.case(narrow == piped == status and longest(screen) <= 40 and
             COLOUR in screen and COLOUR not in text and
             all(re.sub(r"\s+", "", w) in squeezed for w in row.words) and
             all(w in text.replace("\n", " ") for w in row.words),
             "%s: the same in a pipe and in 40 columns" % name, narrow, piped,
             longest(screen), screen, text, err)
    body = row.token.split(".")[-1][-40:-8]
    rig.case(len(body) < 20 or body not in screen + text + str(out) + err,
             "%s: nothing of the token is shown" % name)
    return out["reason"], next((c["check"] for c in out["checks"]
                                if not c["passed"]), "")


def reasons():
    """All names, from the source."""
    text = open(os.path.join(SOURCE, "core", "reason.c"),
                encoding="utf-8").read()
    return re.findall(r'\[REASON_[A-Z_]+\] = \{ "([a-z_]+)"', text)


def check_every_reason(rig, seen):
    """There is advice for each by itself, and a token that leads to it."""
    names = reasons()
    rig.case(len(names) > 30, "the reasons are found in the source", names)
    for name in names:
        status, out = run_json("explain", "--json", "--reason", name)
        text = run("explain", "--reason", name)[1]
        rig.case(status == 0 and out.get("reason") == name and
                 len(out.get("advice", "")) > 20 and
                 out["advice"] in text and
                 all(out["peers"].get(p) for p in (
                     "pam", "ssh", "sasl", "smtp", "imap", "ldap")),
                 "--reason %s: what the peers are told, and what to do" % name,
                 out)
    missing = set(names) - seen - NEVER_BY_TOKEN
    rig.case(not missing, "a token of this test leads to every reason",
             missing)
    status, _, err = run("explain", "--reason", "no_such_reason")
    rig.case(status == 2 and "no_such_reason" in err,
             "--reason with a reason that there is not", err)


PEERS = [       # from the tables of pam_audient(8) and sasl_audient(8)
    ("ok", "PAM_SUCCESS", "SASL_OK", "235", "0 "),
    ("expired", "PAM_AUTH_ERR", "invalid_token", "535", "49 "),
    ("scope_missing", "PAM_MAXTRIES", "insufficient_scope", "535", "49 "),
    ("user_mismatch", "PAM_MAXTRIES", "SASL_NOAUTHZ", "535", "50 "),
    ("issuer_unavailable", "PAM_AUTHINFO_UNAVAIL", "SASL_UNAVAIL", "454",
     "52 "),
    ("rate_limited", "PAM_AUTHINFO_UNAVAIL", "SASL_TRYAGAIN", "454", "52 "),
    ("config_invalid", "PAM_SERVICE_ERR", "SASL_FAIL", "454", "80 "),
    ("out_of_memory", "PAM_BUF_ERR", "SASL_NOMEM", "454", "80 "),
]


def check_peers(rig):
    for reason, pam, sasl, smtp, ldap in PEERS:
        told = run_json("explain", "--json", "--reason", reason)[1]["peers"]
        rig.case(told["pam"] == pam and told["sasl"].startswith(sasl) and
                 told["smtp"].startswith(smtp) and
                 told["ldap"].startswith(ldap), "peers of " + reason, told)


def check_users(rig):
    """Accounts for PAM, names for SASL, and nobody if nobody is named."""
    token = rig.tenant.mint()
    config = configure(rig, Row("ok", token), 0)
    for service, users in (("sshd", "accounts"), ("imap", "names"),
                           ("ldap", "names"), ("sudo", "accounts"),
                           ("no-such-service", "names"),
                           ("../etc/passwd", "names")):
        out = run_json("explain", "--config", config, "--json", "--service",
                       service, text=token)[1]
        rig.case(out.get("users") == users, "the users of %s are %s" % (
            service, users), out)
    text = run("explain", "--config", config, "--service", "imap",
               text=token)[1]
    rig.case("compared with nobody's" in text and
             "as whomever it names" in text,
             "without --user it says that nobody was compared", text)
    text = run("explain", "--config", config, "--service", "imap", "--user",
               "alice", text=token)[1]
    rig.case("compared with nobody's" not in text,
             "with --user it says nothing of the kind", text)


def check_jail(rig):
    """A service that PAM asks us for has accounts, whatever its name."""
    if os.geteuid() != 0:
        print("# no root: nothing can stand in the place of /etc/pam.d")
        return
    token = rig.tenant.mint()
    config = configure(rig, Row("ok", token), 0)
    rig.replace("/etc/pam.d")
    rig.write("root/etc/pam.d/imap", "auth required pam_audient.so\n")
    rig.write("root/etc/pam.d/web", "auth required pam_audient.so "
              "service=portal\n")
    for service in ("imap", "portal"):
        _, out = rig.run(AUDIENT, "explain", "--config", config, "--json",
                         "--service", service, text=token, jailed=True)
        rig.case('"users": "accounts"' in out, "%s has accounts if PAM asks "
                 "for it" % service, out)


def check_used(rig):
    """A token for one use, after it."""
    token = rig.tenant.mint()
    config = configure(rig, Row("ok", token, config="single_use = yes"), 0)
    args = ("explain", "--json", "--config", config, "--service", "imap")
    rig.case(run_json(*args, text=token)[1]["reason"] == "ok" and
             run_json(*args, text=token)[1]["reason"] == "ok",
             "explain does not use a token up")
    rig.run(os.path.join(BUILD, "tests", "tools", "decide"), config, "imap",
            text=token + "\n")
    out = run_json(*args, text=token)[1]
    rig.case(out["reason"] == "denied_locally" and
             "this one has been used" in out["advice"],
             "a token that has been used once", out)


def check_names(rig, seen):
    """Each check of the core has its place in the tree, and each that a
    token of this test failed at stands in the page on troubleshooting."""
    names = set()
    for name in os.listdir(os.path.join(SOURCE, "core")):
        with open(os.path.join(SOURCE, "core", name), encoding="utf-8") as f:
            names |= set(re.findall(
                r'trace_(?:json|list|span|text)\([a-z&>-]+, "([a-z_]+)"',
                f.read()))
    with open(os.path.join(SOURCE, "cli", "explain_print.c"),
              encoding="utf-8") as f:
        table = f.read().split("stages[] = {")[1].split("\n};")[0]
    table = set(re.findall(r"[a-z_0-9]+", " ".join(
        re.findall(r'" ?([a-z_0-9 ]+) ?"', table))))
    rig.case(len(names) > 30 and names <= table,
             "every check has its stage", names - table)
    with open(os.path.join(SOURCE, "docs", "troubleshooting.md"),
              encoding="utf-8") as f:
        parts = re.split(r"^### ([a-z_]+)$", f.read(), flags=re.M)
    page = dict(zip(parts[1::2], parts[2::2]))
    for reason in reasons():
        pam = run_json("explain", "--json", "--reason", reason)[1]["peers"][
            "pam"]
        rig.case("*Users see:* " + CLASSES[pam] in page.get(reason, ""),
                 "the page says what users see of " + reason, pam)
    missing = sorted("%s: check=%s" % pair for pair in seen
                     if "check=" + pair[1] not in page.get(pair[0], ""))
    rig.case(not missing, "docs/troubleshooting.md has every check that "
             "failed here, below its reason", *missing)


def check_details(rig):
    """The key and its age, both clocks, the map, step by step."""
    user_map = rig.write("steps.map", "# people\nauth0|5f7c8ec7c33c6c004"
                         "bbafe82 alice\n")
    row = Row("ok", "", replace={"username_claim": "sub"},
              config="user_map = " + user_map)
    config = configure(rig, row, 0)
    rig.tenant.control("date", offset=20)
    run("keys", "refresh", "--force", "--config", config)
    text = run("explain", "--config", config, "--service", "imap", "--user",
               "alice", text=rig.tenant.mint())[1]
    rig.tenant.reset()
    rig.case(re.search(r"keys of https://\S+, \d+ seconds old", text) and
             re.search(r"clock +(19|20|21) seconds behind the issuer's", text),
             "the age of the keys, and the difference of the clocks", text)
    steps = [line.split()[1] for line in text.splitlines()
             if line.startswith("  ok ")]
    rig.case(steps[-3:] == ["username_claim", "user_map", "user"] and
             "alice (line 2)" in text, "the way from the claim to the user",
             steps, text)
    rig.write("steps.map", "auth0|5f7c8ec7c33c6c004bbafe82 alice\n"
              "/auth0.* www\n")
    text = run("explain", "--config", config, "--service", "imap",
               text=rig.tenant.mint())[1]
    rig.case("alice (line 1); also www (line 2)" in re.sub(
        r"\s+", " ", text), "the other lines of the map that fit", text)
    rig.case([s for s in text.splitlines() if s.startswith(" The ")] == [
        " The signature", " The claims", " The policy", " The identity"],
        "the stages, in order", text)
    run("keys", "refresh", "--force", "--config", config)


# --- captures ---------------------------------------------------------------------

def tidy(screen):
    """What differs from run to run, in as many letters."""
    def same_length(match, text):
        return (text * 9)[:len(match.group(0))]
    screen = re.sub(r"(?<=kid )[A-Za-z0-9_-]{21}",
                    lambda m: same_length(m, "C_6hqlKsENhQ_K-_9TKwx"), screen)
    screen = re.sub(r"(?<=token      )[0-9a-f]{12}", "229aa8119674", screen)
    screen = re.sub(r"\b8639\d seconds", "86400 seconds", screen)
    return re.sub(r"\b[0-9] seconds", "0 seconds", screen)


def capture(outer):
    """As on a host with the usual file; keys come from a file, so that the
    issuer can have a name that is none of ours."""
    if os.geteuid() != 0:
        print("# no root: nothing can stand in the place of /etc")
        return
    with Rig("captures") as rig:
        take_captures(outer, rig)


def take_captures(outer, rig):
    issuer = "https://example.eu.auth0.com/"
    rig.replace("/etc")
    rig.write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\n"
              "alice:x:20001:20001::/home/alice:/bin/sh\n")
    jwks = rig.tenant.request("GET", "/.well-known/jwks.json")[2].decode()
    rig.write("root/etc/audient/jwks.json", jwks)
    rig.write("root/etc/audient/audient.conf", "".join([
        "domain = example.eu.auth0.com\n", "audience = %s\n" % AUDIENCE,
        "username_claim = %s\n" % USERNAME_CLAIM,
        "jwks_file = /etc/audient/jwks.json\n",
        "cache_dir = %s\n" % rig.cache]))

    def mint(audience):
        return rig.tenant.mint(claims={
            "iss": issuer, "aud": [audience, issuer + "userinfo"]})

    pages = Captures()
    for name, token in (("audience", mint(OTHER_AUDIENCE)),
                        ("good", mint(AUDIENCE)),
                        ("opaque", rig.tenant.mint(kind="opaque"))):
        path = rig.write("captured", token, 0o600)
        screen = on_terminal(
            "explain", "--config", "/etc/audient/audient.conf", "--service",
            "sshd", "--user", "alice", path, env={"NO_COLOR": "1"},
            wrap=rig.jailed())[1]
        outer.case(COLOUR not in screen, "NO_COLOR: no colour", screen)
        pages.check(outer, "explain-" + name, tidy(screen))


def main():
    with Rig("explain") as rig:
        tenant = rig.tenant

        def mint(user="alice", **options):
            return tenant.mint(user, **options)

        tenant.control("key", add="weak", bits=1024)
        seen = set()
        rows = (seeds(mint, tenant.issuer) + signed(mint, tenant.control) +
                claimed(mint) + identified(rig, mint))
        for number, (name, row) in enumerate(rows):
            seen.add(judge(rig, name, row, number))
        tenant.reset()
        check_every_reason(rig, {reason for reason, _ in seen})
        check_names(rig, {pair for pair in seen if pair[1]})
        check_used(rig)
        check_peers(rig)
        check_users(rig)
        check_details(rig)
        check_jail(rig)
        capture(rig)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
