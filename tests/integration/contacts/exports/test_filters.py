"""Which contacts a filter lets through."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from tests.factories import scalar
from tests.integration.contacts.exports.exporting import add_contacts, cells, exported

CONTACTS = (
    {"email": "ada", "city": "Ulm", "tags": ["vip", "lead"], "custom": {"Plan": "pro", "it's": "100 %s\\"}},
    {"email": "ben", "city": "ulm", "tags": ["lead"], "custom": {"Plan": "free"}},
    {"email": "cleo", "city": None, "tags": ["x,y", 'a "b" {c}'], "custom": {}},
)


def emails(**conditions: Any) -> list[str]:
    """Who is exported."""
    return [row[0] for row in cells(exported(columns=["email"], filter=conditions))[1:]]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ["ada", "ben", "cleo"]),
        ({"tagsAny": ["vip", "x,y"]}, ["ada", "cleo"]),
        ({"tagsAll": ["vip", "lead"]}, ["ada"]),
        ({"tagsAll": ['a "b" {c}']}, ["cleo"]),
        ({"tagsAny": ["lead"], "city": "ulm"}, ["ben"]),
        ({"city": "Ulm"}, ["ada"]),
        ({"custom": {"Plan": "free"}}, ["ben"]),
        ({"custom": {"it's": "100 %s\\"}}, ["ada"]),
        ({"custom": {"Plan": "pro", "it's": "no"}}, []),
        ({"city": "' OR true --"}, []),
    ],
)
def test_every_condition_has_to_hold(db: Database, conditions: dict[str, Any], expected: list[str]):
    add_contacts(db, *CONTACTS)
    assert emails(**conditions) == expected


def test_updated_since_includes_its_own_moment_and_knows_time_zones(db: Database):
    add_contacts(db, *CONTACTS)
    for email, moment in (("ada", datetime(2026, 1, 1, 12, tzinfo=UTC)), ("ben", datetime(2026, 1, 1, 11, tzinfo=UTC))):
        with db.transaction() as connection:
            connection.execute(
                text("UPDATE app.contact SET updated_at = :at WHERE email = :email"), {"at": moment, "email": email}
            )
    assert set(emails(updatedSince="2026-01-01T13:00:00+01:00")) == {"ada", "cleo"}


def test_injected_sql_is_a_value(db: Database):
    add_contacts(db, *CONTACTS)
    attack = "x'); DROP TABLE app.contact; --"
    assert emails(city=attack, tagsAny=[attack]) == []
    assert scalar(db, "SELECT count(*) FROM app.contact") == 3


def test_other_workspaces_are_never_exported(db: Database):
    add_contacts(db, *CONTACTS)
    add_contacts(db, {"email": "stranger", "custom": {"Secret": "s"}}, workspace="other")
    content = exported()
    assert b"stranger" not in content
    assert b"Secret" not in content
