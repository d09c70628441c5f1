"""Pages of the console over a large inbox, and what open consoles cost those who send."""

import base64
import json
import multiprocessing
import re
import statistics
import time
from datetime import UTC, datetime
from multiprocessing.synchronize import Event as Flag
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text
from standardwebhooks.webhooks import Webhook

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.sql import named_statements
from tests.benchmarks.gateway_load import Load, drive, gateway

DESCRIPTION = (
    "Each page of the console, one after the other, with a million events, 100,000 queued in 50,000 lanes; "
    "then single signed events from 8 connections while 20 consoles renew themselves every 5 s, beside the same alone"
)

CONSOLES = 20
RENEWED_SECONDS = 5.0
_KEY, _CONSOLE_KEY = "benchmark-key-of-enough-length", "console-key-of-enough-length"
_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
_ENVIRONMENT = {
    "GROUNDWORK_EVENT_KEY": _KEY,
    "GROUNDWORK_SIGNING_SECRET": _SECRET,
    "GROUNDWORK_MODE": "production",
    "GROUNDWORK_STORAGE_SHARED": "true",
    "GROUNDWORK_CONSOLE_KEY": _CONSOLE_KEY,
    "GROUNDWORK_LINK_SECRET": "a-link-secret-of-thirty-two-characters",
}
_PAGES = {
    "events": "events",
    "events_of_workspace": "events?workspace=ws-7",
    "events_of_name": "events?name=bench/kind-3.happened",
    "events_failed": "events?state=failed",
    "events_failed_of_workspace": "events?state=failed&workspace=ws-0",
    "events_queued_of_workspace": "events?state=queued&workspace=ws-7",
    "events_done": "events?state=done",
    "events_by_field": "events?field=orderId&value=order-1&workspace=ws-1",
    "events_by_rare_field": "events?field=orderId&value=none",
    "events_of_the_past": "events?until=EARLY",
    "event": "events/ID",
    "lanes": "lanes",
    "lanes_of_workspace": "lanes?workspace=ws-7",
    "dead": "dead",
    "jobs": "jobs",
    "catalogue": "catalogue",
}
_LIVE = {"X-Groundwork-Live": "1"}
"""As the console's script renews a page."""
_OPEN = ("events", "lanes", "dead", "jobs")


def run(quick: bool) -> dict[str, Any]:
    """Measure.

    Returns:
        p95 in milliseconds of each page and of the slowest; p99 of sending alone, with consoles open, and their ratio.
    """
    events, queued, repeats, seconds = (20_000, 2_000, 5, 2.0) if quick else (1_000_000, 100_000, 40, 15.0)
    with gateway(_ENVIRONMENT) as (port, postgres):
        example, early = _fill(postgres, events, queued)
        pages = {
            name: path.replace("ID", example).replace("EARLY", f"{early:%Y-%m-%dT%H:%M}")
            for name, path in _PAGES.items()
        }
        client = _signed_in(port)
        p95 = {f"{name}_p95_ms": _p95(client, path, repeats) for name, path in pages.items()}
        load = Load(port, _request, connections=8, batch=1, seconds=seconds)
        drive(Load(port, _request, connections=8, batch=1, seconds=2.0), processes=1)
        alone, beside = [], []
        for _ in range(1 if quick else 3):  # turn by turn, since the machine has moods
            alone.append(drive(load, processes=1).percentile(99))
            with _consoles(port):
                beside.append(drive(load, processes=1).percentile(99))
    one, other = statistics.median(alone), statistics.median(beside)
    return p95 | {
        "slowest_page_p95_ms": max(p95.values()),
        "post_p99_ms_alone": one,
        "post_p99_ms_with_20_consoles": other,
        "post_p99_ratio": other / one,
    }


def _fill(postgres: EmbeddedPostgres, events: int, queued: int) -> tuple[str, datetime]:
    """The id of an event, and a time at which a tenth of the events was there."""
    statements = named_statements(Path(__file__).with_suffix(".sql"))
    engine = create_engine(postgres.url())
    with engine.begin() as connection:
        for name in ("jobs", "events", "deliveries"):
            connection.execute(text(statements[name]), {"events": events, "queued": queued})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        [id] = connection.execute(text("SELECT event_id FROM groundwork.delivery WHERE state = 'failed' LIMIT 1")).one()
        [early] = connection.execute(
            text("SELECT accepted_at FROM groundwork.event ORDER BY accepted_at OFFSET :tenth LIMIT 1"),
            {"tenth": events // 10},
        ).one()
    engine.dispose()
    return str(id), early.astimezone(UTC)


def _signed_in(port: int) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}/console/", timeout=60)
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("sign-in").text)
    assert found
    answer = client.post("sign-in", data={"form_token": found[1], "key": _CONSOLE_KEY})
    assert answer.status_code == 303, answer.text
    return client


def _p95(client: httpx.Client, path: str, repeats: int) -> float:
    took = []
    client.get(path)  # what is made once, such as the templates
    for _ in range(repeats):
        began = time.perf_counter()
        answer = client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.text[-500:])
    return statistics.quantiles(took, n=20)[18]


class _consoles:
    """So many consoles that renew themselves, in one process of their own."""

    def __init__(self, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._open, self._end = context.Event(), context.Event()
        self._process = context.Process(target=_keep_open, args=(port, self._open, self._end))

    def __enter__(self) -> None:
        self._process.start()
        if not self._open.wait(120):
            raise RuntimeError("the consoles did not open")

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._process.join(60)


def _keep_open(port: int, is_open: Flag, end: Flag) -> None:
    clients = [_signed_in(port) for _ in range(CONSOLES)]
    is_open.set()
    number = 0
    while not end.wait(RENEWED_SECONDS / CONSOLES):
        clients[number % CONSOLES].get(_OPEN[number % len(_OPEN)], headers=_LIVE)
        number += 1


def _request(sender: str, _: int, count: int) -> bytes:
    webhook, webhook_id = Webhook(_SECRET), f"msg_{sender}-{time.monotonic_ns()}"
    data = {"workspaceId": f"ws-{count % 50}", "userId": "usr_1", "importId": f"imp_{count}"}
    body = json.dumps({"name": "import/csv.confirmed", "data": data})
    now = datetime.now(UTC)
    return (
        f"POST /events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {_KEY}\r\nContent-Type: application/json\r\n"
        f"webhook-id: {webhook_id}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
        f"webhook-signature: {webhook.sign(webhook_id, now, body)}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
