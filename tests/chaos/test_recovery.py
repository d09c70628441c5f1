"""From a kill to the next attempt's first step: whose attempt counts, and for which kill."""

import pytest

from tests.chaos.storm.judge import Transition
from tests.chaos.storm.recovery import FirstStep, cause, interruptions, recoveries
from tests.chaos.storm.schedule import Hit

PROCESSES = {"run-1": {7}, "run-2": {8}, "run-3": {9}}


def transition(at: float, state: str, attempt: int, delivery: str = "one", *, run: int | None = None) -> Transition:
    return Transition(at, delivery, "count", "acme", True, state, attempt, f"run-{run or attempt}")


def interrupted(delivery: str = "one") -> list[Transition]:
    """Claimed at 10, taken away at 14, claimed again at 15, and done at 17."""
    return [
        transition(10, "running", 1, delivery),
        transition(14, "queued", 1, delivery),
        transition(15, "running", 2, delivery),
        transition(17, "done", 2, delivery),
    ]


def test_an_attempt_that_ends_is_not_interrupted():
    assert [each.attempt for each in interruptions(interrupted())] == [1]


def test_a_claim_that_is_made_again_by_the_same_run_is_not_interrupted():
    history = [transition(10, "running", 1), transition(10.1, "running", 2, run=1), transition(11, "done", 2, run=1)]
    assert interruptions(history) == []


def test_an_attempt_whose_lease_another_run_took_over_is_interrupted():
    history = [transition(10, "running", 1), transition(15, "running", 2), transition(16, "done", 2)]
    assert [(each.attempt, each.until) for each in interruptions(history)] == [(1, 15)]


def test_recovery_counts_from_the_kill_to_the_next_first_step():
    steps = [FirstStep(10.5, "one", 1), FirstStep(15.5, "one", 2)]
    assert recoveries(interrupted(), steps, [Hit(12, "run", [7])], PROCESSES) == {"run": [3.5]}


def test_an_attempt_after_that_is_killed_before_its_first_step_is_no_recovery():
    history = [
        *interrupted()[:3],
        transition(16, "queued", 2),
        transition(18, "running", 3),
        transition(20, "done", 3),
    ]
    hits = [Hit(12, "run", [7]), Hit(15.5, "run", [8])]
    assert recoveries(history, [FirstStep(19, "one", 3)], hits, PROCESSES) == {"run": [7, 3.5]}


def test_an_attempt_with_no_step_left_to_do_has_recovered_when_it_is_done():
    assert recoveries(interrupted(), [FirstStep(10.5, "one", 1)], [Hit(12, "run", [7])], PROCESSES) == {"run": [5]}


def test_one_kill_of_a_machine_counts_for_each_delivery_that_it_interrupted():
    history = sorted([*interrupted("one"), *interrupted("two")], key=lambda each: each.at)
    steps = [FirstStep(15.5, "one", 2), FirstStep(16, "two", 2)]
    assert recoveries(history, steps, [Hit(12, "machine", [3, 7])], PROCESSES) == {"machine": [3.5, 4]}


def test_a_kill_that_interrupts_nothing_has_no_recovery():
    hits = [Hit(9, "run", [7]), Hit(12, "gateway", [4]), Hit(12, "run", [5]), Hit(18, "prefect", [6])]
    assert recoveries(interrupted(), [FirstStep(15.5, "one", 2)], hits, PROCESSES) == {}


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([Hit(11, "run", [7]), Hit(12, "prefect", [4])], "run"),
        ([Hit(11, "postgres-killed", [5]), Hit(12, "prefect", [4])], "prefect"),
        ([Hit(11, "prefect", [4]), Hit(12, "postgres-stopped")], "postgres-stopped"),
        ([Hit(11, "zombie", [7]), Hit(12, "machine", [3])], "zombie"),
    ],
)
def test_the_cause_is_what_hit_its_own_process_else_the_last_fault_that_all_runs_feel(hits: list[Hit], expected: str):
    [interruption] = interruptions(interrupted())
    found = cause(interruption, hits, {7})
    assert found is not None
    assert found.kind == expected


def test_what_was_not_killed_does_not_count_as_recovered_from_a_kill():
    hits = [Hit(11, "prefect", [4]), Hit(12, "postgres-stopped")]
    assert recoveries(interrupted(), [FirstStep(15.5, "one", 2)], hits, PROCESSES) == {}
