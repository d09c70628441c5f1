"""Which columns a file has, and under which headers."""

import pytest

from groundwork.blocks.errors import NonRetriable
from groundwork.events.contacts.columns import STANDARD_COLUMNS
from groundwork.tasks.contacts.exports.columns import all_columns, fields_wanted, missing_warnings, named_columns
from groundwork.tasks.contacts.imports.rows.headers import layout_of
from tests.factories import csv_export_confirmed


def test_a_full_file_has_the_standard_columns_first_and_every_header_maps_back():
    fields = ["Full name", "Mobile", "Plan", "Title", "city limits"]
    layout = layout_of([column.header for column in all_columns(fields)])
    assert list(layout.mapped) == list(STANDARD_COLUMNS)
    assert list(layout.custom) == fields


def test_a_custom_field_named_like_a_standard_column_gets_a_header_of_its_own():
    headers = [column.header for column in all_columns(["city", "Plan"])]
    assert headers == [*STANDARD_COLUMNS, "custom.city", "Plan"]


def test_named_columns_keep_their_order():
    columns = named_columns(["custom.Plan", "email", "custom.a.b"])
    assert [(column.header, column.field, column.custom) for column in columns] == [
        ("Plan", "Plan", True),
        ("email", "email", False),
        ("a.b", "a.b", True),
    ]


def test_more_columns_than_postgresql_selects_are_refused():
    with pytest.raises(NonRetriable, match="Name the columns to export"):
        all_columns([f"field {number}" for number in range(1_600)])


def test_the_fields_of_filter_and_columns_are_both_wanted():
    event = csv_export_confirmed(columns=["email", "custom.Plan"], filter={"custom": {"Age": "7"}})
    assert fields_wanted(event) == {"Age": "filter", "Plan": "columns"}


def test_an_unknown_field_is_named_with_those_near_it_or_with_all():
    event = csv_export_confirmed(columns=["custom.Plam", "custom.Zzz"])
    plam, zzz = missing_warnings(event, ["Plam", "Zzz"], ["Age", "Plan"])
    assert plam == (
        "columns: no contact of the workspace has the custom field 'Plam'; did you mean 'Plan'? The column is empty."
    )
    assert "'Zzz'; there are 'Age', 'Plan'." in zzz
    [alone] = missing_warnings(event, ["Zzz"], [])
    assert "there are none." in alone


def test_of_very_many_unknown_fields_some_are_named():
    unknown = [f"{'x' * 900}{number}" for number in range(1_500)]
    event = csv_export_confirmed(columns=[f"custom.{field}" for field in unknown])
    warnings = missing_warnings(event, unknown, [f"field {number}" for number in range(1_500)])
    assert len(warnings) == 21
    assert warnings[-1] == "1,480 other custom fields asked for that no contact has."
    assert sum(map(len, warnings)) < 20_000
