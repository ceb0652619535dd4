#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Names that cannot be resolved, and addresses that lead nowhere.  Runs in a
network namespace of its own, where the only name server is the one below."""

import contextlib
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading

import rig as rig_module
from faultlib import SLACK, TIMEOUT, Host, Table, list_rows
from rig import Rig, Tenant, free_port

AWAY = "issuer_unavailable"
OPAQUE = "opaque_tokens = accept-unbound\nrequired_claim = email_verified true"
NAME = "tenant.test"
HOME, SILENT, CLOSED, NOWHERE = ("127.0.0.1", "127.0.0.3", "127.0.0.4",
                                 "192.0.2.1")
STRANGER = "127.0.0.6"  # has the name in a certificate that nobody trusts
A, AAAA, CNAME = 1, 28, 5
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5


class Silence(Exception):
    """No answer at all."""


def silent(query):
    raise Silence


def code(number):
    return lambda query: (number, [])


def addresses(*v4, v6=()):
    def answer(query):
        return 0, ([(A, socket.inet_aton(a)) for a in v4]
                   if query == A else
                   [(AAAA, socket.inet_pton(socket.AF_INET6, a)) for a in v6]
                   if query == AAAA else [])
    return answer


def loop(query):
    """The name stands for itself."""
    return 0, [(CNAME, b"\xc0\x0c")]


GOOD = addresses(HOME)
# (what, the name server's answer or bytes instead, wants: nothing cached,
# keys too old, opaque token)
NO_ANSWER, ALL_GOOD = (AWAY, "ok", AWAY), ("ok", "ok", "ok")
ROWS = [
    ("the name does not exist", code(NXDOMAIN), NO_ANSWER),
    ("the name server fails", code(SERVFAIL), NO_ANSWER),
    ("the name server refuses", code(REFUSED), NO_ANSWER),
    ("the name server is silent", silent, NO_ANSWER),
    ("the name server talks nonsense", b"nonsense", NO_ANSWER),
    ("the name server answers another question", b"\0\0", NO_ANSWER),
    ("the name has no address", addresses(), NO_ANSWER),
    ("the name stands for itself", loop, NO_ANSWER),
    ("the address has no route", addresses(NOWHERE), NO_ANSWER),
    ("the address refuses", addresses(CLOSED), NO_ANSWER),
    ("the address is silent", addresses(SILENT), NO_ANSWER),
    ("two addresses are silent", addresses(SILENT, "127.0.0.5"), NO_ANSWER),
    ("a loopback address, where somebody else is", addresses(STRANGER),
     (AWAY, AWAY, AWAY)),       # his certificate is wrong
    ("a loopback address, where the tenant is", addresses(HOME), ALL_GOOD),
    ("0.0.0.0, which leads to this host", addresses("0.0.0.0"), ALL_GOOD),
    ("IPv6 has no route, IPv4 is good",
     addresses(HOME, v6=("2001:db8::1",)), ALL_GOOD),
    ("IPv6 is silent, IPv4 is good", addresses(HOME, v6=("::1",)), ALL_GOOD),
]


class NameServer:
    """Answers on port 53 what the scene wants."""

    def __init__(self):
        self.answer = GOOD
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(4096)
            with contextlib.suppress(Silence):
                self.socket.sendto(self.reply(data), peer)

    def reply(self, data):
        end = data.index(b"\0", 12) + 5
        if isinstance(self.answer, bytes):
            return self.answer if len(self.answer) > 2 else \
                bytes([data[0] ^ 1]) + data[1:2] + b"\x81\x80" + data[4:end]
        query = struct.unpack(">H", data[end - 4:end - 2])[0]
        status, records = self.answer(query)
        out = data[:2] + struct.pack(">HHHHH", 0x8180 | status, 1,
                                     len(records), 0, 0) + data[12:end]
        for kind, value in records:
            out += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1,
                                             len(value)) + value
        return out


def hold_silent(address, port, family=socket.AF_INET):
    """Who connects there gets no answer: the queue is full and stays so."""
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(0)
    held = [listener]
    for _ in range(4):
        caller = socket.socket(family)
        caller.setblocking(False)
        caller.connect_ex((address, port))
        held.append(caller)
    return held


def bring_up_loopback():
    with socket.socket() as s:
        request = struct.pack("16sH14s", b"lo", 0x1 | 0x40, b"")
        fcntl.ioctl(s, 0x8914, request)         # SIOCSIFFLAGS: up, running


def cover(rig, path, text):
    """A file of ours in the place of one of the system."""
    subprocess.run(["mount", "--bind", rig.write(os.path.basename(path), text),
                    os.path.realpath(path)], check=True)


def login(host, tenant, token, want):
    """(as wanted, reason, seconds)"""
    verdict, reason, seconds, _ = host.explain(token)
    return (reason == want and seconds < TIMEOUT + SLACK and
            (verdict == "allow") == (want == "ok")), reason, seconds


def run_row(rig, host, tenant, server, row):
    what, answer, wants = row
    jwt = tenant.mint("alice", claims={"email_verified": True})
    opaque = tenant.mint("alice", kind="opaque")
    host.forget()
    host.explain(jwt)
    host.age(3600)
    server.answer = answer
    stale = login(host, tenant, jwt, wants[1])
    host.forget()
    cold = login(host, tenant, jwt, wants[0])
    host.forget()
    other = login(host, tenant, opaque, wants[2])
    server.answer = GOOD
    host.forget_marks()
    recovered = host.explain(jwt)[1]
    got = [cold, stale, other]
    rig.case(all(g[0] for g in got) and recovered == "ok" and
             not host.left_over(), what, got, recovered, host.left_over())
    return [g[1] for g in got] + [" / ".join("%.1f" % g[2] for g in got)]


def main():
    with Rig("faults-dns") as rig:
        cover(rig, "/etc/resolv.conf", "nameserver 127.0.0.1\n")
        cover(rig, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n"
              "hosts: files dns\n")
        cover(rig, "/etc/hosts", "127.0.0.1 localhost\n")
        port = free_port()
        tenant = Tenant.start(rig.path("named"), port=port, name=NAME,
                              issuer="https://%s:%d/" % (NAME, port))
        ca = rig.write("named.pem", open(tenant.ca).read())
        host = Host(rig.path("host"), tenant.issuer, ca, OPAQUE)
        tenant.control("limit", enabled=False)
        stranger = Tenant.start(rig.path("stranger"), host=STRANGER,
                                port=port, name=NAME, issuer=tenant.issuer)
        server = NameServer()
        held = [hold_silent(SILENT, port), hold_silent("127.0.0.5", port)]
        if socket.has_dualstack_ipv6():
            held.append(hold_silent("::1", port, socket.AF_INET6))
        table = Table("dns faults", "fault", "nothing cached", "keys too old",
                      "opaque token", "seconds *")
        for row in ROWS:
            table.add(row[0], *run_row(rig, host, tenant, server, row))
        for sockets in held:
            for s in sockets:
                s.close()
        tenant.stop()
        rig.case(stranger.count()["total"] == 0 and
                 stranger.count()["failed_handshakes"] > 0,
                 "nobody else was asked anything", stranger.count())
        stranger.stop()
        rig.case(not host.wait_for_no_helper(), "no helper is left behind")
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    list_rows(row[0] for row in ROWS)
    os.umask(0o022)
    rig_module.need_root()
    if os.environ.get("AUDIENT_UNSHARED") is None:
        if subprocess.run(["unshare", "--net", "--mount", "true"],
                          check=False).returncode != 0:
            rig_module.skip("no network namespace can be made here")
        os.environ["AUDIENT_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation",
                              "private", sys.executable, *sys.argv])
    bring_up_loopback()
    sys.exit(main())
