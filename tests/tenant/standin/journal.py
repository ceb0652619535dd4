# SPDX-License-Identifier: BSD-2-Clause
"""What the tenant saw: exact counters and a log of requests.

A request counts as soon as its header was read, before any fault, so that a
test that stops waiting still finds it counted.
"""

import collections
import threading
import time

LOG_MAX = 100000


class Journal:
    """Counters never lose a request; the log keeps the last LOG_MAX."""

    def __init__(self):
        self._lock = threading.Lock()
        self.clear()

    def clear(self):
        with self._lock:
            self._log = collections.deque(maxlen=LOG_MAX)
            self._paths = collections.Counter()
            self._events = collections.Counter()

    def event(self, name):
        """Count what is no request: connections, handshakes, errors."""
        with self._lock:
            self._events[name] += 1

    def request(self, method, path, query, connection, agent):
        """Count and log a request; returns its entry, to be completed with
        the status and the fault when they are known."""
        entry = {"time": time.time(), "method": method, "path": path,
                 "query": query, "status": None, "fault": None,
                 "connection": connection, "agent": agent}
        with self._lock:
            self._paths[path] += 1
            self._log.append(entry)
        return entry

    def count(self, path=None):
        """Requests for one path, or an object with all counters:
        {"total": n, "paths": {path: n}, "connections": n,
        "handshakes": n, "failed_handshakes": n, "errors": n}"""
        with self._lock:
            if path is not None:
                return self._paths[path]
            out = {name: self._events[name] for name in
                   ("connections", "handshakes", "failed_handshakes",
                    "errors")}
            out["paths"] = dict(self._paths)
            out["total"] = sum(self._paths.values())
            return out

    def log(self):
        """Entries, oldest first; time in seconds since 1970."""
        with self._lock:
            return [dict(entry) for entry in self._log]
