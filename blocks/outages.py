"""What fails for a while: told once with its cure, tried again with growing pauses, and told when it is over."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork.blocks.words import counted

if TYPE_CHECKING:
    from groundwork.blocks.cures import Cure

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before the next try. Too short: a log and a server under load. Too long: slow to notice that it is over."""
FIRST_REMINDER, LONGEST_REMINDER = 30.0, 600.0
"""Seconds after which an outage that lasts is told again; each time twice as many."""


@dataclass
class _Outage:
    """One subject that is away."""

    began: float
    remind_at: float
    tries: int = 0
    told: set[str] = field(default_factory=set)
    works: set[str] = field(default_factory=set)


class Outages:
    """Keeps count of what fails. Several threads may use one.

    Errors of one subject, such as Prefect, are one outage, whatever was being done. Each kind of cause is logged once.
    An outage is over when all that failed through it has worked again.

    Args:
        logger: of the part that it is about.
        now: seconds of a clock that only goes on.
    """

    def __init__(self, logger: logging.Logger, now: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._now = now
        self._outages: dict[str, _Outage] = {}
        self._failing_since: dict[str, float] = {}
        self._lock = threading.Lock()

    def failed(self, doing: str, error: BaseException) -> float:
        """Take note of a failure.

        Args:
            doing: what failed, always in the same words.

        Returns:
            Seconds to wait before the next try: a quarter of the time that it has failed already.
        """
        # Imported here: it needs an HTTP client, which costs each command a tenth of a second.
        from groundwork.blocks.cures import cure_of

        cure = cure_of(error, doing)
        with self._lock:
            now = self._now()
            since = self._failing_since.setdefault(doing, now)
            outage = self._outages.setdefault(cure.subject, _Outage(began=now, remind_at=now + FIRST_REMINDER))
            outage.tries += 1
            outage.works.add(doing)
            first = cure.kind not in outage.told
            reminded = not first and now >= outage.remind_at
            outage.told.add(cure.kind)
            if first or reminded:
                lasted = now - outage.began
                outage.remind_at = now + min(max(lasted, FIRST_REMINDER), LONGEST_REMINDER)
        if first:
            self._tell(cure, error)
        elif reminded:
            self._logger.warning("for %.0f s now: %s. It is tried again.", lasted, cure.text)
        return min(max((now - since) / 4, FIRST_PAUSE), LONGEST_PAUSE)

    def worked(self, doing: str) -> None:
        """Take note of a success, and tell of the end of an outage."""
        if not self._outages and not self._failing_since:
            return
        with self._lock:
            self._failing_since.pop(doing, None)
            over = []
            for subject, outage in list(self._outages.items()):
                outage.works.discard(doing)
                if not outage.works:
                    del self._outages[subject]
                    over.append((subject, self._now() - outage.began, outage.tries))
        for subject, lasted, tries in over:
            self._logger.warning(
                "%s is back after %.0f s (%s failed).", subject, lasted, counted(tries, "try", "tries")
            )

    def seconds_failing(self, *doings: str) -> float:
        """For how long the one of these that has failed longest has failed; 0 where all work."""
        with self._lock:
            now = self._now()
            return max((now - self._failing_since[each] for each in doings if each in self._failing_since), default=0.0)

    def forget(self) -> None:
        """Take all that failed for somebody else's concern: nothing is told of its end."""
        with self._lock:
            self._outages.clear()
            self._failing_since.clear()

    @contextmanager
    def watching(self, doing: str) -> Iterator["Trial"]:
        """Do something that may fail: an error is noted and does not leave the block.

        Yields:
            What becomes of it, known when the block has ended.
        """
        trial = Trial()
        try:
            yield trial
        except Exception as error:
            trial.error = error
            trial.pause = self.failed(doing, error)
        else:
            self.worked(doing)

    def _tell(self, cure: "Cure", error: BaseException) -> None:
        self._logger.warning(
            "%s. It is tried again, at intervals of up to %.0f s.",
            cure.text,
            LONGEST_PAUSE,
            exc_info=None if cure.expected else error,
        )


@dataclass
class Trial:
    """How something went.

    Attributes:
        error: why it failed; None if it worked.
        pause: seconds to wait before the next try.
    """

    error: BaseException | None = None
    pause: float = 0.0
