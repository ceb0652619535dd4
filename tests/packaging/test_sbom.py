#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The bill of materials of this build: valid SPDX 2.3, complete, and the same
each time."""

import copy
import hashlib
import json
import os
import re
import sys

from report import BUILD, PACKAGING, Report, run
from rig import need

VERSION, EPOCH = "0.1.0", "1700000000"
ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+\Z")
# What the specification wants of each, and what is as good as a value.
MANDATORY = {
    "document": ["spdxVersion", "dataLicense", "SPDXID", "name",
                 "documentNamespace", "creationInfo"],
    "packages": ["SPDXID", "name", "downloadLocation"],
    "files": ["SPDXID", "fileName", "checksums"],
    "relationships": ["spdxElementId", "relationshipType",
                      "relatedSpdxElement"],
}
FORMS = {
    "spdxVersion": r"SPDX-2\.3", "dataLicense": r"CC0-1\.0",
    "documentNamespace": r"https://[^#\s]+", "fileName": r"\./\S+",
    "relationshipType": "DESCRIBES|CONTAINS|DYNAMIC_LINK",
    "downloadLocation": "NOASSERTION|NONE|https?://.*",
    "supplier": r"(Organization|Person): [^()]+( \([^()]*\))?|NOASSERTION",
    "referenceCategory": "PACKAGE-MANAGER",
    "referenceLocator": r"pkg:(deb|rpm)/[a-z]+/[^@\s]+@[^@\s]+\?arch=\S+",
    "created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "algorithm": "SHA1|SHA256", "checksumValue": "[0-9a-f]{40}|[0-9a-f]{64}",
}


def walk(value, key=""):
    """Every text of the document with its key."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from walk(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from walk(member, key)
    else:
        yield key, value


def verification_code(document):
    sums = sorted(c["checksumValue"] for f in document["files"]
                  for c in f["checksums"] if c["algorithm"] == "SHA1")
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def faults(document):
    """What the specification has against it."""
    found = ["no " + key for key in MANDATORY["document"]
             if key not in document]
    ids = [document.get("SPDXID", "")]
    for kind in "packages", "files", "relationships":
        for entry in document[kind]:
            found += ["%s: no %s" % (kind, key) for key in MANDATORY[kind]
                      if key not in entry]
            if kind != "relationships":
                ids.append(entry.get("SPDXID", ""))
    found += ["bad identifier: " + i for i in ids if not ID.match(i)]
    if len(ids) != len(set(ids)):
        found.append("an identifier is there twice")
    for relation in document["relationships"]:
        found += ["it relates to nothing: %s" % relation
                  for end in ("spdxElementId", "relatedSpdxElement")
                  if relation.get(end) not in ids]
    for key, value in walk(document):
        if key in FORMS and not re.fullmatch(FORMS[key], value):
            found.append("%s: %s" % (key, value))
    for package in document["packages"]:
        code = package.get("packageVerificationCode", {}).get(
            "packageVerificationCodeValue")
        if package.get("filesAnalyzed", True) and \
                code != verification_code(document):
            found.append("the verification code is wrong")
    return found


def drop(*keys):
    def change(document):
        for key in keys[:-1]:
            document = document[key]
        del document[keys[-1]]
    return change


def put(value, *keys):
    def change(document):
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value
    return change


# The checker must be able to find something.
BROKEN = [
    ("no namespace", drop("documentNamespace")),
    ("another version", put("SPDX-3.0", "spdxVersion")),
    ("a package without a name", drop("packages", 1, "name")),
    ("a relation to nothing",
     put("SPDXRef-x", "relationships", 0, "relatedSpdxElement")),
    ("two of one identifier",
     put("SPDXRef-Package-audient", "packages", 1, "SPDXID")),
    ("a bad identifier", put("SPDXRef-a_b", "files", 0, "SPDXID")),
    ("another file's sum",
     put("0" * 40, "files", 0, "checksums", 0, "checksumValue")),
    ("a bad date", put("yesterday", "creationInfo", "created")),
]


def linked(document, name):
    """The packages that a file of ours is linked with."""
    file_id = {f["fileName"]: f["SPDXID"] for f in document["files"]}[name]
    names = {p["SPDXID"]: p["name"] for p in document["packages"]}
    return {names[r["relatedSpdxElement"]]
            for r in document["relationships"]
            if r["spdxElementId"] == file_id}


def check(report, text, products):
    document = json.loads(text)
    found = faults(document)
    report.case(not found, "it is what SPDX 2.3 wants", *found)
    for what, change in BROKEN:
        broken = copy.deepcopy(document)
        change(broken)
        report.case(faults(broken), "not if it had " + what)
    report.case({f["fileName"] for f in document["files"]} ==
                {"./" + os.path.basename(p) for p in products},
                "it has all that is installed and can run")
    for entry in document["files"]:
        path = [p for p in products
                if os.path.basename(p) == entry["fileName"][2:]][0]
        with open(os.path.join(BUILD, path), "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        report.case(entry["checksums"][1]["checksumValue"] == digest,
                    "the sum of %s is right" % entry["fileName"])
    for path in products:
        name = "./" + os.path.basename(path)
        curl = any("curl" in p for p in linked(document, name))
        report.case(curl == (path == "audient-fetch"),
                    "%s: %s" % (name, "libcurl" if curl else "no libcurl"),
                    *linked(document, name))
    bare = [p["name"] for p in document["packages"] if "versionInfo" not in p]
    report.case(not bare, "every library has a version", *bare)


def main():
    need("readelf", "ldd")
    command = [sys.executable, os.path.join(PACKAGING, "sbom"), VERSION,
               EPOCH]
    with Report("sbom") as report:
        _, names = run("make", "-s", "products", cwd=BUILD,
                       env={"MAKEFLAGS": "", "MFLAGS": ""})
        products = names.split()
        report.case({"audient", "audient-fetch", ".libs/pam_audient.so"} <=
                    set(products), "there is something to bill", names)
        paths = [os.path.join(BUILD, p) for p in products]
        status, text = run(*command, *paths)
        report.case(status == 0, "it is written", text)
        if status == 0:
            check(report, text, products)
        _, again = run(*command, *reversed(paths), cwd="/",
                       env={"TZ": "Asia/Tokyo", "LC_ALL": "C"})
        report.case(again == text, "it is the same each time")
        status, out = run(*command, os.path.join(PACKAGING, "sbom"))
        report.case(status != 0 and "not a program" in out,
                    "a file that is no program is refused", out)
        return report.finish()


sys.exit(main())
