"""A death is an event in Prefect once; the automation has the operators told by one mail."""

from contextlib import suppress
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import yaml
from prefect import get_client
from prefect.events import DeploymentEventTrigger
from sqlalchemy import text

from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.deployments.relay.dead_letters import DEAD, death_event, post_deaths
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.dead_letters import deaths_to_post
from groundwork.flows.operations.tell_of_dead_letters import tell_of_dead_letters
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job
from tests.integration.operations.feed import delivery_resource, events_about, related
from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[3]


def die(db, import_id: str = "import-1", error: str = "the provider is away"):
    event_id = send(csv_import_confirmed(import_id))
    admit(capacity=100)
    claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id())).fail(ConnectionError(error))
    return delivery_of(db, event_id)


@pytest.fixture
def operators(db, home, monkeypatch):
    """Operators with an address, and the mails they got."""
    forget()
    monkeypatch.setattr(settings(), "operators_email", "operators@example.com")
    outbox = home / "outbox"
    before = set(outbox.glob("*.eml"))

    def mails():
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(set(outbox.glob("*.eml")) - before)
        ]

    return mails


def test_a_death_is_one_event_with_all_it_belongs_to(db, prefect_api):
    register_job(db)
    dead = die(db)
    assert post_deaths() == 1
    assert post_deaths() == 0
    [event] = events_about(delivery_resource(dead.id), DEAD)
    assert related(event) == {
        "event": f"groundwork.event.{dead.event_id}",
        "correlation": f"groundwork.correlation.{dead.event_id}",
        "workspace": "groundwork.workspace.acme",
        "job": "groundwork.job.process-csv",
        "flow-run": f"prefect.flow-run.{dead.flow_run_id}",
    }
    assert event["payload"] == {"delivery_id": str(dead.id), "attempt": 1}


def test_posting_a_death_again_after_a_lost_answer_is_the_same_event_and_a_later_death_another(db):
    register_job(db)
    dead = die(db)

    def event_id():
        [death] = deaths_to_post()
        return death_event(death)["id"]

    first = event_id()
    assert event_id() == first
    claim(dead.id, Run(flow_run_id=dead.flow_run_id)).fail(ConnectionError("again"))
    assert event_id() != first


def test_a_delivery_that_dies_again_is_posted_again(db, prefect_api):
    register_job(db)
    dead = die(db)
    post_deaths()
    claim(dead.id, Run(flow_run_id=dead.flow_run_id)).fail(ConnectionError("again"))
    assert (post_deaths(), post_deaths()) == (1, 0)


def test_the_operators_get_one_mail_about_all_deaths_and_none_twice(db, prefect_api, operators):
    register_job(db, lane=30)
    for n in range(25):
        die(db, f"import-{n}", error=f"trouble <{n}>")
    assert tell_of_dead_letters() == 25
    assert tell_of_dead_letters() == 0
    [mail] = operators()
    assert (mail["To"], mail["Subject"]) == ("operators@example.com", "25 dead letters: process-csv")
    words = mail.get_body(("plain",)).get_content()
    assert "ConnectionError: trouble <24>" in words
    assert words.count("ConnectionError") == 20
    assert "trouble &lt;24&gt;" in mail.get_body(("html",)).get_content()


def test_a_delivery_that_dies_again_is_another_mail(db, prefect_api, operators):
    register_job(db)
    dead = die(db)
    tell_of_dead_letters()
    claim(dead.id, Run(flow_run_id=dead.flow_run_id)).fail(ConnectionError("again"))
    tell_of_dead_letters()
    assert len({mail["Message-ID"] for mail in operators()}) == 2


def test_without_an_address_nobody_is_told_and_nothing_piles_up(db, prefect_api, operators, monkeypatch):
    register_job(db)
    die(db)
    monkeypatch.setattr(settings(), "operators_email", None)
    assert tell_of_dead_letters() == 1
    monkeypatch.setattr(settings(), "operators_email", "operators@example.com")
    assert tell_of_dead_letters() == 0
    assert operators() == []


def test_deaths_whose_mail_failed_are_told_of_by_the_next_run(db, prefect_api, operators, monkeypatch):
    register_job(db)
    die(db)
    monkeypatch.setattr(settings(), "operators_email", "not an address")
    with pytest.raises(Exception, match="is not an e-mail address"):
        tell_of_dead_letters()
    monkeypatch.setattr(settings(), "operators_email", "operators@example.com")
    assert tell_of_dead_letters() == 1
    assert len(operators()) == 1


@pytest.fixture
def automation(prefect_api):
    """The automation as prefect.yaml has it, in a Prefect server; gives the id of its deployment."""
    wiring = yaml.safe_load((PROJECT / "prefect.yaml").read_text())
    [wanted] = [each for each in wiring["deployments"] if each["name"] == "tell-of-dead-letters"]
    [spec] = wanted["triggers"]
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(client.create_flow(tell_of_dead_letters), "tell-of-dead-letters")
        trigger = DeploymentEventTrigger.model_validate(spec)
        trigger.set_deployment_id(deployment)
        response = client.request(
            "POST", "/automations/", json=trigger.as_automation().model_dump(mode="json", exclude_unset=True)
        )
        identifier = response.raise_for_status().json()["id"]
        yield deployment
        client.request("DELETE", f"/automations/{identifier}")


def test_a_burst_of_deaths_is_told_of_by_a_run_at_the_end_of_its_minute_not_by_a_run_for_each(db, automation):
    register_job(db, lane=10)
    for n in range(10):
        die(db, f"import-{n}")

    def runs():
        with get_client(sync_client=True) as client:
            return client.request(
                "POST", "/flow_runs/filter", json={"deployments": {"id": {"any_": [str(automation)]}}}
            ).json()

    def posted_and_fired():
        # An automation is in force a moment after it was made; until then events pass it by.
        with db.transaction() as connection:
            connection.execute(text("UPDATE groundwork.delivery SET death_posted = NULL, settled_at = now()"))
        post_deaths()
        with suppress(AssertionError):
            return wait_until(runs, 10)

    wait_until(posted_and_fired, 60, what="the automation has fired")
    # One is usual. An automation of Prefect's fires at least once: again, where the server had to repeat its own
    # transaction. The run that finds nothing left to tell tells nothing (above).
    assert len(runs()) < 10
    for run in runs():
        wait = datetime.fromisoformat(run["expected_start_time"]) - datetime.fromisoformat(run["created"])
        assert timedelta(seconds=50) < wait <= timedelta(seconds=60)
