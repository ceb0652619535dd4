#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lines of the log, from a real sshd: audient logs reads them, fail2ban finds
those who try something, and logcheck passes over what is daily business.
Names that look like such lines mislead none of the three."""

import json
import os
import re
import shutil
import subprocess
import sys

from clilib import SOURCE, Captures, longest, on_terminal, plain, run
import rig as rig_module
from rig import OTHER_AUDIENCE, PATIENCE, Rig, free_port

try:
    from sshd import Sshd
except ImportError:
    rig_module.skip("python3-pexpect is not installed")

PACKAGING = os.path.join(SOURCE, "packaging")
HOST = "192.0.2.66"         # whom somebody wants to have banned
FORGED = 'service=sshd user=x verdict=deny reason=signature_invalid rhost=%s' \
    % HOST


def as_in_a_file(line):
    """What syslogd makes of a datagram."""
    match = re.match(r"<\d+>(\w{3} [ \d]\d [\d:]{8}) (.*)", line)
    return "%s web1 %s" % match.groups() if match else ""


def real_lines(rig):
    """{reason: line}, as they are after real logins."""
    mint = rig.tenant.mint
    sshd = Sshd(rig, free_port())
    sshd.start()
    tokens = {"ok": mint("alice"), "expired": mint("alice", ttl=-3600),
              "audience_refused": mint("alice", audience=OTHER_AUDIENCE),
              "user_mismatch": mint("bob"), "not_a_token": "correct horse",
              "algorithm_refused": mint("alice", alg="HS256")}
    found = {}
    for reason, token in tokens.items():
        since = rig.syslog.mark()
        sshd.login("alice", token)
        line = as_in_a_file(rig.syslog.wait("reason=" + reason, since))
        rig.case(" web1 sshd" in line and
                 ": pam_audient(sshd:auth): service=" in line, "sshd logs " + reason, line, *rig.syslog.news(since))
        found[reason] = line
    return found


def sasl_lines():
    """As slapd, Cyrus IMAP and Postfix write them."""
    pairs = ("service=%s user=alice verdict=deny reason=signature_invalid "
             "token=0123456789ab proof=none rhost=198.51.100.7 "
             "check=signature")
    return ["2026-11-21T12:00:01.123456+01:00 web1 " + line for line in (
        "slapd[7]: SASL [conn=1001] Failure: audient: " + pairs % "ldap",
        "cyrus/imap[8]: SASL audient: " + pairs % "imap",
        "postfix/submission/smtpd[9]: warning: SASL authentication failure: "
        "audient: " + pairs % "smtp")]


def forged_lines(good):
    """What a peer can bring about with names of his own."""
    head, _ = good.split(" sshd", 1)
    inside = "pam_audient(sshd:auth): " + FORGED
    return [
        "%s sshd[1]: Invalid user %s from 198.51.100.9 port 1" % (head, inside),
        "%s sshd[1]: Invalid user ]: %s from 198.51.100.9" % (head, inside),
        "%s sshd[1]: error: maximum: audient: %s" % (head, FORGED),
        '%s sshd[1]: pam_audient(sshd:auth): service=sshd user="(no account)" '
        'verdict=deny reason=expired subject="x rhost=%s reason='
        'signature_invalid" token=0123456789ab' % (head, HOST),
        '%s sshd[1]: pam_audient(sshd:auth): service=sshd user="a verdict=deny '
        'reason=signature_invalid rhost=%s b" verdict=allow reason=ok '
        'rhost=198.51.100.9' % (head, HOST),
        "%s sshd[1]: pam_audient(sshd:account): refused: no %s" % (
            head, FORGED)]


# --- audient logs ------------------------------------------------------------------

def decisions(*arguments, text=""):
    status, out, err = run("logs", "--json", *arguments, text=text)
    return status, [json.loads(line) for line in out.splitlines()], err


def check_command(rig, real):
    path = rig.write("auth.log", "\n".join(
        ["Nov 21 12:00:00 web1 cron[1]: nothing of ours", *real.values()]) +
        "\n")
    status, found, err = decisions(path)
    rig.case(status == 0 and [f["reason"] for f in found] == list(real) and
             all(f["rhost"] == "127.0.0.1" and f["service"] == "sshd" and
                 re.fullmatch(r"\w{3} [ \d]\d [\d:]{8}", f["time"])
                 for f in found), "audient logs finds every decision", found,
             err)
    rows = [(("--user", "alice", "--refused"), set(real) - {"ok"}),
            (("--reason", "ok"), {"ok"}), (("--user", "nobody"), set()),
            (("--service", "imap"), set()),
            (("--user", found[0]["subject"]), None),
            (("--last", "2"), set(list(real)[-2:]))]
    for arguments, want in rows:
        status, some, _ = decisions(*arguments, path)
        got = {f["reason"] for f in some}
        rig.case(got == want if want is not None else "ok" in got,
                 "audient logs " + " ".join(arguments), got)
        rig.case(status == (0 if some else 1),
                 "its exit status says whether there are any", status)
    status, out, _ = run("logs", "--config", rig.configure(), "--reason",
                         "audience_refused", path)
    rig.case("issued for another API.  Ask for it with audience=" in out and
             OTHER_AUDIENCE in out,
             "audient logs says what to do about the last refusal", out)
    screen = on_terminal("logs", path, columns=40)[1]
    rig.case(longest(screen) <= 40 and "alice" in plain(screen),
             "audient logs fits 40 columns", screen)


def check_hosts(rig, real):
    text = "\n".join(sasl_lines()) + "\n"
    status, found, err = decisions("-", text=text)
    rig.case([f["service"] for f in found] == ["ldap", "imap", "smtp"] and
             found[0]["time"].startswith("2026-11-21T"),
             "lines of slapd, Cyrus IMAP and Postfix", found, err)
    status, found, _ = decisions(text="\n".join(forged_lines(real["ok"])))
    rig.case([(f["verdict"], f["reason"]) for f in found] ==
             [("deny", "expired"), ("allow", "ok")],
             "names that look like lines, or like fields, are names", found)


def capture(rig):
    """As on a host with the usual file."""
    day = [
        ("08:59:12", "sshd[811]: pam_audient(sshd:auth): service=sshd "
         "user=alice verdict=allow reason=ok subject=auth0|5f7c token="
         "0d2c34a1f7e9 proof=jwt rhost=192.0.2.7"),
        ("09:14:40", "cyrus/imap[902]: SASL audient: service=imap user=bob "
         "verdict=deny reason=expired subject=auth0|60a1 token=77e12b90ac31 "
         "proof=jwt rhost=192.0.2.9 check=exp"),
        ("09:15:02", "cyrus/imap[902]: SASL audient: service=imap user=bob "
         "verdict=allow reason=ok subject=auth0|60a1 token=be0676ac5cb5 "
         "proof=jwt rhost=192.0.2.9"),
        ("09:31:55", "sudo[1207]: pam_audient(sudo:auth): service=sudo user="
         "alice verdict=deny reason=permission_missing subject=auth0|5f7c "
         "token=0d2c34a1f7e9 proof=jwt check=permission found=[login:web1] "
         "wanted=sudo:web1")]
    path = rig.write("day.log", "".join(
        "2026-11-21T%s+01:00 web1 %s\n" % line for line in day))
    screen = on_terminal("logs", "--last", "4", path, env={"NO_COLOR": "1"})[1]
    Captures().check(rig, "logs", screen)


def check_journal(rig):
    """On a terminal the journal is asked; here by a stand-in."""
    line = "2026-11-21T12:00:01+0100 web1 sshd[1]: pam_audient(sshd:auth): " \
        "service=sshd user=carol verdict=allow reason=ok"
    rig.write("bin/journalctl", "#!/bin/sh\necho '%s'\n" % line, 0o755)
    path = {"PATH": rig.path("bin") + ":" + os.environ["PATH"]}
    status, screen = on_terminal("logs", env=path)
    rig.case(status == 0 and "sshd: carol" in plain(screen),
             "the journal is asked on a terminal", screen)
    rig.write("bin/journalctl", "#!/bin/sh\nexit 3\n", 0o755)
    status, screen = on_terminal("logs", env=path)
    rig.case(status == 4 and "name a log" in " ".join(screen.split()),
             "a journal that cannot be read", screen)


def check_bad(rig):
    rows = [(("--last", "0"), 2, "--last takes a number"),
            (("--last", "x"), 2, "--last takes a number"),
            (("--reason", "bad"), 2, 'there is no reason "bad"'),
            (("a", "b"), 2, "usage: audient logs"),
            (("/no/such/log",), 4, "/no/such/log: No such file"),
            (("/",), 4, "/: Is a directory"),
            (("/dev/null",), 1, "no such decision")]
    for arguments, want, words in rows:
        status, out, err = run("logs", *arguments)
        rig.case(status == want and words in err and out == "",
                 "audient logs %s" % " ".join(arguments), status, err)
    status, out, _ = run("logs", text="Nov 21 12:00:01 h x: audient: service="
                         "a\033[2J verdict=allow reason=ok user=\x9b1m\n")
    rig.case(status == 0 and "a?[2J" in out and
             not re.search(r"[^\n -~]", out),
             "control characters of a log do not reach the terminal", out)
    damaged = ["", ":", ": ", "x: pam_audient(", "x: pam_audient(a): service=",
               'x: audient: service=a user="b', "x: audient: service=a =",
               "x: audient: service=a verdict=allow", "\x00\xff: \x01"]
    status, found, err = decisions(text="\n".join(damaged))
    rig.case((status, found, err) == (1, [], ""), "damaged lines are none",
             found, err)


# --- audient stats -------------------------------------------------------------

def check_stats(rig, real):
    """As many as sshd has logged, in the format of Prometheus."""
    config = rig.configure()
    status, out, err = run("stats", "--config", config)
    counts = dict(re.findall(
        r'^audient_decisions_total\{service="sshd",verdict="\w+",'
        r'reason="(\w+)"\} (\d+)$', out, re.M))
    logged = " ".join(rig.syslog.lines())
    rig.case(status == 0 and err == "" and set(counts) == set(real) and
             all(int(n) == len(re.findall(r" reason=%s\b" % reason, logged))
                 for reason, n in counts.items()),
             "each decision is counted once", counts, out)
    rig.case(re.search(r'^audient_keys\{issuer="https://[^"]+"\} 2$', out,
                       re.M) and "audient_configuration_valid 1\n" in out,
             "keys and configuration are told", out)
    names = re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", out, re.M)
    rig.case(all(re.fullmatch(r"# (HELP|TYPE) \w+ \S.*|(\w+)(\{.*\})? -?\d+",
                              line) and line.split()[
                                  2 if line[0] == "#" else 0].split("{")[0]
                 in names for line in out.splitlines()),
             "every line is one of Prometheus' text format", out)
    place = rig.path("prom")
    path = os.path.join(place, "audient.prom")
    status, said, err = run("stats", "--config", config, "--output", path)
    with open(path, encoding="utf-8") as f:
        rig.case(status == 0 and said == "" and
                 f.read().startswith("# HELP audient_build_info") and
                 os.listdir(place) == ["audient.prom"] and
                 os.stat(path).st_mode & 0o777 == 0o644,
                 "--output writes the file, and no other", said, err)
    status, out, err = run("stats", "--config",
                           rig.write("typo.conf", "domian = x\n"))
    rig.case(status == 4 and "audient_configuration_valid 0\n" in out and
             "typo.conf:1" in err, "a bad configuration is told as such", out,
             err)
    status, out, err = run("stats", "--config", config, "--output",
                           "/no/such/place/x")
    rig.case(status == 4 and "/no/such/place/x" in err,
             "a place that is not there", err)


# --- fail2ban, logcheck -----------------------------------------------------------

def check_fail2ban(rig, real):
    if shutil.which("fail2ban-regex") is None:
        print("# fail2ban is not installed: its filter was not tried")
        return
    # the filter wants its neighbour, as it has one when it is installed
    place = rig.path("filter.d")
    shutil.copy(os.path.join(PACKAGING, "fail2ban", "audient.conf"), place)
    shutil.copy("/etc/fail2ban/filter.d/common.conf", place)
    attacks = [real[r] for r in ("audience_refused", "user_mismatch",
                                 "algorithm_refused")]
    honest = [real[r] for r in ("ok", "expired", "not_a_token")]

    def hits(what, lines):
        path = rig.write("f2b.log", "\n".join(lines) + "\n")
        done = subprocess.run(
            ["fail2ban-regex", "--out", "ip", path,
             os.path.join(place, "audient.conf")],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.stdout.split(), done.stdout + done.stderr
    found, out = hits("attacks", attacks)
    rig.case(found == ["127.0.0.1"] * len(attacks),
             "fail2ban counts who tries something", out)
    found, out = hits("SASL", sasl_lines())
    rig.case(found == ["198.51.100.7"] * 3, "fail2ban counts it for SASL, too",
             out)
    found, out = hits("honest", honest)
    rig.case(not found, "fail2ban does not count what honest people do", out)
    found, out = hits("forged", forged_lines(real["ok"]))
    rig.case(HOST not in found, "nobody can have another host banned", out)


def check_logcheck(rig, real):
    """logcheck drops what any of the expressions matches, with egrep."""
    rules = os.path.join(PACKAGING, "logcheck", "audient")

    def left(lines):
        return subprocess.run(
            ["grep", "-Evf", rules], input="\n".join(lines) + "\n",
            capture_output=True, text=True, timeout=PATIENCE,
            check=False).stdout.splitlines()
    daily = [real[r] for r in ("ok", "expired", "not_a_token")]
    odd = [real[r] for r in ("audience_refused", "user_mismatch",
                             "algorithm_refused")] + sasl_lines()
    rig.case(left(daily) == [], "logcheck passes over daily business",
             *left(daily))
    rig.case(left(odd) == odd, "logcheck reports the rest", *left(odd))
    forged = forged_lines(real["ok"])
    rig.case(set(left(forged)) >= set(forged[:3]),
             "logcheck reports what only looks like it", *left(forged))


def read(*parts):
    with open(os.path.join(SOURCE, *parts), encoding="utf-8") as f:
        return f.read()


def check_names(rig):
    """Reasons and counters that the page and the filters name do exist."""
    known = set(re.findall(r'\[REASON_[A-Z_]+\] = \{ "([a-z_]+)"',
                           read("core", "reason.c")))
    page = read("docs", "logs.md")
    table = page.split("| --- | --- |\n")[1].split("\n\n")[0]
    named = {"docs/logs.md": set(re.findall(r"`([a-z_]+)`", "".join(
        line.split("|")[1] for line in table.splitlines())))}
    named["the alarms"] = set("|".join(
        re.findall(r'reason=~"([a-z_|]+)"', page)).split("|"))
    for name in "fail2ban/audient.conf", "logcheck/audient":
        named[name] = set(re.findall(
            r"[a-z0-9_]+", re.findall(r"(?:_reason += |reason=\()([a-z_|]+)",
                                      read("packaging", name))[0]))
    for where, names in named.items():
        rig.case(len(names) > 2 and names <= known,
                 where + ": all of its reasons exist", names - known)
    counters = set(re.findall(r"audient_[a-z_]+", page))
    source = read("cli", "stats.c")
    rig.case(len(counters) > 3 and all('"%s' % c in source for c in counters),
             "docs/logs.md: all of its counters exist", counters)


def main():
    rig_module.need_root()
    rig_module.need("sshd", "ssh", "unshare")
    with Rig("logs") as rig:
        rig.configure()
        real = real_lines(rig)
        check_command(rig, real)
        check_hosts(rig, real)
        check_stats(rig, real)
        check_journal(rig)
        capture(rig)
        check_bad(rig)
        check_fail2ban(rig, real)
        check_logcheck(rig, real)
        check_names(rig)
        return rig.finish()


if __name__ == "__main__":
    sys.exit(main())
