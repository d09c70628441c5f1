"""What Reapit tells of changes, over a real socket: signed by a key of Reapit's, once each."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork.blocks.database import Database
from tests.integration.nurture.crm.agencies import EVENTS, rows
from tests.integration.nurture.crm.hubspot_server import Fault
from tests.integration.nurture.crm.reapit_server import ReapitServer

Send = Callable[..., httpx.Response]


@pytest.fixture
def reapit_sends(customer: ReapitServer, url: str) -> Send:
    def send(body: Any, signature: str | None = None, **how: Any) -> httpx.Response:
        raw = json.dumps(body).encode()
        headers = {"X-Signature": customer.signature(raw, **how) if signature is None else signature}
        return httpx.post(f"{url}/nurture/hooks/reapit", content=raw, headers=headers, timeout=10)

    return send


def notice(**fields: Any) -> dict[str, Any]:
    return {
        "eventId": "e-1",
        "entityId": "OXF000001",
        "customerId": "SBOX",
        "eventTime": "2026-11-27T10:00:00Z",
        "topicId": "contacts.modified",
        "old": {"forename": "Ada", "mobilePhone": "1", "email": "a@example.com", "title": "Ms"},
        "new": {"forename": "Ada", "mobilePhone": "2", "email": "", "title": "Dr"},
        "diff": {},
    } | fields


def test_reapits_change_becomes_an_event_with_what_differs(reapit_sends: Send, db: Database):
    assert reapit_sends(notice()).json() == {"accepted": 1, "duplicates": 0, "leftOut": 0}
    assert reapit_sends(notice()).json() == {"accepted": 0, "duplicates": 1, "leftOut": 0}
    [(workspace, data)] = rows(db, EVENTS)
    assert workspace == "globex"
    assert data == {
        "workspaceId": "globex",
        "crm": "reapit",
        "externalId": "OXF000001",
        "changes": {"mobilePhone": "2", "email": None},
        "deleted": False,
        "changedAt": "2026-11-27T10:00:00Z",
    }


def test_what_reapit_says_of_other_things_is_not_stored(reapit_sends: Send, db: Database):
    for number, each in enumerate(
        [{"topicId": "properties.modified"}, {"new": {"title": "Dr"}}, {"customerId": "ELSE"}]
    ):
        assert reapit_sends(notice(eventId=f"e-{number}", **each)).status_code == 202
    assert rows(db, EVENTS) == []


def test_a_key_is_fetched_once(reapit_sends: Send, customer: ReapitServer):
    for number in range(3):
        reapit_sends(notice(eventId=f"e-{number}"))
    assert [path for _, path, _ in customer.requests] == ["/webhooks/signing/key-1"]


def test_a_stale_or_future_signature_of_reapits_is_refused(reapit_sends: Send):
    for seconds in (-3600, 3600):
        assert reapit_sends(notice(), timestamp=int(time.time()) + seconds).status_code == 401


def test_a_timestamp_in_milliseconds_is_one(reapit_sends: Send):
    assert reapit_sends(notice(), timestamp=int(time.time() * 1000)).status_code == 202


def test_another_key_of_the_same_id_does_not_fit(reapit_sends: Send, customer: ReapitServer):
    reapit_sends(notice())
    forger = ReapitServer()
    assert forger.keys["key-1"] is not customer.keys["key-1"]
    raw = json.dumps(notice()).encode()
    assert reapit_sends(notice(), forger.signature(raw)).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "s", "s:key-1", "s:key-1:1", "x:key-1:1:AAAA", "s:key-1:now:AAAA", "s:key-1:１２:AAAA", "s:key-1:1:!!!"],
)
def test_a_header_of_another_form_is_refused(reapit_sends: Send, header: str):
    assert reapit_sends(notice(), header.encode()).status_code == 401


@pytest.mark.parametrize("key_id", ["../contacts", "a/b", "a?b", "http://127.0.0.1/", "x" * 101, "%2e%2e", ""])
def test_an_id_of_a_key_that_could_leave_its_path_asks_nobody(reapit_sends: Send, customer: ReapitServer, key_id: str):
    header = f"s:{key_id}:{int(time.time())}:AAAA"
    assert reapit_sends(notice(), header).status_code == 401
    assert customer.requests == []


def test_made_up_ids_have_us_ask_reapit_a_bounded_number_of_times(reapit_sends: Send, customer: ReapitServer):
    reapit_sends(notice())
    statuses = [
        reapit_sends(notice(), f"s:made-up-{number}:{int(time.time())}:AAAA").status_code for number in range(15)
    ]
    assert set(statuses) == {401, 503}
    assert len(customer.requests) == 10
    assert reapit_sends(notice(eventId="e-2")).status_code == 202  # by the key that is known


def test_a_key_that_cannot_be_fetched_now_is_asked_for_again(reapit_sends: Send, customer: ReapitServer):
    customer.faults.append(Fault("GET /webhooks", 500))
    assert reapit_sends(notice()).status_code == 503
    assert reapit_sends(notice()).status_code == 202


def test_what_is_no_key_is_none(reapit_sends: Send, customer: ReapitServer):
    customer.faults.append(Fault("GET /webhooks", 200, body={"kty": "RSA", "n": "x"}))
    assert reapit_sends(notice()).status_code == 503


def test_a_redirect_to_another_place_is_not_followed(reapit_sends: Send, customer: ReapitServer):
    customer.faults.append(Fault("GET /webhooks", 302, headers={"Location": "/webhooks/signing/key-1"}))
    assert reapit_sends(notice()).status_code == 503
    assert len(customer.requests) == 1


def test_keys_are_replaced(reapit_sends: Send, customer: ReapitServer):
    reapit_sends(notice())
    customer.keys["key-2"] = Ed25519PrivateKey.generate()
    assert reapit_sends(notice(eventId="e-2"), key_id="key-2").status_code == 202
