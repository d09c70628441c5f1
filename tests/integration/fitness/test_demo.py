"""A demo that cannot come through says why."""

import json

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands import demo_watch
from groundwork.deployments.commands.fitness.demonstration import course
from tests.factories import scalar
from tests.integration.fitness.running import register_fitness_jobs
from tests.integration.mailing import by_smtp


@pytest.fixture(autouse=True)
def jobs(db, prefect_api) -> None:
    register_fitness_jobs(db)


def test_a_demo_without_a_worker_has_failed_and_says_where_to_look(db, capsys, monkeypatch):
    monkeypatch.setattr(demo_watch, "PATIENCE", 0.5)
    assert not course.run(10, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert (figures["state"], figures["members"], figures["scores"], figures["risks"]) == ("failed", 10, 0, [])
    assert "`groundwork lanes`" in figures["error"]
    assert not course.run(10, as_json=False)
    assert "Not all came through: nothing has come further" in capsys.readouterr().out


def test_a_demo_never_mails_invented_people_by_a_mail_server(db):
    with by_smtp() as postmaster:
        with pytest.raises(ConfigurationError, match="invented"):
            course.run(10, as_json=True)
        assert not postmaster.received
    assert scalar(db, "SELECT count(*) FROM fitness.member") == 0


def test_each_demo_is_a_workspace_of_its_own(db, capsys, monkeypatch):
    monkeypatch.setattr(demo_watch, "PATIENCE", 0.1)
    for _ in range(2):
        course.run(10, as_json=True)
    assert scalar(db, "SELECT count(DISTINCT workspace_id) FROM fitness.gym") == 2
