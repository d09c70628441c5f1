"""A real Prefect server for everything that needs its API."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from blocks.embedded import EmbeddedPostgres
from deployments.up.part import Part
from deployments.up.ports import free_port
from deployments.worker.run import without_heartbeat


@pytest.fixture(scope="session")
def prefect_api(home: Path, postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """A running Prefect server on PostgreSQL; the environment that lets another process use it.

    Prefect's own test harness runs on SQLite, which answers "database is locked" once a worker polls beside the tests.
    """
    postgres.create_database("prefect")
    url = f"http://127.0.0.1:{free_port()}"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_LOCAL_STORAGE_PATH": str(home / "results"),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": postgres.url("prefect", "postgresql+asyncpg").render_as_string(False),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.5",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
    }

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/api/health").is_success
        except httpx.TransportError:
            return False

    port = url.rpartition(":")[2]
    command = [sys.executable, "-m", "deployments.up.prefect_server", "--host", "127.0.0.1", "--port", port]
    server = Part("prefect", command, environment, home / "prefect.log", answers)
    server.start()
    with (
        temporary_settings(
            {
                PREFECT_API_URL: environment["PREFECT_API_URL"],
                PREFECT_HOME: environment["PREFECT_HOME"],
                PREFECT_LOCAL_STORAGE_PATH: environment["PREFECT_LOCAL_STORAGE_PATH"],
            }
        ),
        # Flows that tests run here are run as the worker runs them, which spares each a second.
        without_heartbeat(),
    ):
        try:
            server.wait_until_ready(90)
            yield environment
        finally:
            process = psutil.Process(server.pid)
            process.terminate()
            process.wait(30)
