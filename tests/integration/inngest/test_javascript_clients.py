"""Inngest's own clients for JavaScript, of both versions in use, against the gateway and every kind of answer."""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from groundwork.blocks.settings import settings
from groundwork.blocks.ulid import ulid_of
from groundwork.deployments.gateway import writer
from tests.integration.inngest.answers import ANSWERS, ID, answering
from tests.integration.inngest.conftest import ACME_KEY, KEY
from tests.integration.inngest.wire import kept, stored, user_created

Send = Callable[..., list[dict[str, Any]]]


@pytest.fixture(params=["inngest3", "inngest4"])
def send(request: pytest.FixtureRequest, node_programs: Path, client: httpx.Client, gateway_url: str) -> Send:
    """Calls of ``send()``, all at once; what each gave. The environment says where to, as with its users."""

    def sent(*calls: Any, **environment: str) -> list[dict[str, Any]]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("INNGEST_")}
        where = environment or {"INNGEST_EVENT_API_BASE_URL": gateway_url, "INNGEST_EVENT_KEY": KEY}
        asked = [each if isinstance(each, dict) and "events" in each else {"events": each} for each in calls]
        done = subprocess.run(
            ["node", "send-inngest.mjs"],
            cwd=node_programs,
            env=own | {"NODE_ENV": "production"} | where,
            input=json.dumps({"client": request.param, "calls": asked}),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return sent


def test_an_event_arrives_by_one_variable_of_the_environment(send: Send) -> None:
    [sent] = send(user_created())
    assert sent == {"ids": [ulid_of(each.id) for each in stored()]}
    assert stored()[0].data == {"workspaceId": "acme", "email": "ada@example.com"}


def test_a_batch_with_ids_of_its_own_is_answered_in_its_order(send: Send) -> None:
    batch = [user_created(id="a", user={"id": 1}, v="1"), user_created(), user_created(id="a")]
    [sent] = send(batch)
    assert sent["ids"][0] == sent["ids"][2] != sent["ids"][1]
    assert len(stored()) == 2


def test_nothing_at_all_is_sent_as_nothing(send: Send) -> None:
    assert send([]) == [{"ids": []}]


def test_names_as_their_users_write_them(send: Send) -> None:
    order = {"workspaceId": "acme", "orderId": "1"}
    names = ("shop/order.placed", "ORDER_PLACED", "orderPlaced", "Order Placed!")
    confirmed = {"workspaceId": "acme", "userId": "usr_1", "importId": "imp_1"}
    sent = send(
        *({"name": name, "data": order} for name in names),
        {"name": "lead_scored", "data": {"orgId": 42, "score": 1}},
        {"name": "import/csv.confirmed", "data": confirmed},
    )
    assert all("ids" in each for each in sent), sent
    assert sorted(each.name for each in stored()) == [
        "crm/lead.scored", "import/csv.confirmed", *["shop/order.placed"] * 4,
    ]  # fmt: skip


def test_a_base_url_of_both_apis_and_one_with_a_folder_lead_there_too(send: Send, gateway_url: str) -> None:
    sent = send(user_created(), INNGEST_BASE_URL=f"{gateway_url}/gw", INNGEST_EVENT_KEY=KEY)
    assert len(sent[0]["ids"]) == 1
    # With a slash at its end, the client keeps the folder, where the gateway is not.
    refused = send(user_created(), INNGEST_BASE_URL=f"{gateway_url}/gw/", INNGEST_EVENT_KEY=KEY)
    assert "404" in refused[0]["error"]
    assert KEY not in refused[0]["error"]


def test_the_environment_of_a_host_of_previews_does_no_harm(send: Send, gateway_url: str) -> None:
    where = {"INNGEST_EVENT_API_BASE_URL": gateway_url, "INNGEST_EVENT_KEY": KEY}
    sent = send(user_created(), **where, INNGEST_ENV="branch", VERCEL="1", VERCEL_GIT_COMMIT_REF="main")
    assert "ids" in sent[0]


def test_a_refusal_raises_with_the_reason(send: Send) -> None:
    sent = send(
        {"key": "unknown", "events": user_created()},
        {"key": ACME_KEY, "events": user_created(workspace="globex")},
        {"events": user_created() | {"name": "app/user.creatd"}},
        {"events": {"name": "app/user.created", "data": {"workspaceId": "acme"}}},
        {"events": [user_created()] * 5_001},
        {"events": user_created("x" * 5_000_000)},
    )
    told = [each.get("error", "") for each in sent]
    assert "401 Event key not found" in told[0]
    assert "403" in told[1]
    assert "did you mean 'app/user.created'" in told[2]
    assert "/0/data/email" in told[3]
    assert "5000 events" in told[4]
    assert "413" in told[5]
    assert stored() == []


def test_an_unknown_event_is_kept_where_a_team_moves_job_by_job(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "unknown_events", "store")
    [sent] = send([user_created(), user_created() | {"name": "not/moved.yet"}])
    assert [ulid_of(each.id) for each in (*stored(), *kept())] == sent["ids"]


def test_a_database_that_is_away_for_a_moment_costs_nothing(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to the first try is lost behind its COMMIT."""
    store, tries = writer._commit, []

    def failing(events: Any) -> Any:
        tries.append(len(events))
        done = store(events)
        if len(tries) == 1:
            raise TimeoutError("the answer to COMMIT is lost")
        return done

    monkeypatch.setattr(writer, "_commit", failing)
    [sent] = send([user_created(), user_created()])
    assert sent["ids"] == [ulid_of(each.id) for each in stored()]
    assert tries == [2, 2]


def test_nobody_who_listens_throws(send: Send) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert send({"base": f"http://127.0.0.1:{port}", "events": user_created()}) == [{"error": "fetch failed"}]


MAKES_OF: dict[str, list[str] | None] = {
    "success": [ID],
    "created": [ID],
    "status-201": None,
    "no-status": None,
    "error-null": None,
    "error-empty": [ID],
    "more-keys": [ID],
    "no-ids": [],
    "ids-null": None,
    "ids-numbers": None,
    "refused": None,
    "unknown-key": None,
    "framework-422": None,
    "framework-404": None,
    "failed": None,
    "failed-without-error": None,
    "html-502": None,
    "html-404": None,
    "recovers": [ID],
    "elsewhere": [ID],  # redirects are followed
}
"""The ids that ``send()`` gives; None: it throws, after five tries."""


def test_what_the_client_makes_of_each_answer(send: Send) -> None:
    """Should this change with a release, the form of the gateway's answers has to be looked at again."""
    names = [*ANSWERS, "recovers", "elsewhere"]
    with answering() as (url, asked):
        sent = send(*({"key": name, "events": user_created()} for name in names),
                    INNGEST_EVENT_API_BASE_URL=url)  # fmt: skip
    assert {name: each.get("ids") for name, each in zip(names, sent, strict=True)} == MAKES_OF
    fives = {name for name in ANSWERS if MAKES_OF[name] is None}
    # The answer to which one is led elsewhere counts as one of those that succeed.
    assert {name for name, tries in asked.items() if tries == 5} == fives
    assert asked["recovers"] == 3
