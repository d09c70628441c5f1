"""Reapit with all that goes wrong: its refusals, people who are quicker, connections that break."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.crm.credentials import keep_credential
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.nurture.crm.errors import CrmLocked, CrmUnavailable
from groundwork.blocks.nurture.crm.pace import wait_for_turn
from groundwork.blocks.nurture.crm.settings import crm_settings
from tests.integration.nurture.crm.conftest import CUSTOMER
from tests.integration.nurture.crm.hubspot_server import Fault
from tests.integration.nurture.crm.reapit_server import ReapitServer
from tests.kit.crm_contract import outgoing


@pytest.fixture
def crm(customer: ReapitServer) -> Crm:
    return crm_at(CUSTOMER)


def later(**values: Any) -> Any:
    return outgoing("c1", datetime.now(UTC) + timedelta(seconds=5), **values)


def calls(customer: ReapitServer, method: str) -> int:
    return sum(each[0] == method and each[1].startswith("/contacts") for each in customer.requests)


@pytest.mark.parametrize("status", [500, 503, 0], ids=["500", "503", "reset before the answer"])
@pytest.mark.parametrize("after", [True, False], ids=["made", "not made"])
def test_a_lost_answer_to_a_post_is_narrowed_by_a_look_before_the_next(
    crm: Crm, customer: ReapitServer, status: int, after: bool
):
    customer.faults.append(Fault("POST /contacts", status, after=after))
    with pytest.raises(CrmUnavailable):
        crm.push([outgoing("c1")])
    [outcome] = crm.push([outgoing("c1")])
    assert outcome.external_id in customer.contacts
    assert len(customer.contacts) == 1


def test_runs_at_one_time_make_one_contact(customer: ReapitServer):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: crm_at(CUSTOMER).push([outgoing("c1")])[0].external_id, range(4)))
    assert set(found) == set(customer.contacts)
    assert len(customer.contacts) == 1


def test_what_somebody_else_changes_meanwhile_is_read_again_and_both_stay(crm: Crm, customer: ReapitServer):
    [made] = crm.push([outgoing("c1")])
    customer.between = lambda: customer.edit(str(made.external_id), forename="Augusta")
    [outcome] = crm.push([later(phone="1", external_id=made.external_id, common={"first_name": "Ada"})])
    assert outcome.state == "written"
    contact = customer.contacts[str(made.external_id)]
    assert (contact["forename"], contact["mobilePhone"]) == ("Augusta", "1")
    assert calls(customer, "PATCH") == 2


def test_a_contact_that_is_changed_without_end_is_put_off(crm: Crm, customer: ReapitServer):
    [made] = crm.push([outgoing("c1")])
    customer.faults.append(Fault("PATCH", 412, times=10))
    with pytest.raises(RetryAfter, match="faster than we can follow"):
        crm.push([later(phone="1", external_id=made.external_id)])


def test_a_contact_that_is_deleted_between_reading_and_writing_is_made_anew(crm: Crm, customer: ReapitServer):
    [made] = crm.push([outgoing("c1")])
    customer.between = lambda: customer.contacts.pop(str(made.external_id))
    [outcome] = crm.push([later(phone="1", external_id=made.external_id)])
    assert [each["mobilePhone"] for each in customer.contacts.values()] == ["1"]
    assert outcome.external_id in customer.contacts


def test_of_two_contacts_with_one_address_the_first_is_meant(crm: Crm, customer: ReapitServer):
    first = customer.add(datetime(2020, 1, 1, tzinfo=UTC), email="c1@example.com")
    customer.add(datetime(2021, 1, 1, tzinfo=UTC), email="C1@example.com")
    assert crm.push([outgoing("c1")])[0].external_id == first


def test_a_contact_that_reapit_refuses_fails_alone_with_the_field(crm: Crm, customer: ReapitServer):
    first, bad, last = crm.push([outgoing("c1"), outgoing("c2", email="no address"), outgoing("c3")])
    assert (first.state, bad.state, last.state) == ("written", "refused", "written")
    assert "email: is not valid" in bad.reason


@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "4"}, 4), ({}, 1)])
def test_too_many_requests_are_waited_for(crm: Crm, customer: ReapitServer, header: dict[str, str], seconds: float):
    customer.faults.append(Fault("GET /contacts", 429, headers=header))
    with pytest.raises(RetryAfter) as caught:
        crm.push([outgoing("c1")])
    assert caught.value.seconds == seconds


def test_the_metadata_of_others_stays(crm: Crm, customer: ReapitServer):
    there = customer.add(email="c1@example.com", metadata={"other": "1"})
    crm.push([outgoing("c1", category="vendor")])
    assert customer.contacts[there]["metadata"] == {"other": "1", "nurtureCategory": "vendor"}


def test_a_customer_who_has_not_installed_the_app_is_said(customer: ReapitServer):
    with pytest.raises(CrmLocked, match="403 for customer ELSE"):
        crm_at(CrmAccount(workspace_id="acme", crm="reapit", id="ELSE")).push([outgoing("c1")])


def test_a_new_contact_without_office_names_the_command(crm: Crm, customer: ReapitServer):
    keep_credential(CUSTOMER.key, {})
    with pytest.raises(ConfigurationError, match="--option office_id"):
        crm.push([outgoing("c1")])


@pytest.mark.parametrize("code", ["", "a/b", "../x", "a b"])
def test_a_customer_code_that_could_leave_its_header_is_refused(customer: ReapitServer, code: str):
    with pytest.raises(ConfigurationError, match="code of the customer"):
        crm_at(CrmAccount(workspace_id="acme", crm="reapit", id=code))


@pytest.mark.parametrize("stale", ["../customers", "a/b", "x?y", "", "é"])
def test_an_id_that_could_leave_its_path_is_none(crm: Crm, customer: ReapitServer, stale: str):
    crm.push([outgoing("c1", external_id=stale)])
    assert {path for _, path, _ in customer.requests} == {"/token", "/contacts"}


def test_one_token_serves_all_customers_and_processes(customer: ReapitServer):
    customer.customers.add("ABC")
    keep_credential("reapit:ABC", {"office_id": "OXF", "negotiator_id": "JAS"})
    for code in ("SBOX", "ABC", "SBOX"):
        crm_at(CrmAccount(workspace_id="acme", crm="reapit", id=code)).push([outgoing("c1")])
    assert [path for _, path, _ in customer.requests].count("/token") == 1


def test_a_push_has_one_request_open(crm: Crm, customer: ReapitServer):
    crm.push([outgoing(f"c{number}") for number in range(5)])
    assert customer.most_at_once == 1


def test_requests_of_all_processes_keep_one_pace(db: Database):
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: wait_for_turn("reapit", 20), range(41)))
    assert time.monotonic() - began >= 2.0


def test_the_pace_of_pushes_is_that_of_the_setting(
    crm: Crm, customer: ReapitServer, fresh_settings: pytest.MonkeyPatch
):
    fresh_settings.setenv("GROUNDWORK_REAPIT_REQUESTS_PER_SECOND", "10")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    crm.push([outgoing(f"c{number}") for number in range(4)])
    moments = [at for _, path, at in customer.requests if path.startswith("/contacts")]
    # Turns are kept where requests leave; the first, which opens the connection, arrives late.
    assert moments[-1] - moments[1] >= 0.1 * (len(moments) - 2) - 0.1
