# SPDX-License-Identifier: BSD-2-Clause
"""Faults on command: which there are, for which requests, how often.

A rule belongs to one path, or to all.  The first rule that fits a request
and is not used up is applied, so several rules make a sequence.
"""

import base64
import threading

from standin.options import BadOption, one_of, read

SHORT = {"userinfo": "/userinfo", "jwks": "/.well-known/jwks.json",
         "discovery": "/.well-known/openid-configuration",
         "token": "/oauth/token", "device": "/oauth/device/code",
         "revoke": "/oauth/revoke", "all": "*"}

JWKS = ("empty", "missing", "private", "oct", "duplicate-kid", "same-kid",
        "many", "no-alg", "no-kid", "no-use", "use-enc", "wrong-alg", "weak")


def _hang(value):
    """Where to stop for good; "true" means before the first byte."""
    places = {"true": "start", "start": "start", "head": "head",
              "body": "body"}
    if str(value).lower() not in places:
        raise ValueError("one of start, head, body is expected")
    return places[str(value).lower()]


def _base64(value):
    return base64.b64decode(value, validate=True)


# name: (kind, default).  tests/tenant/README.md tells what each one does.
SCHEMA = {
    "path": ("text", "*"), "times": ("integer", None), "skip": ("integer", 0),
    # before the answer, or instead of it
    "delay": ("number", 0.0), "hang": (_hang, None),
    "close": ("flag", False), "reset": ("flag", False),
    "raw": ("text", None), "raw_b64": (_base64, None),
    # what it says
    "status": ("integer", None), "headers": ("table", {}),
    "body": ("text", None), "body_b64": (_base64, None),
    "content_type": ("text", None), "redirect": ("text", None),
    "retry_after": (str, None), "ratelimit_reset": ("integer", None),
    "html": ("flag", False), "malformed": ("flag", False),
    "merge": ("table", {}), "issuer": ("text", None),
    "spoil": (one_of("twice", "deep", "nul", "list"), None),
    "jwks": (one_of(*JWKS), None), "jwks_count": ("integer", 64),
    # how it is written
    "encoding": (one_of("utf-8-sig", "utf-16", "utf-32"), None),
    "oversize": ("integer", None), "gzip": ("flag", False),
    "no_length": ("flag", False), "no_notify": ("flag", False),
    "chunked": (one_of("good", "bad"), None), "truncate": ("integer", None),
    "drip": ("number", None),
    "drip_in": (one_of("all", "head", "body"), "all"),
    "header_count": ("integer", 0), "header_size": ("integer", 0),
    "interim": ("integer", 0),
}

CONNECTION_SCHEMA = {
    "action": (one_of("close", "reset", "hang", "plain"), "close"),
    "at": (one_of("accept", "hello", "handshake"), "accept"),
    "times": ("integer", None), "skip": ("integer", 0),
}


def full_path(name):
    path = SHORT.get(name, name)
    if path != "*" and not path.startswith("/"):
        raise BadOption("no path %r; short names are %s"
                        % (name, ", ".join(SHORT)))
    return path


class Rule:
    """One fault.  Its options are attributes; cancelled is set when the rule
    is cleared, and ends what waits in its name."""

    def __init__(self, options, given, cancelled):
        self.__dict__.update(options)
        self.name = " ".join("%s=%s" % pair for pair in given.items())
        self.cancelled = cancelled


class Queue:
    """Rules in the order of their arrival."""

    def __init__(self, schema):
        self._schema = schema
        self._lock = threading.Lock()
        self._rules = []
        self._cancelled = threading.Event()

    def add(self, given):
        options = read(self._schema, given)
        if "path" in options:
            options["path"] = full_path(options["path"])
        if options["times"] is not None and options["times"] < 1:
            raise BadOption("times is 1 or more")
        with self._lock:
            self._rules.append(Rule(options, given, self._cancelled))

    def take(self, path=None):
        """The rule for a request that just came, or None."""
        with self._lock:
            for rule in self._rules:
                if path is not None and rule.path not in ("*", path):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times == 0:
                        self._rules.remove(rule)
                return rule
        return None

    def clear(self, path=None):
        """Forget the rules of a path, or all; then what is under way by any
        of them ends too."""
        with self._lock:
            if path is not None:
                self._rules = [r for r in self._rules if r.path != path]
                return
            self._rules = []
            self._cancelled.set()
            self._cancelled = threading.Event()

    def names(self):
        with self._lock:
            return [rule.name for rule in self._rules]
