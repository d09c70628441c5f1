"""Node's programs of the tests, in a folder with the packages that they need."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "node"
_INSTALLED = Path(__file__).resolve().parents[1] / "build" / "node-packages"
_OLDEST = 20
"""Major version of Node that Inngest's clients need."""


def installed() -> Path:
    """A folder whose ``node_modules`` has what the lock file names, kept for the next time.

    Without Node or a package registry the tests are skipped; with ``GROUNDWORK_TEST_NODE`` set, as in CI, they fail.
    """
    if not (node := shutil.which("node")) or not (npm := shutil.which("npm")):
        return _skip("Node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version[1:].partition(".")[0]) < _OLDEST:
        return _skip(f"Node is {version}; {_OLDEST} is the oldest that will do")
    lock = PROGRAMS / "package-lock.json"
    folder = _INSTALLED / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        _install(npm, lock, folder)
    return folder


def copied(into: Path) -> Path:
    """The programs in a folder of the test's own, with those packages."""
    packages = installed() / "node_modules"
    into.mkdir()
    for each in PROGRAMS.iterdir():
        if each.is_file():
            shutil.copy(each, into)
    (into / "node_modules").symlink_to(packages)
    return into


def _install(npm: str, lock: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / "made"
        made.mkdir()
        for each in (lock, lock.with_name("package.json")):
            shutil.copy(each, made)
        command = [npm, "ci", "--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=280)
        if done.returncode:
            _skip(f"npm ci cannot install what tests/node needs: {done.stderr.strip()[-500:]}")
        try:
            made.rename(folder)
        except OSError:  # another process of the suite was as fast
            if not folder.exists():
                raise


def _skip(reason: str) -> Path:
    if os.environ.get("GROUNDWORK_TEST_NODE"):
        pytest.fail(reason)
    pytest.skip(reason)
