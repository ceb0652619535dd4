# SPDX-License-Identifier: BSD-2-Clause
"""A private Cyrus IMAP, set up as Debian and the page
docs/hosts/cyrus-imapd.md say: imapd, timsieved and lmtpd with our plugin."""

import os
import re
import shutil

from door import Door
from page import Page
from rig import free_port
from wire import Imap, Lmtp, Sieve

AUDIENCE = "https://mail.example.com/"
SCOPE = "mail"
CERTIFICATE = "/etc/ssl/certs/mail.example.com.pem"
KEY = "/etc/ssl/private/mail.example.com.key"
OURS = ("/var/lib/cyrus", "/var/spool/cyrus", "/var/spool/sieve")
# What a test wants beside the page: no directory of certificates that would
# be read at each start, no rest after a failed login.
AROUND = {"tls_client_ca_dir": None, "tls_session_timeout": "0",
          "autocreate_quota": "0", "failedloginpause": "0",
          "servername": "mail.example.com"}


class Cyrus:
    def __init__(self, rig):
        self.rig = rig
        self.page = Page("cyrus-imapd")
        self._tls = rig.certificate("cyrus")
        shutil.chown(self._tls[1], "cyrus")
        self._process = None
        self.imap, self.sieve, self.lmtp = self.doors = [
            Door(rig, name, protocol, talk, free_port(), self._tls[0],
                 audience=AUDIENCE, scope=SCOPE, user=user)
            for name, protocol, talk, user in (
                ("Cyrus imapd", "imap", Imap, "alice"),
                ("Cyrus timsieved", "sieve", Sieve, "alice"),
                ("Cyrus lmtpd", "lmtp", Lmtp, "mx"))]

    def _imapd_conf(self, options):
        """Debian's file, the page's lines, and those of the test; the later
        ones count, and no key may come twice."""
        page = self.page.file("/etc/imapd.conf", {
            CERTIFICATE: self._tls[0], KEY: self._tls[1]})
        keys = {}
        for text in (open("/etc/imapd.conf").read(), page):
            keys.update(re.findall(r"^(\w[\w-]*):\s*(.*)$", text, re.M))
        keys["sasl_audient_config"] = os.path.join(self.rig.dir,
                                                   "audient.conf")
        keys.update(AROUND)
        keys.update(options)
        return "".join("%s: %s\n" % (k, v) for k, v in keys.items()
                       if v is not None)

    def _cyrus_conf(self):
        """The services of the page, at ports of the test."""
        return self.page.file("/etc/cyrus.conf", {
            'listen="imap"': 'listen="127.0.0.1:%d"' % self.imap.port,
            'listen="sieve"': 'listen="127.0.0.1:%d"' % self.sieve.port,
            'listen="lmtp"': 'listen="127.0.0.1:%d"' % self.lmtp.port})

    def start(self, **options):
        """Options of imapd.conf beside the page; None takes one away."""
        rig = self.rig
        rig.cache_for("cyrus")
        rig.replace("/run")
        for name in OURS:
            rig.replace(name)
            shutil.chown(os.path.join(rig.dir, "root" + name), "cyrus", "mail")
        shutil.chown(rig.path("root/run/cyrus"), "cyrus", "mail")
        rig.replace("/etc/imapd.conf", self._imapd_conf(options))
        rig.replace("/etc/cyrus.conf", self._cyrus_conf())
        self._process = rig.start(
            "sh", "-c", "/usr/lib/cyrus/bin/makedirs > /dev/null && exec "
            "/usr/lib/cyrus/bin/master -D", log="cyrus.log",
            wait_port=self.imap.port)

    @property
    def pid(self):
        return self._process.pid

    def restart(self, **options):
        self.rig.stop(self._process)
        self.start(**options)
