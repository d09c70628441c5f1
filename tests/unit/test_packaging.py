"""The wheel has one top-level name, and everything that is in the checkout's rooms."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {room: room for room in ("blocks", "events", "tasks", "flows", "notifications", "deployments")}
FOLDERS = ROOMS | {"testing": "tests/kit"}
"""Packages below ``groundwork``, each with its folder."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel that is built of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for room in FOLDERS.values():
        shutil.copytree(ROOT / room, sources / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, str(sources)], check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_its_only_top_level_name_is_groundwork(wheel: list[str]):
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"groundwork"}


def test_it_has_every_file_of_the_rooms(wheel: list[str]):
    here = {
        f"groundwork/{name}/{file.relative_to(ROOT / folder).as_posix()}"
        for name, folder in FOLDERS.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert here - set(wheel) == set()
