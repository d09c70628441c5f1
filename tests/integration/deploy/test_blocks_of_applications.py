"""A deploy registers the blocks that applications name, with a real Prefect server."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect import get_client
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.applications import VARIABLE
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.deployments.wiring.applied import code_of_jobs, is_applied
from groundwork.deployments.wiring.deploy import deploy_wiring
from groundwork.deployments.wiring.documents import BLOCKS, blocks

BLOCK = """
from typing import ClassVar
from prefect.blocks.core import Block
from groundwork.blocks.configured import ConfiguredBlock

class Turnstile(ConfiguredBlock):
    _block_type_name: ClassVar[str] = "Gym Turnstile"
    _block_type_slug: ClassVar[str] = "gym-turnstile"
    document: ClassVar[str] = "front-door"
    url: str = "http://127.0.0.1"

class Scales(Block):
    _block_type_name: ClassVar[str] = "Gym Scales"
    _block_type_slug: ClassVar[str] = "gym-scales"
    kilograms: bool = True

no_block = 1
"""
PREFECT_YAML = """
name: gym
pull: []
deployments:
  - name: apply-retention
    entrypoint: groundwork.flows.operations.apply_retention.apply_retention
    work_pool: {name: groundwork}
"""


@pytest.fixture
def gym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A team's application with blocks, in a folder of its own."""
    package = tmp_path / "gym"
    (package / "blocks").mkdir(parents=True)
    (package / "blocks" / "__init__.py").touch()
    (package / "blocks" / "door.py").write_text(BLOCK)
    (tmp_path / "prefect.yaml").write_text(PREFECT_YAML)
    monkeypatch.syspath_prepend(str(tmp_path))
    name_blocks(package, "gym.blocks.door:Turnstile", "gym.blocks.door:Scales")
    monkeypatch.setenv(VARIABLE, "operations,gym:application")
    forget()
    yield tmp_path
    monkeypatch.undo()
    for module in [each for each in sys.modules if each.partition(".")[0] == "gym"]:
        del sys.modules[module]
    forget()


def name_blocks(package: Path, *references: str) -> None:
    (package / "__init__.py").write_text(
        "from groundwork.blocks.applications import Application\n"
        f"application = Application(name='gym', blocks={references!r})\n"
    )
    importlib.invalidate_caches()


def test_types_are_registered_and_configured_ones_get_a_document_that_a_start_misses(gym, prefect_api, db):
    note = gym / "applied.json"
    deploy_wiring([gym], prefect_api, settings(), note=note)
    with get_client(sync_client=True) as client:
        document = client.read_block_document_by_name("front-door", "gym-turnstile")
        assert client.read_block_type_by_slug("gym-scales").name == "Gym Scales"
        assert is_applied(note, [gym])
        client.delete_block_document(document.id)
        assert not is_applied(note, [gym])
        deploy_wiring([gym], prefect_api, settings(), note=note)
        assert client.read_block_document_by_name("front-door", "gym-turnstile")
        with pytest.raises(ObjectNotFound):
            client.read_block_document_by_name("front-door", "gym-scales")


def test_their_code_decides_whether_a_start_deploys(gym):
    assert code_of_jobs()["gym.blocks"] == [gym / "gym" / "blocks"]


def test_without_applications_blocks_there_are_the_engines(monkeypatch):
    monkeypatch.setenv(VARIABLE, "operations,contacts")
    forget()
    try:
        assert blocks() == BLOCKS
    finally:
        forget()


def test_our_own_applications_bring_theirs():
    assert {each.__name__ for each in blocks()} > {each.__name__ for each in BLOCKS}
    assert "Writer" in {each.__name__ for each in blocks()}


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("gym.blocks.door:Window", "has no 'Window'"),
        ("gym.blocks.window:Window", "cannot be imported"),
        ("gym.blocks.door:no_block", "is no block of Prefect's"),
    ],
)
def test_what_is_no_block_is_an_error_that_names_the_application(gym, reference: str, words: str):
    name_blocks(gym / "gym", reference)
    with pytest.raises(ConfigurationError, match=rf"application gym: .*{words}"):
        blocks()
