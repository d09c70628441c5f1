"""What CRMs tell of changes, over a real socket: signed, once each, in the workspace whose agency has the account."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork.blocks.database import Database
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import ingest_keys, serving
from tests.integration.nurture.crm.agencies import add_agency, register_jobs, rows
from tests.integration.nurture.crm.hubspot_server import Fault
from tests.integration.nurture.crm.reapit_server import ReapitServer

EVENTS = "SELECT workspace_id, data FROM groundwork.event ORDER BY accepted_at, id"


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


Send = Callable[..., httpx.Response]


@pytest.fixture
def hubspot_sends(url: str) -> Send:
    def send(body: Any, *, secret: str = "client-secret", at: float | None = None, uri: str | None = None) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int((time.time() if at is None else at) * 1000))
        target = f"{url}/nurture/hooks/hubspot"
        message = b"POST" + (uri or target).encode() + raw + stamp.encode()
        signature = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
        return httpx.post(target, content=raw, headers=headers | {"Content-Type": "application/json"})

    return send


def changed(**fields: Any) -> dict[str, Any]:
    return {
        "eventId": 1,
        "subscriptionId": 5,
        "portalId": 62515,
        "appId": 77,
        "occurredAt": int(time.time() * 1000),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 123,
        "changeSource": "CRM_UI",
        "propertyName": "phone",
        "propertyValue": "1",
    } | fields


def test_a_change_becomes_an_event_of_the_agencys_workspace(hubspot_sends: Send, db: Database):
    at = int(time.time() * 1000) - 5000
    response = hubspot_sends([changed(occurredAt=at)])
    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0})
    [(workspace, data)] = rows(db, EVENTS)
    assert workspace == "acme"
    assert datetime.fromisoformat(data.pop("changedAt")) == datetime.fromtimestamp(at / 1000, UTC)
    assert data == {
        "workspaceId": "acme",
        "crm": "hubspot",
        "externalId": "123",
        "changes": {"phone": "1"},
        "deleted": False,
    }


def test_what_is_sent_again_is_stored_once(hubspot_sends: Send, db: Database):
    body = [changed()]
    hubspot_sends(body)
    again = [body[0] | {"attemptNumber": 1}]
    assert hubspot_sends(again).json() == {"accepted": 0, "duplicates": 1}
    assert len(rows(db, EVENTS)) == 1


def test_an_event_id_alone_makes_no_duplicate(hubspot_sends: Send, db: Database):
    one = changed()
    others = [one | {name: one[name] + 1} for name in ("subscriptionId", "objectId", "occurredAt")]
    assert hubspot_sends([one, *others]).json()["accepted"] == 4


def test_our_own_changes_are_left_out_and_those_of_other_integrations_are_not(hubspot_sends: Send, db: Database):
    ours = changed(changeSource="INTEGRATION", sourceId="77")
    theirs = changed(changeSource="INTEGRATION", sourceId="78", eventId=2)
    unsaid = changed(changeSource="INTEGRATION", eventId=3)
    assert hubspot_sends([ours, theirs, unsaid]).json()["accepted"] == 2


@pytest.mark.parametrize("kind", ["contact.deletion", "contact.privacyDeletion", "object.deletion"])
def test_a_deletion_is_one(hubspot_sends: Send, db: Database, kind: str):
    hubspot_sends([changed(subscriptionType=kind, objectTypeId="0-1", propertyName=None, propertyValue=None)])
    [(_, data)] = rows(db, EVENTS)
    assert (data["deleted"], data["changes"]) == (True, {})


def test_a_merge_tells_which_contact_each_is_a_part_of_now(hubspot_sends: Send, db: Database):
    merge = {"subscriptionType": "contact.merge", "primaryObjectId": 123, "mergedObjectIds": [5, 6], "newObjectId": 124}
    assert hubspot_sends([changed(**merge)]).json()["accepted"] == 3
    assert hubspot_sends([changed(**merge | {"objectId": 7, "newObjectId": None})]).json()["accepted"] == 2
    merges = [(each.data["externalId"], each.data["mergedInto"]) for each in rows(db, EVENTS)]
    assert sorted(merges) == [("123", "124"), ("5", "123"), ("5", "124"), ("6", "123"), ("6", "124")]


def test_what_does_not_concern_us_is_answered_and_not_stored(hubspot_sends: Send, db: Database):
    body = [
        changed(propertyName="hs_score"),
        changed(subscriptionType="contact.creation"),
        changed(subscriptionType="company.propertyChange"),
        changed(subscriptionType="object.propertyChange", objectTypeId="0-2"),
    ]
    assert hubspot_sends(body).status_code == 202
    assert rows(db, EVENTS) == []


def test_a_portal_that_no_agency_has_is_answered_so_that_it_is_not_sent_again(hubspot_sends: Send, db: Database):
    response = hubspot_sends([changed(portalId=1), changed()])
    assert (response.status_code, response.json()["accepted"]) == (202, 1)


def test_a_change_that_cannot_be_keeps_no_other_from_being_stored(hubspot_sends: Send, db: Database):
    bad = [
        changed(objectId="x"),
        changed(occurredAt=-1),
        changed(occurredAt=10**20),
        changed(occurredAt=int((time.time() + 86_400) * 1000)),
        changed(propertyValue="x" * 10_001),
        changed(propertyValue="nul\0"),
        changed(eventId="x" * 300),
        changed(portalId=None),
        {},
        None,
        [],
        "text",
    ]
    response = hubspot_sends([*bad, changed(eventId=9)])
    assert (response.status_code, response.json()["accepted"]) == (202, 1)


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"secret": "another"}, 401),
        ({"at": time.time() - 3600}, 401),
        ({"at": time.time() + 3600}, 401),
        ({"uri": "https://elsewhere.example/nurture/hooks/hubspot"}, 401),
    ],
    ids=["wrong secret", "stale", "future", "another URL"],
)
def test_what_hubspot_has_not_signed_lately_is_refused_for_good(
    hubspot_sends: Send, db: Database, how: dict[str, Any], status: int
):
    assert hubspot_sends([changed()], **how).status_code == status
    assert rows(db, EVENTS) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"nope", b"[" * 10_000, b'"x"'])
def test_a_signed_body_that_is_no_array_is_refused(hubspot_sends: Send, body: bytes):
    assert hubspot_sends(body).status_code == 400


def test_a_body_that_is_too_large_is_not_read_to_its_end(hubspot_sends: Send):
    assert hubspot_sends(b" " * (4 * 1024 * 1024 + 1)).status_code == 413


def test_behind_a_proxy_the_public_url_is_what_is_signed(
    db: Database, fresh_settings: pytest.MonkeyPatch, hubspot_sends: Send, monkeypatch: pytest.MonkeyPatch
):
    from groundwork.blocks.settings import settings

    known = settings().model_copy(update={"public_url": "https://jobs.acme.example/"})
    monkeypatch.setattr("groundwork.deployments.gateway.nurture.hooks.settings", lambda: known)
    assert hubspot_sends([changed()]).status_code == 401
    uri = "https://jobs.acme.example/nurture/hooks/hubspot"
    assert hubspot_sends([changed()], uri=uri).status_code == 202


def test_without_a_secret_there_is_no_such_hook(db: Database, fresh_settings: pytest.MonkeyPatch):
    with serving(create_app(ingest_keys())) as served:
        for name in ("hubspot", "reapit"):
            assert httpx.post(f"{served}/nurture/hooks/{name}", content=b"[]").status_code == 404


def test_a_hook_answers_within_a_second(hubspot_sends: Send):
    hubspot_sends([changed()])
    began = time.monotonic()
    assert hubspot_sends([changed(eventId=number) for number in range(2, 102)]).json()["accepted"] == 100
    assert time.monotonic() - began < 1


# Reapit.


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
    assert reapit_sends(notice()).json() == {"accepted": 1, "duplicates": 0}
    assert reapit_sends(notice()).json() == {"accepted": 0, "duplicates": 1}
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
