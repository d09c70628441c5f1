"""The job ``apply-crm-change`` with Prefect's engine, and its rule: of each value the latest, whatever the order."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.nurture.crm import CrmContactChanged
from groundwork.flows.nurture import apply_crm_change  # noqa: F401 - registers the job
from groundwork.tasks.nurture.crm_sync.inbound import apply_changes
from tests.factories import scalar
from tests.integration.nurture.crm.agencies import (
    ACME,
    add_agency,
    add_contact,
    change,
    push,
    register_jobs,
    rows,
    run,
    the_contact,
)

pytestmark = pytest.mark.usefixtures("prefect_api")

LATER = datetime.now(UTC) + timedelta(hours=6)
FIELDS = {name: name for name in ("email", "first_name", "last_name", "phone")}


def told(
    at: datetime = LATER, external_id: str = "c1", deleted: bool = False, **changes: str | None
) -> CrmContactChanged:
    return CrmContactChanged(
        workspace_id=ACME, crm="table", external_id=external_id, changes=changes, deleted=deleted, changed_at=at
    )


@pytest.fixture
def linked(db: Database) -> Database:
    """An agency whose contact c1 is in its CRM."""
    register_jobs(db)
    add_agency(db)
    add_contact(db, phone="1")
    push(db, "c1")
    return db


def test_what_was_changed_there_is_taken_over(linked: Database):
    [delivery] = run(linked, [told(phone="2", first_name="Augusta", email="ada@new.example")])
    assert delivery.result["state"] == "taken"
    assert sorted(delivery.result["taken"]) == ["email", "first_name", "phone"]
    contact = the_contact(linked)
    assert (contact.phone, contact.first_name, contact.email) == ("2", "Augusta", "ada@new.example")


def test_a_value_that_was_cleared_there_is_cleared_here(linked: Database):
    run(linked, [told(phone=None)])
    assert the_contact(linked).phone is None


def test_our_own_change_that_comes_back_changes_nothing(linked: Database):
    [delivery] = run(linked, [told(phone="1")])
    assert delivery.result == {"state": "unchanged"}


def test_our_own_change_that_comes_back_late_does_not_undo_a_newer_one(linked: Database):
    change(linked, phone="3")
    run(linked, [told(phone="1")])
    assert the_contact(linked).phone == "3"


def test_what_was_taken_over_is_not_pushed_back(linked: Database):
    run(linked, [told(phone="2")])
    [delivery] = push(linked, "c1", reason="contact")
    assert delivery.result["state"] in ("written", "unchanged")
    assert scalar(linked, "SELECT phone FROM nurture.crm_contact") == "1"  # the table has not been told of the event
    assert "phone" not in delivery.result.get("kept", {})


def test_an_older_change_of_the_crm_is_left(linked: Database):
    earlier = datetime.now(UTC) - timedelta(days=1)
    [delivery] = run(linked, [told(earlier, phone="2")])
    assert delivery.result == {"state": "unchanged", "older": ["phone"]}
    assert the_contact(linked).phone == "1"


def test_a_change_here_that_is_newer_and_not_pushed_yet_stays(linked: Database):
    before = datetime.now(UTC)
    change(linked, phone="3")
    run(linked, [told(before, phone="2")])
    assert the_contact(linked).phone == "3"


def test_each_value_has_a_time_of_its_own(linked: Database):
    run(linked, [told(LATER, phone="2")])
    run(linked, [told(LATER - timedelta(seconds=10), phone="0", last_name="Byron")])
    contact = the_contact(linked)
    assert (contact.phone, contact.last_name) == ("2", "Byron")


def test_events_of_one_batch_each_have_an_outcome(linked: Database):
    deliveries = run(linked, [told(phone="2"), told(phone="3"), told(external_id="nobody", phone="4")])
    assert [each.result["state"] for each in deliveries] == ["taken", "taken", "unknown"]
    assert the_contact(linked).phone == "3"


def test_a_deletion_marks_the_contact_and_nothing_is_pushed_to_it(linked: Database):
    [delivery] = run(linked, [told(deleted=True)])
    assert delivery.result == {"state": "deleted"}
    change(linked, phone="9")
    [delivery] = push(linked, "c1", reason="score")
    assert delivery.result["state"] == "skipped"
    assert the_contact(linked).email == "c1@example.com"


def test_a_contact_that_was_merged_there_is_followed_in_the_same_batch_too(linked: Database):
    merges = [
        CrmContactChanged(workspace_id=ACME, crm="table", external_id=old, merged_into=new, changed_at=LATER + delay)
        for old, new, delay in (("c7", "c8", timedelta(seconds=2)), ("c1", "c7", timedelta(seconds=1)))
    ]
    deliveries = run(linked, [told(external_id="c8", phone="2"), *merges])
    assert [each.result["state"] for each in deliveries] == ["taken", "merged", "merged"]
    assert (the_contact(linked).phone, scalar(linked, "SELECT external_id FROM nurture.crm_link")) == ("2", "c8")


def test_a_change_after_a_deletion_says_that_it_is_there_again(linked: Database):
    run(linked, [told(deleted=True), told(LATER + timedelta(seconds=1), phone="2")])
    assert scalar(linked, "SELECT deleted_at FROM nurture.crm_link") is None


@pytest.mark.parametrize(
    "value",
    ["ver\x0btical", "x" * 501, "line\nbreak", "\u202egnp.exe"],
    ids=["control", "long", "lines", "right-to-left"],
)
def test_a_value_that_no_person_has_is_left_out_and_the_others_are_taken(linked: Database, value: str):
    [delivery] = run(linked, [told(first_name=value, phone="2")])
    assert list(delivery.result["refused"]) == ["first_name"]
    assert (the_contact(linked).first_name, the_contact(linked).phone) == ("Ada", "2")


@pytest.mark.parametrize("name", ["Zoë 👩‍🚀", "עדה", "O'Brien-Łukasz", "محمد"])
def test_a_name_of_any_script_is_taken(linked: Database, name: str):
    run(linked, [told(first_name=name)])
    assert the_contact(linked).first_name == name


@pytest.mark.parametrize("value", ["no address", "a b@example.com"])
def test_an_e_mail_that_is_none_is_left_out(linked: Database, value: str):
    [delivery] = run(linked, [told(email=value)])
    assert delivery.result["refused"] == {"email": "it is no e-mail address"}


def test_an_e_mail_that_the_crm_writes_in_lower_case_is_no_change(linked: Database):
    add_contact(linked, "c2", email="Ada.Byron@Example.com")
    push(linked, "c2")
    [delivery] = run(linked, [told(external_id="c2", email="ada.byron@example.com")])
    assert delivery.result == {"state": "unchanged"}
    assert the_contact(linked, "c2").email == "Ada.Byron@Example.com"


def test_an_e_mail_that_another_contact_has_is_left_out_and_the_others_are_taken(linked: Database):
    add_contact(linked, "c2")
    [delivery] = run(linked, [told(email="C2@example.com", phone="2")])
    assert delivery.result["refused"] == {"email": "another contact of the agency has it"}
    assert delivery.result["taken"] == ["phone"]
    assert the_contact(linked).email == "c1@example.com"


def test_two_contacts_that_swap_their_addresses_end_somewhere(linked: Database):
    add_contact(linked, "c2")
    push(linked, "c2")
    deliveries = run(linked, [told(email="c2@example.com"), told(external_id="c2", email="c1@example.com")])
    assert [each.state for each in deliveries] == ["done", "done"]


def test_an_event_of_another_workspace_touches_nothing(linked: Database):
    event = CrmContactChanged(
        workspace_id="globex", crm="table", external_id="c1", changes={"phone": "2"}, changed_at=LATER
    )
    add_agency(linked, "globex")
    [delivery] = run(linked, [event])
    assert delivery.result["state"] == "unknown"
    assert the_contact(linked).phone == "1"


def test_an_event_of_the_crm_that_the_agency_had_before_touches_nothing(linked: Database):
    event = CrmContactChanged(
        workspace_id=ACME, crm="hubspot", external_id="c1", changes={"phone": "2"}, changed_at=LATER
    )
    [delivery] = run(linked, [event])
    assert "CRM is table now" in delivery.result["reason"]


def test_what_is_no_persons_value_is_not_taken_over(linked: Database):
    run(linked, [told(category="buyer", intent_score="99", notes="x")])
    assert the_contact(linked).category == "vendor"


@given(
    changes=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["phone", "first_name"]), st.sampled_from([None, "2", "3", "4"])),
        min_size=2,
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_arrival_says_nothing(linked: Database, changes: list[tuple[int, str, Any]]):
    events = [told(LATER + timedelta(seconds=second), **{name: value}) for second, name, value in changes]
    ends = set()
    for order in itertools.permutations(events):
        with linked.engine.connect() as connection, connection.begin() as transaction:
            for each in order:
                apply_changes(connection, "table", [each], FIELDS)
            row = connection.execute(text("SELECT phone, first_name FROM nurture.contact WHERE id = 'c1'")).one()
            ends.add(tuple(row))
            transaction.rollback()
    assert len(ends) == 1


def test_the_link_is_not_kept_twice(linked: Database):
    run(linked, [told(phone="2")])
    assert len(rows(linked, "SELECT 1 FROM nurture.crm_link")) == 1
