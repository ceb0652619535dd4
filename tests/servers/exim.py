# SPDX-License-Identifier: BSD-2-Clause
"""A private Exim, set up as Debian and the page docs/hosts/exim.md say, with
our plugin.  Debian's package cannot stand beside Postfix, so ./bootstrap check
only unpacks it, and AUDIENT_EXIM says where."""

import os
import shutil

from door import Door
from page import Page
from rig import SOURCE, free_port, skip
from wire import EximSmtp

AUDIENCE = "https://mail.example.com/"
SCOPE = "mail"
CERTIFICATE = "/etc/ssl/certs/mail.example.com.pem"
KEY = "/etc/ssl/private/mail.example.com.key"
USER = "Debian-exim"
LOGS = ("exim-main.log", "exim-reject.log", "exim-panic.log")
# What debconf asks.
ANSWERS = """\
dc_eximconfig_configtype='local'
dc_other_hostnames='example.com'
dc_local_interfaces='127.0.0.1'
dc_use_split_config='true'
"""
# What a test wants beside the page: places of its own, and no letter that
# leaves, nor a resolver that is asked for the client's name.
AROUND = """\
SPOOLDIR = {dir}/spool
log_file_path = {dir}/exim-%s.log
pid_file_path = {dir}/exim.pid
MAIN_HARDCODE_PRIMARY_HOSTNAME = mail.example.com
MAIN_HOST_LOOKUP =
MAIN_KEEP_ENVIRONMENT = SASL_CONF_PATH
queue_only = true
"""


def unpacked():
    """Where Debian's packages were unpacked."""
    here = os.environ.get("AUDIENT_EXIM") or os.path.join(
        SOURCE, "build", "exim")
    if not os.path.exists(os.path.join(here, "usr/sbin/exim4")):
        skip("Exim is not unpacked; ./bootstrap check does that")
    return os.path.abspath(here)


class Exim:
    def __init__(self, rig):
        self.rig = rig
        self.page = Page("exim")
        self._unpacked = unpacked()
        self.program = os.path.join(self._unpacked, "usr/sbin/exim4")
        self._tls = rig.certificate("exim")
        rig.accounts("alice", "bob", USER)
        self._own(self._tls[1], rig.path("spool"),
                  *(rig.write(log, "") for log in LOGS))
        rig.cache_for(USER)
        self.door = Door(rig, "Exim", "smtp", EximSmtp, free_port(),
                         self._tls[0], audience=AUDIENCE, scope=SCOPE,
                         logs=LOGS)
        # SASL_CONF_PATH: there may be no /etc/sasl2 to stand over
        self.env = {"SASL_CONF_PATH": os.path.join(rig.dir, "sasl2")}

    def _own(self, *paths):
        for path in paths:
            os.chown(path, self.rig.uids[USER], self.rig.uids[USER])

    def _generate(self):
        """Debian's files and the page's, made into one by Debian's script;
        returns its path."""
        rig, page = self.rig, self.page
        etc = os.path.join(rig.dir, "exim4")
        if not os.path.exists(etc):
            shutil.copytree(os.path.join(self._unpacked, "etc/exim4"), etc)
        rig.write("exim4/update-exim4.conf.conf", ANSWERS)
        mailname = rig.write("mailname", "mail.example.com\n")
        rig.write("exim4/conf.d/main/000_audient", page.file(
            "/etc/exim4/conf.d/main/000_audient", {
                CERTIFICATE: self._tls[0], KEY: self._tls[1]}))
        rig.write("exim4/conf.d/main/001_test",
                  AROUND.replace("{dir}", rig.dir))
        rig.write("exim4/conf.d/auth/40_audient", page.file(
            "/etc/exim4/conf.d/auth/40_audient"))
        with open(os.path.join(self._unpacked,
                               "usr/sbin/update-exim4.conf")) as f:
            script = rig.write("update-exim4.conf", f.read().replace(
                "/etc/mailname", mailname), 0o755)
        out = os.path.join(rig.dir, "exim.conf")
        status, text = rig.run(script, "-d", etc, "-o", out, jailed=True)
        assert status == 0, text
        return out

    def configure(self):
        """All files; returns what starts Exim with them."""
        self.rig.write("sasl2/exim.conf", self.page.file(
            "/etc/sasl2/exim.conf") + "audient_config: %s/audient.conf\n" %
            self.rig.dir)
        return [self.program, "-C", self._generate()]

    def start(self):
        self.rig.start(
            *self.configure(), "-bdf", "-oX", "127.0.0.1.%d" % self.door.port,
            log="exim-start.log", wait_port=self.door.port, env=self.env)

    def version(self):
        """What Exim says of itself, as it is configured."""
        return self.rig.run(*self.configure(), "-bV", jailed=True,
                            env=self.env)
