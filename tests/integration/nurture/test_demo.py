"""A demo that cannot come through says why."""

import json

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands import demo_watch
from groundwork.deployments.commands.nurture.demonstration import course
from tests.integration.mailing import by_smtp
from tests.integration.nurture.agencies import rows


def test_a_demo_without_a_worker_has_failed_and_says_where_to_look(db, registered, capsys, monkeypatch):
    monkeypatch.setattr(demo_watch, "PATIENCE", 0.5)
    assert not course.run(7, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert (figures["state"], figures["contacts"], figures["sequences"], figures["bands"]) == ("failed", 7, 0, {})
    assert "`groundwork lanes`" in figures["error"]
    assert not course.run(7, as_json=False)
    assert "Not all came through: nothing has come further" in capsys.readouterr().out


def test_a_demo_never_mails_invented_people_by_a_mail_server(db, registered):
    with by_smtp() as postmaster:
        with pytest.raises(ConfigurationError, match="invented"):
            course.run(7, as_json=True)
        assert not postmaster.received
    assert not rows(db, "contact")


def test_each_demo_is_a_workspace_of_its_own(db, registered, capsys, monkeypatch):
    monkeypatch.setattr(demo_watch, "PATIENCE", 0.1)
    for _ in range(2):
        course.run(3, as_json=True)
    assert len({each["workspace_id"] for each in rows(db, "contact")}) == 2
