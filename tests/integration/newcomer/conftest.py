"""A newcomer's machine: a copy of the checkout in which the demo was tried, and everything runs."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.newcomer.printed import PROJECT, blocks, files
from tests.integration.stack.running import RunningStack

_PACKAGES = ("blocks", "deployments", "docs", "events", "flows", "notifications", "tasks")
_FILES = ("README.md", "prefect.yaml", "pyproject.toml")


class Newcomer:
    """A person in a terminal, in the copy of the checkout.

    Args:
        folder: the copy.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Where the session's interpreter is, its commands are: what `source .venv/bin/activate` would find.
        variables = {"PYTHONPATH": str(folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.stack = RunningStack(folder / ".groundwork", variables, folder)
        self.stack.environment |= {
            "GROUNDWORK_PORT": str(self.stack.port),
            "GROUNDWORK_PREFECT_PORT": str(self.stack.prefect_port),
        }

    def types(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run what is printed in a shell. Only the ports are not those printed: others may have them here."""
        for printed, mine in ((8700, self.stack.port), (4200, self.stack.prefect_port)):
            script = script.replace(f"127.0.0.1:{printed}", f"127.0.0.1:{mine}")
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.stack.environment,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def follow_the_readme(self) -> None:
        """Write and edit the files of the README's program as it says."""
        for path, content in files(self.folder / "README.md").items():
            file = self.folder / path
            if not file.exists():
                file.write_text(content)
                continue
            [line] = [each for each in content.splitlines() if not each.startswith("#")]
            name = line.partition(" = ")[0]
            [old] = [each for each in file.read_text().splitlines() if each.startswith(f"{name} = ")]
            file.write_text(file.read_text().replace(old, line))
        [deployment] = blocks(self.folder / "README.md", "yaml")
        with (self.folder / "prefect.yaml").open("a") as wiring:
            wiring.write(deployment)


@pytest.fixture(scope="package")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Someone who has tried the demo, then written the README's program, and now has `groundwork up` running."""
    folder = tmp_path_factory.mktemp("newcomer")
    for name in _PACKAGES:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(PROJECT / name, folder)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    person = Newcomer(folder)
    demo = person.types("groundwork demo --rows 2000")
    assert demo.returncode == 0, demo.stderr
    person.follow_the_readme()
    try:
        person.stack.start()
        yield person
    finally:
        person.stack.end(signal.SIGINT)
