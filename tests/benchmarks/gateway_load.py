"""Load on one gateway process: client processes that begin and end at the same moments."""

import asyncio
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade

CLIENT_PROCESSES = 2


@dataclass(frozen=True)
class Load:
    """What one client process does: so many connections, each sending one request after the other.

    Attributes:
        request: makes one, of the name of its sender, the events of a request and how many it sent before.
    """

    port: int
    request: Callable[[str, int, int], bytes]
    connections: int
    batch: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """Requests of all connections together; latencies in seconds."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, which: int) -> float:
        return statistics.quantiles(self.latencies, n=100)[which - 1] * 1000


@contextmanager
def gateway(environment: dict[str, str]) -> Iterator[tuple[int, EmbeddedPostgres]]:
    """A gateway process with an inbox of its own: port and PostgreSQL."""
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
            with _serving(postgres, environment) as port:
                yield port, postgres
        finally:
            postgres.stop()


@contextmanager
def _serving(postgres: EmbeddedPostgres, more: dict[str, str]) -> Iterator[int]:
    environment = {
        "GROUNDWORK_DATABASE_URL": postgres.url(driver="postgresql").render_as_string(hide_password=False),
        "GROUNDWORK_PORT": "0",
    } | more
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


def drive(load: Load, processes: int) -> Measured:
    """Send from so many processes at once."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(_warm, range(processes), chunksize=1)
        begin = time.monotonic() + 0.5
        results = pool.starmap(_client, [(load, begin)] * processes, chunksize=1)
    return Measured([latency for result in results for latency in result], load.seconds)


def _warm(_: int) -> None:
    """Import what the client needs before the clock runs."""
    time.sleep(0.2)


def _client(load: Load, begin: float) -> list[float]:
    return asyncio.run(_send_all(load, begin))


async def _send_all(load: Load, begin: float) -> list[float]:
    """All client processes begin and end at the same moments of the machine's clock."""
    await asyncio.sleep(max(begin - time.monotonic(), 0))
    end = begin + load.seconds
    connections = [_send(load, f"{os.getpid()}-{number}", end) for number in range(load.connections)]
    return [latency for latencies in await asyncio.gather(*connections) for latency in latencies]


async def _send(load: Load, sender: str, end: float) -> list[float]:
    """One connection. The HTTP is written by hand: a client library would cost more CPU than the gateway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    latencies: list[float] = []
    while time.monotonic() < end:
        request = load.request(sender, load.batch, len(latencies))
        begun = time.monotonic()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
        answer = await reader.readexactly(length)
        finished = time.monotonic()
        if finished <= end:
            latencies.append(finished - begun)
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(f"refused: {head!r} {answer!r}")
    writer.close()
    return latencies
