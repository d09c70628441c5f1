"""Results of steps are data: whatever lies in the blob store, nothing of it is executed, and the step runs again."""

import base64
import json
import logging
import lzma
import pickle
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore
from prefect.serializers import Serializer
from pydantic import BaseModel
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.errors import Interrupted, NonRetriable
from groundwork.blocks.process_cache import forget
from groundwork.events.base import Event
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from groundwork.tasks.step_results import PREFIX, ResultRefused, StepResults
from groundwork.tasks.step_serializer import MOST_BYTES, StepSerializer
from tests.factories import delivery_of, register_job
from tests.waiting import wait_until

MODES = ("ordinary", "light")

pytestmark = pytest.mark.usefixtures("prefect_api")


class Cut(Event, name="test/results.wanted"):
    folder: str
    fail: bool = False


def _note(folder: str, what: str) -> None:
    with (Path(folder) / "executions").open("a") as log:
        log.write(f"{what}\n")


@step(retries=0)
def first(folder: str) -> dict[str, Any]:
    _note(folder, "first")
    return {"number": 42}


@step(retries=0)
def second(folder: str, fail: bool) -> int:
    _note(folder, "second")
    if fail:
        raise NonRetriable("the input is wrong")
    if not (Path(folder) / "go").exists():
        raise Interrupted("the machine went away")
    return 8


@job(on=Cut)
def two_steps(event: Cut) -> int:
    return first(event.folder)["number"] + second(event.folder, event.fail)


@pytest.fixture
def wanted(db, home, tmp_path) -> Cut:
    forget()
    for key in blob_store().list():
        blob_store().delete(key)
    register_job(db, "two-steps", "test/results.wanted")
    return Cut(workspace_id=WorkspaceId("acme"), folder=str(tmp_path))


def executions(folder: Path) -> list[str]:
    return (folder / "executions").read_text().split()


def interrupted(db, wanted: Cut) -> tuple[UUID, str]:
    """A delivery whose run was cut off after the first step; its id, and the key of that step's result."""
    event_id = send(wanted)
    admit(capacity=10)
    delivery = delivery_of(db, event_id)
    assert two_steps(delivery_id=delivery.id, return_state=True).is_failed()
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp()"))
    (Path(wanted.folder) / "go").touch()
    [key] = blob_store().list()
    return delivery.id, key


@pytest.mark.task_runs
def test_a_result_lies_under_a_prefix_of_its_own_and_a_later_attempt_takes_it(db, wanted, tmp_path):
    delivery_id, key = interrupted(db, wanted)
    assert key.startswith(f"{PREFIX}{delivery_id}:first:")
    assert blob_store().read_path(key).decode().splitlines()[1:] == ['{"number":42}']
    assert two_steps(delivery_id=delivery_id) == 50
    assert executions(tmp_path) == ["first", "second", "second"]


@pytest.mark.task_runs
def test_a_step_that_an_earlier_attempt_has_done_costs_no_task_run(db, wanted):
    delivery_id, _ = interrupted(db, wanted)
    state = two_steps(delivery_id=delivery_id, return_state=True)
    assert state.result() == 50
    of_this_run = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
    with get_client(sync_client=True) as client:
        task_runs = wait_until(lambda: client.request("POST", "/task_runs/filter", json=of_this_run).json(), 30)
    assert [each["name"].partition("-")[0] for each in task_runs] == ["second"]


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


def planted(how: str, marker: Path) -> bytes:
    """What an attacker who can write the blob store puts where a result should be."""
    bomb = base64.encodebytes(pickle.dumps(_Bomb(marker))).decode()
    packed = base64.encodebytes(lzma.compress(bomb.encode())).decode()
    call = json.dumps({"__class__": "subprocess.getoutput", "data": {"cmd": f"touch {marker}"}})
    records: dict[str, Any] = {
        "pickle": {"metadata": {"serializer": {"type": "pickle"}}, "result": bomb},
        "pickle by default": {"metadata": {}, "result": bomb},
        "an old record": {"data": bomb, "serializer": {"type": "pickle"}},
        "compressed pickle": {"metadata": {"serializer": {"type": "compressed/pickle"}}, "result": packed},
        "nested": {
            "metadata": {"serializer": {"type": "compressed", "serializer": {"type": "pickle"}}},
            "result": packed,
        },
        "nested twice": {
            "metadata": {
                "serializer": {
                    "type": "compressed",
                    "serializer": {"type": "compressed", "serializer": {"type": "pickle"}},
                }
            },
            "result": base64.encodebytes(lzma.compress(packed.encode())).decode(),
        },
        "json that names a function": {"metadata": {"serializer": {"type": "json"}}, "result": call},
        "json with a decoder": {
            "metadata": {"serializer": {"type": "json", "object_decoder": "prefect.serializers.from_qualified_name"}},
            "result": call,
        },
        "ours by name": {"metadata": {"serializer": {"type": "groundwork-step", "step": "x"}}, "result": call},
    }
    if how in records:
        return json.dumps(records[how]).encode()
    if how == "two serializers":
        ours = '"serializer": {"type": "groundwork-step", "step": "x"}'
        return f'{{"metadata": {{{ours}, "serializer": {{"type": "pickle"}}}}, "result": {json.dumps(bomb)}}}'.encode()
    if how == "a bare pickle":
        return pickle.dumps(_Bomb(marker))
    head = b"groundwork step result 1\n"
    return {
        "our form, no json": head + bomb.encode(),
        "our form, deep": head + b"[" * 100_000,
        "our form, no text": head + b"\xff\xfe",
        "our form, half": head + b'{"number":',
        "our form, empty": head,
        "empty": b"",
        "huge": head + b" " * MOST_BYTES,
    }[how]


@pytest.mark.parametrize("how", ["pickle", "json that names a function", "our form, half"])
@pytest.mark.task_runs
def test_what_was_planted_is_not_executed_and_the_step_runs_again_with_a_warning(db, wanted, tmp_path, caplog, how):
    delivery_id, key = interrupted(db, wanted)
    marker = tmp_path / "executed"
    blob_store().write_path(key, planted(how, marker))
    with caplog.at_level(logging.WARNING, "groundwork.tasks.step_results"):
        assert two_steps(delivery_id=delivery_id) == 50
    assert not marker.exists()
    assert executions(tmp_path) == ["first", "second", "first", "second"]
    [warning] = [each.message for each in caplog.records if each.name == "groundwork.tasks.step_results"]
    assert blob_store().location(key) in warning
    assert "is no result of a step" in warning
    assert '{"number":42}' in blob_store().read_path(key).decode()


@pytest.mark.parametrize(
    "how",
    [
        "pickle", "pickle by default", "an old record", "compressed pickle", "nested", "nested twice", "a bare pickle",
        "json that names a function", "json with a decoder", "ours by name", "two serializers", "our form, no json",
        "our form, deep", "our form, no text", "our form, half", "our form, empty", "empty", "huge",
    ],
)  # fmt: skip
def test_prefect_is_given_nothing_that_a_step_has_not_written(wanted, tmp_path, how):
    serializer = StepSerializer.of(first.fn)
    store = ResultStore(result_storage=StepResults.of(serializer), serializer=serializer)
    key = f"{uuid4()}:first:{'0' * 64}"
    store.write({"number": 42}, key)
    blob_store().write_path(PREFIX + key, planted(how, tmp_path / "executed"))
    store.cache.clear()
    assert not store.exists(key)
    with pytest.raises(ResultRefused, match="is no result of a step"):
        store.read(key)
    assert not (tmp_path / "executed").exists()


@pytest.mark.task_runs
def test_a_class_that_a_result_of_our_form_names_stays_text(db, wanted, tmp_path):
    delivery_id, key = interrupted(db, wanted)
    marker = tmp_path / "executed"
    forged = {"number": 1, "more": {"__class__": "subprocess.getoutput", "data": {"cmd": f"touch {marker}"}}}
    head = blob_store().read_path(key).split(b"\n")[0]
    blob_store().write_path(key, head + b"\n" + json.dumps(forged).encode())
    assert two_steps(delivery_id=delivery_id) == 9
    assert not marker.exists()


def test_the_planted_records_are_dangerous_to_prefect_itself(tmp_path, wanted):
    plain = LocalFileSystem(basepath=str(tmp_path / "plain"))
    for how in ("pickle", "compressed pickle", "nested", "json that names a function"):
        marker = tmp_path / how.replace(" ", "-")
        plain.write_path("key", planted(how, marker))
        ResultStore(result_storage=plain).exists("key")
        assert marker.exists(), how


@pytest.mark.task_runs
def test_a_run_that_fails_leaves_nothing_in_the_store_but_results_of_steps(db, wanted, tmp_path, home):
    event_id = send(wanted.model_copy(update={"fail": True}))
    admit(capacity=10)
    before = set(home.rglob("*"))
    with pytest.raises(NonRetriable):
        two_steps(delivery_id=delivery_of(db, event_id).id)
    [key] = blob_store().list()
    assert ":first:" in key
    new = {each for each in set(home.rglob("*")) - before if each.is_file() and "pg" not in str(each)}
    assert {each.name for each in new if "postgres" not in each.parts} == {key.removeprefix(PREFIX)}


class Score(BaseModel):
    user: UserId
    points: int
    at: datetime


@dataclass(frozen=True)
class Week:
    day: date
    scores: tuple[Score, ...]


class Pair(NamedTuple):
    left: str
    right: timedelta


SCORE = Score(user=UserId("ada"), points=3, at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC))


def returning(annotation: Any) -> Any:
    def function() -> Any: ...

    function.__annotations__ = {"return": annotation} if annotation is not None else {}
    function.__qualname__ = f"returning-{uuid4()}"
    return function


@pytest.mark.parametrize(
    ("annotation", "result"),
    [
        (None, {"a": [1, 2.5, None, True, "ä"], "b": {}}),
        (None, {"at": SCORE.at, "id": UUID(int=7), "day": date(2026, 1, 2), "sum": Decimal("1.10")}),
        (dict[str, Any], {"for": timedelta(seconds=1.5), "deep": [{"at": SCORE.at.time()}]}),
        (None, None),
        (bool, True),
        (list[str], ["a", "b"]),
        (tuple[int, str], (1, "a")),
        (set[int], {1, 2}),
        (Path, Path("/a/b")),
        (Score, SCORE),
        (Score | None, SCORE),
        (list[Score], [SCORE, SCORE]),
        (dict[str, Week], {"w": Week(date(2026, 1, 2), (SCORE,))}),
        (Pair, Pair("a", timedelta(days=1))),
        (int, "a result that the annotation does not say"),
    ],
)
def test_a_result_comes_back_as_what_it_was(annotation, result):
    serializer = StepSerializer.of(returning(annotation))
    back = serializer.loads(serializer.dumps(result))
    assert back == result
    assert type(back) is type(result)


class Opaque:
    pass


@pytest.mark.parametrize(
    ("annotation", "result"),
    [(None, SCORE), (dict[str, Any], {"score": SCORE}), (Opaque, Opaque()), (None, object()), ("NoSuchName", SCORE)],
)
def test_a_result_that_would_come_back_as_something_else_is_not_kept(annotation, result):
    with pytest.raises(TypeError, match="annotate the step with the model or dataclass"):
        StepSerializer.of(returning(annotation)).dumps(result)


def test_a_result_that_is_too_large_is_not_kept_and_says_so(wanted, caplog):
    serializer = StepSerializer.of(first.fn)
    ResultStore(result_storage=StepResults.of(serializer), serializer=serializer).write(
        "x" * MOST_BYTES, f"{uuid4()}:large:{'0' * 64}"
    )
    assert "is not kept" in caplog.text
    assert list(blob_store().list()) == []


def test_prefect_finds_our_serializer_by_its_name():
    assert isinstance(Serializer(type="groundwork-step", step="x"), StepSerializer)
