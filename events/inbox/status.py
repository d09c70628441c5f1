"""What became of an event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection, Row

from groundwork.blocks.schema.states import ENDED, WAITING
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.unknown import unknown_event

_statement = statements_of(__file__)

_TRACE = (
    "admitted_at",
    "posted_at",
    "run_created_at",
    "picked_up_at",
    "process_started_at",
    "claimed_at",
    "first_step_at",
    "settled_at",
)


class _Status(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class StepStatus(_Status):
    """What a step of a light run did. Those of ordinary runs are task runs in Prefect.

    Attributes:
        attempt: in which it ran.
        tries: how often it was tried then.
        error: why it failed; None where it has not.
    """

    step: str
    attempt: int
    began_at: datetime
    ended_at: datetime
    tries: int
    error: str | None


class AttemptError(_Status):
    """Why an attempt ended that did not do it.

    Attributes:
        attempt: its number; None where no run had claimed the delivery.
        at: when it ended.
        flow_run_id: its run in Prefect, where one is known.
        error: its first 4,000 characters.
    """

    attempt: int | None
    at: datetime
    flow_run_id: UUID | None
    error: str


class DeliveryStatus(_Status):
    """How one job's delivery of an event stands.

    Attributes:
        state: scheduled, queued, admitted, running, done, failed or cancelled.
        attempt: runs that claimed it so far.
        waits_for: why nothing can start it now, such as that its job has no deployment, and the cure; or what its job
            waits for: the name of the wait, and event or job. None: it can start, or has.
        superseded_by: the delivery that does its work in its place (debounce, idempotency, singleton).
        not_before: it does not start or go on before then, unless what it waits for comes first.
        trace: when it reached each stage; stages not reached are left out.
        steps: those of light runs, in the order in which they ended; the last 1,000.
        errors: of its attempts, the last 20 in order of time.
    """

    id: UUID
    job: str
    state: str
    attempt: int
    progress: dict[str, Any] | None
    result: Any
    last_error: str | None
    waits_for: str | None = None
    flow_run_id: UUID | None
    superseded_by: UUID | None
    not_before: datetime | None = None
    trace: dict[str, datetime]
    steps: list[StepStatus] = []
    errors: list[AttemptError] = []

    @property
    def ended(self) -> bool:
        """Whether no run will change it any more."""
        return self.state in ENDED


class EventStatus(_Status):
    """An event and the deliveries of every job that listens. No delivery: no job listened when it was accepted.

    Attributes:
        unknown: it is kept without a type (``GROUNDWORK_UNKNOWN_EVENTS``), until ``groundwork events replay``.
    """

    id: UUID
    name: str
    workspace_id: str
    user_id: str | None
    accepted_at: datetime
    occurred_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    deliveries: list[DeliveryStatus]
    unknown: bool = False


def event_status(connection: Connection, event_id: UUID) -> EventStatus | None:
    """The status of an event, or None where the inbox has no such event."""
    rows = connection.execute(_statement("event_status"), {"event_id": event_id}).all()
    if not rows:
        return _unknown(connection, event_id)
    first = rows[0]
    steps: dict[UUID, list[StepStatus]] = {}
    for row in connection.execute(_statement("steps"), {"event_id": event_id}).mappings():
        steps.setdefault(row["delivery_id"], []).append(
            StepStatus(**{name: row[name] for name in StepStatus.model_fields})
        )
    return EventStatus(
        **{name: getattr(first, name) for name in EventStatus.model_fields if name not in ("deliveries", "unknown")},
        deliveries=[_delivery(row, steps.get(row.delivery_id, [])) for row in rows if row.delivery_id],
    )


def _unknown(connection: Connection, event_id: UUID) -> EventStatus | None:
    kept = unknown_event(connection, event_id)
    if kept is None:
        return None
    return EventStatus(
        id=kept.id,
        name=kept.name,
        workspace_id=kept.workspace_id,
        user_id=None,
        accepted_at=kept.accepted_at,
        occurred_at=kept.occurred_at,
        correlation_id=kept.id,
        causation_id=None,
        deliveries=[],
        unknown=True,
    )


def _delivery(row: Row[Any], steps: list[StepStatus]) -> DeliveryStatus:
    stages = {stage: getattr(row, stage) for stage in _TRACE}
    return DeliveryStatus(
        id=row.delivery_id,
        job=row.job,
        state=row.state,
        attempt=row.attempt,
        progress=row.progress,
        result=row.result,
        last_error=row.last_error,
        waits_for=row.waits_for,
        flow_run_id=row.flow_run_id,
        superseded_by=row.superseded_by,
        not_before=row.not_before if row.state in WAITING else None,
        trace={to_camel(stage): moment for stage, moment in stages.items() if moment},
        steps=steps,
        errors=[AttemptError(**each) for each in row.attempt_errors or ()],
    )
