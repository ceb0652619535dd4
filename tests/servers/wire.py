# SPDX-License-Identifier: BSD-2-Clause
"""SASL on the wire of each protocol, byte by byte: for messages and orders of
messages that no proper client would send, and for clients that cannot run
here but whose bytes are known.

A Talk is one connection.  start(), answer() and abort() return a Step: what
the server said to that.
"""

import base64
import contextlib
import socket
import ssl
import struct

from rig import PATIENCE


class Step:
    """kind: "in", "out" (refused), "challenge" (data has it), or "closed".
    text: the server's words."""

    def __init__(self, kind, text="", data=b""):
        self.kind, self.text, self.data = kind, text, data

    def __str__(self):
        return "%s %s %r" % (self.kind, self.text, self.data)


class Closed(Exception):
    """The server has hung up."""


def b64(data):
    return base64.b64encode(data) if data else b"="


class Talk:
    """What the protocols share.  trust: certificate file of the server."""

    words = {}      # patterns of the text, by what is wrong

    def __init__(self, port, trust=None):
        self._trust = trust
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._tcp = self._socket
        self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self.greet()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._file.close()
            self._socket.close()

    def greet(self):
        raise NotImplementedError

    def secure(self):
        """The rest of the connection is TLS."""
        context = ssl.create_default_context(cafile=self._trust)
        self._socket = context.wrap_socket(self._socket,
                                           server_hostname="127.0.0.1")
        self._tcp = self._socket
        self._file = self._socket.makefile("rb")

    def send(self, data):
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from error

    def hasten(self, seconds):
        """From now on an answer is there so soon, or there is none."""
        self._socket.settimeout(seconds)

    def hurry(self):
        """Servers that write in small pieces wait for each to be heard of."""
        self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def line(self):
        try:
            self.hurry()
            line = self._file.readline()
        except OSError as error:
            raise Closed(str(error)) from error
        if not line:
            raise Closed("no answer")
        return line.decode("latin-1").rstrip("\r\n")

    def read(self, count):
        try:
            self.hurry()
            data = self._file.read(count)
        except OSError as error:
            raise Closed(str(error)) from error
        if len(data) < count:
            raise Closed("no answer")
        return data

    def start(self, mechanism, initial=None):
        return self._step(self.send_start, mechanism, initial)

    def answer(self, data):
        return self._step(self.send_answer, data)

    def abort(self):
        return self._step(self.send_abort)

    def raw(self, data):
        """A line that is not in the encoding of the protocol."""
        return self._step(self.send, data + b"\r\n")

    def _step(self, send, *arguments):
        try:
            send(*arguments)
            return self.receive()
        except Closed as error:
            return Step("closed", str(error))

    def login(self, mechanism, message, inline=True, ack=b"\1"):
        """The whole dialogue: the last step, and the challenge if the server
        explained itself with one."""
        step = self.start(mechanism, message if inline else None)
        if not inline and step.kind == "challenge" and step.data == b"":
            step = self.answer(message)
        if step.kind != "challenge":
            return step, None
        return (self.answer(ack) if ack is not None else self.abort(),
                step.data)


class Smtp(Talk):
    hello = b"EHLO client.example.com\r\n"
    words = {"malformed": "^535 ", "refused": "^535 ", "mismatch": "^535 ",
             "later": "^454 4.7.0 ", "broken": "^454 ", "absent": "^535 "}

    def greet(self):
        self.reply()
        self.send(self.hello)
        self.reply()
        if self._trust:
            self.send(b"STARTTLS\r\n")
            self.reply()
            self.secure()
            self.send(self.hello)
            self.capabilities = self.reply()

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def send_start(self, mechanism, initial):
        self.send(b"AUTH " + mechanism.encode() + (
            b"" if initial is None else b" " + b64(initial)) + b"\r\n")

    def send_answer(self, data):
        self.send((base64.b64encode(data) if data else b"") + b"\r\n")

    def send_abort(self):
        self.send(b"*\r\n")

    def receive(self):
        text = self.reply()
        if text.startswith("334"):
            return Step("challenge", text, base64.b64decode(text[4:]))
        return Step("in" if text.startswith("235") else "out", text)

    def alive(self):
        self.send(b"NOOP\r\n")
        return self.reply().startswith("250")


class EximSmtp(Smtp):
    words = {**Smtp.words, "malformed": "^553 ", "later": "^535 "}


class Lmtp(Smtp):
    hello = b"LHLO client.example.com\r\n"
    words = {"malformed": "^501 ", "refused": "^501 ", "mismatch": "^501 ",
             "later": "^501 ", "broken": "^501 ", "absent": "^504 "}


class Imap(Talk):
    words = {"malformed": "^a (NO|BAD) ", "refused": "^a NO ",
             "mismatch": "^a NO ", "later": "^a NO ", "broken": "^a NO ",
             "absent": "^a NO "}

    def greet(self):
        self.line()
        if self._trust:
            self.send(b"z STARTTLS\r\n")
            self.until("z ")
            self.secure()

    def until(self, tag):
        while True:
            line = self.line()
            if line.startswith((tag, "+")):
                return line
            if line.startswith("* BYE"):
                raise Closed(line)

    def send_start(self, mechanism, initial):
        self.send(b"a AUTHENTICATE " + mechanism.encode() + (
            b"" if initial is None else b" " + b64(initial)) + b"\r\n")

    send_answer = Smtp.send_answer
    send_abort = Smtp.send_abort

    def receive(self):
        text = self.until("a ")
        if text.startswith("+"):
            return Step("challenge", text, base64.b64decode(text[1:].strip()))
        return Step("in" if text.startswith("a OK") else "out", text)

    def alive(self):
        self.send(b"b NOOP\r\n")
        return self.until("b ").startswith("b OK")


class Pop(Talk):
    words = {"malformed": "^-ERR", "refused": "^-ERR", "later": "^-ERR"}

    def greet(self):
        self.line()
        if self._trust:
            self.send(b"STLS\r\n")
            self.line()
            self.secure()

    send_start = Smtp.send_start
    send_answer = Smtp.send_answer
    send_abort = Smtp.send_abort

    def receive(self):
        text = self.line()
        if text.startswith("+ "):
            return Step("challenge", text, base64.b64decode(text[2:]))
        return Step("in" if text.startswith("+OK") else "out", text)

    def alive(self):
        self.send(b"CAPA\r\n")
        if not self.line().startswith("+OK"):
            return False
        while self.line() != ".":
            pass
        return True


class Sieve(Talk):
    words = {"malformed": "^NO ", "refused": "^NO ", "mismatch": "^NO ",
             "later": "^NO ", "broken": "^NO ", "absent": "^NO "}

    def greet(self):
        self.until_done()
        if self._trust:
            self.send(b"STARTTLS\r\n")
            self.until_done()
            self.secure()
            self.until_done()

    def until_done(self):
        while True:
            line = self.line()
            if line.startswith(("OK", "NO")):
                return line
            if line.startswith("BYE"):
                raise Closed(line)

    @staticmethod
    def _string(data):
        return b"{%d+}\r\n%s" % (len(data), data)

    def send_start(self, mechanism, initial):
        self.send(b'AUTHENTICATE "' + mechanism.encode() + b'"' + (
            b"" if initial is None else b" " + self._string(
                base64.b64encode(initial))) + b"\r\n")

    def send_answer(self, data):
        self.send(self._string(base64.b64encode(data)) + b"\r\n")

    def send_abort(self):
        self.send(b'"*"\r\n')

    def receive(self):
        line = self.line()
        if line.startswith("{"):
            data = self.read(int(line.strip("{}+")))
            self.line()
            return Step("challenge", line, base64.b64decode(data))
        if line.startswith('"'):
            return Step("challenge", line, base64.b64decode(line.strip('"')))
        if line.startswith("BYE"):
            raise Closed(line)
        return Step("in" if line.startswith("OK") else "out", line)

    def alive(self):
        self.send(b"CAPABILITY\r\n")
        return self.until_done().startswith("OK")


def tlv(tag, *parts):
    """One element of BER."""
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def elements(data):
    """The elements of a BER sequence: (tag, bytes) each."""
    while data:
        tag, size, at = data[0], data[1], 2
        if size & 0x80:
            at = 2 + (size & 0x7f)
            size = int.from_bytes(data[2:at], "big")
        yield tag, data[at:at + size]
        data = data[at + size:]


class Ldap(Talk):
    """ldaps if there is a certificate to trust."""

    words = {"malformed": "^80 ", "refused": "^49 ", "mismatch": "^50 ",
             "later": "^52 ", "broken": "^80 ", "absent": "^7 "}

    def greet(self):
        self._id = 0
        self._mechanism = b""
        if self._trust:
            self.secure()

    def bind(self, *choice):
        self._id += 1
        self.send(tlv(0x30, tlv(2, bytes((self._id,))), tlv(
            0x60, tlv(2, b"\3"), tlv(4), *choice)))

    def _sasl(self, *credentials):
        self.bind(tlv(0xa3, tlv(4, self._mechanism),
                      *(tlv(4, c) for c in credentials)))

    def send_start(self, mechanism, initial):
        self._mechanism = mechanism.encode()
        self._sasl(*([] if initial is None else [initial]))

    def send_answer(self, data):
        self._sasl(data)

    def send_abort(self):
        """RFC 4513 section 5.2.1.2: a bind with an empty mechanism."""
        self._mechanism = b""
        self._sasl()

    def receive(self):
        head = self.read(2)
        size = head[1]
        if size & 0x80:
            size = int.from_bytes(self.read(size & 0x7f), "big")
        _, (tag, body) = elements(self.read(size))
        if tag != 0x61:
            raise Closed("answer %#x" % tag)
        parts = list(elements(body))
        code = int.from_bytes(parts[0][1], "big")
        text = "%d %s" % (code, parts[2][1].decode("latin-1"))
        data = next((v for t, v in parts if t == 0x87), b"")
        if code == 14:
            return Step("challenge", text, data)
        return Step("in" if code == 0 else "out", text)

    def alive(self):
        self.bind(tlv(0x80))            # anonymous
        return self.receive().kind == "in"


class DirsrvLdap(Ldap):
    """389-ds has one result for all that goes wrong."""

    words = {"malformed": "^49 ", "refused": "^49 ", "mismatch": "^49 ",
             "later": "^49 ", "broken": "^49 ", "absent": "^7 "}


class Memcached(Talk):
    """The binary protocol."""

    words = {"malformed": "^0x20 ", "refused": "^0x20 ", "mismatch": "^0x20 ",
             "later": "^0x20 ", "broken": "^0x20 ", "absent": "^0x20 "}
    LIST, START, STEP, GET = 0x20, 0x21, 0x22, 0x00

    def greet(self):
        self._mechanism = b""
        if self._trust:
            self.secure()

    def request(self, code, key=b"", value=b""):
        self.send(struct.pack(">BBHBBHIIQ", 0x80, code, len(key), 0, 0, 0,
                              len(key) + len(value), 0, 0) + key + value)

    def response(self):
        head = struct.unpack(">BBHBBHIIQ", self.read(24))
        return head[5], self.read(head[6])

    def mechanisms(self):
        self.request(self.LIST)
        return self.response()[1].decode()

    def send_start(self, mechanism, initial):
        self._mechanism = mechanism.encode()
        self.request(self.START, self._mechanism, initial or b"")

    def send_answer(self, data):
        self.request(self.STEP, self._mechanism, data)

    def abort(self):
        """There is no such thing."""
        self.close()
        return Step("closed")

    def receive(self):
        status, data = self.response()
        if status == 0x21:
            return Step("challenge", "0x21", data)
        return Step("in" if status == 0 else "out",
                    "%#x %s" % (status, data.decode("latin-1")))

    def alive(self):
        self.request(self.LIST)
        return self.response()[0] == 0

    def may_read(self):
        """Is this connection let in?  1: there is no such key."""
        self.request(self.GET, b"key")
        return self.response()[0] == 1


class Svn(Talk):
    words = {"malformed": "failure", "refused": "failure",
             "mismatch": "failure", "later": "failure", "broken": "failure",
             "absent": "failure"}

    def greet(self):
        if self._trust:
            self.secure()
        self.item()
        url = b"svn://127.0.0.1/"
        self.send(b"( 2 ( edit-pipeline svndiff1 ) %d:%s ) " % (
            len(url), url))
        self.mechanisms = self.item()

    def item(self):
        """One tuple, with tuples as lists and strings as bytes."""
        out = self._item()
        while out is None:
            out = self._item()
        return out

    def _item(self):
        c = self.read(1)
        if c in b" \r\n":
            return None
        if c == b"(":
            out = []
            while (part := self._item()) != ")":
                if part is not None:
                    out.append(part)
            return out
        if c == b")":
            return ")"
        word = c
        while (c := self.read(1)) not in (b" ", b"\n", b":"):
            word += c
        return self.read(int(word)) if c == b":" else word.decode()

    def send_start(self, mechanism, initial):
        text = b"" if initial is None else base64.b64encode(initial)
        self.send(b"( %s ( %s) ) " % (mechanism.encode(), (
            b"" if initial is None else b"%d:%s " % (len(text), text))))

    def send_answer(self, data):
        text = base64.b64encode(data)
        self.send(b"%d:%s " % (len(text), text))

    def abort(self):
        """There is no such thing."""
        self.close()
        return Step("closed")

    def receive(self):
        word, arguments = self.item()
        text = "%s %s" % (word, arguments)
        if word == "step":
            return Step("challenge", text, base64.b64decode(arguments[0]))
        return Step("in" if word == "success" else "out", text)

    def alive(self):
        return True
