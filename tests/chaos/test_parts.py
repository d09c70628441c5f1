"""A part is killed. It comes back by itself, what was accepted is done, and nothing is done twice."""

from pathlib import Path

import pytest

from tests.integration.stack.application import Application
from tests.waiting import wait_until


@pytest.fixture
def contacts_csv(tmp_path: Path) -> Path:
    file = tmp_path / "contacts.csv"
    file.write_text("Email\nada@example.com\ngrace@example.com\n")
    return file


def import_once(application: Application, file: Path) -> None:
    import_id = application.upload(file)
    application.done(application.confirm(import_id))
    assert application.contacts() == 2
    assert application.import_record(import_id).status == "completed"


@pytest.mark.parametrize("part", ["gateway", "relay", "worker", "postgres"])
def test_a_killed_part_is_started_again_and_imports_go_on(application: Application, contacts_csv: Path, part: str):
    application.stack.kill_part(part)
    wait_until(application.stack.is_ready, 120)
    import_once(application, contacts_csv)


def test_events_accepted_while_prefect_is_down_are_delivered_once_it_is_back(
    application: Application, contacts_csv: Path
):
    prefect = application.stack.part("prefect")
    prefect.kill()
    imports = [application.upload(contacts_csv) for _ in range(3)]
    events = [application.confirm(import_id) for import_id in imports]
    assert [application.delivery(event_id).state for event_id in events] != ["done"] * 3
    for event_id, import_id in zip(events, imports, strict=True):
        assert application.done(event_id).attempt == 1
        assert application.import_record(import_id).status == "completed"
    assert application.stack.part("prefect").pid != prefect.pid
    assert application.contacts() == 2


def test_deliveries_wait_for_a_worker_however_long_it_is_away(application: Application, contacts_csv: Path):
    with application.stack.paused_part("worker"):
        event_id = application.confirm(application.upload(contacts_csv))

        def swept_several_times() -> bool:
            [row] = application.rows(
                "SELECT dispatches, flow_run_id, clock_timestamp() - admitted_at AS age FROM groundwork.delivery"
                " WHERE event_id = :event",
                event=event_id,
            )
            return row.flow_run_id is not None and row.age is not None and row.age.total_seconds() > 10

        wait_until(swept_several_times, 120)
        assert application.delivery(event_id).state == "admitted"
    assert (application.done(event_id).attempt, application.contacts()) == (1, 2)
