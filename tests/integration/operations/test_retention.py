"""What ended long ago is forgotten, in batches; what is unfinished never is."""

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore, blob_store
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import Settings
from groundwork.events.inbox import claim, once, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.retention import delete_settled
from groundwork.flows.operations.apply_retention import apply_retention
from groundwork.tasks.operations.retention.forget import forget_events, forget_results, forget_unfinished_files
from groundwork.tasks.step_results import PREFIX
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar


@pytest.fixture
def store(home) -> BlobStore:
    forget()
    for key in list(blob_store().list()):
        blob_store().delete(key)
    return blob_store()


def accept(n: int, workspace: str = "acme") -> UUID:
    return send(csv_import_confirmed(f"import-{n}", workspace))


def settle(db, event_id: UUID) -> UUID:
    admit(capacity=100)
    delivery = delivery_of(db, event_id)
    attempt = claim(delivery.id, Run(flow_run_id=flow_run_id()))
    with once(attempt, "step", "1") as entry:
        entry.result = 1
    attempt.settle()
    return delivery.id


def age(db, event_id: UUID, days: int) -> None:
    """Let an event and its deliveries be so old."""
    moment = {"at": datetime.now(UTC) - timedelta(days=days), "id": event_id}
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.event SET accepted_at = :at WHERE id = :id"), moment)
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET accepted_at = :at,"
                " settled_at = CASE WHEN settled_at IS NOT NULL THEN CAST(:at AS timestamptz) END WHERE event_id = :id"
            ),
            moment,
        )


def events(db) -> set[UUID]:
    with db.transaction() as connection:
        return set(connection.execute(text("SELECT id FROM groundwork.event")).scalars())


def test_old_settled_events_go_with_their_deliveries_and_ledgers(db):
    register_job(db, lane=10)
    old, young = accept(1), accept(2)
    settle(db, old), settle(db, young)
    age(db, old, 31), age(db, young, 29)
    assert forget_events.fn() == 1
    assert events(db) == {young}
    assert scalar(db, "SELECT count(*) FROM groundwork.step_ledger") == 1


@pytest.mark.parametrize("state", ["scheduled", "queued", "admitted", "running"])
def test_what_is_unfinished_is_kept_however_old(db, state):
    register_job(db)
    event_id = accept(1)
    age(db, event_id, 400)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = :state"), {"state": state})
    assert forget_events.fn() == 0
    assert events(db) == {event_id}


def test_an_old_event_one_of_whose_jobs_ended_lately_is_kept(db):
    register_job(db)
    event_id = accept(1)
    age(db, event_id, 400)
    settle(db, event_id)
    assert forget_events.fn() == 0


def test_an_event_nobody_listened_to_goes_too(db):
    event_id = accept(1)
    age(db, event_id, 31)
    assert forget_events.fn() == 1


def test_many_are_deleted_in_small_transactions(db):
    for n in range(7):
        age(db, accept(n), 31)
    with db.transaction() as connection:
        assert delete_settled(connection, before=datetime.now(UTC), most=3) == 3
    assert forget_events.fn(batch=2) == 4
    assert events(db) == set()


def test_what_somebody_holds_is_left_for_the_next_time(db):
    event_id = accept(1)
    age(db, event_id, 31)
    with db.transaction() as holder:
        holder.execute(text("SELECT FROM groundwork.event FOR UPDATE"))
        assert forget_events.fn() == 0
    assert forget_events.fn() == 1


def result_key(delivery_id: UUID) -> str:
    return f"{PREFIX}{delivery_id}:Import_Chunk:{'0' * 64}"


def test_results_of_steps_go_after_their_time_and_other_blobs_stay(db, store):
    register_job(db, lane=10)
    old, young, unfinished = accept(1), accept(2), accept(3)
    keys = {
        "old": result_key(settle(db, old)),
        "young": result_key(settle(db, young)),
        "unfinished": result_key(delivery_of(db, unfinished).id),
        "forgotten": result_key(uuid4()),
        "unknown": f"{PREFIX}{'0' * 32}",
        "upload": "imports/7/upload.csv",
    }
    age(db, old, 31), age(db, unfinished, 400)
    for key in keys.values():
        store.write_path(key, b"1")
    assert forget_results.fn(batch=2) == 3
    assert set(store.list()) == {keys["young"], keys["unfinished"], keys["upload"]}


def test_what_killed_processes_left_unfinished_goes_after_a_day(store):
    store.write_path("exports/1.csv", b"whole")
    folder = store.local_path("exports/1.csv").parents[1]
    old, young = folder / ".partial" / "old", folder / ".partial" / "young"
    for each in (old, young):
        each.write_bytes(b"half")
    upload = store.begin_upload("exports/2.csv")
    store.upload_part("exports/2.csv", upload, 1, b"part")
    yesterday = time.time() - 90_000
    for each in (old, *(folder / ".uploads").glob("*")):
        os.utime(each, (yesterday, yesterday))
    assert forget_unfinished_files.fn() == 2
    assert young.exists()
    assert store.pending_uploads() == []
    assert list(store.list()) == ["exports/1.csv"]


def test_half_written_mails_go_after_a_day_too_and_whole_ones_stay(home):
    partial = home / "outbox" / ".partial"
    partial.mkdir(parents=True, exist_ok=True)
    old, young, whole = partial / "old", partial / "young", partial.parent / "whole.eml"
    yesterday = time.time() - 90_000
    for each in (old, young, whole):
        each.write_bytes(b"mail")
    for each in (old, whole):
        os.utime(each, (yesterday, yesterday))
    assert forget_unfinished_files.fn() == 1
    assert (old.exists(), young.exists(), whole.exists()) == (False, True, True)
    young.unlink()
    whole.unlink()


def test_the_nightly_flow_does_all_of_it(db, store, prefect_api):
    event_id = accept(1)
    age(db, event_id, 31)
    store.write_path(result_key(uuid4()), b"1")
    assert apply_retention() == {"results": 1, "events": 1, "unfinished": 0}


def test_ids_are_kept_for_seven_days_at_least():
    with pytest.raises(ValidationError, match="greater than or equal to 7"):
        Settings(retention_days_events=6)
