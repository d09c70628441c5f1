"""Steps are retried alone and memoised; a job claims, settles, and fails visibly. All with Prefect's real engine."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from prefect import get_client
from prefect.logging import get_run_logger
from prefect.utilities.callables import parameter_schema
from pydantic import Field, ValidationError
from sqlalchemy import text

from groundwork.blocks.errors import ConfigurationError, Interrupted, NonRetriable, RetryAfter, StaleAttempt
from groundwork.events.base import Event, UserEvent
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import csv_import_confirmed, delivery_of, register_job, scalar
from tests.integration.jobs.five_steps import StepsWanted, executions, five_steps

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture
def wanted(db, tmp_path):
    register_job(db, "five-steps", "test/steps.wanted", lane=5)
    return StepsWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path))


@pytest.fixture
def delivery(db, wanted):
    event_id = send(wanted)
    admit(capacity=10)
    return delivery_of(db, event_id)


def expire_lease(db, delivery) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE id = :id"),
            {"id": delivery.id},
        )


def test_a_step_that_fails_is_retried_alone_within_one_flow_run(db, delivery, tmp_path):
    (tmp_path / "trouble").write_text("once")
    assert five_steps(delivery_id=delivery.id) == 150
    assert executions(tmp_path) == ["1", "2", "3", "4", "5", "5"]
    settled = delivery_of(db, delivery.event_id)
    assert (settled.state, settled.result, settled.attempt) == ("done", 150, 1)
    assert settled.first_step_at >= settled.claimed_at


def test_finished_steps_are_not_executed_again_by_another_flow_run_in_a_new_process(
    db, delivery, tmp_path, prefect_api
):
    (tmp_path / "trouble").write_text("kill")
    command = [sys.executable, "-m", "tests.integration.jobs.five_steps", str(delivery.id)]
    first = subprocess.run(command, env=prefect_api, capture_output=True, text=True)
    assert first.returncode == -9
    first_run = delivery_of(db, delivery.event_id).flow_run_id
    assert executions(tmp_path) == ["1", "2", "3", "4", "5"]

    (tmp_path / "trouble").unlink()
    expire_lease(db, delivery)
    second = subprocess.run(command, env=prefect_api, capture_output=True, text=True, check=True)
    assert second.stdout.split()[-1] == "150"
    assert executions(tmp_path) == ["1", "2", "3", "4", "5", "5"]
    settled = delivery_of(db, delivery.event_id)
    assert (settled.state, settled.attempt) == ("done", 2)
    assert settled.flow_run_id != first_run


def test_a_step_is_executed_again_for_other_inputs_and_other_deliveries(db, wanted, tmp_path):
    for _ in range(2):
        event_id = send(wanted)
        admit(capacity=10)
        five_steps(delivery_id=delivery_of(db, event_id).id)
    assert executions(tmp_path) == ["1", "2", "3", "4", "5"] * 2


def test_a_job_that_fails_finally_is_a_dead_letter_and_raises(db, delivery, tmp_path):
    (tmp_path / "trouble").write_text("always")
    with pytest.raises(ConnectionError):
        five_steps(delivery_id=delivery.id)
    assert executions(tmp_path)[4:] == ["5", "5", "5"]
    dead = delivery_of(db, delivery.event_id)
    assert (dead.state, dead.last_error) == ("failed", "ConnectionError: the provider is away")


def test_wrong_input_stops_the_retries_at_once(db, delivery, tmp_path):
    (tmp_path / "trouble").write_text("input")
    with pytest.raises(NonRetriable):
        five_steps(delivery_id=delivery.id)
    assert executions(tmp_path)[4:] == ["5"]


@pytest.mark.parametrize(
    ("trouble", "raised", "tries"), [("stale", StaleAttempt, ["5"]), ("interrupted", Interrupted, ["5", "5", "5"])]
)
def test_control_flow_ends_the_run_and_not_the_delivery(db, delivery, tmp_path, trouble, raised, tries):
    (tmp_path / "trouble").write_text(trouble)
    with pytest.raises(raised):
        five_steps(delivery_id=delivery.id)
    assert executions(tmp_path)[4:] == tries
    assert delivery_of(db, delivery.event_id).state == "running"


def test_a_step_waits_as_long_as_the_provider_asks(delivery, tmp_path):
    (tmp_path / "trouble").write_text("busy")
    began = time.monotonic()
    assert five_steps(delivery_id=delivery.id) == 150
    assert time.monotonic() - began >= 0.5


def test_a_wait_that_a_provider_asked_for_does_not_count_against_the_steps_timeout(db, tmp_path):
    @step(retries=1, first_delay=0.01, timeout=0.5)
    def ask(folder: str) -> str:
        with (Path(folder) / "executions").open("a") as log:
            log.write("asked\n")
        if len(executions(Path(folder))) == 1:
            raise RetryAfter("the provider is busy", timedelta(seconds=1.2))
        return "answered"

    @job(on=StepsWanted)
    def ask_patiently(event: StepsWanted) -> str:
        return ask(event.folder)

    register_job(db, "ask-patiently", "test/steps.wanted")
    event_id = send(StepsWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path)))
    admit(capacity=1)
    began = time.monotonic()
    assert ask_patiently(delivery_id=delivery_of(db, event_id).id) == "answered"
    assert time.monotonic() - began >= 1.2


def test_a_run_whose_delivery_is_taken_says_by_whom_and_does_nothing(delivery, tmp_path):
    five_steps(delivery_id=delivery.id)
    before = executions(tmp_path)
    state = five_steps(delivery_id=delivery.id, return_state=True)
    assert (state.name, state.is_completed()) == ("Superseded", True)
    assert "it is done, held by flow run" in state.message
    assert executions(tmp_path) == before


def test_a_person_starts_a_job_with_the_events_fields_and_it_is_recorded(db, wanted, tmp_path):
    assert five_steps(workspace_id="acme", folder=str(tmp_path)) == 150
    assert scalar(db, "SELECT source FROM groundwork.event") == "person"
    assert scalar(db, "SELECT state FROM groundwork.delivery") == "done"


def test_a_person_who_leaves_a_field_out_is_told_which(db, wanted):
    with pytest.raises(NonRetriable, match=r"make no test/steps\.wanted.*\n  folder: Field required"):
        five_steps(workspace_id="acme")


def test_a_run_carries_its_workspace_as_tag(db, delivery):
    five_steps(delivery_id=delivery.id)
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(delivery_of(db, delivery.event_id).flow_run_id)
    assert "workspace:acme" in run.tags
    assert run.name.startswith("five-steps/acme/")


def test_the_hook_of_a_failed_job_runs_once_and_its_own_error_hides_nothing(db):
    told = []

    def tell(event, error):
        told.append((event.import_id, str(error)))
        raise RuntimeError("the notice failed too")

    from groundwork.events.contacts.imports import CsvImportConfirmed

    @job(on=CsvImportConfirmed, on_failure=tell)
    def doomed(event):
        raise NonRetriable("no such import")

    register_job(db, "doomed")
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    with pytest.raises(NonRetriable, match="no such import"):
        doomed(delivery_id=delivery_of(db, event_id).id)
    assert told == [("import-1", "no such import")]


def test_a_step_whose_inputs_make_no_key_names_the_cure(delivery):
    with pytest.raises(ConfigurationError, match="key names"):

        @step(key=("nmber",))
        def misspelt(number: int) -> int:
            return number


def test_the_form_of_a_job_asks_for_the_events_fields_first_with_their_bounds():
    class WorkoutLogged(UserEvent, name="test/workout.logged"):
        note: str | None = Field(None, max_length=10)
        kind: Literal["run", "swim"] = Field("run", description="What it was.")
        minutes: int = Field(gt=0, le=1440, description="How long it took.")

    @job(on=WorkoutLogged)
    def score(event: WorkoutLogged) -> None: ...

    schema = parameter_schema(score)
    assert schema.required == []
    assert list(schema.properties) == ["workspace_id", "user_id", "minutes", "note", "kind", "delivery_id"]
    assert [each["position"] for each in schema.properties.values()] == list(range(6))
    minutes, kind = schema.properties["minutes"], schema.properties["kind"]
    assert minutes == {
        "type": "integer",
        "exclusiveMinimum": 0,
        "maximum": 1440,
        "title": "minutes",
        "description": "Required. How long it took.",
        "position": 2,
    }
    assert (kind["enum"], kind["default"], kind["description"]) == (["run", "swim"], "run", "What it was.")
    assert schema.properties["user_id"]["maxLength"] == 128


@pytest.mark.task_runs
def test_what_a_run_logs_and_its_steps_bear_names_that_say_what_they_are(db):
    @dataclass
    class Page:
        number: int

    @step(key=("page.number", "kind"))
    def read_page(page: Page, kind: str) -> tuple[str, str]:
        logger = get_run_logger()
        return logger.extra["flow_run_name"], logger.extra["task_run_name"]

    class PageWanted(Event, name="test/page.wanted"):
        pass

    @job(on=PageWanted)
    def read_pages(event: PageWanted) -> list[str]:
        return [*read_page(Page(2), "a\x1b"), get_run_logger().extra["flow_run_name"]]

    register_job(db, "read-pages", "test/page.wanted")
    event_id = send(PageWanted(workspace_id=WorkspaceId("acme")))
    admit(capacity=10)
    of_step, step_name, of_job = read_pages(delivery_id=delivery_of(db, event_id).id)
    assert of_step == of_job == f"read-pages/acme/{str(event_id)[-12:]}"
    assert step_name == "read-page-2-a\\x1b"


def test_ids_of_a_user_do_not_pass_for_a_workspace(wanted):
    with pytest.raises(ValidationError, match="a WorkspaceId is wanted"):
        StepsWanted(workspace_id=UserId("ada"), folder="x")


def test_an_unknown_delivery_is_named():
    unknown = UUID(int=7)
    state = five_steps(delivery_id=unknown, return_state=True)
    assert "the inbox has no such delivery" in state.message


def test_a_database_that_goes_away_in_the_middle_interrupts_the_run_and_does_not_fail_the_delivery(db):
    class CutOff(Event, name="test/cut.off"):
        pass

    @job(on=CutOff)
    def lose_the_connection(event: CutOff) -> None:
        with db.transaction() as connection:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    register_job(db, "lose-the-connection", "test/cut.off")
    event_id = send(CutOff(workspace_id=WorkspaceId("acme")))
    admit(capacity=1)
    state = lose_the_connection(delivery_id=delivery_of(db, event_id).id, return_state=True)
    assert state.is_failed()
    assert delivery_of(db, event_id).state == "running"


def test_an_error_of_the_statement_itself_fails_the_delivery(db):
    class Misspelt(Event, name="test/mis.spelt"):
        pass

    @job(on=Misspelt)
    def misspell(event: Misspelt) -> None:
        with db.transaction() as connection:
            connection.execute(text("SELECT * FROM no_such_table"))

    register_job(db, "misspell", "test/mis.spelt")
    event_id = send(Misspelt(workspace_id=WorkspaceId("acme")))
    admit(capacity=1)
    misspell(delivery_id=delivery_of(db, event_id).id, return_state=True)
    assert delivery_of(db, event_id).state == "failed"
