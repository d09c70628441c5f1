"""A step's result is the same value in the first attempt as in every later one, or an error that says what to do."""

import re
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import numpy
import pandas
import pyarrow
import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel
from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError
from groundwork.tasks.step import step
from groundwork.tasks.step_serializer import MOST_BYTES, StepSerializer


class Score(BaseModel):
    points: int
    at: datetime


class Board(BaseModel):
    scores: dict[int, Score]
    best: Score | None = None
    tags: frozenset[str] = frozenset()


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: date


class Hidden(BaseModel):
    name: str
    secret: str = Field(default="", exclude=True)


class Cached(BaseModel):
    name: str
    _cache: int = PrivateAttr(default=0)


class Names(RootModel[list[str]]):
    pass


class Row(TypedDict):
    day: date
    size: tuple[int, int]


@dataclass
class Span:
    first: date
    board: Board
    note: str = field(default="", compare=False)


class Pair(NamedTuple):
    left: str
    right: Decimal


class Color(Enum):
    RED = 1


class Size(IntEnum):
    SMALL = 1


class Kind(StrEnum):
    A = "a"


SCORE = Score(points=3, at=datetime(2026, 1, 2, tzinfo=UTC))
BOARD = Board(scores={1: SCORE}, best=SCORE, tags=frozenset({"x", "y"}))


def returning(annotation: Any, result: Any) -> Any:
    def returns() -> Any:
        return result

    returns.__annotations__ = {} if annotation is None else {"return": annotation}
    return returns


def shown(value: Any) -> str:
    """Its representation. Sets that are equal may list their items in another order, by the seed of the hashes."""
    return re.sub(r"\{([^{}:]*)\}", lambda items: "{" + ", ".join(sorted(items[1].split(", "))) + "}", repr(value))


@pytest.mark.parametrize(
    ("annotation", "result"),
    [
        (None, (1, "a", (2.5, None))),
        (None, {"a": (1, 2), "b": [{"c": (3,)}]}),
        (None, {1: "a", (2, 3): "b", None: "c", 1.5: "d"}),
        (None, {"$groundwork": "tuple", "value": [1]}),
        (None, {"$groundwork": 1}),
        (None, {1, 2}),
        (None, [frozenset({"a"}), {("b", 1)}]),
        (None, b"\xff\x00"),
        (None, {"raw": b"\xfe"}),
        (None, Path("/a/b")),
        (None, [Decimal("1.10"), UUID(int=7), date(2026, 1, 2), time(1, 2), timedelta(seconds=1.5), 1j]),
        (None, datetime(2026, 1, 2)),
        (None, float("inf")),
        (None, -0.0),
        (None, "\ud800"),
        (None, 10**30),
        (None, "x" * 1_000_000),
        (bytes, b"\xff"),
        (bytes, b"text"),
        (tuple, (1, 2)),
        (tuple[int, ...], (1, 2)),
        (dict[int, str], {1: "a"}),
        (dict[str, Any], {"a": (1, 2), "b": {1}}),
        (set[date], {date(2026, 1, 2)}),
        (int | str | date, date(2026, 1, 2)),
        (int | str, "1"),
        (dict[str, Any], {7: {"a"}, "b": 1}),
        (int, {"at": date(2026, 1, 2)}),
        (Color, Color.RED),
        (Size, Size.SMALL),
        (Kind, Kind.A),
        (Pair, Pair("a", Decimal("1.10"))),
        (list[Pair], [Pair("a", Decimal("1"))]),
        (Board, BOARD),
        (Span, Span(date(2026, 1, 2), BOARD, "n")),
        (dict[Kind, Span], {Kind.A: Span(date(2026, 1, 2), BOARD)}),
        (Row, {"day": date(2026, 1, 2), "size": (1, 2)}),
        (Names, Names(["a"])),
        (Strict, Strict(day=date(2026, 1, 2))),
        (Score | None, None),
        (Hidden, Hidden(name="a")),
        (Cached, Cached(name="a")),
    ],
)
def test_it_is_given_as_what_it_was(annotation: Any, result: Any):
    given = step(returning(annotation, result)).fn()
    assert given == result
    assert type(given) is type(result)
    serializer = StepSerializer.of(returning(annotation, result))
    later = serializer.loads(serializer.dumps(given))
    assert shown(later) == shown(given)
    if not isinstance(result, str | bytes | int | float | Enum | tuple | frozenset | None):
        assert given is not result


def test_not_a_number_stays_none():
    given = step(returning(None, [float("nan"), Decimal("NaN"), Decimal("-Infinity")])).fn()
    assert given[0] != given[0]
    assert given[1].is_nan()
    assert given[2] == Decimal("-Infinity")


@pytest.mark.parametrize(
    ("annotation", "result", "given"),
    [
        (None, [numpy.float64(0.5), numpy.int64(3), numpy.bool_(True)], [0.5, 3, True]),
        (None, {"kind": Kind.A, "size": Size.SMALL}, {"kind": "a", "size": 1}),
        (None, defaultdict(list, a=[1]), {"a": [1]}),
        (None, OrderedDict(a=1), {"a": 1}),
        (dict[str, int], Counter("aa"), {"a": 2}),
        (float, 1, 1.0),
        (Score, {"points": 3, "at": "2026-01-02T00:00:00Z"}, SCORE),
        (list[int], (1, 2), [1, 2]),
    ],
)  # fmt: skip
def test_what_changes_on_the_way_has_changed_in_the_first_attempt_too(annotation: Any, result: Any, given: Any):
    first = step(returning(annotation, result)).fn()
    assert first == given
    assert type(first) is type(given)
    assert [*map(type, first)] == [*map(type, given)] if isinstance(first, list) else True


class Opaque:
    pass


@pytest.mark.parametrize(
    ("annotation", "result"),
    [
        (None, pandas.Series([1])),
        (None, pandas.DataFrame({"a": [1, "x"]})),
        (pandas.DataFrame, pandas.DataFrame({"a": [[1], {"b": 2}]})),
        (None, {"a": [Opaque()]}),
        (None, SCORE),
        (None, Pair("a", Decimal(1))),
        (None, Color.RED),
        (None, Span(date(2026, 1, 2), BOARD)),
        (None, numpy.array([1, 2])),
        (dict[str, Any], {"score": SCORE}),
        (Hidden, Hidden(name="a", secret="x")),
        (Score, Hidden(name="a")),
        ("NoSuchName", SCORE),
        (None, "x" * (MOST_BYTES + 1)),
    ],
)
def test_what_no_later_attempt_could_have_is_an_error_that_names_the_step_and_the_cure(annotation: Any, result: Any):
    with pytest.raises(ConfigurationError, match=r"step returns returned .*(?s:.*)@step\(memoise=False\)"):
        step(returning(annotation, result)).fn()
    assert step(memoise=False)(returning(annotation, result)).fn() is result


def test_a_model_with_private_state_would_come_back_without_it_and_is_refused():
    model = Cached(name="a")
    model._cache = 3
    with pytest.raises(ConfigurationError, match="memoise=False"):
        step(returning(Cached, model)).fn()


def test_an_annotation_that_cannot_be_read_is_named():
    with pytest.raises(ConfigurationError, match="the annotation cannot be read: name 'NoSuchName' is not defined"):
        step(returning("NoSuchName", SCORE)).fn()


@dataclass
class WithFrame:
    frame: pandas.Series


@pytest.mark.parametrize(
    "annotation",
    [
        type(threading.Lock()), Opaque, Opaque | None, list[Opaque], dict[str, pandas.Series], WithFrame, numpy.ndarray,
        Iterator[int], Callable[[], int],
    ],
    ids=str,
)  # fmt: skip
def test_an_annotation_that_says_so_is_refused_where_the_step_is_defined(annotation: Any):
    with pytest.raises(ConfigurationError, match=r"step returns: its results cannot be kept.*blob.*memoise=False"):
        step(returning(annotation, None))
    step(memoise=False)(returning(annotation, None))


def test_a_step_that_writes_to_the_ledger_is_refused_likewise():
    with pytest.raises(ConfigurationError, match="step put: its results cannot be kept"):

        @step(ledger=True)
        def put(connection: Connection) -> Opaque:
            return Opaque()


def test_two_steps_of_one_factory_read_their_own_kinds():
    one, other = StepSerializer.of(returning(Score, None)), StepSerializer.of(returning(Board, None))
    assert one.loads(one.dumps(SCORE)) == SCORE
    assert other.loads(other.dumps(BOARD)) == BOARD


FRAME = pandas.DataFrame(
    {"n": [1, 2], "name": ["a", None], "at": pandas.to_datetime(["2026-01-02", "2026-01-03"], utc=True)},
    index=pandas.Index([7, 9], name="id"),
)
TABLE = pyarrow.table({"n": pyarrow.array([1, None], pyarrow.int16()), "tags": [["x"], []]})


@pytest.mark.parametrize("annotation", [None, pandas.DataFrame, pandas.DataFrame | None])
def test_a_data_frame_comes_back_with_its_index_and_types(annotation: Any):
    given = step(returning(annotation, FRAME)).fn()
    assert given is not FRAME
    pandas.testing.assert_frame_equal(given, FRAME, check_exact=True)


@pytest.mark.parametrize("annotation", [None, pyarrow.Table])
def test_a_table_of_arrow_comes_back_with_its_schema(annotation: Any):
    given = step(returning(annotation, TABLE)).fn()
    assert given is not TABLE
    assert given.equals(TABLE, check_metadata=True)
    nested = step(returning(None, {"rows": (TABLE,)})).fn()
    assert nested["rows"][0].equals(TABLE)


def test_a_data_frame_with_more_than_arrow_knows_says_so():
    frame = FRAME.copy()
    frame.attrs["source"] = object()
    with pytest.raises(ConfigurationError, match="a DataFrame with attrs, which Arrow does not give back"):
        step(returning(None, frame)).fn()
