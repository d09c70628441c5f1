"""What identifies a step's work is the same text in every process, and another one for other work."""

import os
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import numpy
import pandas
import pytest
from pydantic import BaseModel, Field, PrivateAttr, RootModel, SecretStr

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.identifiers import UserId
from groundwork.tasks.step_inputs import inputs_text, ledger_key, old_digest, old_ledger_key


class Lead(BaseModel):
    name: str
    score: float = 0.0
    note: str = Field(default="", exclude=True)
    _seen: int = PrivateAttr(default=0)


class Won(BaseModel):
    name: str


class Lost(BaseModel):
    name: str


class Names(RootModel[list[str]]):
    pass


@dataclass
class Span:
    first: int
    last: int
    hint: str = field(default="", compare=False)


class Pair(NamedTuple):
    one: int
    two: int


class Color(Enum):
    RED = 1


class Size(IntEnum):
    SMALL = 1


class Kind(StrEnum):
    A = "a"


def text(value: Any) -> str:
    return inputs_text("load", {"it": value})


def seen(times: int) -> Lead:
    lead = Lead(name="ann")
    lead._seen = times
    return lead


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a", "b", "c"}, {"c", "b", "a"}),
        (frozenset({1, 2}), {2, 1}),
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ((1, 2), [1, 2]),
        (deque([1, 2]), [1, 2]),
        (float("nan"), float("nan")),
        (UserId("ann"), "ann"),
        (numpy.int64(3), 3),
        (numpy.float64(0.5), 0.5),
        (numpy.bool_(True), True),
        (Lead(name="ann"), Lead(name="ann")),
        (seen(0), seen(3)),
        (Span(1, 2), Span(1, 2)),
        ([{"a": {"x", "y"}}], [{"a": {"y", "x"}}]),
        (bytearray(b"\xff"), b"\xff"),
    ],
)
def test_these_are_the_same_work(one: Any, other: Any):
    assert text(one) == text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (1.0, True),
        (0, False),
        (0.0, -0.0),
        ("1", 1),
        (None, "None"),
        (float("nan"), None),
        (float("inf"), float("-inf")),
        ("a", b"a"),
        (b"\xff", b"\xfe"),
        ("a", Path("a")),
        ("1.0", Decimal("1.0")),
        (Decimal("1.0"), Decimal("1.00")),
        (datetime(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        (datetime(2026, 1, 2, 1, tzinfo=UTC), datetime(2026, 1, 2, 2, tzinfo=timezone(timedelta(hours=1)))),
        (datetime(2026, 1, 2), date(2026, 1, 2)),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(seconds=1), timedelta(seconds=2)),
        (time(1), time(1, tzinfo=UTC)),
        (UUID(int=1), str(UUID(int=1))),
        (Color.RED, 1),
        (Color.RED, Size.SMALL),
        (Kind.A, "a"),
        ({"a"}, ["a"]),
        ({"a": 1}, [["a", 1]]),
        ({"1": "a"}, {1: "a"}),
        ({"dict": []}, {}),
        (Won(name="ann"), Lost(name="ann")),
        (Won(name="ann"), {"name": "ann"}),
        (Lead(name="ann"), Lead(name="ann", note="vip")),
        (Names(["a"]), ["a"]),
        (Span(1, 2), Span(1, 2, hint="x")),
        (Pair(1, 2), (1, 2)),
        (range(3), [0, 1, 2]),
        (ip_address("10.0.0.1"), "10.0.0.1"),
        ([1, [2]], [[1], 2]),
        (3 + 1j, 3),
    ],
)
def test_these_are_two_pieces_of_work(one: Any, other: Any):
    assert text(one) != text(other)


class Opaque:
    pass


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "value",
    [
        threading.Lock(), object(), Opaque(), (n for n in range(3)), iter([1]), len, Opaque, SecretStr("x"), LOOP,
        pandas.DataFrame({"a": [1]}), numpy.array([1, 2]), [Opaque()], {"a": {"b": Opaque()}}, sys.stdout,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("make", [inputs_text, ledger_key])
def test_what_has_no_text_of_its_own_is_refused_and_its_parameter_named(make: Any, value: Any):
    words = r"step load: its parameters cannot all be part of its key: rows cannot \(.*@step\(key=\(…\)\)"
    with pytest.raises(ConfigurationError, match=words):
        make("load", {"name": "ann", "rows": value})


def test_half_a_character_can_be_part_of_a_key():
    assert text("\ud800") != text("\ud801")


WAYS = """
from groundwork.tasks.step_inputs import inputs_text, ledger_key
names = [f"name-{n}" for n in range(50)]
inputs = {"set": set(names), "frozen": frozenset(names), "deep": [{"a": set(names)}, {frozenset(names): 1}]}
print(inputs_text("load", {"it": inputs}), ledger_key("load", inputs))
"""


def test_the_hash_seed_changes_no_key():
    printed = {
        subprocess.run(
            [sys.executable, "-c", WAYS],
            env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({}, ""),
        ({"a": None}, ""),
        ({"a": "ann"}, "ann"),
        ({"a": UserId("ann")}, "ann"),
        ({"a": 7}, "7"),
        ({"a": UUID(int=1)}, str(UUID(int=1))),
        ({"a": date(2026, 1, 2)}, "2026-01-02"),
        ({"a": Kind.A}, "a"),
        ({"a": "ann", "b": 5}, '["ann", 5]'),
    ],
)
def test_the_ledgers_key_is_readable_and_that_of_earlier_releases(inputs: dict[str, Any], key: str):
    assert ledger_key("load", inputs) == old_ledger_key(inputs) == key


def test_two_kinds_with_the_same_fields_have_two_keys_in_the_ledger():
    assert ledger_key("load", {"a": Won(name="x")}) != ledger_key("load", {"a": Lost(name="x")})
    assert old_ledger_key({"a": Won(name="x")}) == '{"name": "x"}'


def test_what_earlier_releases_refused_has_no_old_digest():
    assert old_digest({"a": b"\xff"}) is None
    assert old_ledger_key({"a": b"\xff"}) is None
