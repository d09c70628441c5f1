"""What a worker is started with, and when one of Prefect's own types counts as alive."""

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.settings import Settings
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.health import STUCK_SECONDS
from groundwork.deployments.worker.command import WorkerOptions, worker_arguments
from groundwork.deployments.worker.of_prefect import PolledPulse
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.flows.job_options import JobOptions

SETTINGS = Settings(concurrency=5, light_hosts=2)


def limit_of(options: WorkerOptions) -> str | None:
    arguments = list(worker_arguments(SETTINGS, "one", options))
    return arguments[arguments.index("--limit") + 1] if "--limit" in arguments else None


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (WorkerOptions(), "8"),  # five runs, two hosts, and that of interactive jobs
        (WorkerOptions(limit=3), "3"),
        (WorkerOptions(pool="heavy"), "5"),
        (WorkerOptions(pool="heavy", type="process"), None),
        (WorkerOptions(pool="heavy", type="process", limit=2), "2"),
    ],
    ids=str,
)
def test_a_worker_holds_what_it_is_told_or_what_the_settings_say(options: WorkerOptions, limit: str | None):
    assert limit_of(options) == limit


def test_a_worker_of_another_type_is_started_by_what_serves_its_health():
    own, heavy = WorkerOptions(), WorkerOptions(pool="heavy", type="process")
    assert worker_arguments(SETTINGS, "one", own)[0] == "prefect"
    assert worker_arguments(SETTINGS, "one", heavy)[0] == "groundwork.deployments.worker.of_prefect"


class Clock:
    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_worker_that_asks_for_no_runs_is_stuck_only_while_there_is_a_server_to_ask():
    clock, polled, answers = Clock(), [False], [False]
    pulse = PolledPulse(lambda: polled[0], lambda: answers[0], clock)
    assert pulse.stuck() is None
    clock.seconds += 2 * STUCK_SECONDS
    assert pulse.stuck() is None, "its server was away"
    answers[0] = True
    assert pulse.stuck() is None, "its server has only just come back"
    clock.seconds += STUCK_SECONDS + 1
    assert "has not asked Prefect for runs" in str(pulse.stuck())
    polled[0] = True
    assert pulse.stuck() is None


def test_a_worker_that_starts_is_not_ready_and_not_stuck():
    pulse = PolledPulse(lambda: None, lambda: True, Clock())
    assert pulse.stuck() is None
    assert pulse.lacking() == "the worker is starting"


def test_a_worker_is_ready_while_it_asks_for_runs_and_prefect_answers():
    polled, answers = [True], [True]
    pulse = PolledPulse(lambda: polled[0], lambda: answers[0], Clock())
    assert pulse.lacking() is None
    answers[0] = False
    assert pulse.lacking() == "Prefect does not answer as it should"
    answers[0], polled[0] = True, False
    assert "has not asked Prefect for runs" in str(pulse.lacking())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"work_pool": " "}, "the name of a work pool of Prefect's"),
        ({"work_pool": None}, "the name of a work pool of Prefect's"),
        ({"work_pool": "heavy", "light": True}, "drop one of the two"),
    ],
)
def test_a_job_that_cannot_be_in_a_work_pool_is_refused(options: dict[str, object], told: str):
    with pytest.raises(ConfigurationError, match=told):
        JobOptions(on=CsvImportConfirmed, **options)  # type: ignore[arg-type]


def test_a_job_is_in_the_pool_that_is_there_for_all_unless_it_names_another():
    assert JobOptions(on=CsvImportConfirmed).work_pool == WORK_POOL
