# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix, set up as Debian and the page docs/hosts/postfix.md say:
smtpd in a chroot, with our plugin."""

import os
import pwd
import re
import shutil

from door import Door
from page import Page
from rig import free_port
from wire import Smtp

AUDIENCE = "https://mail.example.com/"
SCOPE = "mail"
CERTIFICATE = "/etc/ssl/certs/mail.example.com.pem"
KEY = "/etc/ssl/private/mail.example.com.key"
# Of the page, the lines that are not as Postfix comes.
LIMITS = ("line_length_limit", "smtpd_sasl_response_limit")
# What stands for the machines around: no mail leaves.
AROUND = """\
myhostname = mail.example.com
mydestination = example.com
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
local_recipient_maps =
local_transport = discard:
default_transport = discard:
relay_transport = discard:
alias_maps =
alias_database =
smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd
"""
# smtp(8) as a client: what comes in at one port is shown at "submission".
RELAY = """\
127.0.0.1:%(inward)d inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=no
  -o content_filter=with_token:[127.0.0.1]:%(port)d
with_token unix - - y - - smtp
  -o max_use=1
  -o smtp_sasl_mechanism_filter=%(mechanism)s
"""


class Postfix:
    def __init__(self, rig):
        self.rig = rig
        self.port, self.smtp = free_port(), free_port()
        self._relays = {"OAUTHBEARER": free_port(), "XOAUTH2": free_port()}
        self.page = Page("postfix")
        self.etc = os.path.join(rig.dir, "root/etc/postfix")
        self._tls = rig.certificate("postfix")
        self.door = Door(rig, "Postfix smtpd", "smtp", Smtp, self.port,
                         self._tls[0], audience=AUDIENCE, scope=SCOPE)
        self.door.relay = self.relay
        self._process = None

    def _files(self, limits, more):
        rig, page = self.rig, self.page
        if not os.path.exists(self.etc):
            shutil.copytree("/etc/postfix", self.etc, symlinks=True)
        for name in ("/etc/postfix", "/var/spool/postfix",
                     "/var/lib/postfix"):
            rig.replace(name)
        owner = pwd.getpwnam("postfix")
        os.chown(os.path.join(rig.dir, "root/var/lib/postfix"), owner.pw_uid,
                 owner.pw_gid)
        ours = page.file("/etc/postfix/main.cf", {CERTIFICATE: self._tls[0],
                                                  KEY: self._tls[1]})
        client = page.file("client: main.cf")
        ours = [line for line in (ours + client).splitlines()
                if limits or not line.startswith(LIMITS)]
        debian = open("/usr/share/postfix/main.cf.debian").read()
        rig.write("root/etc/postfix/main.cf",
                  "\n".join([debian, AROUND, *ours, *more, ""]))
        rig.write("root/etc/postfix/sasl/smtpd.conf", page.file(
            "/etc/postfix/sasl/smtpd.conf") + "audient_config: %s\n" %
            os.path.join(rig.dir, "audient.conf"))
        self._master()

    def _master(self):
        """Debian's own master.cf, with the entry of the page."""
        debian = open("/usr/share/postfix/master.cf.dist").read()
        smtp = "smtp      inet  n       -       y"
        assert smtp in debian
        debian = debian.replace(smtp, "127.0.0.1:%d inet n - y" % self.smtp)
        entry = self.page.file("/etc/postfix/master.cf", {
            "submission inet n       -       y": "127.0.0.1:%d inet n - y" %
            self.port})
        relays = "".join(
            RELAY.replace("with_token", "with_" + mechanism.lower()) % {
                "inward": port, "port": self.port, "mechanism": mechanism}
            for mechanism, port in self._relays.items())
        self.rig.write("root/etc/postfix/master.cf", debian + entry + relays)

    def start(self, limits=True, more=()):
        """limits=False: without the two of the page that raise them.  more:
        lines of main.cf beside those of the page."""
        self._files(limits, more)
        # as Debian's unit does, before it starts Postfix
        self._process = self.rig.start(
            "sh", "-c", "/usr/lib/postfix/configure-instance.sh - && "
            "exec postfix start-fg", log="postfix.log", wait_port=self.port,
            stop=("postfix", "stop"))

    def restart(self, **options):
        self.rig.stop(self._process)
        self.start(**options)

    def relay(self, mechanism, user, token):
        """Lets smtp(8) hand on a letter with a token; as a client does."""
        self.rig.write("root/etc/postfix/sasl_passwd",
                       "[127.0.0.1]:%d %s:%s\n" % (self.port, user, token))
        mark = self.door.mark()
        self.rig.run("curl", "-sS", "--url", "smtp://127.0.0.1:%d" %
                     self._relays[mechanism], "--mail-from", "x@example.com",
                     "--mail-rcpt", "bob@example.com", "--upload-file", "-",
                     text="Subject: test\r\n\r\nHello.\r\n")
        line = self.door.wait(r"/smtp\[\d+\]: .*status=", mark)
        said = re.sub(r".*status=", "status=", line)
        return "status=sent" in line, said
