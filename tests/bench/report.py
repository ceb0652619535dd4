# SPDX-License-Identifier: BSD-2-Clause
"""The page of make bench: what was aimed at, what came out, and pictures."""

import os
import subprocess

TITLES = {
    "validate-RS256": "A token signed with RS256, beside other libraries",
    "validate-PS256": "A token signed with PS256",
    "validate-ES256": "A token signed with ES256",
    "instructions": "Instructions of a decision, and allocations",
    "refusals": "What a refusal costs, beside an accepted token",
    "size": "Decisions by the size of the token, in bytes",
    "keys": "Decisions by the number of keys of the tenant",
    "tenants": "Decisions by the number of tenants",
    "map-check": "Decisions of a server by the lines of user_map",
    "map-login": "Logins (a process each) by the lines of user_map",
    "processes": "Decisions per second of several processes at once",
    "login-warm": "A PAM login with keys at hand, CPU",
    "login-cold": "A PAM login without keys at hand, wall time",
    "sasl": "An exchange through libsasl2",
    "sasl-load": "A process that starts libsasl2, and never uses it",
    "sasl-binds": "Binds on slapd, one client on its socket",
    "hosts-tls": "Logins on hosts with our plug-in, and on Dovecot, which "
                 "checks the same tokens itself; a connection with TLS each",
    "hosts-sockets": "The same on one connection: a bind on slapd's socket, "
                     "a question to Dovecot's auth",
    "opaque": "An opaque token",
    "lookup": "A question to /userinfo",
}


class Figures:
    """Medians and ratios by group and name."""

    def __init__(self, results):
        self._results = results

    def row(self, group, name):
        return dict(self._results[group])[name]

    def speed(self, group, name, beside=None):
        """How many times as fast as `beside`, or as the first one."""
        out = self.row(group, name)[-1]
        return out / self.row(group, beside)[-1] if beside else out


def goals(f):
    """(what, goal as text, value, is it reached?)"""
    raw, ours = "EVP_PKEY_verify, contexts kept", "audient_check"
    fresh, seen = "EVP_DigestVerify, contexts fresh", ours + \
        ", token seen before"
    rs = "validate-RS256"

    def at_least(what, goal, value):
        return what, ">= %g" % goal, value, value >= goal

    def at_most(what, goal, value):
        return what, "<= %g" % goal, value, value <= goal

    warm = {name: f.row("login-warm", name)[1]
            for name in ("empty", "crypto", "audient")}
    started = {name: f.row("sasl-load", name)[1]
               for name in ("the system's", "and ours, configured")}
    early = [n for n in ("no token at all", "header without an end",
                         "unsigned", "key unknown")]
    return [
        at_least("RS256: full validation / raw check", 0.94,
                 f.speed(rs, ours)),
        at_least("RS256: full validation / EVP_DigestVerify alone", 1.08,
                 f.speed(rs, ours, fresh)),
        *(at_least("RS256: %s" % what, goal, f.speed(rs, ours, peer))
          for what, goal, peer in (
              ("times as fast as cjose", 1.45, "cjose, with claims"),
              ("times as fast as libjwt", 1.7, "libjwt, with claims"),
              ("times as fast as rhonabwy", 1.45, "rhonabwy, with claims"),
              ("times as fast as jose", 1.45, "jose, with claims"))),
        at_most("RS256: instructions of a decision, outside of libcrypto",
                20000, f.row("instructions", "ok, instructions")[0]),
        at_most("RS256: allocations of our own", 0,
                f.row("instructions", "ok, allocations")[0]),
        at_least("a token seen before / full validation", 18,
                 f.speed(rs, seen, ours)),
        *(at_least("refused (%s) / accepted" % name, 14,
                   f.speed("refusals", name)) for name in early),
        at_most("warm PAM login / a module that only starts libcrypto, both "
                "minus an empty module", 1.15,
                (warm["audient"] - warm["empty"]) /
                (warm["crypto"] - warm["empty"])),
        at_most("cold PAM login / a module that fetches by libcurl with its "
                "defaults", 0.40, 1 / f.speed("login-cold", "audient-ca")),
        at_least("SASL exchange / no mechanism and a raw check", 0.60,
                 f.speed("sasl", "OAUTHBEARER")),
        at_least("SASL exchange, token seen before / the same", 5,
                 f.speed("sasl", "OAUTHBEARER, token seen before")),
        at_most("a process that starts libsasl2: what our plug-in adds, ms",
                0.3, (started["and ours, configured"] -
                      started["the system's"]) / 1e3),
        at_most("/userinfo on a kept connection / bare libcurl, CPU", 1.30,
                f.row("lookup", "helper that stays, both sides")[-1]),
        at_least("PS256: full validation / raw check", 0.94,
                 f.speed("validate-PS256", ours)),
        at_least("ES256: full validation / raw check", 0.98,
                 f.speed("validate-ES256", ours)),
    ]


# --- pictures ---------------------------------------------------------------------

STYLE = """\
set terminal svg size 640,360 font "sans,12" background "white"
set grid ytics
set border 3
set tics nomirror
unset key
set style fill solid 0.7 noborder
"""


def gnuplot(path, script):
    subprocess.run(["gnuplot"], input="set output '%s'\n%s" % (path, script),
                   text=True, check=True)


def bars(path, title, rows):
    """rows: (name, value)"""
    data = "".join('"%s" %g\n' % row for row in rows)
    gnuplot(path, STYLE.replace("ytics", "xtics") + """\
set title "%s"
set xrange [0:*]
set yrange [%d:-1]
$d << EOD
%sEOD
plot $d using ($2/2):0:($2/2):(0.35):ytic(1) with boxxyerror lc rgb "#336699"
""" % (title, len(rows), data))


def curve(path, title, xlabel, rows, log=True):
    """rows: (x, microseconds)"""
    data = "".join("%g %g\n" % row for row in rows)
    gnuplot(path, STYLE + """\
set title "%s"
set xlabel "%s"
set ylabel "microseconds"
%sset yrange [0:*]
$d << EOD
%sEOD
plot $d with linespoints lw 2 pt 7 lc rgb "#336699"
""" % (title, xlabel, "set logscale x\n" if log else "", data))


def pictures(out, results):
    """Draws them: [(group, file)]"""
    done = []

    def path(group):
        done.append((group, group + ".svg"))
        return os.path.join(out, group + ".svg")

    bars(path("validate-RS256"), "RS256, raw check = 1",
         [(n, v[-1]) for n, v in results["validate-RS256"]
          if "seen" not in n])
    for group, label in (("size", "bytes of the token"),
                         ("keys", "keys of the tenant"),
                         ("tenants", "tenants"),
                         ("map-check", "lines of user_map"),
                         ("map-login", "lines of user_map")):
        curve(path(group), TITLES[group], label,
              [(float(n), v[1] / 1e3) for n, v in results[group]])
    bars(path("processes"), "Processes at once, one = 1",
         [(n, v[-1]) for n, v in results["processes"]])
    return done


def write(out, results, texts, draw=True):
    """README.md and pictures into the directory."""
    drawn = dict(pictures(out, results)) if draw else {}
    with open(os.path.join(out, "README.md"), "w", encoding="utf-8") as page:
        page.write(
            "# Benchmarks\n\n"
            "Made by `make bench`; not to be edited. Whatever is compared "
            "took turns in one run, sample by sample, and a ratio is the "
            "median of the ratios of all rounds: it holds on other machines, "
            "the times do not. In the tables below, *ratio* is how many "
            "times as fast as the first line.\n\n"
            "| what | goal | measured | |\n|---|--:|--:|---|\n")
        for what, goal, value, reached in goals(Figures(results)):
            page.write("| %s | %s | %s | %s |\n" % (
                what, goal, "%.3g" % value if value < 1000 else "%d" % value,
                "reached" if reached else "**missed**"))
        for group, title in TITLES.items():
            if group not in texts:
                continue
            page.write("\n## %s\n\n```\n%s\n```\n" % (
                title, texts[group].strip()))
            if group in drawn:
                page.write("\n![%s](%s)\n" % (title, drawn[group]))
