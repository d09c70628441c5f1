"""``groundwork env``: what each part needs, with what this machine has, and no secret unless it is asked for."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from groundwork.blocks.all_settings import settings_classes
from groundwork.blocks.prefect_profile import refresh_prefect
from groundwork.deployments.cli import program
from groundwork.deployments.commands.env import HIDDEN, PARTS

SECRET = "postgresql://app:swordfish@db/app"


@pytest.fixture(autouse=True)
def prefects_own_settings() -> Iterator[None]:
    """What the command had Prefect read from the environment that it was given is nobody else's."""
    yield
    refresh_prefect()


def run(*arguments: str, **variables: str) -> str:
    plain = dict.fromkeys((each.name for asked in PARTS.values() for each in asked), "")
    done = CliRunner().invoke(program(), ["env", *arguments], env=plain | variables)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_is_needed_and_not_set_is_said():
    told = run("worker", PREFECT_API_URL="http://prefect:4200/api")
    assert "PREFECT_API_URL=http://prefect:4200/api" in told.splitlines()
    assert "PostgreSQL of the inbox and the applications: NEEDED, and not set" in told


def test_secrets_are_hidden_unless_they_are_asked_for():
    assert "swordfish" not in run(GROUNDWORK_DATABASE_URL=SECRET)
    assert "swordfish" not in run("--json", GROUNDWORK_DATABASE_URL=SECRET)
    assert f"GROUNDWORK_DATABASE_URL={SECRET}" in run("relay", "--secrets", GROUNDWORK_DATABASE_URL=SECRET)
    told = json.loads(run("relay", "--json", GROUNDWORK_DATABASE_URL=SECRET))
    assert next(each for each in told["relay"] if each["name"] == "GROUNDWORK_DATABASE_URL")["value"] == HIDDEN


@pytest.mark.parametrize("part", PARTS)
def test_each_variable_of_ours_is_a_setting(part: str):
    known = {variable for kind in settings_classes().values() for variable in kind.variables()}
    ours = {each.name for each in PARTS[part] if each.name.startswith("GROUNDWORK_")}
    assert ours <= known


@pytest.mark.parametrize("part", PARTS)
def test_every_secret_setting_is_hidden(part: str):
    fields = {
        variable: kind.model_fields[name]
        for kind in settings_classes().values()
        for variable, name in kind.variables().items()
    }
    secret = {
        each.name for each in PARTS[part] if each.name in fields and "SecretStr" in str(fields[each.name].annotation)
    }
    assert secret <= {each.name for each in PARTS[part] if each.secret}


def test_a_secret_that_a_file_holds_is_told_by_its_path(tmp_path: Path):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    told = run("relay", GROUNDWORK_DATABASE_URL_FILE=str(file), PREFECT_API_AUTH_STRING_FILE=str(file))
    assert f"GROUNDWORK_DATABASE_URL_FILE={file}" in told.splitlines()
    assert f"PREFECT_API_AUTH_STRING_FILE={file}" in told.splitlines()
    assert "swordfish" not in told


@pytest.mark.parametrize("part", ["prefect-server", "prefect-services"])
def test_whatever_reads_blocks_is_told_of_the_key_that_encrypts_them(part: str):
    assert "PREFECT_SERVER_ENCRYPTION_KEY" in {each.name for each in PARTS[part]}
