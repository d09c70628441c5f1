"""The SELECT: values are quoted, never part of the statement."""

from datetime import UTC, datetime

from groundwork.events.contacts.exports import ContactFilter
from groundwork.tasks.contacts.exports import query
from groundwork.tasks.contacts.exports.columns import named_columns


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


def test_several_custom_fields_are_read_from_a_document_that_is_unpacked_once():
    statement = query.contacts("acme", ContactFilter(), named_columns(["email", "custom.a", "custom.b"]), "csv")
    assert statement == (
        "SELECT \"email\", custom ->> 'a', custom ->> 'b' FROM (SELECT \"email\", custom || '{}' AS custom"
        " FROM app.contact WHERE workspace_id = 'acme' OFFSET 0) AS contact"
    )


def test_contacts_without_custom_fields_are_read_as_they_are():
    statement = query.contacts("acme", ContactFilter(), named_columns(["email", "city"]), "csv")
    assert statement == 'SELECT "email", "city" FROM app.contact WHERE workspace_id = \'acme\''
