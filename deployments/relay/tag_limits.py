"""Slots of workspace tag limits that nobody holds are freed.

A step holds a slot by a lease. Prefect adds to the slots in use, then stores the lease: a server killed in between, or
one that kept its leases in memory, leaves a slot that no lease will ever free. A holder that dies is Prefect's own
business: its lease, of 60 s, runs out.
"""

import logging
from collections.abc import Mapping

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from tasks.provider_limit import TAG_PREFIX

logger = logging.getLogger(__name__)

_PAGE = 200


class TagLimits:
    """Compares slots in use with leases, and repairs what differs twice in a row: between the two requests, and between
    Prefect's two writes, a difference is nothing unusual."""

    def __init__(self) -> None:
        self._suspects: Mapping[str, tuple[int, int]] = {}

    def repair(self) -> list[str]:
        """Look once. Call it at intervals of some seconds.

        Returns:
            The tags that were repaired.

        Raises:
            httpx.HTTPError: Prefect is away.
        """
        with get_client(sync_client=True) as client:
            suspects = _differing(client)
            repaired = [tag for tag, figures in suspects.items() if self._suspects.get(tag) == figures]
            for tag in repaired:
                slots, leases = suspects[tag]
                logger.warning("tag limit %s: %s slots in use and %s leases; corrected", tag, slots, leases)
                client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=leases))
        self._suspects = {tag: figures for tag, figures in suspects.items() if tag not in repaired}
        return repaired


def _differing(client: SyncPrefectClient) -> dict[str, tuple[int, int]]:
    """Slots in use and leases of each workspace's tag, where they differ."""
    slots: dict[str, int] = {}
    offset = 0
    while page := client.read_global_concurrency_limits(limit=_PAGE, offset=offset):
        offset += len(page)
        slots |= {
            limit.name.removeprefix("tag:"): limit.active_slots
            for limit in page
            if limit.name.startswith(f"tag:{TAG_PREFIX}")
        }
    return {
        tag: (in_use, leases)
        for tag, in_use in slots.items()
        if (leases := len(client.read_concurrency_limit_by_tag(tag).active_slots)) != in_use
    }
