"""The jobs of the nurture application, registered, and a run of whatever is due."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from groundwork.events.inbox.admission import Admitted, admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from groundwork.tasks import step_retries
from tests.integration.mailing import empty_outbox
from tests.integration.nurture.model_server import ModelServer, serving

NAMES = [name for name, spec in jobs().items() if spec.body.__module__.startswith("groundwork.flows.nurture.")]


@pytest.fixture
def registered(db: Database, prefect_api: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The jobs, registered as a deploy does. Nobody waits between tries of a step; the seconds are noted instead."""
    waits: list[float] = []
    monkeypatch.setattr(step_retries, "sleep", waits.append)
    monkeypatch.setattr(step_retries.StepOptions, "delays", property(lambda options: [0.0] * options.retries))
    with db.transaction() as connection:
        for name in NAMES:
            register_job(connection, jobs()[name].registration)
    return waits


@pytest.fixture
def go(registered: list[float], pass_time: Callable[[float], None]) -> Callable[..., list[Any]]:
    """Run what is due, and what that makes due, of the jobs that are named; the states that the runs ended in. What is
    due of other jobs is run by a later call that names them."""
    put_aside: list[Admitted] = []

    def due(names: tuple[str, ...]) -> list[Admitted]:
        pass_time(5)  # batches do not wait to be full
        found = [*put_aside, *admit(1000)]
        put_aside[:] = [each for each in found if names and each.job not in names]
        return [each for each in found if each not in put_aside]

    def run(*names: str) -> list[Any]:
        states = []
        while found := due(names):
            states += [flow_of(each.job)(delivery_id=each.id, return_state=True) for each in found]
        return states

    return run


@pytest.fixture
def pass_time(db: Database) -> Callable[[float], None]:
    """Let time pass in the inbox."""

    def run(seconds: float) -> None:
        with db.transaction() as connection:
            advance(connection, seconds)

    return run


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A model that answers over HTTP as OpenAI's API does, configured as the writer."""
    with serving(ModelServer()) as server:
        monkeypatch.setenv("GROUNDWORK_WRITER_API_KEY", "sk-secret-of-the-test")
        monkeypatch.setenv("GROUNDWORK_WRITER_URL", server.url)
        monkeypatch.setenv("GROUNDWORK_WRITER_MODEL", "test-model")
        monkeypatch.setenv("GROUNDWORK_WRITER_INPUT_PRICE", "1")
        monkeypatch.setenv("GROUNDWORK_WRITER_OUTPUT_PRICE", "10")
        forget()
        yield server
    monkeypatch.undo()
    forget()


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)
