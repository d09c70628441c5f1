"""The SELECT: values are quoted, never part of the statement."""

from datetime import UTC, datetime

from events.exports import ContactFilter
from tasks.exports import query
from tasks.exports.columns import named_columns


def test_every_condition_is_a_literal():
    where = ContactFilter(
        tags_any=("a'b",), city="x'; DROP TABLE app.contact; --", updated_since=datetime(2026, 1, 2, tzinfo=UTC),
        custom={"it's": "100 %s\\"},
    )  # fmt: skip
    statement = query.contacts("ac'me", where, named_columns(["email", "custom.'"]), "csv")
    assert statement == (
        "SELECT \"email\", custom ->> '''' FROM app.contact WHERE workspace_id = 'ac''me'"
        " AND tags && '{a''b}'::text[] AND city = 'x''; DROP TABLE app.contact; --'"
        " AND updated_at >= '2026-01-02 00:00:00+00:00'::timestamptz AND custom ->> 'it''s' =  E'100 %s\\\\'"
    )


def test_tags_are_one_text_in_csv_and_a_list_in_parquet():
    columns = named_columns(["tags"])
    assert "array_to_string(tags, ';')" in query.contacts("acme", ContactFilter(), columns, "csv")
    assert 'SELECT "tags" FROM' in query.contacts("acme", ContactFilter(), columns, "parquet")
