"""What is to become of a delivery whose run does not go on."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State, StateType

from groundwork.blocks.schema.states import DeliveryState
from groundwork.deployments.relay.decision import (
    Again,
    End,
    StartAnother,
    WaitOn,
    of_deleted_run,
    of_ended_run,
    of_overdue,
    of_refused,
)
from groundwork.events.inbox.standing import Standing

RUN = UUID("7d0b3f8e-6c1d-4f5a-9a52-0d4f4c6f9b11")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADMITTED, RUNNING = DeliveryState.ADMITTED, DeliveryState.RUNNING


def delivery(state: DeliveryState = ADMITTED, **fields: object) -> Standing:
    attempt = 0 if state == ADMITTED else 1
    default = {"attempt": attempt, "continuations": 0, "dispatches": 1, "max_attempts": 3, "last_error": None}
    return Standing(
        id=UUID(int=1),
        job="process-csv",
        workspace_id="acme",
        state=state,
        flow_run_id=RUN,
        lease_expires_at=NOW,
        **default | fields,
    )


def run(kind: StateType, age: float = 0.0) -> State:
    return State(type=kind, timestamp=NOW - timedelta(seconds=age))


@pytest.mark.parametrize(
    ("overdue", "state", "expected"),
    [
        (delivery(), run(StateType.SCHEDULED, age=3600), WaitOn()),
        (delivery(), run(StateType.PENDING, age=9), WaitOn()),
        (delivery(), run(StateType.PENDING, age=11), StartAnother()),
        (delivery(), run(StateType.RUNNING), StartAnother()),
        (delivery(), run(StateType.CRASHED), StartAnother()),
        (delivery(), None, StartAnother()),
        (delivery(), run(StateType.CANCELLED), End("cancelled", "The run was cancelled before it started.")),
        (delivery(), run(StateType.CANCELLING), End("cancelled", "The run was cancelled before it started.")),
        (delivery(dispatches=2), None, StartAnother()),
        (
            delivery(dispatches=3),
            None,
            End("failed", "3 runs were asked for that did not claim the delivery."),
        ),
        (
            delivery(dispatches=5, attempt=2, last_error="No worker."),
            None,
            End("failed", "3 runs were asked for that did not claim the delivery. The last error: No worker."),
        ),
        (delivery(dispatches=5, attempt=3), None, StartAnother()),
        (delivery(dispatches=3), run(StateType.SCHEDULED), WaitOn()),
        (delivery(RUNNING), run(StateType.CANCELLING), End("cancelled", "The run was cancelled while it ran.")),
    ],
)
def test_an_overdue_delivery(overdue: Standing, state: State | None, expected: object):
    cancelled = state is not None and state.type in (StateType.CANCELLED, StateType.CANCELLING)
    assert of_overdue(overdue, state, cancelled=cancelled, now=NOW, pending_seconds=10) == expected


@pytest.mark.parametrize(("state", "when"), [(ADMITTED, "before it started"), (RUNNING, "while it ran")])
def test_a_run_that_was_cancelled_and_says_itself_that_it_crashed(state: DeliveryState, when: str):
    decision = of_overdue(delivery(state), run(StateType.CRASHED), cancelled=True, now=NOW, pending_seconds=10)
    assert decision == End("cancelled", f"The run was cancelled {when}.")


@pytest.mark.parametrize("state", [None, run(StateType.RUNNING), run(StateType.CRASHED)])
def test_an_attempt_without_a_lease_is_followed_by_another_until_it_was_the_last(state: State | None):
    again = of_overdue(delivery(RUNNING, attempt=2), state, cancelled=False, now=NOW, pending_seconds=10)
    assert isinstance(again, Again)
    assert again.tries == 2
    assert f"flow run {RUN} died" in again.reason
    assert "2026-03-01 12:00:00 UTC" in again.reason
    last = of_overdue(delivery(RUNNING, attempt=3), state, cancelled=False, now=NOW, pending_seconds=10)
    assert isinstance(last, End)
    assert last.outcome == "failed"
    assert last.reason.endswith("It was the last of 3 attempts.")


def test_runs_that_ended_to_wait_are_no_attempts():
    waited = delivery(RUNNING, attempt=9, continuations=7)
    again = of_overdue(waited, None, cancelled=False, now=NOW, pending_seconds=10)
    assert isinstance(again, Again)
    assert again.tries == 2
    last = delivery(RUNNING, attempt=10, continuations=7)
    assert isinstance(of_overdue(last, None, cancelled=False, now=NOW, pending_seconds=10), End)
    assert of_ended_run(waited, ended(StateType.CRASHED, "No image."), cancelled=False, known_job=True).tries == 2


def ended(kind: StateType, message: str | None = None) -> State:
    return State(type=kind, message=message)


@pytest.mark.parametrize(
    ("left", "its_run", "expected"),
    [
        (
            delivery(),
            ended(StateType.CRASHED, "No image."),
            Again(f"Flow run {RUN} ended before it claimed the delivery: No image.", 1),
        ),
        (
            delivery(RUNNING, attempt=2, dispatches=2),
            ended(StateType.FAILED),
            Again(f"Attempt 2: flow run {RUN} was interrupted: Prefect knows no reason.", 2),
        ),
        (
            delivery(RUNNING, attempt=3, dispatches=3),
            ended(StateType.CRASHED, "Killed"),
            End(
                "failed",
                f"Attempt 3: flow run {RUN} was interrupted: Killed. It was the last of 3 attempts.",
            ),
        ),
        (delivery(), ended(StateType.CANCELLED), End("cancelled", "The run was cancelled before it started.")),
        (delivery(RUNNING), ended(StateType.CANCELLED), End("cancelled", "The run was cancelled while it ran.")),
    ],
)
def test_a_delivery_whose_run_has_ended(left: Standing, its_run: State, expected: object):
    cancelled = its_run.type == StateType.CANCELLED
    assert of_ended_run(left, its_run, cancelled=cancelled, known_job=True) == expected


def test_the_reason_names_a_job_whose_code_is_not_here():
    again = of_ended_run(delivery(), ended(StateType.CRASHED), cancelled=False, known_job=False)
    assert isinstance(again, Again)
    assert "No code of job process-csv is here" in again.reason


def test_a_delivery_whose_run_was_deleted_is_cancelled_with_that_reason():
    assert of_deleted_run(delivery(RUNNING)) == End("cancelled", f"Flow run {RUN} was deleted while it ran.")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (delivery(), Again("Prefect answers 422.", 1)),
        (delivery(max_attempts=1), End("failed", "Prefect answers 422.")),
        (delivery(dispatches=3), End("failed", "Prefect answers 422. It was the last of 3 tries.")),
    ],
)
def test_a_delivery_that_prefect_makes_no_run_for(refused: Standing, expected: object):
    assert of_refused(refused, "Prefect answers 422") == expected
