# SPDX-License-Identifier: BSD-2-Clause
"""What the fault tests share: states of a cache, decisions, and the table of
what happened to the login, the cache and the tenant."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from rig import AUDIENCE, BUILD, SOURCE, USERNAME_CLAIM

TIMEOUT = 3             # seconds of network for a login, in these tests
SLACK = 20              # seconds more that a busy machine may need
MAGIC = b"audient 1 "
DECIDE = os.path.join(BUILD, "tests", "tools", "decide")
HELPER = os.path.join(BUILD, "audient-fetch")


class Host:
    """One host's configuration and cache, and the logins that it sees."""

    def __init__(self, directory, issuer, ca, extra=""):
        self.dir, self.issuer, self.ca = directory, issuer, ca
        self.cache = os.path.join(directory, "cache")
        os.makedirs(self.cache, exist_ok=True)
        self.config = os.path.join(directory, "audient.conf")
        # a program of its own tells its helpers from those of other tests
        self.helper = shutil.copy(HELPER, directory)
        self.start = int(time.time())
        self.configure(extra)

    def configure(self, extra="", helper=None, cache=None):
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("\n".join([
                "issuer = " + self.issuer, "audience = " + AUDIENCE,
                "username_claim = " + USERNAME_CLAIM,
                "ca_file = " + self.ca, "cache_dir = " + (cache or self.cache),
                "fetch_helper = " + (helper or self.helper),
                "timeout = %d" % TIMEOUT, extra, ""]))
        os.chmod(self.config, 0o600)

    def explain(self, token, wrap=(), user=None, service="imap"):
        """(verdict, reason, seconds, whole answer) of one login in a process
        of its own."""
        argv = [*wrap, os.path.join(BUILD, "audient"), "explain", "--json",
                "--config", self.config, "--service", service]
        if user:
            argv += ["--user", user]
        start = time.monotonic()
        done = subprocess.run(argv, input=token, capture_output=True,
                              text=True, timeout=60, check=False)
        seconds = time.monotonic() - start
        try:
            out = json.loads(done.stdout)
        except ValueError:
            out = {"verdict": "none", "reason": "exit %d: %s" % (
                done.returncode, done.stderr.strip())}
        return out["verdict"], out["reason"], seconds, out

    # --- its helpers ---------------------------------------------------------

    def helpers(self):
        """Those that still run."""
        return processes(lambda program, _: program == self.helper)

    def wait_for_no_helper(self):
        """Those that still run although they were given the time to end."""
        for _ in range(100):
            if not self.helpers():
                return []
            time.sleep(0.05)
        return self.helpers()

    # --- the cache -----------------------------------------------------------

    def kind_dir(self, kind):
        return os.path.join(self.cache, str(os.geteuid()), kind)

    def keys_dir(self):
        return self.kind_dir("keys")

    def record(self, kind="keys"):
        """The path of the record of keys or metadata, or None."""
        for name in sorted(os.listdir(self.keys_dir())) \
                if os.path.isdir(self.keys_dir()) else []:
            if name.endswith("-" + kind):
                return os.path.join(self.keys_dir(), name)
        return None

    def forget(self):
        """An empty cache."""
        subprocess.run(["umount", "-q", self.cache], check=False,
                       stderr=subprocess.DEVNULL)
        if os.path.islink(self.cache):
            os.unlink(self.cache)
        shutil.rmtree(self.cache, ignore_errors=True)
        os.makedirs(self.cache)

    def forget_marks(self):
        """Nobody remembers when the issuer was asked."""
        for folder, _, names in os.walk(self.cache):
            for name in names:
                if name.endswith(".mark"):
                    os.unlink(os.path.join(folder, name))

    def rewrite(self, change, kind="keys"):
        """Lets a function change the JSON of a record, and signs it anew."""
        path = self.record(kind)
        with open(path, "rb") as f:
            document = json.loads(f.read().split(b"\n", 1)[1])
        change(document)
        body = json.dumps(document).encode()
        digest = hashlib.sha256(body).hexdigest().encode()
        with open(path, "wb") as f:
            f.write(MAGIC + digest + b"\n" + body)

    def age(self, seconds):
        """Makes the keys so much older, and forgets the marks."""
        self.rewrite(lambda d: d.update(fetched=d["fetched"] - seconds))
        self.forget_marks()

    def left_over(self):
        """Temporary files that nobody removed."""
        return [name for _, _, names in os.walk(self.cache)
                for name in names if name.endswith(".new")]


class Decider:
    """A host process that lives until it is closed; or, with short=True, one
    that is used as for a login, and remembers nothing."""

    def __init__(self, host, service="imap", user=None, short=False, wrap=(),
                 env=None, program=DECIDE):
        self.start = host.start
        self.process = subprocess.Popen(
            [*wrap, program, *(["-s"] if short else []), host.config, service,
             *([user] if user else [])], text=True, env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def say(self, *lines):
        """Tokens, and lines that change how they are decided."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("".join(line + "\n" for line in lines))
            self.process.stdin.flush()

    def answer(self):
        """(reason, user) of the token that is next; a host whose
        configuration is refused has ended."""
        reason, _, user = self.process.stdout.readline().rstrip("\n") \
            .partition(" ")
        return reason or "ended", user

    def ask(self, token, clock=None):
        """The reason, so many seconds after the host began."""
        if clock is not None:
            self.say("clock %d" % (self.start + clock))
        self.say(token)
        return self.answer()[0]

    def ask_all(self, *questions):
        """The reasons of (token, clock), one after the other."""
        return [self.ask(token, clock) for token, clock in questions]

    def close(self):
        """What was logged."""
        if self.process.returncode is None:
            self.log = self.process.communicate()[1]
        return self.log


def once(host, token, service="imap", user=None, clock=None, short=True,
         **options):
    """The reason that a process of its own gives."""
    with Decider(host, service, user, short, **options) as decider:
        return decider.ask(token, clock)


def at_once(host, tokens, **options):
    """The reasons of as many processes, all of them at the same time."""
    deciders = [Decider(host, **options) for _ in tokens]
    for decider, token in zip(deciders, tokens):
        decider.say(token)
    reasons = [decider.answer()[0] for decider in deciders]
    for decider in deciders:
        decider.close()
    return reasons


def processes(is_it):
    """Processes that is_it(path of the program, command line) is true for."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            program = os.readlink("/proc/%s/exe" % pid)
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().decode(errors="replace").split("\0")[:-1]
            if is_it(program, words):
                found.append(int(pid))
    return found


def children(pid):
    """Processes whose parent that is."""
    found = []
    for child in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open("/proc/%s/stat" % child, encoding="utf-8",
                      errors="replace") as f:
                # pid (name) state parent: the name may have anything in it
                parent = f.read().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                found.append(int(child))
    return found


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Table:
    """Rows of text, for the reader and for docs/faults.md, which has to say
    the same.  In columns that end in " *" figures may differ."""

    def __init__(self, title, *columns):
        self.title, self.columns, self.rows = title, columns, []
        self.mark = "<!-- %s -->" % re.sub(r"[^a-z]+", "-", title.lower())
        self.path = os.path.join(SOURCE, "docs", "faults.md")
        self.varying = set()

    def add(self, *cells, varies=False):
        """varies: what comes of it is not the same everywhere."""
        self.rows.append([str(c) for c in cells])
        if varies:
            self.varying.add(str(cells[0]))

    def text(self):
        out = ["| " + " | ".join(self.columns) + " |",
               "| " + " | ".join("---" for _ in self.columns) + " |"]
        out += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(out) + "\n"

    def fixed(self, rows):
        """What must be the same every time."""
        return [row[:1] if row[0] in self.varying else
                [c for c, name in zip(row, self.columns)
                 if not name.endswith(" *")] for row in rows]

    def published(self):
        with open(self.path, encoding="utf-8") as f:
            text = f.read().split(self.mark)
        return [line.strip("| ").split(" | ") for line in
                text[1].strip().splitlines()[2:]] if len(text) == 3 else []

    def finish(self, rig):
        """Shows the table and compares it with the one in docs/; or puts it
        there, if that is what this run is for."""
        print("# " + self.title)
        for line in self.text().splitlines():
            print("# " + line)
        if os.environ.get("AUDIENT_WRITE_DOCS"):
            with open(self.path, encoding="utf-8") as f:
                head, _, tail = f.read().split(self.mark)
            with open(self.path, "w", encoding="utf-8") as f:
                f.write(self.mark.join(
                    (head, "\n\n" + self.text() + "\n", tail)))
        here, there = self.fixed(self.rows), self.fixed(self.published())
        rig.case(here == there, "%s says the same" % os.path.relpath(
            self.path, SOURCE),
                 *[row for row in here if row not in there],
                 "AUDIENT_WRITE_DOCS=1 in the environment renews it")


class Scenes:
    """Functions that each play one fault and return what was said; the name
    of the fault and what must be said stand above them."""

    def __init__(self):
        self.all = []

    def scene(self, what, *wants):
        def keep(play):
            self.all.append((what, wants, play))
            return play
        return keep

    def names(self):
        return [what for what, _, _ in self.all]

    def play(self, rig, table, *arguments):
        for what, wants, play in self.all:
            got = play(*arguments)
            rig.case(got == list(wants), "%s: %s" % (what, ", ".join(wants)),
                     got, rig.tenant.count())
            table.add(what, ", ".join(got))


def list_rows(names):
    """With --rows a test says what it has, and does nothing; for check-docs,
    which compares that with docs/faults.md."""
    if sys.argv[1:] == ["--rows"]:
        print("\n".join(names))
        sys.exit(0)
