"""Events enter the inbox once, in order, and with the caller's transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from groundwork.events.inbox import NewEvent, accept, event_status, send
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar


def new(dedupe_id: str, import_id: str = "import-1", workspace: str = "acme") -> NewEvent:
    return NewEvent.of(csv_import_confirmed(import_id, workspace), dedupe_id=dedupe_id, source="test")


def test_an_event_is_delivered_to_every_job_that_listens(db):
    register_job(db, "process-csv")
    register_job(db, "audit-csv")
    register_job(db, "send-welcome", "user/signed.up")
    event_id = send(csv_import_confirmed())
    with db.transaction() as connection:
        status = event_status(connection, event_id)
    assert [(each.job, each.state) for each in status.deliveries] == [
        ("audit-csv", "queued"),
        ("process-csv", "queued"),
    ]


def test_an_event_nobody_listens_to_is_stored_and_says_so(db):
    event_id = send(csv_import_confirmed())
    with db.transaction() as connection:
        assert event_status(connection, event_id).deliveries == []


def test_the_same_id_is_stored_once_and_answered_with_the_first_id(db):
    register_job(db)
    first = send(csv_import_confirmed(), dedupe_id="a")
    again = send(csv_import_confirmed(), dedupe_id="a")
    assert again == first
    assert scalar(db, "SELECT count(*) FROM groundwork.delivery") == 1


def test_the_same_id_of_another_workspace_is_another_event(db):
    first = send(csv_import_confirmed(workspace="acme"), dedupe_id="a")
    other = send(csv_import_confirmed(workspace="bolt"), dedupe_id="a")
    assert first != other


def test_a_batch_keeps_its_order_and_finds_duplicates_within_itself(db):
    register_job(db)
    with db.transaction() as connection:
        answers = accept(connection, [new("a", "i-1"), new("b", "i-2"), new("a", "i-3"), new("c", "i-4")])
    assert [each.duplicate for each in answers] == [False, False, True, False]
    assert answers[2].id == answers[0].id
    with db.transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT e.data ->> 'importId' FROM groundwork.delivery d JOIN groundwork.event e ON e.id = d.event_id"
            " ORDER BY d.sequence"
        )
        assert list(rows.scalars()) == ["i-1", "i-2", "i-4"]


def test_an_event_exists_only_if_the_senders_transaction_commits(db):
    register_job(db)
    with pytest.raises(RuntimeError), Session(db.engine) as session, session.begin():
        send(csv_import_confirmed(), session)
        raise RuntimeError("the application changed its mind")
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 0
    with Session(db.engine) as session, session.begin():
        event_id = send(csv_import_confirmed(), session)
    assert delivery_of(db, event_id).state == "queued"


def test_an_event_of_the_future_starts_its_jobs_then(db):
    register_job(db)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    event_id = send(csv_import_confirmed(), occurred_at=tomorrow)
    assert delivery_of(db, event_id).not_before == tomorrow


def test_an_accepted_event_wakes_the_relay_at_commit(db):
    with db.connect() as listener:
        listener.autocommit = True
        listener.execute("LISTEN groundwork_inbox")
        send(csv_import_confirmed())
        assert [note.channel for note in listener.notifies(timeout=5, stop_after=1)] == ["groundwork_inbox"]


@pytest.mark.parametrize(
    ("options", "payload"),
    [
        ({"interactive": True}, "interactive"),
        ({"interactive": True, "light": True}, ""),
        ({"light": True}, ""),
        ({}, ""),
    ],
)
def test_the_relay_is_told_of_what_may_have_an_interactive_run(db, options, payload):
    register_job(db, **options)
    with db.connect() as listener:
        listener.autocommit = True
        listener.execute("LISTEN groundwork_inbox")
        send(csv_import_confirmed())
        assert [note.payload for note in listener.notifies(timeout=5, stop_after=1)] == [payload]
