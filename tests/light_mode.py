"""Tests of what a job does are tests of both ways in which it runs: by a flow run of its own, and as a light run.

A module that says ``MODES = ("ordinary", "light")`` is run in both. In the second, whatever a flow run in this process
claims is a light run: it has the steps, the writer and the settlement of one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from groundwork.blocks.database import database
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.claim import Run, claim
from groundwork.events.inbox.group_writer import GroupWriter
from groundwork.events.inbox.light_claim import kept_results
from groundwork.events.inbox.light_state import LightState


def light_state(attempt: Attempt, writer: GroupWriter) -> LightState:
    """What makes an attempt that of a light run."""
    with database().transaction() as connection:
        results = kept_results(connection, [attempt.delivery_id]).get(attempt.delivery_id, {})
    return LightState(writer, (attempt.delivery_id, attempt.token), datetime.now(UTC), results)


@contextmanager
def light_runs(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let flow runs of this process be light runs within the block."""
    writer = GroupWriter()
    writer.start()

    def claim_lightly(delivery_id: UUID, run: Run, on: type[Event] = Event) -> Any:
        attempt = claim(delivery_id, run, on)
        if attempt is not None:
            attempt.light = light_state(attempt, writer)
        return attempt

    patch.setattr("groundwork.flows.job.claim", claim_lightly)
    yield
    writer.stop()
