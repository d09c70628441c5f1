"""Signed senders: Standard Webhooks signatures, stale and replayed requests, rotation."""

import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.integration.gateway.conftest import OLD_SECRET, SECRET, SIGNED_KEY
from tests.integration.gateway.events import encoded, event, stored_events

Send = Callable[..., httpx.Response]
BODY = encoded(event())


def signed(body: bytes = BODY, *, secret: str = SECRET, webhook_id: str = "msg_1", age: float = 0) -> dict[str, str]:
    moment = datetime.now(UTC) - timedelta(seconds=age)
    return {
        "authorization": f"Bearer {SIGNED_KEY}",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, moment, body.decode()),
    }


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_a_signature_by_any_of_the_secrets_in_rotation_is_accepted(send: Send, secret: str) -> None:
    assert send(BODY, **signed(secret=secret)).status_code == 202


def test_one_good_signature_among_several_is_enough(send: Send) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1a,AAAA v1,AAAA {headers['webhook-signature']}"
    assert send(BODY, **headers).status_code == 202


def test_a_signature_made_by_hand_from_the_specification_is_accepted(send: Send) -> None:
    now = str(int(time.time()))
    digest = hmac.new(b"a secret of thirty-two bytes, ok", f"msg_2.{now}.".encode() + BODY, hashlib.sha256).digest()
    headers = signed() | {
        "webhook-id": "msg_2",
        "webhook-timestamp": now,
        "webhook-signature": "v1," + b64encode(digest).decode(),
    }
    assert send(BODY, **headers).status_code == 202


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "no comma"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "msg.1"},
        {"webhook-id": "x" * 201},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e300"},
        {"webhook-timestamp": "0"},
    ],
    ids=str,
)
def test_a_wrong_proof_is_401_and_says_the_same_whatever_was_wrong(send: Send, wrong: dict[str, str]) -> None:
    response = send(BODY, **(signed() | wrong))
    assert response.status_code == 401, response.text
    assert response.json() == send(BODY, **(signed() | {"webhook-signature": "v1,AAAA"})).json()
    assert stored_events() == 0


@pytest.mark.parametrize("age", [301, -305])
def test_a_timestamp_more_than_five_minutes_off_is_401(send: Send, age: float) -> None:
    assert send(BODY, **signed(age=age)).status_code == 401
    assert stored_events() == 0


def test_a_request_without_any_signature_is_401_for_a_key_that_has_secrets(send: Send) -> None:
    assert send(BODY, authorization=f"Bearer {SIGNED_KEY}").status_code == 401


def test_a_signature_by_an_unknown_secret_is_401(send: Send) -> None:
    other = "whsec_" + b64encode(b"x" * 32).decode()
    assert send(BODY, **signed(secret=other)).status_code == 401


def test_a_body_changed_after_signing_is_401(send: Send) -> None:
    assert send(BODY.replace(b"imp_1", b"imp_2"), **signed()).status_code == 401
    assert send(BODY + b" ", **signed()).status_code == 401


def test_a_body_that_is_not_utf_8_is_401_where_a_signature_is_wanted(send: Send) -> None:
    assert send(b"\xff\xfe", **signed()).status_code == 401


def test_a_signed_body_that_is_not_json_is_400(send: Send) -> None:
    assert send(b"not json", **signed(b"not json")).status_code == 400


def test_a_replayed_request_stores_nothing_and_is_answered_with_the_first_ids(send: Send) -> None:
    body = encoded([event("imp_1"), event("imp_2", id="own-id"), event("imp_3")])
    first = send(body, **signed(body))
    again = send(body, **signed(body, age=2))

    assert first.json()["accepted"] == 3
    assert again.status_code == 202
    assert again.json() == {"ids": first.json()["ids"], "accepted": 0, "duplicates": 3}
    assert stored_events() == 3


def test_another_request_with_the_same_events_stores_them_again(send: Send) -> None:
    send(BODY, **signed(webhook_id="msg_1"))
    assert send(BODY, **signed(webhook_id="msg_2")).json()["accepted"] == 1
