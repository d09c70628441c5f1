"""`groundwork up` where a Prefect server runs already: it is joined, or refused with the cure."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.up.ports import free_port
from groundwork.testing.prefect_server import prefect_server
from tests.integration.stack.running import PROJECT, RunningStack
from tests.integration.stack.small_project import only

AUTH = "operator:a-long-secret"
ASK = """
from pathlib import Path
from groundwork.blocks.settings import settings
from groundwork.deployments.logs import configure_logging
from groundwork.deployments.up.prefect_elsewhere import prefect_elsewhere
configure_logging("up")
found = prefect_elsewhere(settings(), Path("/nowhere"))
print(found and (found.api_url, found.environment.get("PREFECT_API_AUTH_STRING")))
"""


@pytest.fixture(scope="module")
def server(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the API of a server that asks for a sign-in."""
    folder = tmp_path_factory.mktemp("joined")
    with prefect_server(folder, postgres, "joined", {"PREFECT_SERVER_API_AUTH_STRING": AUTH}) as environment:
        yield environment["PREFECT_API_URL"]


def found(person: Path, **settings: str) -> str:
    """What `up` of a person finds, with the variables and the profile that they have."""
    environment = RunningStack(person / "home", {"HOME": str(person), **settings}).environment
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=90
    )
    return asked.stdout + asked.stderr


def write_profile(person: Path, url: str, auth: str = AUTH) -> None:
    """What `prefect profile use` and `prefect config set` leave behind."""
    (person / ".prefect").mkdir()
    (person / ".prefect" / "profiles.toml").write_text(
        f'active = "work"\n[profiles.work]\nPREFECT_API_URL = "{url}"\nPREFECT_API_AUTH_STRING = "{auth}"\n'
    )


@pytest.mark.parametrize("command", [("up",), ("demo", "--rows", "10")])
def test_a_server_that_does_not_answer_is_named_with_the_cure(tmp_path: Path, command: tuple[str, ...]):
    port = free_port()
    refused = RunningStack(tmp_path / "home", {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}).groundwork(*command)
    assert refused.returncode == 2
    assert f"Prefect at 127.0.0.1:{port} does not answer" in refused.stderr
    assert "Or unset PREFECT_API_URL" in refused.stderr
    assert not (tmp_path / "home" / "postgres").exists()


def test_a_server_that_asks_for_a_sign_in_is_named_with_the_variable(server: str, tmp_path: Path):
    refused = RunningStack(tmp_path / "home", {"PREFECT_API_URL": server}).groundwork("up")
    assert refused.returncode == 2
    assert "refuses this process (401" in refused.stderr
    assert "PREFECT_API_AUTH_STRING" in refused.stderr


def test_the_server_of_a_profile_is_joined_only_if_the_environment_names_the_profile(server: str, tmp_path: Path):
    write_profile(tmp_path, server)
    left_over = found(tmp_path)
    assert f"Prefect's profile work names the server {server}, which is not used" in left_over
    assert left_over.startswith("None")
    assert str((server, AUTH)) in found(tmp_path, PREFECT_PROFILE="work")
    assert str((server, AUTH)) in found(tmp_path, PREFECT_API_URL=server)


def test_the_address_of_ones_own_server_is_a_leftover_while_nothing_answers_there(server: str, tmp_path: Path):
    port = str(free_port())
    own = {"PREFECT_API_URL": f"http://localhost:{port}/api", "GROUNDWORK_PREFECT_PORT": port}
    assert found(tmp_path, **own).startswith("None")
    taken = {"PREFECT_API_URL": server, "PREFECT_API_AUTH_STRING": AUTH}
    assert str((server, AUTH)) in found(tmp_path, **taken, GROUNDWORK_PREFECT_PORT=server.split(":")[2].split("/")[0])


def test_up_joins_it_and_jobs_run(server: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path):
    folder = tmp_path_factory.mktemp("joining")
    variables = {
        "PREFECT_API_URL": server,
        "PREFECT_API_AUTH_STRING": AUTH,
        **only(folder / "project", "contacts", "operations"),
    }
    joining = RunningStack(folder / "home", variables)
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("Email,Name\nada@example.com,Ada\n")
    try:
        joining.start()
        assert "that of PREFECT_API_URL is joined; none is started" in joining.terminal.read_text()
        assert joining.parts.keys() == {"gateway", "relay", "worker", "postgres"}
        assert joining.state.prefect_api_url == server
        for name in ("gateway", "relay", "worker"):
            assert joining.part(name).environ()["PREFECT_API_URL"] == server
        joining.groundwork("user", "add", "ada", "--workspace", "acme", "--email", "ada@example.com")
        done = joining.groundwork("import", str(contacts), "--workspace", "acme", "--user", "ada", "--wait")
        assert done.returncode == 0, done.stderr
        assert AUTH not in joining.terminal.read_text()
    finally:
        joining.end()
