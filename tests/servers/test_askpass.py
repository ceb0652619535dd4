#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""audient-askpass by itself: which questions it answers, which sources it
takes, and who gets the parts of a token that is kept."""

import os
import socket
import stat
import subprocess
import sys
import time

from rig import BUILD, PATIENCE, Rig

ASKPASS = os.path.join(BUILD, "audient-askpass")
FIRST = "Access token: "
CHOICE = "Access token (or just Enter, to use a browser): "
SSH = "(alice@host.example.com) "


def part(number):
    return "Access token, part %d: " % number


def ask(prompt, **env):
    """(status, standard output, standard error) of one question; this
    process stands for ssh."""
    done = subprocess.run(
        [ASKPASS] + ([prompt] if prompt is not None else []),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
        env={"PATH": os.environ["PATH"], **env})
    return done.returncode, done.stdout, done.stderr


def ask_all(prompts, command):
    """The answers to one ssh; a shell stands for it."""
    script = "".join('"$0" "%s"; ' % p for p in prompts) + "true"
    done = subprocess.run(["sh", "-c", script, ASKPASS], capture_output=True,
                          text=True, timeout=PATIENCE, check=False,
                          env={"PATH": os.environ["PATH"],
                               "AUDIENT_TOKEN_COMMAND": command})
    return done.stdout.splitlines(), done.stderr


def questions(rig, token, path):
    for prompt, size, start in (
            (FIRST, 511, 0), (part(2), 511, 511), (part(3), 511, 1022),
            (SSH + FIRST, 1023, 0), (SSH + part(2), 1023, 1023),
            (CHOICE, 511, 0), (SSH + CHOICE, 1023, 0)):
        status, out, err = ask(prompt, AUDIENT_TOKEN_FILE=path)
        rig.case(status == 0 and out == token[start:start + size] + "\n",
                 "answered: %r" % prompt, status, out[:20], err)
    status, out, _ = ask(part(9), AUDIENT_TOKEN_FILE=path)
    rig.case((status, out) == (0, "\n"),
             "a part that the token does not have is an empty line")
    for prompt in (
            "", "Access token", "Access token:", "access token: ",
            "Access token:  ", " Access token: ", "Password: ",
            SSH + "Password: ", "alice@host's password: ",
            "Enter passphrase for key '/home/alice/.ssh/id_ed25519': ",
            "The authenticity of host 'host' can't be established.\n"
            "Are you sure you want to continue connecting (yes/no)? ",
            "Access token, part 1: ", "Access token, part 0: ",
            "Access token, part -1: ", "Access token, part 2x: ",
            "Access token, part : ", "Access token, part 100: ",
            "Access token (or just Enter): ", "Access token, part 2", "(host) Access token: ",
            SSH + SSH + FIRST, "(a@b)Access token: ",
            "Access token, part 1, of at most 511 bytes: ",
            "Verification code: \nAccess token: "):
        status, out, err = ask(prompt, AUDIENT_TOKEN_FILE=path)
        rig.case(status == 1 and out == "" and "not answered" in err,
                 "not answered: %r" % prompt, status, out[:20], err)
    status, out, err = ask(None, AUDIENT_TOKEN_FILE=path)
    rig.case(status == 2 and out == "" and "usage" in err, "no question")


def files(rig, token):
    def refused(what, path, piece):
        status, out, err = ask(SSH + FIRST, AUDIENT_TOKEN_FILE=path)
        rig.case(status == 1 and out == "" and piece in err
                 and token[100:120] not in err, "a file: " + what, status,
                 out[:20], err)

    for mode in (0o640, 0o604, 0o660, 0o602):
        refused("mode %o" % mode, rig.write("open", token, mode),
                "others may read or write it")
    refused("that is not there", rig.dir + "/nothing", "No such file")
    refused("that is a directory", rig.path("dir", mode=0o700),
            "not a regular file")
    fifo = os.path.join(rig.dir, "fifo")
    os.mkfifo(fifo, 0o600)
    refused("that is a pipe", fifo, "not a regular file")
    if os.geteuid() == 0:
        foreign = rig.write("foreign", token, 0o600)
        os.chown(foreign, 65534, 65534)
        refused("of somebody else", foreign, "somebody else")
    else:
        print("# not root: a file of somebody else was not tried")
    for what, text, piece in (
            ("empty", "", "there is no token"),
            ("of blanks", " \n\n", "there is no token"),
            ("two tokens", token + "\n" + token, "more than a token"),
            ("JSON", '{"access_token":"%s"}' % token, "more than a token"),
            ("too large", "a" * 20000, "larger than a token")):
        refused(what, rig.write("odd", text, 0o600), piece)
    path = rig.write("good", "\n  %s \n" % token, 0o600)
    link = os.path.join(rig.dir, "link")
    os.symlink(path, link)
    for name in (path, link):
        status, out, err = ask(SSH + FIRST, AUDIENT_TOKEN_FILE=name)
        rig.case(status == 0 and out == token[:1023] + "\n",
                 "a good file, with white space around the token", err)
    status, out, err = ask(FIRST, AUDIENT_TOKEN_FILE=path,
                           AUDIENT_TOKEN_COMMAND="cat " + path)
    rig.case(status == 1 and out == "" and "both set" in err,
             "a file and a command: which one?", err)


def commands(rig, path):
    for what, command, piece in (
            ("that fails", "false", "failed"),
            ("that prints and fails", "cat %s; false" % path, "failed"),
            ("that is killed", "kill -9 $$", "failed"),
            ("that is not there", "/nonexistent", "failed"),
            ("that prints nothing", "true", "there is no token"),
            ("that prints two words", "echo not a token", "no token"),
            ("that prints NUL", "printf 'a\\000b'", "no token"),
            ("that never ends printing", "yes", "more than a token")):
        status, out, err = ask(SSH + FIRST, AUDIENT_TOKEN_COMMAND=command)
        rig.case(status == 1 and out == "" and piece in err,
                 "a command " + what, status, out[:20], err)


def kept(rig, token, path):
    """Each call of the command prints another token."""
    count = os.path.join(rig.dir, "count")
    fickle = "echo x >> %s; n=$(wc -l < %s); cat %s | tr a $n" % (
        count, count, path)
    prompts = [SSH + FIRST, SSH + part(2), SSH + part(3), SSH + part(4)]
    out, err = ask_all(prompts, fickle)
    rig.case("".join(out) == token.replace("a", "1") and err == "",
             "the parts are of one token, though the command has many", err)
    out, err = ask_all([SSH + FIRST, SSH + FIRST, SSH + part(2)], fickle)
    rig.case(out[0] == out[1] and err == "" and
             open(count).read().count("x") == 2,
             "asked again, it is the same one", err)
    out, err = ask_all(prompts[1:2], fickle)
    rig.case(out == [] and "the token is gone" in err,
             "another ssh has no part of it", err)


def strangers(rig, token, path):
    """This process is ssh now."""
    status, out, _ = ask(SSH + FIRST, AUDIENT_TOKEN_COMMAND="cat " + path)
    rig.case(status == 0, "a token is kept for us")
    name = "\0audient-askpass.%d.%d" % (os.getuid(), os.getpid())
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(name)
        text = b""
        while True:
            data = s.recv(65536)
            if not data:
                break
            text += data
        rig.case(text.decode() == token, "its user gets it")
    if os.geteuid() != 0:
        print("# not root: another user was not tried")
    else:
        got = subprocess.run(
            [sys.executable, "-c", "import os, socket\nos.setuid(65534)\n"
             "s = socket.socket(socket.AF_UNIX)\ns.connect(%r)\n"
             "print(len(s.recv(65536)))" % name], capture_output=True,
            text=True, check=False)
        rig.case(got.stdout == "0\n", "another user gets nothing",
                 got.stdout, got.stderr)
    secrets = ""
    for pid in os.listdir("/proc"):
        try:
            if os.readlink("/proc/%s/exe" % pid) == ASKPASS:
                for what in ("environ", "cmdline"):
                    secrets += open("/proc/%s/%s" % (pid, what)).read()
        except OSError:
            pass
    rig.case(token[100:140] not in secrets,
             "it is in no environment and no argument")
    files_of_ours = [e.path for e in os.scandir("/tmp")
                     if "askpass" in e.name and stat.S_ISREG(
                         e.stat(follow_symlinks=False).st_mode)]
    rig.case(not files_of_ours, "nor in a file", *files_of_ours)


def ends_with_ssh(rig, path):
    """Nothing is left when ssh is gone."""
    client = subprocess.Popen(
        ["sh", "-c", '"$0" "$1" > /dev/null; echo done; read x', ASKPASS,
         SSH + FIRST], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"],
             "AUDIENT_TOKEN_COMMAND": "cat " + path})
    client.stdout.readline()
    name = "@audient-askpass.%d.%d" % (os.getuid(), client.pid)

    def is_there():
        return name in open("/proc/net/unix").read()

    rig.case(is_there(), "the token is kept while ssh runs")
    client.communicate(b"\n")
    for _ in range(100):
        if not is_there():
            break
        time.sleep(0.05)
    rig.case(not is_there(), "and not when it has ended")


def main():
    with Rig("askpass") as rig:
        token = rig.tenant.mint("alice", pad_to=2500)
        path = rig.write("token", token, 0o600)
        questions(rig, token, path)
        files(rig, token)
        commands(rig, path)
        kept(rig, token, path)
        strangers(rig, token, path)
        ends_with_ssh(rig, path)
        return rig.finish()


sys.exit(main())
