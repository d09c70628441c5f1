"""The key that anybody knows opens the gateway to programs, and to no web page."""

from collections.abc import Iterator

import httpx
import pytest

from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import serving

BEARER = {"authorization": "Bearer development"}
SIGN_UP = {"name": "user/signed.up", "data": {"workspaceId": "acme", "userId": "ada"}}


@pytest.fixture
def open_gateway(db: object) -> Iterator[str]:
    """URL of a gateway that nobody has configured."""
    with serving(create_app(IngestKeys())) as url:
        yield url


def test_a_page_under_a_name_that_was_rebound_neither_sends_nor_reads(open_gateway: str):
    page = BEARER | {"host": "rebound.example:8700"}
    sent = httpx.post(f"{open_gateway}/events", json=SIGN_UP, headers=page | {"origin": "http://rebound.example:8700"})
    assert sent.status_code == 403
    assert "GROUNDWORK_EVENT_KEY" in sent.json()["error"]
    assert httpx.get(f"{open_gateway}/catalogue", headers=page).status_code == 403


def test_programs_and_tunnels_send_with_the_development_key(open_gateway: str):
    for host in ("127.0.0.1:8700", "localhost:8700", "tunnel.example"):
        sent = httpx.post(f"{open_gateway}/events", json=SIGN_UP, headers=BEARER | {"host": host})
        assert sent.status_code == 202
    assert httpx.get(f"{open_gateway}/catalogue", headers=BEARER).status_code == 200


def test_a_foreign_page_may_not_send_the_key_at_all(open_gateway: str):
    asked_first = {
        "origin": "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    assert "access-control-allow-origin" not in httpx.options(f"{open_gateway}/events", headers=asked_first).headers


@pytest.mark.parametrize("host", ["[", "]", "[::1", "[v1.a]x", "a\u2100b"])
def test_a_host_that_is_none_is_a_fault_of_the_request_and_not_of_the_gateway(open_gateway: str, host: str):
    malformed = BEARER | {"host": host.encode()}
    assert httpx.post(f"{open_gateway}/events", json=SIGN_UP, headers=malformed).status_code == 202
    assert httpx.get(f"{open_gateway}/catalogue", headers=malformed).status_code == 403
