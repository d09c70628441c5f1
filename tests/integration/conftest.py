"""A real Prefect server for everything that needs its API."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.worker.child import without_heartbeat
from groundwork.tasks.step import steps
from groundwork.testing.prefect_server import prefect_server


@pytest.fixture(scope="session")
def prefect_api(home: Path, postgres: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    """A running Prefect server; the environment that lets another process use it."""
    with (
        prefect_server(home, postgres, "prefect") as environment,
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
        yield environment


@pytest.fixture
def undelayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run of this process waits before it tries a step again."""
    for each in steps():
        monkeypatch.setattr(each, "retry_delay_seconds", 0)


@pytest.fixture(scope="session")
def node_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of ``tests/node`` with what its programs need; where Node is installed."""
    if shutil.which("npm") is None:
        pytest.skip("Node is not installed")
    folder = tmp_path_factory.mktemp("node") / "programs"
    shutil.copytree(Path(__file__).parents[1] / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    if "ENOTFOUND" in done.stderr or "ECONNREFUSED" in done.stderr:
        pytest.skip("no package registry can be reached")
    assert done.returncode == 0, done.stderr
    return folder
