"""A newcomer's machine: a copy of the checkout in which the demo was tried, a project made by it, and both run."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.bare_environment import BareEnvironment
from tests.integration.newcomer.printed import PROJECT, blocks
from tests.integration.stack.running import RunningStack
from tests.wheel import copy_checkout


class UpByMake(RunningStack):
    """``make up``, which installs what is missing first. Make itself says by its exit code that it was interrupted."""

    stopped = frozenset({-signal.SIGINT})

    def launch(self) -> None:
        with self.terminal.open("ab") as output:
            self._up = subprocess.Popen(
                ["make", "up"],
                env=self.environment,
                cwd=self.project,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class Newcomer:
    """A person in a terminal, in a folder with a ``.venv`` in which the libraries have been downloaded.

    Args:
        folder: the copy of the checkout, or the project.
        stack: what runs `groundwork up` there.
    """

    def __init__(self, folder: Path, stack: type[RunningStack] = RunningStack) -> None:
        self.folder = folder
        self.bare = BareEnvironment(folder / ".venv")
        self.stack = stack(folder / ".groundwork", None, folder, str(self.bare.python))
        self.stack.environment = self.bare.environment(
            GROUNDWORK_PORT=str(self.stack.port), GROUNDWORK_PREFECT_PORT=str(self.stack.prefect_port)
        )

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

    def deliveries(self, *states: str) -> list[str]:
        """The jobs of deliveries in these states, each with the reason that it gives. Each command is an interpreter of
        its own: the inbox is asked without one."""
        asked = text("SELECT concat_ws(': ', job, last_error) FROM groundwork.delivery WHERE state = ANY(:states)")
        with self.stack.database.transaction() as connection:
            return list(connection.execute(asked, {"states": list(states)}).scalars())


@pytest.fixture(scope="package")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """Someone who has installed a copy of the checkout, as its Makefile does."""
    folder = copy_checkout(tmp_path_factory.mktemp("newcomer"), "docs", "prefect.yaml")
    person = Newcomer(folder)
    person.bare.install("--editable", ".", folder=folder)
    return person


@pytest.fixture(scope="module")
def newcomer(checkout: Newcomer) -> Iterator[Newcomer]:
    """Someone who has tried the demo, and now has `groundwork up` running."""
    demo = checkout.types("groundwork demo --rows 2000")
    assert demo.returncode == 0, demo.stderr
    try:
        checkout.stack.start()
        yield checkout
    finally:
        checkout.stack.end(signal.SIGINT)


@pytest.fixture(scope="module")
def shop(checkout: Newcomer) -> Iterator[Newcomer]:
    """The same person with the project of the README, and `make up` running in it."""
    [new] = [each for each in blocks(PROJECT / "README.md", "console") if "groundwork new project" in each]
    made = checkout.types("set -e\n" + new.replace("$ ", ""))
    assert made.returncode == 0, made.stderr
    person = Newcomer(checkout.folder / "shop", UpByMake)
    try:
        person.stack.start()
        yield person
    finally:
        person.stack.end(signal.SIGINT)
