"""What a person sees while everything starts, and that what is unchanged is not deployed again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stack.running import RunningStack
from tests.prepared_home import automations_of_first_start, terminal_of_first_start

STAGES = ["PostgreSQL", "Migrations", "Prefect server", "Deployments", "Gateway, relay, worker"]


@pytest.fixture(scope="module")
def second(prepared_home: Callable[[], Path]) -> Iterator[RunningStack]:
    """The second start on a home; this time other machines may reach it."""
    with RunningStack(prepared_home(), {"GROUNDWORK_HOST": "0.0.0.0"}).running() as stack:
        yield stack


def automations(stack: RunningStack) -> dict[str, str]:
    """Their names by their ids."""
    return {each["id"]: each["name"] for each in stack.ask_prefect("/automations/filter", {})}


def test_each_stage_is_told_with_its_seconds(second: RunningStack):
    told = terminal_of_first_start(second.home)
    assert re.findall(r"^(.*) \.\.\. \d+\.\d s$", told, re.MULTILINE) == STAGES


@pytest.mark.timeout(400)  # two starts
def test_a_second_start_keeps_what_is_there_and_one_after_a_deletion_makes_it_anew(second: RunningStack):
    first = automations_of_first_start(second.home)
    assert "import/csv.confirmed starts process-csv" in first.values()
    assert automations(second) == first
    second.ask_prefect(f"/automations/{next(iter(first))}", method="DELETE")
    second.stop()

    second.start()
    assert set(automations(second).values()) == set(first.values())


def test_it_warns_where_anybody_may_send_events_and_names_the_cure(second: RunningStack):
    told = [line for line in second.terminal.read_text().splitlines() if "ANYBODY WHO REACHES THIS MACHINE" in line]
    # Each start tells it in the gateway's log, and as the last thing.
    assert [line.split()[1] for line in told[:2]] == ["|", "up"]
    assert all("WARNING" in line and "Set GROUNDWORK_EVENT_KEY" in line for line in told)


def test_a_stage_that_fails_is_named_with_the_end_of_the_log(tmp_path: Path):
    stack = RunningStack(tmp_path / "home", {"PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "*"})
    ended = stack.groundwork("up", "--port", str(stack.port), "--prefect-port", str(stack.prefect_port))
    assert ended.returncode == 1
    assert re.search(r"^PostgreSQL \.\.\. \d+\.\d s$", ended.stderr, re.MULTILINE)
    assert re.search(r"^Prefect server \.\.\. failed after \d+\.\d s$", ended.stderr, re.MULTILINE)
    assert "prefect.log, ends:" in ended.stderr
    assert "`*` would let every web page start jobs" in ended.stderr
