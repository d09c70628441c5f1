"""Two steps of one name are two: results, ledger rows and follow-on events. With Prefect's real engine."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import ConfigurationError, Interrupted
from groundwork.blocks.process_cache import forget
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import claim, once, running_attempt, send, written
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.ledger import LedgerAddress, ledger_entry
from groundwork.flows.job import job
from groundwork.tasks.step import step
from groundwork.tasks.step_identity import identity_of
from groundwork.tasks.step_results import PREFIX
from tests.factories import delivery_of, flow_run_id, register_job
from tests.integration.jobs.namesakes import billing, crm
from tests.integration.jobs.namesakes.events import Told

pytestmark = pytest.mark.usefixtures("prefect_api")


class BothWanted(Event, name="test/namesakes.wanted"):
    folder: str


def _note(folder: str, what: str) -> None:
    with (Path(folder) / "executions").open("a") as log:
        log.write(f"{what}\n")


def _stop_once(folder: str) -> None:
    mark = Path(folder) / "stopped"
    if not mark.exists():
        mark.touch()
        raise Interrupted("the machine went away")


@job(on=BothWanted)
def want_both(event: BothWanted) -> dict[str, Any]:
    found = {"loaded": [crm.load(event.folder), billing.load(event.folder)], "put": [crm.put(), billing.put()]}
    crm.tell(1)
    billing.tell(1)
    _stop_once(event.folder)
    return found


@step(retries=0)
def count_to(number: int, folder: str) -> dict[str, Any]:
    _note(folder, "count-to")
    return {"numbers": list(range(number)), "pair": (1, 2), 7: {"a", "b"}}


@step(ledger=True, retries=0)
def award_once(connection: Any, person: str) -> str:
    connection.execute(text("INSERT INTO points VALUES (:person, 1)"), {"person": person})
    return person


@step(retries=0)
def send_two(folder: str) -> None:
    for _ in range(2):
        send(Told(workspace_id=running_attempt().event.workspace_id, number=7))
        _stop_once(folder)
    _note(folder, "send-two")


@job(on=BothWanted)
def upgraded(event: BothWanted) -> list[Any]:
    return [count_to(3, event.folder)["numbers"], award_once("ann"), send_two(event.folder)]


@pytest.fixture
def points(db):
    with db.transaction() as connection:
        connection.execute(text("CREATE TABLE points (person text, points integer)"))
    yield
    with db.transaction() as connection:
        connection.execute(text("DROP TABLE points"))


@pytest.fixture
def wanted(db, home, points, tmp_path):
    """Makes a delivery of a job."""
    forget()

    def wanted(job: str):
        register_job(db, job, "test/namesakes.wanted")
        event_id = send(BothWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path)))
        admit(capacity=10)
        return delivery_of(db, event_id)

    return wanted


def lose_lease(db, delivery) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE id = :id"),
            {"id": delivery.id},
        )


def rows(db, sql: str) -> list[Any]:
    with db.transaction() as connection:
        return list(connection.execute(text(sql)).scalars())


def executions(folder: Path) -> list[str]:
    return (folder / "executions").read_text().split()


TOLD = "SELECT dedupe_id FROM groundwork.event WHERE name = 'test/namesakes.told' ORDER BY accepted_at"
POINTS = "SELECT person FROM points ORDER BY person"


def test_each_has_its_own_result_ledger_row_and_events_in_every_attempt(db, wanted, tmp_path):
    delivery = wanted("want-both")
    assert want_both(delivery_id=delivery.id, return_state=True).is_failed()
    assert len(rows(db, TOLD)) == 2
    lose_lease(db, delivery)
    both = ["crm", "billing"]
    assert want_both(delivery_id=delivery.id) == {"loaded": both, "put": both}
    assert executions(tmp_path) == ["crm.load", "billing.load"]
    assert rows(db, POINTS) == ["billing", "crm"]
    assert len(rows(db, TOLD)) == 2


def test_whoever_reads_the_ledger_says_which_of_them_is_meant(db, wanted):
    delivery = wanted("want-both")
    attempt = claim(delivery.id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    with attempt.as_current():
        assert (crm.put(), billing.put()) == ("crm", "billing")
    with pytest.raises(ConfigurationError, match=r"namesakes.billing.put and .*namesakes.crm.put have written"):
        written(attempt, "put")
    assert written(attempt, "put", identity=identity_of(crm.put)) == {"": "crm"}


def old_work(name: str, inputs: dict[str, Any]) -> str:
    """What named a piece of work in the release before steps had identities."""
    return f"{name}:{hashlib.sha256(to_json(inputs)).hexdigest()}"


def test_a_delivery_that_is_half_done_when_a_release_with_identities_comes_goes_on(db, wanted, tmp_path):
    delivery = wanted("upgraded")
    before = claim(delivery.id, Run(flow_run_id=flow_run_id()))
    assert before is not None
    inputs = {"number": 3, "folder": str(tmp_path)}
    kept = f"{PREFIX}{delivery.id}:{old_work('count-to', inputs)}"
    blob_store().write_path(kept, b'groundwork step result 1\n{"numbers":[0,1,2]}')
    with once(before, "award-once", key="ann") as entry:
        entry.result = "ann"
    told = Told(workspace_id=WorkspaceId("acme"), number=7)
    content = hashlib.sha256(json.dumps([told.event_name, told.wire()], sort_keys=True).encode()).hexdigest()
    old_id = f"{delivery.id}:{old_work('send-two', {'folder': str(tmp_path)})}:{content}:1"
    send(told, dedupe_id=old_id)
    lose_lease(db, delivery)
    (tmp_path / "stopped").touch()
    assert upgraded(delivery_id=delivery.id) == [[0, 1, 2], "ann", None]
    assert executions(tmp_path) == ["send-two"]
    assert rows(db, POINTS) == []
    first, second = rows(db, TOLD)
    assert first == old_id
    assert second.startswith(f"{delivery.id}:send-two:")
    assert second.endswith(f"{content}:2")


def test_a_ledger_row_that_two_steps_may_have_written_before_is_not_guessed_at(db, wanted):
    attempt = claim(wanted("want-both").id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    with once(attempt, "put", key="") as entry:
        entry.result = "one of them"
    with attempt.as_current(), pytest.raises(ConfigurationError, match=r"Say which wrote it: @step\(name='put'\)"):
        crm.put()
    assert rows(db, POINTS) == []


def test_the_row_of_another_identity_is_not_a_steps_own(db, wanted):
    attempt = claim(wanted("upgraded").id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    with ledger_entry(attempt, LedgerAddress("award-once", "ann", "elsewhere.award_once")) as entry:
        entry.result = "theirs"
    with attempt.as_current():
        assert award_once("ann") == "ann"
        assert award_once("ann") == "ann"
    assert rows(db, POINTS) == ["ann"]


@step(retries=0, key=("number",))
def spell(number: int, folder: str) -> str:
    _note(folder, f"spell-{number}")
    return str(number)


@step(retries=0, key=("which", "number"))
def ask_again(number: int, which: int, folder: str) -> str:
    _note(folder, f"ask-{which}")
    return str(number)


@job(on=BothWanted)
def looping(event: BothWanted) -> Any:
    first = count_to(2, event.folder)
    first["numbers"].append("a caller's own")
    again = [count_to(2, event.folder) for _ in range(3)]
    futures = [count_to.submit(2, event.folder).result(), *count_to.map([2], folder=event.folder).result()]
    assert all(each == {"numbers": [0, 1], "pair": (1, 2), 7: {"a", "b"}} for each in (*again, *futures)), again
    texts = [spell(n % 2, event.folder) for n in range(6)]
    asked = [ask_again(1, which, event.folder) for which in range(3)]
    _stop_once(event.folder)
    return [texts, asked]


def test_the_same_step_with_the_same_inputs_is_asked_once_and_with_a_key_of_its_own_each_time(db, wanted, tmp_path):
    delivery = wanted("looping")
    looping(delivery_id=delivery.id, return_state=True)
    lose_lease(db, delivery)
    assert looping(delivery_id=delivery.id) == [["0", "1"] * 3, ["1", "1", "1"]]
    assert executions(tmp_path) == ["count-to", "spell-0", "spell-1", "ask-0", "ask-1", "ask-2"]
