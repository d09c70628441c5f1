"""Which runs a worker looks for, and which it leaves to others."""

from uuid import UUID, uuid4

import pytest

from groundwork.deployments.worker.assignments import MEANT_SECONDS, Assignments

ME, OTHER = UUID(int=1), UUID(int=2)


class Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def told(worker_id: UUID, *delivery_ids: UUID) -> str:
    return " ".join(each.hex for each in (worker_id, *delivery_ids))


def assignments(clock: Clock) -> Assignments:
    made = Assignments(ME, clock)
    made.note_online({ME: "groundwork", OTHER: "groundwork", UUID(int=3): "heavy"}, "groundwork")
    return made


def test_a_worker_looks_for_what_is_meant_for_it_until_it_takes_it():
    mine = uuid4()
    each = assignments(Clock())
    assert each.hear(told(ME, mine))
    assert each.waiting == [mine]
    each.taken(mine, age=0.1)
    assert each.waiting == []


def test_a_run_of_another_worker_is_left_to_it_while_it_is_there():
    theirs, clock = uuid4(), Clock()
    each = assignments(clock)
    assert not each.hear(told(OTHER, theirs))
    assert not each.may_take(theirs)
    clock.seconds += 1
    each.note_online({ME: "groundwork"}, "groundwork")
    assert each.may_take(theirs)
    each.note_online({ME: "groundwork", OTHER: "groundwork"}, "groundwork")
    clock.seconds += MEANT_SECONDS + 1
    assert each.may_take(theirs)


def test_a_worker_that_has_just_come_has_its_runs_before_the_others_know_of_it():
    theirs, clock, new = uuid4(), Clock(), UUID(int=4)
    each = assignments(clock)
    clock.seconds += 1
    each.hear(told(new, theirs))
    assert not each.may_take(theirs)
    clock.seconds += 1
    each.note_online({ME: "groundwork", new: "groundwork"}, "groundwork")
    assert not each.may_take(theirs)


def test_a_run_that_is_meant_for_nobody_is_anybodys():
    each = assignments(Clock())
    assert each.may_take(uuid4())
    assert each.may_take(None)


def test_a_run_that_is_passed_on_is_the_next_workers():
    passed = uuid4()
    each = assignments(Clock())
    each.hear(told(OTHER, passed))
    assert each.hear(told(ME, passed))
    assert each.may_take(passed)
    each.hear(told(OTHER, passed))
    assert each.waiting == []
    assert not each.may_take(passed)


def test_what_no_relay_has_said_is_ignored():
    each = assignments(Clock())
    for text in ("", "1", "hello", "a b c", ME.hex):
        assert not each.hear(text)
    assert each.waiting == []


def looks_for(each: Assignments, clock: Clock, seconds: float) -> int:
    """How often a worker looks for a run that is made so many seconds after it was told of it."""
    delivery_id = uuid4()
    each.hear(told(ME, delivery_id))
    made_at, looks = clock.seconds + seconds, 0
    while each.waiting:
        clock.seconds += each.pause
        looks += 1
        if clock.seconds >= made_at:
            each.taken(delivery_id, age=clock.seconds - made_at)
    return looks


def test_a_worker_learns_how_long_runs_take_to_be_made_and_looks_no_sooner_for_nothing():
    clock = Clock()
    each = assignments(clock)
    first = looks_for(each, clock, 1.5)
    for _ in range(40):
        last = looks_for(each, clock, 1.5)
    assert last == 1 < first
    began = clock.seconds
    looks_for(each, clock, 0.1)
    assert clock.seconds - began < 1.6, "one that is made sooner waits no longer than usual"


@pytest.mark.parametrize("made_after", [0.01, 0.03, 0.3, 2.0])
def test_a_run_is_found_as_soon_as_it_has_been_made_however_late_the_looks_for_those_before_it_were(made_after: float):
    clock = Clock()
    each = assignments(clock)
    for _ in range(40):
        began = clock.seconds
        looks_for(each, clock, made_after)
    assert clock.seconds - began < made_after + 0.03


@pytest.mark.parametrize("wrong", [-3600.0, -0.2, 0.2, 3600.0])
def test_a_wrong_clock_of_prefects_server_costs_looks_and_no_run(wrong: float):
    clock = Clock()
    each = assignments(clock)
    for _ in range(20):
        began, delivery_id = clock.seconds, uuid4()
        each.hear(told(ME, delivery_id))
        while clock.seconds < began + 0.3:
            clock.seconds += each.pause
        each.taken(delivery_id, age=clock.seconds - began - 0.3 + wrong)
    assert clock.seconds - began < 0.5


def test_pauses_grow_while_a_run_does_not_come_and_begin_anew_with_the_next():
    clock = Clock()
    each = assignments(clock)
    each.hear(told(ME, uuid4()))
    clock.seconds += 1
    sooner = each.pause
    clock.seconds += 2
    later = each.pause
    assert sooner < later
    each.hear(told(ME, uuid4()))
    assert each.pause < later


def test_no_worker_is_the_only_one_of_its_pool_by_those_of_others():
    assert assignments(Clock()).online == {ME, OTHER}
