#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Units, users and directories, read by the programs of systemd that will
read them, and the refresh of the keys with no more rights than its unit has."""

import contextlib
import os
import pwd
import re
import stat
import sys

from report import BUILD, BUILT, PACKAGING, Report, has, read, run
from rig import Rig, need, need_root

SERVICE = os.path.join(BUILT, "systemd", "audient-refresh.service")
TIMER = os.path.join(PACKAGING, "systemd", "audient-refresh.timer")
EXPOSURE_MAX = 3.0          # of 10, by systemd-analyze
TREE = {"": 0o755, "0": 0o755, "0/keys": 0o755}


def cache_path():
    """Where this build has its cache."""
    return re.findall(r"^d (\S+)\s", read(BUILT, "tmpfiles.d",
                                          "audient.conf"), re.M)[0]


def mode_of(path):
    status = os.lstat(path)
    return (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def check_tree(report, base, what):
    found = {name: mode_of(os.path.join(base, name)) for name in TREE
             if os.path.isdir(os.path.join(base, name))}
    want = {name: (mode, 0, 0) for name, mode in TREE.items()}
    report.case(found == want, what, found)


def tmpfiles(report):
    root = report.path("tmpfiles")
    status, out = run("systemd-tmpfiles", "--create", "--root=" + root,
                      os.path.join(BUILT, "tmpfiles.d", "audient.conf"))
    report.case(status == 0 and out == "", "tmpfiles.d is read without a "
                "complaint", out)
    check_tree(report, root + cache_path(), "tmpfiles.d makes root's part of "
               "the cache")


def sysusers(report):
    root = report.path("sysusers", "etc")
    root = os.path.dirname(root)
    text = read(PACKAGING, "sysusers.d", "audient.conf.in")
    conf = report.write("sysusers.conf",
                        text.replace("@fetch_user@", "_audient"))
    status, out = run("systemd-sysusers", "--root=" + root, conf)
    report.case(status == 0, "sysusers.d is read", out)
    line = read(root, "etc", "passwd")
    report.case(re.fullmatch(
        r"_audient:x:[1-9]\d*:[1-9]\d*:[^:]*:/:/usr/sbin/nologin\n", line),
        "sysusers.d makes a user that cannot log in", line)
    shadow = read(root, "etc", "shadow")
    report.case(re.match(r"_audient:!\*?:", shadow),
                "sysusers.d gives it no password", shadow)


def cachedirs(report):
    """The script with another cache, and users that there are on any host."""
    base = os.path.join(report.path("var"), "cache")
    script = report.write("cachedirs", read(BUILT, "audient-cachedirs")
                          .replace(cache_path(), base))
    status, out = run("sh", script, "daemon", "root", "no-such-user")
    report.case(status == 0 and out == "", "audient-cachedirs runs", out)
    check_tree(report, base, "audient-cachedirs makes root's part")
    daemon = pwd.getpwnam("daemon")
    report.case(mode_of(os.path.join(base, str(daemon.pw_uid))) ==
                (0o700, daemon.pw_uid, daemon.pw_gid),
                "a service's directory is its own, and closed to others",
                os.listdir(base))
    known = re.search(r'^known="(.*)"$', read(script), re.M).group(1).split()
    there = {str(p.pw_uid) for p in pwd.getpwall()
             if p.pw_name in known + ["daemon"]}
    report.case(set(os.listdir(base)) == there | {"0"},
                "users that are not there get none", os.listdir(base))
    os.chmod(base, 0o777)
    os.chmod(os.path.join(base, str(daemon.pw_uid)), 0o755)
    run("sh", script, "daemon")
    check_tree(report, base, "a second run repairs the modes")


def units(report):
    where = report.path("units")
    text = read(SERVICE)
    # what the unit starts is not installed yet
    text = re.sub(r"^(ExecStart\w*=\+?)/\S+", r"\1/bin/true", text, flags=re.M)
    service = report.write("units/audient-refresh.service", text)
    timer = report.write("units/audient-refresh.timer", read(TIMER))
    status, out = run("systemd-analyze", "verify", "--man=no", service, timer)
    ours = [line for line in out.splitlines() if "audient" in line]
    report.case(status == 0 and not ours, "systemd reads service and timer "
                "without a complaint", out)
    report.write("units/audient-refresh.service",
                 text.replace("ProtectClock=yes", "ProtectClocks=perhaps"))
    status, out = run("systemd-analyze", "verify", "--man=no", service)
    report.case("ProtectClocks" in out, "it would complain of a mistake", out)
    report.write("units/audient-refresh.service", text)
    status, out = run("systemd-analyze", "security", "--offline=yes",
                      "--no-pager", service, cwd=where)
    level = re.search(r"exposure level for \S+: ([0-9.]+)", out)
    report.case(level and float(level.group(1)) <= EXPOSURE_MAX,
                "systemd finds the service exposed by %s of 10, at most %s"
                % (level.group(1) if level else "?", EXPOSURE_MAX), out)
    status, out = run("systemd-analyze", "calendar", "--iterations=2",
                      re.search(r"^OnCalendar=(.*)$", read(TIMER),
                                re.M).group(1))
    report.case(status == 0, "the timer's calendar is one", out)


def allowed_calls():
    """The system calls of the unit's filter."""
    wanted = re.search(r"^SystemCallFilter=(.*)$", read(SERVICE),
                       re.M).group(1).split()
    calls, seen = set(), set()
    while wanted:
        group = wanted.pop()
        if not group.startswith("@"):
            calls.add(group)
        elif group not in seen:
            seen.add(group)
            _, out = run("systemd-analyze", "--no-pager", "syscall-filter",
                         group)
            wanted += re.findall(r"^\s+(@?[a-z0-9_-]+)$", out, re.M)
    return calls


def helpers():
    """Processes that run the helper of this build."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink("/proc/%s/exe" % pid).startswith(
                    os.path.join(BUILD, "audient-fetch")):
                found.append(pid)
    return found


def refresh(report, rig):
    """`audient keys refresh`, with the capabilities of the unit only."""
    bounding = re.search(r"^CapabilityBoundingSet=(.*)$", read(SERVICE),
                         re.M).group(1).lower().replace("cap_", "")
    confined = ["setpriv", "--no-new-privs", "--inh-caps=-all",
                "--bounding-set=-all,+" + ",+".join(bounding.split())]
    config = rig.configure()
    command = [os.path.join(BUILD, "audient"), "keys", "refresh", "--config",
               config]
    status, out = run(*confined, *command)
    report.case(status == 0 and " keys, " in out,
                "the keys are fetched with %s" % bounding, out)
    report.case(rig.tenant.count("jwks") == 1, "the tenant was asked once",
                rig.tenant.log())
    keys = os.path.join(rig.cache, "0", "keys")
    modes = [mode_of(os.path.join(keys, name))[0] for name in os.listdir(keys)
             if "." not in name]
    report.case(modes and set(modes) == {0o644},
                "every service can read what was fetched", modes)

    # the helper is another user's, and may not be killed: it ends by itself
    rig.configure("timeout = 1")
    rig.tenant.fault("all", hang="start")
    status, out = run(*confined, *command, "--force")
    report.case(status == 3, "a tenant that does not answer is a failure of "
                "the unit", out)
    report.case(not helpers(), "and leaves no helper behind", *helpers())
    rig.tenant.clear()

    rig.configure()
    trace = os.path.join(rig.dir, "trace")
    status, out = run("strace", "-f", "-qq", "-e", "signal=none", "-o", trace,
                      *confined, *command, "--force")
    called = set(re.findall(r"^\d+ +(?:<\.\.\. )?([a-z_0-9]+)(?:\(| resumed)",
                            read(trace), re.M))
    more = called - allowed_calls()
    report.case(status == 0 and "execve" in called and not more,
                "its %d system calls are in the unit's filter" % len(called),
                out, *more)


def main():
    need_root()
    need("systemd-tmpfiles", "systemd-sysusers", "systemd-analyze", "setpriv")
    with Report("system") as report:
        tmpfiles(report)
        sysusers(report)
        cachedirs(report)
        units(report)
        if has("strace"):
            with Rig("refresh") as rig:
                refresh(report, rig)
        else:
            report.leave_out("the refresh of keys", "strace is not installed")
        return report.finish()


sys.exit(main())
