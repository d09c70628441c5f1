"""A category is given in the caller's own transaction: row and event, or neither."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import event
from sqlalchemy.orm import Session

from groundwork.tasks.nurture.contacts.categorise import ContactRefused, categorise, categorise_many
from groundwork.tasks.nurture.contacts.contact import Contact
from tests.integration.nurture.agencies import ACME, ADA, OTHER, contact, give, rows, sent_events

CATEGORISED = "nurture/contact.categorised"
NOW = datetime.now(UTC)


def test_row_and_event_commit_together(db):
    with Session(db.engine) as session:
        assert categorise(session, contact(), "buyer", user_id=ADA, at=NOW)
        session.commit()
    [row] = rows(db, "contact")
    assert (row["category"], row["categorised_at"], row["category_since"]) == ("buyer", NOW, NOW)
    [sent] = sent_events(db, CATEGORISED)
    assert (sent["contactId"], sent["category"]) == ("c-1", "buyer")


def test_neither_is_there_where_the_caller_rolls_back(db):
    with Session(db.engine) as session:
        categorise(session, contact(), "buyer", user_id=ADA)
        session.rollback()
    assert (rows(db, "contact"), sent_events(db, CATEGORISED)) == ([], [])


def test_an_older_category_replaces_no_newer_one(db):
    assert give(db, category="buyer", at=NOW)
    assert not give(db, category="vendor", at=NOW - timedelta(seconds=1))
    assert [each["category"] for each in rows(db, "contact")] == ["buyer"]
    assert len(sent_events(db, CATEGORISED)) == 1


def test_the_same_category_again_sends_nothing_but_counts_as_given_later(db):
    assert give(db, category="buyer", at=NOW)
    assert not give(db, category="buyer", at=NOW + timedelta(seconds=2))
    assert not give(db, category="vendor", at=NOW + timedelta(seconds=1))
    [row] = rows(db, "contact")
    assert (row["category"], row["category_since"]) == ("buyer", NOW)
    assert give(db, category="vendor", at=NOW + timedelta(seconds=3))
    assert [each["category"] for each in sent_events(db, CATEGORISED)] == ["buyer", "vendor"]


def test_what_is_left_out_stays_as_it_was(db):
    give(db, contact(notes="likes gardens", phone="1"))
    give(db, Contact(workspace_id=ACME, id="c-1", first_name="Ada"), "vendor")
    [row] = rows(db, "contact")
    assert (row["first_name"], row["notes"], row["email"]) == ("Ada", "likes gardens", "c-1@example.com")


def test_an_address_that_another_contact_has_is_refused_in_words(db):
    give(db, contact("c-1"))
    with pytest.raises(ContactRefused, match="another contact of the workspace has this e-mail address"):
        give(db, contact("c-2", email="C-1@Example.com"))
    give(db, contact("c-2", OTHER, email="c-1@example.com"))
    assert len(rows(db, "contact")) == 2


def test_five_hundred_contacts_take_as_many_statements_as_one(db):
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with db.transaction() as connection:
        categorise(connection, contact("one"), "buyer", user_id=ADA)
    for_one, statements[:] = len(statements), []
    with db.transaction() as connection:
        changed = categorise_many(connection, [contact(f"c-{n}") for n in range(500)], "buyer", user_id=ADA)
    assert changed == [f"c-{n}" for n in range(500)]
    assert len(statements) == for_one <= 5
    assert len(sent_events(db, CATEGORISED)) == 501


def test_of_a_contact_that_is_there_twice_the_last_counts(db):
    with db.transaction() as connection:
        twice = [contact(first_name="Ann"), contact(first_name="Bea")]
        assert categorise_many(connection, twice, "buyer", user_id=ADA) == ["c-1"]
    assert [each["first_name"] for each in rows(db, "contact")] == ["Bea"]


def test_requests_at_once_for_the_same_contacts_do_not_wait_crosswise(db):
    people = [contact(f"c-{n}") for n in range(50)]

    def give_all(turn: int) -> None:
        with db.transaction() as connection:
            category = ("buyer", "vendor")[turn % 2]
            categorise_many(connection, people[:: 1 if turn % 2 else -1], category, user_id=ADA)  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(give_all, turn) for turn in range(12)]:
            done.result()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"category": "friend"}, "is no category; there are landlord"),
        ({"at": datetime(2026, 1, 1)}, "no zone"),
        ({"at": NOW + timedelta(days=1)}, "is in the future"),
    ],
)
def test_what_cannot_be_meant_is_refused(db, given, told):
    said = {"category": "buyer", "at": NOW} | given
    with pytest.raises(ValueError, match=told), db.transaction() as connection:
        categorise(connection, contact(), said["category"], user_id=ADA, at=said["at"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields", [{"email": "no address"}, {"email": "a@b.example, c@d.example"}, {"notes": "x" * 20_001}, {"id": "a/b"}]
)
def test_a_contact_that_cannot_be_is_refused_with_the_field(fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        Contact(**{"workspace_id": ACME, "id": "c-1"} | fields)


@pytest.mark.parametrize(
    "name",
    [
        "x" * 300, "🦄 Zoë 🌸", "محمد", "\u202eevil\u202c", "a\r\nBcc: all@example.com", "<b>Bob</b>", "{{7*7}}",
        "Robert'); DROP TABLE",
    ],
)  # fmt: skip
def test_a_name_may_be_anything(db, name):
    give(db, contact(first_name=name, last_name=name))
    assert [each["first_name"] for each in rows(db, "contact")] == [name]
