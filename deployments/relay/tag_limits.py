"""Slots of workspace tag limits that nobody holds are freed.

A step holds a slot by a lease. Prefect adds to the slots in use, then stores the lease: a server killed in between, or
one that kept its leases in memory, leaves a slot that no lease will ever free. A holder that dies is Prefect's own
business: its lease, of 60 s, runs out.
"""

import logging
from collections.abc import Mapping

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.prefect_client import prefect_client
from groundwork.tasks.provider_limit import TAG_PREFIX

logger = logging.getLogger(__name__)

_PAGE = 200
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(x'746167'::bigint)")
"""Two relays that free the same surplus would free a slot that somebody holds."""
_SHORTEST_OCCUPANCY = 0.1
"""Seconds that a freed slot is said to have been held; Prefect counts no less."""


class TagLimits:
    """Compares slots in use with leases, and repairs what differs twice in a row: between the two requests, and between
    Prefect's two writes, a difference is nothing unusual. Several relays may do so at once."""

    def __init__(self) -> None:
        self._suspects: Mapping[str, tuple[int, int]] = {}

    def repair(self) -> list[str]:
        """Look once. Call it at intervals of some seconds.

        Returns:
            The tags that were repaired.

        Raises:
            httpx.HTTPError: Prefect is away.
        """
        with prefect_client() as client:
            suspects = _differing(client)
            repaired = [
                tag
                for tag, figures in suspects.items()
                if self._suspects.get(tag) == figures and _correct(client, tag, figures)
            ]
        self._suspects = {tag: figures for tag, figures in suspects.items() if tag not in repaired}
        return repaired


def _correct(client: SyncPrefectClient, tag: str, seen: tuple[int, int]) -> bool:
    """Free the surplus, unless the figures have changed since, or another relay is at it."""
    name = f"tag:{tag}"
    with database().transaction() as connection:
        if not connection.execute(_ONE_AT_A_TIME).scalar():
            return False
        slots, leases = client.read_global_concurrency_limit_by_name(name).active_slots, _leases(client, tag)
        if (slots, leases) != seen:
            return False
        logger.warning("tag limit %s: %s slots in use and %s leases; corrected", tag, slots, leases)
        if slots > leases:
            # Not set but subtracted: a step may take a slot at this moment.
            client.release_concurrency_slots([name], slots - leases, _SHORTEST_OCCUPANCY)
        else:
            client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=leases))
    return True


def _leases(client: SyncPrefectClient, tag: str) -> int:
    return len(client.read_concurrency_limit_by_tag(tag).active_slots)


def _differing(client: SyncPrefectClient) -> dict[str, tuple[int, int]]:
    """Slots in use and leases of each workspace's tag, where they differ.

    Tags without a slot in use are not looked at: leases cost a request per tag, and there is a tag per workspace.
    """
    slots: dict[str, int] = {}
    offset = 0
    while page := client.read_global_concurrency_limits(limit=_PAGE, offset=offset):
        offset += len(page)
        slots |= {
            limit.name.removeprefix("tag:"): limit.active_slots
            for limit in page
            if limit.active_slots and limit.name.startswith(f"tag:{TAG_PREFIX}")
        }
    return {tag: (in_use, leases) for tag, in_use in slots.items() if (leases := _leases(client, tag)) != in_use}
