#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an adversary would try first, against a real sshd and a real slapd
that both let alice in with a good token: none of it opens either of them."""

import base64
import glob
import hashlib
import json
import os
import shutil
import sys
import time

import rig as rig_module
from rig import AUDIENCE, OTHER_AUDIENCE, USERNAME_CLAIM, Rig, free_port
from slapd import Slapd
from tenantlib import Tenant

try:
    import pexpect
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

JWKS = "/.well-known/jwks.json"
ROOT = {USERNAME_CLAIM: "root"}


class Doors:
    """Two daemons that look at one configuration, and who comes to them."""

    def __init__(self, rig):
        self.rig = rig
        self.slapd = Slapd(rig, free_port(), free_port())
        self.sshd = Sshd(rig, free_port())
        # somebody else's tenant: other keys, and everything else as ours
        self.other = Tenant.start(rig.path("other"), audience=AUDIENCE)
        self.shown = []

    def open(self, text="clock_tolerance = 0\nrefetch_cooldown = 2"):
        self.rig.configure(text)
        self.rig.cache_for("openldap")
        self.slapd.start()
        self.sshd.start()

    def bind(self, token, *arguments, name="alice"):
        """The identity that slapd gives, or "out"."""
        self.shown.append(token)
        status, out = self.slapd.whoami(token, name=name, arguments=arguments)
        return out.strip() if status == 0 else "out", out

    def login(self, token, user="alice"):
        self.shown.append(token)
        return self.sshd.login(user, token)

    def both_out(self, what, token, reason, user="alice", only=None):
        """Neither of them opens, and the log says why."""
        rig = self.rig
        for door, knock in (("sshd", self.login), ("slapd", self.bind)):
            if only not in (None, door):
                continue
            since = rig.syslog.mark()
            got, screen = (knock(token, user) if door == "sshd"
                           else knock(token, name=user))
            line = rig.syslog.wait("reason=(%s) " % reason, since)
            rig.case(got == "out" and line, "%s: %s does not open: %s" % (
                what, door, reason), got, screen, *rig.syslog.news(since))

    def both_in(self, what, token):
        for door, knock, want in (
                ("sshd", self.login, "in"),
                ("slapd", self.bind, self.slapd.dn("alice"))):
            got, screen = knock(token)
            self.rig.case(got == want, "%s: %s opens" % (what, door), screen)

    def forget(self):
        """Neither of them has ever asked anybody."""
        for path in glob.glob(self.rig.cache + "/*/*"):
            shutil.rmtree(path)
        self.rig.write("audient.conf", open(os.path.join(
            self.rig.dir, "audient.conf")).read() + "\n")   # and reads it anew
        time.sleep(2.1)         # the cooldown


def published(tenant):
    return json.loads(tenant.request("GET", JWKS)[2])


def b64(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def forged(doors):
    """Tokens that somebody has made without the tenant's key."""
    tenant, other = doors.rig.tenant, doors.other
    kid = published(tenant)["keys"][0]["kid"]
    jwk = published(other)["keys"][0]
    iss = {"iss": tenant.issuer}
    before = other.count()["total"]

    def mint(**options):
        return other.mint("alice", claims=iss, **options)

    good = tenant.mint("alice").split(".")
    rows = [
        ("a forged token of an administrator", ".".join((
            b64({"alg": "none", "typ": "JWT"}), b64({
                **iss, **ROOT, "aud": AUDIENCE, "sub": "auth0|admin",
                "iat": int(time.time()), "exp": int(time.time()) + 600}),
            "AAAA")), "algorithm_refused"),
        ("the same without a signature", tenant.mint("alice", alg="none"),
         "token_malformed"),
        ("signed with the public key as a secret",
         tenant.mint("alice", alg="HS256", secret="@pem", kid=kid),
         "algorithm_refused"),
        ("another tenant's token, with our issuer", mint(), "key_unknown"),
        ("another tenant's token, with our issuer and our key's name",
         mint(kid=kid), "signature_invalid"),
        ("a key in the token", mint(kid=kid, header={"jwk": jwk}),
         "token_malformed"),
        ("an address of keys in the token", mint(
            kid=kid, header={"jku": other.issuer + JWKS[1:]}),
         "token_malformed"),
        ("a key's name that is a path", mint(kid="../../../../dev/null"),
         "key_unknown"),
        ("a changed payload", ".".join((good[0], b64({
            **iss, **ROOT, "aud": AUDIENCE, "sub": "x", "iat": 1,
            "exp": 9999999999}), good[2])), "signature_invalid"),
        ("a signature of another token", ".".join((
            *tenant.mint("alice", ttl=900).split(".")[:2], good[2])),
         "signature_invalid"),
        ("an extension that nobody knows",
         tenant.mint("alice", header={"crit": ["x"], "x": 1}),
         "token_malformed"),
    ]
    for row in rows:
        doors.both_out(*row)
    doors.rig.case(other.count()["total"] == before,
                   "nobody has asked for anything that a token names",
                   before, other.count())


def misused(doors):
    """Good tokens that were not made for this."""
    mint = doors.rig.tenant.mint
    rows = [
        ("an ID token", mint("alice", kind="id"), "type_refused"),
        ("a token for another API", mint("alice", audience=OTHER_AUDIENCE),
         "audience_refused"),
        ("another tenant's good token", doors.other.mint("alice"),
         "key_unknown"),
        ("a machine's token", mint("machine", claims={
            USERNAME_CLAIM: "alice"}), "subject_refused"),
        ("a NUL in the name", mint("alice", claims={
            USERNAME_CLAIM: "alice\0root"}), "token_malformed"),
        ("a name with a blank behind", mint("alice", claims={
            USERNAME_CLAIM: "alice "}), "username_unsafe"),
        ("an opaque token", mint("alice", kind="opaque"), "opaque_refused"),
    ]
    for row in rows:
        doors.both_out(*row)
    doors.both_out("as another user", mint("alice"), "user_mismatch", "bob")
    doors.both_out("root, who is named by the token", mint(
        "alice", claims=ROOT), "user_refused", "root", only="sshd")
    for name in ("u:bob", "u:root", "dn:" + doors.slapd.dn("bob")[3:]):
        got, out = doors.bind(mint("alice"), "-X", name)
        doors.rig.case(got == "out", "authzid %s: slapd does not open" %
                       name.split(",")[0], out)


def replayed(doors):
    """It was good a moment ago, and both have seen it."""
    token = doors.rig.tenant.mint("alice", ttl=12)
    end = time.time() + 12
    doors.both_in("a token of twelve seconds", token)
    time.sleep(max(0, end - time.time()) + 1)
    doors.both_out("the same token after its end", token, "expired")


def flooded(doors):
    """Keys that nobody knows: the tenant hears next to nothing of it."""
    tenant = doors.rig.tenant
    tenant.forget()
    start = time.monotonic()
    got = [doors.bind(tenant.mint("alice", key="rogue", kid="flood-%d" % i))[0]
           for i in range(40)]
    allowed = 2 + (time.monotonic() - start) / 2
    asked = tenant.count(JWKS)
    doors.rig.case(got == ["out"] * 40 and asked <= allowed,
                   "a flood of unknown keys: %d refused" % len(got), got,
                   "%d requests, %.1f allowed" % (asked, allowed))
    doors.both_in("and a good token", tenant.mint("alice"))


def in_between(doors):
    """Somebody who sits between the tenant and us, or in its directory."""
    tenant = doors.rig.tenant
    tenant.control("key", add="middle")
    token = tenant.mint("alice", key="middle")
    for what, spoil in (
            ("somebody in the middle", lambda: tenant.certificate("other-ca")),
            ("somebody in the middle, who signs himself",
             lambda: tenant.certificate("self-signed")),
            ("another place for keys", lambda: tenant.fault(
                "discovery", issuer="https://evil.example.com/")),
            ("keys by http", lambda: tenant.fault("discovery", merge={
                "jwks_uri": "http://127.0.0.1/"})),
            ("keys of somebody else", lambda: tenant.fault(
                "jwks", redirect=doors.other.issuer + JWKS[1:]))):
        doors.forget()
        spoil()
        doors.both_out(what, token, "issuer_unavailable")
        tenant.certificate("good")
        tenant.clear()
    doors.forget()
    tenant.fault("jwks", status=429, retry_after="7")
    doors.both_out("the tenant says 429", token, "rate_limited")
    tenant.clear()
    doors.forget()
    doors.both_in("and when nobody is in between", token)


def poisoned(doors):
    """A record of keys that alice has made and slipped into the cache."""
    rig = doors.rig
    record = glob.glob(rig.cache + "/0/keys/*-keys")[0]
    body = json.loads(open(record, "rb").read().split(b"\n", 1)[1])
    body["jwks"] = published(doors.other)
    text = json.dumps(body)
    poison = "audient 1 %s\n%s" % (hashlib.sha256(text.encode()).hexdigest(),
                                   text)
    token = doors.other.mint("alice", claims={"iss": rig.tenant.issuer})

    def put(owner, mode, link):
        path = rig.write("home/alice/record", poison, mode)
        os.chown(path, owner, -1)
        os.unlink(record)
        if link == "symbolic":
            os.symlink(path, record)
        elif link == "hard":
            os.link(path, record)
        else:
            shutil.move(path, record)

    for what, owner, mode, link in (
            ("a link in the cache", 20001, 0o644, "symbolic"),
            ("a link to a file of root's in the cache", 0, 0o644, "symbolic"),
            ("a hard link in the cache", 20001, 0o644, "hard"),
            ("a file of somebody's in the cache", 20001, 0o644, None),
            ("a file in the cache that all can write", 0, 0o666, None)):
        put(owner, mode, link)
        doors.both_out(what, token, "key_unknown|issuer_unavailable",
                       only="sshd")
    put(0, 0o644, None)
    got, screen = doors.login(token)
    rig.case(got == "in", "root alone may put such a file there", screen)
    doors.forget()


def set_uid(doors):
    """su, which alice starts with an environment of her choice."""
    rig = doors.rig
    keys = rig.path("keylog")
    rig.write("root/etc/pam.d/su", open(os.path.join(
        rig.dir, "root/etc/pam.d/sshd")).read())
    rig.tenant.forget()
    token = rig.tenant.mint("alice", claims={USERNAME_CLAIM: "bob"})
    su = rig.jailed(
        "setpriv", "--reuid=20001", "--regid=20001", "--clear-groups", "env",
        "SSLKEYLOGFILE=%s/log" % keys, "https_proxy=http://127.0.0.1:9",
        "ALL_PROXY=http://127.0.0.1:9", "SSL_CERT_FILE=/dev/null",
        "OPENSSL_CONF=/home/alice/openssl.cnf", "CURL_HOME=/home/alice",
        "su", "bob", "-c", "echo it is $(id -un)")
    process = pexpect.spawn(su[0], su[1:], timeout=rig_module.PATIENCE,
                            encoding="utf-8", dimensions=(24, 250))
    process.delaybeforesend = None
    process.expect("oken[^:]*: ")
    process.sendline(token)
    process.expect(pexpect.EOF)
    doors.shown.append(token)
    rig.case("it is bob" in process.before and rig.tenant.count(JWKS) > 0,
             "su with SSLKEYLOGFILE: keys are fetched and bob is let in",
             process.before, rig.tenant.count())
    rig.case(os.listdir(keys) == [],
             "su with SSLKEYLOGFILE: no file was made where it points",
             os.listdir(keys))


def main():
    rig_module.need_root()
    rig_module.need("sshd", "ssh", "slapd", "ldapwhoami", "unshare", "su",
                    "setpriv")
    with Rig("adversary") as rig:
        doors = Doors(rig)
        with doors.other:
            doors.open()
            doors.both_in("a good token", rig.tenant.mint("alice"))
            for test in (forged, misused, replayed, flooded, in_between,
                         poisoned, set_uid):
                start = time.monotonic()
                test(doors)
                print("# %s: %.1f s" % (test.__name__,
                                        time.monotonic() - start))
            rig.secret_free(doors.shown)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
