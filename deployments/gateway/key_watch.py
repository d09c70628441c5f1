"""The senders' keys, read again while the gateway runs: a key that is taken back in Prefect is soon good for nothing.

Keys of the environment are those of the process, and stay. What cannot be read, or must not be, changes nothing.
"""

import logging
import threading
from collections.abc import Callable

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.outages import Outages
from groundwork.blocks.prefect_client import one_try_per_request
from groundwork.blocks.settings import settings

logger = logging.getLogger(__name__)

KEYS_SECONDS = 15.0
"""How long a key may still be good after it was taken back. Too short: Prefect's server is asked for nothing."""


class KeyWatch:
    """Reads the block document of the keys, in a thread of its own.

    Args:
        keys: as they were read at the start.
        use: is given keys that are others, and may be used.
        seconds: between two looks.
    """

    def __init__(self, keys: IngestKeys, use: Callable[[IngestKeys], None], *, seconds: float = KEYS_SECONDS) -> None:
        self._keys = keys
        self._use = use
        self._seconds = seconds
        self._outages = Outages(logger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keys", daemon=True)

    def start(self) -> None:
        """Begin to look, where it is a document that says the keys."""
        if IngestKeys.from_settings() is None:
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def _run(self) -> None:
        pause = self._seconds
        with one_try_per_request():
            while not self._stop.wait(pause):
                with self._outages.watching("reading the keys of senders") as trial:
                    self.look()
                pause = max(self._seconds, trial.pause)

    def look(self) -> None:
        """Look once.

        Raises:
            ConfigurationError: the keys of the document are ambiguous or not safe: those before stay in use.
            httpx.HTTPError: Prefect cannot be asked.
        """
        saved = IngestKeys.saved()
        if saved is None:
            # Without a document a gateway has the key that everybody knows: one that is deleted must not lead there.
            if self._keys.entries != IngestKeys().entries:
                raise ConfigurationError(
                    f"the block document {IngestKeys.document} is gone from Prefect; the keys that it had stay in use "
                    "until there is one again, or the gateway is started anew"
                )
            return
        if saved.entries == self._keys.entries:
            return
        saved.check(production=settings().in_production)
        self._use(saved)
        self._keys = saved
        logger.warning("the keys of senders have changed: %s", ", ".join(each.name for each in saved.entries))
