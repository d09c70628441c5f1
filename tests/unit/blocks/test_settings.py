"""Settings of the engine and of applications: one way to read them, and one way to say what is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.blocks.all_settings import check_settings, misspelt, settings_classes
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import Settings, settings
from groundwork.tasks.contacts.settings import ContactsSettings, contacts_settings
from groundwork.tasks.fitness.settings import FitnessSettings
from groundwork.tasks.nurture.settings import NurtureSettings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
[EXAMPLE] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
WORKER = (
    "import asyncio; from groundwork.deployments.worker.worker import GroundworkWorker\n"
    "asyncio.run(GroundworkWorker(work_pool_name='any').start())"
)
PARTS = {
    "gateway": ["-m", "groundwork.deployments.gateway"],
    "relay": ["-m", "groundwork.deployments.relay"],
    "worker": ["-c", WORKER],
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch):
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def gym(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody with the application of docs/settings.md."""
    package = tmp_path / "gym"
    package.mkdir()
    (package / "settings.py").write_text(EXAMPLE)
    (package / "__init__.py").write_text(
        "from groundwork.blocks.applications import Application\n"
        "application = Application(name='gym', settings='gym.settings:GymSettings')\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GROUNDWORK_", "PREFECT_"))}
    own = {"PYTHONPATH": str(tmp_path), "GROUNDWORK_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    return plain | own | {"GROUNDWORK_APPLICATIONS": "gym:application"}


@pytest.mark.parametrize("part", PARTS)
def test_no_part_starts_with_a_setting_that_an_application_refuses(part: str, gym: dict[str, str]):
    variables = {"GROUNDWORK_GYM_POINTS_PER_HOUR": "none", "GROUNDWORK_PORT": "0"}
    done = subprocess.run([sys.executable, *PARTS[part]], env=gym | variables, capture_output=True, text=True)
    assert done.returncode in (1, 2)
    assert "The environment has settings that cannot be:\n  GROUNDWORK_GYM_POINTS_PER_HOUR: Input" in done.stderr


def test_an_application_reads_its_own_variables(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_IMPORT_MAX_COLUMNS", "7")
    assert contacts_settings().import_max_columns == 7
    assert not hasattr(settings(), "import_max_columns")


def test_wrong_values_of_the_engine_and_of_an_application_are_told_in_the_same_words(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_PORT", "many")
    with pytest.raises(
        ConfigurationError, match=r"^The environment has settings that cannot be:\n  GROUNDWORK_PORT: Input"
    ):
        settings()
    monkeypatch.setenv("GROUNDWORK_IMPORT_MAX_BYTES", "many")
    with pytest.raises(
        ConfigurationError, match=r"^The environment has settings that cannot be:\n  GROUNDWORK_IMPORT_MAX_BYTES: Input"
    ):
        contacts_settings()


def test_a_variable_of_two_owners_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "twice_owned.py").write_text(
        "from groundwork.blocks.applications import Application\n"
        "from groundwork.blocks.environment import EnvironmentSettings\n"
        "class Own(EnvironmentSettings):\n    home: str = ''\n"
        "application = Application(name='twice', settings='twice_owned:Own')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GROUNDWORK_APPLICATIONS", "twice_owned:application")
    with pytest.raises(ConfigurationError, match="application twice: GROUNDWORK_HOME is a setting of engine already"):
        check_settings()


def test_every_setting_says_what_it_is():
    assert settings_classes() == {
        "engine": Settings,
        "contacts": ContactsSettings,
        "fitness": FitnessSettings,
        "nurture": NurtureSettings,
    }
    without = [
        variable
        for kind in settings_classes().values()
        for variable, name in kind.variables().items()
        if not kind.model_fields[name].description
    ]
    assert without == []


def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_IMPORT_MAX_BYTE", "1")
    monkeypatch.setenv("GROUNDWORK_IMAGE_TAG", "a name of somebody else's")
    monkeypatch.setenv("GROUNDWORK__PICKED_UP_AT", "now")
    assert list(misspelt()) == [
        "GROUNDWORK_IMPORT_MAX_BYTE is no setting and has no effect; did you mean GROUNDWORK_IMPORT_MAX_BYTES?"
    ]
