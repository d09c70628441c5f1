"""A running Groundwork with the jobs of :mod:`tests.benchmarks.lanes`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.events.base import Event
from groundwork.events.inbox import NewEvent, accept
from tests.benchmarks import applications, lanes
from tests.benchmarks.applications import settings_of
from tests.benchmarks.running import running_stack
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until


@contextmanager
def lane_stack() -> Iterator[RunningStack]:
    """The stack, warm: each job has run once."""
    with running_stack(settings_of(applications.lanes)) as stack:
        for kind in (lanes.BulkWanted, lanes.LightBulkWanted, lanes.AlertWanted, lanes.BatchWanted):
            send_all([kind(workspace_id="warm-up", number=0)])  # type: ignore[call-arg]
        wait_until(lambda: rows("SELECT count(*) FROM groundwork.delivery WHERE settled_at IS NULL")[0][0] == 0, 120)
        yield stack


def send_all(events: Sequence[Event]) -> None:
    """Accept events at once."""
    with database().transaction() as connection:
        accept(connection, [NewEvent.of(event, source="benchmark") for event in events])


def rows(sql: str, **parameters: object) -> Any:
    with database().transaction() as connection:
        return connection.execute(text(sql), parameters).all()
