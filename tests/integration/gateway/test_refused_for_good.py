"""What PostgreSQL refuses for good: the sender is not told to send it again, and nobody else pays for it."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.deployments.gateway.writer import GroupWriter
from groundwork.events.client import EventRefused, GatewayClient
from groundwork.flows.flow_control import Idempotency
from tests.integration.gateway.conftest import OPEN_KEY
from tests.integration.gateway.events import event, stored_events
from tests.integration.gateway.test_writing import inbox_locked, new_event, until_the_writer_waits_for_the_lock
from tests.integration.inbox.scored_leads import register, states
from tests.integration.inbox.test_long_values import LONG, incompressible


@contextmanager
def refusing(sqlstate: str, when: str = "true") -> Iterator[None]:
    """PostgreSQL refuses events with an SQLSTATE, as it does by itself for values that no test can foresee."""
    with database().transaction() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION public.refuse_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {when} THEN RAISE EXCEPTION 'ada@example.com' USING ERRCODE = '{sqlstate}'; END IF; RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse_events BEFORE INSERT ON groundwork.event FOR EACH ROW "
            "EXECUTE FUNCTION public.refuse_events()"
        )
    try:
        yield
    finally:
        with database().transaction() as connection:
            connection.exec_driver_sql("DROP FUNCTION public.refuse_events() CASCADE")


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [
        ("22P05", 422),
        ("22003", 422),
        ("23514", 422),
        ("54000", 422),
        ("54001", 422),
        ("P0001", 500),
        ("XX000", 500),
        ("40P01", 503),
        ("53100", 503),
        ("55P03", 503),
        ("57014", 503),
        ("25006", 503),
    ],
)
def test_only_what_may_go_through_later_is_503(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, sqlstate: str, status: int
) -> None:
    with refusing(sqlstate):
        response = client.post("/events", json=event())

    error = response.json()["error"]
    assert response.status_code == status
    assert ("Send the same request again" in error) is ("retry-after" in response.headers) is (status == 503)
    assert "ada@example.com" not in error
    if status != 503:
        mark = re.search(rf"SQLSTATE {sqlstate}.* under the id ([0-9a-f]{{32}})\.", error)
        assert mark
        assert f"id {mark[1]}: POST /events: PostgreSQL refuses for good: ada@example.com (SQLSTATE {sqlstate})" in (
            caplog.text
        )


def test_a_key_of_any_length_in_the_data_is_accepted_and_counts(client: httpx.Client, db: Any) -> None:
    register(db, idempotency=Idempotency(key="lead_id"), lane=9)
    lead = {"name": "test/lead.scored", "data": {"workspaceId": "acme", "leadId": LONG}}
    response = client.post("/events", json=[lead, lead])
    assert (response.status_code, response.json()["accepted"]) == (202, 2)
    assert states(db) == ["queued", "cancelled"]


def test_the_longest_ids_and_names_that_are_allowed_fit(client: httpx.Client) -> None:
    longest = event(incompressible(128), incompressible(128, seed=1), id=incompressible(255, seed=2))
    assert client.post("/events", json=longest).status_code == 202
    headers = {"webhook-id": "x" * 200}
    without_id = event(workspace=incompressible(128, seed=1))
    assert client.post("/events", json=without_id, headers=headers).status_code == 202


@pytest.mark.parametrize("poison", ["54000", "22003"])
def test_one_poisonous_event_fails_its_own_request_and_no_neighbour(db: object, poison: str) -> None:
    async def submitted() -> list[Any]:
        writer = GroupWriter()
        with inbox_locked():
            first = writer.submit([new_event("first")], 1)
            await until_the_writer_waits_for_the_lock()
            others = [writer.submit([new_event(f"{number}")], 1) for number in range(100)]
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        await asyncio.to_thread(writer.close)
        return outcomes

    with refusing(poison, "NEW.dedupe_id = '42'"):
        outcomes = asyncio.run(submitted())
    failed = [number for number, each in enumerate(outcomes, -1) if isinstance(each, BaseException)]
    assert failed == [42]
    assert stored_events() == 100
    # The group is halved around the bad one, and not taken apart into single commits.
    with database().transaction() as connection:
        commits = connection.execute(text("SELECT count(DISTINCT xmin::text) FROM groundwork.event")).scalar_one()
    assert commits < 10


def test_what_the_driver_refuses_fails_its_own_request_and_no_neighbour(
    db: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psycopg refuses a NUL character in a parameter before PostgreSQL sees it: an error without SQLSTATE."""
    from groundwork.deployments.gateway import writer as writer_module

    real = writer_module.accept

    def accept(connection: Any, events: Any) -> Any:
        if any(each.dedupe_id == "bad" for each in events):
            connection.execute(text("SELECT :it"), {"it": "a\0b"})
        return real(connection, events)

    monkeypatch.setattr(writer_module, "accept", accept)

    async def submitted() -> list[Any]:
        writer = GroupWriter()
        with inbox_locked():
            first = writer.submit([new_event("first")], 1)
            await until_the_writer_waits_for_the_lock()
            others = [writer.submit([new_event(each)], 1) for each in ("good", "bad", "last")]
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        await asyncio.to_thread(writer.close)
        return outcomes

    outcomes = asyncio.run(submitted())
    assert [isinstance(each, BaseException) for each in outcomes] == [False, False, True, False]


def test_the_python_client_tells_what_is_wrong_and_that_trying_again_is_no_use(client: httpx.Client) -> None:
    sender = GatewayClient(str(client.base_url), OPEN_KEY)
    data = event()["data"]
    with pytest.raises(EventRefused, match="id: String should have at most 255 characters"):
        sender.send_raw("import/csv.confirmed", data, id="x" * 256)
    with pytest.raises(EventRefused, match=r"importId: .* it has 5,000 characters"):
        sender.send_raw("import/csv.confirmed", data | {"importId": LONG})
    with refusing("54000"), pytest.raises(EventRefused, match="Do not send it again as it is"):
        sender.send_raw("import/csv.confirmed", data)
