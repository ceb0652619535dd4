# SPDX-License-Identifier: BSD-2-Clause
"""Options of a control command: names, kinds and defaults, strictly read.

A command line hands over text only, so every kind also reads its own text:
"3", "true", "a b", '{"x": 1}'.
"""

import json


class BadOption(Exception):
    """The options of a command make no sense; the text says which and why."""


def _text(value):
    if not isinstance(value, str):
        raise ValueError("text is expected")
    return value


def _integer(value):
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("a whole number is expected")
    return int(value)


def _number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("a number is expected")
    return float(value)


def _flag(value):
    words = {"true": True, "yes": True, "1": True,
             "false": False, "no": False, "0": False}
    word = str(value).lower()
    if word not in words:
        raise ValueError("true or false is expected")
    return words[word]


def _table(value):
    if isinstance(value, str):
        value = json.loads(value)
    if not isinstance(value, dict):
        raise ValueError("an object is expected")
    return value


def _words(value):
    """A list of strings; as text: a JSON array, or words between blanks."""
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else value.split()
    if not isinstance(value, list):
        raise ValueError("a list is expected")
    return value


def _audience(value):
    """One string, or a list of them; as text also a JSON array."""
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    if not isinstance(value, (str, list)):
        raise ValueError("a string or a list is expected")
    return value


def one_of(*allowed):
    """The kind of an option that has a few possible values."""
    def read_choice(value):
        if value not in allowed:
            raise ValueError("one of %s is expected" % ", ".join(allowed))
        return value
    return read_choice


KINDS = {"text": _text, "integer": _integer, "number": _number,
         "flag": _flag, "table": _table, "words": _words,
         "audience": _audience, "any": lambda value: value}


def read(schema, given):
    """Options with defaults filled in.

    schema: {name: (kind, default)}, kind a name in KINDS or a function of
    the value.  A null stands for the default.  Raises BadOption.
    """
    if not isinstance(given, dict):
        raise BadOption("an object of options is expected")
    for name in given:
        if name not in schema:
            raise BadOption("unknown option %r; there are: %s"
                            % (name, ", ".join(sorted(schema)) or "none"))
    out = {}
    for name, (kind, default) in schema.items():
        value = given.get(name)
        if value is None:
            out[name] = dict(default) if isinstance(default, dict) else default
            continue
        try:
            out[name] = (KINDS[kind] if isinstance(kind, str) else kind)(value)
        except (ValueError, TypeError) as error:
            raise BadOption("option %r: %s" % (name, error)) from None
    return out


def override(document, changes):
    """Members of changes replace those of document; None removes one."""
    for name, value in changes.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value
    return document
