"""What works through a pooler that gives each transaction another connection, and what goes past it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.database import Database, is_behind_pooler
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade
from groundwork.blocks.process_cache import forget
from groundwork.deployments.relay import loop
from groundwork.deployments.relay.loop import Relay
from groundwork.events.inbox import claim, once, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.tasks.contacts.exports.rows import contact_rows
from groundwork.tasks.contacts.imports.counts import ImportCounts
from tests.factories import csv_export_confirmed, csv_import_confirmed, delivery_of, flow_run_id, register_job
from tests.integration.contacts.exports.exporting import add_many
from tests.integration.contacts.imports.importing import contacts_of, import_content

TIMES = 12
"""psycopg prepares a statement that it has executed five times."""


def test_the_pooler_of_these_tests_loses_what_is_left_on_a_session(pooler: str):
    with psycopg.connect(pooler, autocommit=True) as connection, psycopg.connect(pooler) as other:
        connection.execute("SET work_mem = '1234kB'")
        other.execute("SELECT 1")  # takes a connection for as long as its transaction lasts
        assert connection.execute("SHOW work_mem").fetchone() != ("1234kB",)
        assert is_behind_pooler(connection)


def test_events_are_accepted_admitted_claimed_and_settled(pooled: Database):
    register_job(pooled, lane=TIMES)
    for number in range(TIMES):
        event_id = send(csv_import_confirmed(f"import-{number}"))
        admit(capacity=TIMES)
        attempt = claim(delivery_of(pooled, event_id).id, Run(flow_run_id=flow_run_id()))
        with once(attempt, "count", key=str(number)) as entry:
            entry.result = number
        attempt.report({"rows": number})
        attempt.settle(number)
        settled = delivery_of(pooled, event_id)
        assert (settled.state, settled.result, settled.attempt) == ("done", number, 1)
    assert pooled.pooled


def test_of_many_runs_one_claims(pooled: Database):
    register_job(pooled)
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    delivery = delivery_of(pooled, event_id)
    together = threading.Barrier(4)

    def race(_: int):
        together.wait()
        return claim(delivery.id, Run(flow_run_id=flow_run_id()))

    with ThreadPoolExecutor(4) as threads:
        winners = [attempt for attempt in threads.map(race, range(4)) if attempt]
    assert len(winners) == 1


def test_the_schema_is_migrated(pooled: Database):
    with pooled.transaction() as connection:
        upgrade(connection)
        assert connection.execute(text("SELECT count(*) FROM groundwork.migration")).scalar() == 1


def test_imports_and_exports_have_their_own_connection_while_they_last(pooled: Database, tmp_path):
    for number in range(TIMES):
        counts = import_content(
            pooled, BlobStore(storage_url=f"file://{tmp_path}"), "Email\na@example.com\n", import_id=f"import-{number}"
        )
        assert counts == ImportCounts(rows=1, **({"updated": 1} if number else {"inserted": 1}))
    assert list(contacts_of(pooled)) == ["a@example.com"]
    add_many(pooled, 5_000)
    with contact_rows(csv_export_confirmed()) as rows:
        first = next(rows.batches)
        with pooled.transaction() as connection:
            connection.execute(text("UPDATE app.contact SET company = 'changed'"))
        companies = {company for batch in [first, *rows.batches] for company in batch["company"].unique().to_pylist()}
    assert companies == {None, "x" * 100}


def test_the_relay_looks_by_itself_since_it_hears_nothing(pooled: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loop, "POLL_SECONDS", 3600.0)
    with pooled.listening("groundwork_inbox") as listener:
        assert listener is None
        Relay(threading.Event())._wait(listener)


def test_the_direct_address_hears(pooled: Database, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch):
    direct = postgres.url().render_as_string(hide_password=False)
    monkeypatch.setenv("GROUNDWORK_DATABASE_DIRECT_URL", direct)
    forget()
    register_job(pooled)
    with pooled.listening("groundwork_inbox") as listener:
        assert listener is not None
        send(csv_import_confirmed())
        assert [note.channel for note in listener.notifies(timeout=5, stop_after=1)] == ["groundwork_inbox"]


@pytest.mark.parametrize(("said", "pooled"), [("none", False), ("transaction", True)])
def test_what_the_setting_says_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, said: str, pooled: bool):
    monkeypatch.setenv("GROUNDWORK_DATABASE_POOLER", said)
    forget()
    assert Database(connection_url="postgresql://nobody@127.0.0.1:1/nothing").pooled is pooled
    monkeypatch.undo()
    forget()


def test_postgresql_itself_is_not_taken_for_a_pooler(db: Database, postgres: EmbeddedPostgres):
    url = postgres.url().render_as_string(hide_password=False)
    assert not Database(connection_url=url).pooled
    assert not Database().pooled
