# SPDX-License-Identifier: BSD-2-Clause
"""The limit of /userinfo: a bucket for each user, refilled in windows."""

import math
import threading

SCHEMA = {"enabled": ("flag", True), "burst": ("integer", 10),
          "refill": ("integer", 5), "window": ("number", 60.0)}


class Limit:
    """burst requests at once, then refill more at the end of each window
    (seconds).  Auth0: 10, 5, 60, on every plan."""

    def __init__(self):
        self._lock = threading.Lock()
        self.set({name: default for name, (_, default) in SCHEMA.items()})

    def set(self, options):
        """Change the limit and forget what was used."""
        with self._lock:
            self.__dict__.update(options)
            self._buckets = {}      # sub: [tokens left, start of the window]

    def take(self, sub, now):
        """(allowed, headers) for one request of a user; headers are Auth0's,
        X-RateLimit-Reset in whole seconds since 1970."""
        with self._lock:
            bucket = self._buckets.setdefault(sub, [self.burst, now])
            windows = math.floor((now - bucket[1]) / self.window)
            if windows > 0:
                bucket[0] = min(self.burst, bucket[0] + windows * self.refill)
                bucket[1] += windows * self.window
            allowed = bucket[0] > 0 or not self.enabled
            bucket[0] = max(0, bucket[0] - 1)
            return allowed, {
                "X-RateLimit-Limit": str(self.burst),
                "X-RateLimit-Remaining": str(bucket[0]),
                "X-RateLimit-Reset": str(math.ceil(bucket[1] + self.window)),
            }
