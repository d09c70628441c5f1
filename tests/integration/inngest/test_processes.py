"""The gateway as a process of its own: its log, the mode that nobody has configured, and production mode."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import inngest
import pytest
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.ulid import id_of
from tests.integration.gateway.conftest import SECRET
from tests.integration.gateway.test_process import Gateway, start  # noqa: F401 - a fixture
from tests.integration.inngest.wire import accepted, refused

Start = Callable[..., Gateway]

SECRET_KEY = "a_secret-that-stands-in-a-path"
IMPORT = {
    "name": "import/csv.confirmed",
    "data": {"workspaceId": "acme", "userId": "usr_1", "importId": "imp_1"},
}


def send(url: str, key: str | None, monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    """By Inngest's own client, as the environment has it."""
    monkeypatch.setenv("INNGEST_BASE_URL", url)
    if key:
        monkeypatch.setenv("INNGEST_EVENT_KEY", key)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    event = inngest.Event(name=str(IMPORT["name"]), data=IMPORT["data"])  # type: ignore[arg-type]
    return inngest.Inngest(app_id="shop").send_sync(event)


def test_no_key_ever_stands_in_the_log(start: Start) -> None:  # noqa: F811
    gateway = start(GROUNDWORK_INNGEST_KEY=SECRET_KEY, GROUNDWORK_METRICS_PUBLIC="1")
    with httpx.Client(base_url=gateway.url) as client:
        accepted(client.post(f"/e/{SECRET_KEY}", json=IMPORT))
        refused(client.post(f"/e/{SECRET_KEY}", json={}), 400)
        for path in ("{}/", "{}/x", "/{}", "%65/{}", "{}?key={}", "{}#x", "{}%2Fmore", "{}%0d%0aX: y"):
            client.post("/e/" + path.format(SECRET_KEY, SECRET_KEY), json=IMPORT)
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD"):
            client.request(method, f"/e/{SECRET_KEY}")
        for path in (f"/E/{SECRET_KEY}", f"//e/{SECRET_KEY}", f"/gw/e/{SECRET_KEY}", f"/%65/{SECRET_KEY}"):
            client.post(gateway.url + path, json=IMPORT)
        with database().transaction() as connection:
            connection.execute(text("ALTER TABLE groundwork.event RENAME TO mislaid"))
        try:
            refused(client.post(f"/e/{SECRET_KEY}", json=IMPORT), 503)
        finally:
            with database().transaction() as connection:
                connection.execute(text("ALTER TABLE groundwork.mislaid RENAME TO event"))
        assert SECRET_KEY not in client.get("/metrics").text
    with pytest.raises(httpx.HTTPError):  # the body never comes
        httpx.post(f"{gateway.url}/e/{SECRET_KEY}", content=_broken_off())
    assert gateway.end() == 0
    log = "".join(gateway.lines)
    assert log.count("POST /e/…") >= 5
    assert SECRET_KEY not in log
    with database().transaction() as connection:
        sources = connection.execute(text("SELECT DISTINCT source FROM groundwork.event")).scalars().all()
    assert sources == ["inngest"]


def _broken_off():  # type: ignore[no-untyped-def]
    yield b"["
    raise httpx.WriteError("the line is cut")


def test_a_machine_that_nobody_has_configured_takes_clients_in_development_mode(
    start: Start,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = start(GROUNDWORK_EVENT_KEY="development")
    assert send(gateway.url, None, monkeypatch, INNGEST_DEV="1")
    assert send(gateway.url, "development", monkeypatch)
    page = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
    for key in ("development", "NO_EVENT_KEY_SET"):
        refused(httpx.post(f"{gateway.url}/e/{key}", json=IMPORT, headers=page), 403)


def test_production_mode_takes_keys_of_paths_only(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    gateway = start(
        GROUNDWORK_MODE="production",
        GROUNDWORK_STORAGE_SHARED="true",
        GROUNDWORK_EVENT_KEY="a-key-of-the-application-itself",
        GROUNDWORK_SIGNING_SECRET=SECRET,
        GROUNDWORK_INNGEST_KEY=SECRET_KEY,
    )
    assert send(gateway.url, SECRET_KEY, monkeypatch)
    refused(httpx.post(f"{gateway.url}/e/a-key-of-the-application-itself", json=IMPORT), 401)
    refused(httpx.post(f"{gateway.url}/e/NO_EVENT_KEY_SET", json=IMPORT), 401)
    bearer = {"Authorization": f"Bearer {SECRET_KEY}"}
    assert httpx.post(f"{gateway.url}/events", json=IMPORT, headers=bearer).status_code == 401


def test_the_settings_say_where_the_workspace_is_and_that_unknown_events_are_kept(start: Start) -> None:  # noqa: F811
    gateway = start(
        GROUNDWORK_INNGEST_KEY=SECRET_KEY,
        GROUNDWORK_INNGEST_WORKSPACE="data.account.id",
        GROUNDWORK_UNKNOWN_EVENTS="store",
    )
    event = {"name": "billing/InvoicePaid", "data": {"account": {"id": 7}}}
    accepted(httpx.post(f"{gateway.url}/e/{SECRET_KEY}", json=event))
    with database().transaction() as connection:
        kept = connection.execute(text("SELECT name, workspace_id, workspace_from FROM groundwork.unknown_event")).one()
    assert tuple(kept) == ("billing/InvoicePaid", "7", "data.account.id")


def test_more_connections_than_are_allowed_are_shed_and_nothing_that_was_accepted_is_lost(start: Start) -> None:  # noqa: F811
    gateway = start(GROUNDWORK_INNGEST_KEY=SECRET_KEY, GROUNDWORK_CONNECTIONS_PER_ADDRESS="100")
    address = urlsplit(gateway.url)
    statuses, ids = asyncio.run(_many(str(address.hostname), int(address.port or 0)))
    assert statuses[200] >= 100
    assert set(statuses) <= {200, 503, 0}
    assert statuses[503] + statuses[0] > 0
    with database().transaction() as connection:
        stored = set(connection.execute(text("SELECT id FROM groundwork.event")).scalars())
    assert {id_of(each) for each in ids} <= stored
    refused(httpx.post(f"{gateway.url}/e/{SECRET_KEY}", json={}), 400)  # it goes on


CONNECTIONS = 600
"""Of one client at once. The gateway allows 100 of an address, tells the next 100 so, and closes the others."""


async def _many(host: str, port: int) -> tuple[Counter[int], list[str]]:
    statuses: Counter[int] = Counter()
    ids: list[str] = []

    everybody = asyncio.Barrier(CONNECTIONS)

    async def one() -> None:
        body = json.dumps(IMPORT)
        try:
            reader, writer = await asyncio.open_connection(host, port)
            await everybody.wait()
            head = f"POST /e/{SECRET_KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = await reader.read()
            writer.close()
        except OSError:
            answer = b""
        status = int(answer.split()[1]) if answer else 0
        statuses[status] += 1
        if status == 200:
            ids.extend(json.loads(answer.partition(b"\r\n\r\n")[2])["ids"])

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return statuses, ids
