# SPDX-License-Identifier: BSD-2-Clause
"""The page of make bench: what was aimed at, what came out, and pictures."""

import os
import subprocess

import goals

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
    "login-host": "The same in a process that has started libcrypto before",
    "login-counted": "The same login, counted",
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
            "times as fast as the first line.\n\n%s\n\n%s\n\nWhy some are "
            "missed:\n\n%s\n" % (
                "\n".join(goals.table(results)),
                goals.NOTES.replace("\n", " "),
                "\n".join(goals.why(results))))
        for group, title in TITLES.items():
            if group not in texts:
                continue
            page.write("\n## %s\n\n```\n%s\n```\n" % (
                title, texts[group].strip()))
            if group in drawn:
                page.write("\n![%s](%s)\n" % (title, drawn[group]))
