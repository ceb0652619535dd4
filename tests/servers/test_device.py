#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The device flow in real hosts: sshd, sudo, su and login show a page and a
code, somebody confirms in a browser, or does not; and what a tenant may
answer in the meantime."""

import os
import re
import socket
import sys
import time

import rig as rig_module
from rig import BUILD, OTHER_AUDIENCE, SOURCE, Rig, free_port

try:
    from devicelib import (CLIENT, COLUMNS, ENTER_ALONE, Screen, qr_of,
                           secrets_in_proc)
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

DEVICE = "/oauth/device/code"
TOKEN = "/oauth/token"
KBDINT = ["-o", "PreferredAuthentications=keyboard-interactive",
          "-o", "PubkeyAuthentication=no", "-o", "LogLevel=INFO"]
PAGE = os.path.join(SOURCE, "docs", "hosts", "device-flow.md")
DECLINED = "The login was declined in the browser."
LATE = "The login was not confirmed in time."
AWAY = "The issuer cannot be asked now."
UNFIT = "This host is not set up for logins with a browser."
NOT_HERE = "The login was confirmed, but does not open this account."


class Host:
    """An sshd with the device flow, and what its log says."""

    def __init__(self, rig):
        self.rig, self.tenant = rig, rig.tenant
        self.sshd = Sshd(rig, free_port())
        self.codes = []
        self.configure()
        self.tenant.control("settings", device_interval=1)

    def configure(self, text="", flow="device", client=CLIENT):
        self.rig.configure("flow = %s\nclient_id = %s\n%s" % (
            flow, client, text))

    def ssh(self, user="alice", options=(), env=None):
        self.since = self.rig.syslog.mark()
        return Screen(self.sshd.ssh(user, *options, *KBDINT) +
                      ["echo the session is open"], env)

    def confirm(self, screen, user="alice", **how):
        self.codes.append(screen.code)
        self.tenant.control("activate", user_code=screen.code,
                            **(how or {"user": user}))

    def ended(self, screen, what, want, reason, text=None):
        """One line of TAP on how a login has ended."""
        status = screen.end()
        line = self.rig.syslog.wait("reason=" + reason, self.since)
        got = ("in" if status == 0 and "the session is open" in screen.text
               else "out")
        self.rig.case(got == want and line and
                      (text is None or text in screen.text),
                      "%s: %s, %s" % (what, want, reason), got, screen.text,
                      *self.rig.syslog.news(self.since))


def accepted(host):
    with host.ssh() as s:
        s.asked()
        rows = s.rows()
        host.rig.case(
            len(rows) < 12 and
            any(s.page in r for r in rows) and any(s.code in r for r in rows)
            and s.page == host.tenant.issuer + "activate" and
            all(len(line) <= COLUMNS for line in rows),
            "a page and a code stand in the prompt, on 24 lines of 80", *rows)
        host.rig.case(
            "Log in to %s (sshd) as alice" % socket.gethostname().lower()
            in s.text and "only if it was you" in s.text,
            "the prompt names host, service and user, and warns", s.text)
        host.confirm(s)
        s.send()
        host.ended(s, "confirmed", "in", "ok")


def ended(host):
    """Every end but a good one."""
    with host.ssh() as s:
        s.asked()
        host.confirm(s, deny=True)
        s.send()
        host.ended(s, "declined", "out", "device_declined", DECLINED)
    with host.ssh() as s:
        s.asked()
        s.send("q")
        host.ended(s, "given up", "out", "device_unconfirmed")
    with host.ssh() as s:
        s.asked()
        host.confirm(s, "bob")
        s.send()
        host.ended(s, "confirmed by somebody else", "out", "user_mismatch",
                   NOT_HERE)
    with host.ssh() as s:
        s.asked()
        host.tenant.fault(TOKEN, status=403, times=1,
                          merge={"error": "expired_token"})
        s.send()
        host.ended(s, "the code has expired", "out", "device_unconfirmed",
                   LATE)
    with host.ssh() as s:
        s.asked()
        other = host.tenant.mint("alice", audience=OTHER_AUDIENCE)
        host.tenant.fault(TOKEN, merge={"access_token": other}, times=1)
        host.confirm(s)
        s.send()
        host.ended(s, "a token for another audience", "out",
                   "audience_refused", NOT_HERE)


def patience(host):
    """Asked too early, too often, and too late."""
    with host.ssh() as s:
        s.asked()
        first = s.code
        s.send()
        again = s.asked()
        host.rig.case(again and "Nobody has confirmed yet." in s.text and
                      s.code == first,
                      "Enter before it is confirmed: page and code again",
                      s.text)
        host.confirm(s)
        s.send()
        host.ended(s, "confirmed at the second Enter", "in", "ok")

    host.tenant.forget()
    with host.ssh() as s:
        s.asked()
        host.tenant.control("settings", device_interval=1)
        host.tenant.fault(TOKEN, status=429, times=1, body='{"error":'
                          '"slow_down"}', content_type="application/json")
        s.send()
        s.asked()
        begin = time.monotonic()
        host.confirm(s)
        s.send()
        host.ended(s, "slow_down, then confirmed", "in", "ok")
        host.rig.case(time.monotonic() - begin > 5 and
                      host.tenant.count(TOKEN) == 2,
                      "slow_down: five seconds later, and no sooner",
                      time.monotonic() - begin, host.tenant.count(TOKEN))

    host.configure("device_timeout = 5")
    with host.ssh() as s:
        s.asked()
        time.sleep(5)
        s.send()
        host.ended(s, "device_timeout is over", "out", "device_unconfirmed",
                   LATE)
    host.tenant.control("settings", device_lifetime=2)
    host.configure()
    host.tenant.forget()
    with host.ssh() as s:
        s.asked()
        time.sleep(3)
        s.send()
        host.ended(s, "the code is too old", "out", "device_unconfirmed",
                   LATE)
        host.rig.case(host.tenant.count(TOKEN) == 0,
                      "a code that is too old costs no question")
    host.tenant.control("settings", device_lifetime=900)


# More of the kind is in tests/unit/test_oauth.c and in test_token.py.
BAD_STARTS = [
    ("no connection", {"close": True}, "issuer_unavailable", AWAY),
    ("429", {"status": 429}, "rate_limited", "too many logins"),
    ("JSON cut off", {"malformed": True}, "issuer_unavailable", AWAY),
    ("a captive portal", {"html": True}, "issuer_unavailable", AWAY),
    ("escape sequences in the user code",
     {"merge": {"user_code": "\x1b[2J\x1b[1;1HABCD"}}, "issuer_unavailable",
     AWAY),
    ("escape sequences in the page",
     {"merge": {"verification_uri": "https://e.example/\x1b]0;x\x07"}},
     "issuer_unavailable", AWAY),
    ("a page without TLS",
     {"merge": {"verification_uri": "http://e.example/"}},
     "issuer_unavailable", AWAY),
    ("an unknown API", {"status": 403, "body": '{"error":"access_denied",'
                        '"error_description":"Service not found: x"}',
                        "content_type": "application/json"},
     "config_invalid", UNFIT),
]


def bad_starts(host):
    for what, fault, reason, text in BAD_STARTS:
        host.tenant.fault(DEVICE, **fault)
        with host.ssh() as s:
            host.ended(s, "to begin with, " + what, "out", reason, text)
            raw = [c for c in s.text if ord(c) < 32 and c not in "\r\n"]
            if "\x1b" in str(fault.get("merge", "")):
                host.rig.case(not raw, "%s: none reaches the screen" % what,
                              raw)
        host.tenant.clear()
    host.configure(client="nobody")
    with host.ssh() as s:
        host.ended(s, "an unknown client_id", "out", "config_invalid", UNFIT)
    host.configure()


def bad_polls(host):
    """The tenant falls silent and comes back; or talks nonsense."""
    for what, fault in (
            ("no answer", {"close": True}),
            ("JSON cut off", {"malformed": True}),
            ("a token of two lines",
             {"merge": {"access_token": "eyJ\nHost: x"}})):
        with host.ssh() as s:
            s.asked()
            keeps = "merge" in fault        # the code is used up by then
            if keeps:
                host.confirm(s)
            host.tenant.fault(TOKEN, times=1, **fault)
            s.send()
            again = s.asked()
            host.rig.case(again and "The issuer does not answer." in s.text,
                          "when asked, %s: the user may try again" % what,
                          s.text)
            if keeps:
                s.send()
                host.ended(s, what + ", and the code is used up", "out",
                           "device_unconfirmed")
                continue
            host.confirm(s)
            s.send()
            host.ended(s, what + ", then confirmed", "in", "ok")


def strangers(host):
    """Nobody learns which accounts there are, and the tenant hears nothing
    of those that no token opens."""
    host.configure("device_timeout = 5")
    seen = []
    for user, answer in (("alice", "q"), ("nobody-here", ""), ("root", "q")):
        host.tenant.forget()
        with host.ssh(user) as s:
            s.asked()
            prompt = s.text.replace(user, "USER").replace(s.code, "CODE")
            host.rig.case(re.fullmatch("[A-Z]{4}-[A-Z]{4}", s.code),
                          "%s: a code is shown" % user, s.text)
            s.send(answer)
            host.ended(s, user, "out", "device_unconfirmed",
                       None if answer else LATE)
            seen.append(re.sub(r"\d+ seconds", "N seconds", prompt))
        if user != "alice":
            host.rig.case(host.tenant.count()["total"] == 0,
                          "%s: the tenant hears nothing" % user,
                          host.tenant.log())
    host.rig.case(seen[0] == seen[1] == seen[2],
                  "the three prompts are alike", *seen)
    host.configure()


def password_method(host):
    with host.ssh(options=["-o", "PreferredAuthentications=password"]) as s:
        s.wait("assword: ")
        s.send("a password")
        s.end()
        line = host.rig.syslog.wait("keyboard-interactive", host.since)
        host.rig.case("session is open" not in s.text and line,
                      "the method password: out, and the log says why",
                      s.text, *host.rig.syslog.news(host.since))


def either(host):
    """token-or-device"""
    host.configure(flow="token-or-device")
    with host.ssh() as s:
        s.wait(ENTER_ALONE)
        s.send()
        asked = s.asked()
        host.rig.case(asked, "token-or-device: Enter alone shows page and "
                      "code", s.text)
        host.confirm(s)
        s.send()
        host.ended(s, "token-or-device, confirmed", "in", "ok")
    host.tenant.forget()
    with host.ssh() as s:
        s.wait(ENTER_ALONE)
        s.send(host.tenant.mint("alice"))
        host.ended(s, "token-or-device, a token", "in", "ok")
        host.rig.case(host.tenant.count(DEVICE) == 0,
                      "token-or-device: with a token nothing is asked for")
    with host.ssh() as s:
        s.wait(ENTER_ALONE)
        s.send("secret")
        host.ended(s, "token-or-device, a password", "out", "not_a_token")
    host.configure()


def drawn(host):
    """The QR code leads to the page, with the code in it."""
    wide = {"LC_ALL": "C.UTF-8"}
    with host.ssh(env=wide) as s:
        s.asked()
        host.rig.case("\u2588" not in s.text,
                      "sshd knows no screen and draws nothing by itself",
                      s.text)
    host.configure("device_qr = always")
    with host.ssh(env=wide) as s:
        s.asked()
        rows = s.rows()
        host.rig.case(any(s.page in r for r in rows) and
                      any(s.code in r for r in rows),
                      "device_qr = always: page and code stay on the screen",
                      *rows)
        try:
            found = qr_of(s.text)
        except ImportError as why:
            host.rig.case(True, "the QR code # SKIP " + str(why))
        else:
            host.rig.case(found == s.page + "?user_code=" + s.code,
                          "the QR code is read by a scanner", found, s.text)
    with host.ssh(env={"LC_ALL": "C"}) as s:
        s.asked()
        rows = s.rows()
        host.rig.case(any(s.page in r for r in rows) and
                      any(s.code in r for r in rows),
                      "a terminal without UTF-8 still shows page and code",
                      *rows)
    host.tenant.fault(DEVICE, times=1, merge={
        "verification_uri_complete": "https://evil.example.com/?c=1"})
    with host.ssh(env=wide) as s:
        s.asked()
        host.rig.case("\u2588" not in s.text,
                      "no QR code for a page on another host", s.text)
    host.configure()


def secrets(host):
    """While the tenant is asked: nothing in arguments or environments."""
    with host.ssh() as s:
        s.asked()
        codes = host.tenant.control("devices")["devices"]
        host.confirm(s)
        host.tenant.fault(TOKEN, delay=1, times=1)
        s.send()
        time.sleep(1.3)             # the interval, and some of the delay
        found = secrets_in_proc([codes[s.code]])
        host.rig.case(not found, "no device code in /proc", *found)
        host.ended(s, "with a slow tenant", "in", "ok")
        log = "\n".join(host.rig.syslog.lines())
        log += open(os.path.join(host.rig.dir, "sshd.log")).read()
        host.rig.case(not [c for c in codes.values() if c in log] and
                      not [c for c in host.codes if c in log],
                      "no log has a device code or a user code")


def jailed(host, what, argv, user="alice", service=None, want=0, text=None):
    """A program of the host itself, with a locale and a screen."""
    rig = host.rig
    service = service or what
    since = rig.syslog.mark()
    with Screen(rig.jailed(*argv), {"LC_ALL": "C.UTF-8"}) as s:
        asked = s.asked()
        rig.case(asked and "(%s) as %s" % (service, user) in s.text,
                 "%s: a page and a code, for %s" % (what, user), s.text)
        if not asked:
            return
        if what != "login":         # which sets no locale
            rig.case("\u2588" in s.text and s.rows()[0] != "" and
                     any("Log in to" in r for r in s.rows()),
                     "%s: the QR code has room on the screen" % what,
                     *s.rows())
        host.confirm(s, user)
        s.send()
        if text is not None:
            s.wait(text)
            s.send("exit")
        status = s.end()
        rig.case(status == want and
                 rig.syslog.wait("service=%s .*reason=ok" % service, since),
                 "%s: confirmed, and in" % what, status, s.text,
                 *rig.syslog.news(since))


def local(host):
    """su, sudo and login: the same conversation in other programs."""
    rig = host.rig
    module = os.path.join(BUILD, ".libs", "pam_audient.so")
    stack = ("auth required %s config=%s/audient.conf nodelay\n"
             "account required %s config=%s/audient.conf\n"
             "session required pam_permit.so\n" % (
                 module, rig.dir, module, rig.dir))
    for name in ("su", "su-l", "sudo", "login"):
        rig.write("root/etc/pam.d/" + name, stack)
    rig.write("root/etc/pam.d/runuser",
              "auth sufficient pam_rootok.so\naccount required "
              "pam_permit.so\nsession required pam_permit.so\n")
    rig.replace("/etc/sudoers", "alice ALL=(bob) ALL\n", 0o440)
    as_alice = ["runuser", "-u", "alice", "--"]
    jailed(host, "su", [*as_alice, "su", "bob", "-c", "id -un"], "bob")
    if os.path.exists("/usr/bin/sudo"):
        jailed(host, "sudo", [*as_alice, "sudo", "-u", "bob", "id", "-un"])
    else:
        rig.case(True, "sudo # SKIP it is not installed")
    jailed(host, "login", ["login", "alice"], text=r"\$ ")


def page_configuration(host, page):
    """audient.conf of the documentation, with the tenant that there is."""
    text = re.search(r"<!-- file: /etc/audient/audient.conf -->\n```\n(.*?)"
                     "```", page, re.S)[1]
    text = re.sub("^domain .*$", "issuer = " + host.tenant.issuer, text,
                  flags=re.M)
    host.rig.write("audient.conf", "\n".join([
        "ca_file = " + host.rig.ca, "cache_dir = " + host.rig.cache,
        "fetch_helper = " + os.path.join(BUILD, "audient-fetch"), text]))


def recorded(host):
    """The session that the documentation shows is one that took place, with
    the configuration beside it."""
    page = open(PAGE, encoding="utf-8").read()
    page_configuration(host, page)
    with host.ssh(env={"LC_ALL": "C.UTF-8"}) as s:
        s.wait(ENTER_ALONE + ".*: ")
        s.send()
        s.asked()
        s.send()
        s.asked()
        host.confirm(s)
        s.send()
        s.end()
    text = s.text.replace("\r", "").replace(
        host.tenant.issuer, "https://example.eu.auth0.com/")
    text = text.replace(s.code, "QTZL-MCBW").replace(
        "alice@127.0.0.1", "alice@host.example.com").replace(
        "to %s (" % socket.gethostname().lower(), "to host.example.com (")
    text = re.sub(r"^Warning: Permanently.*\n", "", text)
    text = re.sub(r"\(\d+ seconds", "(100 seconds", text)
    text = "$ ssh host.example.com echo the session is open\n" + text
    text = "```\n" + text.strip() + "\n```\n"
    mark = "<!-- first-login -->\n"
    head, _, rest = page.partition(mark)
    shown, _, tail = rest.partition(mark)
    if os.environ.get("AUDIENT_WRITE_DOCS"):
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(head + mark + text + mark + tail)
        shown = text
    host.rig.case(shown == text, "docs/hosts/device-flow.md shows a session "
                  "as it is (AUDIENT_WRITE_DOCS=1 writes it)", text)


def main():
    rig_module.need_root()
    rig_module.need("sshd", "ssh", "unshare")
    with Rig("device") as rig:
        host = Host(rig)
        host.sshd.start()
        for part in (accepted, ended, patience, bad_starts, bad_polls,
                     strangers, password_method, either, drawn, secrets,
                     local, recorded):
            part(host)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
