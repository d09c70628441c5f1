"""Light runs in a test's process: what a flow run claims has the steps, the writer and the settlement of one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt, admission
from groundwork.events.inbox import jobs as inbox_jobs
from groundwork.events.inbox.admission import Admitted, LightCapacity
from groundwork.events.inbox.claim import Run, claim
from groundwork.events.inbox.group_writer import GroupWriter
from groundwork.events.inbox.jobs import Registration
from groundwork.events.inbox.light_claim import kept_results
from groundwork.events.inbox.light_state import LightState
from groundwork.events.inbox.queue import Due
from groundwork.flows.registry import jobs


def light_state(attempt: Attempt, writer: GroupWriter) -> LightState:
    """What makes an attempt that of a light run."""
    with database().transaction() as connection:
        results = kept_results(connection, [attempt.delivery_id]).get(attempt.delivery_id, {})
    return LightState(writer, (attempt.delivery_id, attempt.token), datetime.now(UTC), results)


@contextmanager
def light_runs(*, every_job: bool = False) -> Iterator[None]:
    """Let flow runs of light jobs be light runs within the block.

    Args:
        every_job: those of other jobs too.
    """
    writer = GroupWriter()
    writer.start()

    def claim_lightly(delivery_id: UUID, run: Run, on: type[Event] = Event) -> Attempt | None:
        attempt = claim(delivery_id, run, on)
        if attempt is not None and (every_job or jobs()[attempt.job].options.light):
            attempt.light = light_state(attempt, writer)
        return attempt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("groundwork.flows.job.claim", claim_lightly)
        yield
    writer.stop()


@contextmanager
def light_admissions() -> Iterator[None]:
    """Let jobs that are registered within the block be light ones, and admissions count against the hosts' capacity as
    they do against the workers' otherwise."""
    admit_within, register_job = admission.admit_within, inbox_jobs.register_job

    def admit_lightly(
        connection: Connection, capacity: int, held: Sequence[str] = (), *, due: Due | None = None, **_: object
    ) -> list[Admitted]:
        light = LightCapacity(capacity, settings().interactive_share)
        return admit_within(connection, capacity, held, due=due, light=light)

    def register_lightly(connection: Connection, job: Registration) -> None:
        register_job(connection, replace(job, light=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "admit_within", admit_lightly)
        patch.setattr(inbox_jobs, "register_job", register_lightly)
        yield
