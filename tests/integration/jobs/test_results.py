"""What a job returns is kept as it is, or fails the delivery and says why: never as a text that says nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from tests.factories import csv_import_confirmed, delivery_of, register_job
from tests.integration.jobs.five_steps import StepsWanted

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")

result: list[Any] = []
hook: list[Callable[[], Any]] = []


@job(on=StepsWanted, on_failure=lambda *_: hook[0]() if hook else None)
def answer_with(event: StepsWanted) -> Any:
    found = result[0]
    if isinstance(found, BaseException):
        raise found
    return found() if callable(found) else found


@pytest.fixture
def run(db):
    """The delivery of a run of the job that ends as told."""
    register_job(db, "answer-with", "test/steps.wanted")

    def run(what: Any):
        result[:] = [what]
        event_id = send(StepsWanted(workspace_id=WorkspaceId("acme"), folder="x"))
        admit(capacity=1)
        answer_with(delivery_id=delivery_of(db, event_id).id, return_state=True)
        return delivery_of(db, event_id)

    hook.clear()
    return run


async def work() -> int:
    return 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        (work, "job answer-with returned a coroutine: what is async in it never ran"),
        (lambda: (n for n in range(3)), "job answer-with returned a generator"),
        (lambda: object(), "job answer-with returned a object that cannot be kept"),
        (float("nan"), "job answer-with returned a float that cannot be kept: result: NaN"),
        ({"rows": [{}, {"name": "Ada\x00"}]}, "cannot be kept: result.rows[1].name: a text with the character NUL"),
    ],
)
def test_a_result_that_cannot_be_kept_is_a_dead_letter_that_says_so(run, what: Any, words: str):
    delivery = run(what)
    assert delivery.state == "failed"
    assert words in delivery.last_error


def test_an_error_that_postgresql_could_not_store_is_a_dead_letter_all_the_same(run):
    delivery = run(NonRetriable("no user Ada\x00" + "x" * 20_000))
    assert delivery.state == "failed"
    assert delivery.last_error.startswith("NonRetriable: no user Ada\\0xxx")
    assert len(delivery.last_error) < 11_000


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_hook_that_hands_back_a_coroutine_is_told_of(run, caplog):
    hook[:] = [work]
    assert run(NonRetriable("no")).state == "failed"
    assert "on_failure of job answer-with returned a coroutine" in caplog.text


def test_of_a_batch_what_cannot_be_kept_fails_alone(db):
    @job(on=StepsWanted, batch=Batch(size=2, wait=60))
    def answer_together(events: list[StepsWanted]) -> list[Any]:
        return [1, object()]

    register_job(db, "answer-together", "test/steps.wanted", batch_size=2)
    events = [send(StepsWanted(workspace_id=WorkspaceId("acme"), folder="x")) for _ in range(2)]
    admit(capacity=1)
    answer_together(delivery_id=delivery_of(db, events[0]).id)
    assert [delivery_of(db, each).state for each in events] == ["done", "failed"]
    assert "result[1]: of type object" in delivery_of(db, events[1]).last_error


def test_a_database_that_takes_no_writes_for_a_moment_fails_no_delivery(db):
    @job(on=type(csv_import_confirmed()))
    def write_at_the_wrong_moment(event: Any) -> None:
        with db.transaction() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(text("DELETE FROM app.contact"))

    register_job(db, "write-at-the-wrong-moment")
    event_id = send(csv_import_confirmed())
    admit(capacity=1)
    write_at_the_wrong_moment(delivery_id=delivery_of(db, event_id).id, return_state=True)
    assert delivery_of(db, event_id).state == "running"
