"""A short step is a task run only if it fails, and writes its effect once either way. With Prefect's real engine."""

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from sqlalchemy import Connection, text

from groundwork.blocks.errors import ConfigurationError, NonRetriable
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.short_step import call_short
from groundwork.tasks.step import step
from tests.factories import delivery_of, register_job
from tests.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.task_runs]

errors: list[Exception] = []
"""What the next tries of the step raise, once each has written."""


class LookWanted(Event, name="test/look.wanted"):
    pass


class StampWanted(Event, name="test/stamp.wanted"):
    pass


@step(ledger=True, first_delay=0.01)
def stamp(connection: Connection) -> int:
    connection.execute(text("INSERT INTO stamps VALUES ('stamp')"))
    if errors:
        raise errors.pop(0)
    return 7


@step(memoise=False, first_delay=0.01)
def look() -> str:
    if errors:
        raise errors.pop(0)
    return "seen"


@step
def be_seen() -> bool:
    return True


@job(on=StampWanted)
def have_stamped(event: StampWanted) -> list[Any]:
    twice = [call_short(stamp), call_short(stamp)]
    return [*twice, be_seen()]


@job(on=LookWanted)
def have_looked(event: LookWanted) -> list[Any]:
    return [call_short(look), be_seen()]


@pytest.fixture
def stamps(db):
    errors.clear()
    with db.transaction() as connection:
        connection.execute(text("CREATE TABLE stamps (stamp text)"))
    yield lambda: _count(db)
    with db.transaction() as connection:
        connection.execute(text("DROP TABLE stamps"))


def _count(db) -> int:
    with db.transaction() as connection:
        return connection.execute(text("SELECT count(*) FROM stamps")).scalar_one()


def stamped(db) -> Any:
    """The state of a run of the job."""
    register_job(db, "have-stamped", "test/stamp.wanted")
    event_id = send(StampWanted(workspace_id=WorkspaceId("acme")))
    admit(capacity=1)
    return have_stamped(delivery_id=delivery_of(db, event_id).id, return_state=True)


def task_runs(state: Any, least: int) -> list[str]:
    """What Prefect knows of a run's steps, once it knows so many: they come in the order in which they ended."""
    of_this_run = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
    with get_client(sync_client=True) as client:
        found = wait_until(
            lambda: (
                each
                if len(each := client.request("POST", "/task_runs/filter", json=of_this_run).json()) >= least
                else None
            ),
            30,
        )
    return sorted(each["name"].partition("-")[0] for each in found)


def test_one_that_succeeds_is_no_task_run_and_is_done_once(db, stamps):
    state = stamped(db)
    assert state.result() == [7, 7, True]
    assert stamps() == 1
    assert task_runs(state, 1) == ["be"]


def test_one_that_fails_is_tried_again_as_any_other_step_and_seen(db, stamps):
    errors[:] = [OSError("away"), OSError("still away")]
    state = stamped(db)
    assert state.result() == [7, 7, True]
    assert stamps() == 1
    assert task_runs(state, 2) == ["be", "stamp"]


def test_one_that_no_retry_helps_fails_at_once(db, stamps):
    errors[:] = [NonRetriable("it stays wrong"), OSError("not reached")]
    assert stamped(db).is_failed()
    assert stamps() == 0
    assert len(errors) == 1


@pytest.mark.parametrize(("raised", "seen"), [([], ["be"]), ([OSError("away"), OSError("still")], ["be", "look"])])
def test_one_whose_result_is_not_kept_at_all_is_a_task_run_only_if_it_fails(db, raised, seen):
    errors[:] = raised
    register_job(db, "have-looked", "test/look.wanted")
    event_id = send(LookWanted(workspace_id=WorkspaceId("acme")))
    admit(capacity=1)
    state = have_looked(delivery_id=delivery_of(db, event_id).id, return_state=True)
    assert state.result() == ["seen", True]
    assert task_runs(state, len(seen)) == seen


def test_one_whose_result_would_not_be_kept_is_refused():
    with pytest.raises(ConfigurationError, match=r"be-seen .*ledger=True"):
        call_short(be_seen)
