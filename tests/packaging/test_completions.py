#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Completion of audient(1), typed into a real bash and a real zsh at a
terminal.  All matches are inserted, so that they can be read off the line."""

import os
import re
import sys

from report import BUILD, PACKAGING, Report, has, read, SOURCE

import pexpect

PATIENCE = 30
COMPLETIONS = os.path.join(PACKAGING, "completions")
START = {
    "bash": (["--norc", "--noprofile", "-i"],
             "bind 'set enable-bracketed-paste off'; "
             ". '%s/audient'" % COMPLETIONS),
    "zsh": (["-f", "-i"],
            "unsetopt zle_bracketed_paste; bindkey -e; "
            "fpath=('%s' $fpath); autoload -U compinit; compinit -u -D; "
            "zle -C all-matches complete-word _generic; "
            "bindkey '\\e*' all-matches; "
            "zstyle ':completion:all-matches:*' insert true; "
            "zstyle ':completion:all-matches:*' completer _all_matches "
            "_complete" % COMPLETIONS),
}


class Shell:
    def __init__(self, kind, directory):
        arguments, setup = START[kind]
        self.count = 0
        self.child = pexpect.spawn(
            kind, arguments, encoding="utf-8", timeout=PATIENCE,
            dimensions=(50, 4000), cwd=directory,
            env={"PATH": BUILD + ":/usr/bin:/bin", "TERM": "dumb",
                 "HOME": directory, "LC_ALL": "C.UTF-8"})
        self.child.sendline("PS1='> '; %s; echo RE''ADY" % setup)
        self.child.expect("READY\r\n")

    def complete(self, line):
        """The words that the line has after all completions went in."""
        self.count += 1
        mark = "SEEN%d:" % self.count
        # M-* inserts all matches; C-a and "echo" show what came of it
        self.child.send("%s\x1b*\x01echo %s \x05\r" % (line, mark))
        self.child.expect("\n%s ?([^\r\n]*)\r" % mark)
        return self.child.match.group(1).split()[len(line.split()) -
                                                 (line[-1] != " "):]

    def close(self):
        self.child.close(force=True)


def commands():
    """What cli/main.c has in its table."""
    table = read(SOURCE, "cli", "main.c")
    return re.findall(r'^\t\{ "([a-z]+)", cmd_', table, re.M)


def options(command):
    """The long options in the table of a command's file."""
    name = os.path.join(SOURCE, "cli", command + ".c")
    if not os.path.exists(name):
        return None
    table = re.findall(r'^\t\{ "([a-z-]+)", (?:no|required|optional)_argument',
                       read(name), re.M)
    return sorted("--" + option for option in table)


def check(report, kind):
    shell = Shell(kind, report.path("home"))

    def expect(line, want, what):
        got = shell.complete(line)
        report.case(sorted(got) == sorted(want), "%s: %s" % (kind, what),
                    "typed: " + line, "got:   " + " ".join(got),
                    "want:  " + " ".join(want))

    expect("audient ", commands() + ["--help", "--version"],
           "the commands are those of the program")
    for command in commands():
        want = options(command)
        if want is not None:
            expect("audient %s --" % command, want,
                   "the options of %s are those of its table" % command)
    expect("audient ex", ["explain"], "a command")
    expect("audient keys ", ["list", "refresh", "flush"], "the verbs of keys")
    expect("audient keys re", ["refresh"], "a verb of keys")
    expect("audient deny ", ["list", "add", "remove"], "the verbs of deny")
    expect("audient keys list --f", ["--force"], "an option after the verb")
    expect("audient explain --service imap", ["imap"], "a SASL service")
    expect("audient explain --user roo", ["root"], "a user")
    expect("audient explain --config tok", ["token-a", "token-b"],
           "the file of an option")
    expect("audient explain tok", ["token-a", "token-b"], "a token's file")
    expect("audient verify --jwks token-", ["token-a", "token-b"],
           "the keys of verify")
    expect("audient explain --at tok", ["tok"], "no file where a time is due")
    expect("audient nonsense --", ["--"], "nothing for no command of ours")
    shell.close()


def main():
    with Report("completions") as report:
        for name in "token-a", "token-b":
            report.write("home/" + name, "")
        for kind in START:
            if has(kind):
                check(report, kind)
            else:
                report.leave_out(kind, kind + " is not installed")
        return report.finish()


sys.exit(main())
