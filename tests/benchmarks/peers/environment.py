"""An environment of its own for a peer: its packages are none of Groundwork's."""

import shutil
import subprocess
import sys
from pathlib import Path

_SECONDS_TO_INSTALL = 600
# Newer ones first: a peer may need one that Groundwork does not.
_PYTHONS = ("python3.14", "python3.13", "python3.12")


def interpreter_with(packages: tuple[str, ...], folder: Path) -> str | None:
    """Install packages into a new environment.

    Returns:
        The path of its interpreter; None, with a line that says why, where they cannot be installed.
    """
    why = ""
    for python in (sys.executable, *filter(None, map(_found, _PYTHONS))):
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _run(python, "-m", "venv", str(folder))
            _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages)
        except (subprocess.SubprocessError, OSError) as error:
            why = str(getattr(error, "stderr", None) or error).strip().rpartition("\n")[2]
            continue
        return str(folder / "bin" / "python")
    print(f"  {', '.join(packages)}: cannot be installed here, and not measured: {why}", flush=True)
    return None


def _found(name: str) -> str | None:
    """A Python that works: a version manager puts names on PATH behind which there is none."""
    places = (shutil.which(name), *map(str, Path.home().glob(f".pyenv/versions/*/bin/{name}")))
    return next(filter(_works, filter(None, places)), None)


def _works(python: str) -> bool:
    return subprocess.run([python, "--version"], capture_output=True).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS_TO_INSTALL)
