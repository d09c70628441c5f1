"""Deployments without a machine's path: what a run changes to, and which files do not say."""

import os
from pathlib import Path

import pytest
from prefect.utilities.importtools import import_object

from groundwork.blocks.blob.probe import refuse_unshared_folder
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.deployments.wiring.project import bound_to_machine

STEP = "groundwork.deployments.wiring.pull.this_project"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    yield
    forget()


def checkout(folder: Path, said: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "prefect.yaml").write_text(f"{said}\ndeployments:\n  - name: charge\n    entrypoint: jobs.py:charge\n")
    return folder


def test_a_run_starts_in_the_copy_of_the_project_that_its_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for machine in ("a", "b"):
        here = checkout(tmp_path / machine / "shop")
        monkeypatch.setenv("GROUNDWORK_PROJECT", str(here))
        forget()
        assert import_object(STEP)() == {"directory": str(here)}
        assert Path(os.getcwd()) == here


def test_of_several_projects_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folders = [checkout(tmp_path / "srv" / name) for name in ("shop", "mails")]
    monkeypatch.setenv("GROUNDWORK_PROJECT", ",".join(map(str, folders)))
    forget()
    assert import_object(STEP)(folder="mails") == {"directory": str(folders[1])}
    with pytest.raises(ConfigurationError, match="GROUNDWORK_PROJECT"):
        import_object(STEP)(folder="other")


@pytest.mark.parametrize(
    ("said", "bound"), [("", True), ("pull:", True), ("pull: []", False), (f"pull: [{{{STEP}: {{}}}}]", False)]
)
def test_a_file_that_does_not_say_how_runs_get_their_code_is_found(tmp_path: Path, said: str, bound: bool):
    folder = checkout(tmp_path / "project", said)
    assert bound_to_machine([folder]) == ([folder / "prefect.yaml"] if bound else [])


def test_our_own_file_says_it():
    assert bound_to_machine([Path(__file__).parents[2]]) == []


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, True),
        ({"GROUNDWORK_STORAGE_SHARED": "true"}, False),
        ({"GROUNDWORK_MODE": "development"}, False),
        ({"GROUNDWORK_DATABASE_URL": ""}, False),
    ],
)
def test_production_mode_wants_a_folder_store_declared_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], refused: bool
):
    given = {"GROUNDWORK_MODE": "production", "GROUNDWORK_DATABASE_URL": "postgresql://db/x"} | variables
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    forget()
    store = BlobStore(storage_url=tmp_path.as_uri())
    if not refused:
        refuse_unshared_folder(store)
        return
    with pytest.raises(ConfigurationError, match="GROUNDWORK_STORAGE_SHARED"):
        refuse_unshared_folder(store)
