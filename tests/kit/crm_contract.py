"""What every CRM does. A CRM from outside shows it by a subclass with fixtures of its own::

from groundwork.blocks.nurture.crm.crm import Crm
from groundwork.testing.crm_contract import CrmContract, CrmPlace

class TestOurCrm(CrmContract):
    @pytest.fixture
    def crm(self) -> Crm:
        return our_crm(CrmAccount(workspace_id="acme", crm="ours", id="an-empty-account"))

    @pytest.fixture
    def place(self, crm) -> CrmPlace:
        return OurAccountAsItsPeopleSeeIt()
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from groundwork.blocks.nurture.crm.contact import FIELDS, OutgoingContact
from groundwork.blocks.nurture.crm.crm import Crm

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class CrmPlace(Protocol):
    """The account behind a CRM, as the people of the agency see it."""

    def contacts(self) -> list[dict[str, str]]:
        """All contacts, each by our fields, with its id as ``id``; what is empty is left out."""

    def edit(self, external_id: str, at: datetime, **values: str) -> None:
        """Change values of our fields, as a person does at that moment."""

    def delete(self, external_id: str) -> None:
        """Delete a contact, as a person does."""


def outgoing(contact_id: str = "c1", at: datetime | None = None, **values: Any) -> OutgoingContact:
    """A contact of ours: Ada, unless it is said otherwise, whose values all came to be at one moment."""
    given = {"email": f"{contact_id}@example.com", "first_name": "Ada", "last_name": "Byron"} | values
    known = {name: given.pop(name) for name in ("external_id", "common", "anew") if name in given}
    when = at or datetime.now(UTC)
    return OutgoingContact(contact_id=contact_id, values=given, changed_at=dict.fromkeys(given, when), **known)


class CrmContract:
    """The tests of a CRM's fixtures ``crm`` and ``place``, whose account is empty at the beginning of each."""

    @pytest.fixture
    def crm(self) -> Crm:
        """The CRM. Every subclass has its own."""
        raise NotImplementedError("give the subclass of CrmContract a fixture `crm`")

    @pytest.fixture
    def place(self) -> CrmPlace:
        """The account that the CRM leads to."""
        raise NotImplementedError("give the subclass of CrmContract a fixture `place`")

    def test_a_new_contact_is_made_with_its_values(self, crm: Crm, place: CrmPlace) -> None:
        [outcome] = crm.push([outgoing(phone="+44 20 7946 0000")])
        assert outcome.state == "written"
        [contact] = place.contacts()
        assert contact == {
            "id": outcome.external_id,
            "email": "c1@example.com",
            "first_name": "Ada",
            "last_name": "Byron",
            "phone": "+44 20 7946 0000",
        }

    def test_all_fields_arrive(self, crm: Crm, place: CrmPlace) -> None:
        values: dict[str, Any] = {"category": "vendor", "categorised_on": "2026-11-27", "intent_score": "71.5"}
        values |= {"intent_band": "hot", "sequence": "Your valuation; What sells; A call?"}
        [outcome] = crm.push([outgoing(**values)])
        [contact] = place.contacts()
        assert {name: contact.get(name) for name in values if name not in outcome.left_out} == {
            name: value for name, value in values.items() if name not in outcome.left_out
        }
        assert set(outcome.left_out) <= set(FIELDS) - set(crm.properties)

    def test_a_repeat_after_a_kill_makes_no_second_contact(self, crm: Crm, place: CrmPlace) -> None:
        [first] = crm.push([outgoing()])
        [again] = crm.push([outgoing()])
        assert (again.state, again.external_id) == ("unchanged", first.external_id)
        assert len(place.contacts()) == 1

    def test_one_e_mail_in_two_cases_is_one_contact(self, crm: Crm, place: CrmPlace) -> None:
        before = datetime.now(UTC) - timedelta(hours=1)
        older = outgoing("c1", before, email="Ada@Example.com", first_name="A.")
        newer = outgoing("c2", email="ada@example.com", first_name="Ada")
        first, second = crm.push([older, newer])
        assert first.external_id == second.external_id
        [contact] = place.contacts()
        assert contact["first_name"] == "Ada"

    def test_outcomes_stand_in_the_order_of_the_contacts(self, crm: Crm, place: CrmPlace) -> None:
        outcomes = crm.push([outgoing(f"c{number}") for number in range(7)])
        assert [each.contact_id for each in outcomes] == [f"c{number}" for number in range(7)]
        by_id = {each["id"]: each["email"] for each in place.contacts()}
        assert [by_id[str(each.external_id)] for each in outcomes] == [f"c{number}@example.com" for number in range(7)]

    def test_nothing_is_nothing(self, crm: Crm, place: CrmPlace) -> None:
        assert crm.push([]) == []
        assert place.contacts() == []

    def test_what_has_changed_is_written_and_the_rest_is_left_alone(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing()])
        assert made.external_id
        place.edit(made.external_id, datetime.now(UTC), phone="1")
        common: Any = {"email": "c1@example.com", "first_name": "Ada", "last_name": "Byron"}
        [outcome] = crm.push([outgoing(last_name="Lovelace", external_id=made.external_id, common=common)])
        assert outcome.state == "written"
        [contact] = place.contacts()
        assert (contact["first_name"], contact["last_name"], contact["phone"]) == ("Ada", "Lovelace", "1")

    def test_a_value_that_we_have_no_more_is_cleared(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing(phone="1")])
        common: Any = {"email": "c1@example.com", "first_name": "Ada", "last_name": "Byron", "phone": "1"}
        now = datetime.now(UTC) + timedelta(seconds=5)
        crm.push([outgoing(at=now, phone=None, external_id=made.external_id, common=common)])
        [contact] = place.contacts()
        assert "phone" not in contact

    def test_a_value_that_we_never_had_is_not_cleared(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing()])
        assert made.external_id
        place.edit(made.external_id, LONG_AGO, phone="1")
        crm.push([outgoing(phone=None)])
        [contact] = place.contacts()
        assert contact["phone"] == "1"

    def test_a_newer_value_of_the_crm_stays_and_is_told(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing(phone="1")])
        assert made.external_id
        place.edit(made.external_id, datetime.now(UTC), phone="2")
        earlier = datetime.now(UTC) - timedelta(hours=1)
        common: Any = {"email": "c1@example.com", "first_name": "Ada", "last_name": "Byron", "phone": "1"}
        [outcome] = crm.push([outgoing(at=earlier, phone="3", external_id=made.external_id, common=common)])
        [contact] = place.contacts()
        assert (contact["phone"], outcome.kept) == ("2", {"phone": "2"})

    def test_an_older_value_of_the_crm_is_replaced(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing(phone="1")])
        assert made.external_id
        place.edit(made.external_id, LONG_AGO, phone="2")
        later = datetime.now(UTC) + timedelta(seconds=5)
        [outcome] = crm.push([outgoing(at=later, phone="3", external_id=made.external_id)])
        [contact] = place.contacts()
        assert (contact["phone"], outcome.state, outcome.kept) == ("3", "written", {})

    def test_an_e_mail_that_we_changed_is_changed_by_the_known_id(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing()])
        later = datetime.now(UTC) + timedelta(seconds=5)
        changed = outgoing(at=later, email="ada@new.example", external_id=made.external_id)
        [outcome] = crm.push([changed])
        assert outcome.external_id == made.external_id
        [contact] = place.contacts()
        assert contact["email"] == "ada@new.example"

    def test_a_stale_id_is_looked_up_by_e_mail(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing()])
        [outcome] = crm.push([outgoing(external_id="987654321")])
        assert outcome.external_id == made.external_id
        assert len(place.contacts()) == 1

    def test_a_deleted_contact_is_made_again_only_if_a_person_asks(self, crm: Crm, place: CrmPlace) -> None:
        [made] = crm.push([outgoing()])
        assert made.external_id
        place.delete(made.external_id)
        known = outgoing(external_id=made.external_id)
        [outcome] = crm.push([replace(known, anew=False)])
        assert (outcome.state, outcome.external_id, place.contacts()) == ("skipped", None, [])
        [outcome] = crm.push([known])
        assert outcome.state == "written"
        [contact] = place.contacts()
        assert contact["id"] == outcome.external_id

    def test_a_contact_without_e_mail_is_made_once_or_told(self, crm: Crm, place: CrmPlace) -> None:
        for _ in range(2):
            [outcome] = crm.push([outgoing(email=None)])
        assert len(place.contacts()) == (0 if outcome.state == "skipped" else 1)
        assert outcome.reason or outcome.external_id

    @pytest.mark.parametrize(
        "name", ["Zoë 👩‍🚀", "עדה", "<b>Ada</b>", "{{ 7 * 7 }}", "Ada; DROP TABLE contact --", "x" * 300]
    )
    def test_a_name_arrives_as_it_is(self, crm: Crm, place: CrmPlace, name: str) -> None:
        crm.push([outgoing(first_name=name)])
        [contact] = place.contacts()
        assert contact["first_name"] == name
