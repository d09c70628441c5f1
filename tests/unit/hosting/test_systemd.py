"""The systemd units: accepted by systemd, alike to ``compose.yaml`` in what each part is told, and confined."""

import re
from pathlib import Path

import pytest
import typer

from groundwork.deployments.cli import program
from tests.compose import services
from tests.linters import linter, says
from tests.wheel import ROOT

UNITS = {
    each.name.removeprefix("groundwork-").partition(".")[0].rstrip("@"): each
    for each in (ROOT / "deployments" / "hosting" / "systemd").glob("*.service")
}
_PROGRAM = "/opt/groundwork/bin/groundwork"
_MOST_EXPOSED = 25
"""Tenths on systemd's scale of 0 to 10, on which a unit without any confinement has 9.6."""


def values(name: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNITS[name].read_text(), re.MULTILINE)


def test_there_is_a_unit_for_each_service_of_ours():
    assert set(UNITS) == {name for name, each in services().items() if each.is_part}


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_it(name: str, tmp_path: Path):
    # It looks for the program, which is not installed there.
    copy = tmp_path / UNITS[name].name.replace("@", "@2")
    copy.write_text(UNITS[name].read_text().replace(_PROGRAM, "/bin/true"))
    analyze = linter("systemd-analyze", "apt-get install systemd")
    assert says(analyze, "verify", "--man=no", str(copy)).strip() == ""
    says(analyze, "security", "--offline=true", f"--threshold={_MOST_EXPOSED}", str(copy))


@pytest.mark.parametrize("name", UNITS)
def test_its_command_is_one_of_ours(name: str):
    [said] = values(name, "ExecStart")
    assert said.startswith(f"{_PROGRAM} ")
    command, *arguments = re.sub(r"\$\{[A-Z_]+\}|%i", "2", said).split()[1:]
    found = typer.main.get_command(program()).commands[command]
    found.make_context(command, arguments)
    assert command == services()[name].command[0]


@pytest.mark.parametrize("name", UNITS)
def test_its_secrets_are_files_that_systemd_hands_to_it_alone(name: str):
    given = {each.partition(":")[0]: each.partition(":")[2] for each in values(name, "LoadCredential")}
    assert given == {each: f"/etc/groundwork/secrets/{each}" for each in given}
    named = dict(re.findall(r"^Environment=(\w+_FILE)=%d/(\S+)$", UNITS[name].read_text(), re.MULTILINE))
    assert set(named.values()) == set(given)
    by_hand = {"GROUNDWORK_SMTP_URL_FILE": "smtp-url"} if name == "worker" else {}
    in_compose = {
        variable: value.rpartition("/")[2]
        for variable, value in services()[name].environment.items()
        if variable.endswith("_FILE")
    }
    assert named == in_compose | by_hand
