"""More requests than the database takes, and faults that are the gateway's own."""

import re
import threading
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.deployments.gateway import ingest, writer
from tests.integration.gateway.events import event, someone_waits_for_a_lock, stored_events


@pytest.fixture
def busy_inbox(client: httpx.Client) -> Iterator[threading.Thread]:
    """One request waits for a lock in the database, until the test ends or rolls back."""
    with database().engine.connect() as connection:
        connection.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        request = threading.Thread(target=client.post, args=("/events",), kwargs={"json": event("under-way")})
        request.start()
        while not someone_waits_for_a_lock():
            assert request.is_alive()
        yield request
        connection.rollback()
    request.join()
    # Groups are stored in order: behind this one, nothing that a test gave up waiting for comes in the next test.
    client.post("/events", json=event("last")).raise_for_status()


def test_a_request_beyond_what_may_wait_is_429_with_a_time_to_come_back(
    client: httpx.Client, busy_inbox: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(writer, "WAITING_REQUESTS", 1)
    waits = client.post("/events", json=event("waits"))
    refused = client.post("/events", json=event("refused"))

    assert waits.status_code == 503
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["details"] == []


def test_a_database_that_does_not_confirm_in_time_is_503_and_a_repeated_request_is_stored_once(
    client: httpx.Client, gateway_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "ANSWER_SECONDS", 0.1)
    with database().engine.connect() as connection:
        connection.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        unsure = client.post("/events", json=event(id="a"))
        connection.rollback()
    monkeypatch.undo()

    assert unsure.status_code == 503
    assert client.post("/events", json=event(id="a")).json()["duplicates"] == 1
    assert stored_events() == 1


def test_an_inbox_without_its_tables_is_503_since_an_operator_brings_them_back(client: httpx.Client) -> None:
    with database().transaction() as connection:
        connection.execute(text("ALTER TABLE groundwork.event RENAME TO mislaid"))
    try:
        response = client.post("/events", json=event())
    finally:
        with database().transaction() as connection:
            connection.execute(text("ALTER TABLE groundwork.mislaid RENAME TO event"))

    assert response.status_code == 503
    assert client.post("/events", json=event()).status_code == 202


def test_a_fault_of_the_gateway_is_500_as_json_with_an_id_and_tells_nothing_of_its_inside(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("the inside of the gateway")

    monkeypatch.setattr(writer, "accept", broken)
    response = client.post("/events", json=event())

    assert response.status_code == 500
    error = response.json()["error"]
    assert "inside" not in error
    mark = re.search(r"under the id ([0-9a-f]{32})\.", error)
    assert mark
    assert f"id {mark[1]}: POST /events failed with LookupError" in caplog.text
