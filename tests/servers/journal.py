# SPDX-License-Identifier: BSD-2-Clause
"""A socket that stands for systemd's journal, and what it was told."""

import os
import re
import socket
import struct

from rig import PATIENCE

PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s"]\S*))(?: |$)')


def fields_of(datagram):
    """[(name, value)] of a datagram of the native protocol."""
    fields = []
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, mark, value = line.partition(b"=")
        if not mark:
            size, = struct.unpack("<Q", rest[:8])
            value, rest = rest[8:8 + size], rest[8 + size:]
            if len(value) != size or rest[:1] != b"\n":
                raise ValueError("a field without its end")
            rest = rest[1:]
        fields.append((name.decode("ascii"), value.decode("utf-8")))
        datagram = rest
    return fields


def pairs_of(text):
    """The fields that an audit line should have, from its text."""
    pairs, at = [], text.index("service=")
    while at < len(text):
        found = PAIR.match(text, at)
        if not found:
            raise ValueError("no pair: " + text[at:])
        name, quoted, bare = found.groups()
        pairs.append(("AUDIENT_" + name.upper(),
                      bare if quoted is None else quoted))
        at = found.end()
    return pairs


class Journal:
    """Bound to a path, until it is closed."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        os.chmod(path, 0o666)

    def close(self):
        """Leaves a socket behind that nobody listens to."""
        self._socket.close()

    def fill(self):
        """Nobody reads: sends until there is no room."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            sent = 0
            try:
                while True:
                    s.sendto(b"MESSAGE=x\n", self.path)
                    sent += 1
            except BlockingIOError:
                return sent

    def entries(self):
        """What has come since the last time, each as fields_of()."""
        out = []
        self._socket.settimeout(0)
        try:
            while True:
                out.append(fields_of(self._socket.recv(65536)))
        except BlockingIOError:
            return out

    def wait(self):
        """The next entry; it may still be on its way."""
        self._socket.settimeout(PATIENCE)
        return fields_of(self._socket.recv(65536))
