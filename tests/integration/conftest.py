"""A real Prefect server for everything that needs its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.worker.child import without_heartbeat
from groundwork.tasks.step import steps
from groundwork.testing.prefect_server import prefect_server
from tests.node_programs import copied


@pytest.fixture(scope="session")
def prefect_api(home: Path, postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """A running Prefect server; the environment that lets another process use it."""
    with (
        prefect_server(home, postgres, "prefect") as environment,
        temporary_settings(
            {
                PREFECT_API_URL: environment["PREFECT_API_URL"],
                PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: False,
                PREFECT_HOME: environment["PREFECT_HOME"],
                PREFECT_LOCAL_STORAGE_PATH: environment["PREFECT_LOCAL_STORAGE_PATH"],
            }
        ),
        # Flows that tests run here are run as the worker runs them, which spares each a second.
        without_heartbeat(),
    ):
        yield environment


@pytest.fixture(autouse=True)
def told_by_a_worker(request: pytest.FixtureRequest) -> Iterator[None]:
    """Runs in this process know database and blob store as those of a worker do, and ask Prefect for no document."""
    if "prefect_api" not in request.fixturenames:
        yield
        return
    home, server = request.getfixturevalue("home"), request.getfixturevalue("postgres")
    with pytest.MonkeyPatch.context() as patch:
        url = server.url(driver="postgresql").render_as_string(hide_password=False)
        patch.setenv("GROUNDWORK_DATABASE_URL", url)
        patch.setenv("GROUNDWORK_STORAGE_URL", (home / "blobs").as_uri())
        yield


@pytest.fixture
def undelayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run of this process waits before it tries a step again."""
    for each in steps():
        monkeypatch.setattr(each, "retry_delay_seconds", 0)


@pytest.fixture(scope="session")
def node_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``tests/node`` with what its programs need; where Node is installed."""
    return copied(tmp_path_factory.mktemp("node") / "programs")
