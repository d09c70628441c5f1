"""A job that is gone from the code gets nothing more; what waits for it is kept until it is back or is discarded."""

from groundwork.deployments.wiring.prepare import prepare_database, told
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import RetiredJob, known_jobs, listening_jobs
from groundwork.events.inbox.lanes import lanes
from groundwork.flows.registry import jobs
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar


def test_what_waits_is_kept_and_not_admitted_and_goes_on_when_the_job_is_back(db):
    register_job(db, "forgotten")
    event_id = send(csv_import_confirmed())
    retired = prepare_database(db)
    assert retired == [RetiredJob("forgotten", waiting=1, new=True)]
    assert "kept for its return" in told(retired[0])
    assert admit(10) == []
    with db.transaction() as connection:
        assert "forgotten" not in {each.name for each in known_jobs(connection)}
        assert "forgotten" not in listening_jobs(connection)["import/csv.confirmed"]
        [lane] = [each for each in lanes(connection) if each.job == "forgotten"]
    assert lane.retired
    assert delivery_of(db, event_id).state == "queued"
    later = send(csv_import_confirmed("another"))
    assert (
        scalar(db, "SELECT count(*) FROM groundwork.delivery WHERE event_id = :id AND job = 'forgotten'", id=later) == 0
    )
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE groundwork.job SET retired_at = NULL WHERE name = 'forgotten'")
    assert "forgotten" in {each.job for each in admit(10)}


def test_a_job_is_back_when_it_is_registered_again(db):
    prepare_database(db)
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE groundwork.job SET retired_at = now() WHERE name = 'process-csv'")
    assert prepare_database(db) == []
    with db.transaction() as connection:
        assert {each.name for each in known_jobs(connection)} == set(jobs())


def test_each_deploy_says_so_as_long_as_something_waits(db):
    register_job(db, "forgotten")
    send(csv_import_confirmed())
    prepare_database(db)
    assert prepare_database(db) == [RetiredJob("forgotten", waiting=1, new=False)]


def test_what_waits_can_be_discarded(db):
    register_job(db, "forgotten")
    event_id = send(csv_import_confirmed())
    retired = prepare_database(db, discard=True)
    assert [each.waiting for each in retired] == [1]
    assert "1 waiting delivery discarded" in told(retired[0], discarded=True)
    delivery = delivery_of(db, event_id)
    assert (delivery.state, delivery.last_error) == ("cancelled", "Discarded: its job is gone from the code.")
    assert prepare_database(db) == []
