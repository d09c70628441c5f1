"""HubSpot with all that goes wrong: its refusals, people who are quicker, connections that break."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.blocks.errors import RetryAfter
from groundwork.blocks.nurture.crm.credentials import keep_credential
from groundwork.blocks.nurture.crm.crm import Crm, crm_at
from groundwork.blocks.nurture.crm.errors import CrmUnavailable
from groundwork.blocks.nurture.crm.settings import crm_settings
from tests.integration.nurture.crm.conftest import PORTAL
from tests.integration.nurture.crm.hubspot_server import CONTACTS, Fault, HubSpotServer
from tests.kit.crm_contract import outgoing

UPSERT = f"{CONTACTS}/batch/upsert"
UPDATE = f"{CONTACTS}/batch/update"


def many(count: int, **values: Any) -> list[Any]:
    return [outgoing(f"c{number}", **values) for number in range(count)]


def test_a_batch_has_a_hundred_contacts_and_reads_of_history_fifty(crm: Crm, portal: HubSpotServer):
    crm.push(many(120))
    assert [len(body["inputs"]) for _, body in portal.writes()] == [100, 20]
    reads = [body["inputs"] for _, path, body in portal.requests if path.endswith("/batch/read")]
    assert max(map(len, reads)) == 50


def test_each_input_has_a_trace_of_its_own(crm: Crm, portal: HubSpotServer):
    crm.push(many(3))
    [(_, body)] = portal.writes()
    assert len({each["objectWriteTraceId"] for each in body["inputs"]}) == 3


@pytest.mark.parametrize("supports_traces", [True, False], ids=["207", "whole batch refused"])
@pytest.mark.parametrize("names_culprits", [True, False], ids=["all named", "one named"])
def test_one_bad_contact_fails_alone(crm: Crm, portal: HubSpotServer, supports_traces: bool, names_culprits: bool):
    portal.supports_traces, portal.names_culprits = supports_traces, names_culprits
    contacts = many(10)
    for bad in (3, 7):
        contacts[bad] = outgoing(f"c{bad}", email=f"no address {bad}")
    outcomes = crm.push(contacts)
    assert [number for number, each in enumerate(outcomes) if each.state != "written"] == [3, 7]
    assert [each.state for each in outcomes][3] == "refused"
    assert "INVALID_EMAIL" in outcomes[3].reason
    assert len(portal.contacts) == 8


def test_a_batch_that_is_refused_without_a_reason_is_halved_to_the_end(crm: Crm, portal: HubSpotServer):
    portal.faults.append(Fault(UPSERT, 400, body={"message": "no"}))
    outcomes = crm.push(many(8))
    assert {each.state for each in outcomes} == {"written"}
    assert [len(body["inputs"]) for _, body in portal.writes()] == [8, 4, 4]


@pytest.mark.parametrize("header", ["7", "date"])
def test_too_many_requests_are_waited_for_as_long_as_hubspot_says(crm: Crm, portal: HubSpotServer, header: str):
    later = (datetime.now(UTC) + timedelta(seconds=120)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    wait = {"Retry-After": later if header == "date" else header}
    portal.faults.append(Fault(UPSERT, 429, headers=wait, body={"policyName": "SECONDLY"}))
    with pytest.raises(RetryAfter, match="SECONDLY") as caught:
        crm.push(many(2))
    assert caught.value.seconds == pytest.approx(120 if header == "date" else 7, abs=5)


@pytest.mark.parametrize(("policy", "seconds"), [("SECONDLY", 1), ("TEN_SECONDLY_ROLLING", 10), ("DAILY", 3600)])
def test_a_429_without_a_time_has_that_of_its_policy(crm: Crm, portal: HubSpotServer, policy: str, seconds: float):
    portal.faults.append(Fault("/batch/read", 429, body={"errorType": "RATE_LIMIT", "policyName": policy}))
    with pytest.raises(RetryAfter) as caught:
        crm.push(many(1))
    assert caught.value.seconds == seconds


def test_a_429_within_a_halved_batch_is_not_taken_for_a_refusal(crm: Crm, portal: HubSpotServer):
    portal.faults += [Fault(UPSERT, 400), Fault(UPSERT, 429, headers={"Retry-After": "3"})]
    with pytest.raises(RetryAfter):
        crm.push(many(4))


@pytest.mark.parametrize(
    "status", [500, 502, 0], ids=["500 after the write", "502 after the write", "reset before the answer"]
)
@pytest.mark.parametrize("after", [True, False], ids=["written", "not written"])
def test_a_lost_answer_makes_no_second_contact(crm: Crm, portal: HubSpotServer, status: int, after: bool):
    portal.faults.append(Fault(UPSERT, status, after=after))
    with pytest.raises(CrmUnavailable):
        crm.push(many(5))
    assert len(portal.contacts) == (5 if after else 0)
    outcomes = crm.push(many(5))
    assert {each.state for each in outcomes} == {"unchanged" if after else "written"}
    assert len(portal.contacts) == 5


def test_hubspot_that_hangs_is_left_after_the_timeout(
    crm: Crm, portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch
):
    fresh_settings.setenv("GROUNDWORK_CRM_TIMEOUT_SECONDS", "0.3")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    with portal._lock, pytest.raises(CrmUnavailable, match="Timeout"):
        crm.push(many(1))


def test_a_contact_is_found_by_a_secondary_e_mail_and_keeps_its_first(crm: Crm, portal: HubSpotServer):
    there = portal.add(email="ada@work.example", secondary=("c1@example.com",), firstname="Ada")
    [outcome] = crm.push([outgoing("c1", last_name="Byron")])
    assert (outcome.external_id, outcome.state, len(portal.contacts)) == (there, "written", 1)
    assert portal.contacts[there].properties["email"] == "ada@work.example"
    assert portal.contacts[there].secondary == ["c1@example.com"]


def test_two_of_ours_that_are_one_there_are_both_written(crm: Crm, portal: HubSpotServer):
    there = portal.add(email="c1@example.com", secondary=("c2@example.com",))
    outcomes = crm.push([outgoing("c1", phone="1"), outgoing("c2", last_name="Lovelace"), outgoing("c3")])
    assert [each.state for each in outcomes] == ["written"] * 3
    assert [each.external_id for each in outcomes[:2]] == [there, there]


def test_a_contact_that_was_merged_into_another_is_the_other(crm: Crm, portal: HubSpotServer):
    [first, second] = crm.push([outgoing("c1"), outgoing("c2")])
    portal.merge(str(first.external_id), str(second.external_id))
    later = datetime.now(UTC) + timedelta(seconds=5)
    [outcome] = crm.push([outgoing("c1", later, phone="1", external_id=first.external_id)])
    assert outcome.external_id == second.external_id
    assert len(portal.contacts) == 1


def test_a_contact_that_is_deleted_between_reading_and_writing_is_made_anew(crm: Crm, portal: HubSpotServer):
    [made] = crm.push([outgoing("c1")])
    portal.between = lambda: portal.contacts.pop(str(made.external_id))
    [outcome] = crm.push([outgoing("c1", phone="1", external_id=made.external_id)])
    assert outcome.state == "written"
    assert [each.properties["phone"] for each in portal.contacts.values()] == ["1"]


def test_a_contact_that_is_made_between_reading_and_writing_is_not_made_twice(crm: Crm, portal: HubSpotServer):
    portal.between = lambda: portal.add(email="c1@example.com", firstname="A.")
    crm.push([outgoing("c1")])
    assert len(portal.contacts) == 1


def test_an_e_mail_that_another_contact_has_is_left_out_and_the_rest_is_written(crm: Crm, portal: HubSpotServer):
    [made] = crm.push([outgoing("c1")])
    portal.add(email="taken@example.com")
    later = datetime.now(UTC) + timedelta(seconds=5)
    changed = outgoing("c1", later, email="taken@example.com", phone="1", external_id=made.external_id)
    portal.contacts[str(made.external_id)].properties["email"] = "other@example.com"
    [outcome] = crm.push([changed])
    assert (outcome.state, list(outcome.left_out)) == ("written", ["email"])
    assert portal.contacts[str(made.external_id)].properties["phone"] == "1"


def test_an_e_mail_that_was_changed_in_the_portal_meanwhile_stays(crm: Crm, portal: HubSpotServer):
    [made] = crm.push([outgoing("c1")])
    portal.edit(str(made.external_id), email="ada@married.example")
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    [outcome] = crm.push([outgoing("c1", earlier, phone="1", external_id=made.external_id)])
    assert outcome.kept == {"email": "ada@married.example"}
    assert outcome.external_id == made.external_id


def test_our_own_last_write_is_nobody_elses_newer_value(crm: Crm, portal: HubSpotServer):
    [made] = crm.push([outgoing("c1", phone="1")])
    earlier = datetime.now(UTC) - timedelta(minutes=5)  # our clock, or the contact's, may be behind
    [outcome] = crm.push([outgoing("c1", earlier, phone="2", external_id=made.external_id)])
    assert (outcome.state, outcome.kept) == ("written", {})


def test_our_own_last_write_is_ours_where_the_app_is_not_known_too(
    crm: Crm, portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch
):
    fresh_settings.delenv("GROUNDWORK_HUBSPOT_APP_ID")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    [made] = crm.push([outgoing("c1", phone="1")])
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    common = {"email": "c1@example.com", "first_name": "Ada", "last_name": "Byron", "phone": "1"}
    changed = outgoing("c1", earlier, phone="2", external_id=made.external_id, common=common)
    [outcome] = crm.push([changed])
    assert (outcome.state, outcome.kept) == ("written", {})


@pytest.mark.parametrize(
    ("definition", "left_out"),
    [
        (None, "the portal has no property nurture_category"),
        ({"type": "enumeration", "options": [{"value": "seller"}]}, "is none of its options seller"),
        ({"type": "string", "modificationMetadata": {"readOnlyValue": True}}, "is read-only"),
        ({"type": "number"}, "does not take it"),
    ],
    ids=["missing", "option", "read-only", "number"],
)
def test_a_property_that_the_portal_does_not_take_is_left_out_and_told(
    crm: Crm, portal: HubSpotServer, definition: dict[str, Any] | None, left_out: str
):
    if definition is None:
        del portal.definitions["nurture_category"]
    else:
        portal.definitions["nurture_category"] = definition
    [outcome] = crm.push([outgoing("c1", category="vendor")])
    assert outcome.state == "written"
    assert left_out in outcome.left_out["category"]


def test_a_property_that_went_since_the_definitions_were_read_is_left_out_in_a_second_try(
    crm: Crm, portal: HubSpotServer
):
    crm.push([outgoing("other")])  # reads the definitions
    del portal.definitions["nurture_sequence"]
    outcomes = crm.push(many(3, sequence="Hello; Bye"))
    assert {each.state for each in outcomes} == {"written"}
    assert all("PROPERTY_DOESNT_EXIST" in each.left_out["sequence"] for each in outcomes)


def test_the_definitions_are_asked_for_once_a_day(crm: Crm, portal: HubSpotServer):
    crm.push(many(1))
    crm_at(PORTAL).push(many(1))
    assert [method for method, _, _ in portal.requests].count("GET") == 1


def test_a_date_is_midnight_in_utc_and_read_again_as_the_same(crm: Crm, portal: HubSpotServer):
    contact = outgoing("c1", categorised_on="2026-11-27")
    crm.push([contact])
    [there] = portal.contacts.values()
    assert there.properties["nurture_categorised_on"] == "1795737600000"
    assert crm.push([contact])[0].state == "unchanged"


def test_new_contacts_are_associated_with_the_branch_once(crm: Crm, portal: HubSpotServer):
    keep_credential(PORTAL.key, {"access_token": "pat-1", "company_id": "900"})
    outcomes = crm.push(many(2))
    assert portal.associations == [(str(each.external_id), "900") for each in outcomes]
    crm.push([replace(outgoing("c1"), external_id=outcomes[1].external_id)])
    assert len([path for _, path, _ in portal.requests if "associations" in path]) == 1


def test_a_branch_that_is_not_there_fails_no_contact(crm: Crm, portal: HubSpotServer):
    keep_credential(PORTAL.key, {"access_token": "pat-1", "company_id": "900"})
    portal.faults.append(Fault("/associate/default", 400, body={"message": "no such company"}))
    [outcome] = crm.push([outgoing("c1")])
    assert (outcome.state, "no such company" in outcome.left_out["company"]) == ("written", True)
