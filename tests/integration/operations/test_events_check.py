"""``groundwork events check``: do stored events fit the code that is about to be deployed?"""

import json
import tracemalloc

import pytest
from typer.testing import CliRunner, Result

from groundwork.deployments import fit
from groundwork.deployments.cli import program
from groundwork.events import base
from groundwork.events.inbox.fit import stored_deliveries
from groundwork.flows import registry
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, register_job
from tests.integration.inbox.scored_leads import LeadScored, admitted, register, scored, start
from tests.integration.inbox.stored_events import lead, stored


@pytest.fixture(autouse=True)
def job(db, monkeypatch):
    """The code's only job of these events."""
    spec = JobSpec(name="alert-agent", options=JobOptions(on=LeadScored), body=register)
    monkeypatch.setitem(registry._jobs, "alert-agent", spec)
    register(db)


def check(*arguments: str) -> Result:
    return CliRunner().invoke(program(), ["events", "check", *arguments])


def test_all_fit(db):
    scored(), scored()
    found = check()
    assert (found.exit_code, found.stdout) == (0, "test/lead.scored for alert-agent: 2 fit, 0 misfits\n")


def test_nothing_is_stored(db):
    assert (check().exit_code, check().stdout) == (0, "nothing is stored that has not ended\n")


def test_misfits_are_counted_and_the_first_are_told_of_with_their_fields_and_without_values(db):
    scored()
    ids = [stored(db, lead(score="secret")) for _ in range(7)]
    found = check()
    assert found.exit_code == 1
    assert found.stdout.startswith("test/lead.scored for alert-agent: 1 fit, 7 misfits\n")
    assert found.stdout.count("score: Input should be a valid integer") == 5
    assert "  and 2 more\n" in found.stdout
    assert "secret" not in found.stdout
    assert str(delivery_of(db, ids[0]).id) in found.stdout


def test_programs_get_one_object(db):
    event_id = stored(db, lead(score="x", more=1))
    found = check("--json")
    assert found.exit_code == 1
    answer = json.loads(found.stdout)
    assert (answer["checked"], answer["misfits"]) == (1, 1)
    [kind] = answer["types"]
    assert (kind["event"], kind["job"], kind["jobKnown"], kind["fit"]) == ("test/lead.scored", "alert-agent", True, 0)
    [first] = kind["first"]
    assert (first["eventId"], first["workspaceId"]) == (str(event_id), "acme")
    assert [each["field"] for each in first["faults"]] == ["score", "more"]


def test_a_type_that_is_gone_and_one_that_the_job_listens_to_no_more_are_misfits(db, monkeypatch):
    register_job(db, "alert-agent", "test/lead.gone")
    stored(db, lead(), name="test/lead.gone")
    register_job(db, "alert-agent", "test/lead.lost")
    stored(db, {"workspaceId": "acme", "leadId": "ann"}, name="test/lead.lost")
    found = check()
    assert "there is no such type (unknown event 'test/lead.gone'" in found.stdout
    assert "test/lead.scored (LeadScored) is wanted, and LeadLost is no such event" in found.stdout
    monkeypatch.setattr(base, "_registry", {})
    assert check().exit_code == 1


def test_what_has_ended_counts_no_more_unless_dead_letters_are_asked_for(db):
    event_id = scored()
    admitted()
    start(db, event_id).fail(ValueError("no"))
    assert check().stdout == "nothing is stored that has not ended\n"
    assert check("--dead").stdout == "test/lead.scored for alert-agent: 1 fit, 0 misfits\n"


def test_what_waits_for_a_job_that_is_gone_is_no_misfit_and_is_told_of(db):
    register_job(db, "gone-job", "test/lead.gone")
    stored(db, lead(), name="test/lead.gone")
    found = check()
    assert found.exit_code == 0
    assert "1 fit, 0 misfits; the job is gone from the code" in found.stdout


def test_however_many_there_are_few_are_in_memory(db):
    with db.transaction() as connection:
        connection.exec_driver_sql(
            "WITH stored AS (INSERT INTO groundwork.event"
            " (id, name, workspace_id, dedupe_id, data, occurred_at, source, correlation_id)"
            " SELECT gen_random_uuid(), 'test/lead.scored', 'acme', n::text,"
            " jsonb_build_object('workspaceId', 'acme', 'leadId', repeat('x', 5000)), now(), 'test', gen_random_uuid()"
            " FROM generate_series(1, 5000) AS n RETURNING id)"
            " INSERT INTO groundwork.delivery (id, event_id, job, workspace_id)"
            " SELECT gen_random_uuid(), id, 'alert-agent', 'acme' FROM stored"
        )
    tracemalloc.start()
    try:
        with db.transaction() as connection:
            [found] = fit.fits_of(stored_deliveries(connection))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.fitting == 5000
    assert most < 15_000_000
