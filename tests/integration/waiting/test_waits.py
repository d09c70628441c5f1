"""What a job waits for comes, or its time does; it holds no place meanwhile, and begins nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest
from prefect import get_client
from sqlalchemy import text

from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import event_status, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.lanes import lanes
from tests.factories import delivery_of, scalar
from tests.integration.waiting.waiting_jobs import (
    AlertWanted,
    CallBegun,
    CallKeyed,
    CallOnce,
    ContactAnswered,
    HookWanted,
    LongTrialBegun,
    PatienceWanted,
    ScoreWanted,
    SuiteBegun,
    ThrashingWanted,
    TrialBegun,
    TrialEnded,
    TwiceWanted,
)

MODES = ("ordinary", "light")

ACME, OTHER = WorkspaceId("acme"), WorkspaceId("other")
WEEK = 7 * 86_400.0


def answered(text: str = "yes", contact: str = "c1", workspace: WorkspaceId = ACME) -> ContactAnswered:
    return ContactAnswered(workspace_id=workspace, contact_id=contact, text=text)


def trial(folder="", contact: str = "c1", workspace: WorkspaceId = ACME) -> TrialBegun:
    return TrialBegun(workspace_id=workspace, contact_id=contact, folder=str(folder))


def test_a_sleep_gives_the_place_back_and_goes_on_past_the_finished_steps(db, go, pass_time, tmp_path):
    event_id = send(trial(tmp_path))
    [state] = go()
    assert (state.name, state.type.value) == ("Suspended", "COMPLETED")
    assert "a-week" in state.message
    asleep = delivery_of(db, event_id)
    assert (asleep.state, asleep.waiting_for, asleep.lease_expires_at) == ("scheduled", "a-week: its time", None)
    assert timedelta(days=6.9) < asleep.not_before - datetime.now(UTC) < timedelta(days=7)

    pass_time(WEEK - 60)
    assert go() == []
    pass_time(61)
    [state] = go()
    assert state.name == "Suspended"
    assert delivery_of(db, event_id).waiting_for == "answer: event test/contact.answered"
    assert (tmp_path / "log").read_text().split("\n") == ["greet", "after the sleep", ""]


def test_an_event_that_fits_ends_the_wait_at_once(db, go, pass_time, tmp_path):
    event_id = send(trial(tmp_path))
    go()
    pass_time(WEEK)
    go()
    for other in (answered("of another contact", "c2"), answered("of another tenant", workspace=OTHER)):
        send(other)
        assert go() == []
    send(answered("yes"))
    assert len(go()) == 1
    done = delivery_of(db, event_id)
    assert (done.state, done.result) == ("done", {"greeting": "hello c1", "answer": "yes"})
    assert (done.attempt, done.continuations, done.waiting_for) == (3, 2, None)
    assert (tmp_path / "log").read_text().count("greet") == 1


def test_an_event_that_came_before_the_wait_was_set_up_is_found(db, go, pass_time):
    event_id = send(trial())
    go()
    send(answered("in the meantime"))
    pass_time(WEEK)
    go()
    assert delivery_of(db, event_id).result["answer"] == "in the meantime"


def test_an_event_from_before_the_jobs_own_is_not_found(db, go, pass_time):
    send(answered("too early"))
    event_id = send(trial())
    go()
    pass_time(WEEK)
    go()
    assert delivery_of(db, event_id).state == "scheduled"


def test_a_wait_whose_time_is_over_gives_none(db, go, pass_time):
    event_id = send(trial())
    go()
    pass_time(WEEK)
    go()
    pass_time(3 * 86_400 + 1)
    send(answered("too late"))
    go()
    assert (delivery_of(db, event_id).state, delivery_of(db, event_id).result["answer"]) == ("done", None)


def test_the_answer_stays_the_same_when_the_job_is_replayed(db, go, pass_time):
    event_id = send(TwiceWanted(workspace_id=ACME, contact_id="c1"))
    go()
    send(answered("one"))
    go()
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'queued', not_before = now()"))
    go()
    assert scalar(db, "SELECT answer ->> 'text' FROM groundwork.wait WHERE name = 'answer-1'") == "one"
    send(answered("two"))
    go()
    assert delivery_of(db, event_id).result == ["one", "two"]


def test_one_event_answers_one_wait_of_a_delivery_and_any_number_of_deliveries(db, go):
    first = send(TwiceWanted(workspace_id=ACME, contact_id="c1"))
    second = send(TwiceWanted(workspace_id=ACME, contact_id="c1"))
    go()
    send(answered("one"))
    go()
    assert [delivery_of(db, each).waiting_for for each in (first, second)] == [
        "answer-2: event test/contact.answered"
    ] * 2
    send(answered("two"))
    go()
    assert [delivery_of(db, each).result for each in (first, second)] == [["one", "two"]] * 2


def test_a_waiting_delivery_leaves_its_lane_to_the_next(db, go, tmp_path):
    first, second = send(trial(tmp_path)), send(trial(tmp_path, "c2"))
    go()
    assert [delivery_of(db, each).state for each in (first, second)] == ["scheduled"] * 2
    with db.transaction() as connection:
        [lane] = [each for each in lanes(connection) if each.job == "remind-in-a-week"]
        assert (lane.waiting, lane.scheduled, lane.queued, lane.running) == (2, 0, 0, 0)
        [status] = event_status(connection, first).deliveries
    assert (status.waits_for, status.not_before > datetime.now(UTC)) == ("a-week: its time", True)


def test_an_ordered_job_keeps_its_order_while_it_waits(db, go):
    first = send(SuiteBegun(workspace_id=ACME, contact_id="c1"))
    second = send(SuiteBegun(workspace_id=ACME, contact_id="c2"))
    send(answered("for the second", "c2"))
    assert len(go()) == 1
    assert [delivery_of(db, each).attempt for each in (first, second)] == [1, 0]
    send(answered("for the first", "c1"))
    go()
    assert [delivery_of(db, each).result for each in (first, second)] == ["for the first", "for the second"]


def test_a_job_goes_on_with_the_result_of_another(db, go):
    event_id = send(AlertWanted(workspace_id=ACME, contact_id="c123"))
    go()
    assert (delivery_of(db, event_id).state, delivery_of(db, event_id).result) == ("done", 4)
    assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'test/score.wanted'") == 1
    assert scalar(db, "SELECT causation_id FROM groundwork.event WHERE name = 'test/score.wanted'") == event_id


def test_a_job_whose_invoked_job_fails_fails_with_its_error(db, go):
    event_id = send(AlertWanted(workspace_id=ACME, contact_id="c1", fail=True))
    go()
    dead = delivery_of(db, event_id)
    assert dead.state == "failed"
    assert dead.last_error == ("InvokedJobFailed: invoke('score'): the job failed: ValueError: no score for anybody")


def test_a_job_whose_invoked_job_takes_too_long_fails(db, go, pass_time):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET paused = true WHERE name = 'score-contact'"))
    event_id = send(AlertWanted(workspace_id=ACME, contact_id="c1"))
    go()
    assert delivery_of(db, event_id).waiting_for == "score: job score-contact"
    pass_time(61)
    go()
    assert delivery_of(db, event_id).last_error == "WaitedTooLong: invoke('score'): the job has not ended in 60 s"


def test_a_cancelled_wait_goes_on_no_more(db, go, pass_time):
    event_id = send(trial())
    go()
    with db.transaction() as connection:
        cancel(connection, reason="nobody wants it", event_id=event_id)
    pass_time(WEEK)
    assert go() == []
    assert delivery_of(db, event_id).state == "cancelled"


def test_a_continuation_is_no_attempt(db, go, pass_time):
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET max_attempts = 1"))
    event_id = send(trial())
    go()
    pass_time(WEEK)
    go()
    send(answered())
    go()
    assert (delivery_of(db, event_id).state, delivery_of(db, event_id).attempt) == ("done", 3)


def test_prefect_shows_a_suspended_run(db, go):
    event_id = send(trial())
    [state] = go()
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(state.state_details.flow_run_id)
    assert (run.state.name, run.name.split("/")[:2]) == ("Suspended", ["remind-in-a-week", "acme"])
    assert delivery_of(db, event_id).flow_run_id is None


def test_an_event_that_nobody_waits_for_is_no_arrival(db, go):
    send(ScoreWanted(workspace_id=ACME, contact_id="c1"))
    go()
    assert scalar(db, "SELECT count(*) FROM groundwork.arrival") == 0


@pytest.mark.parametrize("times", [1, 3])
def test_arrivals_are_taken(db, go, times):
    send(TwiceWanted(workspace_id=ACME, contact_id="c1"))
    go()
    for _ in range(times):
        send(answered("x", "stranger"))
    assert scalar(db, "SELECT count(*) FROM groundwork.arrival") == times
    go()
    assert scalar(db, "SELECT count(*) FROM groundwork.arrival") == 0


def test_an_async_job_waits_between_its_steps(db, go):
    event_id = send(PatienceWanted(workspace_id=ACME, contact_id="c1"))
    go()
    assert delivery_of(db, event_id).waiting_for == "answer: event test/contact.answered"
    send(answered())
    go()
    assert delivery_of(db, event_id).result == ["a", "b", "yes"]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("in a step", "sleep('within'): this is the step wait-in-a-step. Wait in the body of a job, between its steps"),
        ("twice", 'Number it: f"the same-{n}"'),
        ("no length", "say how long: seconds, or until when: until=…"),
        ("negative", "seconds=-1: 0 s to 366 days"),
        ("nan", "seconds=nan is no number of seconds"),
        ("naive", "has no zone; use datetime.now(UTC)"),
        ("a century", "0 s to 366 days"),
        ("a far day", "is beyond 366 days"),
        ("field", "ContactAnswered has no field 'contact' to match by; it has workspace_id, contact_id"),
        ("no value", "match={'contact_id': {1, 2}} has a value that is no single one"),
        ("name", "a name of 1 to 200 printable characters is wanted"),
        ("nobody listens", "invoke(test/contact.answered): no job listens to it"),
        ("another tenant", "invoke('stranger'): the event is of workspace other, and the job's of acme"),
    ],
)
def test_a_wait_that_makes_no_sense_fails_the_delivery_with_the_cure(db, go, how, words):
    event_id = send(ThrashingWanted(workspace_id=ACME, how=how))
    go()
    dead = delivery_of(db, event_id)
    assert dead.state == "failed"
    assert words in dead.last_error


def test_a_hook_may_not_wait(db, go, tmp_path):
    send(HookWanted(workspace_id=ACME, folder=str(tmp_path)))
    go()
    assert "this is no job's body" in (tmp_path / "log").read_text()


def test_no_handler_of_errors_swallows_a_wait(db, go, pass_time):
    event_id = send(ThrashingWanted(workspace_id=ACME, how="swallow"))
    [state] = go()
    assert (state.name, delivery_of(db, event_id).state) == ("Suspended", "scheduled")
    pass_time(3601)
    go()
    assert (delivery_of(db, event_id).state, delivery_of(db, event_id).result) == ("done", None)


def test_a_wait_beside_an_async_step_under_way_is_refused(db, go):
    event_id = send(PatienceWanted(workspace_id=ACME, contact_id="c1", how="beside a step"))
    go()
    assert "sleep('a-moment'): think is under way" in delivery_of(db, event_id).last_error


@pytest.mark.parametrize("kind", [CallBegun, CallOnce, CallKeyed])
def test_a_place_is_kept_while_the_job_waits_where_it_says_so(db, go, kind):
    """In the lane, of a singleton's key, and in a lane by key."""
    first, second = (send(kind(workspace_id=ACME, contact_id="c1")) for _ in range(2))
    go()
    assert [delivery_of(db, each).state for each in (first, second)] == ["scheduled", "queued"]
    send(answered("one"))
    go()
    assert [delivery_of(db, each).state for each in (first, second)] == ["done", "done"]
    assert delivery_of(db, second).result == "one", "it was accepted before, and looks back"


def test_a_kept_place_is_none_at_the_workers(db, go):
    send(CallBegun(workspace_id=ACME, contact_id="c1"))
    go()
    send(CallBegun(workspace_id=OTHER, contact_id="c1"))
    assert len(admit(1)) == 1


def test_what_cancels_a_job_cancels_it_while_it_waits_and_what_has_begun_does_not_expire(db, go, pass_time):
    ended, kept = (send(LongTrialBegun(workspace_id=ACME, contact_id=contact)) for contact in ("c1", "c2"))
    go()
    send(TrialEnded(workspace_id=ACME, contact_id="c1"))
    pass_time(60)
    go()
    assert [delivery_of(db, each).state for each in (ended, kept)] == ["cancelled", "scheduled"]
    pass_time(30 * 86_400)
    go()
    assert delivery_of(db, kept).result == "c2"


def test_a_name_that_stood_for_another_wait_says_so(db, go, pass_time):
    event_id = send(trial())
    go()
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.wait SET kind = 'event', event_name = 'old/event.name'"))
    pass_time(WEEK)
    go()
    assert "'a-week' was a wait for old/event.name" in delivery_of(db, event_id).last_error


@pytest.mark.parametrize("data", ["[1, 2]", '"text"', "null", '{"contactId": null}', '{"contactId": {"deep": [1]}}'])
def test_an_event_that_is_no_object_answers_nobody_and_keeps_nobody_waiting(db, go, data):
    """As an earlier release, or a person with psql, may have stored one."""
    event_id = send(TwiceWanted(workspace_id=ACME, contact_id="c1"))
    go()
    odd = send(answered("odd", "another"))
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.event SET data = CAST(:data AS jsonb) WHERE id = :id"), {"data": data, "id": odd}
        )
    send(answered("yes"))
    go()
    assert delivery_of(db, event_id).waiting_for == "answer-2: event test/contact.answered"
