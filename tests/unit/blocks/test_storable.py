"""What cannot be stored is told of by its place; what can be made storable without harm is."""

from collections import OrderedDict, UserDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy
import pytest
from pydantic import BaseModel

from groundwork.blocks import storable
from groundwork.blocks.storable import (
    LONGEST_ERROR,
    Unstorable,
    as_plain,
    check_plain,
    error_text,
    fault_of_scalar,
    has_plain_text,
    make_plain,
    place,
)


def deep(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


def in_itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def doubled() -> list[Any]:
    found: list[Any] = [1]
    for _ in range(100):
        found = [found, found]
    return found


@dataclass
class Row:
    amount: float
    note: Any = None


class Page(BaseModel):
    rows: list[Row]


FAULTS: dict[str, tuple[Any, str]] = {
    "NaN": ({"rows": [{"amount": 1.0}, {"amount": float("nan")}]}, "result.rows[1].amount: NaN"),
    "infinity": ([float("inf")], "result[0]: Infinity"),
    "minus infinity": ((1, -float("inf")), "result[1]: -Infinity"),
    "NUL": ({"name": "Ada\0"}, "result.name: a text with the character NUL"),
    "NUL in a key": ({"a": {"b\0": 1}}, r"result.a['b\x00']: a key is a text with the character NUL"),
    "surrogate": (["x", "\ud83d"], "result[1]: a text with half a character"),
    "surrogate in a key": ({"\ud83d": 1}, r"result['\ud83d']: a key is a text with half"),
    "number": ({"n": 10**5000}, "result.n: a whole number of more than 4,000 digits"),
    "negative number": ({"n": -(10**5000)}, "result.n: a whole number of more than 4,000 digits"),
    "too deep": (deep(300), "result[0][0][0][0][0]: lists and objects within each other on more than 200 levels"),
    "in itself": (in_itself(), "within each other on more than 200 levels"),
    "bytes": ({"blob": b"\xff"}, "result.blob: bytes that are no UTF-8"),
    "an object": ({"a": [object()]}, "result.a[0]: of type object"),
    "two keys of one text": ({1: "a", "1": "b"}, "result['1']: two keys that become the same text"),
    "an object as key": ({object(): 1}, "result: a key of type object"),
    "an odd key": ({"first name": float("nan")}, "result['first name']: NaN"),
    "in a dataclass": ([Row(float("nan"))], "result[0].amount: NaN"),
    "in a model": (Page(rows=[Row(1), Row(1, "\0")]), "result.rows[1].note: a text with the character NUL"),
    "in a mapping that is no dictionary": (MappingProxyType({"a": 1}), "result: of type mappingproxy"),
    "in a user's dictionary": (UserDict(a=1), "result: of type UserDict"),
    "in a deque": (deque([float("nan")]), "result[0]: NaN"),
    "a number of a kind of its own": ({"x": type("Money", (float,), {})("nan")}, "result.x: NaN"),
    "a text of a kind of its own": ({"x": type("Name", (str,), {})("\0")}, "result.x: a text with the character NUL"),
}


@pytest.mark.parametrize(("value", "told"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_stored_is_told_of_by_its_place(value: Any, told: str):
    with pytest.raises(Unstorable) as refused:
        as_plain(value)
    assert told in refused.value.told("result")


def test_one_list_that_stands_in_itself_many_times_takes_no_end_of_time(monkeypatch):
    monkeypatch.setattr(storable, "_MOST_VALUES", 10_000)
    with pytest.raises(Unstorable, match="more than 10,000 values"):
        as_plain(doubled())


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Shape(Enum):
    ROUND = "round"


def test_numbers_of_numpy_are_made_pythons():
    value = [numpy.int64(3), numpy.bool_(True), numpy.float32(0.5), numpy.datetime64("2026-01-02")]
    assert as_plain(value) == [3, True, 0.5, "2026-01-02"]
    with pytest.raises(Unstorable, match="NaN"):
        as_plain([numpy.float32("nan")])
    with pytest.raises(Unstorable, match="ndarray"):
        as_plain([numpy.arange(3)])


def test_what_json_can_express_is_made_plain():
    value = {
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "tuple": (1, 2.5, None, True),
        "set": {1},
        3: Decimal("1.10"),
        "path": Path("a/b"),
        "enums": [Colour.RED, Number.ONE, Shape.ROUND],
        "ordered": OrderedDict(b=1, a=2),
        "row": Row(1.0),
        "emoji": "😀",
        "deep": deep(198),
    }
    plain = as_plain(value)
    assert plain == {
        "at": "2026-01-02T00:00:00Z",
        "tuple": [1, 2.5, None, True],
        "set": [1],
        "3": "1.10",
        "path": "a/b",
        "enums": ["red", 1, "round"],
        "ordered": {"b": 1, "a": 2},
        "row": {"amount": 1.0, "note": None},
        "emoji": "😀",
        "deep": deep(198),
    }
    assert list(plain) == [str(key) for key in value]
    assert [type(each) for each in plain["enums"]] == [str, int, str]


def test_data_on_its_way_may_hold_what_will_be_made_plain_later():
    check_plain({"path": Path("x"), "rows": [Row(1.0)]})
    with pytest.raises(Unstorable):
        check_plain({"path": Path("x"), "rows": [float("nan")]})


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class NoText(Exception):
    def __str__(self) -> str:
        return 7  # type: ignore[return-value]  # noqa: PLE0307


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ValueError("Ada\0"), r"ValueError: Ada\0"),
        (lambda: ValueError("half \ud83d"), r"ValueError: half \ud83d"),
        (Silent, "Silent, whose message cannot be had: str() of it raises RuntimeError"),
        (NoText, "NoText, whose message cannot be had: str() of it raises TypeError"),
        (lambda: ExceptionGroup("some", [ValueError("\0")]), "ExceptionGroup: some (1 sub-exception)"),
    ],
)
def test_an_error_has_a_text_that_can_be_stored_whatever_its_author_made_of_it(
    make: Callable[[], Exception], told: str
):
    text = error_text(make())
    assert text == told
    assert fault_of_scalar(text) is None


def test_a_long_error_is_cut():
    text = error_text(ValueError("x" * 1_000_000))
    assert len(text) == LONGEST_ERROR + 1
    assert text.endswith("x…")
    assert not has_plain_text(ValueError("x" * 1_000_000))
    assert has_plain_text(ValueError("no user Ada"))


def test_an_error_is_rewritten_where_its_texts_are_its_own():
    error = KeyError("Ada\0", 7)
    assert make_plain(error)
    assert error.args == (r"Ada\0", 7)
    assert not make_plain(Silent("x"))
    long = ValueError("\ud83d" * 100_000)
    assert make_plain(long)
    assert len(str(long)) == 600_000


def test_a_place_without_a_name_begins_with_its_key():
    assert place("", ["rows", 3, "amount"]) == "rows[3].amount"
    assert place("", []) == "the whole"
    assert len(place("", ["k" * 1_000])) < 120
