"""A pooler of PostgreSQL connections in transaction mode: each transaction gets the connection that was free longest.

So two transactions of one client are never on one connection, if there is another: whatever a client leaves on its
session is lost at once. Real poolers, which prefer the one that was used last, lose it now and then.
"""

import itertools
import os
import queue
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

from psycopg import pq

_TLS, _GSS, _CANCEL = 80877103, 80877104, 80877102
_TOLD = ("server_version", "server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone",
         "integer_datetimes", "standard_conforming_strings")  # fmt: skip


class TransactionPooler:
    """Listens on a port of the loopback address.

    Args:
        conninfo: of the database, over a connection without TLS.
        size: connections to it.
    """

    def __init__(self, conninfo: str, size: int = 3) -> None:
        self._conninfo = conninfo.encode()
        self._idle: queue.SimpleQueue[_Server] = queue.SimpleQueue()
        for _ in range(size):
            self._idle.put(_Server(self._conninfo))
        self._key = itertools.count(1_000_000_000)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="pooler", daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError, EOFError):
            while (code := _startup(client)) in (_TLS, _GSS):
                client.sendall(b"N")
            if code == _CANCEL:
                return
            server = self._idle.get()
            told = [_message(b"S", name, value) for name, value in server.told]
            self._idle.put(server)
            key = struct.pack("!II", next(self._key), 0)
            client.sendall(b"".join([_message(b"R", bytes(4)), *told, _message(b"K", key), _message(b"Z", b"I")]))
            while True:
                first = client.recv(65536)
                if not first or first[:1] == b"X":
                    return
                server = self._idle.get()
                kept = False
                try:
                    _Transaction(client, server.socket).run(first)
                    kept = True
                finally:
                    if not kept:
                        server.socket.close()
                        server = _Server(self._conninfo)
                    self._idle.put(server)


class _Server:
    """A connection to PostgreSQL, made by libpq and then used as a bare socket."""

    def __init__(self, conninfo: bytes) -> None:
        connection = pq.PGconn.connect(conninfo)
        assert connection.status == pq.ConnStatus.OK, connection.error_message.decode()
        self.told = [
            (f"{name}\0".encode(), value + b"\0")
            for name in _TOLD
            if (value := connection.parameter_status(name.encode()))
        ]
        self._connection = connection  # kept, since it closes its own copy of the socket when it is forgotten
        self.socket = socket.socket(fileno=os.dup(connection.socket))
        self.socket.setblocking(True)


class _Transaction:
    """What goes to and fro until the server says that no transaction is open."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client, self._server = client, server
        self._asked: list[bytes] = []
        self._from_client, self._from_server = b"", b""

    def run(self, first: bytes) -> None:
        self._to_server(first)
        while True:
            readable, _, _ = select.select([self._client, self._server], [], [])
            if self._client in readable:
                self._to_server(_received(self._client))
            if self._server in readable and self._to_client(_received(self._server)):
                return

    def _to_server(self, data: bytes) -> None:
        messages, self._from_client = _split(self._from_client + data)
        if any(kind == b"X" for kind, _ in messages):
            raise EOFError
        self._asked += [kind for kind, _ in messages if kind in (b"Q", b"S", b"F")]
        self._server.sendall(data)

    def _to_client(self, data: bytes) -> bool:
        messages, self._from_server = _split(self._from_server + data)
        over = False
        for kind, body in messages:
            if kind == b"G" and self._asked[:1] == [b"S"]:
                self._asked.pop(0)  # a Sync that meets COPY FROM STDIN is not answered
            if kind == b"Z":
                self._asked.pop(0)
                over = body == b"I" and not self._asked and not self._from_client
        self._client.sendall(data)
        return over


def _startup(client: socket.socket) -> int:
    length, code = struct.unpack("!II", _exactly(client, 8))
    _exactly(client, length - 8)
    return int(code)


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += _received(source, size - len(data))
    return data


def _received(source: socket.socket, size: int = 65536) -> bytes:
    data = source.recv(size)
    if not data:
        raise EOFError
    return data


def _message(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return kind + struct.pack("!I", len(body) + 4) + body


def _split(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Whole messages, and what is left over."""
    return (messages := list(_whole(data))), data[sum(5 + len(body) for _, body in messages) :]


def _whole(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while len(data) - at >= 5:
        end = at + 1 + struct.unpack_from("!I", data, at + 1)[0]
        if len(data) < end:
            return
        yield data[at : at + 1], data[at + 5 : end]
        at = end
