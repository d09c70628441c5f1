"""Accepted events per second from clients of Inngest, through ``POST /e/<key>``."""

import asyncio
import base64
import json
import multiprocessing
import os
import time
from typing import Any

from tests.benchmarks.gateway_load import CLIENT_PROCESSES, Load, Measured, drive, gateway

DESCRIPTION = (
    "Events over HTTP, keep-alive, to one gateway process, each answered after COMMIT, as Inngest's clients send them: "
    "by a plain load generator, and by Inngest's own client for Python, which takes most of its time itself; both from "
    "client processes of their own"
)

_KEY = "benchmark-key-of-enough-length"
_ENVIRONMENT = {"GROUNDWORK_EVENT_KEY": "another-key-of-enough-length", "GROUNDWORK_INNGEST_KEY": _KEY}
_TASKS = 8
"""Sends at once of one process with Inngest's client."""


def run(quick: bool) -> dict[str, Any]:
    """Measure.

    Returns:
        Events per second, p50 and p99 in milliseconds per request: single events and batches of 100, with the load
        generator and with Inngest's client.
    """
    seconds = 2.0 if quick else 8.0
    with gateway(_ENVIRONMENT) as (port, _):
        drive(Load(port, _request, connections=8, batch=1, seconds=1.0), processes=1)
        alone = drive(Load(port, _request, connections=1, batch=1, seconds=seconds / 2), processes=1)
        singles = drive(Load(port, _request, connections=32, batch=1, seconds=seconds), processes=CLIENT_PROCESSES)
        batches = drive(Load(port, _request, connections=4, batch=100, seconds=seconds), processes=CLIENT_PROCESSES)
        client_singles = _drive_client(port, 1, seconds)
        client_batches = _drive_client(port, 100, seconds)
    measured = {
        "one_sender": (alone, 1),
        "singles": (singles, 1),
        "batch100": (batches, 100),
        "client_singles": (client_singles, 1),
        "client_batch100": (client_batches, 100),
    }
    return {
        f"{name}_{figure}": value
        for name, (each, events) in measured.items()
        for figure, value in (
            ("events_per_second", each.rate * events),
            ("p50_ms", each.percentile(50)),
            ("p99_ms", each.percentile(99)),
        )
    }


def _request(sender: str, batch: int, count: int) -> bytes:
    """As Inngest's client for JavaScript writes it."""
    body = json.dumps([_event(count * batch + number) for number in range(batch)])
    seed = f"{int(time.time() * 1000)},{base64.b64encode(os.urandom(10)).decode()}"
    return (
        f"POST /e/{_KEY} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nUser-Agent: {sender}\r\n"
        f"x-inngest-event-id-seed: {seed}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _event(number: int) -> dict[str, Any]:
    data = {"workspaceId": f"ws_{number % 50}", "userId": "usr_1", "importId": f"imp_{number}"}
    return {"name": "import/csv.confirmed", "data": data, "ts": int(time.time() * 1000)}


def _drive_client(port: int, batch: int, seconds: float) -> Measured:
    with multiprocessing.get_context("spawn").Pool(CLIENT_PROCESSES) as pool:
        pool.map(_warm, range(CLIENT_PROCESSES), chunksize=1)
        begin = time.monotonic() + 0.5
        results = pool.starmap(_client, [(port, batch, begin, seconds)] * CLIENT_PROCESSES, chunksize=1)
    return Measured([latency for result in results for latency in result], seconds)


def _warm(_: int) -> None:
    """Import what the client needs before the clock runs."""
    import inngest  # noqa: F401

    time.sleep(0.2)


def _client(port: int, batch: int, begin: float, seconds: float) -> list[float]:
    import inngest

    client = inngest.Inngest(app_id="bench", event_api_base_url=f"http://127.0.0.1:{port}", event_key=_KEY)
    latencies: list[float] = []

    async def send() -> None:
        while time.monotonic() < begin + seconds:
            events = [
                inngest.Event(name="import/csv.confirmed", data=_event(len(latencies) * batch + number)["data"])
                for number in range(batch)
            ]
            begun = time.monotonic()
            await client.send(events)
            if (finished := time.monotonic()) <= begin + seconds:
                latencies.append(finished - begun)

    async def send_all() -> None:
        await asyncio.sleep(max(begin - time.monotonic(), 0))
        await asyncio.gather(*(send() for _ in range(_TASKS)))

    asyncio.run(send_all())
    return latencies
