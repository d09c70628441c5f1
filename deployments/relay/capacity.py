"""How many runs the workers of each work pool have room for, as far as Prefect and they have said lately."""

import logging
import time
from collections.abc import Mapping

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.blocks.settings import Settings, settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.relay.prefect_api import PoolLimit, WorkPoolMissing, pool_limits
from groundwork.events.inbox.jobs import known_pools
from groundwork.events.inbox.workers import places_online

logger = logging.getLogger(__name__)

CAPACITY_SECONDS = 5.0
"""How old the known limits of the work pools may be."""
PLACES_SECONDS = 0.5
"""How old the known places of the workers may be: how long one that is started is given nothing."""
UNLIMITED = 1_000
"""Capacity of a pool where neither Prefect nor its workers set a limit."""


class Capacity:
    """The room of the work pools. One thread refreshes the limits that Prefect has, another one the workers' places.

    Args:
        outages: takes note while Prefect does not say.
    """

    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._limits: Mapping[str, PoolLimit] = {}
        self._places: Mapping[str, int | None] = {}
        self._limits_due_at = 0.0
        self._places_due_at = 0.0
        self._told_closed: set[str] = set()

    @property
    def known(self) -> dict[str, int]:
        """Runs that workers may hold at once, by work pool; 0 while nothing may start in it. Nothing is known before
        Prefect has said it."""
        return {pool: room(pool, limit, self._places, settings()) for pool, limit in self._limits.items()}

    def refresh_places(self) -> None:
        """Ask the database what workers there are, if that was long ago."""
        if time.monotonic() >= self._places_due_at:
            self._places_due_at = time.monotonic() + PLACES_SECONDS
            with database().transaction() as connection:
                self._places = places_online(connection)

    def refresh(self) -> bool:
        """Ask Prefect, if that was long ago. While it is away, what it said last goes on to count.

        Returns:
            Whether there may be room for more than before.
        """
        if time.monotonic() < self._limits_due_at:
            return False
        before = self.known
        with self._outages.watching("the work pool") as trial:
            with database().transaction() as connection:
                pools = {WORK_POOL, *known_pools(connection)}
            self._limits = pool_limits(pools)
        if isinstance(trial.error, WorkPoolMissing):
            self._limits = {}
        elif trial.error is None:
            self._tell_closed()
        self._limits_due_at = time.monotonic() + (trial.pause or CAPACITY_SECONDS)
        return any(places > before.get(pool, 0) for pool, places in self.known.items())

    def _tell_closed(self) -> None:
        closed = {pool for pool, limit in self._limits.items() if limit.limit == 0}
        for pool in sorted(closed - self._told_closed):
            logger.warning(
                "The work pool %s is paused in Prefect, or its limit is 0: nothing starts. Let it go on: "
                "prefect work-pool resume %s",
                pool,
                pool,
            )
        self._told_closed = closed


def room(pool: str, limit: PoolLimit, places: Mapping[str, int | None], of_this_process: Settings) -> int:
    """Runs that the workers of a pool may hold at once, beside hosts of light runs: what its limit allows and its
    workers have places for, less the hosts' places; one at least.

    Args:
        pool: its name.
        limit: what Prefect says of it.
        places: of the workers that tell of themselves, by pool.
        of_this_process: how many a worker holds where none tells of itself just now.
    """
    hosts = of_this_process.host_places if pool == WORK_POOL else 0
    told = places.get(pool)
    if pool not in places and limit.type == "groundwork" and limit.limit is None:
        # None is there, and one will be: what is admitted now waits for it in Prefect.
        told = of_this_process.concurrency + hosts
    most = min(each for each in (limit.limit, told, UNLIMITED + hosts) if each is not None)
    return max(most - hosts, min(most, 1))
