# SPDX-License-Identifier: BSD-2-Clause
"""What authselect makes of the files of a profile, by authselect-profiles(5):

    text {include if "feature"}     the line is there with the feature
    text {exclude if "feature"}     and here without it
    text {if "feature":a|b}         a with it, b (or nothing) without it

A condition may have "not", "and" and "or".
"""

import re

_OPERATOR = re.compile(r"\{(?:(\w+) )?if ([^{}:]*)(?::([^{}|]*)(?:\|([^{}]*))?)?\}")
_CONDITION = re.compile(r'(not\s+)?"([a-z0-9-]+)"(?:\s+(and|or)\s+|\s*$)')


class TemplateError(Exception):
    """The text says which operator is none."""


def _holds(condition, features, used):
    value, join, at = None, None, 0
    while at < len(condition):
        match = _CONDITION.match(condition, at)
        if match is None:
            raise TemplateError("bad condition: " + condition)
        used.add(match.group(2))
        one = (match.group(2) in features) != bool(match.group(1))
        if join is None:
            value = one
        else:
            value = value and one if join == "and" else value or one
        join, at = match.group(3), match.end()
    if value is None or join is not None:
        raise TemplateError("bad condition: " + condition)
    return value


def render(text, features, used=None):
    """The text for these features; `used` gets the names of all features."""
    used = set() if used is None else used
    out = []
    for line in text.splitlines():
        keep = True

        def replace(match):
            nonlocal keep
            what, condition, yes, no = match.groups()
            holds = _holds(condition, features, used)
            if what is None and yes is not None:
                return yes if holds else no or ""
            if what not in ("include", "exclude") or yes is not None:
                raise TemplateError("no such operator: " + match.group(0))
            keep = keep and holds == (what == "include")
            return ""

        line = _OPERATOR.sub(replace, line).rstrip()
        if "{" in line or "}" in line:
            raise TemplateError("no operator: " + line)
        if keep:
            out.append(line)
    return "\n".join(out) + "\n"
