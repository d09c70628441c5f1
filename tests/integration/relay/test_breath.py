"""The relay takes a breath between looks that have admitted light deliveries alone."""

import threading

from groundwork.blocks.database import Database
from groundwork.deployments.relay.loop import Relay
from groundwork.events.inbox import send
from groundwork.events.inbox.wake import CHANNEL
from tests.factories import csv_export_confirmed, csv_import_confirmed, register_job
from tests.waiting import wait_until


def test_what_may_have_an_interactive_run_ends_it_and_nothing_else_does(db: Database):
    register_job(db)
    register_job(db, "process-export", "export/csv.confirmed", interactive=True)
    relay = Relay(threading.Event())
    with db.listening(CHANNEL) as listener, db.listening(CHANNEL) as witness:
        assert listener
        assert witness
        breath = threading.Thread(target=relay._breathe, args=(3_600, listener), daemon=True)
        breath.start()
        send(csv_import_confirmed())
        assert [each.payload for each in witness.notifies(timeout=10, stop_after=1)] == [""]
        assert breath.is_alive()
        send(csv_export_confirmed())
        wait_until(lambda: not breath.is_alive(), 20)
