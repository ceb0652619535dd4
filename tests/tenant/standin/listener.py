# SPDX-License-Identifier: BSD-2-Clause
"""A listening TLS socket with a thread for each connection, and the faults
that happen below HTTP."""

import socket
import ssl
import threading
import time
import traceback

from standin import wire

BACKLOG = 1024
HANDSHAKE = 15          # seconds for the client to complete it
RECORD = 16 * 1024 + 512
SHORTAGE = 0.05         # seconds to wait when descriptors have run out


def bound(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    out = socket.socket(family, socket.SOCK_STREAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.bind((host, port))
    return out


class Listener:
    """serve(connection, number) is called with each connection after its
    handshake and says "close" or "drop" (without close_notify)."""

    def __init__(self, host, port, context, serve, journal=None, queue=None):
        # Bound but not listening: keeps the port ours while we refuse.
        self._holder = bound(host, port)
        self.host, self.port = host, self._holder.getsockname()[1]
        self._context = context
        self._serve = serve
        self._journal = journal         # counts connections, if given
        self._queue = queue             # faults of connections, if given
        self._lock = threading.Lock()
        self._socket = None
        self._open = set()
        self._number = 0

    def use(self, context):
        """Another certificate, for the connections to come."""
        self._context = context

    def listen(self):
        """Begin to accept; nothing happens if it does already."""
        with self._lock:
            if self._socket is not None:
                return
            self._socket = bound(self.host, self.port)
            self._socket.listen(BACKLOG)
            threading.Thread(target=self._accept, args=(self._socket,),
                             daemon=True).start()

    def refuse(self):
        """Stop to listen, until listen()."""
        with self._lock:
            if self._socket is None:
                return
            self._socket.shutdown(socket.SHUT_RDWR)     # wakes accept()
            self._socket.close()
            self._socket = None

    def drop_connections(self):
        """End what is open, idle or not."""
        with self._lock:
            for connection in self._open:
                try:
                    # Below TLS, whose state belongs to another thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    pass        # the client has left

    def _count(self, name):
        if self._journal is not None:
            self._journal.event(name)

    def _accept(self, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                if self._socket is not listening:
                    return      # refuse() has closed it
                time.sleep(SHORTAGE)
                continue
            self._count("connections")
            with self._lock:
                self._number += 1
                self._open.add(connection)
            threading.Thread(target=self._run, daemon=True,
                             args=(connection, self._number)).start()

    def _run(self, connection, number):
        ending = connection
        try:
            rule = self._queue.take() if self._queue is not None else None
            if rule is not None:
                misbehave(connection, self._context, rule)
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ending = self._handshake(connection)
            if self._serve(ending, number) == "close":
                wire.close(ending)
        except OSError:
            pass                # the client has left, or never spoke TLS
        except Exception:       # a bug of ours: seen in log and counters
            self._count("errors")
            traceback.print_exc()
        finally:
            with self._lock:
                self._open.discard(connection)
                self._open.discard(ending)
            ending.close()

    def _handshake(self, connection):
        tls = None
        try:
            tls = self._context.wrap_socket(connection, server_side=True,
                                            do_handshake_on_connect=False)
            with self._lock:    # connection has lost its descriptor to tls
                self._open.discard(connection)
                self._open.add(tls)
            tls.settimeout(HANDSHAKE)
            tls.do_handshake()
        except (OSError, ValueError) as error:
            self._count("failed_handshakes")
            if tls is not None:
                with self._lock:
                    self._open.discard(tls)
                tls.close()
            raise OSError("no handshake") from error
        self._count("handshakes")
        return tls


def misbehave(connection, context, rule):
    """A connection that goes no further than rule.at: "accept", "hello"
    (the client's first message was read) or "handshake" (half of the
    server's first flight was sent)."""
    connection.settimeout(HANDSHAKE)
    if rule.at == "hello":
        connection.recv(RECORD)
    elif rule.at == "handshake":
        flight = first_flight(connection, context)
        connection.sendall(flight[:len(flight) // 2])
    if rule.action == "plain":
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n"
                           b"Content-Length: 0\r\n\r\n")
    if rule.action == "hang":
        wire.pause(connection, None, rule.cancelled)
    elif rule.action == "reset":
        wire.reset(connection)
    else:
        finish(connection)


def finish(connection):
    """Close with FIN.  close() sends RST if the client was not heard out."""
    connection.shutdown(socket.SHUT_WR)
    while wire.readable(connection, 1):
        if not connection.recv(RECORD):
            return


def first_flight(connection, context):
    """What the server says to the client's first message, unsent."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while not outgoing.pending:
        data = connection.recv(RECORD)
        if not data:
            raise ConnectionAbortedError("the client has left")
        incoming.write(data)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
    return outgoing.read()
