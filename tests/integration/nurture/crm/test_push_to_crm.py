"""The job ``push-to-crm`` with Prefect's engine: a contact is written once, and each delivery has its outcome."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.redelivery import requeue
from groundwork.events.inbox.standing import Standing
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.tasks.nurture.crm import note_for_crm
from tests.factories import delivery_of, scalar
from tests.integration.killed_runs import free_slots
from tests.integration.nurture.crm.agencies import (
    ACME,
    add_agency,
    add_contact,
    change,
    push,
    register_jobs,
    rows,
    run,
    sent,
)
from tests.integration.nurture.crm.conftest import CUSTOMER, PORTAL
from tests.integration.nurture.crm.hubspot_server import CONTACTS, Fault, HubSpotServer
from tests.integration.nurture.crm.reapit_server import ReapitServer

pytestmark = pytest.mark.usefixtures("prefect_api")

UPSERT = f"{CONTACTS}/batch/upsert"


@pytest.fixture
def jobs(db: Database, undelayed: None) -> Database:
    register_jobs(db)
    return db


@pytest.fixture
def in_a_table(jobs: Database) -> Database:
    """An agency without a CRM."""
    add_agency(jobs)
    return jobs


@pytest.fixture
def in_hubspot(jobs: Database, portal: HubSpotServer) -> Database:
    """An agency with a portal."""
    add_agency(jobs, crm="hubspot", crm_account=PORTAL.key)
    return jobs


def test_an_agency_without_a_crm_sees_its_contacts_in_a_table(in_a_table: Database):
    add_contact(in_a_table, phone="1")
    [delivery] = push(in_a_table, "c1")
    assert (delivery.state, delivery.result) == ("done", {"state": "written", "externalId": "c1"})
    query = "SELECT email, first_name, phone, category, categorised_on::text FROM nurture.crm_contact"
    assert rows(in_a_table, query) == [("c1@example.com", "Ada", "1", "vendor", "2026-11-27")]


def test_the_day_of_a_category_is_that_of_the_agencys_zone(jobs: Database):
    add_agency(jobs, time_zone="Europe/Berlin")
    add_contact(jobs)
    push(jobs, "c1")
    assert scalar(jobs, "SELECT categorised_on::text FROM nurture.crm_contact") == "2026-11-28"


def test_several_pushes_of_a_contact_are_one_write_with_an_outcome_each(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot, "c1")
    add_contact(in_hubspot, "c2")
    deliveries = push(in_hubspot, "c1", "c2", "c1", "c1")
    assert [each.result["state"] for each in deliveries] == ["written"] * 4
    assert deliveries[0].result == deliveries[2].result
    assert [len(body["inputs"]) for _, body in portal.writes()] == [2]


def test_what_the_crm_has_is_not_pushed_again(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    [first] = push(in_hubspot, "c1")
    asked = len(portal.requests)
    [again] = push(in_hubspot, "c1", reason="score")
    assert again.result == {"state": "unchanged", "externalId": first.result["externalId"]}
    assert len(portal.requests) == asked


def test_only_what_has_changed_is_written(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    push(in_hubspot, "c1")
    change(in_hubspot, phone="1")
    push(in_hubspot, "c1")
    assert portal.writes()[-1][1]["inputs"][0]["properties"] == {"phone": "1"}


def test_what_the_application_notes_of_a_contact_arrives(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    with in_hubspot.transaction() as connection:
        facts = {"intent_score": 71.25, "intent_band": "hot", "sequence": "Hello; Bye"}
        note_for_crm(connection, "acme", {"c1": facts})
    push(in_hubspot, "c1")
    [contact] = portal.contacts.values()
    assert contact.properties["nurture_intent_score"] == "71.25"
    assert contact.properties["nurture_sequence"] == "Hello; Bye"
    with in_hubspot.transaction() as connection:
        note_for_crm(connection, "acme", {"c1": {"intent_band": None}})
    push(in_hubspot, "c1")
    assert portal.writes()[-1][1]["inputs"][0]["properties"] == {"nurture_intent_band": ""}


def test_a_fact_that_is_noted_again_is_as_old_as_it_was(in_a_table: Database):
    moments = []
    for value in ("hot", "hot", "warm"):
        with in_a_table.transaction() as connection:
            note_for_crm(connection, "acme", {"c1": {"intent_band": value}, "c2": {"intent_score": 1}})
        moments.append(scalar(in_a_table, "SELECT changed_at FROM nurture.crm_fact WHERE contact_id = 'c1'"))
    assert moments[0] == moments[1] < moments[2]


def test_a_fact_of_no_field_is_refused(in_a_table: Database):
    with in_a_table.transaction() as connection, pytest.raises(ConfigurationError, match="colour"):
        note_for_crm(connection, "acme", {"c1": {"colour": "red"}})


def test_a_contact_that_hubspot_refuses_fails_alone(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot, "c1")
    add_contact(in_hubspot, "c2", email="no address")
    add_contact(in_hubspot, "c3")
    deliveries = push(in_hubspot, "c1", "c2", "c3", "nobody")
    assert [each.state for each in deliveries] == ["done", "failed", "done", "failed"]
    assert "INVALID_EMAIL" in deliveries[1].last_error
    assert "There is no contact nobody" in deliveries[3].last_error


def test_a_workspace_sees_no_contact_of_another(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot, "c1", "globex")
    [delivery] = push(in_hubspot, "c1")
    assert (delivery.state, portal.contacts) == ("failed", {})


def test_a_workspace_without_agency_is_told_what_to_do(jobs: Database):
    add_contact(jobs)
    [delivery] = push(jobs, "c1")
    assert delivery.state == "failed"
    assert "agency" in delivery.last_error


def test_a_crm_that_nobody_brings_is_named(jobs: Database):
    add_agency(jobs, crm="hubspott")
    add_contact(jobs)
    [delivery] = push(jobs, "c1")
    assert "did you mean 'hubspot'?" in delivery.last_error


@pytest.mark.parametrize("after", [True, False], ids=["after the write", "before the write"])
def test_a_reset_connection_is_tried_again_and_makes_no_second_contact(
    in_hubspot: Database, portal: HubSpotServer, after: bool
):
    add_contact(in_hubspot)
    portal.faults.append(Fault(UPSERT, 0, after=after))
    [delivery] = push(in_hubspot, "c1")
    assert (delivery.state, delivery.attempt, len(portal.contacts)) == ("done", 1, 1)


def test_a_short_wait_is_waited_in_place(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    portal.faults.append(Fault(UPSERT, 429, headers={"Retry-After": "1"}))
    [delivery] = push(in_hubspot, "c1")
    assert delivery.result["state"] == "written"


def test_for_a_long_wait_no_worker_waits_and_the_contacts_are_pushed_after_it(
    in_hubspot: Database, portal: HubSpotServer
):
    add_contact(in_hubspot, "c1")
    add_contact(in_hubspot, "c2")
    portal.faults.append(Fault(UPSERT, 429, headers={"Retry-After": "3600"}, body={"policyName": "DAILY"}))
    deliveries = push(in_hubspot, "c1", "c2")
    assert [each.result["state"] for each in deliveries] == ["later", "later"]
    later = rows(
        in_hubspot,
        "SELECT e.data ->> 'contactId', d.not_before"
        " FROM groundwork.event e JOIN groundwork.delivery d ON d.event_id = e.id"
        " WHERE d.state NOT IN ('done', 'failed') ORDER BY 1",
    )
    assert [each[0] for each in later] == ["c1", "c2"]
    assert all(each[1] > datetime.now(UTC) + timedelta(seconds=3500) for each in later)


def test_a_crm_that_is_away_for_long_is_asked_again_by_later_events_and_makes_no_dead_letter(
    in_hubspot: Database, portal: HubSpotServer
):
    add_contact(in_hubspot)
    portal.faults.append(Fault("/batch/read", 503, times=1000))
    [delivery] = push(in_hubspot, "c1")
    assert (delivery.state, delivery.result["state"], delivery.result["seconds"]) == ("done", "later", 60)
    query = "SELECT count(*) FROM groundwork.delivery WHERE not_before > now() + interval '30 s'"
    assert scalar(in_hubspot, query) == 1


def test_a_contact_that_was_deleted_in_the_crm_is_left_alone_until_a_person_asks(
    in_hubspot: Database, portal: HubSpotServer
):
    add_contact(in_hubspot)
    push(in_hubspot, "c1")
    portal.contacts.clear()
    change(in_hubspot, phone="1")
    [delivery] = push(in_hubspot, "c1", reason="score")
    assert delivery.result["state"] == "skipped"
    change(in_hubspot, phone="2")
    asked = len(portal.requests)
    [delivery] = push(in_hubspot, "c1", reason="score")
    assert (delivery.result["state"], len(portal.requests)) == ("skipped", asked)
    [delivery] = push(in_hubspot, "c1", reason="category")
    assert (delivery.result["state"], len(portal.contacts)) == ("written", 1)


def test_what_a_portal_could_not_take_is_pushed_once_it_can(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    definition = portal.definitions.pop("nurture_category")
    [delivery] = push(in_hubspot, "c1")
    assert list(delivery.result["leftOut"]) == ["category"]
    portal.definitions["nurture_category"] = definition
    with in_hubspot.transaction() as connection:
        connection.exec_driver_sql("UPDATE nurture.crm_definition SET read_at = now() - interval '25 hours'")
    [delivery] = push(in_hubspot, "c1")
    assert "leftOut" not in delivery.result
    [contact] = portal.contacts.values()
    assert contact.properties["nurture_category"] == "vendor"


def test_another_account_is_another_crm(in_hubspot: Database, portal: HubSpotServer):
    add_contact(in_hubspot)
    push(in_hubspot, "c1")
    with in_hubspot.transaction() as connection:
        connection.exec_driver_sql("UPDATE nurture.agency SET crm = 'table', crm_account = NULL")
    [delivery] = push(in_hubspot, "c1")
    assert delivery.result == {"state": "written", "externalId": "c1"}


_CHILD = """
import sys
from uuid import UUID
from groundwork.flows.nurture.push_to_crm import push_to_crm
push_to_crm(delivery_id=UUID(sys.argv[1]))
"""


def killed_and_run_again(db: Database, server: Any, is_write: Callable[..., bool], prefect_api: dict[str, str]) -> None:
    """Push three contacts, in a process that is killed as soon as the CRM has carried out a write; then push again."""
    for number in range(3):
        add_contact(db, f"c{number}")
    ids = sent([CrmPushWanted(workspace_id=ACME, contact_id=f"c{number}", reason="score") for number in range(3)])
    [admitted] = admit(100)
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(admitted.id)], env=os.environ | prefect_api)
    answer = server.answer

    def kill_after_the_write(*request: Any) -> Any:
        answered = answer(*request)
        if is_write(*request):
            os.kill(child.pid, signal.SIGKILL)
        return answered

    server.answer = kill_after_the_write
    assert child.wait(60) == -signal.SIGKILL
    assert server.contacts
    server.answer = answer
    free_slots()
    requeue(Standing.of(delivery_of(db, ids[0])), "It died.", tries=1, at_once=True)
    run(db, [])
    assert rows(db, "SELECT state, attempt FROM groundwork.delivery") == [("done", 2)] * 3
    assert len(server.contacts) == 3
    assert scalar(db, "SELECT count(*) FROM nurture.crm_link WHERE external_id IS NOT NULL") == 3


def test_a_run_that_is_killed_after_hubspot_has_written_makes_no_second_contact(
    in_hubspot: Database, portal: HubSpotServer, prefect_api: dict[str, str]
):
    killed_and_run_again(in_hubspot, portal, lambda _method, path, _body: path == UPSERT, prefect_api)


def test_a_run_that_is_killed_after_reapit_has_written_makes_no_second_contact(
    jobs: Database, customer: ReapitServer, prefect_api: dict[str, str]
):
    add_agency(jobs, crm="reapit", crm_account=CUSTOMER.key)
    killed_and_run_again(jobs, customer, lambda request, *_: request.command == "POST", prefect_api)
