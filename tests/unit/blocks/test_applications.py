"""Which applications a process has, and what is said where one cannot be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.blocks.applications import Application
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget

ENTRY_POINT = """
[groundwork.applications]
{name} = {value}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs a package of some files, with an entry point, for this test."""

    def install(files: dict[str, str], *, name: str = "gym", value: str = "gym") -> Path:
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        facts = tmp_path / f"{name}-1.0.dist-info"
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(ENTRY_POINT.format(name=name, value=value))
        return tmp_path

    yield install
    forget()


def python(program: str, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWORK_")}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"PYTHONPATH": str(path)} | variables,
        capture_output=True,
        text=True,
    )


NAMES = "from groundwork.blocks.applications import applications; print(*(each.name for each in applications()))"
GYM = "from groundwork.blocks.applications import Application\napplication = Application(name='gym'{more})\n"


def names(path: Path, **variables: str) -> str:
    done = python(NAMES, path, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def error(program: str, path: Path, **variables: str) -> str:
    done = python(program, path, **variables)
    assert done.returncode != 0
    return done.stderr.strip().splitlines()[-1]


def test_without_an_application_of_ones_own_there_are_all_of_ours(tmp_path: Path):
    assert names(tmp_path) == "contacts fitness nurture operations"


def test_an_installed_application_is_found_and_takes_the_place_of_the_contacts(installed):
    path = installed({"gym/__init__.py": GYM.format(more="")})
    assert names(path) == "gym operations"
    assert names(path, GROUNDWORK_APPLICATIONS="contacts, gym") == "contacts gym"
    assert names(path, GROUNDWORK_APPLICATIONS="gym:application") == "gym"


def test_an_unknown_application_is_refused_with_the_names_of_those_there_are(tmp_path: Path):
    told = error(NAMES, tmp_path, GROUNDWORK_APPLICATIONS="contcats")
    assert "no application 'contcats'" in told
    assert "contacts, fitness, nurture, operations" in told


def test_one_that_cannot_be_imported_is_named(installed):
    told = error(NAMES, installed({"gym/__init__.py": "import nothing_of_this_name\n"}))
    assert "application gym: gym cannot be loaded" in told
    assert "nothing_of_this_name" in told


def test_a_module_of_one_that_cannot_be_imported_is_named_wherever_it_is_below(installed):
    path = installed(
        {
            "gym/__init__.py": GYM.format(more=", jobs='gym.flows'"),
            "gym/flows/__init__.py": "",
            "gym/flows/deep/__init__.py": "",
            "gym/flows/deep/broken.py": "1 / 0\n",
        }
    )
    told = error("from groundwork.flows.registry import jobs; jobs()", path)
    assert "application gym: gym.flows.deep.broken cannot be imported: ZeroDivisionError" in told


def test_a_job_in_a_folder_below_a_folder_is_found(installed):
    path = installed(
        {
            "gym/__init__.py": GYM.format(more=", jobs='gym.flows', events='gym.events'"),
            "gym/events.py": "from groundwork.events.base import Event\n"
            "class Trained(Event, name='gym/member.trained'):\n    pass\n",
            "gym/flows/__init__.py": "",
            "gym/flows/deep/__init__.py": "",
            "gym/flows/deep/score.py": "from groundwork.flows.job import job\nfrom gym.events import Trained\n"
            "@job(on=Trained)\ndef score_member(event):\n    return 1\n",
        }
    )
    program = (
        "from groundwork.flows.registry import jobs; from groundwork.events.catalogue import event_types\n"
        "print(*jobs(), *event_types())"
    )
    done = python(program, path)
    assert {"score-member", "gym/member.trained"} <= set(done.stdout.split()), done.stderr


def test_two_of_a_name_are_refused_with_both_places(installed):
    told = error(NAMES, installed({"gym/__init__.py": GYM.format(more="")}, name="contacts"))
    assert "two applications are named contacts: groundwork.flows.contacts and gym" in told


def test_what_is_no_application_is_refused(installed):
    told = error(NAMES, installed({"gym/__init__.py": "application = 'gym'\n"}))
    assert "application gym: gym is no groundwork.blocks.applications.Application" in told


def test_a_name_that_an_application_gets_wrong_is_named():
    with pytest.raises(ConfigurationError, match=r"application gym: json has no 'dumpz'"):
        Application(name="gym").named("json:dumpz")
