"""An agency with contacts, its jobs, and a run of whatever is due."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from tests.integration.blocks.mail_server import Postmaster
from tests.integration.mailing import by_smtp, empty_outbox
from tests.integration.nurture.leads.receiver import Receiver, receiving

OURS = ("record-engagement", "score-intent", "rescore-leads", "age-scores", "alert-hot-lead")
_SECONDS = 2.0


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)


@pytest.fixture
def postmaster() -> Iterator[Postmaster]:
    with by_smtp() as postmaster:
        yield postmaster


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook's receiver on this machine, which may be called."""
    os.environ["GROUNDWORK_WEBHOOK_PRIVATE"] = "true"
    forget()
    try:
        with receiving() as found:
            yield found
    finally:
        del os.environ["GROUNDWORK_WEBHOOK_PRIVATE"]
        forget()


@pytest.fixture
def registered(db: Database, prefect_api: dict[str, str], undelayed: None) -> None:
    """The jobs, registered as a deploy does."""
    with db.transaction() as connection:
        for name in OURS:
            register_job(connection, jobs()[name].registration)


@pytest.fixture
def pass_time(db: Database) -> Callable[[float], None]:
    """Let time pass in the inbox."""

    def run(seconds: float) -> None:
        with db.transaction() as connection:
            advance(connection, seconds)

    return run


@pytest.fixture
def go(registered: None, pass_time: Callable[[float], None]) -> Callable[[], list[Any]]:
    """Run what is due within seconds, and what that makes due; the states that the runs ended in."""

    def run() -> list[Any]:
        states: list[Any] = []
        while True:
            # Batches wait to be filled, and bulk runs give way to an alert.
            pass_time(_SECONDS)
            if not (due := admit(100)):
                return states
            states += [flow_of(each.job)(delivery_id=each.id, return_state=True) for each in due]

    return run
