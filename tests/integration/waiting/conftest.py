"""Jobs that wait, registered, and a run of whatever is due."""

from collections.abc import Callable
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from tests.integration.waiting import waiting_jobs

NAMES = [name for name, spec in jobs().items() if spec.body.__module__ == waiting_jobs.__name__]


@pytest.fixture
def waiting(db: Database, prefect_api: dict[str, str]) -> None:
    """The jobs, registered as a deploy does."""
    with db.transaction() as connection:
        for name in NAMES:
            register_job(connection, jobs()[name].registration)


@pytest.fixture
def go(waiting: None) -> Callable[[], list[Any]]:
    """Run what is due, and what that makes due; the states that the runs ended in."""

    def run() -> list[Any]:
        states = []
        while due := admit(100):
            states += [flow_of(each.job)(delivery_id=each.id, return_state=True) for each in due]
        return states

    return run


@pytest.fixture
def pass_time(db: Database) -> Callable[[float], None]:
    """Let time pass in the inbox."""

    def run(seconds: float) -> None:
        with db.transaction() as connection:
            advance(connection, seconds)

    return run
