"""Tokens of HubSpot: by their end and not by trial, one renewal for all processes, and nowhere in clear."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.crm.credentials import credential_of, keep_credential
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.nurture.crm.errors import CrmLocked, CrmUnavailable
from groundwork.blocks.nurture.crm.settings import crm_settings
from tests.integration.nurture.crm.conftest import PORTAL
from tests.integration.nurture.crm.hubspot_server import Fault, HubSpotServer
from tests.kit.crm_contract import outgoing


def many(count: int, **values: Any) -> list[Any]:
    return [outgoing(f"c{number}", **values) for number in range(count)]


def test_a_token_that_is_refused_is_said_and_is_in_no_message(crm: Crm, portal: HubSpotServer):
    portal.tokens = {"another"}
    with pytest.raises(CrmLocked, match="401") as caught:
        crm.push(many(1))
    assert "pat-1" not in str(caught.value)


def test_a_portal_without_credential_names_the_command(portal: HubSpotServer):
    with pytest.raises(ConfigurationError, match="groundwork nurture connect hubspot:1"):
        crm_at(CrmAccount(workspace_id="acme", crm="hubspot", id="1")).push(many(1))


@pytest.fixture
def oauth(portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch) -> HubSpotServer:
    fresh_settings.setenv("GROUNDWORK_HUBSPOT_CLIENT_ID", "client-id")
    fresh_settings.setenv("GROUNDWORK_HUBSPOT_CLIENT_SECRET", "client-secret, older-secret")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    keep_credential(PORTAL.key, {"refresh_token": "refresh-1"})
    return portal


def token_requests(portal: HubSpotServer) -> int:
    return sum(path.startswith("/oauth/") for _, path, _ in portal.requests)


def test_a_token_is_renewed_by_its_end_and_not_by_trial(crm: Crm, oauth: HubSpotServer):
    crm.push(many(2))
    crm_at(PORTAL).push(many(2))
    assert token_requests(oauth) == 1
    oauth.token_seconds = 60  # ends within the margin
    keep_credential(PORTAL.key, {"refresh_token": "refresh-1"})
    crm.push(many(4))
    assert token_requests(oauth) > 2


def test_of_many_processes_one_renews_a_token(crm: Crm, oauth: HubSpotServer):
    oauth.rotates = True
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: crm_at(PORTAL).push([outgoing(f"c{number}")]), range(8)))
    assert token_requests(oauth) == 1
    assert (credential_of(PORTAL.key) or {})["refresh_token"] == "refresh-1+"
    assert len(oauth.contacts) == 8


def test_a_token_endpoint_that_hangs_keeps_the_others_no_longer_than_itself(
    crm: Crm, oauth: HubSpotServer, fresh_settings: pytest.MonkeyPatch, db: Database
):
    fresh_settings.setenv("GROUNDWORK_CRM_TIMEOUT_SECONDS", "0.4")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    with db.transaction() as connection:
        connection.exec_driver_sql("SELECT 1 FROM nurture.crm_credential FOR UPDATE")
        with pytest.raises(CrmUnavailable, match="another run has been asking"):
            crm.push(many(1))


def test_a_rotated_refresh_token_is_kept_before_it_is_used(crm: Crm, oauth: HubSpotServer):
    oauth.rotates = True
    oauth.faults.append(Fault("/batch/read", 500))
    with pytest.raises(CrmUnavailable):
        crm.push(many(1))
    assert (credential_of(PORTAL.key) or {})["refresh_token"] == "refresh-1+"
    assert crm.push(many(1))[0].state == "written"
    assert token_requests(oauth) == 1


def test_a_token_endpoint_that_asks_to_wait_is_waited_for(crm: Crm, oauth: HubSpotServer):
    oauth.faults.append(Fault("/oauth/v1/token", 429, headers={"Retry-After": "9"}))
    with pytest.raises(RetryAfter) as caught:
        crm.push(many(1))
    assert caught.value.seconds == 9
    assert crm.push(many(1))[0].state == "written"


def test_a_refresh_token_that_was_withdrawn_is_said_and_is_in_no_message(crm: Crm, oauth: HubSpotServer):
    oauth.refresh_tokens = set()
    with pytest.raises(CrmLocked, match=r"BAD_REFRESH_TOKEN.*groundwork nurture connect") as caught:
        crm.push(many(1))
    assert "refresh-1" not in str(caught.value)
    assert "client-secret" not in str(caught.value)


def test_tokens_are_not_in_the_table_in_clear(oauth: HubSpotServer, crm: Crm, db: Database):
    crm.push(many(1))
    with db.transaction() as connection:
        rows = (
            connection.exec_driver_sql("SELECT row_to_json(c)::text FROM nurture.crm_credential AS c").scalars().all()
        )
    assert "refresh" not in json.dumps(rows)
    assert "access-" not in json.dumps(rows)


def test_a_credential_of_a_lost_secret_says_so(portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch):
    fresh_settings.setenv("GROUNDWORK_CRM_SECRET", "x" * 40)
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="another GROUNDWORK_CRM_SECRET"):
        crm_at(PORTAL).push(many(1))


def test_an_older_secret_still_reads(portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch):
    for secrets in ("x" * 40, f"{'y' * 40},{'x' * 40}"):
        fresh_settings.setenv("GROUNDWORK_CRM_SECRET", secrets)
        crm_settings.cache_clear()  # type: ignore[attr-defined]
        if "," not in secrets:
            keep_credential(PORTAL.key, {"access_token": "pat-1"})
    assert credential_of(PORTAL.key) == {"access_token": "pat-1"}


def test_a_secret_that_is_short_is_refused(portal: HubSpotServer, fresh_settings: pytest.MonkeyPatch):
    fresh_settings.setenv("GROUNDWORK_CRM_SECRET", "short")
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="32 characters"):
        credential_of(PORTAL.key)
