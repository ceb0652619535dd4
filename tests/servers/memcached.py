# SPDX-License-Identifier: BSD-2-Clause
"""A private memcached, set up as the page docs/hosts/memcached.md says, with
our plugin; and one without TLS for clients that know none."""

import os
import shlex
import shutil

from door import Door
from page import Page
from rig import free_port
from wire import Memcached as Talk

AUDIENCE = "https://cache.example.com/"
SCOPE = "cache"
CERTIFICATE = "/etc/ssl/certs/cache.example.com.pem"
KEY = "/etc/ssl/private/cache.example.com.key"


class Memcached:
    def __init__(self, rig):
        self.rig = rig
        self.page = Page("memcached")
        self._tls = rig.certificate("memcached")
        self.log = "memcached.log"
        self.door = Door(rig, "memcached", "memcached", Talk, free_port(),
                         self._tls[0], audience=AUDIENCE, scope=SCOPE,
                         logs=(self.log,), has_lines=False)
        self.door.plain = free_port()
        shutil.chown(self._tls[1], "memcache")

    def start(self):
        rig, page = self.rig, self.page
        rig.write("sasl2/memcached.conf",
                  page.file("/etc/sasl2/memcached.conf") +
                  "audient_config: %s/audient.conf\n" % rig.dir)
        options = shlex.split(page.file("/etc/memcached.conf", {
            CERTIFICATE: self._tls[0], KEY: self._tls[1],
            "-p 11211": "-p %d" % self.door.port, "-l 0.0.0.0":
            "-l 127.0.0.1"}), comments=True)
        env = {"SASL_CONF_PATH": os.path.join(rig.dir, "sasl2")}
        rig.start("memcached", *options, "-v", log=self.log, env=env,
                  wait_port=self.door.port)
        rig.start("memcached", "-S", "-u", "memcache", "-l", "127.0.0.1",
                  "-p", str(self.door.plain), "-U", "0", "-v", log=self.log,
                  env=env, wait_port=self.door.plain)
