"""Connections to the mail server that stay open from mail to mail, as many and as fast as the settings allow."""

import atexit
import os
import smtplib
import threading
import time
from dataclasses import dataclass, field
from weakref import WeakSet

from groundwork.blocks.errors import RecipientRefused
from groundwork.blocks.mail.connection import MailConnection
from groundwork.blocks.mail.server import MailServer
from groundwork.blocks.mail.wire import Wire

AWAY_SECONDS = 5.0
"""Seconds for which a server that was away, or refused us, is not called again: mails fail as the last one did. Too
low: thousands of mails wait for a host that is off, one after the other, and logins that fail lock the account."""
IDLE_SECONDS = 20.0
"""Seconds that a connection may rest. Servers end those that rest for minutes, and some sooner."""

sleep = time.sleep


class ServerAway(Exception):
    """No connection could be made; the cause is the error. It concerns everybody's mail."""


@dataclass(frozen=True, slots=True)
class _Away:
    """Why there was no connection, and until when (monotonic) none is tried."""

    error: OSError
    until: float


@dataclass(eq=False)
class MailPool:
    """The process's connections to one server.

    Attributes:
        server: whom they are with.
        hello: the name that EHLO says; None for this machine's own.
        mails_per_connection: after as many a new one is made.
        mails_per_minute: of this process; None for as many as the server takes.
    """

    server: MailServer
    hello: str | None
    mails_per_connection: int
    mails_per_minute: float | None
    _resting: list[MailConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next_at: float = 0.0
    _away: "_Away | None" = None
    _process: int = field(default_factory=os.getpid)

    def __post_init__(self) -> None:
        _pools.add(self)

    def send(self, proved: Wire) -> None:
        """Hand over one message.

        A connection that has rested may be closed at the other end. Where that shows before the content was sent, the
        message goes over a new one.

        Raises:
            ServerAway: no connection can be made.
            RecipientRefused, OSError: see :meth:`MailConnection.send`.
        """
        self._keep_pace()
        connection = self._take()
        if connection is None:
            self._send_by(self._open(), proved)
            return
        try:
            self._send_by(connection, proved)
        except OSError as error:
            if connection.is_open or connection.content_sent or not _is_of_the_connection(error):
                raise
            self._send_by(self._open(), proved)

    def close(self) -> None:
        """Close what rests."""
        with self._lock:
            resting, self._resting = self._resting, []
        if self._process == os.getpid():
            for each in resting:
                each.close()

    def _send_by(self, connection: MailConnection, proved: Wire) -> None:
        try:
            connection.send(proved)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, RecipientRefused):
            self._give_back(connection)
            raise
        except BaseException:
            connection.smtp.close()
            raise
        self._give_back(connection)

    def _open(self) -> MailConnection:
        away = self._away
        if away is not None and time.monotonic() < away.until:
            raise ServerAway from away.error
        try:
            opened = MailConnection.open(self.server, self.hello)
        except OSError as error:
            self._away = _Away(error, time.monotonic() + AWAY_SECONDS)
            raise ServerAway from error
        self._away = None
        return opened

    def _take(self) -> MailConnection | None:
        with self._lock:
            if self._process != os.getpid():  # sockets of the process that this one was forked from
                self._resting, self._process = [], os.getpid()
            fresh = [each for each in self._resting if time.monotonic() - each.used_at < IDLE_SECONDS]
            stale = [each for each in self._resting if each not in fresh]
            taken = fresh.pop() if fresh else None
            self._resting = fresh
        for each in stale:
            each.smtp.close()
        return taken

    def _give_back(self, connection: MailConnection) -> None:
        if not connection.is_open:
            return
        if connection.mails >= self.mails_per_connection:
            connection.close()
            return
        with self._lock:
            self._resting.append(connection)

    def _keep_pace(self) -> None:
        if self.mails_per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + 60.0 / self.mails_per_minute
        if turn > now:
            sleep(turn - now)


def _is_of_the_connection(error: OSError) -> bool:
    """Whether an error says that the connection is over, and nothing of the message."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code in (421, -1)
    return not isinstance(error, smtplib.SMTPException) or isinstance(error, smtplib.SMTPServerDisconnected)


_pools: WeakSet[MailPool] = WeakSet()


@atexit.register
def _close_all() -> None:
    for each in list(_pools):
        each.close()
