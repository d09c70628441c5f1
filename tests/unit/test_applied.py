"""What a start takes for unchanged."""

import shutil
from pathlib import Path

import pytest

from groundwork.deployments.wiring.applied import code_of_jobs, fingerprint

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "prefect.yaml", tmp_path)
    return tmp_path


def test_what_ships_has_a_fingerprint_that_stays(project: Path):
    assert fingerprint([project]) is not None
    assert fingerprint([project]) == fingerprint([project])
    assert {"groundwork.flows", "groundwork.events"} <= code_of_jobs().keys()


def test_each_file_of_the_code_counts_once():
    files = [file for folders in code_of_jobs().values() for folder in folders for file in folder.rglob("*.py")]
    assert PROJECT / "flows" / "contacts" / "process_csv.py" in files
    assert len(files) == len(set(files))


def test_another_wiring_and_other_code_have_another(project: Path):
    code = {"groundwork.flows": [project / "flows"]}
    (project / "flows").mkdir()
    (project / "flows" / "send_welcome.py").write_text("")
    before = fingerprint([project], code)
    (project / "flows" / "send_welcome.py").write_text("# edited\n")
    edited = fingerprint([project], code)
    (project / "prefect.yaml").open("a").write("# edited\n")
    assert None not in {before, edited}
    assert len({before, edited, fingerprint([project], code)}) == 3


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("tags: [contacts]", 'tags: ["{{ $STAGE }}"]'),
        ("tags: [contacts]", 'tags: ["{{ prefect.variables.stage }}"]'),
        ("pull: []", "pull:\n  - prefect.deployments.steps.set_working_directory: {directory: /srv}"),
        ("entrypoint: groundwork.flows.contacts.process_csv.process_csv", "entrypoint: elsewhere.jobs.process_csv"),
    ],
)
def test_what_depends_on_something_outside_is_always_deployed(project: Path, now: str, then: str):
    wiring = (project / "prefect.yaml").read_text()
    assert now in wiring
    (project / "prefect.yaml").write_text(wiring.replace(now, then))
    assert fingerprint([project]) is None
