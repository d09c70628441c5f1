"""``compose.yaml``: valid, without a secret in it, and each service has what it names and no more."""

import pytest
import yaml

from groundwork.blocks.all_settings import settings_classes
from groundwork.blocks.secret_variable import OF_PREFECT, file_variable
from groundwork.deployments.commands.env import PARTS
from tests.compose import ROOT, Service, compose, services
from tests.linters import linter, says

OURS = {name: each for name, each in services().items() if each.is_part}
ONCE = {"prefect-migrate", "deploy", "bucket"}
"""Services that end by themselves."""
_CHECK = (
    "import sys, compose_spec; it = compose_spec.PyCompose.from_yaml(open(sys.argv[1]).read()); it.validate(); "
    "it.validate_networks(); it.validate_secrets(); it.validate_volumes(); print(len(it))"
)


def test_it_is_of_the_compose_specification(tmp_path):
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(compose()))
    python = linter("python", "pip install compose-spec", module="compose_spec")
    assert says(python, "-c", _CHECK, str(tmp_path / "compose.yaml")).strip() == str(len(services()))


def test_every_part_runs_twice_where_two_share_the_work():
    twice = {name for name, each in OURS.items() if each.given.get("deploy", {}).get("replicas") == 2}
    assert twice == {"prefect-server", "gateway", "relay", "worker"}
    assert OURS.keys() - twice == {"prefect-migrate", "prefect-services", "deploy"}


@pytest.mark.parametrize("service", services().values(), ids=lambda each: each.name)
def test_a_service_is_given_the_secrets_that_it_names_and_no_others(service: Service):
    whole = {"owner-password", "runtime-password", "prefect-password"} if service.name == "postgres" else set()
    assert service.secrets == service.secrets_named | whole


@pytest.mark.parametrize("service", services().values(), ids=lambda each: each.name)
def test_what_it_depends_on_is_there_and_can_be_waited_for(service: Service):
    for name, how in service.given.get("depends_on", {}).items():
        assert name in services()
        if how["condition"] == "service_healthy":
            assert "healthcheck" in services()[name].given
        else:
            assert name in ONCE


@pytest.mark.parametrize("service", services().values(), ids=lambda each: each.name)
def test_it_is_told_when_to_end_and_asked_whether_it_lives(service: Service):
    if service.name in ONCE:
        assert service.given.get("restart", "no") == "no"
        return
    assert service.given["restart"] == "unless-stopped"
    assert service.given["stop_grace_period"]
    assert "healthcheck" in service.given or service.name == "prefect-services", "which serves nothing"


@pytest.mark.parametrize("service", OURS.values(), ids=lambda each: each.name)
def test_its_variables_are_settings_and_its_secrets_are_files(service: Service):
    settings = {variable for kind in settings_classes().values() for variable in kind.variables()}
    secret = {variable for kind in settings_classes().values() for variable in kind.secrets()} | set(OF_PREFECT)
    files = {file_variable(each) for each in secret}
    for name, value in service.environment.items():
        assert name in settings | files or name.startswith(("PREFECT_", "AWS_")), f"{name} is no setting"
        if name in secret:
            assert name == "GROUNDWORK_SMTP_URL", "mailpit has no password"
            assert "@" not in value
        assert value.startswith("/run/secrets/") == (name in files or name == "AWS_SHARED_CREDENTIALS_FILE")


@pytest.mark.parametrize("service", OURS.values(), ids=lambda each: each.name)
def test_it_has_what_its_part_says_that_it_needs(service: Service):
    part = service.name if service.name in PARTS else "prefect-server"
    needed = {each.name for each in PARTS[part] if each.needed} - {"GROUNDWORK_DATABASE_URL"}
    assert needed <= {each.removesuffix("_FILE") for each in service.environment}


@pytest.mark.parametrize("service", OURS.values(), ids=lambda each: each.name)
def test_it_may_do_little_on_its_machine(service: Service):
    given = service.given
    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert "privileged" not in given
    assert all(each["host_ip"] == "127.0.0.1" for each in given.get("ports", []))


def test_only_what_calls_or_is_called_from_outside_has_a_way_out():
    internal = {name for name, each in compose()["networks"].items() if each.get("internal")}
    out = {name for name, each in services().items() if each.networks - internal}
    assert out == {"gateway", "worker", "prefect-server", "mailpit"}


def test_no_secret_is_in_the_checkout():
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "secrets" not in (ROOT / ".dockerignore").read_text().replace("secrets and", "")
