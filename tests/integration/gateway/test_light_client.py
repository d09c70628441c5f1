"""``groundwork-client``, sync and async alike, against the real gateway over HTTP."""

import asyncio
import json
import multiprocessing
import os
import sqlite3
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.clients.python.groundwork_client import (
    AsyncClient,
    Client,
    Event,
    Flushed,
    GatewayAway,
    NotAGateway,
    OutboxFull,
    Refused,
)
from groundwork.events.clients.python.groundwork_client import errands as errands_module
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, SECRET, SIGNED_KEY
from tests.integration.gateway.events import stored_events
from tests.integration.gateway.flaky import NO_ANSWER, Flaky, flaky

SOURCE = Path(__file__).parents[3] / "events" / "clients" / "python"
DATA = {"workspaceId": "acme", "userId": "bob"}
NOBODY = "http://127.0.0.1:1"
QUICK = {"first_pause": 0.01}


class Blocking:
    """The async client, called as the sync one is: one suite for both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = AsyncClient(*arguments, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *arguments, **options: self._loop.run_until_complete(method(*arguments, **options))


@pytest.fixture(params=[Client, Blocking], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def proxy(gateway_url: str, db: Database) -> Iterator[Flaky]:
    with flaky(gateway_url) as server:
        yield server


def test_an_event_is_sent_and_its_state_asked_for(kind, gateway_url, db):
    client = kind(gateway_url, OPEN_KEY)
    receipt = client.send("user/signed.up", DATA, id="signed-up-bob")
    again = client.send("user/signed.up", DATA, id="signed-up-bob")
    assert (receipt.id, receipt.event_id, receipt.waits) == ("signed-up-bob", again.event_id, False)
    assert client.status(receipt.event_id)["name"] == "user/signed.up"
    assert stored_events() == 1


def test_requests_are_signed_where_there_is_a_secret(kind, gateway_url, db):
    assert not kind(gateway_url, SIGNED_KEY, secret=f"{SECRET},whsec_old").send("user/signed.up", DATA).waits
    with pytest.raises(Refused, match="401"):
        kind(gateway_url, SIGNED_KEY).send("user/signed.up", DATA)


def test_many_events_go_in_few_requests_and_in_order(kind, proxy):
    events = [Event("user/signed.up", DATA | {"userId": f"u{number}"}) for number in range(2_500)]
    receipts = kind(proxy.url, OPEN_KEY).send_many(events)
    assert [each.id for each in receipts] == [each.id for each in events]
    assert len({each.event_id for each in receipts}) == stored_events() == 2_500
    assert [len(json.loads(body)) for _, body in proxy.seen] == [1_000, 1_000, 500]
    assert kind(proxy.url, OPEN_KEY).send_many([]) == []


def test_a_request_that_is_too_large_for_the_gateway_is_halved(kind, proxy):
    events = [Event("user/signed.up", DATA, id=f"e{number}" + "x" * 200) for number in range(64)]
    client = kind(proxy.url, OPEN_KEY, most_bytes=10_000)
    assert len(client.send_many(events)) == 64
    assert all(len(body) <= 10_000 for _, body in proxy.seen)


@pytest.mark.parametrize("faults", [[503], [502, 429, 504], [NO_ANSWER], [NO_ANSWER, 503, NO_ANSWER]], ids=str)
def test_what_fails_on_the_way_is_sent_again_with_the_same_ids_and_stored_once(kind, proxy, faults):
    proxy.faults.extend(faults)
    receipts = kind(proxy.url, SIGNED_KEY, secret=SECRET, **QUICK).send_many(
        [Event("user/signed.up", DATA), Event("user/signed.up", DATA)]
    )
    assert len({each.event_id for each in receipts}) == stored_events() == 2
    assert len(proxy.seen) == len(faults) + 1
    assert len({(headers["webhook-id"], body) for headers, body in proxy.seen}) == 1


def test_after_all_tries_it_is_told_and_another_send_of_the_same_stores_it_once(kind, proxy):
    proxy.faults.extend([NO_ANSWER] * 4)
    event = Event("user/signed.up", DATA)
    client = kind(proxy.url, OPEN_KEY, **QUICK)
    with pytest.raises(GatewayAway, match="4 tries"):
        client.send_many([event])
    client.send_many([event])
    assert stored_events() == 1


def test_a_refusal_names_field_and_event_and_is_not_tried_again(kind, proxy):
    events = [
        Event("user/signed.up", DATA),
        Event("user/signed.up", {"workspaceId": "acme", "userID": "bob"}, id="bad"),
    ]
    with pytest.raises(Refused) as refused:
        kind(proxy.url, OPEN_KEY).send_many(events)
    assert refused.value.status == 422
    assert {each["pointer"] for each in refused.value.details} == {"/1/data/userId", "/1/data/userID"}
    assert refused.value.ids[1] == "bad"
    assert "did you mean 'userId'" in str(refused.value)
    assert (len(proxy.seen), stored_events()) == (1, 0)
    with pytest.raises(Refused, match="403"):
        kind(proxy.url, RESTRICTED_KEY).send("user/signed.up", DATA)


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_what_is_no_gateway_is_told_apart_and_no_redirect_is_followed(kind, proxy, status):
    proxy.faults.append(status)
    with pytest.raises(NotAGateway, match=f"{status}"):
        kind(proxy.url, OPEN_KEY).send("user/signed.up", DATA)
    assert len(proxy.seen) == 1


def test_no_error_shows_key_or_secret(kind, proxy):
    with pytest.raises(Refused) as refused:
        kind(proxy.url, "the-secret-key-of-mine", secret=SECRET).send("user/signed.up", DATA)
    with pytest.raises(GatewayAway) as away:
        kind(NOBODY, "the-secret-key-of-mine", secret=SECRET, **QUICK).send("user/signed.up", DATA)
    told = [repr(refused.value), repr(away.value)]
    for wrong in (
        {"key": "the-secret-key-of-mine\n"},
        {"key": ""},
        {"secret": "whsec_%%%"},
        {"url": "jobs.example.com"},
        {"url": "https://u:the-secret-key@x?y"},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))) as fault:
            Client(**({"url": proxy.url, "key": "k"} | wrong))
        told.append(repr(fault.value))
    assert not [each for each in told if "the-secret-key" in each or SECRET in each or "%%%" in each]


@pytest.mark.parametrize("data", [{"n": float("nan")}, {"n": float("inf")}, {"at": object()}, {"s": {1, 2}}])
def test_what_json_has_not_is_refused_where_the_event_is_made(data):
    with pytest.raises((ValueError, TypeError)):
        Event("user/signed.up", data)
    for wrong in ("", "x" * 256):
        with pytest.raises(ValueError, match="id: 1 to 255"):
            Event("user/signed.up", {}, id=wrong)


def test_later_changes_of_the_data_do_not_matter(kind, gateway_url, db):
    data = dict(DATA)
    event = Event("user/signed.up", data)
    data["userId"] = object()
    assert kind(gateway_url, OPEN_KEY).send_many([event])[0].event_id


# The outbox


def test_while_the_gateway_is_away_events_wait_in_a_file_and_go_in_order_once_it_is_back(
    kind, gateway_url, db, tmp_path
):
    path = tmp_path / "events.sqlite"
    away = kind(NOBODY, OPEN_KEY, outbox=path, **QUICK)
    receipts = [away.send("user/signed.up", DATA | {"userId": f"u{number}"}) for number in range(3)]
    assert all(each.waits for each in receipts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    back = kind(gateway_url, OPEN_KEY, outbox=path)
    assert not back.send("user/signed.up", DATA | {"userId": "u3"}).waits
    with db.transaction() as connection:
        rows = connection.execute(text("SELECT data ->> 'userId' FROM groundwork.event ORDER BY accepted_at, id"))
        assert list(rows.scalars()) == ["u0", "u1", "u2", "u3"]
    assert back.flush() == Flushed(0, 0, 0)


def test_what_was_stored_before_its_answer_was_lost_is_stored_once_by_the_outbox_too(kind, proxy, tmp_path):
    proxy.faults.extend([NO_ANSWER] * 2)
    client = kind(proxy.url, OPEN_KEY, outbox=tmp_path / "o", tries=2, **QUICK)
    assert client.send("user/signed.up", DATA).waits
    assert client.flush() == Flushed(1, 0, 0)
    assert stored_events() == 1


def test_an_event_that_is_refused_holds_up_no_others_and_is_kept_with_the_reason(kind, gateway_url, db, tmp_path):
    path = tmp_path / "events.sqlite"
    away = kind(NOBODY, OPEN_KEY, outbox=path, **QUICK)
    for number in range(20):
        away.send("user/signed.up" if number != 7 else "user/signed.op", DATA, id=f"e{number}")
    assert kind(gateway_url, OPEN_KEY, outbox=path).flush() == Flushed(19, 1, 0)
    [(event_id, reason)] = sqlite3.connect(path).execute("SELECT id, reason FROM refused").fetchall()
    assert event_id == "e7"
    assert "did you mean 'user/signed.up'" in reason
    assert stored_events() == 19


def test_a_key_that_is_refused_drops_nothing(kind, gateway_url, db, tmp_path):
    path = tmp_path / "events.sqlite"
    kind(NOBODY, OPEN_KEY, outbox=path, **QUICK).send("user/signed.up", DATA)
    with pytest.raises(Refused, match="401"):
        kind(gateway_url, "not-a-key", outbox=path).flush()
    assert kind(gateway_url, OPEN_KEY, outbox=path).flush() == Flushed(1, 0, 0)


def test_a_full_outbox_is_told_and_keeps_what_it_has(kind, tmp_path):
    client = kind(NOBODY, OPEN_KEY, outbox=tmp_path / "o", outbox_events=2, **QUICK)
    client.send("user/signed.up", DATA)
    with pytest.raises(OutboxFull, match="has 1 events and may have 2"):
        client.send_many([Event("user/signed.up", DATA)] * 2)
    assert client.flush().waiting == 1


def test_while_the_gateway_is_known_to_be_away_nobody_waits_for_it(kind, tmp_path, monkeypatch):
    client = kind(NOBODY, OPEN_KEY, outbox=tmp_path / "o", tries=3, first_pause=0.2)
    began = time.monotonic()
    for _ in range(20):
        client.send("user/signed.up", DATA)
    assert time.monotonic() - began < 2
    monkeypatch.setattr(errands_module, "AWAY_SECONDS", 0.0)


def test_an_event_of_the_outbox_says_when_it_happened(kind, gateway_url, db, tmp_path):
    path = tmp_path / "o"
    kind(NOBODY, OPEN_KEY, outbox=path, **QUICK).send("user/signed.up", DATA)
    time.sleep(1.1)
    kind(gateway_url, OPEN_KEY, outbox=path).flush()
    with db.transaction() as connection:
        apart = connection.execute(text("SELECT accepted_at - occurred_at FROM groundwork.event")).scalar_one()
    assert apart.total_seconds() > 1


def _put(path: str, number: int) -> None:
    client = Client(NOBODY, OPEN_KEY, outbox=path, tries=1)
    for each in range(50):
        client.send("user/signed.up", DATA, id=f"{number}-{each}")
        if number == 0 and each == 25:
            os._exit(9)


def test_several_processes_share_an_outbox_and_one_that_dies_loses_nothing_that_was_put_in(gateway_url, db, tmp_path):
    path = str(tmp_path / "events.sqlite")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_put, args=(path, number)) for number in range(3)]
    for each in processes:
        each.start()
    for each in processes:
        each.join(60)
    assert Client(gateway_url, OPEN_KEY, outbox=path).flush() == Flushed(126, 0, 0)
    assert stored_events() == 126


# The distribution


def test_the_program_of_the_docs_runs_as_it_stands(gateway_url, db, tmp_path):
    page = (SOURCE.parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    for printed, here in (
        ("https://jobs.example.com", gateway_url),
        ("/var/lib/shop", str(tmp_path)),
        ("secret=SECRET", f"secret={SECRET!r}"),
        ("key=KEY", f"key={SIGNED_KEY!r}"),
    ):
        assert printed in program
        program = program.replace(printed, here)
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert stored_events() == 3


def test_it_stands_alone_and_pulls_in_neither_prefect_nor_pydantic(tmp_path):
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    copied = tmp_path / "source"
    subprocess.run(["cp", "-r", str(SOURCE), str(copied)], check=True)
    subprocess.run([*wheel, str(copied)], check=True, capture_output=True)
    [built] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path / "installed")
        [metadata] = [name for name in archive.namelist() if name.endswith("METADATA")]
        wanted = [line for line in archive.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    assert [line.split()[1].partition(">")[0].partition("<")[0] for line in wanted] == ["httpx", "standardwebhooks"]
    program = (
        "import sys, groundwork_client as c; print(c.__file__);"
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'prefect', 'groundwork', 'pydantic'}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    where, found = out.stdout.splitlines()
    assert where.startswith(str(tmp_path))
    assert found == "[]"
