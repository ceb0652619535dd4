# SPDX-License-Identifier: BSD-2-Clause
"""A system on which all is well: sshd and sudo, OpenLDAP, Cyrus IMAP and
Postfix on Debian, with tokens for each of them."""

import os

CONFIG = "/etc/audient/audient.conf"
CACHE = "/var/cache/audient"
UIDS = {"openldap": 101, "postfix": 102, "cyrus": 103}
SECURITY = "/usr/lib/x86_64-linux-gnu/security/"
SASL = "/usr/lib/x86_64-linux-gnu/sasl2/"

CONF = """\
domain         = example.eu.auth0.com
audience       = https://login.example.com/
username_claim = https://example.com/username
fetch_helper   = /usr/libexec/audient-fetch
cache_dir      = /var/cache/audient
user_map       = /etc/audient/users.map
deny_file      = /etc/audient/denied

[service sudo]
required_permissions = sudo:%h

[service smtp]
audience = https://mail.example.com/
tls = host-enforced
"""
SSHD = """\
# PAM configuration for the Secure Shell service
auth     [success=done maxtries=die default=ignore] pam_audient.so nodelay
@include common-auth
account  required  pam_nologin.so
account  required  pam_audient.so
@include common-account
session  required  pam_limits.so
"""
SUDO = """\
auth     [success=done ignore=ignore default=die] pam_audient.so
account  required  pam_audient.so
@include common-account
"""
COMMON_AUTH = """\
auth  [success=1 default=ignore]  pam_unix.so nullok
auth  requisite                   pam_deny.so
auth  required                    pam_permit.so
"""
COMMON_ACCOUNT = """\
account  [success=1 new_authtok_reqd=done default=ignore]  pam_unix.so
account  requisite                                         pam_deny.so
account  required                                          pam_permit.so
"""
SSHD_CONFIG = """\
Include /etc/ssh/sshd_config.d/*.conf
KbdInteractiveAuthentication yes
UsePAM yes
Match User backup
    KbdInteractiveAuthentication no
"""
SLAPD = """\
TLSCertificateFile    /etc/ssl/certs/ldap.pem
TLSCertificateKeyFile /etc/ssl/private/ldap.key
authz-regexp "^uid=([^,]+),cn=oauthbearer,cn=auth$" "uid=$1,ou=people,dc=example,dc=com"
"""
IMAPD = """\
configdirectory: /var/lib/cyrus
sasl_mech_list: OAUTHBEARER XOAUTH2 PLAIN
sasl_log_level: 4
tls_server_cert: /etc/ssl/certs/imap.pem
"""
MAIN_CF = """\
smtpd_sasl_auth_enable = yes
smtpd_tls_auth_only = yes
line_length_limit = 16384
smtpd_sasl_response_limit = 65536
"""
MASTER_CF = """\
smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       n       -       -       smtpd
  -o smtpd_tls_security_level=encrypt
pickup    unix  n       -       y       60      1       pickup
"""
TIMER = "/etc/systemd/system/timers.target.wants/audient-refresh.timer"


def uid_of(name):
    """Without root there is only one owner of files."""
    return UIDS[name] if os.geteuid() == 0 else os.geteuid()


def make(tree):
    """Fills an empty tree."""
    tree.write("/etc/debian_version", "12.5\n")
    tree.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n" + "".join(
        "%s:x:%d:%d::/:/bin/false\n" % (name, uid_of(name), uid_of(name))
        for name in UIDS))
    tree.write(CONFIG, CONF)
    tree.write("/etc/audient/users.map", "auth0|1 alice\n")
    tree.write("/etc/audient/denied", "# nobody\n")
    tree.write("/usr/libexec/audient-fetch", "", 0o755)
    tree.mkdir(CACHE)
    for name in UIDS:
        tree.mkdir("%s/%d" % (CACHE, uid_of(name)), uid_of(name), 0o700)
    tree.write(TIMER, "[Timer]\n")
    tree.write(SECURITY + "pam_audient.so", "")
    tree.write("/etc/pam.d/sshd", SSHD)
    tree.write("/etc/pam.d/sudo", SUDO)
    tree.write("/etc/pam.d/common-auth", COMMON_AUTH)
    tree.write("/etc/pam.d/common-account", COMMON_ACCOUNT)
    tree.write("/etc/pam.d/cron", "@include common-auth\n"
               "@include common-account\n")
    tree.write("/etc/ssh/sshd_config", SSHD_CONFIG)
    tree.write(SASL + "libaudient.so", "")
    tree.write("/etc/ldap/slapd.conf", SLAPD)
    tree.write("/etc/ldap/sasl2/slapd.conf",
               "mech_list: OAUTHBEARER EXTERNAL\nlog_level: 4\n")
    tree.write("/etc/imapd.conf", IMAPD)
    tree.write("/etc/postfix/main.cf", MAIN_CF)
    tree.write("/etc/postfix/master.cf", MASTER_CF)
    tree.write("/etc/postfix/sasl/smtpd.conf",
               "mech_list: OAUTHBEARER XOAUTH2\nlog_level: 4\n")
    tree.write("/var/log/kern.log", "Nov 21 12:00:00 host kernel: nothing\n")
