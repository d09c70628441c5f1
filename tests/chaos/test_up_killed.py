"""``kill -9`` of `groundwork up` itself."""

import signal
from pathlib import Path

from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.deployments.up.home import is_alive
from tests.integration.stack.application import Application


def test_a_killed_up_does_not_keep_the_next_one_from_going_on(application: Application, tmp_path: Path):
    stack = application.stack
    rows = 60_000
    event_id = application.confirm(application.upload(write_contacts(tmp_path / "contacts.csv", rows)))
    application.running(event_id)
    left_over = stack.kill()
    assert left_over

    stack.start()
    assert [process for process in left_over if is_alive(process)] == []
    figures = application.done(event_id).result
    assert (figures["rows"], figures["inserted"]) == (rows, rows)
    assert application.contacts() == rows


def test_sigterm_ends_every_part_within_ten_seconds_in_the_middle_of_an_import(
    application: Application, tmp_path: Path
):
    stack = application.stack
    event_id = application.confirm(application.upload(write_contacts(tmp_path / "contacts.csv", 60_000)))
    application.running(event_id)
    assert stack.stop(signal.SIGTERM) < 10
