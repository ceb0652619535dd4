#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Everything that can be wrong with the cache on disk: a login goes on as if
there were none, or says that the issuer cannot be asked; what is wrong is
never believed, and what is good is never lost."""

import contextlib
import errno
import fcntl
import os
import stat
import subprocess
import sys

import rig as rig_module
from faultlib import SLACK, TIMEOUT, Host, Table, list_rows, once
from rig import BUILD, Rig

AWAY = "issuer_unavailable"
OTHER = 65534           # a uid that is not ours
STEP = 29               # the unit tests look at every byte
LIBRARY = os.path.join(BUILD, "tests", "tools", ".libs", "baddisk.so")
# what a login does to write; to open what is there is no writing
WRITES = ("create", "write", "size", "time", "fsync", "rename", "unlink")


def failing(host, error, *calls):
    """Options of a host process, for which these calls fail below the cache.
    The helper does not get them."""
    return ["env", "LD_PRELOAD=" + LIBRARY, "BADDISK_BELOW=" + host.cache,
            "BADDISK_HITS=" + host.dir + "/hits",
            "BADDISK=" + " ".join("%s=%d" % (c, error) for c in calls)]


def hits(host):
    """How many calls have failed by that."""
    path = host.dir + "/hits"
    return os.path.getsize(path) if os.path.exists(path) else 0


class Disk:
    """Ways to spoil a cache that has a good record; each gets the host."""

    @staticmethod
    def missing(host):
        os.rename(host.cache, host.cache + ".away")
        host.configure(cache=host.dir + "/nothing/cache")

    @staticmethod
    def read_only(host):
        subprocess.run(["mount", "--bind", host.cache, host.cache],
                       check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", host.cache],
                       check=True)

    @staticmethod
    def full(host):
        host.forget()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,nr_inodes=64,mode=0755",
                        "full", host.cache], check=True)
        with open(host.cache + "/filler", "wb", buffering=0) as f:
            with contextlib.suppress(OSError):
                while f.write(b"x" * 4096):
                    pass

    @staticmethod
    def foreign_file(host):
        os.chown(host.record(), OTHER, OTHER)

    @staticmethod
    def foreign_directory(host):
        os.chown(host.keys_dir(), OTHER, OTHER)

    @staticmethod
    def writable_file(host):
        os.chmod(host.record(), 0o666)

    @staticmethod
    def writable_directory(host):
        os.chmod(host.keys_dir(), 0o777)

    @staticmethod
    def writable_cache(host):
        os.chmod(host.cache, 0o1777)

    @staticmethod
    def link_for_file(host):
        os.rename(host.record(), host.dir + "/elsewhere")
        os.symlink(host.dir + "/elsewhere", host.keys_dir() + "/" +
                   host.key_name)

    @staticmethod
    def hard_link(host):
        os.link(host.record(), host.dir + "/second")

    @staticmethod
    def link_for_directory(host):
        os.rename(host.keys_dir(), host.dir + "/keys-elsewhere")
        os.symlink(host.dir + "/keys-elsewhere", host.keys_dir())

    @staticmethod
    def link_for_cache(host):
        os.rename(host.cache, host.dir + "/cache-elsewhere")
        os.symlink(host.dir + "/cache-elsewhere", host.cache)

    @staticmethod
    def fifo(host):
        os.unlink(host.record())
        os.mkfifo(host.keys_dir() + "/" + host.key_name, 0o600)

    @staticmethod
    def device(host):
        os.unlink(host.record())
        os.mknod(host.keys_dir() + "/" + host.key_name, 0o600 | stat.S_IFCHR,
                 os.makedev(1, 5))      # /dev/zero

    @staticmethod
    def unreadable(host):
        host.wrap = failing(host, errno.EIO, "read")

    @staticmethod
    def unwritable(host):
        host.age(3600)
        host.wrap = failing(host, errno.EIO, *WRITES)

    @staticmethod
    def over_quota(host):
        host.age(3600)
        host.wrap = failing(host, errno.EDQUOT, "write", "create")

    @staticmethod
    def unsynced(host):
        host.age(3600)
        host.wrap = failing(host, errno.EIO, "fsync")

    @staticmethod
    def not_renamed(host):
        host.age(3600)
        host.wrap = failing(host, errno.EIO, "rename")

    @staticmethod
    def stale_handle(host):
        host.wrap = failing(host, errno.ESTALE, "open", "stat", "read",
                            *WRITES)

    @staticmethod
    def immutable(host):
        """Not every file system has that attribute."""
        host.age(3600)
        if not set_immutable(host, "+i"):
            host.wrap = failing(host, errno.EPERM, "create", "rename",
                                "unlink")

    @staticmethod
    def directory_for_file(host):
        os.unlink(host.record())
        os.mkdir(host.keys_dir() + "/" + host.key_name)

    @staticmethod
    def link_for_new_file(host):
        """A symbolic link waits where the next record will be written."""
        with open(host.dir + "/victim", "w", encoding="utf-8") as f:
            f.write("precious")
        os.symlink(host.dir + "/victim",
                   host.keys_dir() + "/" + host.key_name + ".new")
        host.age(3600)

    @staticmethod
    def empty(host):
        open(host.record(), "wb").close()

    @staticmethod
    def from_the_future(host):
        host.rewrite(lambda d: d.update(fetched=d["fetched"] + 7200))

    @staticmethod
    def another_issuer(host):
        host.rewrite(lambda d: d.update(issuer="https://other.example.com/"))

    @staticmethod
    def no_keys(host):
        host.rewrite(lambda d: d["jwks"].update(keys=[]))

    @staticmethod
    def marks_from_the_future(host):
        host.age(3600)
        mark = host.record() + ".mark"
        open(mark, "wb").close()
        os.utime(mark, (4e9, 4e9))


# What a login then finds; with the tenant up, and with the tenant down.
FETCHED, LOADED = ("ok", AWAY), ("ok", "ok")
ROWS = [
    ("no cache directory", Disk.missing, FETCHED),
    ("read-only, record there", Disk.read_only, LOADED),
    ("disk full", Disk.full, FETCHED),
    ("record of another owner", Disk.foreign_file, FETCHED),
    ("directory of another owner", Disk.foreign_directory, FETCHED),
    ("record that all can write", Disk.writable_file, FETCHED),
    ("directory that all can write", Disk.writable_directory, FETCHED),
    ("cache that all can write", Disk.writable_cache, FETCHED),
    ("symbolic link for the record", Disk.link_for_file, FETCHED),
    ("hard link to the record", Disk.hard_link, FETCHED),
    ("symbolic link for the directory", Disk.link_for_directory, FETCHED),
    ("symbolic link for the cache", Disk.link_for_cache, FETCHED),
    ("symbolic link for the new record", Disk.link_for_new_file, LOADED),
    ("fifo for the record", Disk.fifo, FETCHED),
    ("directory for the record", Disk.directory_for_file, FETCHED),
    ("device for the record", Disk.device, FETCHED),
    ("empty record", Disk.empty, FETCHED),
    ("record from the future", Disk.from_the_future, FETCHED),
    ("record of another issuer", Disk.another_issuer, FETCHED),
    ("record without keys", Disk.no_keys, FETCHED),
    ("marks from the future", Disk.marks_from_the_future, LOADED),
    ("I/O error on reading", Disk.unreadable, FETCHED),
    ("I/O error on writing", Disk.unwritable, LOADED),
    ("over quota", Disk.over_quota, LOADED),
    ("I/O error on fsync", Disk.unsynced, LOADED),
    ("I/O error on renaming", Disk.not_renamed, LOADED),
    ("stale NFS handles", Disk.stale_handle, FETCHED),
    ("directory that is immutable", Disk.immutable, LOADED),
]
# New keys cannot be kept, and the old ones have to be there still.
KEEPS = (Disk.unwritable, Disk.over_quota, Disk.unsynced, Disk.not_renamed,
         Disk.immutable)


def set_immutable(host, flag):
    """chattr, if there is one and the file system of the cache takes it."""
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(["chattr", flag, host.keys_dir()], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    return False


def prepare(host, token):
    """A cache with a good record."""
    host.forget()
    host.configure()
    host.explain(token)
    host.key_name = os.path.basename(host.record())
    host.forget_marks()
    host.wrap = []


def clean_up(host):
    for name in ("hits", "elsewhere", "second", "victim", "keys-elsewhere",
                 "cache-elsewhere", "cache.away", "nothing"):
        subprocess.run(["rm", "-rf", os.path.join(host.dir, name)],
                       check=True)


def run_row(rig, host, token, table, row):
    what, spoil, wants = row
    seen = []
    for is_up, want in zip((True, False), wants):
        prepare(host, token)
        spoil(host)
        kept = open(host.record(), "rb").read() if spoil in KEEPS else b""
        if not is_up:
            rig.tenant.connection("refuse")
        rig.tenant.forget()
        try:
            verdict, reason, seconds, _ = host.explain(token, wrap=host.wrap)
        finally:
            if spoil == Disk.immutable:
                set_immutable(host, "-i")
        seen.append((reason, seconds, rig.tenant.count()["total"],
                     reason == want and (verdict == "allow") ==
                     (want == "ok") and seconds < TIMEOUT + SLACK))
        rig.tenant.clear()
        victim = host.dir + "/victim"
        if os.path.exists(victim):
            text = open(victim, encoding="utf-8").read()
            rig.case(text == "precious", what + ": nothing was overwritten")
        if host.wrap and is_up:
            rig.case(hits(host) > 0, "%s: %d calls failed" % (
                what, hits(host)))
        if kept:
            rig.case(open(host.record(), "rb").read() == kept,
                     what + ": the old record is still there")
        # what we put there ourselves stays if nothing is written
        left = is_up and host.left_over()
        host.forget()
        clean_up(host)
        rig.case(seen[-1][3] and not left, "%s, tenant %s: %s" % (
            what, "up" if is_up else "down", want), seen[-1], left)
    table.add(what, seen[0][0], seen[1][0],
              " / ".join("%.1f" % s[1] for s in seen), seen[0][2])


def every_byte(rig, host, token):
    """A record with any one byte changed, or cut anywhere, is none."""
    prepare(host, token)
    with open(host.record(), "rb") as f:
        good = f.read()
    rig.tenant.connection("refuse")
    bad = []
    for at in range(0, len(good), STEP):
        for spoiled in (good[:at],
                        good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]):
            with open(host.record(), "wb") as f:
                f.write(spoiled)
            host.forget_marks()
            if host.explain(token)[1] != AWAY:
                bad.append(at)
    with open(host.record(), "wb") as f:
        f.write(good)
    back = host.explain(token)[1]
    rig.tenant.clear()
    rig.case(not bad and back == "ok",
             "a record cut off or with a bit changed at %d places is never "
             "believed" % len(range(0, len(good), STEP)), bad, back)


def stale_lock(rig, host, token):
    """Somebody hangs and holds the lock: a login ends, and in time."""
    prepare(host, token)
    host.age(3600)
    with open(host.record() + ".lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _, reason, seconds, _ = host.explain(token)
    rig.case(reason == "ok" and seconds < TIMEOUT + SLACK,
             "a lock that nobody gives back: old keys serve", reason, seconds)


def one_use(rig, host, token):
    """A use that may not be remembered opens nothing."""
    prepare(host, token)
    host.configure("single_use = yes")
    for what, error, call, ttl in (
            ("cannot be made", errno.EDQUOT, "create", 601),
            ("cannot be dated", errno.EIO, "time", 602),
            ("cannot be synced", errno.EIO, "fsync", 603)):
        other = rig.tenant.mint("alice", ttl=ttl)
        got = once(host, other, wrap=failing(host, error, call))
        rig.case(got == "internal" and hits(host) > 0,
                 "single_use, a mark that %s: internal" % what, got)
        clean_up(host)
    host.configure()


def main():
    rig_module.need_root()
    rig_module.need("mount", "umount")
    with Rig("faults-disk") as rig:
        host = Host(rig.path("host"), rig.tenant.issuer, rig.ca)
        token = rig.tenant.mint("alice")
        table = Table("disk faults", "fault", "tenant up", "tenant down",
                      "seconds *", "requests *")
        for row in ROWS:
            run_row(rig, host, token, table, row)
        every_byte(rig, host, token)
        stale_lock(rig, host, token)
        one_use(rig, host, token)
        host.forget()
        table.finish(rig)
        return rig.finish()


if __name__ == "__main__":
    list_rows(row[0] for row in ROWS)
    os.umask(0o022)
    # mounts stay in a namespace of our own
    if os.environ.get("AUDIENT_UNSHARED") is None and os.geteuid() == 0:
        os.environ["AUDIENT_UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable, *sys.argv])
    sys.exit(main())
