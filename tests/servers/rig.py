# SPDX-License-Identifier: BSD-2-Clause
"""What the tests with real daemons share: a private directory, a tenant, a
jail, a syslog, and a way to report.

A test program makes one Rig, starts daemons in it and calls rig.case() for
each thing that it has seen.  Output is TAP; exit status 77 means that nothing
was run, and says why.
"""

import contextlib
import glob
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("AUDIENT_BUILD", "."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "tenant"))
sys.dont_write_bytecode = True

from tenantlib import Tenant                                    # noqa: E402

AUDIENCE = "https://login.example.com/"
OTHER_AUDIENCE = "https://other.example.com/"
USERNAME_CLAIM = "https://example.com/username"
PATIENCE = 20           # seconds for anything that takes milliseconds


def skip(why):
    """Ends the program: nothing can be tested here."""
    print("1..0 # SKIP " + why, flush=True)
    sys.exit(77)


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin:/usr/lib/cyrus/bin"
    for program in programs:
        if shutil.which(program, path=path) is None:
            skip("%s is not installed" % program)


def need_root():
    if os.geteuid() != 0:
        skip("root is needed, for a mount namespace and other users")


PORTS = range(20000, 32000)     # none that a client is given by the kernel
_reserved = []


def free_port():
    """Of no other test that runs beside this one: each holds an abstract
    socket with the port's name to its end."""
    for port in random.sample(PORTS, len(PORTS)):
        name = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as s:
            name.bind("\0audient-test-port-%d" % port)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            _reserved.append(name)
            return port
        name.close()
    raise OSError("no free port")


class Syslog:
    """Keeps what is sent to a datagram socket, line by line."""

    def __init__(self, path):
        self._lines, self._lock = [], threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            data = self._socket.recv(65536)
            with self._lock:
                self._lines.append(data.decode("utf-8", "replace").rstrip())

    def lines(self):
        with self._lock:
            return list(self._lines)

    def news(self, since=0):
        """What we have logged after `since`; the last few lines of it."""
        return [x for x in self.lines()[since:] if "audient" in x][-8:]

    def mark(self):
        """A position; lines after it are new."""
        return len(self.lines())

    def wait(self, pattern, since=0):
        """The first line after `since` that the pattern is found in, or "".
        A daemon's log line may come after its answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for line in self.lines()[since:]:
                if re.search(pattern, line):
                    return line
            if time.monotonic() > deadline:
                return ""
            time.sleep(0.02)


class Rig:
    """A private directory, removed at the end, and what was started in it."""

    def __init__(self, name):
        self.name = name
        self.dir = tempfile.mkdtemp(prefix="audient-%s-" % name)
        os.chmod(self.dir, 0o755)
        self.cases, self.failed = 0, 0
        self._processes = []
        self._binds = []
        self._stack = contextlib.ExitStack()
        self.path("root")
        self.syslog = Syslog(os.path.join(self.dir, "log.sock"))
        self.cache = self.path("cache")
        tenant_dir = self.path("tenant")
        self.tenant = self._stack.enter_context(Tenant.start(
            tenant_dir, audience=AUDIENCE, name=[socket.gethostname()]))
        # the helper runs as nobody, and is to read the authority's file
        self.ca = self.write("ca.pem", open(self.tenant.ca).read())
        self.helper = self.program("audient-fetch")
        self.plugins = None     # directory, once they are installed
        self.uids = {}          # of accounts that are in the jail only

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in reversed(self._processes):
            self.stop(process)
        self._stack.close()
        if kind is None and not os.environ.get("AUDIENT_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        elif kind is not SystemExit:
            print("# kept for a look: " + self.dir)
            for line in self.syslog.lines()[-20:]:
                print("#   " + line)

    # --- files ------------------------------------------------------------

    def path(self, *parts, mode=0o755):
        """A directory below ours, made if need be."""
        out = os.path.join(self.dir, *parts)
        os.makedirs(out, exist_ok=True)
        os.chmod(out, mode)
        return out

    def write(self, name, text, mode=0o644):
        """A file below our directory; returns its path."""
        out = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        with open(out, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(out, mode)
        return out

    def replace(self, path, text=None, mode=0o644):
        """Lets a file or, without a text, a directory of ours stand over one
        of the system, in the jail."""
        path = path.lstrip("/")
        if text is None:
            self.path("root", path)
        else:
            self.write("root/" + path, text, mode)
        if path not in self._binds:
            self._binds.append(path)
        self.write("binds", "".join(b + "\n" for b in self._binds))

    def configure(self, text="", name="audient.conf"):
        """Writes audient.conf; text is added to what every test needs."""
        return self.write(name, "\n".join([
            *self._places(),
            "audience = " + AUDIENCE,
            "username_claim = " + USERNAME_CLAIM,
            text, ""]))

    def _places(self):
        """Lines that every audient.conf of a test has."""
        return ["issuer = " + self.tenant.issuer,
                "ca_file = " + self.ca, "cache_dir = " + self.cache,
                "fetch_helper = " + self.helper]

    def configure_as(self, page, text="", instead=None):
        """The audient.conf of a page of the documentation, with the tenant
        and the places of this test; text goes above its sections."""
        return self.write("audient.conf", page.file(
            "/etc/audient/audient.conf", {
                "domain         = example.eu.auth0.com": "\n".join(
                    [*self._places(), text]), **(instead or {})}))

    def install(self):
        """Puts our plug-ins where Cyrus SASL looks for them, in the jail."""
        system = glob.glob("/usr/lib/*/sasl2/libplain.so")
        if not system:
            skip("libsasl2-modules is not installed")
        system = os.path.dirname(system[0])
        ours = os.path.join(self.dir, "root" + system)
        if not os.path.exists(ours):
            # KDE's plug-in has one of our mechanisms
            shutil.copytree(system, ours, symlinks=True,
                            ignore=shutil.ignore_patterns("libkdexoauth2*"))
        for name in ("libaudient.so", "libaudientclient.so"):
            shutil.copy(os.path.join(BUILD, ".libs", name), ours)
        self.replace(system)
        self.plugins = ours

    def program(self, name):
        """A copy that any user may run: the checkout may be root's alone."""
        return shutil.copy(os.path.join(BUILD, name), self.path("libexec"))

    def certificate(self, name):
        """Makes NAME.pem, which signs itself, and NAME.key."""
        paths = [os.path.join(self.dir, name + end) for end in
                 (".pem", ".key")]
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                 "/CN=" + name, "-addext",
                 "subjectAltName=IP:127.0.0.1,DNS:localhost",
                 "-out", paths[0], "-keyout", paths[1])
        return paths

    def cache_for(self, user):
        """What audient-cachedirs(8) does for a user of the system, or for
        one of accounts()."""
        if user in self.uids:
            uid = gid = self.uids[user]
        else:
            uid, gid = pwd.getpwnam(user)[2:4]
        where = self.path("cache", str(uid), mode=0o700)
        os.chown(where, uid, gid)

    def accounts(self, *names):
        """Lets accounts exist in the jail, with passwords that never fit."""
        first = 20001
        passwd, shadow, group = (open("/etc/" + f).read()
                                 for f in ("passwd", "shadow", "group"))
        for i, name in enumerate(names):
            home = self.path("home", name)
            os.chown(home, first + i, first + i)
            self.uids[name] = first + i
            passwd += "%s:x:%d:%d::%s:/bin/sh\n" % (name, first + i,
                                                    first + i, home)
            shadow += "%s:*:19000:0:99999:7:::\n" % name
            group += "%s:x:%d:\n" % (name, first + i)
        self.replace("/etc/passwd", passwd)
        self.replace("/etc/shadow", shadow, 0o640)
        self.replace("/etc/group", group)

    # --- processes --------------------------------------------------------

    def jailed(self, *command):
        """The command line that runs a command in the jail."""
        return [os.path.join(SOURCE, "tests", "servers", "jail"), self.dir,
                *command]

    def start(self, *command, log=None, env=None, wait_port=None, stop=None):
        """Starts a daemon in the jail; it is stopped at the end, by a command
        if it needs one."""
        out = open(os.path.join(self.dir, log or "daemon.log"), "ab")
        process = subprocess.Popen(
            self.jailed(*command), stdin=subprocess.DEVNULL, stdout=out,
            stderr=out, env={**os.environ, **(env or {})},
            start_new_session=True)
        out.close()
        process.stop_command = stop
        self._processes.append(process)
        if wait_port is not None and not self.listens(wait_port, process):
            print("# %s did not start:" % command[0])
            self.show(log or "daemon.log")
            sys.exit(1)
        return process

    def listens(self, port, process):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            time.sleep(0.02)
        return False

    def stop(self, process, patience=5):
        if process.poll() is None and process.stop_command:
            self.run(*process.stop_command, jailed=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process in self._processes:
            self._processes.remove(process)

    def run(self, *command, text="", env=None, timeout=PATIENCE, jailed=False):
        """Runs a command to its end: (exit status, output)."""
        done = subprocess.run(
            self.jailed(*command) if jailed else command, input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **(env or {})}, timeout=timeout, check=False)
        return done.returncode, done.stdout

    def explain(self, token, *arguments, config=None):
        """What `audient explain --json` has to say: an object."""
        import json
        config = config or os.path.join(self.dir, "audient.conf")
        done = subprocess.run(
            [os.path.join(BUILD, "audient"), "explain", "--config", config,
             "--json", *arguments], input=token, capture_output=True,
            text=True, timeout=PATIENCE, check=False)
        return json.loads(done.stdout)

    # --- reports ----------------------------------------------------------

    def show(self, log):
        with contextlib.suppress(OSError):
            for line in open(os.path.join(self.dir, log), errors="replace"):
                print("#   " + line.rstrip())

    def case(self, ok, what, *details):
        """One line of TAP; the details are shown if it is not ok."""
        self.cases += 1
        if not ok:
            self.failed += 1
        print("%s %d - %s" % ("ok" if ok else "not ok", self.cases, what),
              flush=True)
        if not ok:
            for detail in details:
                for line in str(detail).splitlines():
                    print("#   " + line)

    def secret_free(self, tokens):
        """Has any log a piece of a token?  Signatures are what must not be
        there, nor the middle of a payload."""
        text = "\n".join(self.syslog.lines())
        for entry in os.scandir(self.dir):
            if entry.is_file() and entry.name.endswith(".log"):
                text += open(entry.path, errors="replace").read()
        pieces = [t[len(t) // 2:len(t) // 2 + 24] for t in tokens]
        pieces += [t[-40:-8] for t in tokens]
        found = [p for p in pieces if p in text]
        self.case(not found, "no log has a piece of a token", *found)

    def finish(self):
        """Prints the plan; the exit status of the program."""
        print("1..%d" % self.cases)
        return 1 if self.failed else 0
