# SPDX-License-Identifier: BSD-2-Clause
"""HTTP over TLS: the port that clients see, and the one for control."""

import hmac
import http.server
import traceback

from standin import control, documents, grants, mangle, userinfo, wire
from standin.listener import Listener
from standin.options import BadOption
from standin.wire import Request, Response

IDLE = 60               # seconds that a connection may stay silent
BODY_MAX = 1024 * 1024
CONTROL_HOST = "127.0.0.1"

READ, WRITE, BOTH = ("GET", "HEAD"), ("POST",), ("GET", "POST")
ROUTES = {
    "/.well-known/openid-configuration": (READ, documents.discovery),
    "/.well-known/oauth-authorization-server": (READ, documents.discovery),
    "/.well-known/jwks.json": (READ, documents.jwks),
    "/userinfo": (BOTH, userinfo.userinfo),
    "/oauth/token": (WRITE, grants.token),
    "/oauth/device/code": (WRITE, grants.device_code),
    "/oauth/revoke": (WRITE, grants.revoke),
    "/activate": (BOTH, grants.activate),
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads requests; what becomes of them is the Front's business."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE

    def __init__(self, connection, number, answer):
        self.number = number    # of the connection
        self.answer = answer    # function of (handler): "keep", ...
        self.ending = "close"
        super().__init__(connection, None, None)

    def serve(self):
        self.ending = self.answer(self)
        if self.ending != "keep":
            self.close_connection = True
        elif self.close_connection:
            self.ending = "close"

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve
    do_OPTIONS = serve

    def read_body(self):
        """Raises ValueError."""
        size = int(self.headers.get("Content-Length", "0"))
        if not 0 <= size <= BODY_MAX or "Transfer-Encoding" in self.headers:
            raise ValueError("no such body, please")
        return self.rfile.read(size)

    def received(self):
        return Request(self.command, self.path, self.headers,
                       self.read_body())

    def log_message(self, *args):
        pass                    # the journal has it


class Front:
    """Both listeners of a tenant.  The control port never fails, and what
    happens there is not counted."""

    def __init__(self, tenant, host, port):
        self._tenant = tenant
        context = tenant.certificates.context()
        self._public = Listener(host, port, context, self._serve_public,
                                tenant.journal, tenant.connection_faults)
        self._control = Listener(CONTROL_HOST, 0, context,
                                 self._serve_control)
        self.port, self.control_port = self._public.port, self._control.port
        self.refuse = self._public.refuse
        self.listen = self._public.listen
        self.use = self._public.use
        self.drop_connections = self._public.drop_connections

    def start(self):
        self._public.listen()
        self._control.listen()

    def _serve_public(self, connection, number):
        return Handler(connection, number, self._answer).ending

    def _serve_control(self, connection, number):
        return Handler(connection, number, self._command).ending

    def _command(self, handler):
        key = handler.headers.get("X-Control-Key", "")
        try:
            if hmac.compare_digest(key.encode(),
                                   self._tenant.control_key.encode()):
                response = control.serve(self, self._tenant,
                                         handler.received())
            else:
                response = Response.json(403, {
                    "error": "X-Control-Key is wrong; see the ready file"})
        except Exception as error:
            traceback.print_exc()
            response = Response.json(500, {"error": repr(error)})
        wire.complete(response, self._tenant.now(), False)
        wire.send(handler.connection, response, None)
        return "close"

    def _answer(self, handler):
        """One request of a client.  Counted first, then a fault, if one is
        due, then the answer."""
        path, _, query = handler.path.partition("?")
        entry = self._tenant.journal.request(
            handler.command, path, query, handler.number,
            handler.headers.get("User-Agent", ""))
        try:
            request = handler.received()
        except ValueError:
            handler.close_connection = True
            request = None
        rule = self._tenant.faults.take(path)
        if rule is not None:
            entry["fault"] = rule.name
            if rule.delay and not wire.pause(handler.connection, rule.delay,
                                             rule.cancelled):
                return "drop"
            if rule.close or rule.reset or raw(rule) is not None:
                return self._break_off(handler.connection, rule)
        response = self._response(request, rule)
        self._dress(handler, response, rule)
        entry["status"] = response.status
        return wire.send(handler.connection, response, rule,
                         handler.command != "HEAD")

    @staticmethod
    def _break_off(connection, rule):
        if rule.reset:
            wire.reset(connection)
            return "drop"
        if raw(rule) is not None:
            connection.sendall(raw(rule))
        return "close"

    def _response(self, request, rule):
        """The answer, right or wrong, without the headers of transport."""
        if rule is not None and mangle.replaces(rule):
            response = mangle.replacement(rule)
        else:
            response = self._routed(request)
        if rule is not None:
            mangle.apply(self._tenant, response, rule)
        return response

    def _routed(self, request):
        if request is None:
            return Response.error(400, "invalid_request", "Bad request body")
        if request.path not in ROUTES:
            return Response.error(404, "not_found", "Not Found")
        methods, function = ROUTES[request.path]
        if request.method not in methods:
            return Response.error(405, "method_not_allowed",
                                  "Method Not Allowed",
                                  {"Allow": ", ".join(methods)})
        try:
            return function(self._tenant, request)
        except BadOption as error:
            return Response.error(400, "invalid_request", str(error))
        except Exception:       # a bug of ours: seen in log and counters
            self._tenant.journal.event("errors")
            traceback.print_exc()
            return Response.error(500, "server_error", "A bug in the tenant")

    def _dress(self, handler, response, rule):
        keep = not handler.close_connection
        if rule is not None and wire.ends_connection(rule):
            keep = False
        wire.complete(response,
                      self._tenant.now() + self._tenant.date_offset, keep)
        if rule is not None:
            mangle.override_headers(response, rule)


def raw(rule):
    """Bytes that the rule wants instead of any answer, or None."""
    return rule.raw.encode() if rule.raw is not None else rule.raw_b64
