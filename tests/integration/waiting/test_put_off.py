"""A step whose next try is far off holds no worker until then, and forgets none of its tries."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from groundwork.blocks.errors import ConfigurationError, Postponed, PutOff
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import claim, event_status, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.wait import Wait, answer_to
from groundwork.tasks.step_calls import beyond_handlers
from tests.factories import delivery_of, flow_run_id, scalar
from tests.integration.waiting.waiting_jobs import LeadPushed, LeadThoughtOf

MODES = ("ordinary", "light")

ACME = WorkspaceId("acme")


def notes(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def pushed(folder: Path, **fields: object) -> LeadPushed:
    return LeadPushed(workspace_id=ACME, folder=str(folder), **fields)


def test_a_provider_that_asks_to_wait_for_long_holds_no_worker(db, go, pass_time, tmp_path):
    event_id = send(pushed(tmp_path))
    [state] = go()
    assert state.name == "Suspended"
    waiting = delivery_of(db, event_id)
    assert (waiting.state, waiting.waiting_for) == ("scheduled", "call-crm: its next try")
    assert waiting.last_error == "RetryAfter: busy"
    assert timedelta(seconds=595) < waiting.not_before - datetime.now(UTC) < timedelta(seconds=661)
    with db.transaction() as connection:
        assert event_status(connection, event_id).deliveries[0].waits_for == "call-crm: its next try"
    pass_time(661)
    go()
    done = delivery_of(db, event_id)
    assert (done.state, done.result, done.last_error) == ("done", ["hello c1", "busy"], None)
    assert notes(tmp_path) == ["greet", "busy", "busy"], "no handler of errors saw it"


def test_what_a_provider_asks_for_uses_up_no_try(db, go, pass_time, tmp_path):
    event_id = send(pushed(tmp_path, times=10))
    for _ in range(11):
        go()
        pass_time(661)
    assert delivery_of(db, event_id).state == "done"
    assert notes(tmp_path).count("busy") == 11


def test_a_provider_that_is_busy_for_a_day_fails_the_step(db, go, pass_time, tmp_path):
    event_id = send(pushed(tmp_path, times=1000))
    go()
    pass_time(86_401)
    go()
    dead = delivery_of(db, event_id)
    assert (dead.state, dead.last_error) == ("failed", "RetryAfter: busy")


def test_long_delays_between_tries_hold_no_worker_and_are_as_many_as_the_step_has(db, go, pass_time, tmp_path):
    event_id = send(pushed(tmp_path, how="down", times=1000))
    for _ in range(4):
        go()
        assert delivery_of(db, event_id).waiting_for == "call-crm: its next try"
        pass_time(61)
    go()
    dead = delivery_of(db, event_id)
    assert (dead.state, dead.last_error) == ("failed", "ConnectionError: no answer")
    assert notes(tmp_path).count("down") == 5, "one, and four retries"
    assert notes(tmp_path).count("swallowed") == 1


@pytest.mark.parametrize("together", ["gather", "submit"])
def test_the_steps_beside_one_that_is_put_off_come_to_their_end_first(db, go, pass_time, tmp_path, together):
    event_id = send(LeadThoughtOf(workspace_id=ACME, folder=str(tmp_path), together=together))
    [state] = go()
    assert state.name == "Suspended"
    assert notes(tmp_path) == ["busy", "slow"]
    pass_time(661)
    go()
    assert delivery_of(db, event_id).result == ["busy", "slow"]
    assert notes(tmp_path) == ["busy", "slow", "busy"]


def test_waits_for_another_try_are_not_waits_of_the_job(db, go, tmp_path):
    send(pushed(tmp_path))
    go()
    assert scalar(db, "SELECT kind FROM groundwork.wait") == "retry"


def test_a_wait_that_is_named_like_what_is_kept_of_a_step_s_tries_is_refused(db, go, pass_time, tmp_path):
    send(pushed(tmp_path))
    go()
    pass_time(661)
    [due] = admit(1)
    attempt = claim(due.id, Run(flow_run_id=flow_run_id()))
    taken = scalar(db, "SELECT name FROM groundwork.wait")
    with pytest.raises(ConfigurationError, match=r"was the record of a step's tries .* another name"):
        answer_to(attempt, Wait(name=taken, kind="sleep", seconds=1))


def test_an_error_that_is_raised_again_is_put_off_no_more():
    error = ConnectionError("one for all")
    put_off = PutOff("call-crm", "call-crm:1", 20.0, 1)
    PutOff.mark(error, put_off)
    assert isinstance(beyond_handlers(error), Postponed)
    assert beyond_handlers(error) is error
