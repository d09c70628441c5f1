"""How a run gets hold of a delivery."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.base import Event
from groundwork.events.inbox.attempt import Attempt
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay_if_interactive

_statement = statements_of(__file__)


@dataclass(frozen=True, kw_only=True)
class Run:
    """The Prefect flow run that claims.

    Attributes:
        scheduled: a schedule of its deployment made it.
    """

    flow_run_id: UUID
    scheduled: bool = False
    created_at: datetime | None = None
    process_started_at: datetime | None = None
    picked_up_at: datetime | None = None


def claim(delivery_id: UUID, run: Run, on: type[Event] = Event) -> Attempt | None:
    """Start one attempt at a delivery. Those of a batch whose events do not fit the type end at once, as failed.

    Args:
        on: the event type that the job works on.

    Returns:
        The attempt, which has no members where no event fits; or None where another run has the delivery or it has
        ended.

    Raises:
        ConfigurationError: an application cannot be loaded; nothing was claimed.
    """
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            return _claim(connection, delivery_id, run, on)
    raise AssertionError("unreachable: the last trial raises")


def claim_started_by_person(event: Event, job: str, run: Run) -> Attempt | None:
    """Record a run that a person or a schedule started, like any other delivery, and start its attempt.

    Args:
        event: built from the run's parameters.
        job: the job that runs.

    Returns:
        The attempt, or None where the run is a repeat of one that has ended.
    """
    key = {
        "workspace_id": str(event.workspace_id),
        "name": event.event_name,
        "dedupe_id": f"flow-run:{run.flow_run_id}",
        "job": job,
    }
    event_id = uuid7()
    stored = key | {
        "id": event_id,
        "user_id": getattr(event, "user_id", None),
        "data": json.dumps(event.wire()),
        "source": "schedule" if run.scheduled else "person",
    }
    recorded = {
        "event_id": event_id,
        "job": job,
        "flow_run_id": run.flow_run_id,
        "lease_seconds": settings().lease_seconds,
    }
    for trial in while_database_restarts(settings().lease_seconds):
        with trial, database().transaction() as connection:
            connection.execute(_statement("store_event"), stored)
            connection.execute(_statement("record_run"), recorded)
            delivery_id = connection.execute(_statement("run_delivery"), key).scalar()
            if delivery_id is None:
                raise ConfigurationError(f"the inbox does not know the job {job}; `groundwork deploy` registers it")
            return _claim(connection, delivery_id, run, type(event))
    raise AssertionError("unreachable: the last trial raises")


def _claim(connection: Connection, delivery_id: UUID, run: Run, on: type[Event]) -> Attempt | None:
    rows = (
        connection.execute(
            _statement("claim"),
            {
                "delivery_id": delivery_id,
                "flow_run_id": run.flow_run_id,
                "lease_seconds": settings().lease_seconds,
                "run_created_at": run.created_at,
                "picked_up_at": run.picked_up_at,
                "process_started_at": run.process_started_at,
            },
        )
        .mappings()
        .all()
    )
    if not rows:
        return None
    wake_relay_if_interactive(connection, delivery_id)
    attempt = Attempt.of([Delivered(**row) for row in rows], on)
    attempt.end_misfits(connection)
    return attempt
