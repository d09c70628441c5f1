"""A Prefect API for jobs that run in the test's own process, and in processes that it starts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session")
def prefect_api(home: Path) -> Iterator[dict[str, str]]:
    """A running Prefect API; the environment that lets another process use it."""
    results = home / "results"
    shared = {"PREFECT_LOCAL_STORAGE_PATH": str(results), "PREFECT_HOME": str(home / "prefect")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in shared.items():
            patch.setenv(name, value)
        with prefect_test_harness(server_startup_timeout=60):
            yield {**os.environ, **shared, "PREFECT_API_URL": PREFECT_API_URL.value()}
