#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""audient setup, deny, keys and verify; and what all commands make of bad
input: unknown options, files that cannot be read, users who are not root, a
tenant that is away, closed pipes and narrow terminals."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys

from clilib import AUDIENT, BUILD, longest, on_terminal, run
from rig import AUDIENCE, PATIENCE, USERNAME_CLAIM, Rig

COMMANDS = ("setup", "check", "doctor", "explain", "logs", "keys", "deny",
            "stats", "verify")
SUBJECT = "auth0|5f7c8ec7c33c6c004bbafe82"


# --- deny ------------------------------------------------------------------------

class DenyList:
    """A configuration with a deny_file that does not exist yet."""

    def __init__(self, rig, name):
        self.rig = rig
        self.dir = rig.path(name)
        self.path = os.path.join(self.dir, "denied")
        self.config = rig.configure("deny_file = " + self.path, name + ".conf")

    def deny(self, *arguments, text=""):
        return run("deny", arguments[0], "--config", self.config,
                   *arguments[1:], text=text)

    def text(self):
        with open(self.path, encoding="utf-8") as f:
            return f.read()

    def verdict(self, token):
        return run("explain", "--config", self.config, "--service", "imap",
                   "--json", text=token)[1]


def check_deny(rig):
    d = DenyList(rig, "deny")
    token = rig.tenant.mint()
    status, out, err = d.deny("list")
    rig.case((status, out, err) == (0, "", ""), "an empty deny list")
    status, out, _ = d.deny("add", "azp", "some-client")
    mode = stat.S_IMODE(os.stat(d.path).st_mode)
    rig.case(status == 0 and d.text() == "azp some-client\n" and
             mode == 0o644, "deny add makes the file", out, oct(mode))
    with open(d.path, "w", encoding="utf-8") as f:
        f.write("# applications\nazp some-client\n\n# the end")
    os.chmod(d.path, 0o600)
    status, out, _ = d.deny("add", "--comment", "laptop stolen", "sub",
                            SUBJECT)
    rig.case(status == 0 and d.text() == "# applications\nazp some-client\n\n"
             "# the end\n# laptop stolen\nsub %s\n" % SUBJECT and
             stat.S_IMODE(os.stat(d.path).st_mode) == 0o600,
             "deny add keeps comments and the mode", d.text())
    rig.case('"denied_locally"' in d.verdict(token), "it counts at once")
    before = d.text()
    status, out, _ = d.deny("add", "sub", SUBJECT)
    rig.case(status == 0 and "has it already" in out and d.text() == before,
             "deny add the same twice", out)
    status, out, _ = d.deny("list")
    rig.case(out == "%s:2: azp some-client\n%s:6: sub %s\n" % (
        d.path, d.path, SUBJECT), "deny list has file and line", out)
    status, _, _ = d.deny("remove", "sub", SUBJECT)
    rig.case(status == 0 and SUBJECT not in d.text() and
             "# laptop stolen" in d.text() and '"ok"' in d.verdict(token),
             "deny remove takes the entry away, and no comment", d.text())
    status, _, err = d.deny("remove", "sub", SUBJECT)
    rig.case(status == 1 and "no such line" in err,
             "deny remove what is not there", err)
    left = [n for n in os.listdir(d.dir) if n != "denied"]
    rig.case(not left, "no other file is left behind", left)


def check_deny_token(rig):
    """From a token, which is shown nowhere."""
    mint = rig.tenant.mint
    with_id = mint(profile="rfc9068")
    rows = [("a token with an id", with_id, (), r"jti \S{22}"),
            ("a token without one", mint(), (), r"issued-before "
             r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ sub " + re.escape(SUBJECT)),
            ("its subject", mint(), ("--subject",),
             "sub " + re.escape(SUBJECT))]
    for number, (what, token, options, want) in enumerate(rows):
        d = DenyList(rig, "token%d" % number)
        status, out, err = d.deny("add", "--token", "-", *options, text=token)
        rig.case(status == 0 and re.fullmatch(want + "\n", d.text()),
                 "deny add --token: " + what, out, err)
        rig.case('"denied_locally"' in d.verdict(token),
                 what + " is refused from now on")
        pieces = [token[len(token) // 2:][:24], token[-40:-8]]
        rig.case(not any(p in out + err + d.text() for p in pieces),
                 "nothing of it is shown or written")
    d = DenyList(rig, "token-bad")
    for what, text in (("an opaque token", mint(kind="opaque")),
                       ("a password", "correct horse"), ("nothing", ""),
                       ("a token that names nobody",
                        mint(claims={"sub": None}))):
        status, out, err = d.deny("add", "--token", "-", text=text)
        rig.case(status == 4 and "KIND VALUE" in err and
                 not os.path.exists(d.path), "deny add --token: " + what, err)
    evil = mint(claims={"sub": "x\nissued-before 2099-01-01T00:00:00Z"})
    status, out, err = d.deny("add", "--token", "-", "--subject", text=evil)
    rig.case(status == 4 and not os.path.exists(d.path),
             "a claim cannot bring a line of its own", err)


def check_deny_bad(rig):
    d = DenyList(rig, "bad")
    with open(d.path, "w", encoding="utf-8") as f:
        f.write("azp a\n")
    rows = [(("add", "user", "alice"), 4, ":2: a line begins with sub, azp"),
            (("add", "issued-before", "yesterday"), 4, "takes a time such as"),
            (("add", "sub"), 2, "usage: audient deny"),
            (("add",), 2, "usage: audient deny"),
            (("list", "sub"), 2, "usage: audient deny"),
            (("change", "sub", "x"), 2, "usage: audient deny"),
            (("add", "--comment", "two\nlines", "sub", "x"), 4,
             "control character"),
            (("add", "--token", "/no/such/file"), 4, "/no/such/file: No such")]
    for arguments, want, words in rows:
        status, out, err = d.deny(*arguments)
        rig.case(status == want and words in err and out == "" and
                 d.text() == "azp a\n", "deny %s is refused" % " ".join(
                     arguments).replace("\n", " "), status, err)
    os.chmod(d.path, 0o666)
    status, _, err = d.deny("add", "sub", "x")
    rig.case(status == 4 and "others can write it" in err,
             "a deny list that others can write", err)
    config = rig.configure("", "none.conf")
    status, _, err = run("deny", "list", "--config", config)
    rig.case(status == 4 and "no deny_file is set" in err and config in err,
             "no deny_file", err)
    config = rig.configure("deny_file = /a\n[service x]\ndeny_file = /b",
                           "two.conf")
    status, _, err = run("deny", "list", "--config", config)
    rig.case(status == 4 and "say --service NAME" in err,
             "several deny_files", err)
    status, out, _ = run("deny", "list", "--config", config, "--service", "x")
    rig.case(status == 0 and out == "", "several deny_files, and --service")


def check_deny_together(rig):
    """Ten at once: none is lost."""
    d = DenyList(rig, "together")
    jobs = [subprocess.Popen(
        [AUDIENT, "deny", "add", "--config", d.config, "jti", "id-%d" % i],
        stdout=subprocess.DEVNULL) for i in range(10)]
    ends = [job.wait(PATIENCE) for job in jobs]
    lines = sorted(d.text().split())
    rig.case(ends == [0] * 10 and lines.count("jti") == 10 and
             len(set(lines)) == 11, "ten that add at once all succeed",
             ends, d.text())


# --- setup ------------------------------------------------------------------------

def setup(rig, *arguments, **options):
    return run("setup", "--issuer", rig.tenant.issuer, "--audience", AUDIENCE,
               "--username-claim", USERNAME_CLAIM, "--set",
               "ca_file=" + rig.ca, "--set", "cache_dir=" + rig.cache,
               "--set", "fetch_helper=%s/audient-fetch" % BUILD,
               *arguments, **options)


def check_setup(rig):
    config = os.path.join(rig.dir, "etc", "audient.conf")
    status, out, err = setup(rig, "--config", config)
    text = open(config, encoding="utf-8").read() if status == 0 else ""
    rig.case(status == 0 and "issuer         = " + rig.tenant.issuer in text
             and stat.S_IMODE(os.stat(config).st_mode) == 0o644 and
             "2 keys" in out, "setup asks the tenant and writes the file",
             status, out, err)
    verdict = run("explain", "--config", config, "--service", "imap",
                  text=rig.tenant.mint())
    rig.case(verdict[0] == 0, "a token is accepted with that file", *verdict)
    before = open(config, encoding="utf-8").read()
    status, out, err = setup(rig, "--config", config)
    rig.case(status == 4 and "exists; edit it, or say --replace" in err and
             open(config, encoding="utf-8").read() == before,
             "setup does not touch a file that is there", err)
    status, out, err = setup(rig, "--config", config, "--replace")
    rig.case(status == 0 and open(config + ".bak", encoding="utf-8").read() ==
             before, "--replace keeps the old one", out, err)
    left = sorted(os.listdir(os.path.dirname(config)))
    rig.case(left == ["audient.conf", "audient.conf.bak"],
             "no other file is left behind", left)


def check_setup_terminal(rig):
    config = os.path.join(rig.dir, "asked.conf")
    status, screen = on_terminal(
        "setup", "--offline", "--config", config, columns=60,
        answers="example.eu.auth0.com\n\n%s\n%s\n" % (AUDIENCE,
                                                      USERNAME_CLAIM))
    text = open(config, encoding="utf-8").read() if status == 0 else ""
    rig.case(status == 0 and "domain         = example.eu.auth0.com\n" in text
             and "audience       = " + AUDIENCE in text,
             "setup asks on a terminal, again for an empty answer", status,
             screen, text)
    os.unlink(config)
    status, screen = on_terminal("setup", "--config", config,
                                 answers="example.eu.auth0.com\n\x04")
    rig.case(status == 4 and not os.path.exists(config),
             "somebody who gives up has written nothing", status, screen)


def check_setup_bad(rig):
    config = os.path.join(rig.dir, "refused.conf")
    rows = [
        ("a client id", ("--audience", "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u"), 4,
         "is a client id, the audience of ID tokens"),
        ("an API of the tenant", ("--audience",
                                  rig.tenant.issuer + "userinfo"), 4,
         "is an API of the tenant itself"),
        ("an issuer that is none", ("--issuer", "http://example.com/"), 4,
         "issuer"),
        ("two lines", ("--audience", "a\nallow_root = yes"), 4,
         "has to be one line"),
        ("a tenant that is not there",
         ("--issuer", "https://127.0.0.1:1/"), 3, "--offline"),
        ("a path that is not absolute", ("--config", "here.conf"), 4,
         "absolute path"),
        ("domain and issuer", ("--domain", "a.example.com"), 2, "usage"),
        ("an argument", ("now",), 2, "usage"),
        ("a key without a value", ("--set", "allow_root"), 2, "usage"),
        ("a key that there is not", ("--set", "domian=x"), 4,
         'did you mean "domain"?'),
    ]
    for what, arguments, want, words in rows:
        status, out, err = setup(rig, "--config", config, *arguments)
        rig.case(status == want and words in err and
                 not os.path.exists(config), "setup: %s is refused" % what,
                 status, out, err)
    status, out, err = run("setup", "--domain", "a", "--config", config)
    rig.case(status == 2 and "--audience" in err and out == "",
             "setup without a terminal says what it needs", status, err)
    rig.tenant.fault("discovery", status=503)
    status, out, err = setup(rig, "--config", config)
    rig.tenant.clear()
    rig.case(status == 3 and "HTTP status 503" in out and
             "The issuer is in trouble" in out and
             not os.path.exists(config),
             "setup: a tenant in trouble, and what to do", status, out, err)
    left = [n for n in os.listdir(rig.dir) if n.startswith("refused.conf")]
    rig.case(not left, "no draft is left behind", left)


# --- keys, verify -------------------------------------------------------------------

def check_keys(rig):
    config = rig.configure("cache_dir = " + rig.path("keys-cache"), "k.conf")
    text = open(config, encoding="utf-8").read()
    text = text.replace("cache_dir = %s\n" % rig.cache, "", 1)
    rig.write("k.conf", text)
    status, out, _ = run("keys", "list", "--config", config)
    rig.case(status == 0 and "no keys at hand: audient keys refresh" in out,
             "keys list before the first login says what to do", out)
    status, out, _ = run("keys", "refresh", "--config", config)
    rig.case(status == 0 and re.search(r"2 keys, \d seconds? old, good for "
                                       r"\d+ minutes", out) and
             out.count("RSA, 2048 bits") == 2, "keys refresh", out)
    screen = on_terminal("keys", "list", "--config", config, columns=40)[1]
    rig.case(longest(screen) <= 40, "keys list fits 40 columns", screen)
    status, out, _ = run("keys", "flush", "--config", config)
    status2, out2, _ = run("keys", "list", "--config", config)
    rig.case((status, status2) == (0, 0) and "forgotten" in out and
             "no keys" in out2, "keys flush", out, out2)
    rig.tenant.fault("jwks", status=500)
    status, out, err = run("keys", "refresh", "--force", "--config", config)
    rig.tenant.clear()
    rig.case(status == 3 and "HTTP status 500" in err,
             "keys refresh, and the tenant is away", status, err)


# --- bad input -----------------------------------------------------------------------

def check_verify(rig):
    _, _, body = rig.tenant.request("GET", "/.well-known/jwks.json")
    keys = rig.write("verify.json", body.decode(), 0o644)
    good = rig.tenant.mint()
    status, out, _ = run("verify", "--jwks", keys, text=good)
    rig.case(status == 0 and '"iss"' in out, "verify: a good signature", out)
    for what, token, arguments, want, piece in (
            ("a forged signature", rig.tenant.mint(tamper="signature"),
             (), 1, "signature_invalid"),
            ("a stranger's key", rig.tenant.mint(key="rogue"), (), 1,
             "verify: "),
            ("no signature", rig.tenant.mint(alg="none"), (), 1, "verify: "),
            ("another algorithm", good, ("--algorithms", "ES256"), 1,
             "algorithm_refused"),
            ("no token", "", (), 1, "verify: "),
            ("two files", good, ("-", "-"), 2, "usage")):
        status, out, err = run("verify", "--jwks", keys, *arguments,
                               text=token)
        rig.case(status == want and piece in err.lower() and not out,
                 "verify: %s: refused, and nothing is shown" % what,
                 status, out, err)
    status, out, err = run("verify", text=good)
    rig.case(status == 2 and not out, "verify: no keys", status, out, err)
    status, out, err = run("verify", "--jwks", "/nonexistent", text=good)
    rig.case(status == 4 and not out and "/nonexistent" in err,
             "verify: a file that is not there", status, out, err)


def check_help(rig):
    status, out, err = run()
    rig.case(status == 2 and out == "" and "usage: audient COMMAND" in err,
             "no command")
    status, out, err = run("frobnicate")
    rig.case(status == 2 and 'no command "frobnicate"' in err, "no such "
             "command", err)
    for word in ("--help", "help", "-h"):
        status, out, err = run(word)
        rig.case(status == 0 and err == "" and
                 all(" %s " % c in out for c in COMMANDS), word, out)
    status, out, _ = run("--version")
    rig.case(status == 0 and re.fullmatch(r"audient \d+\.\d+\.\d+\n", out),
             "--version", out)
    for command in COMMANDS:
        status, out, err = run(command, "--help")
        rig.case(status == 0 and err == "" and
                 out.startswith("usage: audient " + command) and
                 "--config" in out + "--config" * (command == "verify") and
                 max(map(len, out.splitlines())) <= 80,
                 command + " --help", out, err)
        status, out, err = run(command, "--no-such-option")
        rig.case(status == 2 and out == "" and
                 "audient %s: unrecognized option" % command in err and
                 "usage: audient " + command in err,
                 command + " with an unknown option", err)


def arguments_of(command, config):
    return {"deny": ["deny", "list"], "keys": ["keys", "list"],
            "setup": ["setup", "--offline", "--audience", "a"]}.get(
                command, [command]) + ["--config", config]


def check_files(rig):
    """Configurations that cannot be read, for every command that reads it."""
    missing = os.path.join(rig.dir, "missing.conf")
    bad = rig.write("typo.conf", "domian = example.eu.auth0.com\n")
    relative = "typo.conf"
    for command in ("check", "explain", "keys", "deny"):
        for what, config, words in (
                ("is missing", missing, "it does not exist"),
                ("has a mistake", bad, bad + ':1: unknown key "domian"; did '
                 'you mean "domain"?'),
                ("is relative", relative, "the path must be absolute"),
                ("is a directory", rig.path("etc"), "not a regular file")):
            status, out, err = run(*arguments_of(command, config),
                                   text=rig.tenant.mint())
            rig.case(status == 4 and out == "" and words in err,
                     "%s: the configuration %s" % (command, what), err)
    usual = re.search(r"the usual one is (\S+)",
                      run("check", "--config", missing)[2])[1]
    if os.path.exists(usual):
        print("# %s is there: not looked at what is said without" % usual)
    else:
        for command in (("check",), ("keys", "list")):
            status, out, err = run(*command)
            err = " ".join(err.split())
            rig.case(status == 4 and out == "" and usual + ": it" in err and
                     "audient setup makes one there, and --config names "
                     "another" in err,
                     "%s: no configuration at all" % " ".join(command), err)
    for what, config, words in (
            ("none is there", missing,
             "setup --config %s makes one there; the usual one is " % missing),
            ("it is below a file", bad + "/x",
             bad + "/x: its directory: Not a directory"),
            ("it is below nothing", bad + ".d/x", "its directory: it does"),
            ("it is relative", "missing.conf", "must be absolute")):
        status, out, err = run("check", "--config", config)
        err = " ".join(err.split())
        rig.case(status == 4 and words in err and
                 ("audient setup" in err) == ("it does not exist" in err),
                 "check: %s: setup is named where it helps" % what, err)
    config = rig.configure()
    for path, words in (("/no/such/token", "/no/such/token: No such file"),
                        (rig.dir, "Is a directory")):
        status, out, err = run("explain", "--config", config, path)
        rig.case(status == 4 and words in err, "a token file: " + words, err)
    huge = rig.write("huge", "x" * 70000)
    status, out, err = run("explain", "--config", config, huge)
    rig.case(status == 4 and "File too large" in err, "a huge token file",
             err)
    for at in ("0", "-1", "tomorrow", "99999999999999999999"):
        status, out, err = run("explain", "--config", config, "--at", at,
                               text="x")
        rig.case(status == 2 and "--at takes seconds" in err,
                 "--at " + at, err)


def check_check(rig):
    config = rig.configure()
    status, out, err = run("check", "--config", config)
    rig.case((status, out, err) == (0, "", ""),
             "check has nothing to say of a good file", status, out, err)
    bad_map = rig.write("bad.map", "alice\n")
    rows = [("user_map = " + bad_map, (), 4, bad_map + ":1: a line has"),
            ("deny_file = /no/such/file", (), 4, "/no/such/file"),
            ("audience = x\naudience = x", (), 4, ".conf:"),
            ("", ("--service", "imap"), 0, ""),
            ("", ("now",), 2, "usage: audient check")]
    for text, arguments, want, words in rows:
        status, out, err = run("check", "--config",
                               rig.configure(text, "checked.conf"), *arguments)
        rig.case(status == want and out == "" and words in err,
                 "check: %s %s" % (text.replace("\n", "; "),
                                   " ".join(arguments)), status, err)
    text = open(config, encoding="utf-8").read()
    line = "audience = %s\n" % AUDIENCE
    text = text.replace(line, "", 1) + "[service sshd]\n" + line
    only = rig.write("only.conf", text)
    status, out, err = run("check", "--config", only, "--service", "imap")
    rig.case(status == 4 and 'no "audience" for the service imap' in err and
             run("check", "--config", only, "--service", "sshd")[0] == 0 and
             run("check", "--config", only)[0] == 0,
             "check --service: a service without rules", status, err, text)
    before = rig.tenant.count()["total"]
    run("check", "--config", config)
    rig.case(rig.tenant.count()["total"] == before, "check asks nobody")


def check_stranger(rig):
    """A user who is not root, and may not read everything."""
    if os.geteuid() != 0:
        print("# no root: nobody else to be")
        return
    stranger = ("setpriv", "--reuid=65534", "--regid=65534",
                "--clear-groups")
    config = rig.configure()
    secret = rig.write("secret.conf", open(config).read(), 0o600)
    status, out, err = run("explain", "--config", secret, text="x",
                           wrap=stranger)
    rig.case(status == 4 and secret + ": Permission denied" in err,
             "a configuration that may not be read", err)
    status, out, err = run("explain", "--config", config, "--service", "imap",
                           text=rig.tenant.mint(), wrap=stranger)
    rig.case(status == 0 and err == "", "somebody who is not root can explain",
             status, out, err)
    denied = rig.write("etc/others", "azp a\n")
    config = rig.configure("deny_file = " + denied, "strange.conf")
    status, out, err = run("deny", "add", "--config", config, "sub", "x",
                           wrap=stranger)
    rig.case(status == 4 and "Permission denied" in err and
             open(denied, encoding="utf-8").read() == "azp a\n",
             "somebody who is not root cannot deny", err)


def check_pipes(rig):
    """Whoever reads only the start gets that, and nobody complains."""
    config = rig.configure()
    token = rig.write("token", rig.tenant.mint(), 0o600)
    argv = [AUDIENT, "explain", "--config", config, "--service", "imap",
            token]
    for how, want in ((signal.SIG_DFL, -signal.SIGPIPE), (signal.SIG_IGN, 4)):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.Popen(
            argv, stdout=writer, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGPIPE, how),
            restore_signals=False)
        os.close(writer)
        err = process.communicate(timeout=PATIENCE)[1]
        rig.case(process.returncode == want and err == "",
                 "a closed pipe, SIGPIPE %s: no noise" % how.name,
                 process.returncode, err)
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=PATIENCE, check=False)
    rig.case(done.returncode == 4 and os.strerror(errno.ENOSPC) in
             done.stderr, "a disk that is full is told", done.stderr)
    done = subprocess.run(argv[:-1], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    rig.case(done.returncode == 1 and "not_a_token" in done.stdout,
             "no standard input", done.stdout, done.stderr)


def check_terminals(rig):
    """Messages keep to 40 columns as well; nothing is coloured in vain."""
    status, screen = on_terminal("explain", "--config",
                                 "/no/such/directory/anywhere/audient.conf",
                                 "/dev/null", columns=40)
    rig.case(status == 4 and longest(screen) <= 40,
             "an error message in 40 columns", screen)
    config = rig.configure()
    token = rig.write("token", rig.tenant.mint(), 0o600)
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        screen = on_terminal("explain", "--config", config, "--service",
                             "imap", token, env=env)[1]
        rig.case("\033" not in screen and "allow" in screen,
                 "no colour with %s" % env, screen)
    screen = on_terminal("explain", "--config", config, "--service", "imap",
                         "--json", token)[1]
    rig.case("\033" not in screen, "no colour in JSON")
    status, screen = on_terminal("explain", "--config", config, "--service",
                                 "imap", token, columns=5)
    rig.case(status == 0 and longest(screen) < 30, "a terminal of 5 columns",
             screen)


def main():
    with Rig("commands") as rig:
        check_deny(rig)
        check_deny_token(rig)
        check_deny_bad(rig)
        check_deny_together(rig)
        check_setup(rig)
        check_setup_terminal(rig)
        check_setup_bad(rig)
        check_keys(rig)
        check_verify(rig)
        check_help(rig)
        check_files(rig)
        check_check(rig)
        check_stranger(rig)
        check_pipes(rig)
        check_terminals(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
