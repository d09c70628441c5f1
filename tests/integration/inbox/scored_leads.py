"""A job with options of its own, its events, and time that passes at once: for the tests of lanes and flow control."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import Attempt, claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, flow_run_id

ACME = WorkspaceId("acme")


class LeadScored(Event, name="test/lead.scored"):
    lead_id: str
    score: int = 0
    email: str | None = None


class LeadLost(Event, name="test/lead.lost"):
    lead_id: str
    email: str | None = None


def register(db: Database, *, name: str = "alert-agent", **options: Any) -> None:
    spec = JobSpec(name=name, options=JobOptions(on=LeadScored, **{"max_attempts": 5} | options), body=register)
    with db.transaction() as connection:
        register_job(connection, spec.registration)


def scored(
    lead: str = "ann", score: int = 0, workspace: str = "acme", *, email: str | None = None, **options: Any
) -> UUID:
    return send(LeadScored(workspace_id=WorkspaceId(workspace), lead_id=lead, score=score, email=email), **options)


def admitted(capacity: int = 100) -> list[UUID]:
    return [each.event_id for each in admit(capacity)]


def start(db: Database, event_id: UUID) -> Attempt:
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    return attempt


def time_passes(db: Database, seconds: float) -> None:
    """Let everything be this much older, instead of waiting."""
    with db.transaction() as connection:
        advance(connection, seconds)


def states(db: Database) -> list[str]:
    with db.transaction() as connection:
        return list(connection.execute(text("SELECT state FROM groundwork.delivery ORDER BY sequence")).scalars())
