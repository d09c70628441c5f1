"""The gateway over a real socket, on a real PostgreSQL."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from groundwork.blocks.console_keys import ConsoleKey, ConsoleKeys
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.server import server_config

OPEN_KEY = "key-of-the-application"
SIGNED_KEY = "key-of-a-provider"
RESTRICTED_KEY = "key-of-one-workspace"
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret before the rotation..").decode()


def ingest_keys() -> IngestKeys:
    return IngestKeys(
        entries=[
            IngestKey(name="application", key=SecretStr(OPEN_KEY)),
            IngestKey(
                name="provider", key=SecretStr(SIGNED_KEY), signing_secrets=[SecretStr(SECRET), SecretStr(OLD_SECRET)]
            ),
            IngestKey(name="partner", key=SecretStr(RESTRICTED_KEY), workspaces=["acme"], events=["import/*"]),
        ]
    )


OPERATOR_KEY = "key-of-an-operator"
VIEWER_KEY = "key-of-a-viewer"
ACME_KEY = "key-of-acme-alone"


def console_keys() -> ConsoleKeys:
    return ConsoleKeys(
        entries=[
            ConsoleKey(name="olga", key=SecretStr(OPERATOR_KEY), role="operator"),
            ConsoleKey(name="victor", key=SecretStr(VIEWER_KEY)),
            ConsoleKey(name="acme", key=SecretStr(ACME_KEY), workspace="acme"),
        ]
    )


class _Server(uvicorn.Server):
    """uvicorn in a thread that says when it listens."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(server_config(app, "127.0.0.1", 0, log_level="warning", timeout_graceful_shutdown=5))
        self.listening = threading.Event()

    async def startup(self, sockets: list[object] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application; gives its URL."""
    server = _Server(app)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.listening.wait(20)
        yield server.url
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="package")
def gateway_url(postgres: object) -> Iterator[str]:
    with serving(create_app(ingest_keys(), console_keys())) as url:
        yield url


@pytest.fixture
def client(gateway_url: str, db: object) -> Iterator[httpx.Client]:
    """A sender with the key of the application, which may send everything unsigned. The inbox is empty."""
    with httpx.Client(base_url=gateway_url, headers={"Authorization": f"Bearer {OPEN_KEY}"}, timeout=30) as client:
        yield client


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Send a body of one's own, with the content type of JSON."""

    def post(content: object, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/events", content=content, headers={"Content-Type": "application/json"} | names)

    return post
