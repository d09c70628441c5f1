"""Workers look for what is nobody's by turns."""

from uuid import UUID

import pytest
from prefect.settings import PREFECT_WORKER_QUERY_SECONDS, temporary_settings

from groundwork.deployments.worker.assignments import Assignments
from groundwork.deployments.worker.pace import FULL_SECONDS, Pace

ME = UUID(int=1)


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def looks_in_a_minute(workers: int, *, full: bool = False) -> int:
    """As Prefect's loop has them, which comes round every half second."""
    clock = Clock()
    assignments = Assignments(ME, clock)
    assignments.note_online({UUID(int=each + 1): "groundwork" for each in range(workers)}, "groundwork")
    pace = Pace(assignments, clock)
    looks = 0
    with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: 0.5}):
        for _ in range(120):
            looks += pace.takes_turn(full=full)
            clock.seconds += 0.5
    return looks


@pytest.mark.parametrize("workers", [1, 2, 4, 10])
def test_together_they_look_as_often_as_one_would(workers: int):
    assert workers * looks_in_a_minute(workers) == pytest.approx(120, rel=0.35)


def test_a_full_worker_looks_now_and_then():
    assert looks_in_a_minute(1, full=True) == pytest.approx(60 / FULL_SECONDS, abs=2)


def test_a_worker_that_has_a_place_again_looks_at_once():
    clock = Clock()
    pace = Pace(Assignments(ME, clock), clock)
    assert pace.takes_turn(full=True)
    clock.seconds += 0.1
    assert not pace.takes_turn(full=False)
    pace.has_place()
    assert pace.takes_turn(full=False)


def test_a_worker_that_looks_for_its_own_runs_takes_no_turn():
    clock = Clock()
    assignments = Assignments(ME, clock)
    pace = Pace(assignments, clock)
    assignments.hear(f"{ME.hex} {UUID(int=9).hex}")
    assert not pace.takes_turn(full=False)
    assignments.taken(UUID(int=9), age=0.1)
    assert pace.takes_turn(full=False)
