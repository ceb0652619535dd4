#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""make soak MINUTES=30: eight hosts that live long, and a few that do not, see
good, bad, expired, forged and opaque tokens, while the tenant, the cache and
the helpers fail at random.  Nobody may get in who should not, everything must
end in time, and nothing may grow; at the end all must be well again."""

import contextlib
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter

from faultlib import SLACK, TIMEOUT, Decider, Host, Table, kill, once
from rig import OTHER_AUDIENCE, Rig

HOSTS = 8
PAUSE = 0.04            # seconds between two logins of a host
WARM = 60               # seconds until it has what it needs
GROWTH = 4096           # KiB that a host may then still grow
SETTINGS = """opaque_tokens = accept-unbound
required_claim = email_verified true
keys_max_age = 60
refetch_cooldown = 2
userinfo_max_age = 5
deny_file = %s
"""
AWAY = {"issuer_unavailable", "rate_limited"}
VERIFIED = {"email_verified": True}
DENIED = "auth0|denied"


class Tokens:
    """What is brought, by kind, and what may be said to it.  Renewed now and
    then, as keys rotate and tokens end."""

    def __init__(self, tenant):
        self.tenant = tenant
        tenant.control("user", name="mallory", sub=DENIED, claims={
            "https://example.com/username": "mallory", **VERIFIED})
        self.ending = []
        self.renew()

    def good(self):
        def mint(kind, user="alice", **options):
            return self.tenant.mint(user, kind=kind, **options)
        return {"JWT": mint("access", claims=VERIFIED),
                "JWT of dave": mint("access", "dave", claims=VERIFIED),
                "opaque": mint("opaque"),
                "opaque of dave": mint("opaque", "dave")}

    def bad(self):
        def mint(user="alice", claims=None, **options):
            return self.tenant.mint(user, claims={**VERIFIED,
                                                  **(claims or {})}, **options)
        return {
            "expired": mint(ttl=-3600),
            "not yet valid": mint(from_now={"nbf": 3600}),
            "forged": mint(key="rogue", kid="@current"),
            "forged, key unknown": mint(key="rogue"),
            "changed": mint(tamper="payload"),
            "without signature": mint(alg="none"),
            "signed with the public key": mint(alg="HS256", secret="@pem"),
            "for another API": mint(audience=OTHER_AUDIENCE, scope="openid"),
            "ID token": mint(kind="id"),
            "for a machine": mint("machine"),
            "of nobody here": mint("carol"),
            "on the deny list": mint("mallory"),
            "opaque, on the deny list": mint("mallory", kind="opaque"),
            "opaque, e-mail not verified":
                self.tenant.mint("bob", kind="opaque"),
            "opaque, made up": "".join(random.choices("abcdefghij", k=32)),
            "encrypted": mint(kind="encrypted"),
            "no token": "correct horse battery staple",
        }

    def renew(self):
        """Also those that end soon: good until then, never after."""
        self.now = (self.good(), self.bad())
        self.ending = self.ending[-40:] + [
            (self.tenant.mint("alice", claims=VERIFIED, age=60, ttl=-25),
             time.time() + 5)]


class Faults:
    """Something fails for a moment, and then something else."""

    def __init__(self, rig, host, tokens, until):
        self.rig, self.host, self.tokens, self.until = rig, host, tokens, until
        self.count = Counter()

    def cache(self, change):
        with contextlib.suppress(OSError):
            change()

    def corrupt(self):
        path = self.host.record()
        with open(path, "r+b") as f:
            f.seek(random.randrange(os.path.getsize(path)))
            f.write(b"\xff")

    def forget(self):
        shutil.rmtree(os.path.join(self.host.cache, str(os.geteuid())),
                      ignore_errors=True)

    def one(self):
        tenant = self.rig.tenant
        return random.choice([
            ("refuses", lambda: tenant.connection("refuse")),
            ("hangs", lambda: tenant.connection("hang")),
            ("resets", lambda: tenant.connection("reset")),
            ("500", lambda: tenant.fault("all", status=500)),
            ("429", lambda: tenant.fault("all", status=429)),
            ("429, Retry-After", lambda: tenant.fault(
                "all", status=429, retry_after="2")),
            ("a portal", lambda: tenant.fault("all", html=True)),
            ("JSON cut off", lambda: tenant.fault("all", malformed=True)),
            ("truncated", lambda: tenant.fault("all", truncate=30)),
            ("drips", lambda: tenant.fault("all", drip=40)),
            ("10 MB", lambda: tenant.fault("all", oversize=10000000)),
            ("no keys", lambda: tenant.fault("jwks", jwks="empty")),
            ("userinfo 401", lambda: tenant.fault("userinfo", status=401)),
            ("certificate", lambda: tenant.certificate("expired")),
            ("rotation", tenant.rotate),
            ("helpers killed", lambda: kill(self.host.helpers())),
            ("record corrupt", lambda: self.cache(self.corrupt)),
            ("cache lost", lambda: self.cache(self.forget)),
            ("cache of another", lambda: self.cache(
                lambda: os.chmod(self.host.cache, 0o777))),
        ])

    def run(self):
        while time.monotonic() < self.until:
            what, begin = self.one()
            begin()
            self.count[what] += 1
            time.sleep(random.uniform(0.5, 3))
            self.heal()
            self.tokens.renew()
            time.sleep(random.uniform(0.5, 3))

    def heal(self):
        self.rig.tenant.certificate("good")
        self.rig.tenant.clear()
        os.chmod(self.host.cache, 0o755)


class Worker(threading.Thread):
    """One host and what it sees."""

    def __init__(self, host, tokens, until, number):
        super().__init__()
        self.host, self.tokens, self.until = host, tokens, until
        self.random = random.Random(number)
        self.decider = Decider(host)
        self.count, self.wrong, self.slowest = Counter(), [], 0.0

    def drain(self):
        """What it logs is read, so that it does not wait for us."""
        for _ in self.decider.process.stderr:
            self.count["lines in the log"] += 1

    def ask(self, token):
        start = time.monotonic()
        if self.random.randrange(100) == 0:
            self.count["processes"] += 1
            with Decider(self.host, short=True) as single:
                single.say(token)
                out = single.answer()
        else:
            self.decider.say(token)
            out = self.decider.answer()
        self.slowest = max(self.slowest, time.monotonic() - start)
        return out

    def see_good(self, kind, token):
        reason, user = self.ask(token)
        self.count["good: " + reason] += 1
        if reason == "ok" and user != ("dave" if "dave" in kind else "alice"):
            self.wrong.append((kind, reason, user))

    def see_bad(self, kind, token):
        reason, _ = self.ask(token)
        self.count["bad: " + reason] += 1
        if reason == "ok":
            self.wrong.append((kind, reason))

    def see_ending(self):
        token, end = self.random.choice(self.tokens.ending)
        late = time.time() > end + 1
        reason, _ = self.ask(token)
        self.count["ending: " + reason] += 1
        if late and reason == "ok":
            self.wrong.append(("ended", reason))

    def run(self):
        threading.Thread(target=self.drain, daemon=True).start()
        while time.monotonic() < self.until:
            good, bad = self.tokens.now
            dice = self.random.randrange(10)
            if dice < 5:
                self.see_good(*self.random.choice(list(good.items())))
            elif dice < 9:
                self.see_bad(*self.random.choice(list(bad.items())))
            else:
                self.see_ending()
            time.sleep(PAUSE)

    def size(self):
        """(KiB of memory, descriptors)"""
        proc = "/proc/%d/" % self.decider.process.pid
        with open(proc + "status", encoding="ascii") as f:
            rss = [int(line.split()[1]) for line in f
                   if line.startswith("VmRSS:")]
        return rss[0], len(os.listdir(proc + "fd"))


def cache_files(host):
    return sum(len(names) for _, _, names in os.walk(host.cache))


def watch(workers, host, table, until):
    """A line a minute; (memory, descriptors) of each when it was warm, and
    at the end."""
    begin, warm = time.monotonic(), None
    while time.monotonic() < until:
        time.sleep(min(60, max(0.1, until - time.monotonic())))
        sizes = [w.size() for w in workers]
        if warm is None and time.monotonic() - begin >= min(
                WARM, (until - begin) / 2):
            warm = sizes
        table.add("%.1f" % ((time.monotonic() - begin) / 60),
                  sum(sum(n for what, n in w.count.items() if ": " in what)
                      for w in workers),
                  max(s[0] for s in sizes), max(s[1] for s in sizes),
                  cache_files(host), len(host.helpers()))
        print("# " + " | ".join(table.rows[-1]), flush=True)
    return warm or sizes, sizes


def recover(rig, host, workers, tokens):
    """The last fault is over: everybody gets in, and soon."""
    tokens.renew()
    token = tokens.now[0]["JWT"]
    deadline = time.monotonic() + 30
    waiting = list(workers)
    while waiting and time.monotonic() < deadline:
        waiting = [w for w in waiting if w.ask(token)[0] != "ok"]
        time.sleep(0.2)
    rig.case(not waiting and once(host, token) == "ok",
             "the last fault is over: all %d hosts let people in again" %
             HOSTS, len(waiting))


def judge(rig, workers, warm, end):
    wrong = [w for worker in workers for w in worker.wrong]
    total = sum((w.count for w in workers), Counter())
    for what in sorted(total):
        print("# %8d %s" % (total[what], what))
    rig.case(not wrong, "no wrong accept in %d logins" % sum(
        n for what, n in total.items() if ": " in what), *wrong[:20])
    rig.case(total["good: ok"] > 0 and total["bad: expired"] > 0 and
             any(total["good: " + r] for r in AWAY),
             "good ones were let in, and some had to wait for the tenant")
    slowest = max(w.slowest for w in workers)
    rig.case(slowest < TIMEOUT + SLACK, "the slowest took %.1f s" % slowest)
    grown = [e[0] - w[0] for w, e in zip(warm, end)]
    rig.case(max(grown) <= GROWTH, "memory: %+d KiB at most, since it was "
             "warm" % max(grown), grown)
    more = [e[1] - w[1] for w, e in zip(warm, end)]
    rig.case(max(e[1] for e in end) <= 16, "descriptors: %d at most, %+d since "
             "it was warm" % (max(e[1] for e in end), max(more)), more)


def main():
    minutes = float(os.environ.get("MINUTES", "30"))
    seed = int(os.environ.get("SEED", str(int(time.time()))))
    random.seed(seed)
    print("# %g minutes, SEED=%d" % (minutes, seed), flush=True)
    with Rig("soak") as rig:
        deny = rig.write("deny", "sub %s\n" % DENIED)
        host = Host(rig.path("host"), rig.tenant.issuer, rig.ca,
                    SETTINGS % deny)
        tokens = Tokens(rig.tenant)
        until = time.monotonic() + 60 * minutes
        faults = Faults(rig, host, tokens, until)
        workers = [Worker(host, tokens, until, seed + i)
                   for i in range(HOSTS)]
        threads = workers + [threading.Thread(target=faults.run)]
        table = Table("soak", "minute", "logins", "KiB of a host",
                      "descriptors", "files in the cache", "helpers")
        print("# " + " | ".join(table.columns), flush=True)
        for thread in threads:
            thread.start()
        warm, end = watch(workers, host, table, until)
        for thread in threads:
            thread.join()
        faults.heal()
        print("# faults: " + ", ".join(
            "%s %d" % item for item in sorted(faults.count.items())))
        judge(rig, workers, warm, end)
        recover(rig, host, workers, tokens)
        for worker in workers:
            worker.decider.process.stdin.close()
            worker.decider.process.wait()
        rig.case(not host.wait_for_no_helper(), "no helper is left behind",
                 host.helpers())
        files = cache_files(host)
        rig.case(files < 8192 + 64 and not host.left_over(),
                 "the cache has %d files, none of them temporary" % files,
                 host.left_over())
        return rig.finish()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
