"""Contacts with many custom fields: the same cells as ever, and each contact is unpacked once."""

import io
import time

import pyarrow.parquet
import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.tasks.contacts.exports import query
from groundwork.tasks.contacts.exports.rows import contact_rows, warnings_of
from groundwork.tasks.contacts.exports.snapshot import snapshot
from tests.factories import csv_export_confirmed
from tests.integration.contacts.exports.exporting import add_contacts, cells, exported

ODD = {
    "text": "plain",
    "quotes": 'say "hi", it\'s',
    "lines": "one\ntwo\r\nthree",
    "empty": "",
    "number": 7,
    "exact": 12345678901234567890.5,
    "true": True,
    "null": None,
    "nested": {"a": [1, "x", None], "é": {"b": False}},
    "list": [1, 2],
    "O'Brien's {} % %s \\ \"field\"": "odd name",
    "Straße 漢字 🎉": "other letters",
    "n" * 200: "long name",
    "n" * 200 + "2": "another that begins so",
    "email": "a custom field that is named like a column",
    "custom": "and one like the document",
    "": "no name",
    "{}": "braces",
}


@pytest.fixture
def contacts(db: Database) -> Database:
    """One contact with odd fields, one that lacks most of them, one without any; then many fields in many contacts."""
    add_contacts(
        db,
        {"email": "odd@example.com", "tags": ["b", "a"], "custom": ODD},
        {"email": "few@example.com", "custom": {"text": None, "other": "x"}},
        {"email": "none@example.com"},
    )
    return db


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_every_cell_is_what_postgresql_makes_of_the_value(contacts: Database, file_format):
    fields = sorted([*ODD, "other"])
    with contacts.transaction() as connection:
        expected = {
            email: [
                connection.execute(
                    text("SELECT custom ->> :field FROM app.contact WHERE email = :email"),
                    {"field": field, "email": email},
                ).scalar()
                for field in fields
            ]
            for email in ("odd@example.com", "few@example.com", "none@example.com")
        }
    content = exported(format=file_format, neutraliseFormulas=False)
    if file_format == "csv":
        header, *rows = cells(content)
        expected = {email: [value or "" for value in values] for email, values in expected.items()}
    else:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        header, rows = table.column_names, [list(row.values()) for row in _rows(table)]
    by_field = {name.removeprefix("custom.") if name == "custom.email" else name: at for at, name in enumerate(header)}
    at = [header.index("custom.email") if field == "email" else by_field[field] for field in fields]
    assert {row[0]: [row[each] for each in at] for row in rows} == expected


def _rows(table):
    """Rows by place, as two columns may have names that a dict cannot tell apart."""
    columns = [column.to_pylist() for column in table.columns]
    return [dict(enumerate(values)) for values in zip(*columns, strict=True)]


def test_named_columns_of_both_kinds_come_in_their_order_and_the_filter_still_counts(contacts: Database):
    columns = ["custom.number", "tags", "custom.O'Brien's {} % %s \\ \"field\"", "email", "custom.email"]
    content = exported(columns=columns, filter={"custom": {"text": "plain"}, "tagsAny": ["a"]})
    _, *rows = cells(content)
    assert rows == [["7", "b;a", "odd name", "odd@example.com", ODD["email"]]]


def test_columns_of_custom_fields_alone_need_no_other(contacts: Database):
    header, *rows = cells(exported(columns=["custom.text", "custom.number"]))
    assert header == ["text", "number"]
    assert sorted(rows) == [["", ""], ["", ""], ["plain", "7"]]


def test_as_many_columns_as_postgresql_can_select_are_exported(db: Database):
    fields = {f"field {number:04}": f"v{number}" for number in range(1591)}
    add_contacts(db, {"email": "ann@example.com", "custom": fields})
    header, [row] = (lines := cells(exported()))[0], lines[1:]
    assert len(header) == 1600
    assert row[9:] == [fields[each] for each in sorted(fields)]


def test_many_fields_cost_little_more_than_the_document(db: Database):
    """The document is unpacked once for each contact: once for each field took 600 times as long as one field."""
    _add_wide(db, contacts=300, fields=800)
    whole = query.contacts(*_arguments(800))
    one = query.contacts(*_arguments(1))
    assert _seconds(db, whole) < 60 * _seconds(db, one)


def test_batches_of_many_columns_have_many_rows_too(db: Database):
    """Each column of each batch has its price, whatever is in it. By bytes alone, 800 columns came by 20 rows."""
    _add_wide(db, contacts=300, fields=800)
    event = csv_export_confirmed(columns=[f"custom.Field {number + 1}" for number in range(800)])
    with contact_rows(event) as rows:
        sizes = [batch.num_rows for batch in rows.batches]
    assert sum(sizes) == 300
    assert max(sizes) > 100


def _add_wide(db: Database, *, contacts: int, fields: int) -> None:
    with db.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO app.contact (workspace_id, email, custom) SELECT 'acme', 'u' || n || '@example.com',"
                " (SELECT jsonb_object_agg('Field ' || f, 'value ' || (n * 7919 + f * 31) % 100000)"
                " FROM generate_series(1, :fields) AS f) FROM generate_series(1, :contacts) AS n"
            ),
            {"fields": fields, "contacts": contacts},
        )


def _arguments(fields: int):
    event = csv_export_confirmed(columns=[f"custom.Field {number + 1}" for number in range(fields)])
    from groundwork.tasks.contacts.exports.columns import named_columns

    return event.workspace_id, event.filter, named_columns(event.columns), "csv"


def _seconds(db: Database, statement: str) -> float:
    """The fastest of three."""
    times = []
    with db.connect() as connection:
        for _ in range(3):
            begin = time.perf_counter()
            with connection.cursor().copy(f"COPY ({statement}) TO STDOUT (FORMAT binary)") as rows:
                for _row in rows:
                    pass
            times.append(time.perf_counter() - begin)
    return min(times)


@pytest.mark.parametrize("fields", [3, 100])
def test_fields_that_no_contact_has_are_found_however_many_are_asked_for(contacts: Database, fields):
    wanted = ["text", "O'Brien's {} % %s \\ \"field\"", *(f"missing {number:03}" for number in range(fields))]
    with contacts.connect() as connection:
        missing = [field for (field,) in connection.execute(query.missing_fields("acme", wanted))]
    assert missing == wanted[2:]


def test_a_rare_field_among_many_that_are_asked_for_is_not_taken_for_a_missing_one(db: Database):
    usual = [f"usual {number:02}" for number in range(30)]
    add_contacts(db, *({"email": f"u{each}@example.com", "custom": dict.fromkeys(usual, "x")} for each in range(120)))
    add_contacts(db, {"email": "last@example.com", "custom": {"rare": "y"}})
    event = csv_export_confirmed(columns=[f"custom.{field}" for field in (*usual, "rare", "none")])
    with snapshot(db) as view:
        [warning] = warnings_of(view, event)
    assert warning.startswith("columns: no contact of the workspace has the custom field 'none'")
