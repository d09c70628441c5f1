"""What a person sees while everything starts, and that what is unchanged is not deployed again."""

import re
from pathlib import Path

import pytest

from tests.integration.stack.running import RunningStack

STAGES = ["PostgreSQL", "Migrations", "Prefect server", "Deployments", "Gateway, relay, worker"]


@pytest.mark.timeout(400)  # three starts
def test_each_stage_is_told_with_its_seconds_and_a_second_start_keeps_what_is_there(tmp_path: Path):
    stack = RunningStack(tmp_path / "home")
    try:
        stack.start()
        assert re.findall(r"^(.*) \.\.\. \d+\.\d s$", stack.terminal.read_text(), re.MULTILINE) == STAGES
        first = stack.ask_prefect("/automations/filter", {})
        names = {each["name"] for each in first}
        assert "import/csv.confirmed starts process-csv" in names
        stack.stop()

        stack.start()
        again = stack.ask_prefect("/automations/filter", {})
        assert {each["id"] for each in again} == {each["id"] for each in first}
        stack.ask_prefect(f"/automations/{again[0]['id']}", method="DELETE")
        stack.stop()

        stack.start()
        assert {each["name"] for each in stack.ask_prefect("/automations/filter", {})} == names
    finally:
        stack.end()


def test_a_stage_that_fails_is_named_with_the_end_of_the_log(tmp_path: Path):
    stack = RunningStack(tmp_path / "home", {"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "*"})
    ended = stack.groundwork("up", "--port", str(stack.port), "--prefect-port", str(stack.prefect_port))
    assert ended.returncode == 1
    assert re.search(r"^PostgreSQL \.\.\. \d+\.\d s$", ended.stderr, re.MULTILINE)
    assert re.search(r"^Prefect server \.\.\. failed after \d+\.\d s$", ended.stderr, re.MULTILINE)
    assert "prefect.log, ends:" in ended.stderr
    assert "`*` would let every web page start jobs" in ended.stderr
