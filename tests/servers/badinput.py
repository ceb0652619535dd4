# SPDX-License-Identifier: BSD-2-Clause
"""Messages, and orders of messages, that a host must survive, answer rightly,
and not let into its log: on the wire of any protocol of wire.py.

A row is a script of steps and what has to come of it:

    in               admitted after all
    out              refused, with whatever words
    malformed        refused at once, in the words for a protocol error, or
                     told invalid_request first
    invalid_request, invalid_token      told so, then refused
"""

import json
import re

from rig import USERNAME_CLAIM
from wire import Closed

HUGE = 70000            # more than a message may have
FORGED = 'forged" verdict=allow reason=ok user=root x="'


def message(token, name=b"", pairs=b"", scheme=b"Bearer ", flag=b"n"):
    header = b"a=" + name if name else b""
    return (flag + b"," + header + b",\1" + pairs + b"auth=" + scheme +
            token + b"\1\1")


def xoauth2(token, name, scheme=b"Bearer "):
    return b"user=" + name + b"\1auth=" + scheme + token + b"\1\1"


def message_for(mechanism, token, name):
    """The usual one, of either mechanism."""
    return (message if mechanism == "OAUTHBEARER" else xoauth2)(token, name)


def grammar(token, user):
    """Messages of OAUTHBEARER: (what, bytes, what comes of it)."""
    good = message(token)
    return [
        ("only n", b"n", "malformed"), ("only n,", b"n,", "malformed"),
        ("only the header", b"n,,", "malformed"),
        ("header and one ^A", b"n,,\1", "malformed"),
        ("no pairs", b"n,,\1\1", "invalid_request"),
        ("a lone ^A", b"\1", "malformed"), ("two ^A", b"\1\1", "malformed"),
        ("NUL bytes", b"\0" * 40, "malformed"),
        ("no end", good[:-2], "malformed"),
        ("half an end", good[:-1], "malformed"),
        ("more than an end", good + b"\1", "malformed"),
        ("text behind the end", good + b"n", "malformed"),
        ("NUL behind the end", good + b"\0", "malformed"),
        ("two messages", good + good, "malformed"),
        ("p=tls-unique", message(token, flag=b"p=tls-unique"), "malformed"),
        ("flag p", message(token, flag=b"p"), "malformed"),
        ("flag F", b"F," + good, "malformed"),
        ("flag N", message(token, flag=b"N"), "malformed"),
        ("no flag", message(token, flag=b""), "malformed"),
        ("flag y", message(token, flag=b"y"), "in"),
        ("empty a=", b"n,a=,\1auth=Bearer " + token + b"\1\1", "malformed"),
        ("n,user=alice,", b"n,user=alice,\1auth=Bearer " + token + b"\1\1",
         "malformed"),
        ("name with =", message(token, b"ali=ce"), "malformed"),
        ("name with =2c", message(token, b"ali=2cce"), "out"),
        ("name with NUL", message(token, b"alice\0"), "malformed"),
        ("name with LF", message(token, b"alice\nforged"), "malformed"),
        ("name with ESC", message(token, b"\x1b[2Jforged"), "malformed"),
        ("name that is no UTF-8", message(token, b"alice\xff"), "malformed"),
        ("name of 300 bytes", message(token, b"a" * 300), "malformed"),
        ("name of 255 bytes", message(token, b"a" * 255), "out"),
        ("name with quotes", message(
            token, FORGED.replace("=", "=3D").encode()), "out"),
        ("name with U+202E", message(token, "forged\u202e".encode()), "out"),
        ("host and port", message(
            token, pairs=b"host=mail.example.com\1port=587\1"), "in"),
        ("unknown pairs", message(
            token, pairs=b"x=1\1mthd=POST\1path=/\1"), "in"),
        ("30 unknown pairs", message(token, pairs=b"".join(
            b"x" * n + b"=1\1" for n in range(1, 31))), "in"),
        ("port 0", message(token, pairs=b"port=0\1"), "malformed"),
        ("port 0143", message(token, pairs=b"port=0143\1"), "malformed"),
        ("port 99999", message(token, pairs=b"port=99999\1"), "malformed"),
        ("host twice", message(token, pairs=b"host=a\1host=b\1"),
         "malformed"),
        ("auth twice", message(token, pairs=b"auth=Bearer x\1"), "malformed"),
        ("a pair without =", message(token, pairs=b"forged\1"), "malformed"),
        ("a key of digits", message(token, pairs=b"1=2\1"), "malformed"),
        ("a key with a blank", message(token, pairs=b"a b=2\1"), "malformed"),
        ("an empty key", message(token, pairs=b"=2\1"), "malformed"),
        ("8-bit value", message(token, pairs=b"x=\xe9\1"), "malformed"),
        ("DEL in a value", message(token, pairs=b"x=\x7f\1"), "malformed"),
        ("no auth", b"n,,\1host=a\1\1", "invalid_request"),
        ("empty auth", b"n,,\1auth=\1\1", "invalid_token"),
        ("scheme bearer", message(token, scheme=b"bearer "), "in"),
        ("two blanks", message(token, scheme=b"Bearer  "), "in"),
        ("scheme Basic", message(b"YWxpY2U6eA==", scheme=b"Basic "),
         "invalid_request"),
        ("no scheme", message(token, scheme=b""), "invalid_request"),
        ("no blank", message(token, scheme=b"Bearer"), "invalid_request"),
        ("no token", message(b""), "invalid_request"),
        ("Bearer twice", message(b"Bearer " + token), "invalid_request"),
        ("two tokens", message(token + b" " + token), "invalid_request"),
        ("a blank behind", message(token + b" "), "invalid_request"),
        ("quotes", message(b'"' + token + b'"'), "invalid_request"),
        ("LF in the token", message(token[:20] + b"\n" + token[20:]),
         "invalid_request"),
        ("percent", message(token.replace(b".", b"%2E")), "invalid_request"),
        ("NUL in the token", message(token[:20] + b"\0" + token[20:]),
         "malformed"),
        ("a password", message(b"secret"), "invalid_token"),
        ("dots", message(b"..."), "invalid_token"),
        ("two segments", message(token.rpartition(b".")[0]), "invalid_token"),
        ("padded", message(token + b"=="), "invalid_token"),
        ("PLAIN", b"\0alice\0secret", "malformed"),
        ("JSON", b'{"token":"x"}', "malformed"),
        ("XOAUTH2's message", xoauth2(token, user), "malformed"),
        ("70000 bytes", message(b"a" * HUGE), "out"),
        ("50000 bytes in a name", message(token, b"a" * 50000), "out"),
    ]


def grammar_xoauth2(token, user):
    good = xoauth2(token, user)
    return [
        ("OAUTHBEARER's message", message(token, user), "malformed"),
        ("no user", b"auth=Bearer " + token + b"\1\1", "malformed"),
        ("empty user", xoauth2(token, b""), "malformed"),
        ("user last", b"auth=Bearer " + token + b"\1user=" + user + b"\1\1",
         "malformed"),
        ("user twice", xoauth2(token, user + b"\1user=" + user), "malformed"),
        ("user twice, for another", good[:-1] + b"user=bob\1\1",
         "malformed"),
        ("an unknown pair", good[:-1] + b"x=1\1\1", "in"),
        ("user with NUL", xoauth2(token, b"alice\0"), "malformed"),
        ("user with LF", xoauth2(token, b"alice\nforged"), "malformed"),
        ("user with quotes", xoauth2(token, FORGED.encode()), "out"),
        ("no end", good[:-2], "malformed"),
        ("half an end", good[:-1], "malformed"),
        ("text behind the end", good + b"x", "malformed"),
        ("auth twice", good[:-1] + b"auth=Bearer x\1\1", "malformed"),
        ("no auth", b"user=" + user + b"\1\1", "invalid_request"),
        ("empty auth", b"user=" + user + b"\1auth=\1\1", "invalid_token"),
        ("scheme Basic", xoauth2(token, user, b"Basic "), "invalid_request"),
        ("a password", xoauth2(b"secret", user), "invalid_token"),
    ]


def truncated(token, user):
    """A message that ends early, and one with a wrong byte."""
    good = message(token, user)
    places = sorted({*range(1, 28, 3), len(good) // 2, len(good) - 3})
    rows = [("cut after %d bytes" % n, good[:n], "malformed")
            for n in places]
    rows += [("byte %d is wrong" % n, good[:n] + bytes((good[n] ^ 1,)) +
              good[n + 1:], "out") for n in (*places, len(good) - 1)]
    return rows


def orders(good, bad):
    """Orders of steps: (what, steps, what comes of it)."""
    return [
        ("in two steps", [("start", None), ("answer", good)], "in"),
        ("empty, then empty", [("start", None), ("answer", b"")],
         "malformed"),
        ("empty, then ^A", [("start", None), ("answer", b"\1")],
         "malformed"),
        ("empty, then an end", [("start", None), ("abort",)], "out"),
        ("an end, and anew", [("start", None), ("abort",), ("start", good)],
         "in"),
        ("refused, then ^A", [("start", bad), ("answer", b"\1")], "out"),
        ("refused, then nothing", [("start", bad), ("answer", b"")], "out"),
        ("refused, then an end", [("start", bad), ("abort",)], "out"),
        ("refused, then a good message", [("start", bad), ("answer", good)],
         "out"),
        ("refused, then much", [("start", bad), ("answer", b"x" * 5000)],
         "out"),
        ("refused, then anew", [("start", bad), ("answer", b"\1"),
                                ("start", good)], "in"),
        ("refused twice, then anew", [
            ("start", bad), ("answer", b"\1"), ("start", bad),
            ("answer", b""), ("start", good)], "in"),
        ("malformed, then anew", [("start", b"n,,"), ("start", good)], "in"),
        ("an unknown mechanism, then anew", [
            ("start", good, "FORGED"), ("start", good)], "in"),
    ]


def line_orders(good, bad):
    """Of protocols that have lines, in which base64 stands."""
    return [
        ("no base64", [("start", None), ("raw", b"%%%%")], "out"),
        ("raw ^A", [("start", bad), ("raw", b"\1")], "out"),
        ("a cut quantum", [("start", None), ("raw", b"bixh")], "out"),
        ("a new command for an answer", [
            ("start", None), ("raw", b"AUTH OAUTHBEARER bixh")], "out"),
    ]


def status_of(challenge):
    """The word of a JSON challenge; XOAUTH2 has numbers."""
    try:
        status = json.loads(challenge)["status"]
    except (ValueError, KeyError, TypeError):
        return "no JSON: %r" % challenge
    return {"400": "invalid_token"}.get(status, status)


def run_script(talk, mechanism, script):
    """All steps that the server took; an unanswered challenge is answered."""
    steps = []
    for action, *arguments in script:
        if action == "start":
            data, name = (*arguments, mechanism)[:2]
            step = talk.start(name, data)
        else:
            step = getattr(talk, action)(*arguments)
        steps.append(step)
        if step.kind == "closed":
            return steps
    if steps[-1].kind == "challenge":
        steps.append(talk.answer(b"\1"))
    return steps


def verdict(talk, mechanism, script, want):
    """None if all is as wanted; else what was wrong."""
    steps = run_script(talk, mechanism, script)
    last = steps[-1]
    told = [status_of(s.data) for s in steps
            if s.kind == "challenge" and s.data]
    story = "; ".join(str(s) for s in steps)
    if want == "in":
        # where there is no way to end an exchange, a script may end early
        early = last.kind == "closed" and ("abort",) in script
        return None if last.kind == "in" or early else story
    if any(s.kind == "in" for s in steps) or last.kind == "challenge":
        return story
    if last.kind == "closed" or want == "out":
        return None
    if want == "malformed" and not told:
        fits = re.search(talk.words["malformed"], last.text)
    else:
        # XOAUTH2 has one number for both
        number = mechanism == "XOAUTH2"
        wanted = {"malformed": "invalid_request"}.get(want, want)
        fits = told in ([wanted], ["invalid_token"] if number else [wanted])
        fits = fits and re.search(talk.words["refused"], last.text)
    return None if fits else "wanted %s: %s" % (want, story)


def all_rows(door, token, expired):
    """(mechanism, what, script, want)"""
    user = door.user.encode()
    good, bad = message(token), message(expired)
    rows = [("OAUTHBEARER", what, [("start", data)], want) for what, data, want
            in grammar(token, user) + truncated(token, user)]
    rows += [("XOAUTH2", what, [("start", data)], want)
             for what, data, want in grammar_xoauth2(token, user)]
    rows += [("OAUTHBEARER", *row) for row in orders(good, bad)]
    rows += [("XOAUTH2", *row) for row
             in orders(xoauth2(token, user), xoauth2(expired, user))]
    if door.has_lines:
        rows += [("OAUTHBEARER", *row) for row in line_orders(good, bad)]
    return [row for row in rows if row[0] in door.mechanisms]


def forged(lines, admitted):
    """Log lines in which a peer has written something of its own."""
    bad, allows = [], 0
    for line in lines:
        fields = re.sub(r'"[^"]*"', '""', line).split("audient: ")[-1].split()
        allows += "verdict=allow" in fields
        keys = [f.partition("=")[0] for f in fields if "=" in f]
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", line) or \
                "user=root" in fields or "forged" in keys or \
                len(keys) > len(set(keys)):
            bad.append(line)
    if allows > admitted:
        bad.append("%d logins, and %d verdicts that allow" % (admitted,
                                                              allows))
    return bad


def interleave(door, token, expired):
    """Exchanges that are left alone halfway, and one within another."""
    with door.connect() as talk:
        talk.start("OAUTHBEARER", message(expired))
    with door.connect() as talk:
        talk.start("OAUTHBEARER")
    with door.connect() as one, door.connect() as two:
        one.start("OAUTHBEARER", message(expired))
        ok = two.login("OAUTHBEARER", message(token))[0].kind == "in"
        return ok and one.answer(b"\1").kind == "out"


# An exchange that is begun within one: LDAP takes it for the answer, memcached
# begins anew, and svnserve waits for the rest of what it takes for a string.
WITHIN = {"ldap": "out", "memcached": "in", "svn": "closed"}
SOON = 1                # seconds for an answer that may not come


def untimely(door, good, bad):
    """Steps that no host waits for, behind a success or within an exchange:
    (what, steps, what the last one must come to; None: to nothing good)."""
    rows = [
        ("a response after success", [("start", good), ("answer", b"\1")],
         None),
        ("an empty response after success", [
            ("start", good), ("answer", b"")], None),
        ("bad after success", [("start", good), ("start", bad)], None),
    ]
    if not door.has_lines:
        rows += [
            ("a second initial on a pending challenge", [
                ("start", bad), ("start", good)], WITHIN[door.protocol]),
            ("a bad second initial on an empty challenge", [
                ("start", None), ("start", bad), ("answer", b"\1")], None)]
    return rows


def play_untimely(door, token, expired):
    """Returns how many were let in."""
    admitted = 0
    for what, script, want in untimely(door, message(token),
                                       message(expired)):
        with door.connect() as talk:
            steps = []
            for action, data in script:
                if steps:
                    talk.hasten(SOON)
                steps.append(talk.start("OAUTHBEARER", data)
                             if action == "start" else talk.answer(data))
        admitted += any(step.kind == "in" for step in steps)
        # svnserve shows its repository behind a success, whatever comes
        bad_end = steps[-1].kind == "in" and not (
            door.protocol == "svn" and steps[0].kind == "in")
        ok = steps[-1].kind == want if want else not bad_end
        with door.connect() as talk:
            alive = talk.login("OAUTHBEARER", message(token))[0].kind == "in"
        admitted += alive
        door.rig.case(ok and alive and (
            "after" not in what or steps[0].kind == "in"), "%s: %s" % (
                door.name, what), alive, *steps)
    return admitted


ACTING = "act:for"
DELEGATION = "delegation_permission = %s\n" % ACTING


def only_oneself(door):
    """For hosts that let nobody act for others: with DELEGATION in
    audient.conf it is they who refuse a user with a permission."""
    token = door.mint(claims={USERNAME_CLAIM: door.user,
                              "permissions": [ACTING]}).encode()
    mark = door.mark()
    with door.connect() as talk:
        step, _ = talk.login("OAUTHBEARER", message(token, b"bob"))
    line = door.wait("acts_for=bob verdict=allow reason=ok", mark)
    door.rig.case(step.kind == "out" and line, "%s: nobody acts for others, "
                  "whatever the permission" % door.name, step,
                  *door.news(mark))


def takes(door, *sizes):
    """Good tokens of so many bytes get in."""
    for size in sizes:
        with door.connect() as talk:
            step, _ = talk.login("OAUTHBEARER", message(
                door.mint(pad_to=size).encode()))
        door.rig.case(step.kind == "in", "%d bytes: in" % size, step)


def play(door):
    """All rows against a host: a case for all that went as it should, and
    one for each that did not."""
    rig, mark = door.rig, door.mark()
    token, expired = (door.mint(ttl=ttl).encode() for ttl in (600, -600))
    passed, admitted = 0, 0
    for mechanism, name, script, want in all_rows(door, token, expired):
        try:
            with door.connect() as talk:
                wrong = verdict(talk, mechanism, script, want)
        except (Closed, OSError) as error:
            wrong = "the host is gone: %s" % error
        admitted += want == "in"
        passed += wrong is None
        if wrong is not None:
            rig.case(False, "%s: %s, %s: %s" % (door.name, mechanism, name,
                                                want), wrong)
    admitted += play_untimely(door, token, expired)
    rig.case(passed > 0, "%s: %d bad messages and orders are answered rightly"
             % (door.name, passed))
    rig.case(interleave(door, token, expired),
             "%s: an exchange between the steps of another" % door.name)
    bad = forged(door.news(mark), admitted + 1)
    rig.case(not bad, "%s: no peer has written into the log" % door.name, *bad)
