"""A part that is prepared imports and waits; it goes on when it is told to."""

import os
import sys
from pathlib import Path

import pytest

from groundwork.deployments.up.part import Part, PartFailed
from tests.waiting import wait_until


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module that says that it runs, and with what."""
    (tmp_path / "spoken.py").write_text(
        "import sys\nif __name__ == '__main__':\n"
        "    print('runs with', *sys.argv[1:], repr(sys.stdin.read()), flush=True)\n    sys.exit(3)\n"
    )
    return tmp_path


def part(module: Path, ready=lambda: False) -> Part:
    environment = os.environ | {"PYTHONPATH": f"{module}{os.pathsep}{Path.cwd()}"}
    return Part("spoken", [sys.executable, "-m", "spoken", "--loud"], environment, module / "spoken.log", ready)


def test_a_prepared_part_waits_and_then_runs_as_if_it_had_been_started(module: Path):
    prepared = part(module)
    prepared.prepare()
    pid = prepared.pid
    assert pid is not None
    assert prepared.log.read_text() == ""
    prepared.start()
    wait_until(lambda: prepared.exit_code == 3, 20, "the module has ended")
    prepared.close_log()
    assert prepared.log.read_text() == "runs with --loud ''\n"


def test_it_is_started_anew_without_waiting(module: Path):
    again = part(module)
    again.prepare()
    again.start()
    wait_until(lambda: again.exit_code == 3, 20, "the module has ended")
    again.close_log()
    again.start()
    with pytest.raises(PartFailed, match=r"spoken ended with exit code 3\. Its log, .*spoken\.log, ends:\n  runs with"):
        again.wait_until_ready(20)
    again.close_log()
    assert again.log.read_text().count("runs with") == 2


def test_a_prepared_part_ends_with_its_parent(module: Path):
    prepared = part(module)
    prepared.prepare()
    process = prepared._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert prepared.log.read_text() == ""
