"""A job has one name and one place."""

import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.events.base import Event
from groundwork.flows import registry
from groundwork.flows.job import job
from groundwork.flows.registry import jobs


@pytest.fixture(autouse=True)
def _only_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "_jobs", dict(registry._jobs))


class ThingsWanted(Event, name="registry-test/things.wanted"):
    pass


def test_a_second_job_of_a_name_is_an_error_that_names_both_places():
    def first():
        @job(on=ThingsWanted)
        def count_things(event):
            return 1

    def second():
        @job(on=ThingsWanted)
        def count_things(event):
            return 2

    first()
    with pytest.raises(ConfigurationError) as refused:
        second()
    assert "two jobs are named count-things" in str(refused.value)
    assert "first.<locals>.count_things" in str(refused.value)
    assert "second.<locals>.count_things" in str(refused.value)
    assert str(Path(__file__)) in str(refused.value)


def test_the_same_job_may_be_loaded_again():
    for _ in range(2):

        @job(on=ThingsWanted)
        def count_things_again(event):
            return 1

    assert "count-things-again" in jobs()


def test_a_job_that_says_nothing_of_attempts_has_those_of_the_settings_where_it_is_registered(monkeypatch):
    @job(on=ThingsWanted)
    def unspecific(event):
        return 1

    @job(on=ThingsWanted, max_attempts=2)
    def specific(event):
        return 1

    monkeypatch.setenv("GROUNDWORK_MAX_ATTEMPTS", "9")
    forget()
    try:
        assert jobs()["unspecific"].registration.max_attempts == 9
        assert jobs()["specific"].registration.max_attempts == 2
    finally:
        monkeypatch.undo()
        forget()


def test_a_job_without_an_attempt_is_refused():
    with pytest.raises(ConfigurationError, match="max_attempts=0"):
        job(on=ThingsWanted, max_attempts=0)


def test_a_second_event_type_of_a_name_is_an_error_that_names_both_places():
    with pytest.raises(ConfigurationError) as refused:

        class Others(Event, name="registry-test/things.wanted"):
            pass

    assert "ThingsWanted" in str(refused.value)
    assert "Others" in str(refused.value)
    assert str(Path(__file__)) in str(refused.value)


def test_importing_a_job_reads_no_settings(tmp_path: Path):
    program = (
        "import groundwork.flows.contacts.process_csv, groundwork.flows.operations.apply_retention\n"
        "from groundwork.blocks.settings import settings\n"
        "assert settings.cache_info().currsize == 0"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "", "HOME": str(tmp_path), "GROUNDWORK_PORT": "no port"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
