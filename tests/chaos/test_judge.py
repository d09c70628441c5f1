"""The judge of a storm sees what it is there to see."""

import pytest

from tests.chaos.storm import judge
from tests.chaos.storm.execution_log import Execution
from tests.chaos.storm.judge import Held, Transition
from tests.chaos.storm.mail_server import Mail


def execution(number: int, began: float, ended: float | None, *, attempt: int = 1, pid: int = 7) -> Execution:
    return Execution("count", "acme", [number], f"delivery-{number}", attempt, pid, began, ended)


def transition(at: float, number: int, state: str, attempt: int = 1, *, leads: bool = True) -> Transition:
    return Transition(at, f"delivery-{number}", "count", "acme", leads, state, attempt)


def test_an_effect_that_is_missing_in_one_of_two_places_is_lost():
    one, two = ("count", "acme", 1), ("count", "acme", 2)
    assert judge.missing([one, two], {one: 1, two: 1}, {one: 1}) == {two}


def test_an_effect_too_many_and_one_that_nobody_wanted_are_doubled():
    one, two = ("count", "acme", 1), ("count", "acme", 2)
    assert judge.surplus([one], {one: 2}, {one: 1, two: 1}) == 2


def test_an_execution_holds_its_place_until_it_ends():
    assert judge.held([execution(1, 0, 5)], [], {}) == [Held(execution(1, 0, 5), 5)]


def test_a_killed_execution_holds_its_place_until_the_kill_and_no_kill_before_it_counts():
    [held] = judge.held([execution(1, 10, None)], [], {7: [3.0, 12.0]})
    assert held.until == 12


def test_a_zombie_holds_its_place_until_its_delivery_was_taken_away():
    zombie = execution(1, 10, 40)
    history = [transition(9, 1, "running"), transition(15, 1, "queued"), transition(16, 1, "running", 2)]
    assert judge.held([zombie], history, {})[0].until == 15


@pytest.mark.parametrize(("second_began", "over"), [(4.0, 1), (5.0, 0), (6.0, 0)])
def test_executions_of_a_lane_of_one_must_not_overlap(second_began: float, over: int):
    holding = [Held(execution(1, 0, 5), 5), Held(execution(2, second_began, 9), 9)]
    assert judge.over_limit_by_executions(holding, {"count": 1}) == over


def test_two_at_once_are_within_a_lane_of_two():
    holding = [Held(execution(number, number, 9), 9) for number in (1, 2)]
    assert judge.over_limit_by_executions(holding, {"count": 2}) == 0


def test_an_admission_into_a_full_lane_is_over_the_limit_whatever_the_executions_did():
    history = [transition(1, 1, "admitted"), transition(2, 2, "admitted"), transition(3, 1, "done")]
    assert judge.over_limit_by_inbox(history, {"count": 1}) == 1
    assert judge.over_limit_by_inbox(history, {"count": 2}) == 0


def test_the_deliveries_of_a_batch_take_one_place():
    history = [transition(1, 1, "admitted"), transition(1, 2, "admitted", leads=False)]
    assert judge.over_limit_by_inbox(history, {"count": 1}) == 0


def test_effects_out_of_order_are_seen_within_a_lane_only():
    effects = [("count", "acme", 1), ("count", "bolt", 5), ("count", "acme", 3), ("count", "acme", 2)]
    assert judge.effects_out_of_order(effects, ["count"]) == 1
    assert judge.effects_out_of_order(effects, []) == 0


def test_an_execution_that_began_before_a_lower_number_had_ended_is_out_of_order():
    late_retry = Held(execution(1, 6, 7, attempt=2), 7)
    holding = [Held(execution(1, 0, None), 2), Held(execution(2, 5, 6), 6), late_retry]
    assert judge.executions_out_of_order(holding, ["count"]) == 1
    assert judge.executions_out_of_order([holding[0], holding[1]], ["count"]) == 0


def test_a_user_without_a_mail_is_lost_however_many_mails_others_got():
    ada, bob = ("ada@example.com", "Welcome, Ada"), ("bob@example.com", "Welcome, Bob")
    sent = judge.letters([Mail("<1>", *ada), Mail("<2>", *ada)])
    assert judge.missing({ada, bob}, sent) == {bob}


def test_a_second_mail_with_an_id_of_its_own_and_one_that_nobody_wanted_are_doubled():
    ada, bob = ("ada@example.com", "Welcome, Ada"), ("bob@example.com", "Welcome, Bob")
    assert judge.surplus({ada}, judge.letters([Mail("<1>", *ada), Mail("<2>", *ada), Mail("<3>", *bob)])) == 2


def test_a_copy_with_the_same_message_id_is_the_same_mail():
    ada = ("ada@example.com", "Welcome, Ada")
    assert judge.surplus({ada}, judge.letters([Mail("<1>", *ada), Mail("<1>", *ada)])) == 0
