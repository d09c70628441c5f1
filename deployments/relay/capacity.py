"""How many runs the work pool has room for, as far as Prefect has said lately."""

import logging
import time

from groundwork.blocks.outages import Outages
from groundwork.deployments.relay.prefect_api import WorkPoolMissing, worker_capacity
from groundwork.deployments.wiring.work_pool import WORK_POOL

logger = logging.getLogger(__name__)

CAPACITY_SECONDS = 5.0
"""How old the known limit of the work pool may be."""


class Capacity:
    """The limit of the work pool. One thread refreshes it, others read it.

    Attributes:
        known: runs that workers may hold at once; 0 before Prefect has said it, and while nothing may start.
    """

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._due_at = 0.0
        self._told_closed = False
        self.known = 0

    def refresh(self) -> bool:
        """Ask Prefect, if that was long ago. While it is away, what it said last goes on to count.

        Returns:
            Whether there is room for more than before.
        """
        if time.monotonic() < self._due_at:
            return False
        before = self.known
        with self._outages.watching("the work pool") as trial:
            self.known = worker_capacity()
        if isinstance(trial.error, WorkPoolMissing):
            self.known = 0
        elif trial.error is None and self.known == 0 and not self._told_closed:
            self._told_closed = True
            logger.warning(
                "The work pool %s is paused in Prefect, or its limit is 0: nothing starts. Let it go on: "
                "prefect work-pool resume %s",
                WORK_POOL,
                WORK_POOL,
            )
        elif self.known:
            self._told_closed = False
        self._due_at = time.monotonic() + (trial.pause or CAPACITY_SECONDS)
        return self.known > before
