"""What PostgreSQL refuses of an outcome fails that delivery alone, at once, and names the place in it."""

from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import NotStorable
from groundwork.events.inbox import outcomes, send
from groundwork.events.inbox.redelivery import end, overdue, requeue
from groundwork.flows.flow_control import Batch
from tests.factories import delivery_of
from tests.integration.inbox.scored_leads import LeadScored, admitted, register, scored, start, states, time_passes

MODES = ("ordinary", "light")


def deep(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


REFUSED: dict[str, tuple[Any, str]] = {
    "NaN": ({"rows": [{}, {"amount": float("nan")}]}, "result.rows[1].amount: NaN"),
    "infinity": (float("-inf"), "result: -Infinity"),
    "NUL": (["a\0"], "result[0]: a text with the character NUL"),
    "NUL in a key": ({"a\0": 1}, r"result['a\x00']: a key is a text with the character NUL"),
    "surrogate": ({"name": "\ud83d"}, "result.name: a text with half a character"),
    "number": ({"n": 10**5_000}, "result.n: a whole number of more than 4,000 digits"),
    "too deep": (deep(5_000), "result[0][0][0][0][0]: lists and objects within each other"),
    "too large": ("x" * 10_000_001, "result is 10,000,003 characters long"),
    "no data": ({"file": object()}, "result.file: of type object"),
}


@pytest.mark.parametrize(("result", "told"), REFUSED.values(), ids=REFUSED)
def test_of_a_batch_the_one_that_cannot_be_kept_fails_alone(db, result: Any, told: str):
    register(db, batch=Batch(size=3, wait=0))
    events = [scored() for _ in range(3)]
    admitted()
    start(db, events[0]).settle_each([{"sent": 1}, result, None])
    assert states(db) == ["done", "failed", "done"]
    assert told in delivery_of(db, events[1]).last_error
    assert delivery_of(db, events[0]).result == {"sent": 1}


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (ValueError("no user Ada\0"), r"ValueError: no user Ada\0"),
        (ValueError("half \ud83d"), r"ValueError: half \ud83d"),
        (Silent(), "Silent, whose message cannot be had"),
        (ValueError("x" * 1_000_000), "ValueError: xxx"),
    ],
    ids=["NUL", "surrogate", "no text", "long"],
)
def test_the_true_error_is_kept_whatever_is_in_its_text(db, error: Exception, kept: str):
    register(db)
    event_id = scored()
    admitted()
    start(db, event_id).fail(error)
    dead = delivery_of(db, event_id)
    assert (dead.state, dead.attempt) == ("failed", 1)
    assert dead.last_error.startswith(kept)


def test_what_only_postgresql_knows_to_refuse_fails_alone_too(db, monkeypatch):
    monkeypatch.setattr(outcomes, "stored_json", lambda value, *_: '"\\u0000"' if value == "odd" else "1")
    register(db, batch=Batch(size=3, wait=0))
    events = [scored() for _ in range(3)]
    admitted()
    start(db, events[0]).settle_each(["odd", "even", "even"])
    assert states(db) == ["failed", "done", "done"]
    assert "NotStorable: the result cannot be stored: PostgreSQL refuses it" in delivery_of(db, events[0]).last_error


def test_outcomes_that_are_too_much_for_one_statement_are_settled_together_all_the_same(db, monkeypatch):
    monkeypatch.setattr(outcomes, "_LARGEST_DOCUMENT", 100)
    register(db, batch=Batch(size=3, wait=0))
    events = [scored() for _ in range(3)]
    admitted()
    start(db, events[0]).settle_each(["a" * 90, "b" * 90, ValueError("c" * 90)])
    assert states(db) == ["done", "done", "failed"]


@pytest.mark.parametrize(
    ("progress", "told"),
    [
        ({"rows": float("nan")}, r"the progress cannot be stored: progress\.rows: NaN"),
        ({"name": "a\0"}, r"progress\.name: a text with the character NUL"),
        ({"rows": [object()]}, r"progress\.rows\[0\]: of type object"),
    ],
)
def test_progress_that_cannot_be_stored_is_an_error_that_names_the_place(db, progress: Any, told: str):
    register(db)
    event_id = scored()
    admitted()
    attempt = start(db, event_id)
    with pytest.raises(NotStorable, match=told):
        attempt.report(progress)
    attempt.report({"rows": 1})
    assert delivery_of(db, event_id).progress == {"rows": 1}


def test_a_reason_that_prefect_gives_never_keeps_a_delivery_from_its_next_attempt_or_its_end(db):
    register(db)
    event_id = scored()
    admitted()
    start(db, event_id)
    time_passes(db, 3_600)
    [died] = overdue()
    assert requeue(died, "its run said \0\ud83d" + "x" * 100_000, tries=1)
    assert delivery_of(db, event_id).last_error.startswith("its run said \\0\\ud83dxxx")
    admitted()
    start(db, event_id)
    time_passes(db, 3_600)
    [died] = overdue()
    assert len(end(died, "failed", "and again \0")) == 1
    assert delivery_of(db, event_id).last_error == "and again \\0"


UNSENDABLE: dict[str, tuple[Any, str]] = {
    "NaN": ({"x": [float("nan")]}, r"anything\.x\[0\]: NaN"),
    "surrogate": ({"x": "\ud800"}, r"anything\.x: a text with half a character"),
    "NUL in a tuple": ({"x": ("a\0",)}, r"anything\.x\[0\]: a text with the character NUL"),
    "too deep": ({"x": deep(300)}, r"anything\.x\[0\].* more than 200 levels"),
    "bytes": ({"x": b"\xff"}, r"anything\.x: bytes that are no UTF-8"),
    "an object": ({"x": object()}, r"anything\.x: of type object"),
    "number": ({"x": 10**5_000}, r"anything\.x: a whole number of more than"),
}


class Anything(LeadScored, name="test/lead.anything"):
    anything: Any = None


@pytest.mark.parametrize(("value", "told"), UNSENDABLE.values(), ids=UNSENDABLE)
def test_an_event_that_cannot_be_stored_is_refused_at_send_by_its_field(db, value: Any, told: str):
    event = LeadScored(workspace_id="acme", lead_id="ann")
    whole = Anything.model_construct(**dict(event), anything=value)
    with pytest.raises(NotStorable, match=rf"the event test/lead\.anything cannot be stored: {told}"):
        send(whole)


def test_an_event_that_is_too_large_is_refused_at_send(db):
    with pytest.raises(NotStorable, match=r"it is 10,000,\d+ characters long, and 10,000,000 at most"):
        send(LeadScored(workspace_id="acme", lead_id="x" * 10_000_000))
    with db.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM groundwork.event")).scalar() == 0
