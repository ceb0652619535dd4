#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What ADR 40 has measured: saslauthd cuts tokens off, libsasl2 would not."""

import os
import socket
import struct
import sys
import threading

import rig as rig_module
from rig import BUILD, USERNAME_CLAIM, Rig, free_port
from wire import Memcached

LONGEST = 256           # bytes of a password, for saslauthd
SIZES = ((256, True), (257, True), (735, True), (8000, True), (8200, False))
STACK = "auth required {0}\naccount required {0}\n"


class Daemon(threading.Thread):
    """Speaks saslauthd's protocol: four counted strings are a question, one
    is the answer.  It keeps the passwords."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.passwords = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        self._socket.listen()

    def run(self):
        while True:
            peer, _ = self._socket.accept()
            with peer, peer.makefile("rwb") as stream:
                parts = []
                for _ in range(4):
                    size, = struct.unpack(">H", stream.read(2))
                    parts.append(stream.read(size))
                self.passwords.append(parts[1])
                stream.write(struct.pack(">H", 2) + b"OK")


def memcached(rig, mux):
    """One with PLAIN, that asks at that socket; its port."""
    port, where = free_port(), "sasl2-%d" % len(mux)
    rig.write(where + "/memcached.conf", "mech_list: PLAIN\n"
              "pwcheck_method: saslauthd\nsaslauthd_path: %s\n" % mux)
    rig.start("memcached", "-S", "-u", "memcache", "-l", "127.0.0.1", "-p",
              str(port), "-U", "0", wait_port=port, log="memcached.log",
              env={"SASL_CONF_PATH": os.path.join(rig.dir, where)})
    return port


def plain(port, password):
    with Memcached(port) as talk:
        return talk.login("PLAIN", b"\0alice\0" + password)[0].kind == "in"


def with_saslauthd(rig):
    """The real one, which asks PAM, which asks us."""
    module = "%s/.libs/pam_audient.so config=%s/audient.conf nodelay" % (
        BUILD, rig.dir)
    rig.replace("/etc/pam.d")
    for service in ("memcached", "other"):
        rig.write("root/etc/pam.d/" + service, STACK.format(module))
    rig.accounts("alice")
    where = rig.path("saslauthd")
    rig.start("saslauthd", "-a", "pam", "-m", where, "-n", "1", "-d",
              log="saslauthd.log")
    port = memcached(rig, where + "/mux")
    for _ in range(100):
        if os.path.exists(where + "/mux"):
            break
        threading.Event().wait(0.05)

    for kind, alg, fits in (("opaque-old", "RS256", True),
                            ("opaque", "RS256", False),
                            ("access", "RS256", False),
                            ("access", "ES256", False)):
        mark = rig.syslog.mark()
        token = rig.tenant.mint("alice", kind=kind, alg=alg).encode()
        admitted = plain(port, token)
        asked = any("verdict=" in line for line in rig.syslog.news(mark))
        rig.case((len(token) <= LONGEST) == fits == admitted == asked,
                 "saslauthd: %s, %s, %d bytes: %s" % (
                     kind, alg, len(token), "in" if fits else
                     "out, without a question"), *rig.syslog.news(mark))


def with_another(rig):
    """What libsasl2 hands to a daemon that takes more."""
    mux = os.path.join(rig.path("another"), "a-socket-of-ours")
    daemon = Daemon(mux)
    daemon.start()
    port = memcached(rig, mux)
    for size, fits in SIZES:
        password = (b"0123456789abcdef" * 1000)[:size]
        admitted = plain(port, password)
        arrived = daemon.passwords[-1:] == [password]
        rig.case(admitted == arrived == fits,
                 "libsasl2: a password of %d bytes %s" % (
                     size, "arrives whole" if fits else "is refused"),
                 [len(p) for p in daemon.passwords])


def main():
    rig_module.need_root()
    rig_module.need("saslauthd", "memcached", "unshare")
    with Rig("saslauthd") as rig:
        rig.configure("opaque_tokens = accept-unbound\n"
                      "required_claim = %s alice\n" % USERNAME_CLAIM)
        with_saslauthd(rig)
        with_another(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
