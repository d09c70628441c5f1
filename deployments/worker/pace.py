"""How often a worker asks Prefect for runs."""

import time
from collections.abc import Callable

from prefect.settings import PREFECT_WORKER_QUERY_SECONDS

from groundwork.deployments.worker.assignments import Assignments

FULL_SECONDS = 5.0
"""How often a worker looks that has no place for a run: by its looks Prefect knows that deployments are served."""


class Pace:
    """Of several workers each looks less often, so that together they ask Prefect no more than one would.

    Args:
        assignments: say how many there are, and whether this one looks for runs of its own already.
        now: seconds of a clock that only goes on.
    """

    def __init__(self, assignments: Assignments, now: Callable[[], float] = time.monotonic) -> None:
        self._assignments = assignments
        self._now = now
        self._look_at = 0.0
        self._away_until = 0.0

    @property
    def is_held_off(self) -> bool:
        """Whether Prefect is not to be asked just now."""
        return self._now() < self._away_until

    def hold_off(self, seconds: float) -> None:
        """Ask nothing for so long: Prefect is away, or hardly answers."""
        self._away_until = self._now() + seconds

    def takes_turn(self, *, full: bool) -> bool:
        """Whether it is time to look for what is nobody's; if so, the next time is later.

        Args:
            full: there is no place for a run.
        """
        now = self._now()
        if now < self._look_at or self._assignments.waiting:
            return False
        # Half a round less than all rounds, which are not quite of one length: none is to be missed.
        pause = PREFECT_WORKER_QUERY_SECONDS.value() * (len(self._assignments.online) - 0.5)
        self._look_at = now + (max(pause, FULL_SECONDS) if full else pause)
        return True

    def has_place(self) -> None:
        """A run has ended: there is a place for another one."""
        self._look_at = 0.0
