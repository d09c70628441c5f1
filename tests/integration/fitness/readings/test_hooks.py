"""Webhooks over a real socket: whose they are, and what of them is recorded."""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.server import _worth_logging
from groundwork.events.inbox import NewEvent
from groundwork.tasks.fitness.connections.record import Linked, Tokens, connect, disconnect
from tests.integration.gateway.conftest import serving
from tests.integration.gateway.events import stored_events

GARMIN = "a-secret-path-of-thirty-two-characters"
OURA = {"event_type": "update", "data_type": "sleep", "object_id": "night-1", "user_id": "oura-ada"}
WHOOP = {"user_id": 10129, "id": "s-1", "type": "sleep.updated", "trace_id": "t-1"}


@pytest.fixture
def hooks(configured: None, members, db, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A gateway that knows ada of acme."""
    monkeypatch.setenv("GROUNDWORK_GARMIN_HOOK_SECRET", GARMIN)
    forget()
    members("ada")
    for provider, user in (("oura", "oura-ada"), ("whoop", "10129"), ("garmin", "garmin-ada")):
        link(db, provider, user)
    with serving(create_app()) as url, httpx.Client(base_url=f"{url}/fitness/hooks", timeout=30) as client:
        yield client


def oura_signature(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest().upper()


def whoop_signature(secret: str, timestamp: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)).decode()


def link(db, provider: str, user: str, workspace: str = "acme", member: str = "ada") -> Linked:
    linked = Linked(workspace, member, provider, user, "active", "UTC")
    with db.transaction() as connection:
        connect(connection, linked, None if provider == "garmin" else Tokens("a", "r", None))
    return linked


def from_oura(client: httpx.Client, value: Any, *, secret: str = "client-secret", age: int = 0) -> httpx.Response:
    body, stamp = value if isinstance(value, bytes) else json.dumps(value).encode(), str(int(time.time()) - age)
    headers = {"x-oura-timestamp": stamp, "x-oura-signature": oura_signature(secret, stamp, body)}
    return client.post("/oura", content=body, headers=headers)


def from_whoop(client: httpx.Client, value: Any, *, age: int = 0) -> httpx.Response:
    body, stamp = json.dumps(value).encode(), str(int((time.time() - age) * 1000))
    headers = {
        "X-WHOOP-Signature-Timestamp": stamp,
        "X-WHOOP-Signature": whoop_signature("client-secret", stamp, body),
    }
    return client.post("/whoop", content=body, headers=headers)


def stored(number: int) -> dict[str, int]:
    return {"accepted": number, "duplicates": 0, "leftOut": 0}


def recorded(db) -> list[dict[str, Any]]:
    with db.transaction() as connection:
        rows = connection.execute(text("SELECT workspace_id, source, data FROM groundwork.event ORDER BY accepted_at"))
        return [{"workspace": row.workspace_id, "source": row.source, **row.data} for row in rows]


def test_webhooks_are_recorded_in_the_workspace_of_the_connection(hooks, db):
    assert from_oura(hooks, OURA).json() == from_whoop(hooks, WHOOP).json() == stored(1)
    oura, whoop = recorded(db)
    assert (oura["workspace"], oura["source"], oura["objectId"]) == ("acme", "webhook of oura", "night-1")
    assert (whoop["providerUser"], whoop["kind"]) == ("10129", "updated")


def test_a_person_in_two_gyms_is_told_of_in_both(hooks, db, members):
    members("ada", workspace="globex")
    link(db, "oura", "oura-ada", "globex")
    assert from_oura(hooks, OURA).json()["accepted"] == 2
    assert {each["workspace"] for each in recorded(db)} == {"acme", "globex"}


def test_a_webhook_that_is_sent_again_is_recorded_once(hooks):
    body, stamp = json.dumps(OURA).encode(), str(int(time.time()))
    headers = {"x-oura-timestamp": stamp, "x-oura-signature": oura_signature("client-secret", stamp, body)}
    answers = [hooks.post("/oura", content=body, headers=headers) for _ in range(3)]
    assert [each.json()["accepted"] for each in answers] == [1, 0, 0]
    assert [from_whoop(hooks, WHOOP).json()["accepted"] for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("age", [301, -330])
def test_a_replay_out_of_its_time_is_refused(hooks, age: int):
    assert from_oura(hooks, OURA, age=age).status_code == from_whoop(hooks, WHOOP, age=age).status_code == 401
    assert stored_events() == 0


def test_the_unsigned_and_the_forged_are_refused_alike(hooks):
    body, stamp = json.dumps(OURA).encode(), str(int(time.time()))
    good = oura_signature("client-secret", stamp, body)
    answers = [
        hooks.post("/oura", content=body),
        hooks.post("/oura", content=body, headers={"x-oura-timestamp": stamp}),
        hooks.post("/oura", content=body, headers={"x-oura-timestamp": stamp, "x-oura-signature": "0" * 64}),
        hooks.post("/oura", content=body + b" ", headers={"x-oura-timestamp": stamp, "x-oura-signature": good}),
        hooks.post("/oura", content=body, headers={"x-oura-timestamp": str(int(stamp) + 1), "x-oura-signature": good}),
        from_oura(hooks, OURA, secret="another"),
        from_oura(hooks, OURA, secret=""),
    ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert stored_events() == 0


def test_without_a_secret_of_ours_nobody_is_let_in(hooks, monkeypatch):
    monkeypatch.delenv("GROUNDWORK_OURA_CLIENT_SECRET")
    monkeypatch.delenv("GROUNDWORK_GARMIN_HOOK_SECRET")
    forget()
    assert from_oura(hooks, OURA, secret="").status_code == 404
    assert hooks.post("/garmin/x", json={}).status_code == 404


def test_a_secret_that_is_rotated_verifies_by_both(hooks, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_OURA_CLIENT_SECRET", "new-secret,client-secret")
    forget()
    assert from_oura(hooks, OURA).json()["accepted"] == 1
    assert from_oura(hooks, OURA | {"object_id": "night-2"}, secret="new-secret").json()["accepted"] == 1


def test_a_person_whom_nobody_knows_is_answered_so_that_it_is_not_sent_again_and_logged(hooks, db, caplog):
    with caplog.at_level(logging.WARNING):
        assert from_oura(hooks, OURA | {"user_id": "stranger"}).json()["accepted"] == 0
    assert "webhooks of oura: nobody here has the account 'stranger'" in caplog.text
    with db.transaction() as connection:
        disconnect(connection, Linked("acme", "ada", "oura", "oura-ada", "active", "UTC"))
    assert from_oura(hooks, OURA).json()["accepted"] == 0


@pytest.mark.parametrize("value", [{}, [], b"no JSON", OURA | {"event_type": "boom"}, OURA | {"user_id": "x" * 500}])
def test_the_signed_that_is_not_as_documented_is_refused(hooks, value):
    assert from_oura(hooks, value).status_code == 400
    assert stored_events() == 0


def test_what_is_too_large_is_refused(hooks, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_MAX_BODY_BYTES", "2000")
    forget()
    assert from_oura(hooks, OURA | {"more": "x" * 3000}).status_code == 413
    assert hooks.post(f"/garmin/{GARMIN}", json={"more": "x" * 3000}).status_code == 413


def test_oura_s_handshake_is_answered_to_whoever_knows_the_token(hooks):
    asked = {"verification_token": "verify-me", "challenge": "c-1"}
    assert hooks.get("/oura", params=asked).json() == {"challenge": "c-1"}
    for wrong in ({}, {"challenge": "c-1"}, asked | {"verification_token": "x"}, asked | {"verification_token": ""}):
        assert hooks.get("/oura", params=wrong).status_code == 401
    assert hooks.get("/oura", params=asked | {"challenge": "x" * 513}).status_code == 400


def test_a_push_of_garmin_is_recorded_summary_by_summary_without_its_tokens(hooks, db):
    summary = {"userId": "garmin-ada", "userAccessToken": "opens-doors", "calendarDate": "2026-11-20", "steps": 7}
    series = {"timeOffsetHeartRateSamples": {str(each): 60 for each in range(150_000)}}
    push = {"dailies": [summary | series, summary | {"userId": "stranger"}], "epochs": [summary]}
    assert hooks.post(f"/garmin/{GARMIN}", json=push).json()["accepted"] == 1
    assert hooks.post(f"/garmin/{GARMIN}", json=push).json()["accepted"] == 0
    [event] = recorded(db)
    assert event["data"] == {"userId": "garmin-ada", "calendarDate": "2026-11-20", "steps": 7}


def test_garmin_s_path_is_in_no_log_and_no_answer(hooks, caplog, monkeypatch):
    secret = "another-secret-of-thirty-two-characters"

    def broken(*_: object, **__: object) -> NewEvent:
        raise ZeroDivisionError

    with caplog.at_level(logging.DEBUG):
        answers = [hooks.post(f"/garmin/{secret}", json={}), hooks.post(f"/garmin/{GARMIN}", content=b"{")]
        monkeypatch.setattr("groundwork.events.webhooks.reading._event", broken)
        answers.append(hooks.post(f"/garmin/{GARMIN}", json={"dailies": [{"userId": "garmin-ada"}]}))
    assert [each.status_code for each in answers] == [401, 400, 500]
    record = logging.LogRecord("uvicorn.access", 20, "", 0, '%s - "%s %s HTTP/%s" %d', (), None)
    record.args = ("127.0.0.1", "POST", f"/fitness/hooks/garmin/{GARMIN}", "1.1", 200)
    assert _worth_logging(record)
    # httpx, which is the sender here, logs what it asks for.
    told = "".join(each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "httpcore")))
    for text_of in (told, *(each.text for each in answers), record.getMessage()):
        assert GARMIN not in text_of
        assert secret not in text_of


def test_garmin_is_taken_from_its_networks_only_where_they_are_named(hooks, monkeypatch):
    monkeypatch.setenv("GROUNDWORK_GARMIN_ADDRESSES", "203.0.113.0/24")
    forget()
    assert hooks.post(f"/garmin/{GARMIN}", json={}).status_code == 401


def test_a_database_that_is_away_is_503_so_that_the_provider_sends_again(hooks, postgres, home):
    database().engine.dispose()
    postgres.stop()
    try:
        assert from_oura(hooks, OURA).status_code == 503
    finally:
        postgres.start(home / "postgres.log")
    assert from_oura(hooks, OURA).json()["accepted"] == 1
