"""Nothing leaves the machine: no name is looked up but its own, and no file with an id of it is made."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.integration.stack.running import PROJECT, RunningStack
from tests.integration.stack.terminal import on_terminal

HOOK = Path(__file__).parents[1] / "watched"
OWN = {"127.0.0.1", "localhost", "::1", "None", "0.0.0.0"}
PACKAGES = ("blocks", "deployments", "events", "flows", "notifications", "tasks")


class NewPerson(RunningStack):
    """``groundwork up`` of somebody who has never used it, typed in a terminal, with every look-up written down."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "home")
        self.person = folder / "person"
        self.person.mkdir()
        self.asked = folder / "asked"
        self.asked.touch()
        self.environment = new_environment(self.person, self.asked)

    def launch(self) -> None:
        command = self.command("up", "--port", str(self.port), "--prefect-port", str(self.prefect_port))
        self._up = on_terminal(command, self.environment, self.terminal, self.project)

    def types(self, *arguments: str) -> str:
        """Run a command of the command line in a terminal of its own; what it printed."""
        output = self.home.with_name(f"typed-{len(list(self.home.parent.glob('typed-*')))}")
        output.touch()
        code = on_terminal(self.command(*arguments), self.environment, output, self.project).wait(timeout=90)
        assert code == 0, output.read_text()
        return output.read_text()

    @property
    def strangers(self) -> set[str]:
        """Who else was asked for, and by which program."""
        return {line for line in self.asked.read_text().splitlines() if line.partition(" by ")[0] not in OWN}


def new_environment(person: Path, asked: Path) -> dict[str, str]:
    """The environment of a new person. Prefect reports nothing from a CI server, and this may be one."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    return kept | {"HOME": str(person), "TERM": "xterm", "PYTHONPATH": str(HOOK), "WATCHED_NAMES": str(asked)}


@pytest.fixture(scope="module")
def new_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewPerson]:
    running = NewPerson(tmp_path_factory.mktemp("new"))
    try:
        running.start()
        yield running
    finally:
        running.end()


def test_starting_and_working_asks_for_no_name_but_the_machines_own(new_person: NewPerson, tmp_path: Path):
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("Email,Name\nada@example.com,Ada\n")
    new_person.types("user", "add", "ada", "--workspace", "acme", "--email", "ada@example.com")
    new_person.types("import", str(contacts), "--workspace", "acme", "--user", "ada", "--wait")
    new_person.types("export", "--workspace", "acme", "--out", str(tmp_path / "out.csv"))
    new_person.types("lanes")
    new_person.types("dead", "list")
    assert any("127.0.0.1 by " in line for line in new_person.asked.read_text().splitlines()), "nothing was watched"
    assert new_person.strangers == set()


def test_no_id_of_the_machine_is_written(new_person: NewPerson):
    assert ids_in(new_person.person) == ids_in(new_person.home) == []


def test_the_ui_is_given_the_list_of_worker_types_without_fetching_it(new_person: NewPerson):
    views = f"{new_person.api_url}/collections/views"
    known = httpx.get(f"{views}/aggregate-worker-metadata").raise_for_status().json()
    assert "kubernetes" in known["prefect-kubernetes"]
    assert httpx.get(f"{views}/demo-flows").status_code == 404
    assert new_person.strangers == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_program_that_imports_a_package_reports_nothing_of_prefect(package: str, tmp_path: Path):
    asked = tmp_path / "asked"
    asked.touch()
    program = f"import groundwork.{package}, prefect, time\n@prefect.flow\ndef work(): ...\ntime.sleep(1)"
    run_on_terminal([sys.executable, "-c", program], new_environment(tmp_path, asked), tmp_path)
    assert asked.read_text() == ""
    assert ids_in(tmp_path) == []


def test_whoever_wants_to_report_may(tmp_path: Path):
    names = "DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"
    program = f"import groundwork.blocks, os; print(*(os.environ[name] for name in {names}))"
    environment = {"DO_NOT_TRACK": "0", "PREFECT_SERVER_ANALYTICS_ENABLED": ""}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["0", "false"]


def ids_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if "telemetry" in path.name or path.name == "device_id"]


def run_on_terminal(command: list[str], environment: Mapping[str, str], folder: Path) -> None:
    output = folder / "output"
    output.touch()
    assert on_terminal(command, environment, output, PROJECT).wait(timeout=60) == 0, output.read_text()
