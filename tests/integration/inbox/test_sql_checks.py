"""What ``groundwork.send`` accepts, Pydantic accepts too, and stores in the same form; both name the same field."""

import enum
import json
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    NaiveDatetime,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from sqlalchemy import Connection, text

from groundwork.events.base import WIRE, Event, UserEvent
from groundwork.events.catalogue import event_types
from groundwork.events.shapes import Shape, shape_of
from groundwork.events.sql_patterns import postgres_pattern
from tests.integration.inbox.sql_data import fitting, spoilt

CATALOGUE = {name: each for name, each in event_types().items() if not each.__module__.startswith("tests.")}
"""Without what other tests have made."""
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Card(BaseModel):
    """Of a model that does not refuse what it does not know."""

    kind: Literal["card"]
    number: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{4})?$")]
    expires: date | None = None


class Transfer(BaseModel):
    model_config = WIRE
    kind: Literal["transfer"]
    bank_name: Annotated[str, Field(min_length=2, max_length=5)]


class Everything(UserEvent):
    """A field of every kind that SQL can check."""

    colour: Colour = Colour.RED
    level: Level = Level.LOW
    payment: Annotated[Card | Transfer, Field(discriminator="kind")]
    payments: list[Card] = Field(default_factory=list, max_length=2)
    amount: Annotated[float, Field(gt=0, lt=1e6)] = 0.5
    count: Annotated[int, Field(gt=-3, lt=100, multiple_of=3)] = 3
    flags: dict[Literal["a", "b"], bool | None] = Field(default_factory=dict)
    mixed: int | bool | list[str] | None = None
    either: float | Literal["all"] = "all"
    at: datetime | None = None
    local: NaiveDatetime | None = None
    aware: AwareDatetime | None = None
    ids: tuple[UUID, ...] = ()
    anything: Any = None
    things: dict[str, Any] = Field(default_factory=dict)
    word: Annotated[str, Field(pattern=r"(?:^|-)[^a-c\n]+.x?$")] | None = None
    transfer: Transfer | None = None


@pytest.fixture
def connection(sql_send) -> Any:
    with sql_send.transaction() as connection:
        yield connection


def read(connection: Connection, shape: Shape, document: str) -> Any:
    """What SQL makes of data: ``given`` as PostgreSQL has it, ``wire`` and ``faults``."""
    statement = text(
        "SELECT CAST(given AS text) AS given, CAST((checked).wire AS text) AS wire, (checked).faults"
        " FROM (SELECT given, groundwork.read_value(CAST(:shape AS jsonb), given, '') AS checked"
        " FROM CAST(:document AS jsonb) AS given) AS each"
    )
    return connection.execute(statement, {"shape": json.dumps(shape), "document": document}).one()


def stored_form(connection: Connection, data: dict[str, Any]) -> str:
    """Data as the column of an event has them."""
    return connection.execute(
        text("SELECT CAST(CAST(:data AS jsonb) AS text)"), {"data": json.dumps(data)}
    ).scalar_one()


def compare(connection: Connection, event_type: type[Event], data: Any) -> bool:
    """Hold both verdicts against each other. Returns whether SQL accepted."""
    document = json.dumps(data)
    if "\\u0000" in document:  # PostgreSQL's jsonb has no NUL: the sender's parameter is refused before the function
        return False
    found = read(connection, shape_of(event_type), document)
    event, faults = verdict(event_type, json.loads(found.given))
    assert found.faults or event, f"SQL accepts what Pydantic refuses: {document}: {faults}"
    for fault in faults:
        field, named = place_of(fault, data), [each["field"] for each in found.faults]
        assert any(is_same(field, each) for each in named), f"Pydantic: {field!r}, SQL: {named}: {document}"
    if event is None or found.faults:
        return False
    expected = stored_form(connection, event.wire())
    assert found.wire == expected or are_the_same_doubles(found.wire, expected), document
    return True


def are_the_same_doubles(one: str, other: str) -> bool:
    """Beyond 2^53 PostgreSQL and Python may write one double by two whole numbers."""
    return re.search(r"\d{16}", one) is not None and json.loads(one, parse_int=float) == json.loads(
        other, parse_int=float
    )


def verdict(event_type: type[Event], data: Any) -> tuple[Event | None, list[Any]]:
    """An event, or what Pydantic has against it."""
    try:
        return event_type.model_validate(data, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, list(error.errors())


def is_same(field: str, other: str) -> bool:
    """Whether two places are one, or one is within the other: a validator may speak of a whole for one of its parts."""
    inner, outer = sorted((field, other), key=len, reverse=True)
    return inner == outer or not outer or inner.startswith((f"{outer}.", f"{outer}["))


def place_of(error: Any, data: Any) -> str:
    """The place of a fault as SQL writes it, without Pydantic's marks of branches and keys."""
    place = ""
    for part in error["loc"]:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and part in range(len(data))):
            data = data[part]
        elif error["type"] != "missing" or part != error["loc"][-1]:
            continue
        if isinstance(part, int):
            place += f"[{part}]"
        elif re.fullmatch("[A-Za-z_][-A-Za-z0-9_]{0,99}", part):
            place += f".{part}" if place else part
        else:
            place += f"[{json.dumps(part[:100], ensure_ascii=False)}{'…' if len(part) > 100 else ''}]"
    return place


@pytest.mark.parametrize("name", [*CATALOGUE, "everything"])
def test_sql_never_accepts_what_pydantic_refuses_and_both_name_the_same_field(connection, name):
    event_type = CATALOGUE.get(name, Everything)
    accepted = 0

    @SETTINGS
    @given(st.one_of(fitting(event_type), spoilt(event_type), spoilt(event_type)))
    def check(data: dict[str, Any]) -> None:
        nonlocal accepted
        accepted += compare(connection, event_type, data)

    check()
    assert accepted, "nothing that was tried fits this type, so that nothing was compared"


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"^a.b$", r"\d\w\s", r"^\w+$", r"[^a\n]$", r"^(a|b)*?c?$", r"x{2,3}", r"^[\s.-]*$", r"[\t-\r]", "^$", "é|日"),
        *(r"^[^\x00-\x1f]+$", r"a$|^b", r"(?:^|-)[^a-c]x?$"),
    ],
)
def test_what_postgresql_matches_pydantic_matches_too(connection, pattern):
    ours = TypeAdapter(Annotated[str, Field(pattern=pattern)])
    matches = text("SELECT CAST(:said AS text) ~ :pattern")
    alphabet = st.sampled_from("aabbcxyz09_.- \n\t\x1fé日٣A^$")

    @SETTINGS
    @given(st.text(alphabet, max_size=6))
    def check(said: str) -> None:
        if connection.execute(matches, {"said": said, "pattern": postgres_pattern(pattern)}).scalar():
            ours.validate_python(said)

    check()
