# SPDX-License-Identifier: BSD-2-Clause
"""Faults in how the tenant speaks: slow, in part, not at all; TLS and the
listening socket; life and death of the server; tenantctl."""

import concurrent.futures
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import tenantlib
from selftest_support import (JWKS, USERINFO, Case, Wire, connect, exchange,
                              split)

HERE = os.path.dirname(os.path.abspath(__file__))


class Slow(Case):
    def test_delay(self):
        """delay before the answer"""
        self.tenant.fault("jwks", delay=0.5, times=1)
        answer = exchange(self.tenant, JWKS)
        self.assertGreater(answer.first, 0.5)
        self.assertEqual(split(answer.data)[0], 200)

    def test_hang(self):
        """no answer; counted all the same; ends when it is cleared"""
        self.tenant.fault("jwks", hang=True)
        answer = exchange(self.tenant, JWKS, timeout=0.4)
        self.assertEqual((answer.data, answer.ending), (b"", "timeout"))
        self.assertEqual(self.tenant.count(JWKS), 1)
        self.assertIn("hang", self.tenant.log()[0]["fault"])
        threading.Timer(0.3, self.tenant.clear).start()
        answer = exchange(self.tenant, JWKS)
        self.assertEqual((answer.data, answer.ending), (b"", "cut"))
        self.assertLess(answer.seconds, 2)

    def test_hang_within(self):
        """stop after the head, within the body"""
        self.tenant.fault("jwks", hang="head", times=1)
        _, headers, body = split(exchange(self.tenant, JWKS, 0.4).data)
        self.assertEqual(body, b"")
        self.tenant.fault("jwks", hang="body", times=1)
        _, headers, body = split(exchange(self.tenant, JWKS, 0.4).data)
        self.assertEqual(len(body), int(headers["content-length"]) // 2)

    def test_drip(self):
        """so many bytes a second, in head or body"""
        self.tenant.fault("userinfo", drip=20, times=1)
        answer = exchange(self.tenant, USERINFO, 0.8)
        self.assertTrue(2 <= len(answer.data) <= 18, answer)
        self.tenant.fault("userinfo", drip=20, drip_in="body", times=1)
        answer = exchange(self.tenant, USERINFO)
        self.assertGreater(answer.seconds, 0.5)
        self.assertLess(answer.first, answer.seconds - 0.4)
        self.assertTrue(answer.data.endswith(b"Unauthorized"))
        self.tenant.fault("userinfo", drip=200, drip_in="head", times=1)
        answer = exchange(self.tenant, USERINFO)
        self.assertGreater(answer.seconds, 0.7)
        self.assertTrue(answer.data.endswith(b"Unauthorized"))

    def test_interim(self):
        """100 Continue again and again"""
        self.tenant.fault("jwks", interim=5, times=1)
        data = exchange(self.tenant, JWKS).data
        self.assertEqual(data.count(b"HTTP/1.1 100 Continue\r\n\r\n"), 5)
        self.assertIn(b"HTTP/1.1 200 OK", data)
        self.tenant.fault("jwks", interim=-1, times=1)
        answer = exchange(self.tenant, JWKS, 0.3)
        self.assertNotIn(b"200 OK", answer.data)
        self.assertGreater(answer.data.count(b"100 Continue"), 5)


class Framing(Case):
    def one(self, path=JWKS, **options):
        self.tenant.fault(path, times=1, **options)
        return exchange(self.tenant, path)

    def test_close_and_reset(self):
        """the connection ends without an answer"""
        answer = self.one(close=True)
        self.assertEqual((answer.data, answer.ending), (b"", "notify"))
        answer = self.one(reset=True)
        self.assertEqual((answer.data, answer.ending), (b"", "reset"))
        self.assertEqual(self.tenant.count(JWKS), 2)

    def test_truncate(self):
        """fewer bytes than Content-Length says, with and without the end
        of TLS"""
        for options, ending in (({}, "notify"), ({"no_notify": True}, "cut")):
            answer = self.one(truncate=100, **options)
            _, headers, body = split(answer.data)
            self.assertEqual((len(body), answer.ending), (100, ending))
            self.assertGreater(int(headers["content-length"]), 1000)

    def test_no_length(self):
        """a body that ends with the connection"""
        answer = self.one(no_length=True)
        _, headers, body = split(answer.data)
        self.assertNotIn("content-length", headers)
        self.assertEqual(answer.ending, "notify")
        self.assertIn("keys", json.loads(body))

    def test_chunked(self):
        """chunks, good and bad"""
        _, headers, body = split(self.one(chunked="good").data)
        self.assertEqual(headers["transfer-encoding"], "chunked")
        self.assertTrue(body.endswith(b"\r\n0\r\n\r\n"))
        size, _, rest = body.partition(b"\r\n")
        self.assertEqual(len(rest), int(size, 16) + 7)
        self.tenant.fault("jwks", chunked="good", times=1)
        self.assertIn("keys", self.json(JWKS))
        _, _, body = split(self.one(chunked="bad").data)
        self.assertTrue(body.startswith(b"zz\r\n"))

    def test_headers(self):
        """very many headers, a very long one"""
        _, headers, _ = split(self.one(header_count=10000).data)
        self.assertEqual(len([h for h in headers if "x-fill" in h]), 10000)
        _, headers, _ = split(self.one(header_size=10 ** 6).data)
        self.assertEqual(len(headers["x-fill"]), 10 ** 6)

    def test_raw(self):
        """any bytes in place of an answer"""
        self.assertEqual(self.one(raw="{}").data, b"{}")
        self.assertEqual(self.one(raw_b64="AP8=").data, b"\0\xff")

    def test_wrong_length(self):
        """headers of the caller win"""
        _, headers, _ = split(self.one(headers={"content-length": 5}).data)
        self.assertEqual(headers["content-length"], "5")

    def test_keep_alive(self):
        """several requests on one connection, each counted"""
        wire = Wire(self.tenant)
        for _ in range(4):
            wire.send(b"GET /userinfo HTTP/1.1\r\nHost: x\r\n\r\n")
            data = b""
            while not data.endswith(b"Unauthorized"):
                data += wire.receive()
        wire.close()
        count = self.tenant.count()
        self.assertEqual((count["total"], count["connections"]), (4, 1))


class Tls(Case):
    def refusal(self):
        """Why a client that checks certificates will not talk."""
        try:
            connect(self.tenant).close()
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except ssl.SSLError as error:
            return error.reason
        return None

    def test_certificates(self):
        """each kind of certificate is refused for its own reason"""
        for kind, reason in (
                ("expired", "expired"), ("not-yet-valid", "not yet valid"),
                ("wrong-host", "mismatch"), ("no-san", "mismatch"),
                ("self-signed", "self-signed"), ("other-ca", "local issuer")):
            self.tenant.certificate(kind)
            self.assertIn(reason, self.refusal(), kind)
        self.tenant.certificate(names=["*.example.com"])
        self.assertIn("mismatch", self.refusal())
        self.tenant.certificate()
        self.assertIsNone(self.refusal())
        self.assertEqual(self.tenant.count()["total"], 0)

    def test_versions(self):
        """an old TLS version only; a new one only"""
        self.tenant.certificate(tls="1.1")
        self.assertIn("VERSION", self.refusal() or "")
        old = ssl.create_default_context(cafile=self.tenant.ca)
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", self.tenant.port)) as s:
            with old.wrap_socket(s, server_hostname="localhost") as tls:
                self.assertEqual(tls.version(), "TLSv1.1")
        self.tenant.certificate(tls="1.3")
        self.assertIsNone(self.refusal())

    def test_open_connections(self):
        """a new certificate ends the connections of the old one"""
        tls = connect(self.tenant)
        self.tenant.certificate("expired")
        with self.assertRaises(OSError):
            tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
            if tls.recv(1) == b"":
                raise OSError("closed")


class Connections(Case):
    def attempt(self, timeout=1.0):
        """How a handshake ends: "ok", "timeout", "reset", or an error."""
        try:
            connect(self.tenant, timeout).close()
            return "ok"
        except TimeoutError:
            return "timeout"
        except ConnectionResetError:
            return "reset"
        except (ConnectionError, ssl.SSLError) as error:
            return str(error)

    def test_phases(self):
        """close, RST and silence at each step of the handshake"""
        for at in ("accept", "hello", "handshake"):
            for action, expected in (("close", "EOF"), ("reset", "reset"),
                                     ("hang", "timeout")):
                self.tenant.connection(action, at=at, times=1)
                limit = 0.3 if action == "hang" else 3
                self.assertIn(expected, self.attempt(limit), (action, at))
        count = self.tenant.count()
        self.assertEqual((count["connections"], count["handshakes"],
                          count["total"]), (9, 0, 0))
        self.assertEqual(self.attempt(), "ok")

    def test_plain(self):
        """plain HTTP where TLS is expected"""
        self.tenant.connection("plain", at="hello", times=1)
        self.assertRegex(self.attempt(), "WRONG_VERSION_NUMBER|wrong version")

    def test_refuse(self):
        """connection refused, until cleared"""
        for _ in range(2):
            self.tenant.connection("refuse")
            self.assertIn("refused", self.attempt())
            self.assertIn("refused", self.attempt())
            self.tenant.clear()
            self.assertEqual(self.attempt(), "ok")

    def test_skip_and_times(self):
        """the second connection only"""
        self.tenant.connection("close", skip=1, times=1)
        first, second, third = (self.attempt() for _ in range(3))
        self.assertEqual((first, third), ("ok", "ok"))
        self.assertNotEqual(second, "ok")

    def test_noise(self):
        """a client that speaks no TLS does no harm"""
        with socket.create_connection(("127.0.0.1", self.tenant.port)) as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            s.settimeout(2)
            with contextlib.suppress(ConnectionResetError):
                while s.recv(4096):
                    pass
        self.assertEqual(self.tenant.count()["failed_handshakes"], 1)


class Server(Case):
    def test_flood(self):
        """50 clients at once: nothing is lost, nothing counted twice"""
        begin, each = time.monotonic(), 8
        self.tenant.fault("jwks", status=500, times=100)
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            statuses = list(pool.map(lambda _: self.ask(JWKS)[0],
                                     range(50 * each)))
        self.assertEqual(self.tenant.count(JWKS), 50 * each)
        self.assertEqual(self.tenant.count()["handshakes"], 50 * each)
        self.assertEqual(statuses.count(500), 100)
        self.assertEqual(statuses.count(200), 50 * each - 100)
        print("%.0f connections/s " % (
            50 * each / (time.monotonic() - begin)), end="")

    def test_life(self):
        """its own port, issuer, names; gone after SIGTERM"""
        with tempfile.TemporaryDirectory() as directory:
            tenant = tenantlib.Tenant.start(
                directory, issuer="https://tenant.example.com/",
                audience="urn:x", name=["tenant.example.com", "::1"])
            self.assertEqual(oct(os.stat(directory + "/ready").st_mode)[-3:],
                             "600")
            self.assertEqual(tenant.request("GET", JWKS)[0], 200)
            context = ssl.create_default_context(cafile=tenant.ca)
            with socket.create_connection(("127.0.0.1", tenant.port)) as s:
                context.wrap_socket(
                    s, server_hostname="tenant.example.com").close()
            document = json.loads(tenant.request(
                "GET", "/.well-known/openid-configuration")[2])
            self.assertEqual(document["jwks_uri"],
                             "https://tenant.example.com" + JWKS)
            tenant.stop()
            with self.assertRaises(ConnectionRefusedError):
                tenant.request("GET", JWKS)
            self.assertEqual(sorted(os.listdir(directory)),
                             ["ca.pem", "tenant.log"])

    def test_directory(self):
        """a directory that others can write is refused"""
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o777)
            with self.assertRaisesRegex(tenantlib.TenantError,
                                        "nobody else may write"):
                tenantlib.Tenant.start(directory)

    def test_parent(self):
        """it ends when its parent is killed"""
        with tempfile.TemporaryDirectory() as directory:
            parent = subprocess.Popen(
                [sys.executable, "-c", "import sys, time; sys.path.insert(0, "
                 "sys.argv[1]); import tenantlib; tenantlib.Tenant.start("
                 "sys.argv[2]); time.sleep(60)", HERE, directory],
                env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
            deadline = time.monotonic() + 10
            while (tenantlib.read_ready(directory) is None
                   and time.monotonic() < deadline):
                time.sleep(0.05)
            tenant = tenantlib.Tenant.attach(directory)
            watch = os.pidfd_open(tenant.pid)
            parent.kill()
            parent.wait()
            self.assertTrue(tenantlib.ended(watch, 5))
            os.close(watch)


class CommandLine(Case):
    def run_ctl(self, *words, status=0):
        done = subprocess.run(
            [os.path.join(HERE, "tenantctl"), self.tenant.directory, *words],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout.strip() if status == 0 else done.stderr.strip()

    def test_commands(self):
        """mint, fault, count, get from a shell"""
        self.assertEqual(self.run_ctl("get", "issuer"), self.tenant.issuer)
        self.assertEqual(self.run_ctl("get", "clients.native.client_id"),
                         self.tenant.clients["native"]["client_id"])
        token = self.run_ctl("mint", "alice", "pad_to=1024", "kid=12",
                             'claims.n=[1]', "claims.azp=null")
        self.assertEqual(len(token), 1024)
        self.run_ctl("fault", "userinfo", "status=429", "times=1",
                     "headers.X-Y=z")
        status, headers, _ = self.ask(USERINFO, token)
        self.assertEqual((status, headers["X-Y"]), (429, "z"))
        self.assertEqual(self.run_ctl("count", "userinfo"), "1")
        self.assertEqual(json.loads(self.run_ctl("count"))["total"], 1)
        self.assertEqual(json.loads(self.run_ctl("log"))["status"], 429)
        self.assertEqual(self.run_ctl("clear"), "")
        self.assertIn("no command 'x'", self.run_ctl("x", status=1))
        self.assertIn("unknown option 'x'",
                      self.run_ctl("mint", "alice", "x=1", status=1))

    def test_start_and_stop(self):
        """start and stop from a shell"""
        with tempfile.TemporaryDirectory() as directory:
            ctl = [os.path.join(HERE, "tenantctl"), directory]
            subprocess.run(ctl + ["start", "--with-parent", str(os.getpid())],
                           check=True)
            self.assertIsNotNone(tenantlib.read_ready(directory))
            subprocess.run(ctl + ["stop"], check=True)
            self.assertIsNone(tenantlib.read_ready(directory))
