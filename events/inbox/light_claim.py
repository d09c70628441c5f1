"""How a host gets hold of light deliveries: many in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.events.inbox.admission import admit_own
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A light delivery that a host has claimed, or a batch of them.

    Attributes:
        deliveries: the first of a batch first.
        now: the database's clock at that moment.
        results: of steps that earlier attempts have finished, as their serializers write them, by what names the work;
            None: it lies in the blob store.
    """

    deliveries: list[Delivered]
    now: datetime
    results: dict[str, str | None] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """Of the delivery; of a batch, of its first."""
        return self.deliveries[0].id

    @property
    def attempt(self) -> int:
        """The fencing token."""
        return self.deliveries[0].attempt

    @property
    def job(self) -> str:
        """Name of the job."""
        return self.deliveries[0].job


def claim_admitted(
    flow_run_id: UUID,
    jobs: Sequence[str],
    most: int,
    *,
    delivery_id: UUID | None = None,
    admitting: bool = False,
    giving_way: bool = False,
) -> list[Claimed]:
    """Start attempts at admitted deliveries.

    Args:
        flow_run_id: the host's.
        jobs: those that it has the code of.
        most: how many at most.
        delivery_id: only this one.
        admitting: admit what may be admitted of these jobs first, without waiting for the relay.
        giving_way: claim nothing while a run of an interactive job starts, which was admitted within
            ``GROUNDWORK_GIVE_WAY_SECONDS``.

    Returns:
        What was claimed, in the order in which it is to begin.
    """
    parameters = {
        "flow_run_id": flow_run_id,
        "jobs": list(jobs),
        "most": most,
        "delivery_id": delivery_id,
        "lease_seconds": settings().lease_seconds,
        "give_way_seconds": settings().give_way_seconds if giving_way else 0.0,
    }
    claimed: dict[UUID, Claimed] = {}
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            claimed = {}
            if admitting:
                admit_own(connection, jobs)
            for row in connection.execute(_statement("claim_admitted"), parameters).mappings():
                delivered = Delivered(**{name: row[name] for name in Delivered.__slots__})
                if row["leader"] in claimed:
                    claimed[row["leader"]].deliveries.append(delivered)
                else:
                    claimed[row["leader"]] = Claimed([delivered], row["now"])
            # A first attempt has none before it.
            again = [each.id for each in claimed.values() if each.attempt > 1]
            for delivery_id, results in kept_results(connection, again).items():
                claimed[delivery_id].results.update(results)
    return list(claimed.values())


def kept_results(connection: Connection, delivery_ids: Sequence[UUID]) -> dict[UUID, dict[str, str | None]]:
    """What steps of light runs have returned: by delivery, and by what names the work. None: in the blob store."""
    found: dict[UUID, dict[str, str | None]] = {}
    if delivery_ids:
        for row in connection.execute(_statement("kept_results"), {"delivery_ids": list(delivery_ids)}):
            found.setdefault(row.delivery_id, {})[row.work] = row.result
    return found


def earlier_results(attempt: Attempt) -> dict[str, str | None]:
    """What steps of a delivery have returned in light runs before this run of its own. Asked for once."""
    if attempt.earlier_results is None:
        with database().transaction() as connection:
            attempt.earlier_results = kept_results(connection, [attempt.delivery_id]).get(attempt.delivery_id, {})
    return attempt.earlier_results


def still_held(held: Sequence[tuple[UUID, int]]) -> set[UUID]:
    """The deliveries that are still these attempts': neither cancelled nor another attempt's.

    Args:
        held: deliveries, each with the number of the attempt.
    """
    parameters = {"delivery_ids": [each for each, _ in held], "attempts": [attempt for _, attempt in held]}
    with database().transaction() as connection:
        return set(connection.execute(_statement("still_held"), parameters).scalars())
