"""Inngest's own client for Python against the gateway, and against every kind of answer."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import inngest
import pytest
from inngest._internal import client_lib, errors
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.blocks.ulid import ulid_of
from groundwork.deployments.gateway import writer
from tests.integration.inngest.answers import ANSWERS, ID, answering
from tests.integration.inngest.conftest import ACME_KEY, KEY
from tests.integration.inngest.wire import kept, stored

Make = Callable[..., inngest.Inngest]


@pytest.fixture
def make(client: httpx.Client, gateway_url: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A client as its users make it: what it talks to stands in the environment."""

    def made(key: str | None = KEY, base: str = gateway_url, **environment: str) -> inngest.Inngest:
        for name in ("INNGEST_DEV", "INNGEST_ENV", "INNGEST_BASE_URL", "INNGEST_EVENT_API_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (environment or {"INNGEST_EVENT_API_BASE_URL": base}).items():
            monkeypatch.setenv(name, value)
        if key:
            monkeypatch.setenv("INNGEST_EVENT_KEY", key)
        return inngest.Inngest(app_id="shop")

    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between tries the client waits for nothing."""
    monkeypatch.setattr(client_lib.client, "_compute_backoff_delay", lambda _: 0.0)


def event(name: str = "app/user.created", **fields: Any) -> inngest.Event:
    return inngest.Event(name=name, data={"workspaceId": "acme", "email": "ada@example.com"}, **fields)


def test_an_event_arrives_by_one_variable_of_the_environment(make: Make) -> None:
    [id] = make().send_sync(event())
    [found] = stored()
    assert ulid_of(found.id) == id
    assert (found.name, found.workspace_id) == ("app/user.created", "acme")


@pytest.mark.parametrize(
    ("variable", "path"),
    [("INNGEST_BASE_URL", ""), ("INNGEST_BASE_URL", "/gw/"), ("INNGEST_EVENT_API_BASE_URL", "/gw")],
)
def test_every_base_url_leads_to_the_root(make: Make, gateway_url: str, variable: str, path: str) -> None:
    assert make(**{variable: gateway_url + path}).send_sync(event())
    assert len(stored()) == 1


def test_an_environments_name_does_no_harm(make: Make, gateway_url: str) -> None:
    assert make(INNGEST_EVENT_API_BASE_URL=gateway_url, INNGEST_ENV="a-branch").send_sync(event())


def test_a_batch_sent_asynchronously_is_answered_in_its_order(make: Make) -> None:
    client = make()

    async def send() -> list[str]:
        return await client.send([event(id="a"), event(), event(id="c")])

    ids = asyncio.run(send())
    assert ids == [ulid_of(each.id) for each in stored()]
    assert [each.dedupe_id for each in stored()][::2] == ["a", "c"]


def test_names_as_their_users_write_them(make: Make) -> None:
    client = make()
    order = {"workspaceId": "acme", "orderId": "1"}
    for name in ("shop/order.placed", "ORDER_PLACED", "orderPlaced", "Order Placed!"):
        client.send_sync(inngest.Event(name=name, data=order))
    client.send_sync(inngest.Event(name="lead_scored", data={"orgId": "acme", "score": 1}))
    confirmed = {"workspaceId": "acme", "userId": "usr_1", "importId": "imp_1"}
    client.send_sync(inngest.Event(name="import/csv.confirmed", data=confirmed))
    names = [each.name for each in stored()]
    assert names == ["shop/order.placed"] * 4 + ["crm/lead.scored", "import/csv.confirmed"]


def test_an_unknown_event_is_told_with_the_nearest_name(make: Make) -> None:
    with pytest.raises(errors.SendEventsError, match=r"did you mean 'app/user\.created'"):
        make().send_sync(event("app/user.creatd"))
    assert stored() == []


def test_an_unknown_event_is_kept_where_a_team_moves_job_by_job(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make()
    monkeypatch.setattr(settings(), "unknown_events", "store")
    [known, unknown] = client.send_sync([event(), event("not/moved.yet")])
    assert [ulid_of(each.id) for each in (*stored(), *kept())] == [known, unknown]


@pytest.mark.parametrize(
    ("key", "sent", "told"),
    [
        ("unknown", event(), "Event key not found"),
        (ACME_KEY, event("crm/lead.scored"), "may not send"),
        (KEY, inngest.Event(name="app/user.created", data={"workspaceId": "acme"}), "/0/data/email"),
        (KEY, inngest.Event(name="", data={}), "event name is empty"),
        (KEY, [event(), event(ts=1)], "1980"),
        (KEY, [event()] * 5_001, "5000 events"),
        (KEY, event("x" * 5_000_000), "larger than 4,194,304 bytes"),
    ],
    ids=["key", "permission", "data", "name", "time", "number", "size"],
)
def test_a_refusal_raises_and_loses_nothing_in_silence(make: Make, key: str, sent: Any, told: str) -> None:
    with pytest.raises(errors.SendEventsError, match=told):
        make(key).send_sync(sent)
    assert stored() == []


@pytest.mark.parametrize("key", [f"{KEY}/", f"{KEY}/more", f"{KEY}/../../events", f"../gw/e/{KEY}", ""])
def test_a_path_that_is_wrong_raises_as_well(make: Make, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make()
    monkeypatch.setattr(client, "_event_key", key)
    with pytest.raises(errors.SendEventsError):
        client.send_sync(event())


def test_a_database_that_is_away_for_a_moment_costs_nothing(
    make: Make, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the first try is lost behind its COMMIT, the second one finds the queue full."""
    client = make()
    store, tries = writer._commit, []

    def failing(events: Any) -> Any:
        tries.append(len(events))
        if len(tries) == 1:
            store(events)
            raise TimeoutError("the answer to COMMIT is lost")
        if len(tries) == 2:
            raise writer.QueueFull
        return store(events)

    monkeypatch.setattr(writer, "_commit", failing)
    ids = client.send_sync([event(), event()])
    assert ids == [ulid_of(each.id) for each in stored()]
    assert tries == [2, 2, 2]


def test_a_gateway_that_stays_broken_raises(make: Make, impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LookupError("broken")

    monkeypatch.setattr(writer, "accept", broken)
    with pytest.raises(errors.SendEventsError, match="The gateway failed"):
        make().send_sync(event())


def test_an_event_starts_the_job_that_listens(make: Make) -> None:
    with database().transaction() as connection:
        connection.execute(text("INSERT INTO groundwork.job (name, event_name) VALUES ('greet', 'app/user.created')"))
    make().send_sync([event(id="a"), event(id="a"), event()])
    with database().transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM groundwork.delivery")).scalar_one() == 2


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Any]]:
    with answering() as found:
        yield found


MAKES_OF = {
    "success": [ID],
    "created": [ID],
    "status-201": [ID],
    "no-status": [ID],
    "error-null": [ID],
    "error-empty": errors.SendEventsError,
    "more-keys": [ID],
    "no-ids": [],
    "ids-null": Exception,
    "ids-numbers": Exception,
    "refused": errors.SendEventsError,
    "unknown-key": [],  # lost in silence
    "framework-422": [],  # lost in silence
    "framework-404": [],  # lost in silence
    "failed": errors.SendEventsError,
    "failed-without-error": [],  # lost in silence
    "html-502": json.JSONDecodeError,
    "html-404": json.JSONDecodeError,
    "recovers": [ID],
    "elsewhere": [],  # lost in silence: redirects are not followed
}


@pytest.mark.parametrize("answer", [*ANSWERS, "recovers", "elsewhere"])
def test_what_the_client_makes_of_an_answer(make: Make, impatient: None, server: Any, answer: str) -> None:
    """Should this change with a release, the form of the gateway's answers has to be looked at again."""
    url, asked = server
    client = make(answer, url)
    expected = MAKES_OF[answer]
    if isinstance(expected, list):
        assert client.send_sync(event()) == expected
    else:
        with pytest.raises(expected):
            client.send_sync(event())
    tries = {"failed": 5, "failed-without-error": 5, "html-502": 5, "recovers": 3}
    assert asked[answer] == tries.get(answer, 1)


def test_nobody_who_listens_raises(make: Make, impatient: None) -> None:
    with pytest.raises(errors.SendEventsError, match="never received response"):
        make(base="http://127.0.0.1:1").send_sync(event())
