"""What is cancelled stays cancelled, however close the relay is to starting it."""

import threading
from collections.abc import Callable

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit, admit_within, hold_admission
from groundwork.events.inbox.cancellation import cancel
from groundwork.flows.flow_control import Batch, CancelOn
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import LeadLost, register, scored, states
from tests.waiting import wait_until

MODES = ("ordinary", "light")

LOST = LeadLost(workspace_id=WorkspaceId("acme"), lead_id="ann")


def begin(db: Database, action: Callable[[], object]) -> threading.Thread:
    """Begin something in another thread that has to wait for an open transaction."""
    thread = threading.Thread(target=action)
    thread.start()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    wait_until(lambda: scalar(db, waiting), what="it waits")
    return thread


def test_an_event_that_cancels_while_the_relay_admits_has_the_last_word(db):
    register(db, cancel_on=CancelOn(event=LeadLost, key="lead_id"))
    scored("ann")
    with db.transaction() as connection:
        send(LOST, connection)
        relay = begin(db, lambda: admit(10))
    relay.join()
    assert states(db) == ["cancelled"]


def test_an_event_that_cancels_while_the_relay_lets_it_into_its_lane_has_the_last_word(db):
    register(db, cancel_on=CancelOn(event=LeadLost, key="lead_id"))
    event_id = scored("ann")
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'scheduled'"))
    with db.transaction() as connection:
        send(LOST, connection)
        relay = begin(db, lambda: admit(10))
    relay.join()
    assert delivery_of(db, event_id).state == "cancelled"


def test_an_operator_who_cancels_while_a_batch_is_formed_does_not_take_its_first_away(db):
    register(db, batch=Batch(size=3, wait=0))
    events = [scored(score=n) for n in range(3)]
    found = []

    def cancel_first() -> None:
        with db.transaction() as connection:
            found.append(cancel(connection, event_id=events[0]))

    with db.transaction() as connection:
        hold_admission(connection)
        admit_within(connection, 10)
        operator = begin(db, cancel_first)
    operator.join()
    assert [each.sharing for each in found] == [1]
    assert states(db) == ["admitted"] * 3
