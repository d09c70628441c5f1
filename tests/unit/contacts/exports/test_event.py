"""What an export's event accepts: refusals name the field."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.factories import csv_export_confirmed


def refusal(**fields: Any) -> tuple[tuple[Any, ...], str]:
    """Place and reason of the one thing that is wrong."""
    with pytest.raises(ValidationError) as refused:
        csv_export_confirmed(**fields)
    [error] = refused.value.errors()
    return error["loc"], error["msg"]


def test_everything_but_the_ids_has_a_default():
    event = csv_export_confirmed()
    assert (event.format, event.columns, event.neutralise_formulas) == ("csv", None, True)
    assert csv_export_confirmed(**event.wire()) == event


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"columns": ["email", "cty"]}, ("columns", 1), "unknown column 'cty', did you mean 'city'"),
        ({"columns": ["custom."]}, ("columns", 0), "unknown column 'custom.'"),
        ({"columns": ["email", "email"]}, ("columns",), "email stands here twice"),
        ({"columns": []}, ("columns",), "at least 1 item"),
        ({"format": "xls"}, ("format",), "'csv' or 'parquet'"),
        ({"filter": {"town": "Ulm"}}, ("filter", "town"), "Extra inputs are not permitted"),
        ({"filter": {"updatedSince": "2026-11-01T00:00:00"}}, ("filter", "updatedSince"), "timezone"),
        ({"filter": {"city": "U\0lm"}}, (), "U+0000"),
        ({"exportId": "a/../b"}, ("exportId",), "should match pattern"),
    ],
)
def test_what_cannot_be_exported_is_refused_at_emission(fields, place, reason):
    where, message = refusal(**fields)
    assert where == place
    assert reason in message
