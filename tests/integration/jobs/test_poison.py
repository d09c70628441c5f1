"""Events, outcomes and errors that nothing can store or read: each fails alone, at once, and says why."""

from typing import Any

import pytest

from groundwork.blocks.errors import EventMisfit
from groundwork.events.failed import Failed, Failure
from groundwork.events.inbox import send, send_many
from groundwork.events.inbox.admission import admit
from groundwork.events.misfit import Misfit
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import delivery_of, register_job, scalar
from tests.integration.inbox.scored_leads import ACME, LeadLost, LeadScored, scored
from tests.integration.inbox.stored_events import lead, stored

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")

result: list[Any] = []
ran: list[Any] = []
hooked: list[tuple[Any, BaseException]] = []


@job(on=LeadScored, on_failure=lambda event, error: hooked.append((event, error)))
def poisoned(event: LeadScored) -> Any:
    ran.append(event)
    found = result.pop()
    if isinstance(found, BaseException):
        raise found
    return found


@job(on=LeadScored, batch=Batch(size=5, wait=0), on_failure=lambda event, error: hooked.append((event, error)))
def poisoned_together(events: list[LeadScored]) -> list[Any]:
    ran.extend(events)
    return [each.score if each.score != 3 else float("nan") for each in events]


@job(on=Failed(LeadScored))
def hear_of_poison(failure: Failure[LeadScored]) -> str:
    return f"{failure.event.lead_id} of {failure.workspace_id}: {failure.error}"


@pytest.fixture(autouse=True)
def _nothing_yet():
    result.clear(), ran.clear(), hooked.clear()


def run(db, which: Any, event_id) -> Any:
    admit(capacity=10)
    return which(delivery_id=delivery_of(db, event_id).id, return_state=True)


def test_a_misfit_fails_at_its_first_run_and_its_hook_gets_what_is_stored(db):
    register_job(db, "poisoned", "test/lead.scored")
    event_id = stored(db, lead(score="high"))
    state = run(db, poisoned, event_id)
    assert state.is_failed()
    assert isinstance(state.result(raise_on_failure=False), EventMisfit)
    assert ran == []
    [(event, error)] = hooked
    assert isinstance(event, Misfit)
    assert (event.lead_id, event.score, event.workspace_id) == ("ann", "high", "acme")
    assert delivery_of(db, event_id).last_error == f"EventMisfit: {error}"
    assert delivery_of(db, event_id).attempt == 1


@pytest.mark.parametrize("place", [0, 2, 4])
def test_of_a_batch_a_misfit_and_a_result_that_cannot_be_kept_fail_alone(db, place):
    register_job(db, "poisoned-together", "test/lead.scored", batch_size=5)
    scores: list[Any] = [1, 2, 4, 5]
    scores.insert(place, "high")
    scores[scores.index(5)] = 3
    events = [stored(db, lead(score=each)) for each in scores]
    state = run(db, poisoned_together, events[0])
    assert (state.type, state.name) == ("COMPLETED", "PartlyFailed")
    by_score = dict(zip(scores, (delivery_of(db, each) for each in events), strict=True))
    assert {score: each.state for score, each in by_score.items()} == {
        1: "done", 2: "done", 4: "done", 3: "failed", "high": "failed",
    }  # fmt: skip
    assert "EventMisfit: " in by_score["high"].last_error
    assert "result[3]: NaN, which JSON does not know" in by_score[3].last_error
    assert [each.score for each in ran] == [each for each in scores if each != "high"]
    assert sorted(str(event.score) for event, _ in hooked) == ["3", "high"]


def test_a_batch_of_misfits_is_a_failed_run(db):
    register_job(db, "poisoned-together", "test/lead.scored", batch_size=5)
    events = [stored(db, lead(score="high")) for _ in range(5)]
    assert run(db, poisoned_together, events[0]).is_failed()
    assert {delivery_of(db, each).state for each in events} == {"failed"}
    assert len(hooked) == 5


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("Ada\0"), r"ValueError: Ada\0"),
        (ValueError("\ud83d"), r"ValueError: \ud83d"),
        (Silent(), "Silent, whose message cannot be had: str() of it raises RuntimeError"),
    ],
    ids=["NUL", "surrogate", "no text"],
)
def test_an_error_of_any_text_fails_the_delivery_once_with_its_true_text(db, error: Exception, told: str):
    register_job(db, "poisoned", "test/lead.scored")
    result.append(error)
    event_id = scored()
    state = run(db, poisoned, event_id)
    assert state.is_failed()
    assert told in str(state.result(raise_on_failure=False))
    dead = delivery_of(db, event_id)
    assert (dead.state, dead.attempt, dead.last_error) == ("failed", 1, told)


def test_a_failure_starts_the_job_that_listens_to_it(db):
    register_job(db, "poisoned", "test/lead.scored")
    register_job(db, "hear-of-poison", "groundwork/failed.test.lead.scored")
    result.append(ValueError("no such agent"))
    scored("ann", workspace="bolt")
    run(db, poisoned, scalar(db, "SELECT id FROM groundwork.event"))
    heard = scalar(db, "SELECT id FROM groundwork.event WHERE name LIKE 'groundwork/failed.%'")
    run(db, hear_of_poison, heard)
    assert delivery_of(db, heard).result == "ann of bolt: ValueError: no such agent"


@step(retries=1, first_delay=0.01)
def fan_out() -> int:
    sent = send_many([LeadScored(workspace_id=ACME, lead_id=f"lead-{n}") for n in range(50)])
    ran.append(len(set(sent)))
    if len(ran) == 1:
        raise ConnectionError("once more")
    return len(set(sent))


@job(on=LeadLost)
def send_each_lead(event: LeadLost) -> int:
    return fan_out()


def test_a_job_sends_many_events_once(db):
    register_job(db, "send-each-lead", "test/lead.lost")
    event_id = send(LeadLost(workspace_id=ACME, lead_id="ann"))
    state = run(db, send_each_lead, event_id)
    assert state.is_completed()
    assert ran == [50, 50]
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE depth = 1") == 50
