#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every piece of audient.conf, of a map and of a deny list that the
documentation shows is one that the program takes."""

import glob
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("AUDIENT_BUILD", "."))
AUDIENT = os.path.join(BUILD, "audient")
REQUIRED = (("domain issuer", "domain = example.eu.auth0.com"),
            ("audience", "audience = https://login.example.com/"),
            ("username_claim",
             "username_claim = https://example.com/username"))
KEYS = set(re.findall(r'^\t\{ "(\w+)"', open(
    os.path.join(SOURCE, "core", "confkeys.c"), encoding="utf-8").read(),
    re.MULTILINE))
MAP = "auth0|5f7c8ec7c33c6c004bbafe82  alice\n"
JWKS = ('{"keys":[{"kty":"EC","crv":"P-256","kid":"1","use":"sig",'
        '"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
        '"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}')
FILES = {"user_map": MAP, "deny_file": "azp some-client\n",
         "jwks_file": JWKS, "ca_file": ""}
# At the start of a line, behind a pipe, a path, a quote; in a crontab.
CALL = r"(?:^\s*(?:\$ )?|\| *|/|\(|\"|\broot )audient ([a-z]+)\b([^|;>)`]*)"
cases = failed = 0


def case(ok, what, *details):
    global cases, failed
    cases += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", cases, what), flush=True)
    if not ok:
        for detail in details:
            for line in str(detail).splitlines():
                print("#   " + line)


# --- blocks of the documentation ---------------------------------------------------

def of_markdown(text):
    """(line, label, text) of each block with code."""
    lines, label, i = text.splitlines(), "", 0
    while i < len(lines):
        marked = re.fullmatch(r"<!-- file: (.*) -->", lines[i])
        fence = re.match(r"( *)```", lines[i])
        start = i
        if marked:
            label = marked.group(1)
        elif fence:
            indent = len(fence.group(1))
            i += 1
            while not lines[i].lstrip().startswith("```"):
                i += 1
            yield start + 2, label, "\n".join(
                line[indent:] for line in lines[start + 1:i]) + "\n"
            label = ""
        elif re.match(r"    +\S", lines[i]) and start > 0 and \
                not lines[start - 1].strip():
            while i < len(lines) and re.match(r"    |$", lines[i]):
                i += 1
            block = "\n".join(lines[start:i]).rstrip()
            depth = len(block) - len(block.lstrip())
            yield start + 1, label, "\n".join(
                line[depth:] for line in block.splitlines()) + "\n"
            label = ""
            continue
        elif lines[i].strip():
            label = ""
        i += 1


def of_manual(text):
    """The same of a manual page: displays, and lines of their own."""
    displays = r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$|^\.Dl ([^\n]*)$"
    for found in re.finditer(displays, text, re.MULTILINE | re.DOTALL):
        block = found.group(1) or found.group(2) + "\n"
        block = block.replace("\\&", "").replace("\\e", "\\")
        # what stands in a display may be marked up too
        if not re.search(r"^\.", block, re.MULTILINE):
            yield text.count("\n", 0, found.start()) + 2, "", block


def is_configuration(label, text):
    """Lines of "key = value", of which at least one is a key of ours."""
    if label:
        return label == "/etc/audient/audient.conf"
    keys = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#") or \
                re.fullmatch(r"\[(tenant|service) \S+\]", line):
            continue
        found = re.fullmatch(r"([a-z_]+) *= *\S.*", line)
        if not found:
            return False
        keys.append(found.group(1))
    return bool(KEYS & set(keys))


def is_list(page, label, text):
    """The key for which a map or a deny list is shown, or None."""
    kind = {"docs/man/audient.map.5": "user_map",
            "docs/man/audient.deny.5": "deny_file"}.get(page)
    if label:
        return {"/etc/audient/users.map": "user_map",
                "/etc/audient/denied": "deny_file"}.get(label)
    if kind and text.count("\n") > 1 and not is_configuration("", text):
        return kind
    return None


# --- what the program makes of them ------------------------------------------------

def complete(text, directory):
    """A whole file: what is required and not there comes first, and files
    that are named are there."""
    keys = re.findall(r"^ *(\w+) *=", text, re.MULTILINE)
    first = 1 if "[tenant " in text else 0
    top = [line for names, line in REQUIRED[first:]
           if not set(names.split()) & set(keys)]
    if re.search(r"^flow *= *(device|token-or-device)", text, re.MULTILINE) \
            and "client_id" not in keys:
        top.append("client_id = nAtIvEyQ1c7Lr0XbW3mZ8sJd5KfGhT2u")
    if re.search(r"^tenant *= *(.*)", text, re.MULTILINE) and \
            "[tenant" not in text:
        names = re.search(r"^tenant *= *(.*)", text, re.MULTILINE).group(1)
        top = [line for line in top if not line.startswith("domain")]
        text += "".join("[tenant %s]\nissuer = https://%s.example.org\n" % (
            name, name) for name in names.split())
    if "accept-unbound" in text and not {"required_claim", "user_map"} & \
            set(keys):
        top.append("required_claim = email_verified true")

    def there(found):
        path = os.path.join(directory, os.path.basename(found.group(2)))
        with open(path, "w", encoding="utf-8") as f:
            f.write(FILES[found.group(1).split()[0]])
        return found.group(1) + path

    text = re.sub(r"^( *(?:%s) *= *)(/\S+)" % "|".join(FILES), there, text,
                  flags=re.MULTILINE)
    return "".join(line + "\n" for line in top) + text


def services(text):
    """Arguments that ask for each service that the text has a section for."""
    return [[]] + [["--service", name] for name in re.findall(
        r"^\[service (\S+)\]", text, re.MULTILINE)]


def read_by_program(text, directory):
    """"" if it is taken, else what is wrong."""
    path = os.path.join(directory, "audient.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(complete(text, directory))
    for service in services(text):
        done = subprocess.run([AUDIENT, "check", "--config", path, *service],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return "%s%s\n%s" % (done.stdout, done.stderr,
                                 complete(text, directory))
    return ""


def read_list(key, text, directory):
    """The same for a file that the configuration names."""
    path = os.path.join(directory, "list")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    before, FILES[key] = FILES[key], text
    wrong = read_by_program("%s = %s\n" % (key, path), directory)
    FILES[key] = before
    return wrong


def pages():
    for pattern in ("README.md", "SECURITY.md", "docs/*.md", "docs/*/*.md",
                    "packaging/*.md", "docs/man/*.[1-8]"):
        yield from sorted(glob.glob(os.path.join(SOURCE, pattern)))


def check_pages(directory):
    seen = {}
    for path in pages():
        name = os.path.relpath(path, SOURCE)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        blocks = of_markdown if name.endswith(".md") else of_manual
        for line, label, block in blocks(text):
            key = is_list(name, label, block)
            if key:
                wrong = read_list(key, block, directory)
            elif is_configuration(label, block):
                wrong = read_by_program(block, directory)
            else:
                continue
            case(not wrong, "%s:%d: audient takes it" % (name, line), wrong)
            seen[name] = seen.get(name, 0) + 1
    for name in ("docs/guide.md", "docs/providers.md",
                 "docs/man/audient.conf.5", "docs/man/audient.deny.5",
                 "docs/man/audient.map.5", "docs/hosts/postfix.md"):
        case(name in seen, "%s has examples: %d" % (name, seen.get(name, 0)))


def invocations(name, text):
    """(line, command, options) of each call of audient that is shown."""
    if name.endswith(".md"):
        shown = [(text.count("\n", 0, m.start()) + 1, m.group(1))
                 for m in re.finditer(r"`(audient [^`]*)`", text)]
        shown += [(line, part) for line, _, block in of_markdown(text)
                  for part in block.replace("\\\n", " ").splitlines()]
    else:
        shown = [(line, part) for line, _, block in of_manual(text)
                 for part in block.replace("\\\n", " ").splitlines()]
    for line, part in shown:
        for call in re.finditer(CALL, part.split(" #")[0]):
            yield line, call.group(1), re.findall(r"(?<= )--[a-z-]+",
                                                  call.group(2))


def check_commands():
    """What the documentation tells people to type is understood."""
    helps = {}
    for path in pages():
        name = os.path.relpath(path, SOURCE)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        unknown, n = [], 0
        for line, command, options in invocations(name, text):
            if command not in helps:
                done = subprocess.run([AUDIENT, command, "--help"],
                                      capture_output=True, text=True,
                                      check=False)
                helps[command] = done.stdout if done.returncode == 0 else None
            said = helps[command]
            n += 1
            if said is None:
                unknown.append("%s:%d: audient %s" % (name, line, command))
            for option in options if said else ():
                if not re.search(re.escape(option) + r"\b", said):
                    unknown.append("%s:%d: audient %s %s" % (
                        name, line, command, option))
        if n:
            case(not unknown, "%s: %d calls of audient" % (name, n),
                 *unknown)
    case(helps and helps.get("explain"), "the commands were asked for help")


def check_sample(directory):
    """audient.conf.example: as it is, and each "#key = value" by itself."""
    with open(os.path.join(SOURCE, "docs", "audient.conf.example"),
              encoding="utf-8") as f:
        sample = f.read()
    wrong = read_by_program(sample, directory)
    case(not wrong, "docs/audient.conf.example as it is", wrong)
    for line in re.findall(r"^#([a-z_]+ = .*)$", sample, re.MULTILINE):
        wrong = read_by_program(line + "\n", directory)
        case(not wrong, "docs/audient.conf.example: " + line, wrong)


def check_mistakes(directory):
    """What is no configuration is seen, so silence means something."""
    for text in ("domian = example.eu.auth0.com\naudience = x://y/\n",
                 "audience =\n", "audience = a\n[service]\n",
                 "min_uid = one\n", "audience = https://a/\n[tenant x y]\n",
                 "tenant = a\n[tenant a]\ndomain = a.example.com\n"
                 "[service ldap]\ntenant = b\n"):
        case(read_by_program(text, directory) != "",
             "refused: " + " / ".join(text.splitlines()))
    case(read_list("user_map", "one\n", directory) != "", "refused: half a map")
    case(read_list("deny_file", "x y\n", directory) != "",
         "refused: a deny list of something else")
    calls = list(invocations("x.md", "`audient no --such`\n\n    $ x | audient"
                             " keys list --force # a --b\n    apt purge "
                             "audient pam\n"))
    case(calls == [(1, "no", ["--such"]), (3, "keys", ["--force"])],
         "calls are found where they are", calls)
    text = "Words.\n\n    min_uid = 500\n    flow = token\n\nmore\n\n" \
        "<!-- file: /etc/audient/audient.conf -->\n```ini\nx = y\n```\n" \
        "\n```\nline_length_limit = 16384\n```\n\n1. An item:\n\n" \
        "       tls = required\n"
    found = [(line, block) for line, label, block in of_markdown(text)
             if is_configuration(label, block)]
    case(found == [(3, "min_uid = 500\nflow = token\n"), (10, "x = y\n"),
                   (19, "tls = required\n")],
         "blocks are found where they are", found)


def main():
    with tempfile.TemporaryDirectory(prefix="audient-examples-") as where:
        check_pages(where)
        check_commands()
        check_sample(where)
        check_mistakes(where)
    print("1..%d" % cases)
    return 1 if failed else 0


sys.exit(main())
