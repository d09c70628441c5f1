"""What a host waits for: something was admitted, a place is free, or it is to end."""

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.events.inbox.hosts import CHANNEL

logger = logging.getLogger(__name__)

_LISTEN_SECONDS = 2.0
"""How long the listening thread takes to notice that it is to end."""


class News:
    """Wakes one thread. Others, and signal handlers, tell of news.

    Attributes:
        heard: whether notifications of the database come through.
    """

    def __init__(self) -> None:
        # A signal handler may put into it while its thread is within it; an Event would wait for itself.
        self._told: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._over = threading.Event()
        self.heard = False

    def tell(self) -> None:
        """There is something."""
        self._told.put(None)

    def take(self) -> None:
        """What was told so far is being looked after."""
        with suppress(queue.Empty):
            while True:
                self._told.get_nowait()

    def wait(self, seconds: float) -> None:
        """Wait until there is something."""
        with suppress(queue.Empty):
            self._told.get(timeout=max(seconds, 0.0))

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
            with outages.watching(doing) as trial, database().listening(CHANNEL) as connection:
                if connection is None:
                    return
                outages.worked(doing)
                self.heard = True
                # Something may have been admitted before.
                self.tell()
                while not self._over.is_set():
                    for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                        self.tell()
            self.heard = False
            self._over.wait(trial.pause)
