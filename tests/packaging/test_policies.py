#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What others enforce for us: AppArmor and SELinux policies through their
compilers, PAM stacks and profiles by their grammar, and the numbers that
packages carry."""

import itertools
import os
import re
import shutil
import sys

from authselect import TemplateError, render
from report import BUILT, PACKAGING, Report, SOURCE, has, read, run

APPARMOR = "/etc/apparmor.d"
SELINUX = "/usr/share/selinux/devel/Makefile"
AUTHSELECT = os.path.join(PACKAGING, "authselect", "audient")
FEATURES = ["with-mkhomedir", "with-pamaccess", "with-sssd", "without-nullok",
            "without-password"]
# A slapd as Ubuntu confines it has these lines, among others.
SLAPD = """
include <tunables/global>
/usr/sbin/slapd {
  include <abstractions/base>
  include <local/usr.sbin.slapd>
}
"""

# --- AppArmor ----------------------------------------------------------------


def parse(base, *arguments):
    return run("apparmor_parser", "--skip-kernel-load", "--skip-cache",
               "--base", base, *arguments)


def apparmor(report):
    if not has("apparmor_parser") or not os.path.isdir(APPARMOR + "/tunables"):
        report.leave_out("AppArmor", "apparmor is not installed")
        return
    base = report.path("apparmor")
    for part in "abi", "abstractions", "tunables":
        shutil.copytree(os.path.join(APPARMOR, part), os.path.join(base, part))
    for part in "abstractions/audient", "usr.libexec.audient-fetch":
        shutil.copy(os.path.join(BUILT, "apparmor", part),
                    os.path.join(base, part))
    shutil.copytree(os.path.join(PACKAGING, "apparmor", "local"),
                    os.path.join(base, "local"))
    slapd = report.write("apparmor/usr.sbin.slapd", SLAPD)
    fetch = os.path.join(base, "usr.libexec.audient-fetch")
    for what, path in (("the helper's profile", fetch),
                       ("slapd's, with what we add to it", slapd)):
        status, out = parse(base, path)
        report.case(status == 0 and "error" not in out,
                    "AppArmor reads %s" % what, out)
    _, rules = parse(base, "--preprocess", slapd)
    for rule in ("/audient/** r,", "/audient/0/keys/* r,",
                 "/audient-fetch Px -> audient-fetch,"):
        report.case(rule in rules, "slapd's has the rule " + rule, rules)
    ours = read(fetch)
    report.case(not re.search(r"^\s*(owner )?/\S+ \w*[wlk]\w*,", ours, re.M) and
                not re.search(r"^\s*\S+ \w*[pPcCuUi]x", ours, re.M),
                "the helper may write no file and start no program", ours)
    caps = re.findall(r"^\s*capability (.*),", ours, re.M)
    report.case(sorted(caps) == ["setgid", "setuid"],
                "the helper may change its user, and no more", caps)
    broken = report.write("apparmor/broken", ours.replace(" mr,", " mrq,"))
    report.case(parse(base, broken)[0] != 0, "AppArmor refuses a bad rule")

# --- SELinux -------------------------------------------------------------------


def selinux(report):
    if not os.path.exists(SELINUX) or not has("checkmodule"):
        report.leave_out("SELinux", "selinux-policy-dev or checkpolicy is not "
                         "installed")
        return
    where = os.path.join(report.dir, "selinux")
    shutil.copytree(os.path.join(PACKAGING, "selinux"), where)
    make = ["make", "-f", SELINUX, "audient.pp"]
    quiet = {"MAKEFLAGS": "", "MFLAGS": ""}
    status, out = run(*make, cwd=where, env=quiet)
    report.case(status == 0 and "warning" not in out.lower() and
                os.path.exists(where + "/audient.pp"),
                "SELinux compiles the policy", out)
    text = read(where, "audient.te")
    declared = set(re.findall(r"^type (\w+);", text, re.M))
    labels = set(re.findall(r"object_r:(\w+)", read(where, "audient.fc")))
    report.case(labels and labels <= declared, "every label is a type of it",
                labels - declared)
    os.unlink(where + "/audient.pp")
    report.write("selinux/audient.te", text + "allow audient_fetch_t nobody_t:"
                 "file write;\n")
    status, out = run(*make, cwd=where, env=quiet)
    report.case(status != 0, "SELinux refuses a type that is none", out)

# --- PAM -------------------------------------------------------------------------

CONTROL = r"required|requisite|sufficient|optional|\[[a-z_]+=(?:[a-z]+|\d+)" \
          r"(?: [a-z_]+=(?:[a-z]+|\d+))*\]"
LINE = re.compile(r"-?(auth|account|password|session)\s+(%s)\s+"
                  r"(pam_\w+\.so)((?: +\S+)*)\Z" % CONTROL)


def stack(text, kind):
    """(control, module) of each line of a type, None for a line that is
    none."""
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        if line and match is None:
            found.append(None)
        elif line and match.group(1) == kind:
            found.append(match.group(2, 3))
    return found


def why_bad(text, token_only):
    """What is wrong with a stack of ours, or ""."""
    auth, account = stack(text, "auth"), stack(text, "account")
    if None in auth + account + stack(text, "session"):
        return "a line is no line of PAM"
    modules = [module for _, module in auth]
    if modules[-1] != "pam_deny.so":
        return "it does not end in pam_deny"
    if "pam_permit.so" in modules:
        return "it lets everybody in"
    ours = dict((module, control) for control, module in auth)
    want = "[success=done default=die]" if token_only else \
        "[success=done maxtries=die default=ignore]"
    if ours.get("pam_audient.so") != want:
        return "wrong control word: " + str(ours.get("pam_audient.so"))
    if modules.index("pam_audient.so") > modules.index("pam_unix.so"):
        return "passwords come first"
    want = "required" if token_only else \
        "[success=ok perm_denied=die default=ignore]"
    if (want, "pam_audient.so") not in account:
        return "the account phase is without us"
    session = [module for _, module in stack(text, "session")]
    if session.index("pam_audient.so") > session.index("pam_systemd.so"):
        return "pam_systemd comes too early to hear of session_limit"
    return ""


def authselect(report):
    used = set()
    names = sorted(os.listdir(AUTHSELECT))
    for count in range(len(FEATURES) + 1):
        for features in itertools.combinations(FEATURES, count):
            bad = []
            for name in names:
                try:
                    text = render(read(AUTHSELECT, name), features, used)
                except TemplateError as error:
                    bad.append("%s: %s" % (name, error))
                    continue
                if name in ("system-auth", "password-auth"):
                    why = why_bad(text, "without-password" in features)
                    bad += ["%s: %s" % (name, why)] if why else []
            report.case(not bad, "authselect: %s" %
                        (" ".join(features) or "no feature"), *bad)
    report.case(used == set(FEATURES), "authselect: its features are those",
                used)
    described = re.findall(r"^(with\S+)::$", read(AUTHSELECT, "README"), re.M)
    report.case(sorted(described) == sorted(used),
                "authselect: README has all of them", described)
    report.case({"README", "REQUIREMENTS", "system-auth", "password-auth",
                 "fingerprint-auth", "smartcard-auth", "postlogin",
                 "nsswitch.conf", "dconf-db", "dconf-locks"} == set(names),
                "authselect: the profile is whole", names)
    for line in ('x {include if "a}', 'x {includes if "a"}', "x {if a:b}",
                 'x {if "a" and:b}'):
        try:
            render(line, [])
            report.case(False, "authselect: %s is refused" % line)
        except TemplateError:
            report.case(True, "authselect: %s is refused" % line)
    good = render(read(AUTHSELECT, "system-auth"), [])
    for what, old, new in (
            ("without pam_deny", "pam_deny.so", "pam_permit.so"),
            ("with pam_systemd first", "session     optional  ",
             "session optional pam_systemd.so\nsession optional "),
            ("with sufficient", "[success=done maxtries=die default=ignore]",
             "sufficient"),
            ("with a word that is none", "required", "requierd")):
        report.case(why_bad(good.replace(old, new), False) != "",
                    "authselect: a stack %s is refused" % what)


def profiles(report):
    for name, other in ("audient", "audient-only"), ("audient-only", "audient"):
        fields, lines = {}, {}
        for line in read(PACKAGING, "pam-configs", name).splitlines():
            if line.startswith("\t"):
                lines.setdefault(field, []).append(line.strip())
            else:
                field, value = line.split(":", 1)
                fields[field] = value.strip()
        report.case(fields.get("Default") == "no",
                    "%s is not chosen by itself" % name, fields)
        report.case(fields.get("Conflicts") == other,
                    "%s cannot be chosen with %s" % (name, other), fields)
        initial = [" ".join(x.split()).replace(" try_first_pass", "")
                   for x in lines["Auth"]]
        report.case(initial == [" ".join(x.split())
                                for x in lines["Auth-Initial"]],
                    "%s is the same, first or later" % name, lines)
        report.case(not re.search("sufficient|optional|ignore=ok|default=ok",
                                  str(lines)),
                    "%s lets no failure pass" % name, lines)

# --- numbers ---------------------------------------------------------------------


def versions(report):
    want = re.search(r"^AC_INIT\(\[audient\], \[([^]]+)\]",
                     read(SOURCE, "configure.ac"), re.M).group(1)
    found = {
        "debian/changelog": re.match(
            r"audient \(([^-)]+)-\d+\)",
            read(PACKAGING, "debian", "changelog")).group(1),
        "rpm/audient.spec": re.search(
            r"^Version:\s+(\S+)$", read(PACKAGING, "rpm", "audient.spec"),
            re.M).group(1),
        "selinux/audient.te": re.search(
            r"^policy_module\(audient, (\S+)\)",
            read(PACKAGING, "selinux", "audient.te"), re.M).group(1),
    }
    for name, version in found.items():
        report.case(version == want, "%s is of version %s" % (name, want),
                    version)


def spec(report):
    if not has("rpmspec"):
        report.leave_out("the RPM spec", "rpm is not installed")
        return
    path = os.path.join(PACKAGING, "rpm", "audient.spec")
    status, out = run("rpmspec", "--parse", path)
    report.case(status == 0 and "warning" not in out and "error" not in out,
                "rpmspec reads the spec", out[-2000:])
    status, out = run("rpmspec", "--query", "--qf", "%{NAME}\\n", path)
    report.case(sorted(out.split()) == [
        "audient", "audient-selinux", "authselect-audient",
        "cyrus-sasl-audient", "cyrus-sasl-audient-client", "pam-audient"],
        "it makes the six packages", out)
    broken = report.write("broken.spec", read(path).replace("%endif", "", 1))
    report.case(run("rpmspec", "--parse", broken)[0] != 0,
                "rpmspec refuses a spec that is broken")


def main():
    with Report("policies") as report:
        apparmor(report)
        selinux(report)
        authselect(report)
        profiles(report)
        versions(report)
        spec(report)
        return report.finish()


sys.exit(main())
