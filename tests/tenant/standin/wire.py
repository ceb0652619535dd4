# SPDX-License-Identifier: BSD-2-Clause
"""Requests and answers as objects, and how an answer goes out: whole, slowly,
in part, or not at all."""

import email.utils
import http
import json
import select
import socket
import ssl
import struct
import urllib.parse

JSON_TYPE = "application/json; charset=utf-8"
LOOK = 0.1              # seconds between two looks after the client
NO_BODY = (204, 304)


class Request:
    """What a handler has to know.  query and form: {name: text}; a JSON body
    gives the form too."""

    def __init__(self, method, target, headers, body):
        url = urllib.parse.urlsplit(target)
        self.method = method
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.headers = headers
        self.body = body

    def form(self):
        """Raises ValueError if the body is neither a form nor an object."""
        if "json" not in self.headers.get("Content-Type", ""):
            return dict(urllib.parse.parse_qsl(self.body.decode()))
        out = json.loads(self.body or b"{}")
        if not isinstance(out, dict):
            raise ValueError("the body is no JSON object")
        return {name: value if isinstance(value, str) else json.dumps(value)
                for name, value in out.items()}


class Response:
    """status, headers {name: text}, body (bytes)"""

    def __init__(self, status, body, headers=None, content_type=JSON_TYPE):
        self.status = status
        self.headers = {"Content-Type": content_type}
        self.headers.update(headers or {})
        self.body = body

    @classmethod
    def json(cls, status, document, headers=None):
        return cls(status, json.dumps(document).encode(), headers)

    @classmethod
    def error(cls, status, error, description, headers=None):
        """An OAuth error, RFC 6749 section 5.2."""
        return cls.json(status, {"error": error,
                                 "error_description": description}, headers)

    def head(self):
        lines = ["HTTP/1.1 %d %s" % (self.status, reason(self.status))]
        lines += ["%s: %s" % pair for pair in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def reason(status):
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def complete(response, now, keep_alive):
    """Headers that every answer has; what is set already stays."""
    headers = {"Date": email.utils.formatdate(now, usegmt=True),
               "Server": "tenant", "Cache-Control": "no-store"}
    headers.update(response.headers)
    if response.status not in NO_BODY:
        headers.setdefault("Content-Length", str(len(response.body)))
    headers["Connection"] = "keep-alive" if keep_alive else "close"
    response.headers = headers


def readable(connection, seconds):
    """Is there something to read, or the end, within that time?"""
    look = select.poll()        # select() fails above 1024 descriptors
    look.register(connection, select.POLLIN)
    return bool(look.poll(seconds * 1000))


def gone(connection):
    """Has the client closed its side?  What it says meanwhile is lost."""
    if not readable(connection, 0):
        return False
    usual = connection.gettimeout()
    try:
        connection.settimeout(1)
        return connection.recv(4096) == b""
    except OSError:
        return True
    finally:
        connection.settimeout(usual)


def pause(connection, seconds, cancelled):
    """Wait; None is for good.  False when the wait was cut short, because
    the rule was cleared or the client left."""
    while seconds is None or seconds > 0:
        step = LOOK if seconds is None else min(LOOK, seconds)
        if cancelled.wait(step) or gone(connection):
            return False
        if seconds is not None:
            seconds -= step
    return True


def drip(connection, data, rate, cancelled):
    """Send rate bytes in each second.  Raises ConnectionAbortedError."""
    step = max(1, int(rate * LOOK))
    for at in range(0, len(data), step):
        connection.sendall(data[at:at + step])
        if not pause(connection, step / rate, cancelled):
            raise ConnectionAbortedError("cut short")


def chunks(body, how):
    """The body with the framing of RFC 9112 section 7.1, or garbage."""
    if how == "bad":
        return b"zz\r\n" + body + b"\r\n"
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def send_interim(connection, count, cancelled):
    """100 Continue, count times or, below zero, until the client leaves."""
    while count != 0:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        count -= 1
        if count < 0 and cancelled.wait(LOOK / 10):
            raise ConnectionAbortedError("cut short")


def frame(response, rule):
    """(head, body) as bytes under a rule."""
    for i in range(rule.header_count):
        response.headers["X-Fill-%d" % i] = "fill"
    if rule.header_size:
        response.headers["X-Fill"] = "x" * rule.header_size
    body = response.body if response.status not in NO_BODY else b""
    if rule.chunked:
        response.headers.pop("Content-Length", None)
        response.headers["Transfer-Encoding"] = "chunked"
        body = chunks(body, rule.chunked)
    if rule.no_length:
        response.headers.pop("Content-Length", None)
    if rule.truncate is not None:
        body = body[:rule.truncate]
    return response.head(), body


def ends_connection(rule):
    """Does the answer under this rule end with the connection?"""
    return (rule.no_length or rule.no_notify or rule.truncate is not None
            or rule.chunked == "bad")


def send(connection, response, rule, with_body=True):
    """Write an answer that is complete()d.  Returns what is to be done with
    the connection: "keep", "close", or "drop" (no close_notify)."""
    if rule is None:
        connection.sendall(response.head()
                           + (response.body if with_body else b""))
        return "keep"
    head, body = frame(response, rule)
    body = body if with_body else b""
    send_interim(connection, rule.interim, rule.cancelled)
    if rule.hang:
        stop = {"start": 0, "head": len(head),
                "body": len(head) + len(body) // 2}[rule.hang]
        connection.sendall((head + body)[:stop])
        pause(connection, None, rule.cancelled)
        return "drop"
    for part, data in (("head", head), ("body", body)):
        if rule.drip and rule.drip_in in ("all", part):
            drip(connection, data, rule.drip, rule.cancelled)
        else:
            connection.sendall(data)
    if rule.no_notify:
        return "drop"
    return "close" if ends_connection(rule) else "keep"


def reset(connection):
    """Let the next close() send RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def close(connection):
    """End TLS as the standard asks, then TCP."""
    try:
        connection.settimeout(1)
        connection.unwrap()
    except (OSError, ValueError, ssl.SSLError):
        pass                    # the client was faster, or does not care
