"""A flow run dies, is cancelled, or never starts. Its delivery ends all the same, and no row is written twice."""

from pathlib import Path
from uuid import UUID

import pytest

from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from groundwork.events.inbox import DeliveryStatus
from tests.chaos.run_process import cancel, kill
from tests.integration.stack.application import Application
from tests.waiting import wait_until

ROWS = 40_000
STARTS = "import/csv.confirmed starts process-csv"


@pytest.fixture(scope="module")
def many_chunks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_contacts(tmp_path_factory.mktemp("csv") / "contacts.csv", ROWS, duplicates=0.02, invalid=0.01)


@pytest.fixture(scope="module")
def one_chunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_contacts(tmp_path_factory.mktemp("csv") / "contacts.csv", 100)


def chunks(application: Application, event_id: UUID) -> dict[int, int]:
    """The chunks written so far, each with the attempt that wrote it."""
    rows = application.rows(
        "SELECT key, step_ledger.attempt FROM groundwork.step_ledger"
        " JOIN groundwork.delivery ON delivery.id = delivery_id"
        " WHERE event_id = :event AND step = 'import-chunk'",
        event=event_id,
    )
    return {int(row.key): row.attempt for row in rows}


def in_the_middle(application: Application, event_id: UUID, attempt: int = 1) -> DeliveryStatus:
    """The delivery, once this attempt has written a few chunks."""
    wait_until(lambda: list(chunks(application, event_id).values()).count(attempt) >= 3, 60)
    delivery = application.delivery(event_id)
    assert (delivery.state, delivery.attempt) == ("running", attempt)
    return delivery


def test_a_run_killed_in_the_middle_is_continued_by_another_and_no_chunk_is_written_twice(
    application: Application, many_chunks: Path
):
    import_id = application.upload(many_chunks)
    event_id = application.confirm(import_id)
    first = in_the_middle(application, event_id)
    kill(application, first)
    written = chunks(application, event_id)

    ended = application.done(event_id)
    assert ended.attempt == 2
    assert ended.flow_run_id != first.flow_run_id
    figures = ended.result
    assert figures["rows"] == ROWS
    assert sum(figures[part] for part in ("inserted", "updated", "skipped", "duplicates", "rejected")) == ROWS
    assert application.contacts() == figures["inserted"]
    assert figures["updated"] == 0
    by_attempt = chunks(application, event_id)
    assert {number: by_attempt[number] for number in written} == dict.fromkeys(written, 1)
    assert list(by_attempt.values()).count(2) > 3
    assert application.import_record(import_id).status == "completed_with_errors"
    assert len(application.mails()) == 1


def test_a_delivery_whose_runs_all_die_is_a_dead_letter_and_the_user_is_told(
    application: Application, many_chunks: Path
):
    import_id = application.upload(many_chunks)
    event_id = application.confirm(import_id)
    for attempt in (1, 2, 3):
        kill(application, in_the_middle(application, event_id, attempt))
    ended = application.ended(event_id)
    assert (ended.state, ended.attempt) == ("failed", 3)
    assert "It was the last of 3 attempts." in ended.last_error
    record = wait_until(lambda: [each for each in [application.import_record(import_id)] if each.error_log], 30)[0]
    assert record.status == "failed"
    assert "It was the last of 3 attempts." in record.error_log
    [mail] = wait_until(application.mails, 30)
    assert "contacts.csv" in mail["Subject"]


def test_a_cancelled_run_cancels_the_delivery_and_the_import_does_not_stay_processing(
    application: Application, many_chunks: Path
):
    import_id = application.upload(many_chunks)
    event_id = application.confirm(import_id)
    running = in_the_middle(application, event_id)
    cancel(application, running)
    ended = application.ended(event_id)
    assert (ended.state, ended.last_error) == ("cancelled", "The run was cancelled while it ran.")
    record = wait_until(lambda: [each for each in [application.import_record(import_id)] if each.error_log], 30)[0]
    assert (record.status, record.error_log) == ("failed", "The run was cancelled while it ran.")


def test_without_an_automation_the_relay_starts_the_run(application: Application, one_chunk: Path):
    stack = application.stack

    def started_by_the_relay() -> bool:
        """Whether a run was; Prefect may go by an automation for a moment after it was deleted."""
        ended = application.done(application.confirm(application.upload(one_chunk)))
        assert ended.attempt == 1
        run = stack.ask_prefect(f"/flow_runs/{ended.flow_run_id}", method="GET")
        return str(run["idempotency_key"]).startswith(f"{ended.id}:")

    [automation] = [each for each in stack.ask_prefect("/automations/filter", {}) if each["name"] == STARTS]
    stack.ask_prefect(f"/automations/{automation['id']}", method="DELETE")
    try:
        wait_until(started_by_the_relay, 60, what="a run that the relay has started")
        assert application.contacts() == 100
    finally:
        assert stack.prefect("deploy", "--name", "process-csv").returncode == 0
