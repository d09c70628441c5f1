"""Why each attempt ended is kept with its number and its time, whoever ended it, and within bounds."""

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import PutOff
from groundwork.deployments.commands.status import lines_of_status
from groundwork.events.inbox import EventStatus, event_status
from groundwork.events.inbox.dead_letters import dead_of_event, replay_deliveries
from groundwork.events.inbox.put_off import put_off
from groundwork.events.inbox.redelivery import give_back, overdue, requeue
from groundwork.events.inbox.standing import Standing
from groundwork.flows.flow_control import Batch
from tests.factories import delivery_of
from tests.integration.inbox.scored_leads import admitted, register, scored, start, time_passes

MODES = ("ordinary", "light")


def status_of(db: Database, event_id) -> EventStatus:
    with db.transaction() as connection:
        status = event_status(connection, event_id)
    assert status is not None
    return status


def told(db: Database, event_id) -> list[tuple[int | None, str]]:
    [delivery] = status_of(db, event_id).deliveries
    return [(each.attempt, each.error) for each in delivery.errors]


def test_every_attempt_tells_its_own_error_in_order_of_time(db):
    register(db)
    event_id = scored()
    admitted()
    first = start(db, event_id)
    give_back(first.delivery_id, first.token, "Attempt 1 was interrupted: its host ended.")
    admitted()
    start(db, event_id)
    time_passes(db, 3_600)
    [lost] = overdue()
    requeue(lost, "Its run is gone.", tries=1)
    admitted()
    start(db, event_id).fail(ValueError("no such lead"))
    with db.transaction() as connection:
        replay_deliveries(connection, dead_of_event(connection, event_id))
    admitted()
    start(db, event_id).settle()
    assert told(db, event_id) == [
        (1, "Attempt 1 was interrupted: its host ended."),
        (2, "Its run is gone."),
        (3, "ValueError: no such lead"),
    ]
    [delivery] = status_of(db, event_id).deliveries
    assert delivery.errors == sorted(delivery.errors, key=lambda each: each.at)
    assert all(each.flow_run_id for each in delivery.errors)
    shown = "\n".join(lines_of_status(status_of(db, event_id)))
    assert [f"attempt {number} at" in shown for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert shown.count("ValueError: no such lead") == 1


def test_a_delivery_that_nobody_claimed_tells_an_error_of_no_attempt(db):
    register(db)
    event_id = scored()
    admitted()
    requeue(Standing.of(delivery_of(db, event_id)), "No run came.", tries=1, at_once=True)
    assert told(db, event_id) == [(None, "No run came.")]
    assert "no attempt at" in "\n".join(lines_of_status(status_of(db, event_id)))


def test_an_attempt_that_another_run_takes_over_is_told_of(db):
    register(db)
    event_id = scored()
    admitted()
    start(db, event_id)
    time_passes(db, 3_600)
    with db.transaction() as connection:
        # A light run takes over nothing by itself: its delivery is queued again first.
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = '2000-01-01' WHERE state = 'running'")
        )
    start(db, event_id)
    assert told(db, event_id) == [
        (1, "The attempt ended without a word: its process died, or its run was started anew.")
    ]


def test_a_step_that_is_put_off_tells_why(db):
    register(db)
    event_id = scored()
    admitted()
    step = PutOff("send", "send 1", 60.0, 1)
    step.reason = "the mail server is away"
    put_off(start(db, event_id), step)
    assert told(db, event_id) == [(1, "the mail server is away")]


def test_of_a_batch_each_event_tells_its_own_error(db):
    register(db, batch=Batch(size=3, wait=0))
    events = [scored(score=each) for each in range(3)]
    admitted()
    start(db, events[0]).settle_each([None, ValueError("one"), ValueError("two")])
    assert [told(db, each) for each in events] == [[], [(1, "ValueError: one")], [(1, "ValueError: two")]]


@pytest.mark.parametrize("length", [10, 100_000])
def test_the_last_twenty_are_kept_and_of_each_so_many_characters(db, length: int):
    register(db, max_attempts=100)
    event_id = scored()
    for number in range(1, 24):
        admitted()
        start(db, event_id)
        requeue(Standing.of(delivery_of(db, event_id)), f"{number} " + "x" * length, tries=1, at_once=True)
    kept = told(db, event_id)
    assert [number for number, _ in kept] == list(range(4, 24))
    assert {len(error) for _, error in kept} <= {min(length + 2, 4_000), min(length + 3, 4_000)}
