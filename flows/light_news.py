"""What a host waits for: something was admitted or came, a place is free, or it is to end."""

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.events.inbox.wake import BULK, HOST_CHANNEL, INTERACTIVE, INTERACTIVE_CHANNEL

logger = logging.getLogger(__name__)

_LISTEN_SECONDS = 2.0
"""How long the listening thread takes to notice that it is to end."""


class News:
    """Wakes one thread. Others, and signal handlers, tell of news.

    Args:
        interactive: whether it is news for the host of interactive jobs, or for one of the others.

    Attributes:
        heard: whether notifications of the database come through.
    """

    def __init__(self, *, interactive: bool) -> None:
        self._channels = [HOST_CHANNEL, INTERACTIVE_CHANNEL] if interactive else [HOST_CHANNEL]
        self._for_others = BULK if interactive else INTERACTIVE
        self._came = False
        # A signal handler may put into it while its thread is within it; an Event would wait for itself.
        self._told: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._over = threading.Event()
        self.heard = False

    def tell(self, *, came: bool = False) -> None:
        """There is something.

        Args:
            came: nobody may have admitted it yet.
        """
        self._told.put(came)

    def take(self) -> bool:
        """What was told so far is being looked after; whether something came that nobody may have admitted yet."""
        with suppress(queue.Empty):
            while True:
                self._came = self._told.get_nowait() or self._came
        came, self._came = self._came, False
        return came

    def wait(self, seconds: float) -> None:
        """Wait until there is something."""
        with suppress(queue.Empty):
            self._came = self._told.get(timeout=max(seconds, 0.0)) or self._came

    @contextmanager
    def listening(self, outages: Outages) -> Iterator[None]:
        """Hear within the block what is admitted for hosts."""
        thread = threading.Thread(target=self._listen, args=[outages], name="light-news", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()

    def _listen(self, outages: Outages) -> None:
        doing = "listening for admitted deliveries"
        while not self._over.is_set():
            with outages.watching(doing) as trial, database().listening(*self._channels) as connection:
                if connection is None:
                    return
                outages.worked(doing)
                self.heard = True
                # Something may have been admitted before.
                self.tell()
                while not self._over.is_set():
                    for notice in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                        if notice.payload != self._for_others:
                            self.tell(came=notice.channel == INTERACTIVE_CHANNEL)
            self.heard = False
            self._over.wait(trial.pause)
