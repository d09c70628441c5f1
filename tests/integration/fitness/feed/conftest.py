"""Fixtures of the feed's tests: members, the jobs as a deploy registers them, and a run of whatever is due."""

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
from tests.integration.fitness.feed.gym import Members, add_members
from tests.integration.mailing import empty_outbox


@pytest.fixture
def members(db: Database) -> Members:
    """Ada, Ben, Cleo and Dora of acme."""
    add_members(db, ("ada", "ben", "cleo", "dora"))
    return Members(db)


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets settings of the application for a test, by their fields' names."""

    def choose(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"GROUNDWORK_{name.upper()}", str(value))
        forget()

    yield choose
    monkeypatch.undo()
    forget()


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)


@pytest.fixture
def registered(db: Database, prefect_api: dict[str, str], undelayed: None) -> None:
    """The application's jobs, as a deploy registers them."""
    with db.transaction() as connection:
        for spec in jobs().values():
            if spec.body.__module__.startswith("groundwork.flows.fitness."):
                register_job(connection, spec.registration)


@pytest.fixture
def pass_time(db: Database) -> Callable[[float], None]:
    """Lets time pass in the inbox."""

    def run(seconds: float) -> None:
        with db.transaction() as connection:
            advance(connection, seconds)

    return run


@pytest.fixture
def go(registered: None, pass_time: Callable[[float], None]) -> Callable[[], list[Any]]:
    """Runs what is due a second later, and what that makes due; the states that the runs ended in."""

    def run() -> list[Any]:
        states = []
        pass_time(1)
        while due := admit(100):
            states += [flow_of(each.job)(delivery_id=each.id, return_state=True) for each in due]
            pass_time(1)
        return states

    return run
