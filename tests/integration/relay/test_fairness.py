"""Whose turn it is, counted in starts and not in seconds: one delivery ends, one is admitted, and so on."""

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.inbox import claim
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.lanes import pause
from groundwork.events.inbox.redelivery import requeue
from groundwork.events.inbox.standing import Standing
from tests.factories import delivery_of, flow_run_id, register_job, send_many, set_lane_apart

CAPACITY = 4
WORKSPACES = 20


def starts(capacity: int = CAPACITY) -> Iterator[tuple[str, str]]:
    """Job and workspace of each start, in order, while workers of this capacity end one run after the other."""
    in_flight = []
    while True:
        in_flight += (fresh := admit(capacity))
        yield from ((each.job, each.workspace_id) for each in fresh)
        if not in_flight:
            return
        attempt = claim(in_flight.pop(0).id, Run(flow_run_id=flow_run_id()))
        assert attempt is not None
        attempt.settle()


def workspaces(number: int, capacity: int = CAPACITY) -> list[str]:
    """The workspaces of the first starts."""
    return [workspace for (_, workspace), _ in zip(starts(capacity), range(number), strict=False)]


@pytest.mark.parametrize("largest_first", [True, False])
def test_under_a_zipf_load_every_workspace_is_among_the_first_2k_starts(db: Database, largest_first: bool):
    register_job(db, lane=100)
    sizes = [max(100 // rank, 1) for rank in range(1, WORKSPACES + 1)]
    for number, size in enumerate(sizes if largest_first else sizes[::-1]):
        send_many(db, f"workspace-{number:02}", size)
    order = workspaces(2 * WORKSPACES)
    assert len(set(order)) == WORKSPACES
    assert sum(order.index(each) + 1 for each in set(order)) < WORKSPACES**2


def test_an_event_that_comes_into_a_burst_of_another_workspace_starts_with_the_next_free_slot(db: Database):
    register_job(db, lane=100)
    send_many(db, "acme", 50)
    turns = starts()
    assert [next(turns)[1] for _ in range(CAPACITY)] == ["acme"] * CAPACITY
    send_many(db, "bolt", 1)
    assert next(turns)[1] == "bolt"


def test_workspaces_with_a_backlog_take_turns_however_long_it_is(db: Database):
    register_job(db, lane=100)
    for workspace, number in (("acme", 100), ("bolt", 30), ("core", 30)):
        send_many(db, workspace, number)
    begun = Counter(workspaces(60)).values()
    assert max(begun) - min(begun) <= 2


def test_a_workspace_of_three_times_the_weight_starts_three_times_as_often(db: Database):
    register_job(db, lane=100)
    for workspace in ("acme", "bolt"):
        send_many(db, workspace, 60)
    set_lane_apart(db, "acme", weight=3.0)
    begun = Counter(workspaces(40))
    assert 28 <= begun["acme"] <= 32


def test_a_workspace_that_was_idle_does_not_claim_the_turns_that_it_has_missed(db: Database):
    register_job(db, lane=100)
    send_many(db, "acme", 60)
    turns = starts()
    for _ in range(20):
        next(turns)
    send_many(db, "bolt", 60)
    begun = Counter(next(turns)[1] for _ in range(20))
    assert 8 <= begun["acme"] <= 12


def test_bulk_work_leaves_a_slot_for_those_who_wait(db: Database):
    register_job(db, "process-csv", lane=100)
    register_job(db, "alert", "alert/lead.hot", lane=100, interactive=True)
    send_many(db, "acme", 50)
    assert len(admit(CAPACITY)) < CAPACITY


def test_a_lane_starts_in_order_of_acceptance_from_its_first_to_its_last(db: Database):
    register_job(db, lane=3)
    send_many(db, "acme", 30)
    sequences = []
    while admitted := admit(CAPACITY):
        for each in admitted:
            sequences.append(each.id)
            claim(each.id, Run(flow_run_id=flow_run_id())).settle()
    with db.transaction() as connection:
        accepted = connection.execute(text("SELECT id FROM groundwork.delivery ORDER BY sequence")).scalars().all()
    assert sequences == accepted


@pytest.mark.parametrize(("ordered", "next_starts"), [(True, 0), (False, 1)])
def test_one_that_waits_for_its_next_attempt_keeps_those_behind_it_waiting_only_where_order_is_asked_for(
    db: Database, ordered: bool, next_starts: int
):
    register_job(db, lane=1, ordered=ordered)
    send_many(db, "acme", 3)
    [first] = admit(CAPACITY)
    claim(first.id, Run(flow_run_id=flow_run_id()))
    delivery = Standing.of(delivery_of(db, first.event_id))
    assert requeue(delivery, "Its run died.", tries=3, at_once=True)
    assert len(admit(CAPACITY)) == next_starts


def test_a_lane_that_stands_still_leaves_its_capacity_to_the_others(db: Database):
    register_job(db, lane=100)
    send_many(db, "acme", 10)
    with db.transaction() as connection:
        pause(connection, "process-csv", "acme")
    send_many(db, "bolt", 10)
    assert len(admit(CAPACITY)) == CAPACITY
