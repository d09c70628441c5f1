"""What a storm sends."""

import random
from collections import Counter

import pytest

from tests.chaos.storm.load import WORKSPACES, plan, users_of


@pytest.mark.parametrize("events", [100, 5000])
def test_a_plan_has_as_many_events_as_were_asked_for(events: int):
    load = plan(random.Random(1), events, 60, [], users_of(events))
    assert len(load.keys) == events
    assert sum(len(request.events) for requests in load.requests.values() for request in requests) == events


def test_every_workspace_has_users_of_whom_some_sign_up_twice_and_are_to_get_one_mail():
    users = users_of(5000)
    assert len({user.workspace for user in users}) == WORKSPACES
    load = plan(random.Random(1), 5000, 60, [], users)
    sign_ups = Counter(load.letters.values())
    assert set(sign_ups) == {(user.email, f"Welcome, {user.name}") for user in users}
    assert Counter(sign_ups.values()) == {1: 150, 2: 50}


def test_there_is_poison_of_every_kind_and_what_is_counted_all_the_same_is_in_both():
    load = plan(random.Random(1), 5000, 60, [], users_of(5000))
    assert set(load.poison.values()) == {"misfit", "refused", "unstorable", "crash"}
    assert {load.poison[key] for key in load.poison.keys() & load.counts.keys()} == {"unstorable"}
