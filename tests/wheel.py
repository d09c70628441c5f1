"""A wheel of this checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {room: room for room in ("blocks", "events", "tasks", "flows", "notifications", "deployments")}
FOLDERS = ROOMS | {"testing": "tests/kit"}
"""Packages below ``groundwork``, each with its folder."""
_BESIDE = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def copy_checkout(folder: Path, *more: str) -> Path:
    """What is installed of the checkout, in another folder.

    Args:
        more: further files and folders of it.
    """
    for room in (*FOLDERS.values(), *(each for each in more if (ROOT / each).is_dir())):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*_BESIDE, *(each for each in more if (ROOT / each).is_file())):
        shutil.copy(ROOT / name, folder)
    return folder


def linked(checkout: Path) -> Path:
    """A folder for ``PYTHONPATH`` by which ``groundwork`` is the code of a copy, and not what is installed."""
    links = checkout / "build" / "links"
    (links / "groundwork").mkdir(parents=True)
    for name, folder in FOLDERS.items():
        (links / "groundwork" / name).symlink_to(checkout / folder)
    return links


def build_wheel(folder: Path) -> Path:
    """Build it. What former builds left in the checkout is not in it.

    Args:
        folder: where it and its sources go.
    """
    sources = copy_checkout(folder / "sources")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, str(sources)], check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built
