"""The examples of the catalogue, each of which may be sent as it is."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, Field

from groundwork.events.base import Event
from groundwork.events.catalogue import event_types
from groundwork.events.examples import example_of


@pytest.mark.parametrize("name", event_types())
def test_every_event_of_ours_has_one(name: str) -> None:
    event_type = event_types()[name]
    example = example_of(event_type)
    assert example is not None
    event_type.model_validate(example)
    assert example["workspaceId"] == "acme"


def test_it_has_what_a_newcomer_has_to_send() -> None:
    assert example_of(event_types()["import/csv.confirmed"]) == {
        "workspaceId": "acme",
        "userId": "bob",
        "importId": "import-1",
    }


def _refused(value: str) -> str:
    raise ValueError("never")


def test_an_author_s_own_example_comes_first() -> None:
    class Placed(Event):
        order: str = Field(examples=["o-1002", "o-1003"])

    assert example_of(Placed) == {"workspaceId": "acme", "order": "o-1002"}


def test_there_is_none_of_what_only_a_validator_knows() -> None:
    class Never(Event):
        code: Annotated[str, AfterValidator(_refused)]

    assert example_of(Never) is None
