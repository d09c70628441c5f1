"""Accepted, signed events per second through the gateway."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine
from standardwebhooks.webhooks import Webhook

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.events.inbox import NewEvent, accept
from tests.benchmarks.gateway_load import CLIENT_PROCESSES, Load, drive, gateway

DESCRIPTION = (
    "Signed events over HTTP, keep-alive, from client processes of their own to one gateway process, each answered "
    "after COMMIT; beside it the same INSERT and COMMIT of one event in a loop on one connection, same PostgreSQL, "
    "which is what a gateway without group commit could reach at best"
)

_KEY = "benchmark-key-of-enough-length"
_SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
_ENVIRONMENT = {
    "GROUNDWORK_EVENT_KEY": _KEY,
    "GROUNDWORK_SIGNING_SECRET": _SECRET,
    "GROUNDWORK_MODE": "production",
    "GROUNDWORK_STORAGE_SHARED": "true",
}


def run(quick: bool) -> dict[str, Any]:
    """Measure.

    Returns:
        singles_per_second, batch100_events_per_second, p50 and p99 in milliseconds of each and of a lone sender, the
        floor in commits per second, and vs_single_commit_floor.
    """
    seconds = 2.0 if quick else 8.0
    with gateway(_ENVIRONMENT) as (port, postgres):
        drive(Load(port, _request, connections=8, batch=1, seconds=1.0), processes=1)
        alone = drive(Load(port, _request, connections=1, batch=1, seconds=seconds / 2), processes=1)
        floor_before = _floor(postgres, seconds / 2)
        singles = drive(Load(port, _request, connections=32, batch=1, seconds=seconds), processes=CLIENT_PROCESSES)
        floor = (floor_before + _floor(postgres, seconds / 2)) / 2
        batches = drive(Load(port, _request, connections=4, batch=100, seconds=seconds), processes=CLIENT_PROCESSES)
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


def _request(sender: str, batch: int, count: int) -> bytes:
    webhook, webhook_id = Webhook(_SECRET), f"msg_{sender}-{time.monotonic_ns()}"
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
