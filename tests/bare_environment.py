"""An environment with the libraries of this one, and no Groundwork: what a newcomer's machine has downloaded."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

NOT_THEIRS = "groundwork"
SAID_TO_MAKE = ("ARGS", "PROCESSES")
"""Variables of ``make test``, which make hands on to whatever it runs, another make too."""


class BareEnvironment:
    """A virtual environment of its own. Only the downloads of the libraries are spared.

    Args:
        folder: of the environment; made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        [self.site] = folder.glob("lib/python*/site-packages")
        libraries = folder / "libraries"
        libraries.mkdir()
        for place in {Path(each) for each in sys.path if Path(each).name == "site-packages"}:
            for each in place.iterdir():
                if NOT_THEIRS not in canonicalize_name(each.name) and not (libraries / each.name).exists():
                    (libraries / each.name).symlink_to(each)
        (self.site / "libraries.pth").write_text(f"{libraries}\n")
        for each in distributions(path=[str(libraries)]):
            for point in each.entry_points.select(group="console_scripts"):
                self._add_command(point)

    def _add_command(self, point: EntryPoint) -> None:
        """As pip does: the session's own commands run the session's interpreter."""
        command = self.bin / point.name
        command.write_text(
            f"#!{self.python}\nimport sys\nfrom {point.module} import {point.attr.partition('.')[0]}\n"
            f"sys.exit({point.attr}())\n"
        )
        command.chmod(0o755)

    def environment(self, **variables: str) -> dict[str, str]:
        """Of a shell in which this environment is active, and nothing of Groundwork or Prefect is set."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in SAID_TO_MAKE
            and not name.startswith(("GROUNDWORK", "PREFECT_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS"))
        }
        # Neither the index is asked, nor setuptools downloaded into an environment of each build.
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
        return kept | offline | {"PATH": f"{self.bin}:{os.environ['PATH']}"} | variables

    def run(
        self, *command: str, folder: Path, timeout: float = 240, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, with the environment active."""
        return subprocess.run(
            command, cwd=folder, env=self.environment(**variables), capture_output=True, text=True, timeout=timeout
        )

    def install(self, *what: str, folder: Path) -> None:
        """``pip install`` into it."""
        done = self.run(str(self.python), "-m", "pip", "install", "--quiet", *what, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
