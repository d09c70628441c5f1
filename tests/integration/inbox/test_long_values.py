"""Texts that senders and payloads choose, however long: none may keep an event out of the inbox, or stop a job."""

import random
from typing import Any

import psycopg
import pytest

from groundwork.blocks.errors import NonRetriable, NotStorable
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import once, send, written
from groundwork.flows.flow_control import CancelOn, Debounce, Idempotency, Singleton
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar
from tests.integration.inbox.scored_leads import LeadLost, admitted, register, scored, start, states

ACME = WorkspaceId("acme")


class Noted(Event, name="test/lead.noted"):
    anything: dict[str, Any]


def incompressible(length: int, seed: int = 0) -> str:
    """Characters of four bytes each that PostgreSQL cannot compress."""
    return "".join(chr(0x20000 + random.Random(seed * 100_003 + n).randrange(40_000)) for n in range(length))


LONG = incompressible(5_000)
SAME_BEGINNING = LONG[:-1] + "a"


@pytest.mark.parametrize(
    "options",
    [
        {"idempotency": Idempotency(key="lead_id")},
        {"singleton": Singleton(key="lead_id")},
        {"debounce": Debounce(seconds=60, key="lead_id")},
        {"cancel_on": CancelOn(event=LeadLost, key="lead_id")},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_key_of_any_length_is_accepted(db, options):
    register(db, lane=9, **options)
    scored(LONG)
    assert states(db) in (["queued"], ["scheduled"])


def test_long_keys_that_begin_alike_are_different_keys(db):
    register(db, idempotency=Idempotency(key="lead_id"), lane=9)
    first, second, other = scored(LONG), scored(LONG), scored(SAME_BEGINNING)
    assert states(db) == ["queued", "cancelled", "queued"]
    assert delivery_of(db, second).superseded_by == delivery_of(db, first).id
    assert delivery_of(db, other).state == "queued"


def test_a_long_key_is_shown_by_its_beginning(db):
    register(db, singleton=Singleton(key="lead_id"))
    key = delivery_of(db, scored(LONG)).flow_key
    assert key.startswith(LONG[:100] + "...")
    assert len(key.encode()) <= 512


def test_a_singleton_of_a_long_key_is_one_at_a_time(db):
    register(db, singleton=Singleton(key="lead_id"), lane=9)
    first, _, other = scored(LONG), scored(LONG), scored(SAME_BEGINNING)
    assert admitted() == [first, other]


def test_an_event_cancels_by_a_long_key(db):
    register(db, cancel_on=CancelOn(event=LeadLost, key="lead_id"), lane=9)
    scored(LONG), scored(SAME_BEGINNING)
    send(LeadLost(workspace_id=ACME, lead_id=LONG))
    assert states(db) == ["cancelled", "queued"]


def test_the_longest_ids_fit_together(db):
    register_job(db)
    workspace = incompressible(128, seed=1)
    event_id = send(csv_import_confirmed(incompressible(128, seed=2), workspace), dedupe_id=incompressible(255, seed=3))
    assert delivery_of(db, event_id).workspace_id == workspace


@pytest.mark.parametrize("within_a_transaction", [False, True])
@pytest.mark.parametrize(
    ("dedupe_id", "told"),
    [
        ("x" * 256, "dedupe_id: it has 256 characters, 255 are the most"),
        ("a\0b", r"dedupe_id: 'a\\x00b' has characters that do not print"),
        ("\ud800", "dedupe_id: .* has characters that do not print"),
    ],
)
def test_an_id_that_no_index_holds_is_refused_for_good(db, within_a_transaction, dedupe_id, told):
    with pytest.raises(NonRetriable, match=told):
        if within_a_transaction:
            with db.transaction() as connection:
                send(csv_import_confirmed(), connection, dedupe_id=dedupe_id)
        else:
            send(csv_import_confirmed(), dedupe_id=dedupe_id)


def test_an_event_that_postgresql_refuses_for_good_is_not_tried_again(db):
    with pytest.raises(
        NotStorable, match=r"the event test/lead\.noted cannot be stored: anything\.x: a text with half"
    ):
        send(Noted.model_construct(workspace_id=ACME, anything={"x": "\ud800"}))
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 0


def test_a_sender_whose_name_cannot_be_stored_is_refused_for_good(db):
    with pytest.raises(NotStorable):
        send(csv_import_confirmed(), source="a\0b")


class TestLedger:
    @pytest.fixture
    def attempt(self, db):
        register_job(db)
        event_id = send(csv_import_confirmed())
        admitted()
        return start(db, event_id)

    def test_steps_and_keys_of_any_length_are_found_again(self, attempt):
        step = f"sync {LONG}"
        for key in (LONG, SAME_BEGINNING, "short"):
            with once(attempt, step, key) as entry:
                assert entry.result is None
                entry.result = key[-1]
            with once(attempt, step, key) as entry:
                assert entry.result == key[-1]
        results = written(attempt, step)
        assert sorted(results.values()) == sorted([LONG[-1], "a", "t"])
        assert results["short"] == "t"

    @pytest.mark.parametrize("result", ["a\0b", "\ud800", float("nan")], ids=["NUL", "surrogate", "nan"])
    def test_a_result_that_cannot_be_stored_is_refused_for_good_with_its_effect(self, db, attempt, result):
        with pytest.raises(NotStorable, match=r"once\('step'\): the result cannot be stored"):  # noqa: SIM117
            with once(attempt, "step", "1") as entry:
                entry.connection.exec_driver_sql("INSERT INTO app.import_skipped VALUES ('effect', 'x')")
                entry.result = {"x": result}
        assert scalar(db, "SELECT count(*) FROM app.import_skipped") == 0

    @pytest.mark.parametrize("key", ["a\0b", "\ud800"], ids=["NUL", "surrogate"])
    def test_a_key_that_is_no_text_is_refused_for_good(self, attempt, key):
        with pytest.raises(NotStorable, match=r"once\('step'\): the key cannot be stored"), once(attempt, "step", key):
            pass

    def test_an_error_of_the_effect_itself_stays_what_it_is(self, attempt):
        with pytest.raises(psycopg.errors.UniqueViolation), once(attempt, "step", "1") as entry:
            driver = entry.connection.connection.driver_connection
            for _ in range(2):
                driver.execute("INSERT INTO app.import_skipped VALUES ('effect', 'x')")
