"""Inngest's own clients for JavaScript, and TypeScript's compiler, as the lock file has them."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "javascript"
INSTALLED = Path(__file__).resolve().parents[3] / "build" / "javascript"


def installed_clients() -> Path:
    """The folder that they are installed in, which is kept for the next time; the test is skipped where node is not."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        _skip("node and npm are not installed")
    version = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version[1:].partition(".")[0]) < 20:
        _skip(f"node is {version}; Inngest's client needs 20 or later")
    folder = INSTALLED / hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()[:16]
    if not folder.exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED) as name:
            made = Path(name) / "made"
            shutil.copytree(FOLDER, made)
            ci = [str(npm), "ci", "--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(ci, cwd=made, capture_output=True, text=True)
            if done.returncode:
                _skip(f"npm ci cannot install Inngest's clients: {done.stderr.strip()[-500:]}")
            made.rename(folder)
    shutil.copy(FOLDER / "send.mjs", folder)
    return folder


def _skip(reason: str) -> None:
    """Where node has to be there, as in CI, nothing is skipped."""
    if os.environ.get("GROUNDWORK_TEST_NODE"):
        pytest.fail(reason)
    pytest.skip(reason)
