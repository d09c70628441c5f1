"""Events that a job sends: exactly once whatever fails, and related to what caused them."""

import pytest
from sqlalchemy import text

from groundwork.deployments.relay.posting import post_events
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit, note_posted
from groundwork.events.inbox.follow_on import follow_on_id
from tests.factories import delivery_of, register_job
from tests.integration.operations.feed import delivery_resource, event_resource, events_about, related
from tests.integration.operations.follow_on_job import OrderPlaced, ParcelDue, place_order

MODES = ("ordinary", "light")


@pytest.fixture
def order(db, prefect_api, tmp_path):
    """The id of an event whose job sends others."""
    register_job(db, "place-order", "test/order.placed")
    register_job(db, "send-parcel", "test/parcel.due", lane=10)
    return send(OrderPlaced(workspace_id=WorkspaceId("acme"), folder=str(tmp_path)))


def run_order(db, order) -> None:
    admit(capacity=1)
    place_order(delivery_id=delivery_of(db, order).id)


def parcels(db):
    with db.transaction() as connection:
        return connection.execute(
            text(
                "SELECT id, data ->> 'number' AS number, correlation_id, causation_id FROM groundwork.event"
                " WHERE name = 'test/parcel.due' ORDER BY accepted_at"
            )
        ).all()


def test_each_event_is_sent_exactly_once_though_every_step_fails_in_between(db, order, tmp_path):
    run_order(db, order)
    assert [each.number for each in parcels(db)] == ["1", "2", "2", "3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "after the ledger",
        "before the ledger",
        "between two events",
    ]


def test_a_redelivered_run_sends_nothing_again(db, order):
    run_order(db, order)
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'queued' WHERE event_id = :id"), {"id": order})
    run_order(db, order)
    assert delivery_of(db, order).attempt == 2
    assert len(parcels(db)) == 4


def test_events_that_a_job_sends_name_their_cause_and_carry_on_the_correlation(db, order):
    run_order(db, order)
    assert {(each.causation_id, each.correlation_id) for each in parcels(db)} == {(order, order)}


def test_the_feed_relates_a_follow_on_to_its_cause_and_its_chain(db, order):
    run_order(db, order)
    admitted = [each for each in admit(capacity=10) if each.job == "send-parcel"]
    post_events(admitted)
    note_posted(admitted)
    for each in admitted:
        [event] = events_about(delivery_resource(each.id), "test/parcel.due")
        assert related(event) == {
            "event": f"groundwork.event.{each.event_id}",
            "cause": f"groundwork.event.{order}",
            "correlation": f"groundwork.correlation.{order}",
            "workspace": "groundwork.workspace.acme",
        }
    assert len(events_about(event_resource(order), "test/parcel.due", count=4)) == 4


def test_an_event_that_no_job_sends_gets_no_such_id():
    assert follow_on_id(ParcelDue(workspace_id=WorkspaceId("acme"), number=1)) is None
