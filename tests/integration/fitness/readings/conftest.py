"""A gym with members, providers that listen, and jobs that are run as the relay and the worker run them."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from groundwork.blocks.schema.fitness.gym import gym, member
from groundwork.events.base import Event
from groundwork.events.inbox import clock, send
from groundwork.events.inbox.admission import admit
from groundwork.flows.fitness.fetch_wearable import fetch_wearable
from groundwork.flows.fitness.import_readings import import_readings
from groundwork.flows.fitness.ingest_wearable import ingest_wearable
from groundwork.flows.fitness.pull_provider import pull_provider
from groundwork.flows.fitness.renew_subscriptions import renew_subscriptions
from groundwork.tasks import step_retries
from groundwork.tasks.fitness.connections.record import Linked, Tokens, connect
from tests.factories import register_job
from tests.integration.fitness.readings.provider_server import ProviderServer, serving_provider
from tests.integration.mailing import add_user, empty_outbox

JOBS = {
    "ingest-wearable": ("platform/sync.wearable-data-received", ingest_wearable),
    "fetch-wearable": ("platform/sync.wearable-fetch", fetch_wearable),
    "pull-provider": ("platform/sync.provider-pull", pull_provider),
    "import-readings": ("platform/sync.readings-file-uploaded", import_readings),
    "renew-subscriptions": ("platform/sync.subscriptions-due", renew_subscriptions),
}
TOKEN_KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)


@pytest.fixture
def oura() -> Iterator[ProviderServer]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def whoop() -> Iterator[ProviderServer]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def configured(
    monkeypatch: pytest.MonkeyPatch, oura: ProviderServer, whoop: ProviderServer, undelayed: None
) -> Iterator[None]:
    """The settings of a gym platform whose providers are the local ones."""
    for name, value in {
        "WEARABLE_TOKEN_KEYS": TOKEN_KEY,
        "OURA_CLIENT_ID": "client-id",
        "OURA_CLIENT_SECRET": "client-secret",
        "OURA_VERIFICATION_TOKEN": "verify-me",
        "OURA_URL": oura.url,
        "WHOOP_CLIENT_ID": "client-id",
        "WHOOP_CLIENT_SECRET": "client-secret",
        "WHOOP_URL": whoop.url,
        "PUBLIC_URL": "https://gym.example.com",
    }.items():
        monkeypatch.setenv(f"GROUNDWORK_{name}", value)
    forget()
    monkeypatch.setattr(step_retries, "sleep", lambda _seconds: None)
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def members(db: Database) -> Callable[..., None]:
    """Add members to a gym, which is made with its owner."""

    def add(*ids: str, workspace: str = "acme", zone: str | None = None) -> None:
        with db.transaction() as connection:
            made = insert(gym).values(
                workspace_id=workspace, name="Gym", owner_id=f"owner-of-{workspace}", time_zone="Europe/Berlin"
            )
            if not connection.execute(
                text("SELECT 1 FROM fitness.gym WHERE workspace_id = :w"), {"w": workspace}
            ).all():
                connection.execute(made)
            for each in ids:
                row = {
                    "workspace_id": workspace,
                    "id": each,
                    "name": each.title(),
                    "joined_on": datetime.now(UTC).date(),
                }
                connection.execute(insert(member).values(**row, time_zone=zone))

    return add


@pytest.fixture
def acme(db: Database, members: Callable[..., None], outbox: Path, configured: None) -> "World":
    """The gym acme with ada, connected to both providers, and every job of the readings."""
    add_user(db, "owner-of-acme")
    members("ada")
    for name, (event_name, _flow) in JOBS.items():
        register_job(db, name, event_name, lane=2, batch_size=100 if name == "ingest-wearable" else 1)
    world = World(db)
    world.connect("ada", "oura", "oura-ada")
    world.connect("ada", "whoop", "10129")
    return world


class World:
    """What happens, and what is stored."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.ended: list[Any] = []

    def connect(
        self, member_id: str, provider: str, user: str, workspace: str = "acme", tokens: Tokens | None = None
    ) -> None:
        given = None if provider == "garmin" else tokens or Tokens("access-1", "refresh-1", timedelta(hours=1))
        linked = Linked(workspace, member_id, provider, user, "active", "UTC")
        with self.db.transaction() as connection:
            connect(connection, linked, given)

    def run(self, *events: Event, most: int = 20) -> list[dict[str, Any]]:
        """Send events and run jobs until nothing is due. Gives how each delivery ended, by job."""
        for event in events:
            send(event)
        return self.drain(most)

    def drain(self, most: int = 20) -> list[dict[str, Any]]:
        for _ in range(most):
            started = self.start()
            if not started:
                break
        return self.deliveries()

    def start(self) -> int:
        """Run what is due; gives how many runs there were."""
        self.advance(1)
        admit(capacity=20)
        query = "SELECT id, job FROM groundwork.delivery WHERE state = 'admitted' AND coalesce(batch_id, id) = id"
        with self.db.transaction() as connection:
            due = connection.execute(text(query)).all()
        for row in due:
            try:
                JOBS[row.job][1](delivery_id=row.id)
            except Exception as error:
                self.ended.append(error)
        return len(due)

    def advance(self, seconds: float) -> None:
        with self.db.transaction() as connection:
            clock.advance(connection, seconds)

    def deliveries(self) -> list[dict[str, Any]]:
        query = "SELECT job, state, result, last_error FROM groundwork.delivery ORDER BY sequence"
        with self.db.transaction() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

    def readings(self, where: str = "NOT deleted") -> dict[str, float]:
        """Values by metric."""
        with self.db.transaction() as connection:
            query = f"SELECT metric, value FROM fitness.reading WHERE {where} ORDER BY metric, external_id"
            return {row.metric: row.value for row in connection.execute(text(query))}

    def rows(self, sql: str, **values: object) -> list[Any]:
        with self.db.transaction() as connection:
            return list(connection.execute(text(sql), values).all())
