"""Fixtures of the tests of scores and risks."""

from pathlib import Path

import pytest

from tests.integration.fitness.running import register_fitness_jobs
from tests.integration.mailing import empty_outbox


@pytest.fixture
def jobs(db, prefect_api) -> None:
    register_fitness_jobs(db)


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)
