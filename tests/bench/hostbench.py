#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Logins on real hosts: Cyrus imapd and slapd with our plug-in, beside Dovecot
which checks the same tokens itself, by the tenant's key in a file.  A login is
a new connection with TLS each time, as mail programs do; that of the same host
with a password shows what of it the connection is.  And without connections:
a bind on slapd's socket beside a question on the one of Dovecot's auth.

    hostbench.py        prints the tables and writes no page
"""

import base64
import collections
import contextlib
import itertools
import json
import os
import socket
import statistics
import sys
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "servers"))

from badinput import message                                    # noqa: E402
from cyrus import Cyrus                                         # noqa: E402
from directory import Directory                                 # noqa: E402
from dovecot import Dovecot                                     # noqa: E402
from rig import USERNAME_CLAIM, Rig                             # noqa: E402
from saslbench import cpu_ns, key_of                                   # noqa: E402

ROUNDS, SETTLE = 15, 0.05
LOGINS, QUESTIONS = 11, 40
PASSWORD = "secret"
PLAIN = b"\0alice\0" + PASSWORD.encode()
WAYS = ("PLAIN, a password", "OAUTHBEARER, a new token",
        "OAUTHBEARER, token seen before")
# Debian's passdb asks PAM; here nobody but Dovecot is to be measured.  And its
# processes serve many, like those of Cyrus.
PASSDB = """\
service pop3-login {
  service_count = 0
}
service pop3 {
  service_count = 30
}
passdb {
  driver = static
  mechanisms = plain
  args = password=%s
}
passdb {
  driver = oauth2
  mechanisms = oauthbearer
  args = %s
}
"""
LOCAL = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=%s/
username_attribute = %s
issuers = %s
scope = mail
client_id = %s
"""


# --- hosts ------------------------------------------------------------------------

class AloneDovecot(Dovecot):
    """With the tenant's key in a file, and no question to the tenant."""

    def __init__(self, rig, keys):
        super().__init__(rig)
        self._keys = keys

    def start(self):
        rig = self.rig
        self._etc()
        rig.write("root/etc/dovecot/conf.d/auth-system.conf.ext",
                  "userdb {\n  driver = passwd\n}\n")
        local = rig.write("local.conf.ext", LOCAL % (
            self._keys, USERNAME_CLAIM, rig.tenant.issuer,
            self.door.audience))
        self._start(PASSDB % (PASSWORD, local))

    def ask(self):
        return AuthSocket(os.path.join(self.rig.dir, "base/login/login"))


class AuthSocket:
    """What pop3-login says to Dovecot's auth, on one connection."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")
        self._file.write(b"VERSION\t1\t2\nCPID\t%d\n" % os.getpid())
        self._file.flush()
        while self._file.readline() not in (b"DONE\n", b""):
            pass
        self._id = 0

    def login(self, mechanism, first):
        self._id += 1
        self._file.write(b"AUTH\t%d\t%s\tservice=pop3\tsecured\tresp=%s\n" % (
            self._id, mechanism.encode(), base64.b64encode(first)))
        self._file.flush()
        return self._file.readline().startswith(b"OK\t")


def keys_of_dovecot(rig):
    """The tenant's key as Dovecot wants it: CLIENT/ALGORITHM/KID."""
    status, _, text = rig.tenant.request("GET", "/.well-known/jwks.json")
    assert status == 200
    token = rig.tenant.mint("alice")
    jwk = key_of(json.loads(text), token)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==="))
    n, e = (int.from_bytes(base64.urlsafe_b64decode(jwk[x] + "==="), "big")
            for x in "ne")
    pem = rsa.RSAPublicNumbers(e, n).public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo)
    rig.write("keys/%s/RS256/%s" % (claims["azp"], jwk["kid"]), pem.decode())
    return os.path.join(rig.dir, "keys")


class Scene:
    """The three hosts, and the tokens that all of them get."""

    def __init__(self, rig):
        self.rig = rig
        self.dovecot = AloneDovecot(rig, keys_of_dovecot(rig))
        cyrus = Cyrus(rig)
        door = cyrus.imap
        rig.configure_as(cyrus.page, "keys_max_age = 3600\n", {
            "[service imap]": "[service ldap]\naudience = %s\n"
            "required_scopes = mail\n[service imap]" % door.audience})
        self.directory = Directory(rig)     # before the jail has plug-ins
        rig.install()
        self._start_with_passwords(cyrus)
        self.cyrus = cyrus
        self.dovecot.start()
        with open(os.path.join(rig.dir, "slapd.pid"), encoding="ascii") as f:
            self.slapd_pid = int(f.read())

    def _start_with_passwords(self, cyrus):
        rig = self.rig
        database = os.path.join(rig.dir, "sasldb2")
        status, out = rig.run("saslpasswd2", "-p", "-c", "-f", database, "-u",
                              "mail.example.com", "alice", text=PASSWORD)
        assert status == 0, out
        os.chmod(database, 0o644)
        cyrus.start(sasl_mech_list="OAUTHBEARER PLAIN",
                    sasl_sasldb_path=database)

    def batches(self, count, size):
        """{way: [[token or None]]} for so many batches of this size."""
        door = self.cyrus.imap
        number = itertools.count()

        def mint():     # two tokens of one second would be the same
            return door.mint(claims={USERNAME_CLAIM: door.user,
                                     "number": next(number)})

        seen = mint()
        return dict(zip(WAYS, (
            [[None] * size] * count,
            [[mint() for _ in range(size)] for _ in range(count)],
            [[seen] * size] * count)))

    def over_tls(self):
        """{host: (login(mechanism, first message), user name, pid)}"""
        def mail(door):
            def login(mechanism, first):
                with door.connect() as talk:
                    return talk.login(mechanism, first)[0].kind == "in"
            return login

        def ldaps(mechanism, first):
            with self.directory.connect() as ldap:
                return ldap.bind(mechanism, first)[0] == 0

        return {
            "imapd": (mail(self.cyrus.imap), b"alice", self.cyrus.pid),
            "slapd": (ldaps, b"u:alice", self.slapd_pid),
            "Dovecot": (mail(self.dovecot.door), b"alice", self.dovecot.pid)}

    def on_sockets(self):
        """The same on connections that stay."""
        ldap, auth = self.directory.connect_here(), self.dovecot.ask()
        return {
            "slapd": (lambda mechanism, first:
                      ldap.bind(mechanism, first)[0] == 0, b"u:alice",
                      self.slapd_pid),
            "Dovecot": (auth.login, b"alice", self.dovecot.pid)}


# --- what is measured -------------------------------------------------------------

TICK = 1e9 / os.sysconf("SC_CLK_TCK")


def family(root):
    """A process and all below it: (pid, ticks of those that have ended)."""
    children, ended = collections.defaultdict(list), {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):      # it has just ended
            with open("/proc/%s/stat" % name, encoding="ascii") as f:
                stat = f.read().rpartition(")")[2].split()
            children[int(stat[1])].append(int(name))
            ended[int(name)] = int(stat[13]) + int(stat[14])
    todo = [root]
    while todo:
        pid = todo.pop()
        yield pid, ended.get(pid, 0)
        todo += children[pid]


def cpu_of(root):
    """Nanoseconds that a host has used, with all its processes."""
    total = 0
    for pid, ended in family(root):
        total += ended * TICK
        with contextlib.suppress(OSError):
            total += cpu_ns(pid)
    return total


def sample(what, login, way, firsts, pid):
    """Nanoseconds of the clock and of the host's processors, for a login."""
    mechanism = way.partition(",")[0]
    cpu, start = cpu_of(pid), time.perf_counter_ns()
    done = [login(mechanism, first) for first in firsts]
    wall = time.perf_counter_ns() - start
    time.sleep(SETTLE)          # the host tidies up
    if not all(done):
        sys.exit("bench: a login failed: " + what)
    return [n / len(firsts) for n in (wall, cpu_of(pid) - cpu)]


def measure(hosts, batches):
    """{"host, way": [(wall, CPU)]}; host after host, and another way first in
    each round."""
    taken = collections.defaultdict(list)
    ways = list(batches.items())
    for n in range(ROUNDS + 1):
        ways.append(ways.pop(0))
        for way, tokens in ways:
            for host, (login, name, pid) in hosts.items():
                firsts = [PLAIN if token is None else
                          message(token.encode(), name)
                          for token in tokens[n]]
                what = "%s, %s" % (host, way)
                one = sample(what, login, way, firsts, pid)
                if n > 0:               # the first warms up
                    taken[what].append(one)
    return taken


def group(b, name, hosts, batches):
    taken = sorted(measure(hosts, batches).items())
    first = [wall for wall, _ in taken[0][1]]
    text = ["%d rounds of %d logins in turns" % (
        ROUNDS, len(batches[WAYS[0]][0])),
        "%-40s %10s %10s %11s %7s" % ("", "median us", "per second",
                                      "its CPU us", "ratio")]
    b.results[name] = []
    for what, samples in taken:
        wall, cpu = (statistics.median(x) / 1e3 for x in zip(*samples))
        ratio = statistics.median(x / y for x, (y, _) in zip(first, samples))
        text.append("%-40s %10.0f %10.0f %11.0f %7.2f" % (
            what, wall, 1e6 / wall, cpu, ratio))
        b.results[name].append((what, [wall, 1e6 / wall, cpu, ratio]))
    b.texts[name] = "\n".join(text)
    print("== %s ==\n%s\n" % (name, b.texts[name]), flush=True)


def logins(b):
    """A scene of its own: hosts want to be set up as their pages say."""
    with Rig("bench-hosts") as rig:
        scene = Scene(rig)
        group(b, "hosts-tls", scene.over_tls(),
              scene.batches(ROUNDS + 1, LOGINS))
        group(b, "hosts-sockets", scene.on_sockets(),
              scene.batches(ROUNDS + 1, QUESTIONS))


class Alone:
    """What bench.py would keep."""

    results, texts = {}, {}


if __name__ == "__main__":
    logins(Alone)
