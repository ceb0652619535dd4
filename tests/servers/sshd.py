# SPDX-License-Identifier: BSD-2-Clause
"""A private sshd with our PAM module, and stock ssh in a terminal."""

import os

import pexpect

from rig import BUILD, PATIENCE

GREETING = "the session is open"
PART = 1023             # letters of an answer that ssh passes on
STACK = """\
auth     required {module} {arguments}
account  required {module} {arguments}
session  required pam_permit.so
password required pam_deny.so
"""


class Sshd:
    """On loopback; accounts alice and bob."""

    def __init__(self, rig, port):
        self._rig, self.port = rig, port

    def stack(self, text=STACK, arguments=""):
        """Writes the PAM stack of the service; it counts from now on."""
        rig = self._rig
        text = text.format(
            module=os.path.join(BUILD, ".libs", "pam_audient.so"),
            arguments="config=%s/audient.conf nodelay %s" % (rig.dir,
                                                             arguments))
        for service in ("sshd", "other"):
            rig.write("root/etc/pam.d/" + service, text)

    def start(self, options=(), env=None):
        rig = self._rig
        rig.accounts("alice", "bob")
        rig.replace("/etc/pam.d")
        self.stack()
        rig.replace("/run")
        rig.path("root/run/sshd")
        key = os.path.join(rig.dir, "hostkey")
        rig.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        config = rig.write("sshd_config", "\n".join([
            *options,           # the first word on a keyword counts
            "Port %d" % self.port, "ListenAddress 127.0.0.1",
            "HostKey " + key, "PidFile none", "UsePAM yes",
            "KbdInteractiveAuthentication yes", "PasswordAuthentication yes",
            "PubkeyAuthentication no", "PermitRootLogin yes",
            "PrintMotd no", "LogLevel VERBOSE", "UseDNS no", ""]))
        rig.start("/usr/sbin/sshd", "-D", "-f", config, "-E",
                  os.path.join(rig.dir, "sshd.log"), log="sshd-start.log",
                  wait_port=self.port, env=env)

    def ssh(self, user, *options):
        """The command line of ssh; the first word on an option counts."""
        return ["ssh", "-F", "none", "-p", str(self.port), *options,
                "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "NumberOfPasswordPrompts=1",
                user + "@127.0.0.1"]

    def login(self, user, token, method="keyboard-interactive", part=PART,
              command="id -un"):
        """Logs in through a terminal, as a person would: ("in" or "out",
        what the screen showed).  A token is entered in parts."""
        answers = [token[i:i + part] for i in range(0, len(token), part)]
        argv = self.ssh(user, "-o", "PubkeyAuthentication=no",
                        "-o", "PreferredAuthentications=" + method)
        ssh = pexpect.spawn(argv[0], argv[1:] + [
            "echo %s; %s" % (GREETING, command)], timeout=PATIENCE,
            encoding="latin-1", dimensions=(24, 250))
        screen = ""
        for answer in answers + [""] * 3:
            at = ssh.expect([GREETING, "oken[^:]*: ", "assword: ",
                             pexpect.EOF])
            screen += ssh.before + (ssh.after if at != 3 else "")
            if at in (0, 3):
                break
            ssh.sendline(answer)
        if at != 3:     # it may have ended, and not all of it been read
            ssh.expect(pexpect.EOF)
            screen += ssh.before
        ssh.close()
        is_in = GREETING in screen and ssh.exitstatus == 0
        return "in" if is_in else "out", screen
