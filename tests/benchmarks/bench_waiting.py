"""What waiting deliveries cost, and how fast they go on."""

import statistics
import time
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.admission import admit
from tests.benchmarks import applications
from tests.benchmarks.applications import settings_of
from tests.benchmarks.inbox_only import admissions_per_second, bulk_events, inbox_only, lane_of
from tests.benchmarks.lane_stack import rows, send_all
from tests.benchmarks.lanes import BulkWanted
from tests.benchmarks.running import running_stack
from tests.benchmarks.waits import AnswerGiven, AnswerWanted, NothingWanted, ProviderWanted
from tests.factories import register_job
from tests.waiting import wait_until

DESCRIPTION = (
    "admissions per second beside 100,000 deliveries asleep ÷ without them, measured alternately; deliveries per "
    "second that wake by the clock, and waits per second that events answer; and seconds from an event to the next "
    "step of the job that waits for it ÷ from an event to the first step of a new delivery, alternately on one idle "
    "stack; and while a provider is away for ten minutes that 200 deliveries of one workspace depend on: the worker's "
    "places that they hold, and another workspace's p50 to the first step ÷ before."
)
_PAUSE_SECONDS = 1.3
_ACME = WorkspaceId("acme")

_LET_SLEEP = """
INSERT INTO groundwork.delivery (
    id, event_id, job, workspace_id, state, attempt, dispatches, continuations, waiting_for, not_before
)
SELECT gen_random_uuid(), event.id, 'sleeper', event.workspace_id, 'scheduled', 1, 1, 1, 'answer: event', :due_at
FROM groundwork.event
WHERE name = 'benchmark/answer.wanted'
"""
_LET_WAIT = """
INSERT INTO groundwork.wait (delivery_id, name, kind, workspace_id, due_at, event_name, match, match_key, since)
SELECT delivery.id, 'answer', 'event', delivery.workspace_id, now() + interval '30 days', 'benchmark/answer.given',
       jsonb_build_object('number', event.data -> 'number'), 'number=' || (event.data ->> 'number'), now()
FROM groundwork.delivery
JOIN groundwork.event ON event.id = delivery.event_id
WHERE delivery.job = 'sleeper'
"""


def run(quick: bool) -> dict[str, Any]:
    """Medians of five measurements of each; of one, with 10,000 asleep, if quick."""
    asleep, times = (10_000, 1) if quick else (100_000, 5)
    awake, beside = [], []
    with inbox_only() as db:
        register_job(db, "bulk", BulkWanted.event_name, lane=100)
        register_job(db, "sleeper", "benchmark/sleeper.wanted", lane=100)
        for _ in range(times):
            _fill(db, asleep=0)
            awake.append(admissions_per_second(db))
            _fill(db, asleep=asleep)
            beside.append(admissions_per_second(db))
        answers = _answers_per_second(asleep // 10)
        wakes = _wakes_per_second(db, asleep)
    new, waited = _steps(10 if quick else 30)
    held, alone, during = _outage(20 if quick else 200, 10 if quick else 30)
    return {
        "asleep": asleep,
        "admissions_ratio": statistics.median(beside) / statistics.median(awake),
        "wakes_per_second": wakes,
        "answers_per_second": answers,
        "next_step_p50_ratio": statistics.median(waited) / statistics.median(new),
        "next_step_p50_seconds": statistics.median(waited),
        "first_step_p50_seconds": statistics.median(new),
        "outage_places_held": held,
        "outage_start_p50_ratio": statistics.median(during) / statistics.median(alone),
        "samples": {"awake": awake, "beside": beside, "new": new, "waited": waited, "during": during},
    }


def _fill(db: Database, *, asleep: int) -> None:
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE groundwork.event, groundwork.fair_share CASCADE"))
        connection.execute(
            text("INSERT INTO groundwork.awaited_event VALUES (:n) ON CONFLICT DO NOTHING"),
            {"n": AnswerGiven.event_name},
        )
    for begin in range(0, asleep, 5_000):
        send_all([AnswerWanted(workspace_id=lane_of(n), number=n) for n in range(begin, min(begin + 5_000, asleep))])
    with db.transaction() as connection:
        connection.execute(text(_LET_SLEEP), {"due_at": "infinity"})
        connection.execute(
            text("UPDATE groundwork.delivery SET not_before = now() + interval '30 days' WHERE job = 'sleeper'")
        )
        connection.execute(text(_LET_WAIT))
    send_all(bulk_events(range(1_000)))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event, groundwork.wait"))


def _answers_per_second(number: int) -> float:
    """Events that each answer one of all the waits, from their acceptance to the last delivery that is awake."""
    events: list[Event] = [AnswerGiven(workspace_id=lane_of(each), number=each) for each in range(number)]
    began = time.perf_counter()
    for begin in range(0, number, 100):
        send_all(events[begin : begin + 100])
        admit(0)
    seconds = time.perf_counter() - began
    [(awake,)] = rows("SELECT count(*) FROM groundwork.delivery WHERE job = 'sleeper' AND state = 'queued'")
    assert awake == number
    return number / seconds


def _wakes_per_second(db: Database, number: int) -> float:
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET not_before = now() WHERE state = 'scheduled'"))
    began = time.perf_counter()
    while rows("SELECT EXISTS (SELECT FROM groundwork.delivery WHERE state = 'scheduled')")[0][0]:
        admit(0)
    return number / (time.perf_counter() - began)


def _steps(number: int) -> tuple[list[float], list[float]]:
    """Seconds from an event to the first step of a new delivery, and to the next one of one that waits for it."""
    with running_stack(settings_of(applications.waits)):
        waiting = number + 2
        send_all([AnswerWanted(workspace_id=_ACME, number=each) for each in range(waiting)])
        wait_until(lambda: rows("SELECT count(*) FROM groundwork.wait")[0][0] == waiting, 180, "all of them wait")
        new, waited = [], []
        for each in range(waiting):
            time.sleep(_PAUSE_SECONDS)
            new.append(_seconds_to_step(NothingWanted(workspace_id=_ACME, number=each), "go-on-at-once", each))
            time.sleep(_PAUSE_SECONDS)
            waited.append(_seconds_to_step(AnswerGiven(workspace_id=_ACME, number=each), "wait-for-answer", each))
    # The first ones warm caches.
    return new[2:], waited[2:]


def _outage(dependent: int, number: int) -> tuple[int, list[float], list[float]]:
    """Places that are held while a provider is away, and another workspace's seconds to the first step, before and
    meanwhile."""
    with running_stack(settings_of(applications.waits)):
        alone = [_paused_start(each) for each in range(number + 2)][2:]
        send_all([ProviderWanted(workspace_id=WorkspaceId("bolt"), number=each) for each in range(dependent)])
        wait_until(lambda: rows("SELECT count(waiting_for) FROM groundwork.delivery")[0][0] == dependent, 600)
        [(held,)] = rows("SELECT count(*) FROM groundwork.delivery WHERE state IN ('admitted', 'running')")
        during = [_paused_start(number + 2 + each) for each in range(number)]
    return held, alone, during


def _paused_start(number: int) -> float:
    time.sleep(_PAUSE_SECONDS)
    return _seconds_to_step(NothingWanted(workspace_id=_ACME, number=number), "go-on-at-once", number)


def _seconds_to_step(event: Event, job: str, number: int) -> float:
    send_all([event])

    def seconds() -> float | None:
        found = rows(
            "SELECT extract(epoch FROM delivery.first_step_at - sent.accepted_at)"
            " FROM groundwork.delivery JOIN groundwork.event AS own ON own.id = delivery.event_id"
            " JOIN groundwork.event AS sent ON sent.name = :name AND sent.data -> 'number' = own.data -> 'number'"
            " WHERE delivery.job = :job AND own.data ->> 'number' = :number AND delivery.state = 'done'",
            name=event.event_name,
            job=job,
            number=str(number),
        )
        return float(found[0][0]) if found else None

    return wait_until(seconds, 60, f"{job} {number}") or 0.0
