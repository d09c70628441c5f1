"""Accepted, signed events per second through the gateway."""

import asyncio
import base64
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from standardwebhooks.webhooks import Webhook

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade
from groundwork.events.inbox import NewEvent, accept

DESCRIPTION = (
    "Signed events over HTTP, keep-alive, from client processes of their own to one gateway process, each answered "
    "after COMMIT; beside it the same INSERT and COMMIT of one event in a loop on one connection, same PostgreSQL, "
    "which is what a gateway without group commit could reach at best"
)

_KEY = "benchmark-key-of-enough-length"
_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
_CLIENT_PROCESSES = 2


@dataclass(frozen=True)
class _Load:
    """What one client process does: so many connections, each sending one request after the other."""

    port: int
    connections: int
    batch: int
    seconds: float


def run(quick: bool) -> dict[str, Any]:
    """Measure.

    Returns:
        singles_per_second, batch100_events_per_second, p50 and p99 in milliseconds of each and of a lone sender, the
        floor in commits per second, and vs_single_commit_floor.
    """
    seconds = 2.0 if quick else 8.0
    with _gateway() as (port, postgres):
        _drive(_Load(port, connections=8, batch=1, seconds=1.0), processes=1)
        alone = _drive(_Load(port, connections=1, batch=1, seconds=seconds / 2), processes=1)
        floor_before = _floor(postgres, seconds / 2)
        singles = _drive(_Load(port, connections=32, batch=1, seconds=seconds), processes=_CLIENT_PROCESSES)
        floor = (floor_before + _floor(postgres, seconds / 2)) / 2
        batches = _drive(_Load(port, connections=4, batch=100, seconds=seconds), processes=_CLIENT_PROCESSES)
    return {
        "singles_per_second": singles.rate,
        "singles_p50_ms": singles.percentile(50),
        "singles_p99_ms": singles.percentile(99),
        "batch100_events_per_second": batches.rate * 100,
        "batch100_p50_ms": batches.percentile(50),
        "batch100_p99_ms": batches.percentile(99),
        "one_sender_per_second": alone.rate,
        "one_sender_p50_ms": alone.percentile(50),
        "one_sender_p99_ms": alone.percentile(99),
        "floor_commits_per_second": floor,
        "vs_single_commit_floor": singles.rate / floor,
    }


@dataclass(frozen=True)
class _Measured:
    """Requests of all connections together; latencies in seconds."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, which: int) -> float:
        return statistics.quantiles(self.latencies, n=100)[which - 1] * 1000


@contextmanager
def _gateway() -> Iterator[tuple[int, EmbeddedPostgres]]:
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        postgres = EmbeddedPostgres(Path(folder))
        postgres.create()
        postgres.start(Path(folder) / "log")
        try:
            postgres.create_database("groundwork")
            engine = create_engine(postgres.url())
            with engine.begin() as connection:
                upgrade(connection)
                connection.execute(
                    text("INSERT INTO groundwork.job (name, event_name) VALUES ('process-csv', 'import/csv.confirmed')")
                )
            engine.dispose()
            with _serving(postgres) as port:
                yield port, postgres
        finally:
            postgres.stop()


@contextmanager
def _serving(postgres: EmbeddedPostgres) -> Iterator[int]:
    environment = {
        "GROUNDWORK_DATABASE_URL": postgres.url(driver="postgresql").render_as_string(hide_password=False),
        "GROUNDWORK_EVENT_KEY": _KEY,
        "GROUNDWORK_SIGNING_SECRET": _SECRET,
        "GROUNDWORK_MODE": "production",
        "GROUNDWORK_PORT": "0",
    }
    log = postgres.data.parent / "gateway.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "groundwork.deployments.gateway"],
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield _port(process, log)
    finally:
        process.terminate()
        process.wait(20)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"running on http://[^:]+:(\d+)", log.read_text()):
            return int(found.group(1))
        time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start:\n{log.read_text()}")


def _floor(postgres: EmbeddedPostgres, seconds: float) -> float:
    """Commits per second of one event each, on one connection, without HTTP, signature or validation."""
    engine = create_engine(postgres.url())
    deadline, commits = time.perf_counter() + seconds, 0
    with engine.connect() as connection:
        while time.perf_counter() < deadline:
            accept(
                connection,
                [
                    NewEvent(
                        name="import/csv.confirmed",
                        workspace_id=f"ws_{commits % 50}",
                        user_id="usr_1",
                        data=_event(commits)["data"],
                        dedupe_id=f"floor:{deadline}:{commits}",
                        occurred_at=datetime.now(UTC),
                        source="floor",
                    )
                ],
            )
            connection.commit()
            commits += 1
    engine.dispose()
    return commits / seconds


def _drive(load: _Load, processes: int) -> _Measured:
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(_warm, range(processes), chunksize=1)
        begin = time.monotonic() + 0.5
        results = pool.starmap(_client, [(load, begin)] * processes, chunksize=1)
    return _Measured([latency for result in results for latency in result], load.seconds)


def _warm(_: int) -> None:
    """Import what the client needs before the clock runs."""
    time.sleep(0.2)


def _client(load: _Load, begin: float) -> list[float]:
    return asyncio.run(_send_all(load, begin))


async def _send_all(load: _Load, begin: float) -> list[float]:
    """All client processes begin and end at the same moments of the machine's clock."""
    await asyncio.sleep(max(begin - time.monotonic(), 0))
    end = begin + load.seconds
    connections = [_send(load, f"{os.getpid()}-{number}", end) for number in range(load.connections)]
    return [latency for latencies in await asyncio.gather(*connections) for latency in latencies]


async def _send(load: _Load, sender: str, end: float) -> list[float]:
    """One connection. The HTTP is written by hand: a client library would cost more CPU than the gateway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    webhook = Webhook(_SECRET)
    latencies: list[float] = []
    while time.monotonic() < end:
        request = _request(webhook, f"msg_{sender}-{time.monotonic_ns()}", load.batch, len(latencies))
        begun = time.monotonic()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
        answer = await reader.readexactly(length)
        finished = time.monotonic()
        if finished <= end:
            latencies.append(finished - begun)
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"refused: {head!r} {answer!r}")
    writer.close()
    return latencies


def _request(webhook: Webhook, webhook_id: str, batch: int, count: int) -> bytes:
    value: Any = _event(count) if batch == 1 else [_event(count * batch + number) for number in range(batch)]
    body = json.dumps(value)
    now = datetime.now(UTC)
    return (
        f"POST /events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {_KEY}\r\nContent-Type: application/json\r\n"
        f"webhook-id: {webhook_id}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
        f"webhook-signature: {webhook.sign(webhook_id, now, body)}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _event(number: int) -> dict[str, Any]:
    data = {"workspaceId": f"ws_{number % 50}", "userId": "usr_1", "importId": f"imp_{number}"}
    return {"name": "import/csv.confirmed", "data": data}
