"""Workers that tell of themselves: which is meant to take which run, and what they may hold together."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox.admission import admit, note_posted
from groundwork.events.inbox.workers import (
    CHANNEL,
    Worker,
    mean_for_workers,
    meant,
    note_meant_for,
    places_online,
    take_leave,
    tell,
)
from tests.factories import delivery_of, register_job, scalar, send_many
from tests.waiting import wait_until


def worker(name: str, places: int | None = None, *, pool: str = WORK_POOL, session_pid: int | None = None) -> Worker:
    return Worker(id=uuid4(), name=name, work_pool=pool, places=places, session_pid=session_pid)


def online(db: Database, *workers: Worker) -> None:
    with db.transaction() as connection:
        for each in workers:
            tell(connection, each)


@pytest.fixture
def listener(db: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with db.listening(CHANNEL) as connection:
        yield connection


def places(db: Database) -> dict[str, int | None]:
    """Of the pools of these tests. A worker that other tests of this process share tells of a pool of its own."""
    with db.transaction() as connection:
        told = places_online(connection)
    return {pool: told[pool] for pool in (WORK_POOL, "heavy") if pool in told}


def heard(listener: psycopg.Connection[tuple[object, ...]]) -> dict[UUID, list[UUID]]:
    said = [meant(note.payload) for note in listener.notifies(timeout=0.5)]
    return {worker_id: ids for each in said if each for worker_id, ids in [each]}


def test_each_run_is_meant_for_one_worker_and_all_hear_which(db, listener):
    register_job(db, lane=10)
    send_many(db, "acme", 6)
    one, two = worker("one", 5), worker("two", 5)
    online(db, one, two)
    admitted = admit(capacity=10)
    note_posted(admitted)
    said = heard(listener)
    assert sorted(len(ids) for ids in said.values()) == [3, 3]
    assert {each for ids in said.values() for each in ids} == {each.id for each in admitted}
    for worker_id, ids in said.items():
        assert {scalar(db, "SELECT worker_id FROM groundwork.delivery WHERE id = :id", id=each) for each in ids} == {
            worker_id
        }


def test_runs_are_shared_by_what_workers_may_hold(db):
    online(db, big := worker("big", 9), small := worker("small", 3))
    with db.transaction() as connection:
        chosen = mean_for_workers(connection, {uuid4(): WORK_POOL for _ in range(12)})
    assert Counter(chosen.values()) == {big.id: 9, small.id: 3}


def test_a_worker_that_holds_much_is_passed_over(db):
    register_job(db, lane=10)
    send_many(db, "acme", 3)
    busy = worker("busy", 4)
    online(db, busy)
    note_posted(admit(capacity=10))
    online(db, idle := worker("idle", 4))
    with db.transaction() as connection:
        chosen = mean_for_workers(connection, {uuid4(): WORK_POOL for _ in range(3)})
    assert Counter(chosen.values()) == {idle.id: 3}


def test_a_run_is_meant_for_a_worker_of_its_jobs_pool_alone(db, listener):
    register_job(db, lane=10, work_pool="heavy")
    send_many(db, "acme", 2)
    online(db, worker("small"), heavy := worker("big", pool="heavy"))
    note_posted(admit({WORK_POOL: 5, "heavy": 1}))
    [(worker_id, ids)] = heard(listener).items()
    assert worker_id == heavy.id
    assert len(ids) == 1, "the pool's capacity is its own"


def test_a_pool_whose_workers_tell_nothing_of_themselves_gets_its_runs_all_the_same(db, listener):
    register_job(db)
    send_many(db, "acme", 1)
    [admitted] = admit(capacity=1)
    note_posted([admitted])
    assert heard(listener) == {}
    assert delivery_of(db, admitted.event_id).posted_at is not None


def test_a_worker_whose_session_has_ended_is_not_there(db):
    with psycopg.connect(db.conninfo, autocommit=True) as session:
        pid = session.info.backend_pid
        online(db, worker("killed", 2, session_pid=pid), worker("here", 3))
        assert places(db) == {WORK_POOL: 5}
    wait_until(lambda: scalar(db, "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid", pid=pid) == 0)
    assert places(db) == {WORK_POOL: 3}


def test_a_worker_that_has_been_silent_is_not_there(db):
    online(db, worker("lost", 2))
    scalar(db, "UPDATE groundwork.worker SET seen_at = seen_at - interval '11 s' RETURNING 1")
    assert places(db) == {}
    with db.transaction() as connection:
        assert mean_for_workers(connection, {uuid4(): WORK_POOL}) == {}


def test_a_worker_that_takes_its_leave_is_given_nothing_more(db):
    online(db, leaving := worker("leaving", 2))
    with db.transaction() as connection:
        take_leave(connection, leaving.id)
    assert places(db) == {}


def test_places_are_unknown_where_a_worker_says_no_number(db):
    online(db, worker("one", 2), worker("two"), worker("three", 4, pool="heavy"))
    assert places(db) == {WORK_POOL: None, "heavy": 4}


def test_what_a_full_worker_passes_on_is_noted_as_anothers(db):
    register_job(db)
    send_many(db, "acme", 1)
    online(db, full := worker("full", 1))
    [admitted] = admit(capacity=1)
    note_posted([admitted])
    online(db, free := worker("free", 1))
    with db.transaction() as connection:
        note_meant_for(connection, mean_for_workers(connection, {admitted.id: WORK_POOL}, not_for=full.id))
    assert delivery_of(db, admitted.event_id).worker_id == free.id


def test_many_deliveries_are_told_in_several_notifications(db, listener):
    online(db, only := worker("only"))
    ids = [uuid4() for _ in range(450)]
    with db.transaction() as connection:
        mean_for_workers(connection, dict.fromkeys(ids, WORK_POOL))
    said = [meant(note.payload) for note in listener.notifies(timeout=0.5)]
    assert {each[0] for each in said if each} == {only.id}
    assert sorted(each for one in said if one for each in one[1]) == sorted(ids)
