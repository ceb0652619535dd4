#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Broken set-ups, one by one: audient doctor names the place, says what is
wrong there, and what to do about it.  Nothing is wrong with a good system."""

import glob
import os
import re
import shutil
import subprocess
import sys

import goodtree
from clilib import AUDIENT, SOURCE, Captures, Tree, on_terminal, run, run_json
from goodtree import CACHE, CONFIG, SASL, SECURITY, TIMER
from rig import AUDIENCE, BUILD, PATIENCE, USERNAME_CLAIM, Rig, free_port

WANTED = 28             # of the first thirty, and of all in proportion
SSHD = "/etc/pam.d/sshd"
SUDO = "/etc/pam.d/sudo"
MAIN_CF = "/etc/postfix/main.cf"
OURS = "auth     [success=done maxtries=die default=ignore] pam_audient.so "\
       "nodelay\n"


class Table:
    """Rows: what is broken; how; level, place, words of what is wrong, words
    of the remedy."""

    def __init__(self):
        self.rows = []

    def row(self, name, level, place, wrong, remedy):
        def keep(function):
            self.rows.append((name, function, level, place, wrong, remedy))
            return function
        return keep


systems, tenants = Table(), Table()


# --- the configuration ---------------------------------------------------------

@systems.row("a misspelt key", "problem", CONFIG + ":1", "did you mean "
             '"domain"', "Correct that")
def _(tree):
    tree.change(CONFIG, "domain ", "domian ")


@systems.row("no configuration", "problem", CONFIG, "does not exist",
             "audient setup")
def _(tree):
    tree.remove(CONFIG)


@systems.row("no audience", "problem", CONFIG + ":8",
             '[service sudo]: the key "audience" is missing',
             "audient.conf(5)")
def _(tree):
    tree.change(CONFIG, "audience       = https://login.example.com/\n", "")


@systems.row("a client id as audience", "problem", CONFIG + ":2",
             "is a client id, the audience of ID tokens",
             "Correct that")
def _(tree):
    tree.change(CONFIG, "https://login.example.com/",
                "nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u")


@systems.row("the tenant's own API as audience", "problem", CONFIG + ":2",
             "is an API of the tenant itself", "Correct that")
def _(tree):
    tree.change(CONFIG, "https://login.example.com/",
                "https://example.eu.auth0.com/api/v2/")


@systems.row("a configuration that its group can write", "problem", CONFIG,
             "others than its owner can write it (mode 0664)", "chmod 0644")
def _(tree):
    os.chmod(tree.path(CONFIG), 0o664)


@systems.row("a directory that anybody can write", "problem", "/etc/audient",
             "others than its owner can write it (mode 0777)", "chmod 0755")
def _(tree):
    os.chmod(tree.path("/etc/audient"), 0o777)


@systems.row("a configuration that slapd cannot read", "problem", CONFIG,
             "openldap cannot read it (mode 0600)", "chmod 0644")
def _(tree):
    os.chmod(tree.path(CONFIG), 0o600)


@systems.row("a bad line in the map", "problem", "/etc/audient/users.map:2",
             "", "audient.map(5)")
def _(tree):
    tree.add("/etc/audient/users.map", "only-one-word\n")


@systems.row("a pair twice in the map", "warning",
             "/etc/audient/users.map:3", "line 1 has the same value and the "
             "same user", "Remove one")
def _(tree):
    tree.add("/etc/audient/users.map", "auth0|2 bob\nauth0|1 alice\n")


@systems.row("two users for a value in the map", "note",
             "/etc/audient/users.map:2", "line 1 has another user",
             "usual user stand first")
def _(tree):
    tree.add("/etc/audient/users.map", "auth0|1 www\n")


@systems.row("a deny list that is gone", "problem", "/etc/audient/denied",
             "does not exist", "make an empty file")
def _(tree):
    tree.remove("/etc/audient/denied")


@systems.row("a bad line in the deny list", "problem", "/etc/audient/denied:2",
             "a line begins with sub, azp", "audient.deny(5)")
def _(tree):
    tree.add("/etc/audient/denied", "user alice\n")


@systems.row("opaque tokens for everybody", "warning", CONFIG + ":0",
             "every application of the tenant gets tokens", "accept-unbound")
def _(tree):
    tree.change(CONFIG, "\n[service sudo]", "opaque_tokens = accept-unbound\n"
                "\n[service sudo]")
    tree.change(CONFIG, "required_permissions = sudo:%h\n",
                "required_permissions = sudo:%h\nopaque_tokens = refuse\n")


# --- the helper, the timer, the cache --------------------------------------------

@systems.row("no helper", "problem", "/usr/libexec/audient-fetch",
             "does not exist", "Install the package again")
def _(tree):
    tree.remove("/usr/libexec/audient-fetch")


@systems.row("a helper that cannot be run", "problem",
             "/usr/libexec/audient-fetch", "cannot be run", "chmod 0755")
def _(tree):
    os.chmod(tree.path("/usr/libexec/audient-fetch"), 0o644)


@systems.row("a timer that is not enabled", "warning", "audient-refresh.timer",
             "installed but not enabled", "systemctl enable --now")
def _(tree):
    tree.write("/usr/lib/systemd/system/audient-refresh.timer", "[Timer]\n")
    tree.remove(TIMER)


@systems.row("no cache", "warning", CACHE, "does not exist", "install -d")
def _(tree):
    shutil.rmtree(tree.path(CACHE))


@systems.row("a cache that anybody can write", "problem", CACHE,
             "others can write the cache (mode 0777)", "chmod 0755")
def _(tree):
    os.chmod(tree.path(CACHE), 0o777)


@systems.row("no directory for slapd's keys", "warning",
             "%s/%d" % (CACHE, goodtree.uid_of("openldap")),
             "openldap has no directory in the cache", "install -d")
def _(tree):
    shutil.rmtree(tree.path("%s/%d" % (CACHE, goodtree.uid_of("openldap"))))


# --- PAM ------------------------------------------------------------------------

@systems.row("no account line", "warning", SSHD + ":2",
             "there is no account line", "account required pam_audient.so")
def _(tree):
    tree.change(SSHD, "account  required  pam_audient.so\n", "")


@systems.row("sufficient, and then pam_permit", "problem", SUDO + ":2",
             "pam_permit.so lets everybody in whose token was refused by "
             "pam_audient.so in line 1", "pam_deny.so behind it")
def _(tree):
    tree.change(SUDO, "[success=done ignore=ignore default=die]",
                "sufficient")
    tree.change(SUDO, "pam_audient.so\n",
                "pam_audient.so\nauth     required  pam_permit.so\n")


@systems.row("a tenant that is down opens the door", "problem", SUDO + ":2",
             "pam_permit.so lets everybody in while the tenant cannot be "
             "asked", "pam_deny.so behind it")
def _(tree):
    tree.change(SUDO, "[success=done ignore=ignore default=die]",
                "[success=done authinfo_unavail=ignore default=die]")
    tree.change(SUDO, "pam_audient.so\n",
                "pam_audient.so\nauth     required  pam_permit.so\n")


@systems.row("sufficient, and then nothing", "warning", SUDO + ":1",
             "nothing stands behind it that could refuse", "success=done")
def _(tree):
    tree.change(SUDO, "[success=done ignore=ignore default=die]",
                "sufficient")


@systems.row("optional", "warning", SSHD + ":2", "does not care what it is",
             "maxtries=die")
def _(tree):
    tree.change(SSHD, "[success=done maxtries=die default=ignore]",
                "optional")


@systems.row("our line behind the password's", "warning", SSHD + ":3",
             "the token decides nothing", "before the others of its type")
def _(tree):
    tree.change(SSHD, OURS + "@include common-auth\n",
                "@include common-auth\n" + OURS)


@systems.row("our line between a jump and its end", "problem",
             "/etc/pam.d/common-auth:1",
             "the jump [success=1 default=ignore] ends in the wrong place",
             "Count again")
def _(tree):
    tree.change(SSHD, OURS, "")
    tree.change("/etc/pam.d/common-auth", "auth  requisite",
                OURS + "auth  requisite")


@systems.row("tokens for every service", "warning", "/etc/pam.d/common-auth:1",
             "every service that includes this file", "the file of the "
             "service")
def _(tree):
    tree.change(SSHD, OURS, "")
    tree.write("/etc/pam.d/common-auth", OURS + goodtree.COMMON_AUTH)


@systems.row("a password line", "problem", SSHD + ":8",
             "the module has nothing of this type", "Remove the line")
def _(tree):
    tree.add(SSHD, "password required  pam_audient.so\n")


LIMIT = "[service sshd]\nsession_limit = token\n\n[service sudo]"


@systems.row("a limit of sessions without a session line", "problem",
             SSHD + ":2", "there is no session line",
             "session required pam_audient.so")
def _(tree):
    tree.change(CONFIG, "[service sudo]", LIMIT)


@systems.row("a limit of sessions without systemd", "warning", SSHD + ":8",
             "there is no line of pam_systemd.so", "libpam-systemd")
def _(tree):
    tree.change(CONFIG, "[service sudo]", LIMIT)
    tree.add(SSHD, "session  required  pam_audient.so\n")


@systems.row("a limit of sessions behind systemd", "problem", SSHD + ":9",
             "pam_systemd.so comes before this line",
             "before that of pam_systemd.so")
def _(tree):
    tree.change(CONFIG, "[service sudo]", LIMIT)
    tree.add(SSHD, "session  optional  pam_systemd.so\n"
             "session  required  pam_audient.so\n")


@systems.row("an unknown argument", "problem", SSHD + ":2",
             'the argument "conf=/etc/audient/other.conf" is not known',
             "config=/absolute/path")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so "
                "conf=/etc/audient/other.conf")


@systems.row("an argument without its value", "problem", SSHD + ":2",
             'the argument "service=" is not known', "service=NAME")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so service=")


@systems.row("an argument twice", "problem", SSHD + ":2",
             'the argument "debug" is there twice', "Remove one of the two")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so debug nodelay debug")


@systems.row("an argument twice, between tabs and in brackets", "problem",
             SSHD + ":2", 'the argument "debug" is there twice',
             "Remove one of the two")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so\t[debug]\tnodelay\t"
                "debug")


@systems.row("two configurations", "problem", SSHD + ":2",
             'the argument "config=%s" is there twice' % CONFIG,
             "Remove one of the two")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so config=%s config=%s" %
                (CONFIG, CONFIG))


@systems.row("a configuration that is not there", "problem", SSHD + ":2",
             "/etc/audient/other.conf does not exist", "behind config=")
def _(tree):
    tree.change(SSHD, "pam_audient.so", "pam_audient.so "
                "config=/etc/audient/other.conf")


@systems.row("no module", "problem", SSHD + ":2",
             "there is no module pam_audient.so", "Install the module")
def _(tree):
    tree.remove(SECURITY + "pam_audient.so")


@systems.row("a line that PAM does not understand", "problem", SUDO + ":3",
             "PAM does not understand this line", "pam.conf(5)")
def _(tree):
    tree.change(SUDO, "@include common-account", "account reqiured "
                "pam_unix.so")


@systems.row("no other account line", "warning", SUDO + ":2",
             "a public key or a password is locked out", "common-account")
def _(tree):
    tree.change(SUDO, "@include common-account\n", "")


@systems.row("an account line that holds nothing", "problem", SUDO + ":2",
             "cannot hold a refusal", "account required pam_audient.so")
def _(tree):
    tree.change(SUDO, "account  required  pam_audient.so",
                "account  optional  pam_audient.so")


@systems.row("two names for one service", "warning", SUDO + ":2",
             "the auth line has service=admin", "the same service=")
def _(tree):
    tree.change(SUDO, "default=die] pam_audient.so",
                "default=die] pam_audient.so service=admin")


@systems.row("nothing for this service", "problem", SUDO + ":1",
             'has no "username_claim" for the service sudo',
             'Set "username_claim" in a section [service sudo]')
def _(tree):
    tree.change(CONFIG, "username_claim = https://example.com/username\n", "")
    tree.change(CONFIG, "required_permissions = sudo:%h",
                "username_claim = a\n\n[service sshd]\nusername_claim = a\n\n"
                "[service ldap]\nusername_claim = a\n\n[service imap]\n"
                "username_claim = a")
    tree.change(CONFIG, "tls = host", "username_claim = a\ntls = host")
    tree.change(CONFIG, "[service sudo]", "[service su]")


@systems.row("sshd without PAM", "problem", "/etc/ssh/sshd_config:3",
             "sshd does not ask PAM", "UsePAM yes")
def _(tree):
    tree.change("/etc/ssh/sshd_config", "UsePAM yes", "UsePAM no")


@systems.row("sshd without keyboard-interactive", "problem",
             "/etc/ssh/sshd_config.d/hard.conf:1", "more than 1023 bytes",
             "KbdInteractiveAuthentication yes")
def _(tree):
    tree.write("/etc/ssh/sshd_config.d/hard.conf",
               "ChallengeResponseAuthentication no\n")


# --- SASL -------------------------------------------------------------------------

@systems.row("no SASL plug-in", "problem", "/etc/ldap/sasl2/slapd.conf",
             "no SASL directory has libaudient.so", "libsasl2-modules-audient")
def _(tree):
    tree.remove(SASL + "libaudient.so")


@systems.row("a libtool archive beside the plug-in", "warning",
             SASL + "libaudient.la", "in the place of libaudient.so",
             "Remove that file")
def _(tree):
    tree.write(SASL + "libaudient.la", "")


@systems.row("a blank before the colon", "problem",
             "/etc/postfix/sasl/smtpd.conf:2", "offers no mechanism at all",
             "the colon at once behind the key")
def _(tree):
    tree.change("/etc/postfix/sasl/smtpd.conf", "log_level:", "log_level :")


@systems.row("an option file in the wrong place", "problem",
             "/etc/sasl2/smtpd.conf", "Postfix on Debian does not read",
             "Move it to /etc/postfix/sasl/smtpd.conf")
def _(tree):
    os.mkdir(tree.path("/etc/sasl2"))
    os.rename(tree.path("/etc/postfix/sasl/smtpd.conf"),
              tree.path("/etc/sasl2/smtpd.conf"))


@systems.row("a configuration of SASL's that is not there", "problem",
             "/etc/imapd.conf:5", "/etc/audient/mail.conf does not exist",
             "Give the absolute path")
def _(tree):
    tree.add("/etc/imapd.conf",
             "sasl_audient_config: /etc/audient/mail.conf\n")


@systems.row("mechanisms that are not offered", "note", "/etc/imapd.conf",
             "does not offer OAUTHBEARER", "sasl_mech_list: OAUTHBEARER")
def _(tree):
    tree.change("/etc/imapd.conf", "OAUTHBEARER XOAUTH2 PLAIN", "PLAIN")


@systems.row("Exim, which wants its mechanisms before TLS", "problem",
             CONFIG, "it does not start", "tls = host-enforced")
def _(tree):
    tree.write("/etc/sasl2/exim.conf",
               "mech_list: OAUTHBEARER XOAUTH2\nlog_level: 4\n")
    tree.change(CONFIG, "tls = host-enforced", "tls = required")


@systems.row("memcached, which is silent of its TLS", "problem", CONFIG,
             "memcached never tells SASL", "[service memcached]")
def _(tree):
    tree.write("/etc/sasl2/memcached.conf",
               "mech_list: OAUTHBEARER XOAUTH2\nlog_level: 4\n")


DSE = "/etc/dirsrv/slapd-ldap/dse.ldif"
DSE_TEXT = """\
dn: cn=config
nsslapd-port: 0
nsslapd-allowed-sasl-mechanisms: OAUTHBEARER, EXTERNAL
"""


@systems.row("389-ds, which is silent of its TLS", "problem", CONFIG,
             "389 Directory Server never tells SASL", "[service ldap]")
def _(tree):
    tree.write(DSE, DSE_TEXT)


@systems.row("389-ds with a port without TLS", "problem", DSE,
             "tokens may travel in the clear", "nsslapd-port to 0")
def _(tree):
    tree.write(DSE, DSE_TEXT.replace("port: 0", "port: 389"))
    tree.add(CONFIG, "\n[service ldap]\ntls = host-enforced\n")


@systems.row("389-ds with a port without TLS, and none in another entry",
             "problem", DSE, "tokens may travel in the clear",
             "nsslapd-port to 0")
def _(tree):
    tree.write(DSE, "dn: cn=other\nnsslapd-port: 0\n\n" +
               DSE_TEXT.replace("nsslapd-port: 0\n", "") +
               "\ndn: cn=another,cn=config\nnsslapd-port: 0\n")
    tree.add(CONFIG, "\n[service ldap]\ntls = host-enforced\n")


@systems.row("389-ds whose configuration is too large to be one", "warning",
             DSE, "cannot be read", "doctor as root")
def _(tree):
    tree.write(DSE, "#" * 300000)


@systems.row("389-ds that offers others", "note", DSE,
             "does not offer OAUTHBEARER", "nsslapd-allowed-sasl-mechanisms")
def _(tree):
    tree.write(DSE, DSE_TEXT.replace("OAUTHBEARER", "GSSAPI"))


@systems.row("389-ds without a place for keys", "warning",
             "/var/cache/audient/104", "dirsrv has no directory",
             "install -d")
def _(tree):
    tree.write(DSE, DSE_TEXT)
    tree.add(CONFIG, "\n[service ldap]\ntls = host-enforced\n")
    tree.add("/etc/passwd", "dirsrv:x:104:104::/:/bin/false\n")


@systems.row("slapd without a certificate", "warning", "/etc/ldap/slapd.conf",
             "slapd has no certificate", "TLSCertificateFile")
def _(tree):
    tree.change("/etc/ldap/slapd.conf", "TLSCertificateFile", "#")


@systems.row("Cyrus IMAP without a certificate", "warning", "/etc/imapd.conf",
             "Cyrus IMAP has no certificate", "tls_server_cert")
def _(tree):
    tree.change("/etc/imapd.conf", "tls_server_cert", "#tls_server_cert")


@systems.row("Postfix, and tls = required", "problem", CONFIG,
             "Postfix never tells SASL that there is TLS",
             "tls = host-enforced")
def _(tree):
    tree.change(CONFIG, "tls = host-enforced\n", "")


@systems.row("tokens in the clear", "problem", MAIN_CF,
             "tokens may travel in the clear", "smtpd_tls_auth_only = yes")
def _(tree):
    tree.change(MAIN_CF, "smtpd_tls_auth_only = yes\n", "")


@systems.row("lines that Postfix cuts", "warning", MAIN_CF,
             "line_length_limit is 2048", "line_length_limit = 16384")
def _(tree):
    tree.change(MAIN_CF, "line_length_limit = 16384\n", "")


@systems.row("a chroot without keys", "problem", "/etc/postfix/master.cf:1",
             "nobody supplies the keys", "Let root supply the keys")
def _(tree):
    tree.remove(TIMER)


# --- what was forbidden ------------------------------------------------------------

@systems.row("AppArmor", "problem", "/var/log/kern.log",
             "AppArmor has forbidden something", "/etc/apparmor.d/local/")
def _(tree):
    tree.add("/var/log/kern.log", 'Nov 21 12:00:01 host kernel: audit: '
             'type=1400 apparmor="DENIED" operation="exec" '
             'profile="/usr/sbin/slapd" name="/usr/libexec/audient-fetch" '
             'comm="slapd" requested_mask="x"\n')


@systems.row("SELinux", "problem", "/var/log/audit/audit.log",
             "SELinux has forbidden something", "Audient's SELinux module")
def _(tree):
    tree.write("/var/log/audit/audit.log", "type=AVC msg=audit(1.1:1): avc:  "
               'denied  { name_connect } for  pid=1 comm="audient-fetch" '
               "dest=443 scontext=system_u:system_r:sshd_t:s0\n")


# --- the tenant ---------------------------------------------------------------------

class Live:
    """A configuration for the stand-in tenant, and ways to break the two."""

    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.values = {
            "issuer": rig.tenant.issuer, "audience": AUDIENCE,
            "username_claim": USERNAME_CLAIM, "ca_file": rig.ca,
            "cache_dir": rig.cache,
            "fetch_helper": os.path.join(BUILD, "audient-fetch"),
            "timeout": "5"}

    def configure(self):
        return self.rig.write("audient.conf", "".join(
            "%s = %s\n" % item for item in self.values.items()))


@tenants.row("a misspelt domain", "problem", "no-such-host.invalid",
             "resolve host", 'Compare "domain"')
def _(live):
    live.values["issuer"] = "https://no-such-host.invalid/"


@tenants.row("nobody listens", "problem", "https://127.0.0.1:",
             "onnect", "port 443")
def _(live):
    live.values["issuer"] = "https://127.0.0.1:%d/" % free_port()


@tenants.row("an unknown authority", "problem", "https://127.0.0.1:",
             "SSL certificate problem", '"ca_file"')
def _(live):
    live.tenant.certificate("other-ca")


@tenants.row("a certificate that has expired", "problem", "https://127.0.0.1:",
             "certificate has expired", "has expired")
def _(live):
    live.tenant.certificate("expired")


@tenants.row("a certificate for another host", "problem", "https://127.0.0.1:",
             "host name", "for another host")
def _(live):
    live.tenant.certificate("wrong-host")


@tenants.row("no TLS", "problem", "https://127.0.0.1:", "SSL", "no TLS 1.2")
def _(live):
    live.tenant.connection("plain")


@tenants.row("an issuer without its slash", "problem", "https://127.0.0.1:",
             "the document's \"issuer\" is", "with or without the slash")
def _(live):
    live.values["issuer"] = live.tenant.issuer.rstrip("/")


@tenants.row("another issuer's document", "problem", "https://127.0.0.1:",
             "the document's \"issuer\" is https://evil.example.com/",
             "exactly as the document has it")
def _(live):
    live.tenant.fault("discovery", issuer="https://evil.example.com/")


@tenants.row("a captive portal", "problem", "https://127.0.0.1:",
             "not application/json", "captive portal")
def _(live):
    live.tenant.fault("discovery", html=True)


@tenants.row("a redirect", "problem", "https://127.0.0.1:",
             "HTTP status 302", "Redirects are not followed")
def _(live):
    live.tenant.fault("jwks", redirect="https://elsewhere.example.com/")


@tenants.row("no such key set", "problem", "jwks.json", "HTTP status 404",
             "There is no such document")
def _(live):
    live.tenant.fault("jwks", status=404)


@tenants.row("a key set with a private key", "problem", "jwks.json",
             "the key set is refused", "Rotate")
def _(live):
    live.tenant.fault("jwks", jwks="private")


@tenants.row("an empty key set", "problem", "jwks.json",
             "the key set is refused", "Rotate")
def _(live):
    live.tenant.fault("jwks", jwks="empty")


@tenants.row("a rate limit that is used up", "problem", "jwks.json",
             "HTTP status 429", "rate limit is used up")
def _(live):
    live.tenant.fault("jwks", status=429)


@tenants.row("a tenant in trouble", "problem", "https://127.0.0.1:",
             "HTTP status 503", "The issuer is in trouble")
def _(live):
    live.tenant.fault("discovery", status=503)


# "in time", or "timed out": the helper and who started it give up together
@tenants.row("a tenant that does not answer", "problem", "https://127.0.0.1:",
             "time", "firewall that drops packets")
def _(live):
    live.tenant.fault("discovery", hang="start")


@tenants.row("a clock that is wrong", "problem", "https://127.0.0.1:",
             "seconds behind the issuer's", "timedatectl")
def _(live):
    live.tenant.control("date", offset=600)


@tenants.row("a certification authority that is not there", "problem",
             "/nowhere/ca.pem", "does not exist", "certification authorities")
def _(live):
    live.values["ca_file"] = "/nowhere/ca.pem"


@tenants.row("a helper that cannot be started", "problem", "broken-helper",
             "cannot start", "Run it by hand")
def _(live):
    live.values["fetch_helper"] = live.rig.write(
        "broken-helper", "no program at all", 0o755)


@tenants.row("a helper that says nothing", "problem", "silent-helper",
             "no valid answer", "install the package again")
def _(live):
    live.values["fetch_helper"] = live.rig.write(
        "silent-helper", "#!/bin/sh\nexit 0\n", 0o755)


# --- how a row is judged -------------------------------------------------------------

def named(findings, row):
    """The finding that names what is wrong, and whether its remedy fits."""
    _, _, level, place, wrong, remedy = row
    for f in findings:
        if (f["level"] == level and place in f["where"] and
                wrong in f["what"]):
            return f, remedy in f["remedy"]
    return None, False


def show(out):
    return "\n".join("%(level)s: %(where)s: %(what)s -- %(remedy)s" % f
                     for f in out.get("findings", [out])
                     if f.get("level") != "ok")


def judge(rig, row, status, out):
    """Every finding that blames says where and what to do."""
    findings = out.get("findings", [])
    found, fits = named(findings, row)
    mute = [f for f in findings if f["level"] in ("warning", "problem") and
            not (f["where"] and f["what"] and f["remedy"])]
    bad_status = status != (1 if out.get("problems") else 0)
    rig.case(found and fits and not mute and not bad_status,
             "%s: named, with the remedy" % row[0], status, show(out))
    return bool(found and fits)


def fresh(rig, name):
    tree = Tree(rig.path("tree-" + name))
    goodtree.make(tree)
    return tree


def look(tree, *arguments):
    return run_json("doctor", "--json", "--root", tree.dir, "--config",
                    CONFIG, *arguments)


def check_good_system(rig):
    tree = fresh(rig, "good")
    status, out = look(tree)
    rig.case(status == 0 and out.get("problems") == 0 and
             out.get("warnings") == 0 and
             all(f["level"] == "ok" for f in out["findings"]),
             "nothing is wrong with a good system", show(out))
    tree.change(SSHD, "pam_audient.so",
                "pam_audient.so\tdebug\t[config=%s]" % CONFIG)
    rig.case(look(tree) == (status, out),
             "nor with tabs and brackets between arguments", show(out))
    seen = {f["area"] for f in out["findings"]}
    rig.case(seen == {"configuration", "helper", "timer", "PAM", "SASL",
                      "Postfix", "cache", "denials"},
             "every area of a system was looked at", seen)


def documented():
    """(name, edits of /etc/pam.d) of each stack on the pages of the hosts."""
    for page in sorted(glob.glob(os.path.join(SOURCE, "docs", "hosts",
                                              "*.md"))):
        with open(page, encoding="utf-8") as f:
            sections = re.split(r"^(?=## )", f.read(), flags=re.M)
        for section in sections:
            edits = re.findall(
                r"<!-- (file|before|replace): (/etc/pam\.d/\S+)"
                r"(?: ([^\n]*))? -->\n```\w*\n(.*?)```", section, re.S)
            if edits:
                yield "%s, %s" % (os.path.basename(page),
                                  section.split("\n")[0].strip("# ")), edits


def check_documented(rig):
    """The doctor agrees with the stacks of the documentation."""
    stacks = list(documented())
    rig.case(len(stacks) >= 7, "the pages of the hosts have stacks", stacks)
    for what, edits in stacks:
        tree = fresh(rig, "documented")
        tree.write("/etc/pam.d/common-session",
                   "session required pam_unix.so\n")
        for name in "sshd", "login", "su", "sudo", "sudo-i":
            tree.write("/etc/pam.d/" + name, "".join(
                "@include common-%s\n" % part
                for part in ("auth", "account", "session")))
        for how, name, anchor, lines in edits:
            if how == "file":
                tree.write(name, lines)
            else:
                tree.change(name, anchor,
                            lines + (anchor if how == "before" else ""))
        out = look(tree)[1]
        found = [f for f in out["findings"] if f["area"] == "PAM"]
        rig.case(found and all(f["level"] == "ok" for f in found),
                 "nothing is wrong with the stack of " + what, show(out))
        shutil.rmtree(tree.dir)


def check_profiles(rig):
    """The packages' profiles, as pam-auth-update renders them, open no door;
    that they ask for tokens everywhere, is said."""
    for name, jump in (("audient", 2), ("audient-only", 2)):
        with open(os.path.join(SOURCE, "packaging", "pam-configs", name),
                  encoding="utf-8") as f:
            parts = dict(re.findall(r"^(Auth|Account):\n((?:\t.*\n?)+)",
                                    f.read(), re.M))
        tree = fresh(rig, "profile")
        for service in SSHD, SUDO:
            tree.write(service, "@include common-auth\n"
                       "@include common-account\n")
        for kind, stock, first in (
                ("Auth", goodtree.COMMON_AUTH, True),
                ("Account", goodtree.COMMON_ACCOUNT, False)):
            lines = "".join(
                "%s %s\n" % (kind.lower(), line.strip().replace(
                    "=end", "=%d" % jump))
                for line in parts[kind].splitlines())
            tree.write("/etc/pam.d/common-" + kind.lower(),
                       lines + stock if first else stock + lines)
        out = look(tree)[1]
        bad = [f for f in out["findings"] if f["area"] == "PAM" and
               (f["level"] == "problem" or f["level"] == "warning" and
                "every service that includes this file" not in f["what"])]
        rig.case(not bad, "the profile %s: nothing worse than that it is for "
                 "every service" % name, show(out))
        shutil.rmtree(tree.dir)


def check_systems(rig):
    good = 0
    for number, row in enumerate(systems.rows):
        tree = fresh(rig, str(number))
        row[1](tree)
        good += judge(rig, row, *look(tree))
        shutil.rmtree(tree.dir)
    return good


def check_tenants(rig):
    good = 0
    for row in tenants.rows:
        live = Live(rig)
        row[1](live)
        good += judge(rig, row, *run_json(
            "doctor", "--json", "--config", live.configure()))
        rig.tenant.reset()
    return good


def check_good_tenant(rig):
    status, out = run_json("doctor", "--json", "--config",
                           Live(rig).configure())
    words = " ".join(f["what"] for f in out.get("findings", []))
    rig.case(out.get("problems") == 0 and "starts and answers" in words and
             "answers as itself" in words and "2 keys" in words and
             "clocks agree" in words,
             "nothing is wrong with a good tenant, and it was asked",
             status, show(out))
    before = rig.tenant.count()["total"]
    status, out = run_json("doctor", "--json", "--offline", "--config",
                           Live(rig).configure())
    rig.case(status == 0 and rig.tenant.count()["total"] == before,
             "--offline asks no tenant", show(out))


def check_fix(rig):
    """What --fix puts right is right afterwards, and only that."""
    tree = fresh(rig, "fix")
    users = "/etc/audient/users.map"
    os.chmod(tree.path(CONFIG), 0o620)
    os.chmod(tree.path(users), 0o666)
    os.chmod(tree.path(CACHE), 0o775)
    ldap = "%s/%d" % (CACHE, goodtree.uid_of("openldap"))
    shutil.rmtree(tree.path(ldap))
    tree.change(SSHD, "account  required  pam_audient.so\n", "")
    before = tree.read(SSHD)
    status, out = look(tree, "--fix")
    fixed = {f["where"] for f in out["findings"] if f["fixed"]}
    rig.case({CONFIG, users, CACHE} <= fixed, "--fix says what it did", fixed)
    status, out = look(tree, "--fix")
    status, out = look(tree)
    made = os.stat(tree.path(ldap))
    rig.case(status == 0 and out["problems"] == 0 and out["warnings"] == 1,
             "after --fix nothing of that is left", show(out))
    rig.case(made.st_uid == goodtree.uid_of("openldap") and
             made.st_mode & 0o7777 == 0o700,
             "--fix makes a directory with the right owner and mode",
             oct(made.st_mode), made.st_uid)
    rig.case(tree.read(SSHD) == before, "--fix leaves PAM alone")


def check_escape(rig):
    """A link in the tree does not lead out of it."""
    tree = fresh(rig, "escape")
    outside = rig.write("outside", "auth sufficient pam_audient.so\n")
    tree.remove(SUDO)
    os.symlink(outside, tree.path(SUDO))
    out = look(tree)[1]
    rig.case("outside" not in show(out) and SUDO not in show(out),
             "a link in the tree does not lead out of it", show(out))


def check_status(rig):
    tree = fresh(rig, "status")
    tree.change(SSHD, "account  required  pam_audient.so\n", "")
    args = ("--root", tree.dir, "--config", CONFIG)
    rig.case(run("doctor", *args)[0] == 0 and
             run("doctor", "--strict", *args)[0] == 1,
             "a warning counts with --strict only")
    status, out, err = run("doctor", "--root", "/no/such/tree")
    rig.case(status == 2 and out == "" and "/no/such/tree" in err,
             "a tree that is not there", status, out, err)


def check_stranger(rig):
    """Somebody who is not root sees less, and is told so."""
    if os.geteuid() != 0:
        return
    live = Live(rig)
    config = live.configure()
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         AUDIENT, "doctor", "--json", "--offline", "--config", config],
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    rig.case("Run audient doctor as root" in done.stdout and
             done.returncode in (0, 1) and done.stderr == "",
             "somebody who is not root is told that he sees less",
             done.stdout, done.stderr)


def capture(rig):
    if os.geteuid() != 0:
        print("# without root the trees have other owners: no captures")
        return
    tree = fresh(rig, "capture")
    pages = Captures()
    args = ("doctor", "--root", tree.dir, "--config", CONFIG)
    screen = on_terminal(*args, env={"NO_COLOR": "1"})[1]
    pages.check(rig, "doctor-good", screen)
    tree.change(SUDO, "[success=done ignore=ignore default=die]",
                "sufficient")
    tree.change(SUDO, "pam_audient.so\n",
                "pam_audient.so\nauth     required  pam_permit.so\n")
    tree.change(SSHD, "account  required  pam_audient.so\n", "")
    tree.change(MAIN_CF, "line_length_limit = 16384\n", "")
    tree.remove(TIMER)
    screen = on_terminal(*args, env={"NO_COLOR": "1"})[1]
    pages.check(rig, "doctor-broken", screen)
    screen = on_terminal(*args, columns=40, env={"NO_COLOR": "1"})[1]
    rig.case(max(map(len, screen.splitlines())) <= 40,
             "doctor fits a terminal of 40 columns", screen)


def main():
    with Rig("doctor") as rig:
        check_good_system(rig)
        check_documented(rig)
        check_profiles(rig)
        good = check_systems(rig)
        check_good_tenant(rig)
        good += check_tenants(rig)
        total = len(systems.rows) + len(tenants.rows)
        print("# %d of %d broken set-ups are named, with the right remedy" %
              (good, total))
        rig.case(good * 30 >= WANTED * total,
                 "at least %d of 30 are named with the right remedy" % WANTED)
        check_fix(rig)
        check_escape(rig)
        check_status(rig)
        check_stranger(rig)
        capture(rig)
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
