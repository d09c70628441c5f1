"""Webhooks of providers over a real socket: whose they are, what is stored, and what strangers learn."""

import hashlib
import hmac
import json
import logging
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.server import _worth_logging
from groundwork.events.webhooks.registry import sources
from tests.integration.gateway.billing import application
from tests.integration.gateway.conftest import OPEN_KEY, ingest_keys, serving
from tests.integration.gateway.events import stored_events

STRIPE, OLD_STRIPE = "whsec_the-new-secret-of-stripe", "whsec_the-old-secret-of-stripe"
GITHUB, PLAIN = "a-secret-of-github-1234", "a-secret-of-plain-12345"
CLERK = "whsec_" + b64encode(b"clerk's secret of 32 bytes, okay").decode()
SETTINGS = {
    "GROUNDWORK_APPLICATIONS": "tests.integration.gateway.billing:application",
    "GROUNDWORK_BILLING_STRIPE_SECRET": f"{STRIPE}, {OLD_STRIPE}",
    "GROUNDWORK_BILLING_GITHUB_SECRET": GITHUB,
    "GROUNDWORK_BILLING_CLERK_SECRET": CLERK,
    "GROUNDWORK_BILLING_PLAIN_SECRET": PLAIN,
}


@pytest.fixture
def client(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    forget()
    with serving(create_app(ingest_keys())) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client
    monkeypatch.undo()
    forget()


def paid(**changed: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": "invoice.paid",
        "created": int(time.time()) - 60,
        "data": {"object": {"id": "in_1", "amount_paid": 4200, "metadata": {"workspaceId": "acme"}}},
    } | changed


def from_stripe(client: httpx.Client, value: Any, *, secret: str = STRIPE, age: int = 0, **how: Any) -> httpx.Response:
    body, stamp = value if isinstance(value, bytes) else json.dumps(value).encode(), int(time.time()) - age
    signature = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
    headers = {"Stripe-Signature": f"t={stamp},v1={signature}"}
    return client.post(how.get("path", "/hooks/stripe"), content=how.get("sent", body), headers=headers)


def from_github(client: httpx.Client, value: Any, kind: str = "issues", **more: str) -> httpx.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {
        "X-Hub-Signature-256": "sha256=" + hmac.digest(GITHUB.encode(), body, hashlib.sha256).hex(),
        "X-GitHub-Event": kind,
        "X-GitHub-Delivery": "d-1",
        "Content-Type": "application/json",
    }
    return client.post("/hooks/github", content=body, headers=headers | more)


def from_plain(client: httpx.Client, value: Any) -> httpx.Response:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    signature = hmac.digest(PLAIN.encode(), body, hashlib.sha256).hex()
    return client.post("/hooks/plain", content=body, headers={"X-Signature": signature})


def stored(db: Database) -> list[dict[str, Any]]:
    with db.transaction() as connection:
        rows = connection.execute(text("SELECT name, workspace_id, source, data FROM groundwork.event ORDER BY id"))
        return [{"name": row.name, "workspace": row.workspace_id, "source": row.source, **row.data} for row in rows]


ISSUE = {"action": "opened", "issue": {"number": 5, "title": "It breaks"}, "installation": {"id": 7}}


def test_a_message_becomes_a_typed_event_of_the_workspace_that_it_names(client, db):
    response = from_stripe(client, paid())
    assert (response.status_code, response.json()) == (202, {"accepted": 1, "duplicates": 0, "leftOut": 0})
    assert stored(db) == [
        {
            "name": "billing/invoice.paid",
            "workspace": "acme",
            "source": "webhook of stripe",
            "workspaceId": "acme",
            "invoiceId": "in_1",
            "cents": 4200,
        }
    ]


def test_a_message_that_the_provider_repeats_is_stored_once_by_its_id(client, db):
    answers = [from_stripe(client, paid(), secret=each).json() for each in (STRIPE, OLD_STRIPE, STRIPE)]
    assert [each["accepted"] for each in answers] == [1, 0, 0]
    assert from_stripe(client, paid(id="evt_2")).json()["accepted"] == 1
    assert [from_github(client, ISSUE).json()["accepted"] for _ in range(2)] == [1, 0]
    assert from_github(client, ISSUE, **{"X-GitHub-Delivery": "d-2"}).json()["accepted"] == 1


def test_the_account_that_a_provider_names_is_looked_up_and_may_be_several_workspaces(client, db):
    assert from_github(client, ISSUE | {"installation": {"id": 8}}).json()["accepted"] == 2
    assert {each["workspace"] for each in stored(db)} == {"acme", "globex"}


@pytest.mark.parametrize(
    "account", [{"installation": {"id": 9}}, {"installation": None}, {"installation": {"id": True}}]
)
def test_what_is_about_an_account_that_nobody_has_is_answered_counted_and_not_stored(client, account):
    response = from_github(client, ISSUE | account)
    assert (response.status_code, response.json()) == (202, {"accepted": 0, "duplicates": 0, "leftOut": 1})
    assert 'groundwork_webhooks_total{source="github",outcome="stranger"} 1' in metrics(client)
    assert stored_events() == 0


def metrics(client: httpx.Client) -> str:
    return client.get("/metrics", headers={"Authorization": f"Bearer {OPEN_KEY}"}).text


def test_a_kind_that_means_nothing_here_is_answered_counted_told_once_and_not_stored(client, caplog):
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            assert from_stripe(client, paid(id=f"evt_{number}", type="customer.created")).json()["leftOut"] == 1
        assert from_github(client, {"zen": "Design for failure."}, "ping").status_code == 202
    assert caplog.text.count("messages of the kind 'customer.created' mean nothing here") == 1
    assert "ping" not in caplog.text
    assert 'groundwork_webhooks_total{source="stripe",outcome="unmapped"} 3' in metrics(client)
    assert stored_events() == 0


def test_what_does_not_fit_its_event_is_refused_with_the_field_so_that_it_is_sent_again_once_that_is_mended(client):
    wrong = paid(data={"object": {"id": "in_1", "amount_paid": "lots", "metadata": {"workspaceId": "acme"}}})
    response = from_stripe(client, wrong)
    assert response.status_code == 422
    assert "billing/invoice.paid: cents: int_parsing" in response.json()["error"]
    assert "lots" not in response.text
    for workspace in ("a/b", "../x", "x" * 200):
        data = {"object": {"id": "in_1", "amount_paid": 1, "metadata": {"workspaceId": workspace}}}
        assert from_stripe(client, paid(data=data)).status_code == 422
    assert stored_events() == 0


def test_of_a_source_that_sends_many_at_once_the_rest_is_stored(client, db):
    answer = from_plain(client, [{"id": "a", "cents": 1}, {"id": "b", "cents": -1}, {"id": "c", "cents": 3}]).json()
    assert answer == {"accepted": 2, "duplicates": 0, "leftOut": 1}


def test_the_unsigned_the_forged_and_the_replayed_are_refused_alike(client):
    body = json.dumps(paid()).encode()
    answers = [
        client.post("/hooks/stripe", content=body),
        client.post("/hooks/stripe", content=body, headers={"Stripe-Signature": "t=1,v1=00"}),
        from_stripe(client, paid(), secret="another"),
        from_stripe(client, paid(), secret=""),
        from_stripe(client, paid(), age=301),
        from_stripe(client, paid(), age=-301),
        from_stripe(client, paid(), sent=body + b" "),
    ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}
    assert 'outcome="unproved"} 7' in metrics(client)
    assert stored_events() == 0


def test_why_nothing_proves_itself_is_in_the_log_and_no_secret_is(client, caplog):
    with caplog.at_level(logging.DEBUG):
        answers = [from_stripe(client, paid(), secret="another-secret") for _ in range(5)]
        answers.append(from_stripe(client, b"{"))
        answers.append(from_stripe(client, paid(type=None)))
    told = "".join(each.getMessage() for each in caplog.records if not each.name.startswith("http"))
    assert told.count("a webhook of stripe is refused: no secret fits") == 1
    assert "Check GROUNDWORK_BILLING_STRIPE_SECRET." in told
    for each in (told, *(answer.text for answer in answers)):
        assert not any(secret in each for secret in (STRIPE, OLD_STRIPE, "another-secret", "in_1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b"[" * 5_000,
        b'{"type": 5',
        b'{"type": {}}',
        b'{"type": "invoice.paid"}',
    ],
)
def test_the_signed_that_is_not_as_documented_is_refused(client, body: bytes):
    assert from_stripe(client, body).status_code == 400
    assert stored_events() == 0


def test_a_body_of_too_many_values_or_bytes_is_refused(client):
    assert from_stripe(client, paid(more=[0] * 150_000)).status_code == 400
    assert from_stripe(client, paid(more="x" * (4 * 1024 * 1024))).status_code == 413
    large = ISSUE | {"more": "x" * (5 * 1024 * 1024)}  # GitHub sends up to 25 MiB
    assert from_github(client, large).json()["accepted"] == 1


def test_a_form_may_carry_the_json_as_github_sends_it(client):
    body = httpx.QueryParams({"payload": json.dumps(ISSUE)})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert from_github(client, str(body).encode(), **form).json()["accepted"] == 1
    assert from_github(client, b"payload=%7B", **form).status_code == 400


def test_a_source_without_a_secret_lets_nobody_in(client, monkeypatch):
    for value in ("", " , "):
        monkeypatch.setenv("GROUNDWORK_BILLING_STRIPE_SECRET", value)
        forget()
        response = from_stripe(client, paid(), secret=value)
        assert response.status_code == 404
        assert "not set up here. Check GROUNDWORK_BILLING_STRIPE_SECRET" in response.json()["error"]
    assert stored_events() == 0


def test_a_source_that_there_is_not_and_an_address_beyond_one_are_404(client):
    for path in ("/hooks/none", "/hooks/", "/hooks", "/hooks/stripe/more", "/hooks/STRIPE", "/nurture/hooks/hubspot"):
        assert from_stripe(client, paid(), path=path).status_code == 404
    assert stored_events() == 0
    assert from_stripe(client, paid(), path="/billing/hooks/stripe").status_code == 202


def test_a_handshake_is_answered_to_whoever_knows_the_token(client):
    asked = {"hub.mode": "subscribe", "hub.verify_token": "verify-me", "hub.challenge": "<b>1158201444</b>"}
    answer = client.get("/hooks/plain", params=asked)
    assert (answer.text, answer.headers["content-type"]) == ("<b>1158201444</b>", "text/plain; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"
    for wrong in ({"hub.verify_token": "x"}, {"hub.verify_token": ""}, {"hub.mode": "other"}):
        assert client.get("/hooks/plain", params=asked | wrong).status_code == 401
    assert client.get("/hooks/plain", params=asked | {"hub.challenge": "x" * 513}).status_code == 400
    assert client.get("/hooks/stripe").status_code == 405


def from_slack(client: httpx.Client, body: bytes) -> httpx.Response:
    stamp = str(int(time.time()))
    digest = hmac.digest(b"8f742231b10e8888abcd99yyyzzz85a5", f"v0:{stamp}:".encode() + body, hashlib.sha256).hex()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
    return client.post("/hooks/slack", content=body, headers=headers)


def test_slack_s_verification_of_an_address_is_answered_once_it_is_proved(client):
    body = b'{"type": "url_verification", "challenge": "c-1"}'
    assert from_slack(client, body).json() == {"challenge": "c-1"}
    assert client.post("/hooks/slack", content=body).status_code == 401


def test_a_fault_in_an_application_s_source_is_500_with_its_place_in_the_log_and_nothing_that_was_sent(client, caplog):
    with caplog.at_level(logging.ERROR):
        response = from_slack(client, b'{"type": "url_verification", "token": "a secret thing"}')
    assert response.status_code == 500
    mark = response.json()["error"].rpartition(" ")[2].rstrip(".")
    assert f"id {mark}: a webhook of slack failed with KeyError at " in caplog.text
    assert "billing.py:" in caplog.text
    assert "secret thing" not in caplog.text


def test_what_follows_a_source_in_the_path_is_in_no_log():
    record = logging.LogRecord("uvicorn.access", 20, "", 0, '%s - "%s %s HTTP/%s" %d', (), None)
    record.args = ("127.0.0.1", "POST", "/hooks/clerk/ep_secret", "1.1", 202)
    assert _worth_logging(record)
    assert "secret" not in record.getMessage()


def test_a_database_that_is_away_is_503_so_that_the_provider_sends_again(client, db, postgres, home):
    db.engine.dispose()
    postgres.stop()
    try:
        assert from_stripe(client, paid()).status_code == 503
        assert from_github(client, ISSUE).status_code == 503
    finally:
        postgres.start(home / "postgres.log")
    assert from_stripe(client, paid()).json()["accepted"] == 1


@pytest.fixture
def vault(db: Database) -> Iterator[None]:
    with db.transaction() as connection:
        connection.execute(text("CREATE TABLE billing_secret (secret text)"))
    yield
    with db.transaction() as connection:
        connection.execute(text("DROP TABLE billing_secret"))


def from_vault(client: httpx.Client, said: Any, secret: str) -> int:
    body = json.dumps({"type": "said", "said": said}).encode()
    signature = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return client.post("/hooks/vault", content=body, headers={"X-Signature": signature}).status_code


def test_secrets_of_a_table_are_asked_for_anew_with_each_request(client, db, vault):
    assert from_vault(client, {"n": 1}, "first") == 404
    for secret in ("first", "second"):
        with db.transaction() as connection:
            connection.execute(text("INSERT INTO billing_secret VALUES (:secret)"), {"secret": secret})
        assert from_vault(client, {"n": secret}, secret) == 202
    with db.transaction() as connection:
        connection.execute(text("DELETE FROM billing_secret WHERE secret = 'first'"))
    assert [from_vault(client, {"n": 3}, each) for each in ("first", "second")] == [401, 202]


@pytest.mark.parametrize(
    "said",
    [{"__prefect_kind": "jinja", "template": "{{ 1 }}"}, {"a": [{"__prefect_kind": "json"}]}, {"x": [0] * 10_001}],
    ids=["a template", "a template within", "too many values"],
)
def test_what_no_sender_may_send_no_provider_may_either(client, db, vault, said):
    with db.transaction() as connection:
        connection.execute(text("INSERT INTO billing_secret VALUES ('first')"))
    assert from_vault(client, said, "first") == 422
    assert stored_events() == 0


def test_a_large_body_keeps_nobody_waiting(client):
    began = time.monotonic()
    from_stripe(client, paid(more=["x" * 30] * 90_000))
    assert time.monotonic() - began < 5


def test_two_sources_of_one_name_are_refused_with_both_places(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_APPLICATIONS", "tests.integration.gateway.billing:application,fitness")
    monkeypatch.setattr("tests.integration.gateway.billing.sources", (_named("oura"),))
    forget()
    with pytest.raises(ConfigurationError, match="named oura: of the applications billing and fitness"):
        sources()
    monkeypatch.undo()
    forget()


def _named(name: str) -> Any:
    from dataclasses import replace

    from tests.integration.gateway import billing

    return replace(billing.sources[0], name=name)


def test_what_an_application_names_in_place_of_sources_is_refused(monkeypatch):
    monkeypatch.setenv("GROUNDWORK_APPLICATIONS", "tests.integration.gateway.billing:application")
    monkeypatch.setattr("tests.integration.gateway.billing.sources", ("stripe",))
    forget()
    with pytest.raises(ConfigurationError, match=r"application billing: .* is no tuple of"):
        sources()
    monkeypatch.undo()
    forget()
    assert application.hooks
