#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes docs/matrix.md from what the tests of the hosts have kept.

    matrixpage.py DIRECTORY > docs/matrix.md
"""

import json
import os
import sys

HOSTS = ("postfix", "exim", "cyrus", "dovecot", "dovecot-own", "openldap",
         "dirsrv", "svnserve", "memcached")
HEAD = """\
# Hosts and clients

Each line is a login that a test has made, over TLS on loopback: a real host of Debian 12, set up from its page in
[hosts](hosts/README.md), a client, a mechanism and a token. `make check-servers` makes the logins and this page. A client with a star
was not run: the test has sent what it is known to send, and shows what the host answered.

| token | what is wrong with it | reason in the log |
| --- | --- | --- |
| good | nothing | `ok` |
| expired | it ended ten minutes ago | `expired` |
| wrong audience | it is for another service | `audience_refused` |
| missing scope | it has not the scope that the service requires | `scope_missing` |
| wrong authzid | the client names another user than the token does | `user_mismatch` |
| opaque | it is no JWT: nobody asked for an audience | `opaque_refused` |
| tenant down | its key is new, and the tenant does not answer | `issuer_unavailable` |

The log had that reason for each refusal, but for those of Dovecot alone. MECHANISM stands for the name of the mechanism, and
TOKEN for the message with the token, which some clients print."""


def said(row):
    """What came of it."""
    if row["admitted"]:
        return "**in**"
    return "`%s`" % row["printed"].replace("|", "\\\\|").replace("`", "'")


def outcomes(rows):
    """[(what came of it, cases)], in the order of the cases."""
    out = {}
    for row in rows:
        out.setdefault(said(row), []).append(row["case"])
    return tuple((text, tuple(cases)) for text, cases in out.items())


def table(rows):
    """The lines of one client; mechanisms that do not differ share them."""
    by_mechanism = {}
    for row in rows:
        by_mechanism.setdefault(row["mechanism"], []).append(row)
    shared = {}
    for mechanism, own in by_mechanism.items():
        shared.setdefault(outcomes(own), []).append(mechanism)
    name = rows[0]["client"] + ("*" if rows[0]["recorded"] else "")
    for groups, mechanisms in shared.items():
        for text, cases in groups:
            yield "| %s | %s | %s | %s |" % (
                name, ", ".join(mechanisms), ", ".join(cases), text)


def page(directory):
    yield HEAD
    for host in HOSTS:
        with open(os.path.join(directory, host + ".json"),
                  encoding="utf-8") as f:
            rows = json.load(f)
        for door in dict.fromkeys(row["door"] for row in rows):
            own = [row for row in rows if row["door"] == door]
            yield "\n## %s\n" % door
            yield "| client | mechanism | token | what it prints |"
            yield "| --- | --- | --- | --- |"
            for client in dict.fromkeys(row["client"] for row in own):
                yield from table([row for row in own
                                  if row["client"] == client])


def main():
    for line in page(sys.argv[1]):
        print(line)


if __name__ == "__main__":
    main()
