"""Programs that check files of other programs. Where one is not installed, its tests are skipped, and a line says so.

``.ci/run`` installs them: from PyPI into ``build/linters``, the others as packages of the distribution.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_INSTALLED = Path(__file__).resolve().parents[1] / "build" / "linters" / "bin"


def linter(name: str, package: str, *, module: str | None = None) -> str:
    """The path of a program; skips the test that asks where there is none.

    Args:
        package: what to install for it.
        module: for an interpreter: what it has to be able to import.
    """
    found = shutil.which(name, path=os.pathsep.join((str(_INSTALLED), os.environ["PATH"], "/usr/sbin")))
    if found and module and subprocess.run([found, "-c", f"import {module}"], capture_output=True).returncode != 0:
        found = None
    if found is None:
        pytest.skip(f"{name} is not installed ({package})")
    return found


def says(*command: str) -> str:
    """What a program prints that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
