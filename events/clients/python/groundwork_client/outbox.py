"""The outbox: a file of events for when the gateway is away.

It is SQLite, so that a machine that dies in the middle loses none of what was put in, and several processes may share
it on one machine (not over a network's file system).
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import OutboxFull
from .event import Event, Receipt

_TABLES = (
    "CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, event BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS refused (id TEXT, event BLOB NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL)",
)
_BUSY_SECONDS = 10.0
"""How long one process waits for another one's write."""


class Outbox:
    """Events that wait, oldest first. Each call opens the file anew, so that threads and forks may share an object.

    Args:
        path: of the file, which is made for this user only: it holds people's data.
        most: events that may wait.
    """

    def __init__(self, path: str | os.PathLike[str], most: int) -> None:
        self._path = Path(path)
        self._most = most
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with self._open() as file:
            for table in _TABLES:
                file.execute(table)

    def put(self, events: Sequence[Event]) -> list[Receipt]:
        """Keep events, all or none of them; they are on disk when this returns.

        Raises:
            OutboxFull: there is no room for all.
        """
        dated = [each.dated() for each in events]
        with self._open() as file:
            [waiting] = file.execute("SELECT count(*) FROM waiting").fetchone()
            if waiting + len(dated) > self._most:
                raise OutboxFull(f"the outbox has {waiting:,} events and may have {self._most:,}")
            file.executemany(
                "INSERT INTO waiting (id, event) VALUES (?, ?)", [(each.id, each.encoded) for each in dated]
            )
        return [Receipt(each.id, None) for each in dated]

    def waiting(self) -> int:
        """How many wait."""
        with self._open() as file:
            [number] = file.execute("SELECT count(*) FROM waiting").fetchone()
        return int(number)

    def oldest(self, most: int) -> list[tuple[int, Event]]:
        """The first that wait, each with its place."""
        with self._open() as file:
            rows = file.execute("SELECT place, event FROM waiting ORDER BY place LIMIT ?", (most,)).fetchall()
        return [(place, Event.read(bytes(event))) for place, event in rows]

    def sent(self, places: Sequence[int]) -> None:
        """Forget events that the gateway has."""
        with self._open() as file:
            file.executemany("DELETE FROM waiting WHERE place = ?", [(each,) for each in places])

    def refused(self, place: int, reason: str) -> None:
        """Set an event aside that the gateway cannot take, so that it holds up no others."""
        with self._open() as file:
            file.execute(
                "INSERT INTO refused SELECT id, event, ?, ? FROM waiting WHERE place = ?", (reason, time.time(), place)
            )
            file.execute("DELETE FROM waiting WHERE place = ?", (place,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which has the file to itself."""
        with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)) as file:
            file.execute("PRAGMA synchronous = FULL")
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")
