"""The gateway as a process of its own: its log, the mode that nobody has configured, and production mode."""

import asyncio
import json
import os
import resource
from collections import Counter
from collections.abc import Callable, Iterator
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


CONNECTIONS = int(os.environ.get("CONNECTIONS", "600"))
"""Of one client at once."""


@pytest.fixture
def enough_files() -> Iterator[None]:
    """For a socket of each connection, in this process and in the gateway's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 512
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"a process may open {hard:,} files here; {CONNECTIONS:,} connections need {wanted:,}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("allowed", [100, 100_000], ids=["shed at the door", "let in"])
def test_more_connections_than_can_be_served_are_shed_and_nothing_that_was_accepted_is_lost(
    start: Start,  # noqa: F811
    enough_files: None,
    allowed: int,
) -> None:
    gateway = start(GROUNDWORK_INNGEST_KEY=SECRET_KEY, GROUNDWORK_CONNECTIONS_PER_ADDRESS=str(allowed))
    address = urlsplit(gateway.url)
    answers = asyncio.run(_many(str(address.hostname), int(address.port or 0)))
    found = Counter(each.status_code if each else None for each in answers)
    print(found)
    ids = [accepted(each)[0] for each in answers if each and each.status_code == 200]
    for each in answers:
        if each and each.status_code != 200:
            assert {"ids": [], "status": 503}.items() <= each.json().items()
            assert each.json()["error"]
    assert set(found) <= {200, 503, None}
    assert found[200] >= min(allowed, CONNECTIONS, 1_000)
    assert found[None] <= CONNECTIONS // 100  # without a word: the gateway had closed before it was written to
    if allowed < CONNECTIONS:
        assert found[503] > 0
    with database().transaction() as connection:
        stored = set(connection.execute(text("SELECT id FROM groundwork.event")).scalars())
    assert {id_of(each) for each in ids} <= stored
    refused(httpx.post(f"{gateway.url}/e/{SECRET_KEY}", json={}), 400)  # it goes on


async def _many(host: str, port: int) -> list[httpx.Response | None]:
    """What each of many is answered that connect, wait for each other, and then send; None for nothing."""
    everybody = asyncio.Barrier(CONNECTIONS)
    body = json.dumps(IMPORT)
    head = f"POST /e/{SECRET_KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"

    async def one() -> httpx.Response | None:
        line = None
        try:
            line = await asyncio.open_connection(host, port)
        finally:
            await everybody.wait()
        reader, writer = line
        answer = b""
        try:
            writer.write((head + body).encode())
            while part := await reader.read(65_536):
                answer += part
        except OSError:
            pass
        writer.close()
        told, _, content = answer.partition(b"\r\n\r\n")
        return httpx.Response(int(told.split()[1]), content=content) if answer else None

    done = await asyncio.gather(*(one() for _ in range(CONNECTIONS)), return_exceptions=True)
    return [each if isinstance(each, httpx.Response) else None for each in done]
