# SPDX-License-Identifier: BSD-2-Clause
"""Host x client x mechanism x token: what came of it, what the client
printed, and what the log said."""

import json
import os
import re
import time

from clients import clients_of
from rig import OTHER_AUDIENCE

COOLDOWN = 1            # seconds, of the configuration of these tests

# What is wrong: what the token has, and the reason that comes of it.
CASES = {
    "good": ({}, "ok"),
    "expired": ({"ttl": -600}, "expired"),
    "wrong audience": ({"audience": OTHER_AUDIENCE}, "audience_refused"),
    "missing scope": ({"scope": "openid"}, "scope_missing"),
    "wrong authzid": ({}, "user_mismatch"),
    "opaque": ({"kind": "opaque"}, "opaque_refused"),
    "tenant down": ({}, "issuer_unavailable"),
}
SHOWN = 160             # letters of what a client prints


class Row:
    def __init__(self, door, client, mechanism, case):
        self.door, self.client = door, client
        self.mechanism, self.case = mechanism, case
        self.admitted, self.printed, self.logged = None, "", ""


def reason_of(lines):
    """The last verdict of ours in the log, or the host's own word."""
    found = [m for line in lines
             for m in re.findall(r"verdict=\w+ reason=(\w+)", line)]
    return found[-1] if found else ""


def logs_of(door, mark, want):
    """What the log says, once it has said it."""
    if want == "ok":
        # not every host logs what is admitted
        return reason_of(door.news(mark)) or "ok"
    door.wait("reason=" + want, mark)
    return reason_of(door.news(mark))


def shown(door, mechanism, text):
    """What two mechanisms have in common should look alike."""
    text = door.clean(text).replace(mechanism, "MECHANISM")
    return text if len(text) <= SHOWN else text[:SHOWN - 3] + "..."


def run_row(door, client, mechanism, case):
    options, want = CASES[case]
    user = "bob" if case == "wrong authzid" else door.user
    row, mark = Row(door, client, mechanism, case), door.mark()
    row.admitted, text = client.login(door, mechanism, user,
                                      door.mint(**options))
    row.printed = shown(door, mechanism, "" if row.admitted else text)
    gets_in = want == "ok"
    if door.lets_in is None:
        row.logged = logs_of(door, mark, want)
    else:               # somebody else, who does not know our reasons
        gets_in, want = gets_in or case in door.lets_in, ""
    door.rig.case(row.admitted == gets_in and row.logged == want,
                  "%s, %s, %s, %s: %s %s" % (
                      door.name, client.name, mechanism, case,
                      "in" if gets_in else "out", want), text,
                  *door.news(mark)[-6:])
    return row


def cases_of(door, client, first, is_full):
    """The first client of a door shows them all; in the quick run the others
    show that they get in, and how they take a refusal."""
    cases = [c for c in CASES if c != "tenant down"
             and (client.names_user or c != "wrong authzid")]
    if is_full or first:
        return cases
    return ["good", "expired"]


def silence(tenant):
    """Keys that nobody has seen, and nobody to ask for them."""
    tenant.rotate()
    tenant.rotate()
    time.sleep(COOLDOWN + 0.5)
    tenant.fault("*", status=503)


def run_doors(name, doors):
    """All rows of some doors of one host.  Where a matrix is asked for, in
    the directory AUDIENT_MATRIX, they are all run and kept there."""
    directory = os.environ.get("AUDIENT_MATRIX")
    rows = []
    for door in doors:
        for i, (client, mechanism) in enumerate(clients_of(door)):
            rows += [run_row(door, client, mechanism, case) for case
                     in cases_of(door, client, i == 0, directory)]
    silence(doors[0].rig.tenant)
    for door in doors:
        pairs = clients_of(door)
        rows += [run_row(door, *pair, "tenant down")
                 for pair in (pairs if directory else pairs[:1])]
    doors[0].rig.tenant.clear()
    if directory:
        keep(os.path.join(directory, name + ".json"), rows)


def keep(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        json.dump([{
            "door": row.door.name, "protocol": row.door.protocol,
            "client": row.client.name, "recorded": row.client.is_recorded,
            "mechanism": row.mechanism, "case": row.case,
            "admitted": row.admitted, "printed": row.printed,
            "logged": row.logged} for row in rows], f, indent=1)
