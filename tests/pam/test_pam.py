#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The module in the real libpam: every entry point, every argument, every
way in which a conversation can fail, and what applications may tell us."""

import os
import re
import shutil
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "servers"))

import host                                                     # noqa: E402
from host import (AUTH_ERR, AUTHINFO_UNAVAIL, BUF_ERR, CONV_AGAIN,
                  CONV_ERR, IGNORE, MAXTRIES, MODULE, PERM_DENIED,
                  SERVICE_ERR, SUCCESS, USER_UNKNOWN, Host)     # noqa: E402
import journal as journal_module                                # noqa: E402
from rig import OTHER_AUDIENCE, USERNAME_CLAIM, Rig   # noqa: E402

USER = "nobody"         # an account that every system has
JUNK = "\b\n\r\x7fINCORRECT"    # what sshd sends for names without account
ASK = "Access token: "
INFO, NOTICE, WARNING, ERR, CRIT = 6, 5, 4, 3, 2


class World:
    """A rig with stacks, and tokens for `nobody`."""

    def __init__(self, rig):
        self.rig = rig
        self.config = rig.configure()
        self.stacks = rig.path("pam.d")
        self.stack("other", "auth required pam_deny.so\n")
        self.stack("app")
        self.good = self.mint()

    def mint(self, **options):
        claims = {USERNAME_CLAIM: USER, **options.pop("claims", {})}
        return self.rig.tenant.mint("alice", claims=claims, **options)

    def stack(self, service, text="auth MODULE\naccount MODULE\n",
              arguments="", control="required", config=None):
        self.rig.write("pam.d/" + service, text.replace(
            "MODULE", "%s %s config=%s %s" % (
                control, MODULE, config or self.config, arguments)))

    def login(self, *answers, user=USER, service="app", items=(), flags=0,
              env=None):
        """One pam_authenticate and one pam_acct_mgmt in a new process."""
        with Host(self.stacks, env) as h:
            h.start(service, user)
            for name, text in items:
                h.item(name, text)
            h.answers(*answers)
            auth = h.call("authenticate", flags)
            account = h.call("acct_mgmt", flags)
            h.end()
        auth.account = account
        auth.died = h.status
        return auth

    def check(self, what, got, rc, **want):
        """want: reason= of the log line, log= a piece of any, level=,
        prompts=, told= a piece, account= the code of the second phase."""
        log = [text for _, text in got.log]
        bad = []
        if got.rc != rc:
            bad.append("rc %s, wanted %s" % (got.rc, rc))
        for piece in ("reason=" + want["reason"] + " " if "reason" in want
                      else "", want.get("log", "")):
            if piece and not any(piece in line + " " for line in log):
                bad.append("not logged: " + piece)
        if "level" in want and want["level"] not in [p for p, _ in got.log]:
            bad.append("not logged at level %d" % want["level"])
        if "prompts" in want and got.prompts != want["prompts"]:
            bad.append("other prompts")
        if "told" in want and (want["told"] not in "\n".join(got.told)
                               or (not want["told"] and got.told)):
            bad.append("the user was told something else")
        if "account" in want and got.account.rc != want["account"]:
            bad.append("account phase: %s, wanted %s" % (
                got.account.rc, want["account"]))
        if getattr(got, "died", 0) != 0:
            bad.append("the host ended with %s" % got.died)
        self.rig.case(not bad, what, *bad, got.show())


def cut(token, *places):
    """The parts of a token."""
    places = (0, *places, len(token))
    return [token[a:b] for a, b in zip(places, places[1:])]


# --- the return codes of docs/man/pam_audient.8 ---------------------------------

def return_codes(w):
    for what, options, rc, reason, level, account in (
            ("a good token", {}, SUCCESS, "ok", INFO, SUCCESS),
            ("another audience", {"audience": OTHER_AUDIENCE}, AUTH_ERR,
             "audience_refused", NOTICE, PERM_DENIED),
            ("expired", {"ttl": -3600}, AUTH_ERR, "expired", NOTICE,
             PERM_DENIED),
            ("a forged signature", {"tamper": "signature"}, AUTH_ERR,
             "signature_invalid", NOTICE, PERM_DENIED),
            ("no signature", {"alg": "none"}, AUTH_ERR, "token_malformed",
             NOTICE, PERM_DENIED),
            ("a signature by HS256", {"alg": "HS256"}, AUTH_ERR,
             "algorithm_refused", NOTICE, PERM_DENIED),
            ("an ID token", {"kind": "id"}, AUTH_ERR, "type_refused",
             NOTICE, PERM_DENIED),
            ("an opaque token", {"kind": "opaque-old"}, AUTH_ERR,
             "opaque_refused", NOTICE, PERM_DENIED),
            ("another user", {"claims": {USERNAME_CLAIM: "alice"}}, MAXTRIES,
             "user_mismatch", NOTICE, PERM_DENIED),
            ("no user", {"claims": {USERNAME_CLAIM: None}}, MAXTRIES,
             "username_missing", NOTICE, PERM_DENIED),
            ("an unsafe user", {"claims": {USERNAME_CLAIM: "../root"}},
             MAXTRIES, "username_unsafe", NOTICE, PERM_DENIED)):
        w.check(what, w.login(w.mint(**options)), rc, reason=reason,
                level=level, account=account)
    w.stack("strict", config=w.rig.configure(
        "required_permissions = login:ssh", "strict.conf"))
    w.check("a permission is missing", w.login(w.good, service="strict"),
            MAXTRIES, reason="permission_missing", account=PERM_DENIED)
    w.rig.tenant.connection("refuse")
    w.check("a tenant that cannot be asked", cold(w, w.good),
            AUTHINFO_UNAVAIL, reason="issuer_unavailable", level=ERR,
            account=PERM_DENIED)
    w.rig.tenant.clear()
    for what, text in (("an unknown key", "adience = x"),
                       ("a key without a value", "audience ="),
                       ("a section that cannot be", "[services sshd]")):
        w.stack("broken", config=w.rig.configure(text, "broken.conf"))
        got = w.login(w.good, service="broken")
        w.check("configuration: %s: nobody is even asked" % what, got,
                SERVICE_ERR, level=CRIT, prompts=[], account=SERVICE_ERR,
                log="broken.conf:")
    w.stack("absent", config="/nonexistent/audient.conf")
    w.check("no configuration", w.login(w.good, service="absent"),
            SERVICE_ERR, prompts=[], account=SERVICE_ERR,
            log="/nonexistent/audient.conf")


def delays(w):
    """Whoever is refused waits, in libpam, and nobody else does: names and
    tokens are not tried by the thousand, and that a name has no account is
    not told by an answer that comes at once."""
    w.stack("nodelay", arguments="nodelay")
    w.stack("strict", config=w.rig.configure(
        "required_permissions = login:ssh", "strict.conf"))
    config = w.rig.configure("session_limit = token", "unkept.conf")
    w.stack("unkept", config=w.rig.write("unkept.conf", open(
        config).read().replace(w.rig.cache, w.rig.write("unkept", ""))))
    w.stack("broken", config=w.rig.configure("adience = x", "broken.conf"))
    w.rig.write("pam.d/permit", "auth optional %s config=%s\n"
                "auth required pam_permit.so\n" % (MODULE, w.config))
    bad, gone = w.mint(audience=OTHER_AUDIENCE), ("rc:%d" % CONV_ERR,)
    for what, service, answers, user, rc, want in (
            ("another audience", "app", [bad], USER, AUTH_ERR, True),
            ("another audience, no such account", "app", [bad], "nobody-here",
             AUTH_ERR, True),
            ("expired", "app", [w.mint(ttl=-3600)], USER, AUTH_ERR, True),
            ("forged", "app", [w.mint(tamper="signature")], USER, AUTH_ERR,
             True),
            ("an opaque token", "app", [w.mint(kind="opaque-old")], USER,
             AUTH_ERR, True),
            ("cut", "app", [w.good[:600], ""], USER, AUTH_ERR, True),
            ("cut, and nobody there", "app", [w.good[:600], gone], USER,
             CONV_ERR, True),
            ("a password", "app", ["sesame"], USER, AUTH_ERR, True),
            ("sshd's junk", "app", [JUNK * 60], "nobody-here", AUTH_ERR,
             True),
            ("another user", "app", [w.good], "daemon", MAXTRIES, True),
            ("a missing permission", "strict", [w.good], USER, MAXTRIES,
             True),
            ("another audience, nodelay", "nodelay", [bad], USER, AUTH_ERR,
             False),
            ("a password, nodelay", "nodelay", ["sesame"], USER, AUTH_ERR,
             False),
            ("a good token", "app", [w.good], USER, SUCCESS, False),
            ("refused, but another module lets in", "permit", [bad], USER,
             SUCCESS, False),
            ("an empty answer", "app", [""], USER, AUTH_ERR, False),
            ("nobody there", "app", [gone], USER, CONV_ERR, False),
            ("nobody is asked", "broken", [], USER, SERVICE_ERR, False)):
        for how in ("authenticate", "child"):
            with Host(w.stacks) as h:
                h.start(service, user)
                h.answers(*answers)
                got = h.call(how)
                h.end()
            w.rig.case((got.rc, got.is_delayed) == (rc, want),
                       "delay: %s, %s: %s" % (
                           what, how, "asked for" if want else "none"),
                       got.show())
    with Host(w.stacks) as h:
        h.start("unkept", USER)
        h.answers(w.good)
        got = h.call("child")
        h.end()
    w.rig.case((got.rc, got.is_delayed) == (SERVICE_ERR, True),
               "delay: a fault behind a good token", got.show())
    w.rig.tenant.connection("refuse")
    got = cold(w, w.good)
    w.rig.case((got.rc, got.is_delayed) == (AUTHINFO_UNAVAIL, True),
               "delay: a tenant that cannot be asked", got.show())
    w.rig.tenant.clear()


# --- entry points and arguments ---------------------------------------------------

def entry_points(w):
    w.stack("all", "auth MODULE\naccount MODULE\nsession MODULE\n"
            "password MODULE\n")
    with Host(w.stacks) as h:
        h.start("all", USER)
        w.check("acct_mgmt before authenticate: nothing to say, and PAM "
                "denies", h.call("acct_mgmt"), PERM_DENIED)
        for name in ("open_session", "close_session"):
            got = h.call(name)
            w.check(name + " before authenticate: nothing to say", got,
                    SUCCESS)
            w.rig.case(not got.has_logged("session="), "and nothing to log",
                       got.show())
        h.answers(w.good)
        w.check("authenticate", h.call("authenticate"), SUCCESS)
        w.check("acct_mgmt", h.call("acct_mgmt"), SUCCESS)
        w.check("acct_mgmt again", h.call("acct_mgmt"), SUCCESS)
        for name, flag in (("ESTABLISH", 2), ("REINITIALIZE", 8),
                           ("REFRESH", 16), ("DELETE", 4), ("no flag", 0)):
            w.check("setcred, " + name, h.call("setcred", flag), SUCCESS,
                    prompts=[])
        w.check("open_session", h.call("open_session"), SUCCESS,
                log="session=open", level=INFO)
        w.check("close_session", h.call("close_session"), SUCCESS,
                log="session=close", level=INFO)
        w.check("chauthtok: there is none", h.call("chauthtok"),
                host.MODULE_UNKNOWN, prompts=[])
        h.answers("not a token")
        w.check("authenticate again, with a password", h.call("authenticate"),
                AUTH_ERR)
        w.check("acct_mgmt: what counts is the last one",
                h.call("acct_mgmt"), PERM_DENIED)
        h.answers(w.good)
        w.check("authenticate again, with a token", h.call("authenticate"),
                SUCCESS)
        h.end()
    got = w.login(w.good, flags=host.SILENT)
    w.check("PAM_SILENT", got, SUCCESS, told="")
    got = w.login(w.good[:600], "", flags=host.SILENT)
    w.check("PAM_SILENT, a token that was cut: not a word", got, AUTH_ERR,
            reason="token_truncated", told="")
    got = w.login("", flags=host.DISALLOW_NULL_AUTHTOK)
    w.check("PAM_DISALLOW_NULL_AUTHTOK", got, AUTH_ERR)


def account_phase(w):
    """What a refusal is worth if the stack goes on."""
    w.rig.write("pam.d/loose", "auth optional %s config=%s\n"
                "auth required pam_permit.so\n"
                "account required %s config=%s\n"
                "account required pam_permit.so\n"
                % (MODULE, w.config, MODULE, w.config))
    for what, token, auth, account in (
            ("a good token", w.good, SUCCESS, SUCCESS),
            ("a refused token", w.mint(audience=OTHER_AUDIENCE), SUCCESS,
             PERM_DENIED),
            ("a good token of somebody else",
             w.mint(claims={USERNAME_CLAIM: "alice"}), SUCCESS, PERM_DENIED),
            ("a password", "sesame", SUCCESS, SUCCESS)):
        got = w.login(token, service="loose")
        w.rig.case(not got.account.has_logged("used no token"),
                   "a stack that ignores us, %s: nothing of the sort" % what,
                   got.account.show())
        w.check("a stack that ignores us, %s: the account phase says %d" % (
            what, account), got, auth, account=account)
    w.rig.write("pam.d/loose", open(os.path.join(
        w.stacks, "loose")).read().replace(w.config, w.rig.configure(
            "tokenless_account = deny", "tokenless.conf")))
    got = w.login("sesame", service="loose")
    w.check("the same, tokenless_account = deny, a password", got, SUCCESS,
            account=PERM_DENIED)
    w.check("and the log says so", got.account, PERM_DENIED, level=NOTICE,
            log="the login used no token")
    w.stack("brief", config=w.rig.configure("clock_tolerance = 0",
                                            "brief.conf"))
    with Host(w.stacks) as h:
        h.start("brief", USER)
        h.answers(w.mint(ttl=2))
        auth = h.call("authenticate")
        time.sleep(2.1)
        w.check("a token for two seconds", auth, SUCCESS)
        w.check("which are over in the account phase", h.call("acct_mgmt"),
                PERM_DENIED, level=NOTICE, log="expired since it was checked")
        h.end()
    with Host(w.stacks) as h:
        h.start("app", USER)
        h.answers(w.good)
        h.call("authenticate")
        h.item("user", "daemon")
        w.check("another user in the account phase", h.call("acct_mgmt"),
                PERM_DENIED, level=WARNING, log="changed the user")
        h.end()


def account_later(w):
    """An account that is gone, a clock: what has changed since the token."""
    with Host(w.stacks) as h:
        h.start("app", USER)
        h.answers(w.good)
        h.call("authenticate")
        h.item("user", None)
        h.answers("daemon")
        w.check("a name that is asked for anew", h.call("acct_mgmt"),
                PERM_DENIED, log="changed the user")
        h.item("user", None)
        h.answers(("rc:%d" % CONV_ERR,))
        w.check("a name that nobody gives", h.call("acct_mgmt"),
                USER_UNKNOWN)
        h.end()
    w.rig.write("pam.d/loose", "auth optional %s config=%s\n"
                "auth required pam_permit.so\n"
                "account required %s config=%s\n"
                "account required pam_permit.so\n"
                % (MODULE, w.config, MODULE, w.config))
    w.check("a stack that ignores us, no answer: not our business",
            w.login("", service="loose"), SUCCESS, account=SUCCESS)
    w.check("a stack that ignores us, an opaque token: not our business",
            w.login(w.mint(kind="opaque-old"), service="loose"), SUCCESS,
            account=SUCCESS)
    w.rig.write("pam.d/loose", open(os.path.join(
        w.stacks, "loose")).read().replace(
            w.config, "/nonexistent/audient.conf"))
    w.check("a stack that ignores us, without a configuration",
            w.login("sesame", service="loose"), SUCCESS, account=SERVICE_ERR)


PEEK = os.path.join(os.path.dirname(os.path.dirname(MODULE)), "tests",
                    "tools", ".libs", "pam_peek.so")
SESSION = ("auth MODULE\naccount MODULE\nsession MODULE\n"
           "session required %s\n" % PEEK)


def session(w, how, service, token, *, change=(), flags=0):
    """A login and its session: (open, close, the rest of the environment)."""
    with Host(w.stacks) as h:
        h.start(service, USER)
        h.answers(token)
        auth = h.call(how)
        for name, text in change:
            h.item(name, text)
        opened = h.call("open_session", flags)
        note = h.env("AUDIENT_LOGIN")
        closed = h.call("close_session", flags)
        h.end()
    return auth, opened, closed, note


def sessions(w):
    """The phase in which nobody looks at the token any more."""
    expired = w.mint(ttl=-3600)
    w.stack("free", SESSION)
    w.stack("brief", SESSION, config=w.rig.configure(
        "session_limit = token", "limited.conf"))
    for how in ("authenticate", "child"):
        auth, opened, closed, note = session(w, how, "free", w.good)
        w.check(how + ": a login", auth, SUCCESS)
        w.check(how + ": its session, without a limit", opened, SUCCESS,
                log="session=open", told="")
        w.check(how + ": no end is known", opened, SUCCESS,
                log="runtime=none")
        w.check(how + ": and its end", closed, SUCCESS, log="session=close")
        token = [t for _, t in auth.log if "token=" in t][0].split(
            "token=")[1][:12]
        w.rig.case(all(any("token=" + token in t for _, t in x.log)
                       for x in (opened, closed)) and note is None,
                   how + ": all with the same token", opened.show(), note)
        auth, opened, closed, _ = session(w, how, "brief", w.good)
        w.check(how + ": a session with an end", opened, SUCCESS,
                log="session=open", told="This session ends at 20")
        end = [int(n) for _, t in opened.log
               for n in re.findall(r"peek: runtime=(\d+)$", t)]
        w.rig.case(len(end) == 1 and 3600 < end[0] - 30 <= 86400,
                   how + ": the system is told of the end", opened.show())
        w.check(how + ": a session with an end, closed", closed, SUCCESS,
                log="session=close")
        _, opened, _, _ = session(w, how, "brief", w.good, flags=host.SILENT)
        w.check(how + ": a session with an end, silently", opened, SUCCESS,
                told="", log="session=open")
        for service in ("free", "brief"):
            auth, opened, closed, _ = session(w, how, service, expired)
            w.check(how + ": no login", auth, AUTH_ERR)
            for got in (opened, closed):
                w.rig.case(got.rc == SUCCESS and not got.has_logged(
                    "session="), how + ": no session of ours", got.show())
    _, opened, _, _ = session(w, "child", "brief", w.good,
                              change=[("user", "daemon")])
    w.rig.case(not opened.has_logged("session=open") and opened.has_logged(
        "runtime=none"), "another user in the session: it is not that login",
               opened.show())
    w.stack("brief", SESSION, config=w.rig.configure(
        "session_limit = token\nclock_tolerance = 0", "short.conf"))
    with Host(w.stacks) as h:
        h.start("brief", USER)
        h.answers(w.mint(ttl=2))
        h.call("authenticate")
        time.sleep(2.1)
        w.check("a token that is over before the session begins",
                h.call("open_session"), host.SESSION_ERR, level=NOTICE,
                log="before the session began")
        h.end()
    w.stack("brief", SESSION, arguments="colour=red")
    for phase in ("open_session", "close_session"):
        with Host(w.stacks) as h:
            h.start("brief", USER)
            w.check(phase + ": an unknown argument", h.call(phase),
                    SERVICE_ERR, log="is not known")
            h.end()
    w.stack("brief", SESSION, config="/nonexistent/audient.conf")
    with Host(w.stacks) as h:
        h.start("brief", USER)
        w.check("open_session: no configuration", h.call("open_session"),
                SERVICE_ERR, level=CRIT)
        h.end()


def arguments(w):
    rows = (
        ("an unknown one", "colour=red", 'the argument "colour=red" is not'),
        ("a misspelt one", "try_firstpass", "is not known"),
        ("a flag with a value", "debug=yes", "is not known"),
        ("service= without a name", "service=", "needs a name"),
        ("config= twice", "config=/other", "is there twice"),
        ("service= twice", "service=a service=b", "is there twice"),
        ("debug twice", "debug debug", "is there twice"),
        ("one of 300 bytes", "x" * 300, "is not known"))
    for what, text, log in rows:
        w.stack("odd", arguments=text)
        w.check("arguments: " + what, w.login(w.good, service="odd"),
                SERVICE_ERR, prompts=[], level=CRIT, log=log,
                account=SERVICE_ERR)
    for what, path, log in (
            ("a relative path", "audient.conf", "absolute path"),
            ("an empty path", "", "absolute path"),
            ("a path of 900 bytes", "/" + "x" * 900, "config_invalid")):
        w.rig.write("pam.d/odd", "auth required %s config=%s\n" % (MODULE,
                                                                  path))
        w.check("arguments: config= with " + what,
                w.login(w.good, service="odd"), SERVICE_ERR, prompts=[],
                log=log)
    w.stack("odd", arguments="service=strict", config=w.rig.configure(
        "[service strict]\nrequired_permissions = login:ssh",
        "sections.conf"))
    w.check("arguments: service= chooses the section",
            w.login(w.good, service="odd"), MAXTRIES,
            reason="permission_missing")
    w.stack("odd", config=os.path.join(w.rig.dir, "sections.conf"))
    w.check("arguments: without it the name of PAM does",
            w.login(w.good, service="odd"), SUCCESS)
    w.stack("odd", arguments="debug")
    got = w.login(w.good, service="odd")
    w.check("arguments: debug logs each check", got, SUCCESS,
            log="signature: passed", level=7)


def first_pass(w):
    """An earlier module has asked already: pam_unix, as in every system."""
    text = "auth optional pam_unix.so\nauth MODULE\naccount MODULE\n"
    for argument in ("use_first_pass", "try_first_pass"):
        w.stack("after", text, argument)
        w.check("%s: what was asked for before" % argument,
                w.login(w.good, service="after"), SUCCESS,
                prompts=["Password: "], reason="ok")
        w.check("%s: and it is a password" % argument,
                w.login("sesame", service="after"), AUTH_ERR,
                prompts=["Password: "], reason="not_a_token")
        w.check("%s: in quotes, with Bearer" % argument,
                w.login('"Bearer %s"' % w.good, service="after"), SUCCESS)
        w.stack("alone", arguments=argument)
    w.stack("alone", arguments="use_first_pass")
    w.check("use_first_pass: nothing was asked for, nothing is",
            w.login(w.good, service="alone"), AUTH_ERR, prompts=[])
    w.stack("alone", arguments="try_first_pass")
    w.check("try_first_pass: nothing was asked for, so we do",
            w.login(w.good, service="alone"), SUCCESS, prompts=[ASK])
    w.stack("alone")
    w.rig.write("pam.d/before", "auth [default=ignore] %s config=%s\n"
                "auth required pam_unix.so use_first_pass\n"
                % (MODULE, w.config))
    w.check("a password is handed on to the next module",
            w.login("sesame", service="before"), AUTH_ERR, prompts=[ASK],
            log="pam_unix(before:auth): authentication failure")
    with Host(w.stacks) as h:
        h.start("app", USER)
        h.answers(w.good)
        h.call("authenticate")
        w.rig.case(h.get("user") == USER, "PAM_USER is as it was")
        h.end()


# --- the conversation ---------------------------------------------------------------

def conversation(w):
    for what, answer, rc in (
            ("an answer that is NULL", ("null",), CONV_ERR),
            ("no array of answers", ("none",), CONV_ERR),
            ("PAM_CONV_ERR", ("rc:%d" % CONV_ERR,), CONV_ERR),
            ("PAM_CONV_AGAIN", ("rc:%d" % CONV_AGAIN,), CONV_ERR),
            ("PAM_INCOMPLETE", ("rc:%d" % host.INCOMPLETE,), CONV_ERR),
            ("PAM_ABORT", ("rc:%d" % host.ABORT,), CONV_ERR),
            ("PAM_IGNORE", ("rc:%d" % IGNORE,), CONV_ERR),
            ("PAM_BUF_ERR", ("rc:%d" % BUF_ERR,), BUF_ERR),
            ("an empty answer", "", AUTH_ERR)):
        w.check("conversation: " + what, w.login(answer), rc, prompts=[ASK],
                log="no token: ", account=PERM_DENIED)
    w.check("conversation: one answer too many",
            w.login(("two:" + host.word(w.good),)), SUCCESS)
    with Host(w.stacks) as h:
        h.start("app", USER, deaf=True)
        w.check("conversation: there is no function",
                h.call("authenticate"), CONV_ERR, prompts=[])
        h.end()
    first, second = cut(w.good, 500)
    for what, answer, rc in (
            ("fails", ("rc:%d" % CONV_ERR,), CONV_ERR),
            ("is NULL", ("null",), CONV_ERR),
            ("is not there", ("none",), CONV_ERR)):
        w.check("conversation: the second part " + what,
                w.login(first, answer), rc,
                prompts=[ASK, "Access token, part 2: "])
    w.check("conversation: the second part is empty",
            w.login(first, ""), AUTH_ERR, reason="token_truncated",
            told="incomplete: 500 bytes")
    w.check("conversation: the first part comes twice",
            w.login(first, first), AUTH_ERR, reason="token_truncated")
    w.check("conversation: two parts", w.login(first, second), SUCCESS)
    many = cut(w.good, *range(18, len(w.good), 18))
    w.check("conversation: %d parts" % len(many), w.login(*many), SUCCESS)
    w.check("conversation: parts without an end are 48",
            w.login(*["eyJ%d" % i for i in range(100)]), AUTH_ERR,
            reason="opaque_refused", prompts=[ASK] + [
                "Access token, part %d: " % i for i in range(2, 49)])


def large_answers(w):
    for what, answer, reason in (
            ("a password of 4095 bytes", "p" * 4095, "opaque_refused"),
            ("a token of 16384 bytes", w.mint(pad_to=16384), "ok"),
            ("a token of 16385 bytes", w.mint(pad_to=16385),
             "token_too_large"),
            ("letters, 200000", "x" * 200000, "token_too_large"),
            ("the start of a token and 1000000 letters", "eyJ" + "x" *
             1000000, "token_too_large"),
            ("dots, 100000", "eyJ" + "." * 100000, "token_too_large"),
            ("blanks, 100000", " " * 100000, "token_too_large")):
        w.check("large: " + what, w.login(answer),
                SUCCESS if reason == "ok" else AUTH_ERR, reason=reason,
                prompts=[ASK])
    w.check("large: 16384 bytes, and then more in parts",
            w.login(w.mint(pad_to=16384)[:-1], "x" * 30000), AUTH_ERR,
            reason="token_too_large")


def pasted(w):
    """People copy more than the token, and less."""
    token = w.good
    half = len(token) // 2
    for what, text in (
            ("blanks around", "  \t%s \t " % token),
            ("a line break behind", token + "\n"),
            ("line breaks inside", "\r\n".join(cut(token, 80, 300, 600))),
            ("double quotes", '"%s"' % token),
            ("single quotes", "'%s'" % token),
            ("Bearer", "Bearer " + token),
            ("bearer and blanks", "  bearer    %s" % token),
            ("quotes and Bearer", '"Bearer %s"' % token),
            ("a header", "Authorization: Bearer " + token),
            ("an open quote", '"' + token)):
        w.check("pasted, accepted: " + what, w.login(text), SUCCESS,
                reason="ok")
    w.check("pasted, accepted: quotes around two parts",
            w.login('"' + token[:half], token[half:] + '"'), SUCCESS)
    w.check("pasted, accepted: Bearer before two parts",
            w.login("Bearer " + token[:half], token[half:]), SUCCESS)
    for what, text, reason in (
            ("the tenant's whole answer", '{"access_token":"%s"}' % token,
             "not_a_token"),
            ("a shell's assignment", "TOKEN=" + token, "not_a_token"),
            ("a URL", "https://example.com/#access_token=" + token,
             "not_a_token")):
        w.check("pasted, explained: " + what, w.login(text), AUTH_ERR,
                reason=reason, told="begins with eyJ")
    for what, text, reason in (
            ("a comma behind", token + ",", "token_malformed"),
            ("the token twice", token + token, "token_malformed"),
            ("padding", token + "==", "token_malformed"),
            ("another letter behind", token + "A", "signature_invalid"),
            ("the first letter lost", token[1:], "token_malformed"),
            ("a NUL cannot come; 0x01 can", token[:half] + "\x01" +
             token[half:], "token_malformed"),
            ("UTF-8", token[:half] + "\u00e9" + token[half:],
             "token_malformed")):
        got = w.login(text)
        w.check("pasted, refused: " + what, got, AUTH_ERR)
        w.rig.case(not got.told, "and the user hears nothing of it",
                   got.show())
    w.check("pasted: nothing but quotes", w.login('""'), AUTH_ERR,
            reason="not_a_token")
    w.check("a password with blanks and quotes is left as it is",
            w.login(" 'sesame' "), AUTH_ERR, reason="not_a_token", told="")


def cuts(w):
    """Who cuts where, and what the user is told; with and without keys."""
    long = w.mint(pad_to=6000)
    for size, who in ((511, "sudo"), (1023, "ssh"), (4095, "a terminal")):
        w.check("cut at %d bytes" % size, w.login(long[:size], ""), AUTH_ERR,
                reason="token_truncated", told="%s passes on %d bytes" % (
                    who, size))
    w.check("cut in the second part", w.login(long[:1023], long[1023:2046],
                                              ""), AUTH_ERR,
            reason="token_truncated", told="ssh passes on 1023 bytes")
    w.check("cut anywhere", w.login(long[:777], ""), AUTH_ERR,
            told="incomplete: 777 bytes")
    for at in (-341, -300, -1):
        w.check("cold keys, cut %d letters before the end" % -at,
                cold(w, *cut(long, len(long) + at)), SUCCESS)
    for size in (511, 1023, 4095):
        w.check("cold keys, the last of the parts has %d bytes" % size,
                cold(w, *cut(long, len(long) - size), ""), SUCCESS)


def cold(w, *answers):
    """A login on a host that has no keys yet."""
    cold.number += 1
    w.stack("cold", config=w.rig.configure(
        "", "cold.conf"))
    text = open(os.path.join(w.rig.dir, "cold.conf")).read()
    w.rig.write("cold.conf", text.replace(
        w.rig.cache, w.rig.path("cold-%d" % cold.number)))
    return w.login(*answers, service="cold")


cold.number = 0


# --- what applications tell us ----------------------------------------------------------

def hostile_text(w):
    texts = (
        ("control bytes", "a\x01\x1b[2Jb\x7f", "a\\x01\\x1b[2Jb\\x7f"),
        ("a line of its own", "x\nreason=ok verdict=allow", "\\x0a"),
        ("quotes", 'x" verdict=allow "', "\"x' verdict=allow '\""),
        ("300 bytes", "h" * 300, "h..."),
        ("a format", "%n%s%n", "%n%s%n"),
        ("bytes that are no UTF-8", b"\xff\xfe\x80", "\\xff\\xfe\\x80"))
    for what, text, seen in texts:
        for item in ("rhost", "tty", "ruser"):
            got = w.login("sesame", items=[(item, text)])
            lines = [x for _, x in got.log if "verdict=" in x]
            clean = len(lines) == 1 and "\n" not in lines[0] and all(
                " " <= c <= "~" for c in lines[0])
            ok = clean and (item != "rhost" or seen in lines[0])
            w.rig.case(ok and got.rc == AUTH_ERR, "PAM_%s with %s" % (
                item.upper(), what), got.show())


def hostile_users(w):
    """Names without an account: one answer to all of them, and no word of the
    name in the log.  Only what sshd makes up for them is free."""
    w.check("root", w.login(w.mint(claims={USERNAME_CLAIM: "root"}),
                            user="root"), MAXTRIES, reason="user_refused")
    w.check("a system account", w.login(w.mint(
        claims={USERNAME_CLAIM: "daemon"}), user="daemon"), MAXTRIES,
        reason="user_refused")
    config = w.rig.configure("refetch_cooldown = 600", "hostile.conf")
    w.stack("app", config=w.rig.write("hostile.conf", open(
        config).read().replace(w.rig.cache, w.rig.path("hostile"))))
    bad = w.mint(audience=OTHER_AUDIENCE)
    forged = w.mint(key="rogue")
    before = w.rig.tenant.count("jwks")
    seen = w.login(bad)
    for what, user in (("a name that does not exist", "nobody-here"),
                       ("300 bytes", "u" * 300),
                       ("control bytes", "a\x01\x1b[2J\nroot"),
                       ("blanks", "no body"), ("a slash", "../root"),
                       ("capital letters", "NOBODY"),
                       ("bytes that are no UTF-8", b"\xff\xfe"),
                       ("a number", "65534"), ("a percent sign", "%n%s")):
        for kind, token, rc in (("a bad token", bad, AUTH_ERR),
                                ("junk", JUNK * 60, AUTH_ERR),
                                ("a forged key", forged, AUTH_ERR),
                                ("a good token", w.good, MAXTRIES)):
            heard = w.rig.tenant.count()
            got = w.login(token, user=user)
            w.check("user: %s, %s" % (what, kind), got, rc,
                    log='user="(no account)"')
            if kind == "junk":
                w.rig.case(heard == w.rig.tenant.count(),
                           "and the tenant hears nothing", heard)
            if kind == "a bad token":
                w.rig.case((got.prompts, got.told, got.rc) == (
                    seen.prompts, seen.told, seen.rc),
                    "nothing tells it from an account that is there",
                    got.show(), seen.show())
    asked = w.rig.tenant.count("jwks") - before
    w.rig.case(asked == 1, "all such names cost it one request for keys",
               asked)
    w.check("no name: the application is asked for it",
            w.login(USER, w.good, user=None), SUCCESS,
            prompts=["login:", ASK])
    w.check("an empty name", w.login(w.good, user=""), USER_UNKNOWN)
    w.check("no name, and no answer",
            w.login(("rc:%d" % CONV_ERR,), user=None), CONV_ERR)
    w.stack("app")


def strangers(w):
    """Whether a name has an account: neither the answer nor what the tenant
    hears, and so how long it takes, tells.  Each login has a cache of its
    own: without keys, or with keys after and within the cooldown."""
    opaque = ("opaque_tokens = accept-unbound\n"
              "required_claim = email_verified true\n")
    kinds = (
        ("an unknown key", w.mint(key="rogue", kid="unheard-of"), AUTH_ERR),
        ("a forged signature", w.mint(key="rogue", kid="@current"), AUTH_ERR),
        ("expired", w.mint(ttl=-3600), AUTH_ERR),
        ("another audience", w.mint(audience=OTHER_AUDIENCE), AUTH_ERR),
        ("a good token of somebody else",
         w.mint(claims={USERNAME_CLAIM: "somebody-else",
                        "email_verified": True}), MAXTRIES),
        ("a good opaque token of somebody else",
         w.rig.tenant.mint("alice", kind="opaque"), MAXTRIES),
        ("a bad opaque token", w.mint(kind="opaque", ttl=-3600), AUTH_ERR),
        ("a bad old opaque token", "hT9_3xwQ1vJr0aZk2mNb5cXeYv8Uo4Lp",
         AUTH_ERR),
        ("sshd's junk", JUNK * 60, AUTH_ERR))
    # of keys, for the first kind: nothing to do with the account
    states = (("no keys yet", 600, False, 1),
              ("the cooldown is over", 1, True, 1),
              ("the cooldown runs", 600, True, 0))
    places = w.rig.path("strangers")
    warm = w.rig.path("strangers", "warm")
    config = w.rig.configure(opaque, "strangers.conf")
    text = open(config).read()

    def prepare(seconds, cache):
        w.stack("strangers", config=w.rig.write("strangers.conf", text.replace(
            w.rig.cache, cache) + "refetch_cooldown = %d\n" % seconds))

    prepare(1, warm)
    w.check("strangers: somebody has logged in", w.login(
        w.mint(claims={"email_verified": True}), service="strangers"), SUCCESS)
    time.sleep(2)
    for state, seconds, has_keys, asked in states:
        for kind, token, rc in kinds:
            seen = []
            for user in (USER, "daemon", "nobody-here"):
                place = os.path.join(places, "now")
                if has_keys:
                    shutil.copytree(warm, place)
                else:
                    os.mkdir(place)
                prepare(seconds, place)
                w.rig.tenant.forget()
                got = w.login(token, user=user, service="strangers")
                seen.append((got.rc, got.account.rc, got.prompts, got.told, [
                    re.findall(r" (?:reason|check)=\S+", line) for _, line in
                    got.log], w.rig.tenant.count()))
                shutil.rmtree(place)
            w.rig.case(seen[0][0] == rc and seen.count(seen[0]) == 3,
                       "strangers are as others: %s, %s" % (state, kind),
                       *seen)
            heard = [x[-1]["paths"].get("/.well-known/jwks.json", 0)
                     for x in seen]
            if kind == "an unknown key":
                w.rig.case(heard == [asked] * 3,
                           "strangers: %d requests for keys: %s, %s" % (
                               asked, state, kind), *seen)
            elif kind == "sshd's junk":
                w.rig.case(not any(x[-1]["connections"] for x in seen),
                           "strangers: no request: %s, %s" % (state, kind),
                           *seen)


def junk_password(w):
    """sshd's stand-in for an answer, as long as the answer was."""
    for length in (1, 4, 13, 14, 700, 1024, 9000):
        junk = (JUNK * 700)[:length]
        w.check("sshd's junk of %d bytes" % length, w.login(junk), AUTH_ERR,
                reason="not_a_token", prompts=[ASK])


# --- systemd's journal ------------------------------------------------------------------

def journal_row(w, what, journal, wanted, answer="sesame", items=()):
    """One decision: with wanted, an entry of the journal whose fields are
    the pairs of its text; without, a line of syslog; never both."""
    env = {"AUDIENT_JOURNAL": journal.path} if journal else None
    with Host(w.stacks, env) as h:
        h.start("app", USER)
        before = h.descriptors()
        for name, text in items:
            h.item(name, text)
        h.answers(answer)
        began = time.monotonic()
        got = h.call("authenticate")
        took = time.monotonic() - began
        after = h.descriptors()
        h.end()
    lines = [text for _, text in got.log if "verdict=" in text]
    entries = journal.entries() if wanted else []
    names = [name for entry in entries for name, _ in entry]
    bad = []
    if (len(entries), len(lines)) != ((1, 0) if wanted else (0, 1)):
        bad.append("%d entries, %d lines" % (len(entries), len(lines)))
    if len(names) != len(set(names)):
        bad.append("a field twice")
    for entry in entries:
        text = dict(entry)["MESSAGE"]
        if [f for f in entry if f[0].startswith("AUDIENT_")] != \
                journal_module.pairs_of(text):
            bad.append("the fields are not the pairs")
        if set(names) - {n for n in names if n.startswith("AUDIENT_")} != \
                {"MESSAGE", "PRIORITY", "SYSLOG_FACILITY",
                 "SYSLOG_IDENTIFIER"}:
            bad.append("other fields")
        if any(c < " " or c > "~" for name, text in entry
               if name.startswith("AUDIENT_") for c in text):
            bad.append("a field that is not clean")
    if before != after:
        bad.append("descriptors: %r, then %r" % (before, after))
    if took > 10:
        bad.append("it took %.1f s" % took)
    w.rig.case(not bad and got.rc == (SUCCESS if answer == w.good
                                      else AUTH_ERR),
               "journal: " + what, *bad, got.show(), *entries)
    return dict(entries[0]) if entries else {}


def journal(w):
    path = w.rig.path("journal")
    j = journal_module.Journal(os.path.join(path, "socket"))
    e = journal_row(w, "let in", j, True, w.good)
    w.rig.case(e.get("MESSAGE", "").startswith(
        "pam_audient(app:auth): service=app user=nobody verdict=allow "
        "reason=ok ") and (e["PRIORITY"], e["SYSLOG_FACILITY"],
                           e["SYSLOG_IDENTIFIER"]) == ("6", "10", "pamhost"),
        "journal: text, level, facility and identifier as in syslog", e)
    e = journal_row(w, "refused", j, True, w.mint(audience=OTHER_AUDIENCE))
    w.rig.case((e.get("AUDIENT_REASON"), e.get("AUDIENT_CHECK"),
                e.get("AUDIENT_FOUND", "").startswith("[" + OTHER_AUDIENCE),
                e.get("PRIORITY")) == (
        "audience_refused", "audience", True, "5"),
        "journal: the refusal is in its fields", e)
    w.rig.case("AUDIENT_USER" in journal_row(w, "no token", j, True),
               "journal: who it was is in its fields")
    for what, text, seen in (
            ("fields of its own", "x\nAUDIENT_VERDICT=allow\nPRIORITY=0\n",
             "x\\x0aAUDIENT_VERDICT=allow\\x0aPRIORITY=0\\x0a"),
            ("pairs of its own", 'x" verdict=allow "', "x' verdict=allow '"),
            ("control bytes", "a\x01\x1b[2Jb\x7f", "a\\x01\\x1b[2Jb\\x7f"),
            ("bytes that are no UTF-8", b"\xff\xfe", "\\xff\\xfe"),
            ("a format", "%n%s%n", "%n%s%n"),
            ("300 bytes", "h" * 300, "h" * 160 + "...")):
        e = journal_row(w, "a host with " + what, j, True,
                        items=[("rhost", text)])
        w.rig.case((e.get("AUDIENT_RHOST"), e.get("AUDIENT_VERDICT")) ==
                   (seen, "deny"), "journal: and it is a value", e)
    w.stack("app\npriority=0")
    e = journal_row(w, "a service with a newline", j, True, w.good,
                    [("service", "app\npriority=0")])
    w.rig.case((e.get("AUDIENT_SERVICE"), e.get("PRIORITY")) ==
               ("app\\x0apriority=0", "6"), "journal: and it is a value", e)
    w.rig.case(j.fill() > 0, "journal: full")
    journal_row(w, "full, to syslog, at once", j, False, w.good)
    j.close()
    journal_row(w, "nobody listens, to syslog", j, False, w.good)
    os.unlink(j.path)
    journal_row(w, "no socket, to syslog", j, False, w.good)
    w.rig.write("journal/socket", "a file")
    journal_row(w, "a file, to syslog", j, False, w.good)
    os.unlink(j.path)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.bind(j.path)
        stream.listen()
        journal_row(w, "a socket of another type, to syslog", j, False,
                    w.good)
    journal_row(w, "no journal", None, False, w.good)


TESTS = (return_codes, delays, entry_points, account_phase, account_later,
         sessions, arguments, first_pass, conversation, large_answers, pasted, cuts,
         hostile_text, hostile_users, strangers, junk_password, journal)


def main():
    with Rig("pam") as rig:
        w = World(rig)
        for test in TESTS:
            print("# " + test.__name__)
            test(w)
        return rig.finish()


sys.exit(main())
