"""The same without a browser: ``GET /events``, ``groundwork events list | show | retry`` and ``groundwork jobs``."""

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from groundwork.blocks.database import Database
from groundwork.deployments.cli import program
from tests.factories import delivery_of
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY
from tests.integration.gateway.console.inbox import JOB, TOKEN, Inbox, fill


@pytest.fixture
def inbox(db: Database) -> Inbox:
    return fill(db)


def asked(url: str, key: str = OPEN_KEY, **query: Any) -> httpx.Response:
    return httpx.get(f"{url}/events", params=query, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def run(*words: str, code: int = 0) -> str:
    answer = CliRunner().invoke(program(), list(words), catch_exceptions=False)
    assert answer.exit_code == code, answer.output
    return answer.output


def test_a_sender_lists_events_page_by_page(gateway_url: str, inbox: Inbox):
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 7}
    while query:
        page = asked(gateway_url, **query).json()
        seen += [each["id"] for each in page["events"]]
        query = {"limit": 7, "before": page["next"]} if page["next"] else {}
    assert len(seen) == len(set(seen)) == 18
    [dead] = asked(gateway_url, workspaceId="bolt", state="failed").json()["events"]
    assert dead["deliveries"] == [{"job": JOB, "state": "failed", "attempt": 1}]
    assert asked(gateway_url, until="2020-01-01T00:00:00Z").json() == {"events": [], "next": None}
    assert len(asked(gateway_url, since="2020-01-01T00:00:00+00:00").json()["events"]) == 18


def test_a_restricted_key_lists_what_it_may_send(gateway_url: str, inbox: Inbox):
    for query in ({}, {"workspaceId": "bolt"}, {"state": "failed"}, {"name": "console/account.linked"}):
        found = asked(gateway_url, RESTRICTED_KEY, **query).json()["events"]
        assert {each["workspaceId"] for each in found} <= {"acme"}
        assert all(each["name"].startswith("import/") for each in found)
    assert len(asked(gateway_url, RESTRICTED_KEY).json()["events"]) == 4
    assert httpx.get(f"{gateway_url}/events").status_code == 401


@pytest.mark.parametrize(
    "query",
    [{"state": "gone"}, {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"before": "x"}, {"since": "yesterday"},
     {"before": f"{'f' * 40}.{'0' * 32}"}, {"name": "\x00"}, {"colour": "red"}, {"until": "9999-12-31T23:59-14:00"}],
)  # fmt: skip
def test_a_question_that_cannot_be_is_refused_with_the_cure(gateway_url: str, inbox: Inbox, query: dict[str, str]):
    answer = asked(gateway_url, **query)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_command_line_lists_shows_and_retries_by_short_ids(inbox: Inbox, db: Database):
    shown = run("events", "list", "--state", "failed", "--workspace", "bolt")
    short = str(inbox.dead[2])[:18]
    assert short in shown
    assert f"{JOB} failed" in shown
    assert len(json.loads(run("events", "list", "--json"))["events"]) == 18
    page = json.loads(run("events", "list", "--limit", "10", "--json"))
    assert len(json.loads(run("events", "list", "--before", page["next"], "--json"))["events"]) == 8
    assert str(inbox.dead[2])[:18] in run("events", "list", "--field", "importId=dead-bolt")

    told = run("events", "show", str(inbox.evil))
    assert "(secret)" in told
    assert TOKEN not in told
    assert json.loads(run("events", "show", short, "--json"))["data"]["importId"] == "dead-bolt"
    assert "1 dead letter is queued again" in run("events", "retry", short)
    assert delivery_of(db, inbox.dead[2]).state == "queued"
    run("events", "retry", short, code=1)
    run("events", "show", "ffffffff", code=1)


def test_the_command_line_shows_how_jobs_fare(inbox: Inbox):
    [keep, process] = json.loads(run("jobs", "--json"))["jobs"]
    assert (keep["name"], keep["dead"], process["name"], process["queued"], process["failed"]) == (
        "keep-account", 1, JOB, 13, 3,
    )  # fmt: skip
    assert "75.0 %" in run("jobs")


def test_the_console_is_opened_at_the_event_that_is_meant(inbox: Inbox, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    run("open")
    run("open", str(inbox.done)[:18])
    assert opened == ["http://127.0.0.1:8700/console", f"http://127.0.0.1:8700/console/events?id={inbox.done.hex[:16]}"]
    assert json.loads(run("open", "--json")) == {"url": opened[0]}
