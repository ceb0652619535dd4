# SPDX-License-Identifier: BSD-2-Clause
"""All that a stand-in tenant remembers, in one object."""

import secrets
import threading
import time

from standin import faults, people
from standin.journal import Journal
from standin.keys import KeyStore
from standin.limits import Limit
from standin.options import BadOption

SETTINGS = {
    "default_audience": ("text", None),     # of requests that name none
    "device_interval": ("number", 5.0),     # seconds between two polls
    "device_lifetime": ("number", 900.0),   # seconds
}


class Tenant:
    """The state of one tenant.

    Parts that more than one thread writes have locks of their own; the
    tables that grants change (devices, refresh, old_tokens) go under lock.
    """

    def __init__(self, issuer, audience, certificates):
        self.issuer = issuer
        self.audience = audience
        self.certificates = certificates
        self.lock = threading.Lock()
        self.keys = KeyStore()
        self.journal = Journal()
        self.limit = Limit()
        self.faults = faults.Queue(faults.SCHEMA)
        self.connection_faults = faults.Queue(faults.CONNECTION_SCHEMA)
        self.control_key = secrets.token_urlsafe(24)
        self.password = secrets.token_urlsafe(12)       # of every user
        self.client_secret = secrets.token_urlsafe(48)
        self.signing_secret = secrets.token_urlsafe(24)     # HS256 APIs
        self.opaque_key = secrets.token_bytes(32)       # A256GCM
        self.forget()

    def forget(self):
        """Back to the beginning, but for keys, faults and sockets."""
        self.users = people.users()
        self.clients = people.clients(self.client_secret)
        self.apis = people.apis(self.audience)
        self.settings = {n: default for n, (_, default) in SETTINGS.items()}
        self.clock_offset = 0.0         # seconds
        self.date_offset = 0.0          # seconds, of the Date header alone
        self.devices = {}               # device code: grants.Device
        self.refresh = {}               # refresh token: grants.Refresh
        self.old_tokens = {}            # 32 letters: claims
        self.limit = Limit()
        self.journal.clear()

    def now(self):
        """The tenant's idea of the time, in seconds since 1970."""
        return time.time() + self.clock_offset

    def client(self, name):
        """A client by its name or its client_id."""
        if name in self.clients:
            return self.clients[name]
        for client in self.clients.values():
            if client["client_id"] == name:
                return client
        raise BadOption("there is no client %r" % name)

    def user_of(self, sub):
        """The claims of the user with this subject, or None."""
        return next((u for u in list(self.users.values())
                     if u["sub"] == sub), None)
