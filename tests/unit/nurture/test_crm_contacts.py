"""Contacts on their way into a CRM: which are one there, what has changed, and what is older."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.blocks.nurture.crm.contact import OutgoingContact, folded, merged
from groundwork.blocks.nurture.crm.hubspot.batches import wrong_properties
from groundwork.blocks.nurture.crm.hubspot.properties import Properties, same
from groundwork.blocks.nurture.crm.hubspot.transport import HubSpotRefused

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def contact(contact_id: str, email: str | None, external_id: str | None = None, **more: object) -> OutgoingContact:
    values: dict[str, str | None] = {"email": email}
    return OutgoingContact(contact_id=contact_id, external_id=external_id, values=values, changed_at={}, **more)


def test_contacts_of_one_address_or_one_id_are_one():
    groups = folded(
        [
            contact("a", "X@y.example"),
            contact("b", None),
            contact("c", "x@Y.example "),
            contact("d", None, "7"),
            contact("e", "z@y.example", "7"),
        ]
    )
    assert [[each.contact_id for each in group] for group in groups] == [["a", "c"], ["b"], ["d", "e"]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a@x.example", "A@x.example", "b@x.example", None]), st.sampled_from([None, "1", "2"])
        )
    )
)
def test_no_contact_is_lost_or_doubled_by_folding(made: list[tuple[str | None, str | None]]):
    contacts = [contact(str(number), email, external) for number, (email, external) in enumerate(made)]
    found = [each.contact_id for group in folded(contacts) for each in group]
    assert sorted(found) == sorted(each.contact_id for each in contacts)


def test_of_several_that_are_one_the_newest_value_counts():
    def at(hours: int, name: str) -> OutgoingContact:
        return OutgoingContact(
            contact_id=name,
            values={"first_name": name},
            changed_at={"first_name": NOW + timedelta(hours=hours)},
            anew=False,
        )

    assert merged([at(1, "old"), at(3, "new"), at(2, "middle")]).values == {"first_name": "new"}


def test_what_was_never_given_is_no_change():
    made = OutgoingContact(contact_id="a", values={"phone": None, "email": "a@x.example"}, changed_at={})
    assert made.changed == {"email": "a@x.example"}


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("string", "Ada", "Ada"),
        ("string", None, ""),
        ("date", "2026-11-27", "1795737600000"),
        ("date", "2026-11-27T23:59:59+00:00", "1795737600000"),
        ("datetime", "2026-11-27T00:00:01+00:00", "1795737601000"),
        ("number", "71.50", "71.5"),
        ("number", "71", "71"),
        ("number", None, ""),
    ],
)
def test_a_value_is_written_as_its_property_wants(kind: str, value: str | None, written: str):
    found = Properties({"phone": {"type": kind, "options": [], "read_only": False}})
    assert found.written({"phone": value}) == ({"phone": written}, {})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "much"),
        ("number", "nan"),
        ("number", "inf"),
        ("date", "soon"),
        ("datetime", "x"),
        ("string", "x" * 65_537),
    ],
)
def test_a_value_that_its_property_does_not_take_is_left_out(kind: str, value: str):
    found = Properties({"phone": {"type": kind, "options": [], "read_only": False}})
    properties, left_out = found.written({"phone": value})
    assert (properties, list(left_out)) == ({}, ["phone"])


@pytest.mark.parametrize(
    ("name", "ours", "theirs", "is_same"),
    [
        ("email", "Ada@X.example", "ada@x.example", True),
        ("phone", "", None, True),
        ("phone", "", "1", False),
        ("phone", "1", None, False),
        ("score", "71.5", "71.50", True),
        ("score", "71", "71.0", True),
        ("day", "1795737600000", "2026-11-27", True),
        ("day", "1795737600000", "2026-11-28", False),
        ("phone", "Ada", "Bob", False),
    ],
)
def test_a_value_that_hubspot_writes_in_its_own_way_is_the_same(
    name: str, ours: str, theirs: str | None, is_same: bool
):
    assert same(name, ours, theirs) is is_same


@pytest.mark.parametrize(
    "body",
    [
        {"message": 'Property values were not valid: [{"name": "phone"}, {"name": "firstname"}]'},
        {"context": {"propertyName": ["phone", "firstname"]}},
        {"errors": [{"context": {"propertyName": "phone"}}, {"context": {"propertyName": ["firstname"]}}]},
    ],
)
def test_hubspot_names_wrong_properties_in_several_places(body: dict[str, object]):
    assert wrong_properties(HubSpotRefused(400, body)) == {"phone", "firstname"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": None},
        {"message": "Property values were not valid: nope"},
        {"message": "Property values were not valid: 7"},
        {"errors": ["x"], "context": "y"},
    ],
)
def test_an_error_of_another_form_names_nothing(body: dict[str, object]):
    assert wrong_properties(HubSpotRefused(400, body)) == set()
