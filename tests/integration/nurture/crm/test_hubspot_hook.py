"""What HubSpot tells of changes, over a real socket: signed, once each, in the workspace of the portal's agency."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from groundwork.blocks.database import Database
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import ingest_keys, serving
from tests.integration.nurture.crm.agencies import EVENTS, rows

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
    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0, "leftOut": 0})
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
    assert hubspot_sends(again).json() == {"accepted": 0, "duplicates": 1, "leftOut": 0}
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
    monkeypatch.setattr("groundwork.deployments.gateway.hooks.settings", lambda: known)
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
