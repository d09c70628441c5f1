"""CRMs over real sockets, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.nurture.crm.credentials import keep_credential
from groundwork.blocks.nurture.crm.crm import Crm, CrmAccount, crm_at
from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import ingest_keys, serving
from tests.integration.nurture.crm.agencies import add_agency, register_jobs
from tests.integration.nurture.crm.hubspot_server import HubSpotServer, hubspot
from tests.integration.nurture.crm.reapit_server import ReapitServer, reapit

pytest.register_assert_rewrite("tests.kit.crm_contract")

PORTAL = CrmAccount(workspace_id="acme", crm="hubspot", id="62515")

CUSTOMER = CrmAccount(workspace_id="acme", crm="reapit", id="SBOX")


@pytest.fixture
def fresh_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Environment variables that are read anew, before the test and after it."""
    crm_settings.cache_clear()  # type: ignore[attr-defined]
    yield monkeypatch
    crm_settings.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def portal(db: Database, fresh_settings: pytest.MonkeyPatch) -> Iterator[HubSpotServer]:
    """An empty portal of HubSpot whose private app has let us in."""
    with hubspot() as (server, url):
        fresh_settings.setenv("GROUNDWORK_HUBSPOT_URL", url)
        fresh_settings.setenv("GROUNDWORK_HUBSPOT_APP_ID", server.app_id)
        keep_credential(PORTAL.key, {"access_token": "pat-1"})
        yield server


@pytest.fixture
def crm(portal: HubSpotServer) -> Crm:
    """That portal as a CRM."""
    return crm_at(PORTAL)


@pytest.fixture
def customer(db: Database, fresh_settings: pytest.MonkeyPatch) -> Iterator[ReapitServer]:
    """An empty customer of Reapit who has installed our app."""
    with reapit() as (server, url):
        fresh_settings.setenv("GROUNDWORK_REAPIT_URL", url)
        fresh_settings.setenv("GROUNDWORK_REAPIT_CONNECT_URL", url)
        fresh_settings.setenv("GROUNDWORK_REAPIT_CLIENT_ID", "client-id")
        fresh_settings.setenv("GROUNDWORK_REAPIT_CLIENT_SECRET", "client-secret")
        fresh_settings.setenv("GROUNDWORK_REAPIT_WEBHOOKS", "true")
        keep_credential(CUSTOMER.key, {"office_id": "OXF", "negotiator_id": "JAS"})
        yield server


@pytest.fixture
def url(db: Database, fresh_settings: pytest.MonkeyPatch) -> Iterator[str]:
    """A gateway that knows HubSpot's app, and an agency with a portal and one with a customer."""
    fresh_settings.setenv("GROUNDWORK_HUBSPOT_CLIENT_SECRET", "new-secret, client-secret")
    fresh_settings.setenv("GROUNDWORK_HUBSPOT_APP_ID", "77")
    register_jobs(db)
    add_agency(db, crm="hubspot", crm_account="hubspot:62515")
    add_agency(db, "globex", crm="reapit", crm_account="reapit:SBOX")
    with serving(create_app(ingest_keys())) as served:
        yield served
