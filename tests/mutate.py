#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""mutate.py SOURCE BUILD [FILE...]: would the tests notice?

Every comparison is turned round, every check dropped, every refusal made a
yes, one at a time, and the tests of that file are run.  A mutant that no test
notices is a survivor; those that cannot be noticed stand in tests/mutants
with the reason.  Exit status 1 if there are others.

BUILD is the directory of a build with its tests.  What became of each FILE is
kept in BUILD/mutants and holds as long as neither it nor its tests change, so
that a run that was cut short, or made FILE by FILE, can be put together.
taskset(1) says how many processors may be used.
"""

import collections
import concurrent.futures
import contextlib
import glob
import hashlib
import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

PAM = "answers calls phases records"
SASL = "sasl/dialogue sasl/names sasl/plugin sasl/services sasl/server " \
    "sasl/loading"
CLIENT = "clientplugin clientanswers sasl/client sasl/choice command"

# What must not leave one alive, and the tests that look at it: programs that
# are linked with the mutant, those of LINKED and tests/unit; and others, with a
# directory, which load the SASL plug-in that is built with it.
FILES = {
    "core/admin.c": "admin",
    "core/alg.c": "alg jws",
    "core/audient.c": "audient asked login remembered inspect",
    "core/authn.c": "authn",
    "core/b64url.c": "b64url",
    "core/budget.c": "sweep fetch keyset freshness",
    "core/buf.c": "buf login",
    "core/cache.c": "cache cacheusers cachekill cachelow sweep count once "
                    "nomemory",
    "core/claims.c": "claims times",
    "core/clock.c": "calls fetch world",
    "core/conf.c": "conf confcheck confkeys open chaos",
    "core/confcheck.c": "confcheck conf open",
    "core/confkeys.c": "confkeys conf confcheck",
    "core/confset.c": "conf confkeys confcheck nomemory",
    "core/count.c": "count tally",
    "core/crypto.c": "crypto world",
    "core/decision.c": "audient remembered trace verdict watch cacheusers",
    "core/deny.c": "deny chaos",
    "core/device.c": "deviceflow devicepolls",
    "core/discovery.c": "discovery keyset freshness",
    "core/export.c": "export",
    "core/fetch.c": "fetch fetchcalls forked nomemory",
    "core/file.c": "file watch conf",
    "core/forked.c": "forked",
    "core/grant.c": "grant granted",
    "core/identity.c": "identity names realms root",
    "core/inspect.c": "inspect probe views",
    "core/issuer.c": "issuer world keyset userinfo",
    "core/json.c": "json jsonedges jsontag",
    "core/jsonvalue.c": "json jsonedges jsontag policy",
    "core/jwk.c": "jwk keys verifier chaos",
    "core/jws.c": "jws",
    "core/keys.c": "keys verify chaos",
    "core/keyset.c": "freshness keyset admin inspect remembered",
    "core/keysource.c": "keysource keyset",
    "core/list.c": "list chaos",
    "core/log.c": "world calls",
    "core/login.c": "login",
    "core/oauth.c": "oauth nomemory",
    "core/once.c": "once chaos",
    "core/opaque.c": "opaque asked",
    "core/open.c": "handle open keyset",
    "core/policy.c": "policy",
    "core/qr.c": "qr",
    "core/reason.c": "reason trace",
    "core/seen.c": "seen nomemory remembered",
    "core/sweep.c": "sweep cacheusers",
    "core/tally.c": "tally nomemory verdict",
    "core/text.c": "text reason",
    "core/token.c": "token",
    "core/trace.c": "trace verdict",
    "core/userinfo.c": "patience userinfo asked",
    "core/usermap.c": "usermap",
    "core/verdict.c": "verdict trace tally remembered",
    "core/verify.c": "verify verifier chaos",
    "core/watch.c": "watch chaos",
    "pam/account.c": PAM,
    "pam/args.c": PAM,
    "pam/device.c": PAM + " device",
    "pam/guest.c": PAM + " device",
    "pam/journal.c": "journal",
    "pam/login.c": PAM,
    "pam/pam_audient.c": PAM,
    "pam/prompt.c": PAM,
    "pam/session.c": PAM,
    "sasl/client.c": CLIENT,
    "sasl/command.c": "command commandhosts clientplugin",
    "sasl/exchange.c": SASL,
    "sasl/message.c": "message write",
    "sasl/reply.c": "reply",
    "sasl/server.c": SASL,
    "sasl/source.c": CLIENT,
}
LAST = "audient"             # asked as well if it is one of the core
LINKED = {"answers": "pam", "calls": "pam", "clientanswers": "sasl",
          "clientplugin": "sasl", "command": "sasl",
          "commandhosts": "sasl", "device": "pam",
          "journal": "pam", "message": "sasl", "phases": "pam",
          "records": "pam", "reply": "sasl", "write": "sasl"}
# What these write for the plug-in to run, a file that has one name.
SCRIPTS = {"command": "audient", "commandhosts": "hosts-audient"}
MODULES = {"client": "libaudientclient", "command": "libaudientclient",
           "source": "libaudientclient", "exchange": "libaudient",
           "server": "libaudient"}
PATIENCE = 5            # times as long as without a change, and seconds more
MASK = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/',
                  re.S)
SWAPS = [
    (r"==", "!="), (r"!=", "=="), (r"<=", "<"), (r">=", ">"),
    (r"(?<= )<(?= )", "<="), (r"(?<= )>(?= )", ">="),
    (r"&&", "||"), (r"\|\|", "&&"),
    (r"!(?=[a-z(*])", ""),
    (r"(?<= )\+(?= )(?! 1\])", "-"), (r"(?<= )-(?= )", "+"),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bREASON_(?!OK\b)[A-Z_]+\b", "REASON_OK"),
    (r"(?<=_MAX)(\s+)\d+$", None),      # a limit, one more
]
Mutant = collections.namedtuple("Mutant", "line at end text what")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def closing(code, at):
    """The position behind the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    return None


def mutants(source):
    """All that is done to a file, in order."""
    code = MASK.sub(blank, source)
    code = re.sub(r"^#\s*include.*$", blank, code, flags=re.M)
    found = []

    def add(at, end, text, what):
        line = source.count("\n", 0, at) + 1
        found.append(Mutant(line, at, end, text, what))

    for pattern, text in SWAPS:
        for m in re.finditer(pattern, code, re.M):
            if text is None:
                old = m[0]
                add(m.start(), m.end(), "%s(%d + 1)" % (m[1],
                                                       int(old.split()[-1])),
                    "one more")
                continue
            around = code[:m.start()].rsplit("\n", 1)[-1]
            if "case " in around or (text == "REASON_OK" and re.search(
                    r"[!=]=\s*$", around)):
                continue        # a label, a comparison: not a refusal
            add(m.start(), m.end(), text, "%s to %s" % (
                m[0], text or "nothing"))
    for m in re.finditer(r"\bif (?=\()", code):
        end = closing(code, m.end())
        if end:
            add(m.end(), end, "(false && " + source[m.end():end] + ")",
                "check dropped")
    return sorted(found, key=lambda m: (m.at, m.what))


def is_program(test):
    """Is the test linked with the mutant?"""
    return "/" not in test


def without(objects, name):
    """All but the object of that source."""
    return [o for o in objects
            if not o.endswith("-%s.o" % os.path.basename(name)[:-2])]


def run_for(seconds, command, **options):
    """The exit status of a program; whoever takes too long is ended with all
    of its children, and has failed."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True,
                          **options) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return -1
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


class Bench:
    """Compiles mutants and runs tests; several threads use it."""

    def __init__(self, source, build, work):
        self.source, self.work = source, work
        os.chmod(work, 0o755)
        self.seconds = {}       # that each test takes
        self.lock = threading.Lock()
        self.build = build
        self.fragments = "".join(open(f, encoding="utf-8").read() for f in
                                 glob.glob(source + "/tests/**/*.mk",
                                           recursive=True))
        flags = self.variables("CC", "CRYPTO_LIBS", "CMOCKA_LIBS",
                               "JANSSON_LIBS", "AUDIENT_CFLAGS",
                               "CRYPTO_CFLAGS", "SASL_CFLAGS", "SASL_LIBS")
        self.cc = flags["CC"].split()
        self.libs = shlex.split(" ".join(flags[k] for k in (
            "CMOCKA_LIBS", "CRYPTO_LIBS", "JANSSON_LIBS")))
        self.sasl_libs = shlex.split(flags["SASL_LIBS"])
        self.cflags = ["-O0", "-w", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
                       "-D_TIME_BITS=64", "-fvisibility=hidden", "-fPIC",
                       '-DVERSION="0"', '-DCONFIG_FILE="/nonexistent"',
                       # where nobody can make a directory, not even root
                       '-DCACHE_DIR="/dev/null/cache"',
                       '-DFETCH_HELPER="/nonexistent"',
                       '-DFETCH_USER="nobody"', "-DCOMMAND_LIMIT_MS=1000",
                       "-DHAVE_QRENCODE",
                       *shlex.split(
                           " ".join(flags[k] for k in (
                           "AUDIENT_CFLAGS", "CRYPTO_CFLAGS",
                           "SASL_CFLAGS")))]

    def variables(self, *names):
        text = open(self.build + "/Makefile", encoding="utf-8").read()
        return {n: (re.search(r"^%s = (.*)$" % n, text, re.M) or
                    ["", ""])[1] for n in names}

    def wraps(self, test):
        """The linker's flags of a test, from its fragment of the Makefile."""
        text = self.fragments.replace("\\\n", " ")
        m = re.search(r"^tests_\w+_test_%s_LDFLAGS = (.*)$" % test, text,
                      re.M)
        flags = m[1] if m else ""
        for _ in range(3):
            flags = re.sub(r"\$\((\w+)\)", lambda m: (re.search(
                r"^%s = (.*)$" % m[1], text, re.M) or ["", ""])[1], flags)
        return [f for f in flags.split() if f.startswith("-Wl,--wrap")]

    def objects(self, test):
        folder = LINKED.get(test, "unit")
        found = glob.glob("%s/tests/%s/*_test_%s-test_%s.o" % (
            self.build, folder, test, test)) or glob.glob(
            "%s/tests/%s/test_%s-*.o" % (self.build, folder, test))
        if not found:
            sys.exit("mutate.py: %s: build the tests first (make "
                     "check-programs)" % test)
        if test in SCRIPTS:
            found += glob.glob(
                self.build + "/tests/sasl/.libs/libhost_la-*.o")
        return found + glob.glob("%s/%s/tests_%s_test_%s-*.o" % (
            self.build, folder, folder, test))

    def libraries(self):
        return [*glob.glob(self.build + "/tests/unit/.libs/libunit_la-*.o"),
                *glob.glob(self.build + "/.libs/libqr.a"),
                self.build + "/.libs/libmessage.a",
                self.build + "/.libs/libaudientcore.a"]

    def link(self, name, out, *what):
        done = subprocess.run([*self.cc, "-o", out, *what, *self.libs],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit("mutate.py: cannot link %s:\n%s" % (name, done.stderr))

    def run(self, test, name, mutant, where):
        """Does the test notice?"""
        exe = os.path.join(where, test)
        self.link(test, exe, *self.wraps(test), *without(
            self.objects(test), name), mutant, *self.libraries(), *(
                self.sasl_libs if LINKED.get(test) == "sasl" else []))
        with self.lock if test in SCRIPTS else contextlib.nullcontext():
            noticed = self.timed(test, lambda patience: run_for(
                patience, [exe], env={**os.environ, "TMPDIR": where}) != 0)
        os.unlink(exe)
        return noticed

    def timed(self, test, run):
        """The first run of a test is the one without a change."""
        start = time.monotonic()
        noticed = run(PATIENCE * (1 + self.seconds.get(test, 60)))
        self.seconds.setdefault(test, time.monotonic() - start)
        return noticed

    def link_module(self, name, mutant, where):
        """The plug-in with the mutant in it, in a build of its own."""
        libs = os.path.join(where, ".libs")
        mine = MODULES[os.path.basename(name)[:-2]]
        os.makedirs(libs, exist_ok=True)
        for file in ("audient-fetch", "tests", *(
                ".libs/%s.so" % m for m in sorted(set(MODULES.values())))):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(where, file))
            os.symlink(os.path.join(self.build, file),
                       os.path.join(where, file))
        others = without(glob.glob(
            "%s/sasl/.libs/%s_la-*.o" % (self.build, mine)), name)
        # Another file each time: one that is mapped stays as it is.
        new = os.path.join(libs, "new.so")
        self.link(name, new, "-shared", mutant, *others,
                  *self.libraries()[-2:], *self.sasl_libs)
        os.rename(new, os.path.join(libs, mine + ".so"))

    def run_module(self, test, where):
        return self.timed(test, lambda patience: run_for(
            patience, [self.program(test)], env={
                **os.environ, "TMPDIR": where, "AUDIENT_BUILD": where}) != 0)

    def program(self, test):
        return os.path.join(self.build, "tests", test.replace("/", "/test_"))

    def compile(self, name, path, test):
        """The object for that test, or None."""
        # its own directory first: two have a login.h
        places = ["-I%s/%s" % (self.source, d) for d in (
            os.path.dirname(name), "core")]
        script = SCRIPTS.get(test, "audient")
        out = "%s.%s.o" % (path, script)
        if not os.path.exists(out) and subprocess.run(
                [*self.cc, *self.cflags, *places, "-c", path, "-o", out,
                 '-DAUDIENT_COMMAND="%s/tests/sasl/%s"' % (
                     self.build, script)],
                capture_output=True, check=False).returncode != 0:
            return None
        return out

    def try_one(self, name, text, mutant):
        """"killed", "survived", or "no C" for what does not compile."""
        where = os.path.join(self.work, "t%d" % threading.get_ident())
        os.makedirs(where, exist_ok=True)
        os.chmod(where, 0o1777)     # tests look for us as somebody else, too
        path = os.path.join(where, os.path.basename(name))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text if mutant is None else
                    text[:mutant.at] + mutant.text + text[mutant.end:])
        for old in glob.glob(path + ".*.o"):
            os.unlink(old)
        is_linked = False
        for test in self.tests(name):
            if (mutated := self.compile(name, path, test)) is None:
                return "no C"
            if is_program(test):
                noticed = self.run(test, name, mutated, where)
            else:
                if not is_linked:
                    self.link_module(name, mutated, where)
                is_linked = True
                noticed = self.run_module(test, where)
            if noticed:
                return "killed"
        return "survived"

    def tests(self, name):
        """The quickest one first, once that is known."""
        found = FILES[name].split()
        if name.startswith("core/") and LAST not in found:
            found.append(LAST)
        return sorted(found, key=lambda t: self.seconds.get(t, 0))

    def digest(self, name):
        """Of all that the fate of its mutants depends on."""
        files = [os.path.join(self.source, name), *self.libraries()[-3:]]
        for test in self.tests(name):
            if is_program(test):
                files += self.objects(test) + self.libraries()
            else:
                files.append(self.program(test))
        if name.startswith("sasl/"):
            files += glob.glob(self.build + "/sasl/.libs/*.o")
        found = hashlib.sha256("\n".join((
            inspect.getsource(mutants), str(SWAPS),
            *sorted(self.tests(name)))).encode())
        for file in sorted(set(files)):
            with open(file, "rb") as f:
                found.update(hashlib.sha256(f.read()).digest())
        return found.hexdigest()


def name_of(name, text, mutant):
    """A name that survives other changes of the file."""
    line = text.splitlines()[mutant.line - 1].strip()
    start = text.rfind("\n", 0, mutant.at) + 1
    same = text[start:mutant.at].count(text[mutant.at:mutant.end]) \
        if mutant.what != "check dropped" else 0
    function = re.findall(r"^([a-z]\w*)\(", text[:mutant.at], re.M)
    return "%s: %s: %s: %s%s" % (name, (function or ["-"])[-1], mutant.what,
                                 line, " #%d" % (same + 1) if same else "")


def excuses(source):
    """The survivors that are known: {name: reason}."""
    known, reason = {}, ""
    for line in open(source + "/tests/mutants", encoding="utf-8"):
        if line.startswith("# "):
            reason = line[2:].strip()
        elif line.strip():
            known[line.strip()] = reason
    return known


def go_through(bench, pool, name):
    """What became of every mutant of a file."""
    with open(os.path.join(bench.source, name), encoding="utf-8") as f:
        text = f.read()
    start = time.monotonic()
    if bench.try_one(name, text, None) != "survived":
        sys.exit("mutate.py: a test of %s fails as it is" % name)
    todo = mutants(text)
    count, alive = collections.Counter(), []
    for mutant, result in zip(todo, pool.map(
            lambda m: bench.try_one(name, text, m), todo)):
        count[result] += 1
        if result == "survived":
            alive.append((mutant.line, name_of(name, text, mutant)))
    return {"count": count, "alive": alive,
            "seconds": round(time.monotonic() - start)}


def look_up(bench, pool, name):
    """The same, from an earlier run if nothing has changed since."""
    path = "%s/mutants/%s.json" % (bench.build, name.replace("/", "-"))
    digest = bench.digest(name)
    with contextlib.suppress(OSError, ValueError):
        with open(path, encoding="utf-8") as f:
            found = json.load(f)
        if found["digest"] == digest and "alive" in found:
            return found
    found = {"digest": digest, **go_through(bench, pool, name)}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(found, f)
    return found


def judge(name, found, known):
    """How many of which kind there are, and what there is to say of them."""
    alive = [this for _, this in found["alive"]]
    lines = ["survivor, line %d: %s" % (line, this)
             for line, this in found["alive"] if this not in known]
    count = {"killed": found["count"].get("killed", 0),
             "survived": len(lines), "excused": len(alive) - len(lines),
             "seconds": found["seconds"]}
    lines += ["a test notices this now: " + k for k in sorted(known)
              if k not in alive and k.startswith(name + ":")]
    lines.append("%-18s %4d mutants, %4d killed, %3d survive, %3d cannot be "
                 "noticed, %4d s" % (name, sum(count.values()) -
                                     count["seconds"], *count.values()))
    return count, lines


def show_files(source):
    """How many of the files of the core and the modules these are."""
    there = [os.path.relpath(path, source) for path in glob.glob(
        source + "/*/*.c") if re.search(r"/(core|pam|sasl)/\w+\.c$", path)]
    missing = sorted(set(there) - set(FILES))
    for name in missing:
        print("%-18s left out" % name)
    print("%d of %d files of the core, PAM and SASL" % (
        len(there) - len(missing), len(there)))
    return not missing


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    source, build = map(os.path.abspath, sys.argv[1:3])
    names = sys.argv[3:] or sorted(FILES)
    known, totals = excuses(source), collections.Counter()
    processors = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="audient-mutate-") as work, \
            concurrent.futures.ThreadPoolExecutor(processors) as pool:
        os.chmod(work, 0o711)   # some tests become somebody else
        bench = Bench(source, build, work)
        for name in names:
            count, lines = judge(name, look_up(bench, pool, name), known)
            totals.update(count)
            print("\n".join(lines), flush=True)
    is_whole = len(sys.argv) > 3 or show_files(source)
    print("%d mutants, %d killed, %d survive, %d cannot be noticed, %d s on "
          "%d processors" % (
              sum(totals[k] for k in ("killed", "survived", "excused")),
              totals["killed"], totals["survived"], totals["excused"],
              totals["seconds"], processors))
    return 1 if totals["survived"] or not is_whole else 0


if __name__ == "__main__":
    sys.exit(main())
