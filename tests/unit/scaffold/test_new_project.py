"""`groundwork new project` writes the card's layout, with operations' wiring and a job that fits its own."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.scaffold.source import source
from groundwork.deployments.wiring.project import deployments_of

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "groundwork.deployments.cli", "new", "project"]


def new_project(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    done = new_project(folder, "shop")
    assert done.returncode == 0, done.stderr
    return folder / "shop"


def test_it_has_the_rooms_and_says_so(shop: Path):
    files = {each.relative_to(shop).as_posix() for each in shop.rglob("*") if each.is_file()}
    assert files == {
        ".github/workflows/ci.yml", ".gitignore", "Makefile", "README.md", "blocks/__init__.py",
        "deployments/__init__.py", "events/__init__.py", "events/order_placed.py", "flows/__init__.py",
        "flows/confirm_order.py",
        "notifications/__init__.py", "notifications/templates/README.md", "prefect.yaml", "pyproject.toml", "setup.py",
        "tasks/__init__.py", "tasks/confirm_order.py", "tests/test_confirm_order.py",
    }  # fmt: skip


def test_its_python_is_as_the_formatter_and_the_linter_would_have_it(shop: Path):
    for command in (
        ["format", "--check"],
        ["check", "--extend-select", "I", "--config", "lint.isort.known-first-party=['shop']"],
    ):
        ruff = [str(Path(sys.executable).with_name("ruff")), *command, "--isolated", "--line-length", "120", str(shop)]
        done = subprocess.run(ruff, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_its_deployments_of_operations_are_ours(shop: Path):
    def of_operations(folder: Path) -> list[dict[str, object]]:
        wiring = yaml.safe_load((folder / "prefect.yaml").read_text())
        return [each for each in wiring["deployments"] if "operations" in each.get("tags", ())]

    assert [each["name"] for each in of_operations(shop)] == ["tell-of-dead-letters", "apply-retention", "note-bounce"]
    assert of_operations(shop) == of_operations(ROOT)


def test_the_rest_of_its_wiring_is_as_ours_is(shop: Path):
    ours, theirs = (yaml.safe_load((folder / "prefect.yaml").read_text()) for folder in (ROOT, shop))
    assert (theirs["name"], theirs["pull"], theirs["prefect-version"]) == ("shop", [], ours["prefect-version"])
    assert [(each.name, each.entrypoint, each.jobs) for each in deployments_of([shop])][-1] == (
        "confirm-order", "shop.flows.confirm_order.confirm_order", {"confirm-order"},
    )  # fmt: skip


def test_ci_is_yaml_and_tests(shop: Path):
    [job] = yaml.safe_load((shop / ".github" / "workflows" / "ci.yml").read_text())["jobs"].values()
    assert {"run": "make test", "env": {"GROUNDWORK": "${{ vars.GROUNDWORK }}"}} in job["steps"]


def test_it_is_pinned_to_this_version_and_installs_the_checkout_that_it_was_made_from(shop: Path):
    assert f'"groundwork=={version("groundwork")}"' in (shop / "pyproject.toml").read_text()
    assert f"GROUNDWORK := --editable {ROOT.as_uri()}\n" in (shop / "Makefile").read_text()


def test_a_second_time_everything_that_is_there_is_listed_and_nothing_is_written(shop: Path, tmp_path: Path):
    shop = shutil.copytree(shop, tmp_path / "shop")
    (shop / "setup.py").write_text("mine")
    (shop / "Makefile").unlink()
    done = new_project(shop.parent, "shop")
    assert done.returncode == 2
    assert (
        f"nothing was written, because {shop} has these already: .github/workflows/ci.yml, .gitignore, " in done.stderr
    )
    assert "tests/test_confirm_order.py" in done.stderr
    assert (shop / "setup.py").read_text() == "mine"
    assert not (shop / "Makefile").exists()


def test_json_has_the_files_and_the_commands_to_type(tmp_path: Path):
    done = new_project(tmp_path, "there", "--name", "shop", "--json", "--groundwork", "groundwork==9.9")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["name"], told["folder"]) == ("shop", str(tmp_path / "there"))
    assert {each for each in told["files"] if not (tmp_path / "there" / each).is_file()} == set()
    assert told["next"] == [f"cd {tmp_path / 'there'}", "make up", "make demo", "make test"]
    assert "GROUNDWORK := groundwork==9.9\n" in (tmp_path / "there" / "Makefile").read_text()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "tasks").write_text("a file")
    done = new_project(tmp_path, "shop")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert [each.name for each in (tmp_path / "shop").rglob("*") if each.is_file()] == ["tasks"]


@pytest.mark.parametrize("given", ["nowhere", "groundwork", "groundwork>=1", "prefect==3", "http://a b"])
def test_a_source_that_is_none_is_refused_with_what_it_may_be(given: str):
    with pytest.raises(
        ConfigurationError, match=r"--groundwork: .*no checkout with a pyproject.toml, no wheel, no URL"
    ):
        source(given)


def test_a_source_is_told_to_pip_by_its_url(tmp_path: Path):
    checkout, wheel = tmp_path / "a checkout", tmp_path / "groundwork-1-py3-none-any.whl"
    checkout.mkdir()
    (checkout / "pyproject.toml").touch()
    wheel.touch()
    assert source(str(checkout)) == f"--editable {tmp_path.as_uri()}/a%20checkout"
    assert source(str(wheel)) == wheel.as_uri()
    assert source("git+https://example.com/groundwork@v1") == "git+https://example.com/groundwork@v1"
