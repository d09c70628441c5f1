"""One consistent view, however long it is read, and what becomes of it when PostgreSQL goes away."""

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.exports.rows import SNAPSHOTS, contact_rows, from_one_snapshot
from groundwork.tasks.contacts.exports.snapshot import SnapshotLost, snapshot
from tests.factories import csv_export_confirmed, scalar
from tests.integration.contacts.exports.exporting import add_contacts, add_many
from tests.waiting import wait_until

READERS = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT%'"


def test_rows_written_while_the_export_reads_are_not_in_it(db: Database):
    add_many(db, 50_000)
    with contact_rows(csv_export_confirmed()) as rows:
        first = next(rows.batches)
        with db.transaction() as connection:
            connection.execute(text("DELETE FROM app.contact WHERE id % 2 = 0"))
            connection.execute(text("UPDATE app.contact SET company = 'changed'"))
            connection.execute(text("INSERT INTO app.contact (workspace_id, email) VALUES ('acme', 'late')"))
        rest = list(rows.batches)
    companies = {company for batch in [first, *rest] for company in batch["company"].unique().to_pylist()}
    assert first.num_rows + sum(batch.num_rows for batch in rest) == 50_000
    assert companies == {"x" * 100}


def test_columns_and_rows_are_of_the_same_moment(db: Database):
    add_many(db, 1)
    with snapshot(db) as view:
        assert view.first_column("SELECT DISTINCT jsonb_object_keys(custom) FROM app.contact") == []
        with db.transaction() as connection:
            connection.execute(text("""UPDATE app.contact SET custom = '{"late": "x"}'"""))
        assert view.first_column("SELECT DISTINCT jsonb_object_keys(custom) FROM app.contact") == []


def test_rows_are_read_by_one_process_as_several_would_mix_them(db: Database):
    add_many(db, 20_000)
    free = "parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"
    select = "SELECT email FROM app.contact WHERE updated_at > '2020-01-01'"

    def plan(view) -> str:
        for setting in free:
            view.first_column(f"SELECT set_config('{setting}', '0', true)")
        with view._executed(f"EXPLAIN {select}", {"adbc.postgresql.use_copy": "false"}) as (_, batches):
            return " ".join(line for batch in batches for line in batch.column(0).to_pylist())

    with db.transaction() as connection:
        for setting in free:
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        assert "Gather" in " ".join(connection.execute(text(f"EXPLAIN {select}")).scalars())
    with snapshot(db) as view:
        assert "Gather" not in plan(view)


def test_an_export_writes_nothing(db: Database):
    with snapshot(db) as view, pytest.raises(Exception, match="read-only transaction"):
        view.first_column("DELETE FROM app.contact RETURNING id")


def test_a_reader_that_stops_in_the_middle_leaves_no_query_behind(db: Database):
    add_many(db, 50_000)
    with contact_rows(csv_export_confirmed()) as rows:
        next(rows.batches)
    left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT%' AND state = 'active'"
    wait_until(lambda: scalar(db, left) == 0, what="the query has ended")


def test_a_connection_that_breaks_is_a_lost_snapshot_and_the_work_begins_anew(db: Database):
    add_many(db, 50_000)
    tries = []

    def work() -> int:
        with contact_rows(csv_export_confirmed()) as rows:
            tries.append(next(rows.batches).num_rows)
            if len(tries) == 1:
                scalar(db, READERS)
            return tries[-1] + sum(batch.num_rows for batch in rows.batches)

    assert from_one_snapshot(work) == 50_000
    assert len(tries) == 2


def test_a_snapshot_that_is_lost_again_and_again_is_given_up(db: Database):
    tries = []

    def work() -> None:
        tries.append(1)
        raise SnapshotLost("gone")

    with pytest.raises(SnapshotLost):
        from_one_snapshot(work)
    assert len(tries) == SNAPSHOTS


def test_wrong_input_does_not_begin_anew(db: Database):
    tries = []

    def work() -> None:
        tries.append(1)
        with contact_rows(csv_export_confirmed()):
            pass

    add_contacts(db, {"email": "ada@example.com", "custom": {f"field {number}": "x" for number in range(1_600)}})
    with pytest.raises(NonRetriable, match="Name the columns to export"):
        from_one_snapshot(work)
    assert len(tries) == 1
