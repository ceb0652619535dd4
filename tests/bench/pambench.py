# SPDX-License-Identifier: BSD-2-Clause
"""What a PAM login costs, with keys at hand and without, beside modules that do
less or do it otherwise; and what is counted of it: instructions, libraries,
sockets."""

import os
import re
import subprocess
import sys

from rig import BUILD

HERE = os.path.join(BUILD, "tests", "bench")
PROGRAM = os.path.join(HERE, "bench_pam")


def services(b):
    """Writes pam.d/ with the modules to compare; the cache of the cold ones."""
    warm = b.rig.configure("", "pam.conf")
    bundle = b.rig.write("bundle.pem", open(
        "/etc/ssl/certs/ca-certificates.crt").read() + open(b.rig.ca).read())
    cold_cache = b.rig.path("cold")
    cold = b.rig.configure("", "cold.conf")
    text = open(cold).read().replace(b.rig.cache, cold_cache)
    b.rig.write("cold.conf", text)
    b.rig.write("bundle.conf", text.replace(b.rig.ca, bundle))
    ours = "%s/.libs/pam_audient.so config=%s/" % (BUILD, b.rig.dir)
    libs = os.path.join(HERE, ".libs")
    issuer = b.tenant.issuer
    for service, module in (
            ("empty", libs + "/pam_empty.so"),
            ("crypto", libs + "/pam_crypto.so"),
            ("audient", ours + os.path.basename(warm)),
            ("curl", "%s/pam_curl.so %s %s %s" % (
                libs, bundle, issuer + ".well-known/openid-configuration",
                issuer + ".well-known/jwks.json")),
            ("audient-bundle", ours + "bundle.conf"),
            ("audient-ca", ours + "cold.conf")):
        b.rig.write("pam.d/" + service, "auth required %s\n" % module)
    return cold_cache


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit("%s: %s" % (command[0], done.stderr))
    return done.stderr


def instructions(login):
    """Of the whole process."""
    return int(re.search(r"Collected : (\d+)", run(
        "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
        *login))[1])


def calls(b, login):
    """(files opened that are of libcurl, sockets of the network, other
    programs started) of a login."""
    path = os.path.join(b.rig.dir, "strace")
    run("strace", "-f", "-e", "trace=openat,socket,execve", "-o", path, *login)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return (len(re.findall(r"openat\(.*libcurl.* = \d+$", text, re.M)),
            len(re.findall(r"socket\(AF_INET6?,", text)),
            len(re.findall(r"execve\(.* = 0$", text, re.M)) - 1)


def counted(b, directory, token):
    """What no noise disturbs, of a login with keys at hand."""
    def login(service):
        return PROGRAM, "login", "cpu", directory, service, token

    counts = {name: instructions(login(name)) / 1e6
              for name in ("empty", "crypto", "audient")}
    rows = [("%s: a million instructions" % name, n)
            for name, n in counts.items()]
    rows += zip(("audient: libraries of libcurl", "audient: network sockets",
                 "audient: programs started"), calls(b, login("audient")))
    b.results["login-counted"] = [(name, [n]) for name, n in rows]
    b.texts["login-counted"] = "\n".join("%-34s %10.5g" % row for row in rows)
    print("== login-counted ==\n%s\n" % b.texts["login-counted"], flush=True)


def logins(b, rounds):
    token = b.token("pam")
    cold_cache = services(b)
    directory = os.path.join(b.rig.dir, "pam.d")
    b.run("login-warm", "bench_pam", "cpu", directory, token, rounds, "-",
          "empty", "crypto", "audient")
    b.run("login-host", "bench_pam", "host", directory, token, rounds, "-",
          "empty", "audient")
    b.run("login-cold", "bench_pam", "wall", directory, token, 31, cold_cache,
          "curl", "audient-bundle", "audient-ca")
    counted(b, directory, token)
