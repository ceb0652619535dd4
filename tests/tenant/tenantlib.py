# SPDX-License-Identifier: BSD-2-Clause
"""Start a stand-in tenant, and talk to it, from a test in Python.

    with Tenant.start(directory) as tenant:
        token = tenant.mint("alice", scope="openid")
        tenant.fault("/userinfo", status=429, times=3)
        ...
        assert tenant.count("/userinfo") == 4

Needs the standard library only.  All calls may be made from any thread or
process; each opens a connection of its own.  README.md lists the options.
"""

import http.client
import json
import os
import select
import signal
import ssl
import subprocess
import time
import urllib.parse

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "tenant.py")
START = 30              # seconds until it must be ready
STOP = 5                # seconds until it must have ended
ANSWER = 30             # seconds for a control command


class TenantError(Exception):
    """The tenant did not start, or refused a command; the text says why."""


def read_ready(directory):
    """The facts in DIR/ready, or None as long as there is none."""
    try:
        with open(os.path.join(directory, "ready"), encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def launch(directory, arguments):
    """Start a tenant and return its process when it listens.  What it has to
    say goes to DIR/tenant.log."""
    log_path = os.path.join(directory, "tenant.log")
    stale = os.path.join(directory, "ready")
    if os.path.exists(stale):
        os.unlink(stale)
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "--dir", directory] + arguments,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline = time.monotonic() + START
    while read_ready(directory) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            with open(log_path, encoding="utf-8", errors="replace") as log:
                raise TenantError("the tenant did not start: " + log.read())
        time.sleep(0.02)
    return process


def ended(watch, seconds):
    """Does the process of a pidfd end within that time?"""
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def end(pid):
    """SIGTERM, and SIGKILL if that does not help."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(watch, number)
            if ended(watch, STOP):
                return
    except ProcessLookupError:
        pass                    # ended meanwhile
    finally:
        os.close(watch)


class Tenant:
    """A running tenant.

    issuer, audience, ca (path), port, password (of every user) and clients
    ({name: {"client_id", "client_secret"}}) are attributes.
    """

    def __init__(self, directory, process=None):
        facts = read_ready(directory)
        if facts is None:
            raise TenantError("no tenant is ready in %s" % directory)
        self.directory = directory
        self.issuer, self.audience = facts["issuer"], facts["audience"]
        self.port, self.pid, self.ca = facts["port"], facts["pid"], facts["ca"]
        self.password, self.clients = facts["password"], facts["clients"]
        self._control = facts["control"]
        self._process = process
        self._trust = ssl.create_default_context(cafile=self.ca)

    @classmethod
    def start(cls, directory, **options):
        """Start one in a private directory.  Options are those of tenant.py:
        port=8443, issuer="https://...", audience="...", host="...",
        name=["..."].  It ends with this process at the latest."""
        arguments = ["--with-parent", str(os.getpid())]
        for option, value in options.items():
            for item in value if isinstance(value, list) else [value]:
                arguments += ["--" + option.replace("_", "-"), str(item)]
        directory = os.path.abspath(directory)
        return cls(directory, launch(directory, arguments))

    @classmethod
    def attach(cls, directory):
        """One that was started before, by anybody."""
        return cls(os.path.abspath(directory))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        end(self.pid)
        if self._process is not None:
            self._process.wait()

    def control(self, command, **options):
        """One control command; returns its answer, an object."""
        url = urllib.parse.urlsplit(self._control["url"])
        connection = http.client.HTTPSConnection(
            url.hostname, url.port, timeout=ANSWER, context=self._trust)
        try:
            connection.request(
                "POST", url.path + command, json.dumps(options),
                {"Content-Type": "application/json",
                 "X-Control-Key": self._control["key"]})
            answer = connection.getresponse()
            document = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise TenantError(document["error"])
        return document

    def mint(self, user="alice", **options):
        """A token, as text."""
        return self.control("mint", user=user, **options)["token"]

    def fault(self, path="*", **options):
        self.control("fault", path=path, **options)

    def connection(self, action, **options):
        """A fault below HTTP: close, reset, hang, plain, refuse."""
        self.control("connection", action=action, **options)

    def clear(self, path=None):
        self.control("clear", path=path)

    def rotate(self, keep_previous=True):
        return self.control("rotate", keep_previous=keep_previous)["keys"]

    def certificate(self, kind="good", **options):
        self.control("certificate", kind=kind, **options)

    def count(self, path="all"):
        """Requests for a path; for "all" an object with all counters."""
        return self.control("count", path=path)["count"]

    def log(self):
        return self.control("log")["log"]

    def forget(self):
        """Counters and log begin anew."""
        self.control("forget")

    def reset(self):
        self.control("reset")

    def request(self, method, path, body=None, headers=None, timeout=ANSWER):
        """What a client would ask on the public port; body: bytes, or a
        table, sent as a form.  Returns (status, headers, body)."""
        headers = dict(headers or {})
        if isinstance(body, dict):
            body = urllib.parse.urlencode(body).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=timeout, context=self._trust)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
