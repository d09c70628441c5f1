"""Node's programs of the tests, in a folder with the packages that they need.

``python -m tests.node_programs`` installs these, or says why their tests will be skipped.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "node"
_INSTALLED = Path(__file__).resolve().parents[1] / "build" / "node-packages"
_OLDEST = 20
"""Major version of Node that Inngest's clients need."""
_INSTALL_SECONDS = 240
_FAULTS_OF_OURS = {"EUSAGE", "EINTEGRITY", "EJSONPARSE", "ETARGET"}
"""Errors of npm that the lock file is to blame for. Any other is the registry's or the machine's."""


class LockIsWrong(Exception):
    """npm cannot use tests/node/package-lock.json. Make it anew by ``npm install`` in that folder."""


def installed() -> Path:
    """A folder whose ``node_modules`` has what the lock file names, kept for the next time.

    Without Node the tests are skipped; with ``GROUNDWORK_TEST_NODE`` set, as in CI, they fail. Where no package
    registry answers they are skipped, in CI too.

    Raises:
        LockIsWrong: the packages are there, and the lock file names others.
    """
    if reason := _without_node():
        if os.environ.get("GROUNDWORK_TEST_NODE"):
            pytest.fail(reason)
        pytest.skip(reason)
    if reason := _without_packages():
        pytest.skip(reason)
    return _folder()


def copied(into: Path) -> Path:
    """The programs in a folder of the test's own, with those packages."""
    packages = installed() / "node_modules"
    into.mkdir()
    for each in PROGRAMS.iterdir():
        if each.is_file():
            shutil.copy(each, into)
    (into / "node_modules").symlink_to(packages)
    return into


@cache
def _without_node() -> str | None:
    """What is missing of Node and npm."""
    if not (node := shutil.which("node")) or not shutil.which("npm"):
        return "Node and npm are not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version[1:].partition(".")[0]) < _OLDEST:
        return f"Node is {version}; {_OLDEST} is the oldest that will do"
    return None


@cache
def _without_packages() -> str | None:
    """Why npm could not install them. It is tried once in a process: a registry that is away takes a while to be so."""
    folder = _folder()
    if folder.exists():
        return None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / "made"
        made.mkdir()
        for each in ("package-lock.json", "package.json"):
            shutil.copy(PROGRAMS / each, made)
        if reason := install(made):
            return f"npm has no packages for tests/node: {reason}"
        try:
            made.rename(folder)
        except OSError:  # another process of the suite was as fast
            if not folder.exists():
                raise
    return None


def install(folder: Path) -> str | None:
    """Install what the lock file in a folder names; why that could not be, where it was not the lock file's fault.

    Raises:
        LockIsWrong: it was.
    """
    options = ["--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]
    command = [shutil.which("npm") or "npm", "ci", *options, *patience]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no answer within {_INSTALL_SECONDS} s"
    if not done.returncode:
        return None
    told = done.stderr.strip()
    code = re.search(r"npm (?:error|ERR!) code (\S+)", told)
    if code and code[1] in _FAULTS_OF_OURS:
        raise LockIsWrong(told[-500:])
    return code[1] if code else told[-300:]


def _folder() -> Path:
    return _INSTALLED / hashlib.sha256((PROGRAMS / "package-lock.json").read_bytes()).hexdigest()[:16]


if __name__ == "__main__":
    missing = _without_node() or _without_packages()
    line = f"{missing}: the tests with Node are skipped." if missing else "The packages for Node are there."
    sys.stdout.write(f"{line}\n")
