"""The lease of an attempt: the lease keeper, a process of its own, renews it, and a thread of the run is the net."""

import contextlib
import logging
import socket
import threading
from types import TracebackType
from typing import Self

from groundwork.blocks.database import database
from groundwork.blocks.outages import FIRST_PAUSE, Outages
from groundwork.events.inbox import lease_keeper
from groundwork.events.inbox.host_renewal import HostHold
from groundwork.events.inbox.keeper_process import line_to_keeper
from groundwork.events.inbox.renewal import Hold, Renewal

logger = logging.getLogger(__name__)


class Lease:
    """Kept while a ``with`` block runs, for as long as the process lives and is not stopped.

    The keeper renews it, which no call that holds the interpreter holds up. The thread hears of it, and renews the
    lease itself where it has heard nothing for half a lease, or there is no keeper.

    Args:
        hold: what the attempt has claimed, or the host.
    """

    def __init__(self, hold: Hold | HostHold) -> None:
        self._hold = hold
        self._line: socket.socket | None = None
        self._over = threading.Event()
        self._lost = threading.Event()

    @property
    def lost(self) -> bool:
        """Whether the delivery is known to be a later attempt's, or to have been cancelled."""
        return self._lost.is_set() and not self._over.is_set()

    def __enter__(self) -> Self:
        self._line = line_to_keeper(self._hold)
        threading.Thread(target=self._watch, name="lease", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Give it up: the attempt has settled. Later calls do nothing."""
        self._over.set()
        line = self._line
        if line is not None:
            # The keeper forgets the lease, and the thread wakes. It may have closed the line itself.
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _watch(self) -> None:
        outages = Outages(logger)
        kept = True
        while not self._over.is_set() and not self._lost.is_set():
            news = self._hear(self._patience if kept else min(self._patience, FIRST_PAUSE))
            if news == lease_keeper.LOST:
                self._lose()
            elif news == lease_keeper.RENEWED:
                kept = True
            elif not self._over.is_set():
                kept = self._renew(outages)
        if self._line is not None:
            self._line.close()

    @property
    def _patience(self) -> float:
        """Seconds to wait for news, or without a keeper for the next renewal."""
        return self._hold.lease_seconds / (3 if self._line is None else 2)

    def _hear(self, seconds: float) -> bytes | None:
        """What the keeper says; None where it says nothing."""
        line = self._line
        if line is None:
            self._over.wait(seconds)
            return None
        line.settimeout(seconds)
        try:
            news = line.recv(1)
        except TimeoutError:
            return None
        except OSError:
            news = b""
        if not news:
            # The keeper is gone, or the block has ended.
            line.close()
            self._line = None
        return news

    def _renew(self, outages: Outages) -> bool:
        """Renew the lease from here; whether the next time is not soon."""
        renewal = Renewal.BUSY
        with outages.watching("renewing the lease"):
            renewal = self._hold.renew(database())
        if renewal is Renewal.LOST:
            self._lose()
        return renewal is not Renewal.BUSY

    def _lose(self) -> None:
        self._lost.set()
        if not self._over.is_set():
            logger.warning("%s has lost its lease", self._hold)
