"""A real Prefect server on PostgreSQL, as somebody runs it who does not leave that to `up`."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.up.asking import answer
from groundwork.deployments.up.part import Part
from groundwork.deployments.up.ports import free_port
from groundwork.deployments.up.prefect_settings import SERVER_SETTINGS, one_certificate


@contextmanager
def prefect_server(
    folder: Path,
    postgres: EmbeddedPostgres,
    database: str,
    settings: Mapping[str, str] | None = None,
    *,
    port: int | None = None,
) -> Iterator[dict[str, str]]:
    """A running server; the environment that lets another process use it.

    Prefect's own test harness runs on SQLite, which answers "database is locked" once a worker polls beside the tests.

    Args:
        folder: for its log, and as its PREFECT_HOME.
        database: its name; it is made.
        settings: further variables.
        port: on which it listens. Default: a free one.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        **SERVER_SETTINGS,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_LOCAL_STORAGE_PATH": str(folder / "results"),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_API_SSL_CERT_FILE": str(one_certificate(folder / "prefect")),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": postgres.url(database, "postgresql+asyncpg").render_as_string(False),
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.5",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
        **(settings or {}),
    }

    command = [sys.executable, "-m", "groundwork.deployments.up.prefect_server", "--host", "127.0.0.1", "--port"]
    server = Part(
        "prefect",
        [*command, str(port)],
        environment,
        folder / "prefect.log",
        lambda: answer(f"{url}/api/health") is not None,
    )
    # It imports while its database is made.
    server.prepare()
    try:
        postgres.create_database(database)
        server.start()
        server.wait_until_ready(180)
        yield environment
    finally:
        # Where it has ended by itself, a process without an id would be this one.
        if server.pid is not None:
            process = psutil.Process(server.pid)
            process.terminate()
            try:
                process.wait(30)
            except psutil.TimeoutExpired:
                process.kill()
