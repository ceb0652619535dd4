#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""audient token, as users call it: who gets a token and in which form, what
is kept and where, and every way in which it ends."""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import rig as rig_module
from rig import AUDIENCE, BUILD, PATIENCE, Rig, free_port

try:
    from devicelib import CLIENT, Screen, qr_of, secrets_in_proc
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

DEVICE, TOKEN = "/oauth/device/code", "/oauth/token"
MACHINE = "mAcHiNeV4p9Rk2DyN6tB1wCq7XzLsE5g"
UID = 20001             # of alice, who is no root
OK, DENIED, USAGE, LATER, BROKEN = range(5)


class Call:
    """One call that is under way."""

    def __init__(self, user, *arguments, text="", env=None):
        self._process = subprocess.Popen(
            [user.audient, "token", *arguments], bufsize=0, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=user.uid,
            group=user.uid, extra_groups=[],
            env={**user.env, **(env or {})})
        self._process.stdin.write(text.encode())
        self._process.stdin.close()
        self._process.stdin = None
        self.errors = ""

    def code(self):
        """The code that it shows, or None if it ends without one."""
        for line in self._process.stderr:
            self.errors += line.decode()
            found = re.search(r"enter the code (\S+)", line.decode())
            if found:
                return found[1]
        return None

    def end(self):
        out, errors = self._process.communicate(timeout=PATIENCE)
        self.status, self.out = self._process.returncode, out.decode()
        self.errors += errors.decode("utf-8", "backslashreplace")
        return self.status


class User:
    """alice: a home, a runtime directory, and settings in her own file."""

    def __init__(self, rig, uid=UID):
        self.rig, self.tenant, self.uid = rig, rig.tenant, uid
        self.audient = rig.program("audient")
        self.home = rig.path("home", "u%d" % uid)
        self.run = rig.path("run", "u%d" % uid, mode=0o700)
        self.kept = os.path.join(self.run, "audient")
        for path in (self.home, self.run):
            os.chown(path, uid, uid)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.home,
                    "XDG_RUNTIME_DIR": self.run, "LC_ALL": "C.UTF-8"}
        self.settings()

    def settings(self, text="device_scope = openid login", client=CLIENT):
        folder = self.rig.path("home", "u%d" % self.uid, ".config", "audient")
        path = self.rig.write(os.path.join(folder, "token.conf"), "\n".join([
            "issuer = " + self.tenant.issuer, "audience = " + AUDIENCE,
            "client_id = " + client, "ca_file = " + self.rig.ca,
            "fetch_helper = " + self.rig.helper, "timeout = 2", text, ""]))
        for name in (path, folder, os.path.dirname(folder)):
            os.chown(name, self.uid, self.uid)

    def call(self, *arguments, **more):
        """A call that needs nobody: its end."""
        call = Call(self, *arguments, **more)
        call.end()
        return call

    def log_in(self, *arguments, name="alice", deny=False, **more):
        """A call that somebody confirms, or does not."""
        call = Call(self, *arguments, **more)
        code = call.code()
        if code is not None:
            self.tenant.control("activate", user_code=code,
                                **({"deny": True} if deny else
                                   {"user": name}))
        call.end()
        return call

    def forget(self):
        shutil.rmtree(self.kept, ignore_errors=True)

    def files(self, suffix=".token"):
        if not os.path.isdir(self.kept):
            return []
        return [os.path.join(self.kept, n) for n in os.listdir(self.kept)
                if n.endswith(suffix)]


def case(user, call, what, status, pattern=None, more=True):
    user.rig.case(call.status == status and more and
                  (pattern is None or
                   re.search(pattern, call.errors) is not None),
                  what, "exit status %s" % call.status, call.errors)


def by_device(user):
    call = user.log_in()
    claims = json.loads(base64.urlsafe_b64decode(
        call.out.split(".")[1] + "==")) if call.out else {}
    case(user, call, "device flow: confirmed, and the token is printed", OK,
         "Open https://.*\n.*enter the code .*\nWaiting", call.out.endswith(
             "\n") and AUDIENCE in claims.get("aud", ""))
    modes = [oct(os.stat(p).st_mode & 0o7777) + str(os.stat(p).st_uid)
             for p in (user.kept, *user.files())]
    user.rig.case(modes == ["0o700%d" % UID, "0o600%d" % UID],
                  "it is kept in a directory 0700, in a file 0600", modes)
    user.tenant.forget()
    again = user.call()
    case(user, again, "the next call prints the same one and asks nobody", OK,
         "^$", again.out == call.out and
         user.tenant.count()["total"] == 0)
    fresh = user.log_in("--fresh")
    case(user, fresh, "--fresh: logs in again", OK, "enter the code",
         fresh.out != call.out)
    other = user.log_in("--scope", "openid other")
    case(user, other, "another scope is another token", OK, "enter the code",
         len(user.files()) == 2)
    gone = user.call("--forget")
    case(user, gone, "--forget: removes what is kept", OK,
         "^2 kept tokens removed", not user.files())
    call = user.call("--batch")
    case(user, call, "--batch: nobody is asked to log in", DENIED,
         "somebody has to log in", call.out == "")


def forms(user):
    token = user.log_in().out.strip()
    for form, want in (
            ("plain", token + "\n"), ("bare", token),
            ("header", "Authorization: Bearer %s\n" % token),
            ("curl", 'oauth2-bearer = "%s"\n' % token)):
        call = user.call("--as", form)
        case(user, call, "--as " + form, OK, "^$", call.out == want)
    for form, options, want in (
            ("xoauth2", ["--user", "alice@example.com"],
             "user=alice@example.com\1auth=Bearer %s\1\1"),
            ("oauthbearer", [], "n,,\1auth=Bearer %s\1\1"),
            ("oauthbearer", ["--user", "a,b=c"],
             "n,a=a=2Cb=3Dc,\1auth=Bearer %s\1\1")):
        call = user.call("--as", form, *options)
        case(user, call, "--as %s %s" % (form, " ".join(options)), OK, "^$",
             base64.b64decode(call.out).decode() == want % token)


ENDS = [
    # what the tenant does, what else, exit status, what is said
    ("declined", {}, {"deny": True}, DENIED, "declined in the browser"),
    ("the code has expired", {"path": TOKEN, "status": 403,
                              "merge": {"error": "expired_token"}}, {},
     DENIED, "not confirmed in the browser in time.*expired_token"),
    ("503 to begin with", {"path": DEVICE, "status": 503}, {}, LATER,
     "HTTP status 503"),
    ("no answer to begin with", {"path": DEVICE, "close": True}, {}, LATER,
     "cannot be asked now"),
    ("429 to begin with", {"path": DEVICE, "status": 429}, {}, LATER,
     "must not be asked again so soon"),
    ("an unknown API", {"path": DEVICE, "status": 403, "body":
                        '{"error":"access_denied","error_description":'
                        '"Service not found: x"}',
                        "content_type": "application/json"}, {}, BROKEN,
     "access_denied: Service not found: x"),
    ("JSON cut off", {"path": DEVICE, "malformed": True}, {}, LATER,
     "not a JSON object"),
    ("HTML", {"path": DEVICE, "html": True}, {}, LATER,
     "text/html, not application/json"),
    ("a redirect", {"path": DEVICE, "redirect": "https://e.example/"}, {},
     LATER, "HTTP status 302"),
    ("10 MB", {"path": DEVICE, "oversize": 10000000}, {}, LATER,
     "larger than allowed"),
    ("escapes in the user code", {"path": DEVICE, "merge": {
        "user_code": "\x1b[2JA"}}, {}, LATER, 'no usable "user_code"'),
    ("escapes in an error", {"path": DEVICE, "status": 403, "body":
                             '{"error":"\\u001b[2J","error_description":'
                             '"\\u001b]0;x\\u0007"}',
                             "content_type": "application/json"}, {}, BROKEN,
     r"\\x1b\[2J: \\x1b\]0;x\\x07"),
    ("a token bound to a key", {"path": TOKEN, "times": 1, "merge": {
        "token_type": "DPoP"}}, {}, DENIED, "token_type is DPoP, not Bearer"),
    ("a token with a quote", {"path": TOKEN, "times": 1, "merge": {
        "access_token": 'x"\n-o /etc/passwd'}}, {}, DENIED,
     'no usable "access_token"'),
]


def ends(user):
    for what, fault, how, status, pattern in ENDS:
        user.forget()
        if fault:
            user.tenant.fault(**fault)
        call = user.log_in(**how)
        user.tenant.clear()
        raw = [c for c in call.errors + call.out if c < " " and c != "\n"]
        case(user, call, what, status, pattern,
             call.out == "" and not raw and not user.files())
    user.settings(client="nobody")
    call = user.call()
    case(user, call, "an unknown client", BROKEN, "invalid_client")
    user.settings()
    user.tenant.fault(TOKEN, status=503, times=1)
    call = user.log_in()
    case(user, call, "503 in between: asked again", OK, "HTTP status 503",
         call.out != "")
    user.forget()


def refresh_token(user):
    (path,) = user.files()
    return re.search("^refresh (.*)$", open(path).read(), re.M)[1]


def refreshed(user):
    tenant = user.tenant
    user.settings("device_scope = openid offline_access")
    tenant.control("api", identifier=AUDIENCE, lifetime=30)
    user.log_in()
    kept = [refresh_token(user)]
    tenant.forget()
    for _ in range(2):
        call = user.call("--batch")
        kept.append(refresh_token(user))
    case(user, call, "a token that is about to expire is refreshed, and "
         "refreshed again", OK, "^$", len(set(kept)) == 3 and
         tenant.count(DEVICE) == 0 and tenant.count(TOKEN) == 2)

    tenant.control("api", identifier=AUDIENCE, lifetime=3600)
    tenant.forget()
    tenant.fault(TOKEN, delay=1, times=1)
    calls = [Call(user, "--batch") for _ in range(5)]
    for call in calls:
        call.end()
    user.rig.case(len({c.out for c in calls}) == 1 and
                  {c.status for c in calls} == {OK} and
                  tenant.count(TOKEN) == 1,
                  "five calls at once: one asks, four wait for it",
                  tenant.count(TOKEN), *(c.errors for c in calls))
    user.rig.case(sum("waiting for another" in c.errors for c in calls) == 4,
                  "those who wait say so", *(c.errors for c in calls))

    tenant.control("api", identifier=AUDIENCE, lifetime=30)
    user.forget()
    last = user.log_in()
    tenant.connection("refuse")
    call = user.call("--batch")
    case(user, call, "the tenant is down: a token lasts to its end", OK,
         "^$", call.out == last.out)
    rewrite(user, expires=int(time.time()) - 5)
    call = user.call("--batch")
    case(user, call, "and not longer", LATER, "Connection refused|connect",
         call.out == "")
    tenant.clear()
    rewrite(user, refresh="v1.unknown")
    call = user.call("--batch")
    case(user, call, "a refresh token that is of no use: log in again",
         DENIED, "somebody has to log in")
    call = user.log_in()
    case(user, call, "and so it is", OK, "enter the code", call.out != "")
    tenant.control("api", identifier=AUDIENCE, lifetime=86400)
    user.settings()
    user.forget()


def rewrite(user, **changes):
    """Changes values of the one kept file."""
    (path,) = user.files()
    lines = open(path, encoding="utf-8").read().splitlines()
    for name, value in changes.items():
        lines = ["%s %s" % (name, value) if x.startswith(name + " ") else x
                 for x in lines]
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def places(user):
    """Where tokens are kept has to be safe; else they are not, or nothing
    is done at all."""
    def kept(what, status, pattern, change, more=True):
        user.forget()
        user.log_in()
        (path,) = user.files()
        change(path)
        call = user.call("--batch")
        case(user, call, what, status, pattern, more and call.out == "")

    safe = "others may have read or changed it; do audient token --forget"
    kept("a kept file that others can read", BROKEN, safe,
         lambda path: os.chmod(path, 0o644))
    kept("a kept file that the group can write", BROKEN, safe,
         lambda path: os.chmod(path, 0o620))
    kept("a kept file of somebody else", BROKEN, "Permission denied|others",
         lambda path: os.chown(path, UID + 1, UID + 1))
    kept("a kept file with a second name", BROKEN, safe,
         lambda path: os.link(path, path + "2"))

    def link(path):
        os.rename(path, path + "2")
        os.symlink(path + "2", path)
    kept("a symbolic link in its place", BROKEN, "a symbolic link; remove it",
         link)

    def directory(path):
        os.unlink(path)
        os.mkdir(path, 0o700)
        os.chown(path, UID, UID)
    kept("a directory in its place", BROKEN, safe, directory)
    kept("a directory that others can enter", BROKEN,
         "others can look into it", lambda path: os.chmod(user.kept, 0o755))

    def garbage(path):
        with open(path, "wb") as f:
            f.write(b"audient token 1\nexpires x\naccess \x00\n")
    kept("a kept file with garbage is none", DENIED, "no kept token",
         garbage)
    call = user.log_in()
    case(user, call, "and is replaced", OK, "enter the code",
         user.call("--batch").out == call.out)

    def empty(path):
        open(path, "w").close()
    kept("an empty file is none", DENIED, "no kept token", empty)
    kept("a token with a quote in it is none", DENIED, "no kept token",
         lambda path: rewrite(user, access='x"y'))
    user.forget()
    for what, runtime, pattern in (
            ("no XDG_RUNTIME_DIR", "", "XDG_RUNTIME_DIR is not set"),
            ("a relative XDG_RUNTIME_DIR", "run", "is not set"),
            ("an XDG_RUNTIME_DIR that is not there", "/nonexistent",
             "No such file or directory"),
            ("an XDG_RUNTIME_DIR for everybody", "/tmp",
             "not yours alone")):
        call = user.log_in(env={"XDG_RUNTIME_DIR": runtime})
        case(user, call, what + ": a token, and it is not kept", OK, pattern,
             call.out != "" and not user.files() and
             not os.path.exists("/tmp/audient/"))


def machine(user):
    """Client credentials: the secret is in a file, or comes by a pipe."""
    secret = user.tenant.clients["machine"]["client_secret"]
    path = user.rig.write("secret", secret + "\n", 0o600)
    os.chown(path, UID, UID)
    options = ["--client-id", MACHINE, "--scope", "login"]
    call = user.call(*options, "--client-secret-file", path)
    case(user, call, "client credentials: the secret in a file", OK, "^$",
         call.out.count(".") == 2)
    user.tenant.forget()
    again = user.call(*options, "--client-secret-file", path)
    case(user, again, "that token is kept as well", OK, "^$",
         again.out == call.out and user.tenant.count()["total"] == 0)
    call = user.call(*options, "--client-secret-file", "-", "--fresh",
                     "--flow", "client-credentials", text=secret)
    case(user, call, "the secret on standard input", OK, "^$",
         call.out.count(".") == 2 and user.tenant.count(TOKEN) == 1)
    user.tenant.fault(TOKEN, delay=1, times=1)
    slow = Call(user, *options, "--client-secret-file", path, "--fresh")
    time.sleep(0.6)
    found = secrets_in_proc([secret])
    slow.end()
    case(user, slow, "no secret in arguments or environments", OK, "^$",
         not found)
    user.forget()
    for what, change, status, pattern in (
            ("a secret that others can read", lambda: os.chmod(path, 0o644),
             BROKEN, "nobody else can read; chmod 600"),
            ("a secret of somebody else",
             lambda: os.chown(path, UID + 1, UID + 1), BROKEN,
             "Permission denied"),
            ("an empty secret", lambda: open(path, "w").close(), BROKEN,
             "secret is empty"),
            ("a secret of 5000 bytes",
             lambda: user.rig.write("secret", "x" * 5000, 0o600), BROKEN,
             "cannot be read"),
            ("no secret", lambda: os.unlink(path), BROKEN, "No such file")):
        user.rig.write("secret", secret, 0o600)
        os.chown(path, UID, UID)
        change()
        if os.path.exists(path) and "else" not in what:
            os.chown(path, UID, UID)
        call = user.call(*options, "--client-secret-file", path)
        case(user, call, what, status, pattern, call.out == "")
    for what, more, text, pattern in (
            ("a wrong secret", [], "wrong", "invalid_client"),
            ("an API that the machine may not use",
             ["--audience", user.tenant.issuer + "userinfo"], secret,
             "access_denied: Client is not authorized")):
        call = user.call(*options, *more, "--client-secret-file", "-",
                         text=text)
        case(user, call, what, BROKEN, pattern,
             call.out == "" and not user.files() and
             secret not in call.errors)


def settings(user):
    """Where the settings come from, and what is wrong with them."""
    tenant = ["--issuer", user.tenant.issuer, "--ca-file", user.rig.ca,
              "--fetch-helper", user.rig.helper]
    ours = ["--client-id", CLIENT, "--audience", AUDIENCE]
    nobody = {"HOME": "/nonexistent"}
    call = user.log_in(*tenant, *ours, env=nobody)
    case(user, call, "all settings by options", OK, "enter the code",
         call.out.count(".") == 2)
    same = user.rig.configure("client_id = %s\n[service sshd]\n"
                              "device_scope = openid login:sshd\n" % CLIENT)
    call = user.log_in("--config", same, "--service", "sshd")
    case(user, call, "the host's own file, and a service of it", OK,
         "enter the code", call.out.count(".") == 2)
    for what, options, status, pattern in (
            ("no audience", [*tenant, "--client-id", CLIENT], BROKEN,
             "no audience is given.*--audience"),
            ("no client id", [*tenant, "--audience", AUDIENCE], BROKEN,
             "no client_id is given.*--client-id"),
            ("a domain with a path", ["--domain", "x.example/", *ours],
             BROKEN, 'command line:1: domain: "x.example/" is not a domain'),
            ("an issuer without TLS", ["--issuer", "http://x.example/",
                                       *ours], BROKEN, "command line:1"),
            ("an option of two lines", ["--domain", "x.example\nproxy = x",
                                        *ours], BROKEN, "control character"),
            ("a file that is not there", ["--config", "/nonexistent/x"],
             BROKEN, "/nonexistent"),
            ("a file and a tenant", ["--config", same, *tenant], USAGE,
             "no file is read"),
            ("a helper for a file", ["--fetch-helper", user.rig.helper], USAGE,
             "stand in the file"),
            ("an unknown option", ["--tokens"], USAGE, "usage: audient token"),
            ("an unknown form", ["--as", "pdf"], USAGE, "usage"),
            ("an unknown flow", ["--flow", "implicit"], USAGE,
             "--flow is device or client-credentials"),
            ("a secret for the device flow",
             ["--flow", "device", "--client-secret-file", "-"], USAGE,
             "belongs to"),
            ("client credentials without a secret",
             ["--flow", "client-credentials"], USAGE, "belongs to"),
            ("xoauth2 without a user", ["--as", "xoauth2"], USAGE,
             "needs --user"),
            ("an empty value", ["--audience", ""], USAGE, "usage"),
            ("an argument", ["eyJ.eyJ.x"], USAGE, "usage")):
        call = user.call(*options)
        case(user, call, what, status, pattern, call.out == "")
    call = user.call(env=nobody)
    case(user, call, "no settings at all", BROKEN,
         "whom to ask|audient.conf", call.out == "")
    for what, text, pattern in (
            ("an unknown key", "domian = x", r"token.conf:7: unknown key"),
            ("an audience of the tenant's own",
             "[service x]\naudience = %suserinfo" % user.tenant.issuer,
             r"token.conf:\d: .*audience"),
            ("two tenants", "[tenant a]\ndomain = a.example",
             "token.conf:1: ")):
        user.settings(text)
        call = user.call()
        case(user, call, "the user's file: " + what, BROKEN, pattern)
    path = os.path.join(user.home, ".config", "audient", "token.conf")
    user.settings()
    os.chmod(path, 0o666)
    call = user.call()
    case(user, call, "the user's file can be written by others", BROKEN,
         "token.conf: ")
    os.chmod(path, 0o644)


def screen(user):
    """On a terminal time is seen to pass, and a QR code is drawn."""
    user.forget()
    with Screen(["setpriv", "--reuid", str(UID), "--regid", str(UID),
                 "--clear-groups", user.audient, "token"], user.env,
                (40, 100)) as s:
        s.wait(r"enter the code (\S+)\r")
        code = re.search(r"enter the code (\S+)", s.text)[1]
        page = re.search(r"Open (\S+)", s.text)[1]
        at = s.wait(r"Waiting for you to confirm, 14:5\d left")
        s.wait(r"Waiting for you to confirm, 14:5\d left")
        user.rig.case(at == 0 and "only if" not in s.text,
                      "a terminal shows how long it waits", s.text)
        try:
            found = qr_of(s.text)
        except ImportError as why:
            user.rig.case(True, "the QR code # SKIP %s" % why)
        else:
            user.rig.case(found == page + "?user_code=" + code,
                          "a terminal shows a QR code", found, s.text)
        user.tenant.control("activate", user_code=code, user="alice")
        status = s.end()
        user.rig.case(status == OK and re.search(
            r"left \r\neyJ\S+\r\n$", s.text), "then the token, on a line of "
            "its own", status, s.text)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([user.audient, "token"], stdout=full, user=UID,
                              group=UID, env=user.env, check=False,
                              stderr=subprocess.PIPE)
    user.rig.case(done.returncode == BROKEN and b"No space" in done.stderr,
                  "standard output is full: it says so", done)


def served(user):
    """Other programs take the token as it is handed to them."""
    rig, prefix = user.rig, ["setpriv", "--reuid", str(UID), "--regid",
                             str(UID), "--clear-groups"]
    def shell(script):
        return rig.run(*prefix, "bash", "-c", script, env=user.env)
    userinfo = "--silent --cacert %s %suserinfo" % (rig.ca,
                                                    user.tenant.issuer)
    for what, script in (
            ("--as curl", "%s token --as curl | curl --config - %s"),
            ("--as header", "%s token --as header | curl -H @- %s")):
        status, out = shell(script % (user.audient, userinfo))
        rig.case(status == 0 and '"sub"' in out,
                 "curl is served with %s" % what, status, out)
    ldap(rig, shell, user.audient)
    mail(rig, shell, user.audient)


def ldap(rig, shell, audient):
    if not shutil.which("slapd") or not shutil.which("ldapwhoami"):
        rig.case(True, "ldapwhoami # SKIP slapd is not installed")
        return
    from slapd import Slapd
    rig.accounts("alice", "bob")
    slapd = Slapd(rig, free_port(), free_port())
    slapd.start()
    os.chmod(os.path.join(rig.dir, "slapd.pem"), 0o644)
    env = " ".join("%s=%s" % pair for pair in slapd.client_env().items())
    status, out = shell("%s ldapwhoami -Q -H %s -Y OAUTHBEARER -U alice "
                        "-y <(%s token --as bare)" % (env, slapd.ldaps,
                                                      audient))
    rig.case(status == 0 and slapd.dn("alice") in out,
             "ldapwhoami is served with --as bare", status, out)


def mail(rig, shell, audient):
    """msmtp's passwordeval; mutt takes the same line."""
    if not shutil.which("msmtp"):
        rig.case(True, "msmtp # SKIP it is not installed")
        return
    heard = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)

        def serve():
            peer, _ = server.accept()
            with peer, peer.makefile("rw", newline="\r\n") as stream:
                def say(line):
                    stream.write(line + "\n")
                    stream.flush()
                say("220 here")
                for line in stream:
                    heard.append(line.strip())
                    if line.startswith("EHLO"):
                        say("250-here")
                        say("250 AUTH OAUTHBEARER")
                    elif line.startswith("AUTH"):
                        say("235 come in")
                    elif line.startswith("QUIT"):
                        say("221 bye")
                        return
                    else:
                        say("550 that was all")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        rc = rig.write("msmtprc", "account default\nhost 127.0.0.1\n"
                       "port %d\nfrom a@b.example\nauth oauthbearer\n"
                       "user alice\ntls off\npasswordeval %s token\n" % (
                           server.getsockname()[1], audient), 0o600)
        os.chown(rc, UID, UID)
        _, out = shell("msmtp --file=%s x@example.com < /dev/null" % rc)
        thread.join(PATIENCE)
    _, token = shell(audient + " token --as bare")
    sent = [base64.b64decode(x.split()[2]).decode() for x in heard
            if x.startswith("AUTH")]
    rig.case(sent and ("auth=Bearer %s\1" % token) in sent[0],
             "msmtp is served by passwordeval", out, *heard)


def main():
    rig_module.need_root()
    rig_module.need("curl", "setpriv", "unshare")
    with Rig("token") as rig:
        os.chmod(os.path.dirname(rig.path("home")), 0o755)
        user = User(rig)
        user.tenant.control("settings", device_interval=1)
        for part in (by_device, forms, ends, refreshed, places, machine,
                     settings, screen, served):
            part(user)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
