"""Each way in which docs/jobs.md says that an event type may change reads what older code has stored."""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import AliasChoices, Field, field_validator, model_validator

from groundwork.events import base
from groundwork.events.base import Event
from groundwork.events.misfit import Misfit, read_event


@pytest.fixture(autouse=True)
def _only_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(base, "_registry", dict(base._registry))


def read(name: str, on: type[Event] = Event, **stored: Any) -> Any:
    event = read_event(name, {"workspaceId": "acme", **stored}, "acme", on)
    assert not isinstance(event, Misfit), event
    return event


def test_a_new_field_has_a_default():
    class Scored(Event, name="changing/score.given"):
        points: int
        given_by: str = "unknown"

    assert read("changing/score.given", points=1).given_by == "unknown"


def test_a_field_that_goes_is_kept_with_a_default():
    class Scored(Event, name="changing/score.kept"):
        points: int
        given_by: str | None = Field(None, deprecated=True)

    assert read("changing/score.kept", points=1, givenBy="ann").points == 1


def test_or_it_is_dropped_before_the_others_are_read():
    class Scored(Event, name="changing/score.dropped"):
        points: int

        @model_validator(mode="before")
        @classmethod
        def _without_giver(cls, data: Any) -> Any:
            return {name: value for name, value in data.items() if name != "givenBy"}

    assert read("changing/score.dropped", points=1, givenBy="ann").points == 1


def test_a_field_that_is_renamed_is_read_by_both_names_and_written_by_the_new_one():
    class Scored(Event, name="changing/score.renamed"):
        score: int = Field(validation_alias=AliasChoices("score", "points"))

    assert read("changing/score.renamed", points=1).score == 1
    assert read("changing/score.renamed", score=1).wire() == {"workspaceId": "acme", "score": 1}


class Colour(StrEnum):
    RED = "red"


def test_a_value_of_another_type_is_made_into_the_new_one():
    class Painted(Event, name="changing/wall.painted"):
        colour: Colour

        @field_validator("colour", mode="before")
        @classmethod
        def _crimson_is_red(cls, value: Any) -> Any:
            return "red" if value == "crimson" else value

    assert read("changing/wall.painted", colour="crimson").colour is Colour.RED


def test_an_event_that_is_renamed_has_its_old_name_as_a_subclass():
    class Registered(Event, name="changing/user.registered"):
        email: str

    class SignedUp(Registered, name="changing/user.signed-up"):
        """The old name."""

    assert isinstance(read("changing/user.signed-up", Registered, email="a@b"), Registered)
