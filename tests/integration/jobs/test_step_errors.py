"""The text of a step's error harms nobody: neither its own job, nor what Prefect's server writes together with it."""

import httpx
import pytest

from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from groundwork.tasks.step_errors import StepFailed
from tests.factories import delivery_of, register_job
from tests.integration.inbox.scored_leads import LeadScored, scored
from tests.waiting import wait_until

MODES = ("ordinary", "light")


class Odd(Exception):
    def __str__(self) -> str:
        return "odd \0"


ERRORS: dict[str, tuple[Exception, str, type[Exception]]] = {
    "NUL": (ValueError("Ada\0"), r"ValueError: Ada\0", ValueError),
    "surrogate": (ValueError("\ud83d"), r"ValueError: \ud83d", ValueError),
    "a class of its own": (Odd(), r"StepFailed: Odd: odd \0", StepFailed),
}
error: list[Exception] = []


@step(retries=0)
def look_up() -> int:
    raise error[0]


@step(retries=0)
def look_elsewhere() -> int:
    return 1


@job(on=LeadScored)
def look_twice(event: LeadScored) -> int:
    try:
        look_up()
    finally:
        look_elsewhere()
    return 1


@pytest.mark.parametrize(("raised", "told", "kind"), ERRORS.values(), ids=ERRORS)
@pytest.mark.task_runs
def test_it_is_told_everywhere(db, prefect_api, raised: Exception, told: str, kind: type[Exception]):
    register_job(db, "look-twice", "test/lead.scored")
    error[:] = [raised]
    event_id = scored()
    admit(capacity=1)
    state = look_twice(delivery_id=delivery_of(db, event_id).id, return_state=True)
    assert delivery_of(db, event_id).last_error == told
    assert isinstance(state.result(raise_on_failure=False), kind)
    asked = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}

    def ended() -> bool:
        runs = httpx.post(f"{prefect_api['PREFECT_API_URL']}/task_runs/filter", json=asked).json()
        return sorted(each["state_name"] for each in runs) == ["Completed", "Failed"]

    wait_until(ended, what="Prefect knows how both steps ended")
