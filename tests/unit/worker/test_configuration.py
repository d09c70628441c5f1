"""The environment of a run: the worker's, with what the deployment changes."""

import pytest

from groundwork.deployments.worker import configuration
from groundwork.deployments.worker.configuration import GroundworkJobConfiguration

FOUND = {"GROUNDWORK_DATABASE_URL": "postgresql://found", "GROUNDWORK_STORAGE_URL": "s3://found"}


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch):
    """What the worker has found out, whose environment names nothing."""
    monkeypatch.setattr(configuration, "configured_blocks", lambda: FOUND)
    for name in FOUND:
        monkeypatch.delenv(name, raising=False)


def environment(**of_deployment: str | None) -> dict[str, str]:
    made = GroundworkJobConfiguration(env=of_deployment).environment()
    return {name: value for name, value in made.items() if name.startswith(tuple(FOUND))}


def test_a_run_is_told_what_its_worker_has_found():
    assert environment() == FOUND


def test_a_database_that_a_file_names_is_not_named_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL_FILE", "/run/secrets/database-url")
    assert environment() == {
        "GROUNDWORK_DATABASE_URL_FILE": "/run/secrets/database-url",
        "GROUNDWORK_STORAGE_URL": "s3://found",
    }


def test_a_deployment_names_another_database_than_the_workers_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL_FILE", "/run/secrets/database-url")
    assert environment(GROUNDWORK_DATABASE_URL="postgresql://other")["GROUNDWORK_DATABASE_URL"] == "postgresql://other"
    assert "GROUNDWORK_DATABASE_URL_FILE" not in environment(GROUNDWORK_DATABASE_URL="postgresql://other")
    assert "GROUNDWORK_STORAGE_URL" not in environment(GROUNDWORK_STORAGE_URL=None)
